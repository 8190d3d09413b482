"""Serves an application on an event loop: in a thread of its own, or in front until it is told to stop."""

from __future__ import annotations

import asyncio
import errno
import os
import selectors
import socket
import sys
import weakref
from collections.abc import Callable, Mapping
from contextlib import suppress
from email.utils import formatdate
from functools import partial
from http import HTTPStatus
from threading import Lock, Thread
from typing import TYPE_CHECKING, Any

from talkover_mock.base.addresses import url_of
from talkover_mock.base.headers import header_text
from talkover_mock.base.real_time import RealTime
from talkover_mock.base.workers import Workers
from talkover_mock.web.connection import HttpConnection
from talkover_mock.web.parser import refused

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication, WSGIEnvironment

try:
    import resource
except ImportError:  # a system without limits of that kind
    resource = None  # type: ignore[assignment]

MOST_CONNECTIONS = 4_000
MOST_UNFINISHED_BYTES = 128 * 1024 * 1024
"""Of the bodies of unfinished requests, over all connections: beyond it the oldest is cut off."""
_READ_BYTES = 64 * 1024
_FEW_THREADS, _MOST_THREADS = 12, 200
_STOP_SECONDS = 0.5
_IDLE_SECONDS = 120.0
"""A connection on which no whole request comes for so long is cut off."""
_SWEEP_SECONDS = 5.0
_MOST_SELECTED = 512
"""Sockets that `select` takes on Windows, where a loop has nothing better; one more would end the loop."""
_OTHER_DESCRIPTORS = 100
_FEWEST_DESCRIPTORS = 32
_BACKLOG, _AT_ONCE = 1024, 32
"""Connections that wait to be accepted, and how many are accepted before one too many goes: see `add`."""
_BASE = {
    "SCRIPT_NAME": "",
    "wsgi.version": (1, 0),
    "wsgi.url_scheme": "http",
    "wsgi.multithread": True,
    "wsgi.multiprocess": False,
    "wsgi.run_once": False,
    "wsgi.input_terminated": True,
}


class _Loop(asyncio.SelectorEventLoop):
    """An event loop with a clock that libraries which fake time do not reach."""

    def time(self) -> float:
        return RealTime.monotonic()


