"""Sends one HTTP request to a receiver, within one deadline for everything; another thread can stop it.

It has a socket of its own, so that the timeout covers a slowly dribbling answer too, the name is resolved once, and a
reset ends a send that hangs.
"""

import base64
import errno
import os
import selectors
import socket
import ssl
from collections.abc import Callable, Container, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from threading import Lock
from urllib.parse import quote, unquote, urlsplit

from talkover_mock.base.headers import HEADER_NAME, NOT_IN_HEADER
from talkover_mock.base.real_time import RealTime, left
from talkover_mock.base.shapes.values import HttpMethod
from talkover_mock.deliveries.answers import Answer, Malformed
from talkover_mock.deliveries.lookups import Lookups
from talkover_mock.deliveries.records import Outcome, Outgoing
from talkover_mock.deliveries.targets import Captured, Target, Unresolved, ascii_name, resolve

MOST_HEADER_BYTES = 256 * 1024
"""The characters of a request's headers at most."""
_MOST_RAW_BYTES = 1024 * 1024
"""The bytes of a whole answer, with its head, that are read at most."""
_PART_BYTES = 64 * 1024
_FRAMING = ("content-length", "transfer-encoding", "connection")
_QUERY = "/%:@!$&'()*+,;=?~[]"
_UNDER_WAY = (errno.EINPROGRESS, errno.EWOULDBLOCK)
_LOOK_SECONDS = 0.1

USER_AGENT = "Talkover-Webhooks"


def outgoing(method: HttpMethod, url: str, headers: Sequence[tuple[str, str]], body: bytes, timeout: float) -> Outgoing:
    """The request with all its headers. `headers` come last, and replace the sender's own of the same name."""
    given = [(name, value) for name, value in headers if name.lower() not in _FRAMING]
    own = not_replaced([*_headers_of(url), ("User-Agent", USER_AGENT)], given)
    framing = [("Content-Length", str(len(body))), ("Connection", "close")]
    unsent = [name for name, _ in headers if name.lower() in _FRAMING]
    return Outgoing(method, url, (*own, *framing, *given), body, timeout, unsent)


def not_replaced(own: Sequence[tuple[str, str]], given: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """The headers of `own` whose names are not in `given`, in any case."""
    names = {name.lower() for name, _ in given}
    return [(name, value) for name, value in own if name.lower() not in names]


def _headers_of(url: str) -> list[tuple[str, str]]:
    """The headers that the URL implies; empty for a malformed URL, which fails when it is sent."""
    try:
        parts = urlsplit(url)
        name, colon, port = parts.netloc.rpartition("@")[2].partition(":")
        headers = [("Host", ascii_name(name) + colon + port)]
    except (ValueError, Unresolved):
        return []
    if parts.username is not None:
        userinfo = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        headers.append(("Authorization", "Basic " + base64.b64encode(userinfo.encode()).decode()))
    return headers


@dataclass(slots=True, eq=False)
class Sending:
    """One request under way. Another thread can `stop` it: it then fails at once."""

    outgoing: Outgoing
    deliver_to: Sequence[str] = ()
    own_ports: Container[int] = ()
    lookups: Lookups = field(default_factory=Lookups)
    capture: str = ""
    """The reason why nothing at all may be sent; empty where the target decides."""
    hangs_up: bool = False
    """Whether the connection is closed at once when the whole request is out, which counts as a timeout."""
    _socket: socket.socket | None = None
    _stopped: bool = False
    _lock: Lock = field(default_factory=Lock)

    def stop(self) -> None:
        with self._lock:
            self._stopped = True
            if self._socket:
                with suppress(OSError):
                    socket.socket.shutdown(self._socket, socket.SHUT_RDWR)  # TLS's own would disturb the reader

    def run(self) -> Outcome:
        """Sends the request, and returns when the answer is complete, the request fails, or the time is up."""
        started = RealTime.monotonic()
        try:
            outcome = self._run(started + self.outgoing.timeout)
        except Captured as captured:
            return Outcome(200, captured=str(captured))
        except (OSError, Malformed, ValueError, Unresolved) as error:
            outcome = Outcome(error=reason_of(error))
        finally:
            self._close()
        if self._stopped:  # a stop may look like the end of an answer
            outcome = Outcome(error=reason_of(ConnectionAbortedError()))
        return outcome._replace(duration_ms=round((RealTime.monotonic() - started) * 1000))

    def _run(self, deadline: float) -> Outcome:
        parts = urlsplit(self.outgoing.url)
        if parts.scheme not in ("http", "https"):
            raise ValueError(f"Unsupported protocol: {parts.scheme}")
        request = _request(self.outgoing)
        if self.capture:
            raise Captured(self.capture)
        target = resolve(self.outgoing.url, self.deliver_to, self.own_ports, self._look_up(deadline))
        context = ssl.create_default_context() if parts.scheme == "https" else None
        connection = self._connect(target, deadline)
        if context:
            connection = self._secure(context, connection, target.host, deadline)
        _send(connection, request, deadline)
        if self.hangs_up:
            raise TimeoutError
        return _answer(connection, deadline)

    def _look_up(self, deadline: float) -> Callable[[str, int], list[str]]:
        return lambda host, port: self.lookups.look_up(host, port, deadline, self.check)

    def _connect(self, target: Target, deadline: float) -> socket.socket:
        """Connects to the first address that accepts; each but the last may take half of the remaining time."""
        *others, last = target.addresses
        refused: ConnectionRefusedError | None = None
        for address in others:
            try:
                return self._connect_to(address, target.port, RealTime.monotonic() + left(deadline) / 2)
            except ConnectionRefusedError as error:
                refused = error
            except OSError:
                continue
        try:
            return self._connect_to(last, target.port, deadline)
        except OSError as error:
            raise refused or error from None  # a machine without IPv6 has no address to refuse

    def _connect_to(self, address: str, port: int, deadline: float) -> socket.socket:
        connection = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET)
        self._hold(connection)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.setblocking(False)
        error = connection.connect_ex((address, port))
        if error in _UNDER_WAY:
            error = self._wait_until_connected(connection, deadline)
        if error:
            raise OSError(error, os.strerror(error))
        self.check()
        return connection

    def _wait_until_connected(self, connection: socket.socket, deadline: float) -> int:
        """The number of the error, or 0. Polls for `stop`: not every system wakes a wait when its socket shuts down."""
        with selectors.DefaultSelector() as selector:
            selector.register(connection, selectors.EVENT_WRITE)
            while not selector.select(min(left(deadline), _LOOK_SECONDS)):
                self.check()
        return connection.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)

    def _secure(self, context: ssl.SSLContext, connection: socket.socket, host: str, deadline: float) -> ssl.SSLSocket:
        connection.settimeout(left(deadline))
        with self._lock:  # a `stop` in between would shut down the socket that is no longer used
            self.check()
            secured = context.wrap_socket(connection, server_hostname=host, do_handshake_on_connect=False)
            self._socket = secured
        secured.do_handshake()
        return secured

    def _hold(self, connection: socket.socket) -> None:
        """Remembers the socket, so that `stop` reaches it."""
        with self._lock:
            previous, self._socket = self._socket, connection
        if previous:
            previous.close()
        self.check()

    def check(self) -> None:
        """Raises ConnectionAbortedError once the request has been stopped."""
        if self._stopped:
            raise ConnectionAbortedError("stopped")

    def _close(self) -> None:
        with self._lock:
            if self._socket:
                self._socket.close()
            self._socket = None


