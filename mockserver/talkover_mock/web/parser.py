"""HTTP/1.1 from bytes to whole requests, over httptools: framing, limits, and the environ of WSGI."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from http import HTTPStatus
from io import BytesIO
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import unquote_to_bytes, urlsplit

import httptools

from talkover_mock.base.headers import Head
from talkover_mock.dialect.errors import Refused
from talkover_mock.web.request import HEAD

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

MOST_HEADER_BYTES = 64 * 1024
MOST_BODY_BYTES = 64 * 1024 * 1024
_FRAMING = (b"host", b"transfer-encoding", b"content-length")
_HOP_HEADERS = (b"upgrade", b"http2-settings", b"connection")
"""Headers of an upgrade, which is answered as if it had not been asked for."""


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
    return Refused(status.value, status.phrase, reason)


class Parser:
    """One connection's requests: `feed` it, and take them from `whole`.

    `hold` is called with the number of body bytes that are kept for an unfinished request, negative when they are not
    any more; it may raise Refused too.
    """

    def __init__(self, hold: Callable[[int], None]) -> None:
        self._hold = hold
        self.whole: deque[Incoming] = deque()
        self.is_within = False
        """Whether a request has begun and is not whole."""
        self.wants_continue = False
        """Whether the client waits for 100 Continue before it sends the body."""
        self._refused: Refused | None = None
        self._silent = 0
        """Bytes since the last that brought anything: of a head, or between the parts of a body."""
        self._progress = self._has_head = False
        self.held = 0
        """Body bytes of the unfinished request."""
        self._parser = httptools.HttpRequestParser(self)

    @property
    def line(self) -> str:
        """Method and target of the request that is being read, once its head is there; both may be `-`."""
        if not self._has_head:
            return "- -"
        return f"{self._parser.get_method().decode()} {self._target.decode('latin-1')}"

    def feed(self, data: bytes) -> None:
        """Takes bytes as they come. Raises Refused; the requests before it are in `whole` all the same."""
        for start in range(0, len(data), MOST_HEADER_BYTES):
            self._feed(data[start : start + MOST_HEADER_BYTES])

    def drop(self) -> None:
        """Forgets an unfinished request, for a connection that ends."""
        self._hold(-self.held)
        self.held = 0

    def _feed(self, data: bytes) -> None:
        self._progress = False
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            return self._without_upgrade(data[upgrade.args[0] :])
        except httptools.HttpParserError as error:
            raise self._refused or refused(HTTPStatus.BAD_REQUEST, str(error)) from None
        self._silent = 0 if self._progress else self._silent + len(data)
        if self._silent >= MOST_HEADER_BYTES:
            raise refused(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, f"a head has at most {MOST_HEADER_BYTES} bytes")

    def _without_upgrade(self, rest: bytes) -> None:
        """Reads the request anew without its wish to upgrade, which ends a message before its body."""
        method = self._parser.get_method()
        headers = [header for header in self._headers if header[0] not in _HOP_HEADERS]
        lines = [b"%s %s HTTP/1.1" % (method, self._target), *(b"%s: %s" % header for header in headers)]
        self._parser = httptools.HttpRequestParser(self)
        self._feed(b"\r\n".join([*lines, b"", b""]) + rest)

    # What httptools calls

    def on_message_begin(self) -> None:
        self._target = b""
        self._headers: list[tuple[bytes, bytes]] = []
        self._body: list[bytes] = []
        self.held = 0
        self._has_head = False
        self.is_within = True

    def on_url(self, url: bytes) -> None:
        self._target += url

    def on_header(self, name: bytes, value: bytes) -> None:
        if not self._has_head:  # a trailer is none: it could bring another token
            self._headers.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        self._has_head = self._progress = True
        self._refused = self._problem()
        if self._refused:
            raise self._refused
        self._keep_alive = self._parser.should_keep_alive()
        self.wants_continue = self._version == "1.1" and any(
            name == b"expect" and value.lower() == b"100-continue" for name, value in self._headers
        )

    def on_body(self, data: bytes) -> None:
        self._progress = True
        self.wants_continue = False
        self._body.append(data)
        self.held += len(data)
        try:
            if self.held > MOST_BODY_BYTES:
                raise _TOO_LARGE
            self._hold(len(data))
        except Refused as error:
            self._refused = error
            raise

    def on_message_complete(self) -> None:
        self._progress = True
        if self._parser.should_upgrade():
            return
        self.is_within = self.wants_continue = False
        method = self._parser.get_method().decode()
        body = b"".join(self._body)
        self.drop()
        self.whole.append(Incoming(method, self._target, self._version, self._head, body, self._keep_alive))

    def _problem(self) -> Refused | None:
        """The refusal of a head that httptools lets pass and a server must not."""
        self._version = self._parser.get_http_version()
        size = sum(len(name) + len(value) + 4 for name, value in self._headers)
        self._head = Head(self._headers, size)
        if size + len(self._target) >= MOST_HEADER_BYTES:
            return refused(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, f"a head has at most {MOST_HEADER_BYTES} bytes")
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
            return _TOO_LARGE
        return None


_TOO_LARGE = refused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"a body has at most {MOST_BODY_BYTES} bytes")


def environ_of(incoming: Incoming, base: Mapping[str, Any]) -> WSGIEnvironment:
    """The request as WSGI has it; `base` is what all requests of a connection share. Raises Refused."""
    path, query = _path_and_query(incoming.target)
    environ: WSGIEnvironment = {
        **base,
        "REQUEST_METHOD": incoming.method,
        "PATH_INFO": path,
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


def _path_and_query(target: bytes) -> tuple[str, str]:
    """The decoded path and the query of a request's target, each byte of which is one character."""
    text = target.decode("latin-1")
    if text[:1] != "/":
        text = _of_absolute(text)
    path, _, query = text.partition("#")[0].partition("?")
    return unquote_to_bytes(path.encode("latin-1")).decode("latin-1") if "%" in path else path, query


def _of_absolute(target: str) -> str:
    """The path and query of `http://host/path`, and of `*`. Raises Refused."""
    try:
        parts = urlsplit(target)
        is_absolute = parts.scheme in ("http", "https") and parts.hostname
    except ValueError:
        is_absolute = ""
    if is_absolute:
        return parts._replace(scheme="", netloc="").geturl() or "/"
    if target == "*":
        return "/*"
    raise refused(HTTPStatus.BAD_REQUEST, "the request's target is no path")