class Server:
    """An application on a socket. Made, it listens; `start` or `serve` answers; `stop` frees everything.

    An application with a method `begin` is asked on the event loop: it returns an `Answer`, or the WSGI application
    that makes one in a thread. Any other WSGI application runs in a thread.
    """

    def __init__(
        self, app: WSGIApplication, host: str = "127.0.0.1", port: int = 0, log: Callable[[str], None] | None = None
    ) -> None:
        """Listens on `host` and `port` (0: a free one). Raises OSError when it can't.

        `log` gets a line for each request that never reached the application; `app` logs the others.
        """
        self._most = most_connections()
        self._socket = _listen(host, port)
        self._host, self.port = host, int(self._socket.getsockname()[1])
        self.log: Callable[[str], object] = log or (lambda _: None)
        self.begin: Callable[[WSGIEnvironment], WSGIApplication] = getattr(app, "begin", lambda _: app)
        names = {"SERVER_NAME": host, "SERVER_PORT": str(self.port), "wsgi.errors": sys.stderr}
        self.base: Mapping[str, Any] = {**_BASE, **names}
        self._selector = selectors.DefaultSelector()
        self.loop: asyncio.AbstractEventLoop = _Loop(self._selector)
        self.workers = Workers("talkover-mock-server", _FEW_THREADS, _MOST_THREADS, self.loop.call_later)
        self._stopping = self.loop.create_future()
        self._connections: dict[HttpConnection, None] = {}
        self._idle: dict[HttpConnection, None] = {}
        """The connections without a whole request, the one that waits longest first."""
        self._turn: list[HttpConnection] = []
        """The connections that answer once the loop has read from all that have sent something."""
        self.buffer = memoryview(bytearray(_READ_BYTES))
        """What is read goes into it, on every connection: a new one for each read takes longer than the read."""
        self._unfinished = 0
        self._date = (0, "")
        self._thread: Thread | None = None
        self._serving = Lock()
        self._process = os.getpid()
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=partial(_leave_to_parent, weakref.ref(self)))

    @property
    def url(self) -> str:
        """`http://127.0.0.1:7357`; of a server bound to every address, the local one."""
        return url_of(self._host, self.port)

    @property
    def waiting(self) -> int:
        """How many requests are being answered: in a thread, or parked until they have waited."""
        return len(self._connections) - len(self._idle)

    def serve(self) -> None:
        """Answers until `stop_soon`, or `stop` from another thread. Call `stop` afterwards."""
        with self._serving:
            if not self.loop.is_closed():
                self.loop.set_exception_handler(self._report)
                self.loop.run_until_complete(self._serve())

    async def _serve(self) -> None:
        listener = await self.loop.create_server(lambda: HttpConnection(self), sock=self._socket, backlog=_AT_ONCE)
        self._socket.listen(_BACKLOG)
        self._sweep()
        await self._stopping
        self.loop.remove_reader(self._socket)
        # Connections that are accepted and not made yet: a closed listener would forget them.
        if coming := asyncio.all_tasks() - {asyncio.current_task()}:
            await asyncio.wait(coming)
        with suppress(OSError):  # also for a child's copy
            self._socket.shutdown(socket.SHUT_RDWR)
        listener.close()
        for connection in list(self._connections):
            connection.cut()
        while self._connections:
            await asyncio.sleep(0)

    def start(self) -> None:
        """Answers in a thread of its own."""
        self._thread = Thread(target=self.serve, name="talkover-mock-server", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Ends `serve`, closes every connection and ends every thread. Stopping twice does nothing.

        Whoever made the world stops it first: that ends what threads wait for. In a forked child this does nothing.
        """
        if os.getpid() != self._process:
            return
        self.stop_soon()
        if self._thread:
            self._thread.join()
        with self._serving:  # in another thread, it ends first
            self._socket.close()
            self.loop.close()
        self.workers.stop(_STOP_SECONDS)

    def stop_soon(self) -> None:
        """Asks `serve` to end; takes no lock, so a signal handler may call it too."""
        with suppress(RuntimeError):  # it has ended
            self.loop.call_soon_threadsafe(self._end)

    def _end(self) -> None:
        if not self._stopping.done():
            self._stopping.set_result(None)

    # What connections ask for

    def add(self, connection: HttpConnection) -> None:
        """A new connection; where there are too many, the one goes that has been without a request for longest."""
        self._connections[connection] = None
        self.set_idle(connection)
        if len(self._connections) > self._most:
            oldest = next(iter(self._idle))
            self.set_busy(oldest)  # it is lost a moment later, and the next one too many must take another one with it
            oldest.reset()

    def remove(self, connection: HttpConnection) -> None:
        self._connections.pop(connection, None)
        self._idle.pop(connection, None)

    def set_idle(self, connection: HttpConnection) -> None:
        """The connection waits for a whole request from now on."""
        connection.since = RealTime.monotonic()
        self._idle[connection] = None

    def set_busy(self, connection: HttpConnection) -> None:
        """The connection has a whole request."""
        self._idle.pop(connection, None)

    def take_turn(self, connection: HttpConnection) -> None:
        """Has the connection answer, and flush, after the loop's other reads.

        All reads, then all answers, then all sends: one connection after the other takes a third longer (measured).
        """
        if not self._turn:
            self.loop.call_soon(self._answer_together)
        self._turn.append(connection)

    def _answer_together(self) -> None:
        turn, self._turn = self._turn, []
        for step in (HttpConnection.answer, HttpConnection.flush):
            for connection in turn:
                try:
                    step(connection)
                except Exception as error:
                    self.loop.call_exception_handler({"message": "a connection failed", "exception": error})
                    connection.end()

    def hold(self, size: int) -> None:
        """So many bytes more, or fewer, are kept of unfinished bodies. Raises Refused where no other can go."""
        self._unfinished += size
        if self._unfinished > MOST_UNFINISHED_BYTES and size > 0:
            oldest = next((each for each in self._idle if each.holds()), None)
            if oldest is None:  # all of them are of requests behind one that is being answered
                raise refused(HTTPStatus.SERVICE_UNAVAILABLE, "the server keeps too many unfinished bodies")
            oldest.drop()
            oldest.reset()

    def date(self) -> str:
        """The date of an answer (RFC 9110), made once a second."""
        now = int(RealTime.time())
        if now != self._date[0]:
            self._date = now, formatdate(now, usegmt=True)
        return self._date[1]

    def leave_to_parent(self) -> None:
        """In a forked child: lets go of the parent's sockets, and of nothing else.

        The child shares the parent's epoll set, so nothing may be unregistered there. A descriptor that is pointed to
        the null device instead of being closed can be closed later without harm to another of its number.
        """
        self._selector.close()
        null = os.open(os.devnull, os.O_RDWR)
        sockets = [self._socket, *(each.transport.get_extra_info("socket") for each in self._connections)]
        for each in sockets:
            if each is not None and each.fileno() >= 0:
                os.dup2(null, each.fileno(), inheritable=False)
        os.close(null)

    def _sweep(self) -> None:
        """Cuts off the connections on which nothing whole has come for too long."""
        oldest = RealTime.monotonic() - _IDLE_SECONDS
        for connection in list(self._idle):
            if connection.since < oldest:
                connection.end()
        self.loop.call_later(_SWEEP_SECONDS, self._sweep)

    def _report(self, _: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """Logs what the loop can't tell anybody else, such as a lack of descriptors."""
        self.log(header_text(f"{context['message']}: {context.get('exception')!r}"))


def raise_file_limit() -> None:
    """Lets this process open as many connections as the server takes, as far as the system allows it."""
    if resource is None:
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MOST_CONNECTIONS + _OTHER_DESCRIPTORS
    if 0 <= soft < wanted:
        with suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted if hard < 0 else min(wanted, hard), hard))


def most_connections() -> int:
    """Fewer where the system allows the process fewer descriptors: out of them, the loop would turn forever, or end.

    Raises OSError where it allows too few for a server.
    """
    if issubclass(selectors.DefaultSelector, selectors.SelectSelector):
        return _MOST_SELECTED - _OTHER_DESCRIPTORS
    if resource is None:
        return MOST_CONNECTIONS
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if 0 <= soft < _FEWEST_DESCRIPTORS:
        text = f"the system lets this process open {soft} files, and a server needs {_FEWEST_DESCRIPTORS} (ulimit -n)"
        raise OSError(errno.EMFILE, text)
    return MOST_CONNECTIONS if soft < 0 else min(MOST_CONNECTIONS, max(soft // 2, soft - _OTHER_DESCRIPTORS))


def _listen(host: str, port: int) -> socket.socket:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except UnicodeError:  # an empty label, or a far too long one
        raise OSError(f"{host!r} is not a host name") from None
    family, _, _, _, address = found[0]
    return socket.create_server(address[:2], family=family, backlog=_BACKLOG)


def _leave_to_parent(server: weakref.ref[Server]) -> None:
    found = server()
    if found is not None:
        found.leave_to_parent()
