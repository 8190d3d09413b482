"""The HTTP below a receiver of webhooks: whole requests for one function, refusals for another.

It imports nothing of the package, since a receiver alone imports no server and no client.
"""

import errno
import socket
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import TCPServer
from threading import Condition, Thread, current_thread
from typing import Any, Protocol

_WITHOUT_BODY = (HTTPStatus.NO_CONTENT, HTTPStatus.RESET_CONTENT, HTTPStatus.NOT_MODIFIED)
_MOST_BYTES, _MOST_LINE = 64 * 1024 * 1024, 100
"""The bytes of a body, and of the line with the size of a chunk."""
_LONGEST_SILENCE_SECONDS = 30.0
LAST_SECONDS = 1.0
"""How long a sender may take to read its answer once the receiver stops."""


class AnswerLike(Protocol):
    """An answer, as a `receiver.Answer` is one."""

    @property
    def status(self) -> int: ...
    @property
    def body(self) -> str: ...
    @property
    def headers(self) -> Mapping[str, str]: ...


Take = Callable[[str, str, Sequence[tuple[str, str]], bytes], AnswerLike]
"""Answers a request: its method, path, headers and body."""
Refuse = Callable[[int, str], int]
"""Gets the status for what is no delivery, and why in words; returns the status to answer."""


class ReceivingServer(ThreadingHTTPServer):
    """Hands each POST, PUT and PATCH with its whole body to `take`, and anything else to `refuse`."""

    daemon_threads = False  # so that closing the server waits for its threads
    request_queue_size = 256

    def __init__(self, host: str, port: int, take: Take, refuse: Refuse) -> None:
        self.take, self.refuse = take, refuse
        self._open: set[socket.socket] = set()
        self._makers: set[Thread] = set()
        """The threads that make an answer."""
        self._done = Condition()
        """Notified of each answer that is made, and of each connection that is closed."""
        self._shut: int | None = None
        """What of connections is shut down, once the receiver stops."""
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        super().__init__((host, port), _Handler)

    def server_bind(self) -> None:
        """Binds without the library's look-up of the address's name, which may take seconds. Raises OSError."""
        try:
            TCPServer.server_bind(self)
        except (TypeError, UnicodeError):
            raise OSError(errno.EINVAL, f"{self.server_address[0]!r} is not a host name") from None
        self.server_port = self.server_address[1]

    def wake(self) -> None:
        """Connects once, so that `handle_request` returns."""
        host, port = self.server_address[:2]
        with suppress(OSError):
            socket.create_connection((str(host), port), timeout=1).close()

    def begin(self, connection: socket.socket) -> None:
        self._open.add(connection)
        if self._shut is not None:
            _shut_down(connection, self._shut)

    def end(self, connection: socket.socket) -> None:
        with self._done:
            self._open.discard(connection)
            self._done.notify_all()

    @contextmanager
    def making_answer(self) -> Iterator[None]:
        """Notes that this thread makes an answer, for which closing waits however long it takes."""
        with self._done:
            self._makers.add(current_thread())
        try:
            yield
        finally:
            with self._done:
                self._makers.discard(current_thread())
                self._done.notify_all()

    def hush(self) -> None:
        """From now on, reads nothing from senders: none that is silent holds a thread. Answers are still sent."""
        self._shut_all(socket.SHUT_RD)

    def server_close(self) -> None:
        """Frees the port and ends every thread; what a sender has not read after a moment is not sent."""
        with self._done:
            self._done.wait_for(lambda: self._makers <= {current_thread()})
            self._done.wait_for(lambda: not self._open, LAST_SECONDS)
        self._shut_all(socket.SHUT_RDWR)
        super().server_close()

    def _shut_all(self, how: int) -> None:
        self._shut = how
        for connection in tuple(self._open):
            _shut_down(connection, how)

    def handle_error(self, request: object, client_address: object) -> None:
        """Ignores it: a sender that disconnects is no error of the receiver."""


def _shut_down(connection: socket.socket, how: int) -> None:
    with suppress(OSError):  # its sender has disconnected
        connection.shutdown(how)


class _Refused(Exception):
    """A request that is no delivery, with the status to answer and why."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"  # without it, the library does not answer Expect: 100-continue
    timeout = _LONGEST_SILENCE_SECONDS
    server: ReceivingServer

    def setup(self) -> None:
        super().setup()
        self.server.begin(self.connection)

    def finish(self) -> None:
        self.server.end(self.connection)
        super().finish()

    def _answer(self) -> None:
        try:
            body = self._body()
        except _Refused as refusal:
            return self._send(self.server.refuse(*refusal.args), "", {})
        if body is not None:
            with self.server.making_answer():
                answer = self.server.take(self.command, self.path, tuple(self.headers.items()), body)
            self._send(answer.status, answer.body, answer.headers)

    def _no_delivery(self) -> None:
        why = f"{self.command} is no delivery: these come as POST, PUT or PATCH"
        status = self.server.refuse(HTTPStatus.METHOD_NOT_ALLOWED, why)
        self._send(status, "", {"Allow": "POST, PUT, PATCH"} if status == HTTPStatus.METHOD_NOT_ALLOWED else {})

    def _send(self, status: int, body: str, headers: Mapping[str, str]) -> None:
        """Answers, and ends the connection: a sender that keeps it would hold the receiver's stop."""
        content = b"" if status in _WITHOUT_BODY else body.encode()
        self.close_connection = True
        self.send_response(status)
        for name, value in {"Content-Length": str(len(content)), "Connection": "close", **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def _body(self) -> bytes | None:
        """The body; None of a sender that has disconnected. Raises _Refused."""
        self.close_connection = True
        if "chunked" in self.headers.get("Transfer-Encoding", "").lower():
            return self._chunks()
        lengths = {*self.headers.get_all("Content-Length", ["0"])}
        if len(lengths) > 1:
            raise _Refused(HTTPStatus.BAD_REQUEST, "several Content-Length headers differ")
        given = lengths.pop() or "0"
        if not (given.isascii() and given.isdigit()):
            raise _Refused(HTTPStatus.BAD_REQUEST, "a Content-Length is no whole number")
        if len(given) > len(str(_MOST_BYTES)) or int(given) > _MOST_BYTES:
            raise self._too_large()
        body = self.rfile.read(int(given))
        return body if len(body) == int(given) else None

    def _chunks(self) -> bytes | None:
        body = bytearray()
        while size := self._size_of_chunk():
            if size > _MOST_BYTES - len(body):
                raise self._too_large()
            part = self.rfile.read(size)
            if len(part) < size:
                return None
            body += part
            self.rfile.readline(_MOST_LINE)
        return bytes(body)

    def _size_of_chunk(self) -> int:
        try:
            size = int(self.rfile.readline(_MOST_LINE).partition(b";")[0], 16)
        except ValueError:
            size = -1
        if size < 0:
            raise _Refused(HTTPStatus.BAD_REQUEST, "the size of a chunk is no hexadecimal number")
        return size

    def _too_large(self) -> _Refused:
        return _Refused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"a body has more than {_MOST_BYTES >> 20} MiB")

    do_POST = do_PUT = do_PATCH = _answer  # noqa: N815
    do_GET = do_HEAD = do_OPTIONS = do_DELETE = _no_delivery  # noqa: N815

    def log_message(self, format: str, *args: Any) -> None:
        """Logs nothing: the receiver has the requests."""