def _send(connection: socket.socket, request: bytes, deadline: float) -> None:
    """Sends the whole request within the deadline; `sendall` of TLS would start the time anew for each piece."""
    rest = memoryview(request)
    while rest:
        connection.settimeout(left(deadline))
        rest = rest[connection.send(rest) :]


def _answer(connection: socket.socket, deadline: float) -> Outcome:
    """The outcome of the answer, which counts once it is whole."""
    answer, left_to_read = Answer(), _MOST_RAW_BYTES
    while not answer.is_whole:
        connection.settimeout(left(deadline))
        part = connection.recv(_PART_BYTES)
        if not part:
            answer.end()
            break
        left_to_read -= len(part)
        if left_to_read < 0:  # for example an answer that never ends
            raise OSError(f"the answer is larger than {_MOST_RAW_BYTES} bytes, the limit of this mock")
        answer.feed(part)
    return answer.outcome()


def _request(outgoing: Outgoing) -> bytes:
    """The request's bytes. Raises ValueError for a header that can't be sent."""
    parts = urlsplit(outgoing.url)
    path = quote(parts.path or "/", safe="/%:@!$&'()*+,;=~")
    target = f"{path}?{quote(parts.query, safe=_QUERY)}" if parts.query else path
    for name, value in outgoing.headers:
        if not HEADER_NAME.fullmatch(name) or NOT_IN_HEADER.search(value):
            raise ValueError(f"Invalid header: {name}")
    if sum(len(name) + len(value) for name, value in outgoing.headers) > MOST_HEADER_BYTES:
        raise ValueError(f"The headers are larger than {MOST_HEADER_BYTES} bytes, the limit of this mock")
    head = "".join(f"{name}: {value}\r\n" for name, value in outgoing.headers)
    return f"{outgoing.method} {target} HTTP/1.1\r\n{head}\r\n".encode() + outgoing.body


def reason_of(error: Exception) -> str:
    """The failure in the vendor's words where it documents them, else in a few words (assumed)."""
    for kind, text in _REASONS:
        if isinstance(error, kind):
            return text
    if isinstance(error, ValueError):
        return str(error) or "Invalid URL"
    return "Malformed answer" if isinstance(error, Malformed) else f"Connection failed: {error}"


_REASONS: Sequence[tuple[type[Exception], str]] = (
    (TimeoutError, "Connection timeout"),
    (ConnectionRefusedError, "Connection refused"),
    (Unresolved, "Could not resolve host"),
    (ssl.SSLCertVerificationError, "SSL certificate problem"),
    (ssl.SSLError, "SSL error"),
    (ConnectionError, "Connection reset"),
)
