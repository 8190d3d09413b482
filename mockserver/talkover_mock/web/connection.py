"""A connection on the event loop: its requests one after another, each answered at once or by a thread."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Protocol, cast

from talkover_mock.base.headers import header_text
from talkover_mock.base.real_time import RealTime
from talkover_mock.base.statuses import WITHOUT_LENGTH
from talkover_mock.base.workers import Workers
from talkover_mock.dialect.errors import Refused
from talkover_mock.web.answers import STATUS_LINES, Answer, error_answer
from talkover_mock.web.parser import Incoming, Parser, environ_of
from talkover_mock.web.request import CONNECTION, RESET
from talkover_mock.web.running import Headers, RunningRequest, crash_answer
from talkover_mock.web.waiting import PARK
from talkover_mock.web.writer import Writer

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication, WSGIEnvironment

_MOST_AT_ONCE = 50
"""Requests of one connection that are answered before other connections have their turn."""
_TLS = b"\x16\x03"
"""How a TLS handshake begins."""
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
_WITHOUT_LENGTH = [str(status) for status in WITHOUT_LENGTH]


class Host(Protocol):
    """The server as its connections see it."""

    loop: asyncio.AbstractEventLoop
    base: Mapping[str, Any]
    buffer: memoryview
    workers: Workers
    log: Callable[[str], object]
    begin: Callable[[WSGIEnvironment], WSGIApplication]

    def add(self, connection: HttpConnection) -> None: ...

    def remove(self, connection: HttpConnection) -> None: ...

    def set_idle(self, connection: HttpConnection) -> None:
        """The connection waits for a whole request from now on."""

    def set_busy(self, connection: HttpConnection) -> None:
        """The connection has a whole request."""

    def take_turn(self, connection: HttpConnection) -> None:
        """Has the connection answer, and flush, after the loop's other reads."""

    def hold(self, size: int) -> None:
        """So many bytes more, or fewer, are kept of unfinished bodies. Raises Refused."""

    def date(self) -> str:
        """The date of an answer."""


