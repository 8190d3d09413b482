"""HTTP/1.1 from bytes to whole requests, over httptools: framing, limits, and the environ of WSGI."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from http import HTTPStatus
from io import BytesIO
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn
from urllib.parse import unquote_to_bytes

import httptools

from talkover_mock.base.headers import Head
from talkover_mock.base.statuses import STATUS_PHRASES
from talkover_mock.dialect.errors import Refused
from talkover_mock.web.request import HEAD, REQUEST_URI

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

MOST_HEADER_BYTES = 64 * 1024
_MOST_HEADERS = 1_000
"""Each costs far more memory than the bytes it has."""
MOST_BODY_BYTES = 64 * 1024 * 1024
_FRAMING = (b"host", b"transfer-encoding", b"content-length")
_HOP_HEADERS = (b"upgrade", b"http2-settings", b"connection")
"""Headers of an upgrade, which is answered as if it had not been asked for."""
_ABSOLUTE = re.compile(r"https?://([^/?#\[\]]+|\[[0-9a-f:.]+\](:[0-9]*)?)(?=[/?#]|$)", re.IGNORECASE)
"""How a target in absolute form begins: what follows is the path, or the query of an empty one."""


class Incoming(NamedTuple):
    """A whole request. Names of headers are in lower case."""

    method: str
    target: bytes
    version: str
    head: Head
    body: bytes
    keep_alive: bool


def refused(status: HTTPStatus, reason: str) -> Refused:
    """The refusal of what is no request that the mock takes; `reason` never quotes it, since it may hold a token."""
    return Refused(status.value, STATUS_PHRASES[status], reason)


class Parser:
    """One connection's requests: `feed` it, and take them from `whole`.

    `hold` is called with the number of body bytes that are kept for an unfinished request, negative when they are not
    any more; it may raise Refused too.
    """

    __slots__ = (
        "_body",
        "_has_head",
        "_head",
        "_headers",
        "_hold",
        "_keep_alive",
        "_parser",
        "_progress",
        "_refused",
        "_silent",
        "_target",
        "_version",
        "held",
        "is_within",
        "wants_continue",
        "whole",
    )

    def __init__(self, hold: Callable[[int], None]) -> None:
        self._hold = hold
        self.whole: list[Incoming] = []
        self.is_within = False
        """Whether a request has begun and is not whole."""
        self.wants_continue = False
        """Whether the client waits for 100 Continue before it sends the body."""
        self._refused: Refused | None = None
        self._silent = 0
        """Bytes since the last that brought anything: of a head, or between the parts of a body."""
        self._progress = self._has_head = False
        self._body = bytearray()
        self.held = 0
        """Bytes of the body of the unfinished request."""
        self._parser = httptools.HttpRequestParser(self)

    @property
    def line(self) -> str:
        """Method and target of the request that is being read, once its head is there; both may be `-`."""
        if not self._has_head:
            return "- -"
        return f"{self._parser.get_method().decode()} {self._target.decode('latin-1')}"

    def feed(self, data: bytes) -> None:
        """Takes bytes as they come. Raises Refused; the requests before it are in `whole` all the same."""
        try:
            for start in range(0, len(data), MOST_HEADER_BYTES):
                self._feed(data[start : start + MOST_HEADER_BYTES])
        except Refused:
            self.drop()
            raise

    def drop(self) -> None:
        """Forgets the body of an unfinished request, on a connection that ends."""
        if self.held:
            held, self.held, self._body = self.held, 0, bytearray()
            self._hold(-held)

    def _feed(self, data: bytes) -> None:
        self._progress = False
        size = len(data)
        while data:
            try:
                self._parser.feed_data(data)
                break
            except httptools.HttpParserUpgrade as upgrade:
                data = self._head_without_upgrade() + data[upgrade.args[0] :]
            except httptools.HttpParserError as error:
                hint = "; percent-encode it" if str(error).endswith(("in url path", "in url query")) else ""
                raise self._refused or refused(HTTPStatus.BAD_REQUEST, f"{error}{hint}") from None
        self._silent = 0 if self._progress else self._silent + size
        if self._silent >= MOST_HEADER_BYTES:
            raise _large_head(f"{MOST_HEADER_BYTES} bytes")

    def _head_without_upgrade(self) -> bytes:
        """The head for a new parser, without the wish to upgrade, which ends a message before its body."""
        method, version = self._parser.get_method(), self._version.encode()
        headers = [header for header in self._headers if header[0] not in _HOP_HEADERS]
        if self._keep_alive is not (self._version == "1.1"):
            headers.append((b"connection", b"keep-alive" if self._keep_alive else b"close"))
        lines = [b"%s %s HTTP/%s" % (method, self._target, version), *(b"%s: %s" % header for header in headers)]
        self._parser = httptools.HttpRequestParser(self)
        return b"\r\n".join([*lines, b"", b""])

    # What httptools calls

    def on_message_begin(self) -> None:
        self._target = b""
        self._headers: list[tuple[bytes, bytes]] = []
        self._body = bytearray()
        self._has_head = False
        self.is_within = True

    def on_url(self, url: bytes) -> None:
        self._target += url

    def on_header(self, name: bytes, value: bytes) -> None:
        if self._has_head:
            return  # a trailer is no header: it could bring another token
        if len(self._headers) >= _MOST_HEADERS:
            self._stop(_large_head(f"{_MOST_HEADERS} headers"))
        self._headers.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        self._has_head = self._progress = True
        if problem := self._problem():
            self._stop(problem)
        self._keep_alive = self._parser.should_keep_alive()
        self.wants_continue = self._version == "1.1" and any(
            name == b"expect" and value.lower() == b"100-continue" for name, value in self._headers
        )

    def on_body(self, data: bytes) -> None:
        self._progress = True
        self.wants_continue = False
        self._body += data
        self.held += len(data)
        try:
            self._hold(len(data))
        except Refused as error:
            self._stop(error)
        if self.held > MOST_BODY_BYTES:
            self._stop(_large_body())

    def on_message_complete(self) -> None:
        self._progress = True
        if self._parser.should_upgrade():
            return
        self.is_within = self.wants_continue = False
        method = self._parser.get_method().decode()
        body = bytes(self._body)
        self.drop()
        self.whole.append(Incoming(method, self._target, self._version, self._head, body, self._keep_alive))

    def _stop(self, problem: Refused) -> NoReturn:
        """Raises the refusal through httptools, which turns every error into one of its own."""
        self._refused = problem
        raise problem

    def _problem(self) -> Refused | None:
        """The refusal of a head that httptools lets pass and a server must not."""
        self._version = self._parser.get_http_version()
        size = sum(len(name) + len(value) + 4 for name, value in self._headers)
        self._head = Head(self._headers, size)
        if size + len(self._target) >= MOST_HEADER_BYTES:
            return _large_head(f"{MOST_HEADER_BYTES} bytes")
        if self._version not in ("1.0", "1.1"):
            return refused(HTTPStatus.HTTP_VERSION_NOT_SUPPORTED, "the server speaks HTTP/1.1 and HTTP/1.0")
        if self._parser.get_method() == b"CONNECT":
            return refused(HTTPStatus.METHOD_NOT_ALLOWED, "the server is no proxy")
        return self._framing_problem()

    def _framing_problem(self) -> Refused | None:
        found = [header for header in self._headers if header[0] in _FRAMING]
        if len(found) == 1 and found[0][0] == b"host":
            return None
        hosts, codings, sizes = ([value for key, value in found if key == name] for name in _FRAMING)
        if len(hosts) > 1 or (not hosts and self._version == "1.1"):
            return refused(HTTPStatus.BAD_REQUEST, "a request has one Host header")
        if codings and self._version == "1.0":
            return refused(HTTPStatus.BAD_REQUEST, "HTTP/1.0 has no Transfer-Encoding")
        if codings and [coding.lower() for coding in codings] != [b"chunked"]:
            return refused(HTTPStatus.NOT_IMPLEMENTED, "the only transfer coding is chunked")
        if sizes and int(sizes[0]) > MOST_BODY_BYTES:
            return _large_body()
        return None


def _large_head(most: str) -> Refused:
    return refused(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, f"a head has at most {most}")


def _large_body() -> Refused:
    return refused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"a body has at most {MOST_BODY_BYTES} bytes")


def environ_of(incoming: Incoming, base: Mapping[str, Any]) -> WSGIEnvironment:
    """The request as WSGI has it; `base` is what all requests of a connection share. Raises Refused."""
    uri = _uri(incoming.target)
    path, _, query = uri.partition("#")[0].partition("?")
    environ: WSGIEnvironment = {
        **base,
        "REQUEST_METHOD": incoming.method,
        "PATH_INFO": unquote_to_bytes(path.encode("latin-1")).decode("latin-1") if "%" in path else path,
        REQUEST_URI: uri,
        "QUERY_STRING": query,
        "SERVER_PROTOCOL": f"HTTP/{incoming.version}",
        "wsgi.input": BytesIO(incoming.body),
        HEAD: incoming.head,
    }
    for name, value in incoming.head.headers:
        key, text = _KEYS.get(name) or _key(name), value.decode("latin-1")
        if key:
            environ[key] = f"{environ[key]}, {text}" if key in environ else text
    if incoming.body or "CONTENT_LENGTH" in environ:
        environ["CONTENT_LENGTH"] = str(len(incoming.body))  # of a chunked one too
    return environ


def _key(name: bytes) -> str:
    """The name of a header in an environ; none for one with an underscore, which could pass for another."""
    return "" if b"_" in name else "HTTP_" + name.decode("latin-1").upper().replace("-", "_")


_KEYS = {
    **{name: _key(name) for name in (b"host", b"authorization", b"user-agent", b"accept", b"accept-encoding")},
    b"content-type": "CONTENT_TYPE",
    b"content-length": "CONTENT_LENGTH",
}


def _uri(target: bytes) -> str:
    """The path and query of a request's target as they came, each byte of which is one character."""
    text = target.decode("latin-1")
    return text if text[:1] == "/" else _of_absolute(text)


def _of_absolute(target: str) -> str:
    """The path and query of `http://host/path`, and of `*`. Raises Refused."""
    if found := _ABSOLUTE.match(target):
        rest = target[found.end() :]
        return rest if rest[:1] == "/" else "/" + rest
    if target == "*":
        return "/*"
    raise refused(HTTPStatus.BAD_REQUEST, "the request's target is no path")
