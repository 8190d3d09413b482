"""A connection on the event loop: its requests one after another, each answered at once or by a thread."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Protocol, cast

from talkover_mock.base.headers import header_text
from talkover_mock.base.real_time import RealTime
from talkover_mock.base.workers import Workers
from talkover_mock.dialect.errors import Refused
from talkover_mock.web.answers import STATUS_LINES, Answer, error_answer
from talkover_mock.web.call import Call, Headers
from talkover_mock.web.parser import Incoming, Parser, environ_of
from talkover_mock.web.request import CONNECTION
from talkover_mock.web.waiting import PARK

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication, WSGIEnvironment

READING_SECONDS = 10.0
"""A client that reads nothing of its answer for so long is cut off."""
_LEAVING_SECONDS = 2.0
"""How long a refused client may go on sending before the connection ends, so that it can read why."""
_LARGE_BYTES = 64 * 1024
_RESET = struct.pack("ii", 1, 0)
_TLS = b"\x16\x03"
"""How a TLS handshake begins."""
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
_EMPTY = ("204", "304")
"""Statuses whose answers have no body, and so no length."""


class Host(Protocol):
    """The server as its connections see it."""

    loop: asyncio.AbstractEventLoop
    base: Mapping[str, Any]
    workers: Workers
    log: Callable[[str], object]
    begin: Callable[[WSGIEnvironment], WSGIApplication]

    def add(self, connection: HttpConnection) -> None: ...

    def remove(self, connection: HttpConnection) -> None: ...

    def starve(self, connection: HttpConnection) -> None:
        """The connection waits for a whole request from now on."""

    def feed(self, connection: HttpConnection) -> None:
        """The connection has a whole request."""

    def hold(self, size: int) -> None:
        """So many bytes more, or fewer, are kept of unfinished bodies."""

    def date(self) -> str:
        """The date of an answer."""


class HttpConnection(asyncio.Protocol):
    """One client. Everything here runs on the event loop."""

    def __init__(self, server: Host) -> None:
        self._server = server
        self._parser = Parser(server.hold)
        self._call: Call | None = None
        """The request that is being answered."""
        self._refused: Refused | None = None
        self._is_full = self._is_paused = self._is_ending = False
        self.is_gone = False
        """Whether the client has closed the connection, or its half of it."""
        self.loop, self.submit = server.loop, server.workers.submit
        self.transport: asyncio.Transport
        self.since = 0.0
        """When the wait for the next whole request began."""

    @property
    def holds(self) -> bool:
        """Whether a part of an unfinished body is kept."""
        return self._parser.held > 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        peer = self.transport.get_extra_info("peername") or ("", 0)
        self._base = {**self._server.base, "REMOTE_ADDR": str(peer[0]), "REMOTE_PORT": str(peer[1])}
        self._server.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self.is_gone = True
        self._parser.drop()
        self._server.remove(self)
        if self._call:
            self._call.wake()

    def eof_received(self) -> bool:
        """A client may close its half and still read; a wait ends soon, since the client may have gone altogether."""
        self.is_gone = True
        if self._call:
            self._call.wake()
        return bool(self._call or self._parser.whole)

    def data_received(self, data: bytes) -> None:
        if self._is_ending:
            return
        if data[:2] == _TLS and not self._parser.is_within:
            self._server.log("TLS came to a port that speaks plain HTTP; use http://")
            return self.transport.abort()
        if not self._parser.is_within:
            self.since = RealTime.monotonic()
        try:
            self._parser.feed(data)
        except Refused as refused:
            self._refused = refused
        if self._parser.wants_continue and not (self._refused or self._call or self._parser.whole):
            self._parser.wants_continue = False
            self.transport.write(_CONTINUE)
        self.go_on()

    def pause_writing(self) -> None:
        self._is_full = True
        self._watch_reader(self.transport.get_write_buffer_size())

    def resume_writing(self) -> None:
        self._is_full = False
        self.go_on()

    def _watch_reader(self, before: int) -> None:
        """Cuts off a client that has read nothing since `before` bytes were left."""

        def look() -> None:
            left = self.transport.get_write_buffer_size()
            if self._is_full and left >= before:
                self.transport.abort()
            elif self._is_full:
                self._watch_reader(left)

        self.loop.call_later(READING_SECONDS, look)

    def go_on(self) -> None:
        """Answers the next whole request, unless one is being answered or the client does not read."""
        whole = self._parser.whole
        while whole and not (self._call or self._is_full or self._is_ending):
            self._answer(whole.popleft())
        if self._refused and not (whole or self._call or self._is_ending):
            self._refuse(self._refused)
        if bool(whole) is not self._is_paused and not self.transport.is_closing():
            self._is_paused = not self._is_paused
            (self.transport.pause_reading if whole else self.transport.resume_reading)()

    def _answer(self, incoming: Incoming) -> None:
        self._server.feed(self)
        try:
            environ = environ_of(incoming, self._base)
        except Refused as refused:
            return self._refuse(refused)
        application = self._server.begin(environ)
        if type(application) is Answer:
            headers = [*application.headers.items(), ("Content-Length", str(len(application.body)))]
            return self._write(incoming, STATUS_LINES[application.status_code], headers, application.body)
        call = self._call = Call(self, incoming, environ, application)
        environ[CONNECTION] = environ[PARK] = call
        self.submit(call.run)

    def send(self, call: Call, status: str, headers: Headers, parts: list[bytes], cut: bool = False) -> None:
        """Sends an answer that a thread has made. After one that is `cut` the connection ends."""
        self._call = None
        if self.transport.is_closing():
            return
        has_length = any(name.lower() == "content-length" for name, _ in headers)
        if not has_length and status[:3] not in _EMPTY:
            headers.append(("Content-Length", str(sum(map(len, parts)))))
        self._write(call.incoming, status, headers, b"".join(parts), cut)

    def _write(self, incoming: Incoming, status: str, headers: Headers, body: bytes, cut: bool = False) -> None:
        keeps = incoming.keep_alive and not (cut or (self._refused and not self._parser.whole))
        if not keeps and not cut:
            headers.append(("Connection", "close"))
        elif incoming.version == "1.0":
            headers.append(("Connection", "keep-alive"))
        lines = "".join([f"{name}: {value}\r\n" for name, value in headers])
        head = f"HTTP/1.1 {status}\r\nDate: {self._server.date()}\r\n{lines}\r\n".encode("latin-1", "replace")
        if incoming.method == "HEAD":
            body = b""
        if len(body) > _LARGE_BYTES:
            self.transport.writelines([head, body])
        else:
            self.transport.write(head + body)
        if not keeps or (self.is_gone and not self._parser.whole):
            self.end()
        else:
            self._server.starve(self)

    def end(self) -> None:
        """Closes the connection when everything is sent."""
        self._is_ending = True
        self.transport.close()

    def reset(self) -> None:
        """Ends the connection at once, with a reset."""
        with suppress(OSError):
            self.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        self._is_ending = True
        self.transport.abort()

    def cut(self) -> None:
        """Ends the connection and what is being answered, since the server stops."""
        self._is_ending = True
        self.transport.abort()
        if self._call:
            self._call.close()

    def _refuse(self, error: Refused) -> None:
        """Answers what is no request in the API's JSON, and ends the connection once the client can have read it."""
        answer = error_answer(error, header_text(error.reason))
        self._server.log(header_text(f"{self._parser.line} {error.status} 0.0ms - - ({error.reason})"))
        headers = [*answer.headers.items(), ("Content-Length", str(len(answer.body))), ("Connection", "close")]
        lines = "".join([f"{name}: {value}\r\n" for name, value in headers])
        head = f"HTTP/1.1 {STATUS_LINES[error.status]}\r\n{lines}\r\n"
        self.transport.write(head.encode() + answer.body)
        self._is_ending = True
        if self.transport.can_write_eof() and not self.is_gone:
            self.transport.write_eof()
            self.loop.call_later(_LEAVING_SECONDS, self.transport.abort)
        else:
            self.transport.close()