class HttpConnection(asyncio.BufferedProtocol):
    """One client. Everything here runs on the event loop."""

    __slots__ = (
        "__weakref__",
        "_is_ending",
        "_is_full",
        "_is_paused",
        "_parser",
        "_refused",
        "_running",
        "_server",
        "_writer",
        "is_gone",
        "log",
        "loop",
        "since",
        "submit",
        "transport",
    )

    def __init__(self, server: Host) -> None:
        self._server = server
        self._parser = Parser(server.hold)
        self._running: RunningRequest | None = None
        """The request that is being answered."""
        self._refused: Refused | None = None
        self._is_full = self._is_paused = self._is_ending = False
        self.is_gone = False
        """Whether the client has closed the connection, or its half of it."""
        self.loop, self.log, self.submit = server.loop, server.log, server.workers.submit
        self.transport: asyncio.Transport
        self._writer: Writer
        self.since = 0.0
        """When the wait for the next whole request began."""

    def holds(self) -> bool:
        """Whether a part of an unfinished body is kept."""
        return self._parser.held > 0

    def drop(self) -> None:
        """Forgets the part of an unfinished body; the connection ends."""
        self._parser.drop()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        self._writer = Writer(self.transport, self.loop)
        self._server.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self.is_gone = self._is_ending = True
        self._parser.drop()
        self._server.remove(self)
        self._writer.stop_watching()
        if self._running:
            self._running.wake()

    def eof_received(self) -> bool:
        """A client may close its half and still read; a wait ends soon, since the client may have gone altogether."""
        self.is_gone = True
        if self._running:
            self._running.wake()
        return not self._is_ending and bool(self._running or self._parser.whole or self._refused)

    def get_buffer(self, sizehint: int) -> memoryview:
        return self._server.buffer

    def buffer_updated(self, nbytes: int) -> None:
        if self._is_ending or self._refused:
            return
        data = bytes(self._server.buffer[:nbytes])
        if data[:2] == _TLS and not self._parser.is_within:
            self.log("TLS came to a port that speaks plain HTTP; use http://")
            return self._abort()
        if not self._parser.is_within:
            self.since = RealTime.monotonic()
        try:
            self._parser.feed(data)
        except Refused as refused:
            self._refused = refused.with_traceback(None)  # which would keep this connection
        self.go_on()

    def pause_writing(self) -> None:
        self._is_full = True
        self._writer.watch_reader()

    def resume_writing(self) -> None:
        self._is_full = False
        if not self._is_ending:  # what is left must be read in time too
            self._writer.stop_watching()
            self.go_on()

    def go_on(self) -> None:
        """Goes on to the next requests when it is this connection's turn."""
        self._server.take_turn(self)

    def answer(self) -> None:
        """Answers the next whole requests, unless one is being answered or the client does not read.

        Answers that were made at once are sent by `flush`.
        """
        whole = self._parser.whole
        for _ in range(_MOST_AT_ONCE):
            if not whole or self._running or self._is_full or self._is_ending:
                break
            self._answer(whole.pop(0))
        else:
            self.go_on()  # other connections have their turn first
        if not (whole or self._running or self._is_ending):
            self._go_on_reading()
        is_enough = bool(whole or (self._running and self._parser.held))
        if is_enough is not self._is_paused and not self.transport.is_closing():
            self._is_paused = is_enough
            (self.transport.pause_reading if is_enough else self.transport.resume_reading)()

    def flush(self) -> None:
        """Sends the answers that were made at once."""
        self._writer.flush()

    def _go_on_reading(self) -> None:
        """Answers what there is no whole request of: a refusal, or a client that waits before it sends the body."""
        if self._refused:
            self._refuse(self._refused, self._parser.line)
        elif self._parser.wants_continue:
            self._parser.wants_continue = False
            self._writer.put(_CONTINUE)

    def _answer(self, incoming: Incoming) -> None:
        self._server.set_busy(self)
        try:
            environ = environ_of(incoming, self._server.base)
        except Refused as refused:
            return self._refuse(refused, f"{incoming.method} {incoming.target.decode('latin-1')}")
        try:
            application = self._server.begin(environ)
        except Exception as error:
            application = crash_answer(error, self.log)
        if type(application) is Answer:
            return self._write(
                incoming, STATUS_LINES[application.status_code], self._headers(application), application.body
            )
        running = self._running = RunningRequest(self, incoming, environ, application)
        environ[CONNECTION] = environ[PARK] = running
        running.start()

    def _headers(self, answer: Answer) -> Headers:
        length = () if answer.status_code in WITHOUT_LENGTH else (("Content-Length", str(len(answer.body))),)
        return [("Date", self._server.date()), *answer.headers.items(), *length]

    def send(self, running: RunningRequest, status: str, headers: Headers, body: bytes, cut: bool = False) -> None:
        """Sends an answer that a thread has made. After one that is `cut` the connection ends."""
        self._running = None
        if self.transport.is_closing():
            return
        given = {name.lower() for name, _ in headers}
        if "date" not in given:
            headers.insert(0, ("Date", self._server.date()))
        if status[:3] in _WITHOUT_LENGTH:
            body = b""  # the client would take it for the next answer
        elif "content-length" not in given:
            headers.append(("Content-Length", str(len(body))))
        self._write(running.incoming, status, headers, body, cut)
        self.flush()

    def _write(self, incoming: Incoming, status: str, headers: Headers, body: bytes, cut: bool = False) -> None:
        keeps = incoming.keep_alive and not cut
        if not keeps and not cut:
            headers.append(("Connection", "close"))
        elif incoming.version == "1.0":
            headers.append(("Connection", "keep-alive"))
        head = _head(status, headers)
        if incoming.method == "HEAD":
            body = b""
        self._writer.put(head + body)
        if not keeps or (self.is_gone and not (self._parser.whole or self._refused)):
            self._leave()
        else:
            self._server.set_idle(self)

    def end(self) -> None:
        """Closes the connection when everything is sent, or when the client has read nothing for too long."""
        self._give_up()
        self._writer.end()

    def _give_up(self) -> None:
        """Takes no request any more."""
        self._is_ending = True
        self._parser.whole.clear()
        self._server.set_idle(self)

    def _abort(self) -> None:
        """Ends the connection at once, whatever is left to send."""
        self._is_ending = True
        self.transport.abort()

    def reset(self) -> None:
        """Ends the connection at once, with a reset."""
        with suppress(OSError):
            self.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        self._abort()

    def cut(self) -> None:
        """Ends the connection, with any copy that a child has, and what is being answered, since the server stops."""
        with suppress(OSError):
            self.transport.get_extra_info("socket").shutdown(socket.SHUT_RDWR)
        self._abort()
        if self._running:
            self._running.close()

    def _refuse(self, error: Refused, line: str) -> None:
        """Answers what is no request in the API's JSON, and ends the connection once the client can have read it.

        `line` is the method and the target, as far as they are known.
        """
        answer = error_answer(error, header_text(error.reason))
        self.log(f"{header_text(line)} {error.status} 0.0ms - - ({header_text(error.reason)})")
        headers = [*self._headers(answer), ("Connection", "close")]
        self._writer.put(_head(STATUS_LINES[error.status], headers) + answer.body)
        self._leave()

    def _leave(self) -> None:
        """Ends the connection once its client can have read the answer, which a reset would take away."""
        self._give_up()
        (self._writer.end if self.is_gone else self._writer.leave)()


def _head(status: str, headers: Headers) -> bytes:
    lines = "".join([f"{name}: {value}\r\n" for name, value in headers])
    return f"HTTP/1.1 {status}\r\n{lines}\r\n".encode("latin-1", "replace")
