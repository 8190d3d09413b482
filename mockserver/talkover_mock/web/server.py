"""Serves an application: in a thread, or in front until it is told to stop."""

import json
import logging
import select
import socket
import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from threading import Lock, Thread
from time import monotonic
from typing import TYPE_CHECKING, Any

import waitress.channel
import waitress.parser
import waitress.server
import waitress.task
import waitress.wasyncore
from werkzeug.http import HTTP_STATUS_CODES

from talkover_mock.base.headers import header_text
from talkover_mock.dialect.errors import Refused
from talkover_mock.web.answers import API_HEADERS, REASON
from talkover_mock.web.request import CONNECTION

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

try:
    import resource
except ImportError:  # a system without limits of that kind
    resource = None  # type: ignore[assignment]

MOST_HEADER_BYTES = 64 * 1024
MOST_BODY_BYTES = 64 * 1024 * 1024
_NO_FILES = 1 << 62
"""Bytes from which waitress would put what is on its way into a file; a container's file system is read-only."""
_THREADS = 8
_MOST_CONNECTIONS = 2_000
_STOP_SECONDS = 0.5
_READING_SECONDS = 10.0
_OTHER_DESCRIPTORS = 100
_HANG_UP = getattr(select, "POLLRDHUP", 0)
_USUAL_CASE = tuple(
    (f"\r\n{name.title()}:".encode(), f"\r\n{name}:".encode())
    for name in ("X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset", "ETag")
)


class Server:
    """An application on a socket. Made, it listens; `start` or `serve` answers; `stop` frees everything."""

    def __init__(
        self, app: "WSGIApplication", host: str = "127.0.0.1", port: int = 0, log: Callable[[str], None] | None = None
    ) -> None:
        """Listens on `host` and `port` (0: a free one). Raises OSError when it can't.

        `log` gets a line for each request that never reached the application; `app` logs the others.
        """
        self._socket = _listen(host, port)
        self.port: int = self._socket.getsockname()[1]
        self._map: dict[int, Any] = {}
        server: Any = waitress.server.create_server(
            app,
            map=self._map,
            sockets=[self._socket],
            threads=_THREADS,
            connection_limit=_most_connections(),
            asyncore_use_poll=True,
            max_request_header_size=MOST_HEADER_BYTES,
            max_request_body_size=MOST_BODY_BYTES,
            inbuf_overflow=_NO_FILES,
            outbuf_overflow=_NO_FILES,
            clear_untrusted_proxy_headers=False,  # nothing here reads them
            ident=None,
            log_socket_errors=False,  # a fault ends connections on purpose
        )
        server.channel_class = _Channel
        server.log_refused = log
        server.extra_thread = self._extra_thread
        self._busy_for_long = 0
        self._counting = Lock()
        server.task_dispatcher.queue_logger = _quiet_logger()
        self._waitress = server
        self._thread: Thread | None = None
        self._stopping = False
        self._host = host

    @property
    def url(self) -> str:
        """`http://127.0.0.1:7357`; of a server bound to every address, the local one."""
        host = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}.get(self._host, self._host)
        return f"http://[{host}]:{self.port}" if ":" in host else f"http://{host}:{self.port}"

    def serve(self) -> None:
        """Answers until `stop_soon`, or `stop` from another thread. Call `stop` afterwards."""
        while not self._stopping:
            waitress.wasyncore.loop(timeout=30, use_poll=True, map=self._map, count=1)

    def start(self) -> None:
        """Answers in a thread of its own."""
        self._thread = Thread(target=self.serve, name="talkover-mock", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Ends `serve`, closes every connection and ends every thread. Stopping twice does nothing.

        Whoever made the world stops it first: that ends what requests wait for.
        """
        self.stop_soon()
        if self._thread:
            self._thread.join()
        self._close()

    def stop_soon(self) -> None:
        """Asks `serve` to end; takes no lock, so a signal handler may call it too."""
        if not self._stopping:
            self._stopping = True
            self._waitress.pull_trigger()

    @contextmanager
    def _extra_thread(self) -> Iterator[None]:
        """While one request waits, another thread takes its place, so that waits never block the API."""
        self._count_long_request(1)
        try:
            yield
        finally:
            self._count_long_request(-1)

    def _count_long_request(self, change: int) -> None:
        with self._counting:
            self._busy_for_long += change
            if not self._stopping:
                self._waitress.task_dispatcher.set_thread_count(_THREADS + self._busy_for_long)

    def _close(self) -> None:
        # The channels first: what still runs in a thread then finds its client gone and wakes nobody.
        for channel in list(self._waitress.active_channels.values()):
            channel.handle_close()
        self._waitress.task_dispatcher.shutdown(timeout=_STOP_SECONDS)
        waitress.wasyncore.close_all(self._map, ignore_all=True)


class _ErrorTask(waitress.task.ErrorTask):
    """Answers what never became a request, in the API's JSON and not as text."""

    def execute(self) -> None:
        error: Any = self.request.error  # type: ignore[attr-defined]
        refused = Refused(error.code, error.reason)
        body = json.dumps(refused.body(), separators=(",", ":")).encode()
        self.status = f"{error.code} {error.reason}"
        reason = header_text(error.body.partition('"')[0])  # what follows is a header, which may hold a token
        self.response_headers = [*API_HEADERS.items(), (REASON, reason)]
        self.content_length = len(body)
        self.set_close_on_finish()
        self.complete = True
        self._log(f"{error.code} 0.0ms - - ({reason})")
        self.write(body)

    def _log(self, outcome: str) -> None:
        log = self.channel.server.log_refused  # type: ignore[attr-defined]
        if log:
            log(f"{_request_line(self.request)} {outcome}")


class _Task(waitress.task.WSGITask):
    def get_environment(self) -> Any:
        """With the path as it came: waitress takes a double slash at its start away."""
        request: Any = self.request
        environment: Any = super().get_environment()
        environment["PATH_INFO"] = request.path
        environment[CONNECTION] = _Connection(self.channel)
        return environment

    def build_response_header(self) -> bytes:
        """With names and reason phrases as they are written everywhere else: waitress has a case of its own."""
        code = int(self.status[:3])
        self.status = f"{code} {HTTP_STATUS_CODES.get(code, 'Unknown')}"
        header: bytes = super().build_response_header()
        for odd, usual in _USUAL_CASE:
            header = header.replace(odd, usual, 1)
        return header


class _Connection:
    """What a request can do with its connection; see `answers.Connection`."""

    __slots__ = ("_channel", "extra_thread")

    def __init__(self, channel: Any) -> None:
        self._channel = channel
        self.extra_thread = channel.server.extra_thread

    def reset(self) -> None:
        connection = self._channel.socket
        if connection is not None:
            with suppress(OSError):
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    def is_gone(self) -> bool:
        connection = self._channel.socket
        if connection is None:  # the server has stopped
            return True
        if _HANG_UP and connection.fileno() >= 0:
            poll = select.poll()
            poll.register(connection, _HANG_UP)
            return bool(poll.poll(0))
        try:  # where the system does not tell, what has been sent after the request hides the end
            return not connection.recv(1, socket.MSG_PEEK)
        except BlockingIOError:
            return False
        except OSError:
            return True


class _Parser(waitress.parser.HTTPRequestParser):
    def parse_header(self, header_plus: bytes) -> None:
        """What waitress does not expect is malformed too, and no reason to drop the connection without a word."""
        try:
            super().parse_header(header_plus)
        except ValueError:
            raise waitress.parser.ParsingError("Malformed request line or Content-Length") from None


class _Channel(waitress.channel.HTTPChannel):
    task_class = _Task
    error_task_class = _ErrorTask
    parser_class = _Parser

    def _flush_outbufs_below_high_watermark(self) -> None:
        """As waitress waits, but not for ever: a client that asks and never reads would keep a thread."""
        if self.total_outbufs_len <= self.adj.outbuf_high_watermark:
            return
        with self.outbuf_lock:
            before, end = self.total_outbufs_len, monotonic() + _READING_SECONDS
            while self.connected and self.total_outbufs_len > self.adj.outbuf_high_watermark:
                self.server.pull_trigger()
                self.outbuf_lock.wait(_READING_SECONDS)
                if self.total_outbufs_len < before:
                    before, end = self.total_outbufs_len, monotonic() + _READING_SECONDS
                elif monotonic() > end:
                    self._end()

    def _end(self) -> None:
        """The main thread then sees the end, and closes the channel."""
        if self.socket is not None:
            with suppress(OSError):
                self.socket.shutdown(socket.SHUT_RDWR)


def _most_connections() -> int:
    """Fewer where the system allows the process fewer descriptors: out of them, the loop would turn without end."""
    if resource is None:
        return _MOST_CONNECTIONS
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return _MOST_CONNECTIONS if soft < 0 else max(1, min(_MOST_CONNECTIONS, soft - _OTHER_DESCRIPTORS))


def _request_line(request: Any) -> str:
    """Method and path, where the request was read that far; too long a header makes waitress invent them."""
    return header_text(f"{request.command} {request.path}") if request.headers and hasattr(request, "path") else "- -"


def _quiet_logger() -> logging.Logger:
    """For waitress's warning that requests wait for a thread, which here is no news."""
    logger = logging.getLogger("talkover_mock.queue")
    logger.disabled = True
    return logger


def _listen(host: str, port: int) -> socket.socket:
    try:
        found = socket.getaddrinfo(host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except UnicodeError:  # an empty label, or a far too long one
        raise OSError(f"{host!r} is not a host name") from None
    family, _, _, _, address = found[0]
    return socket.create_server(address[:2], family=family, backlog=1024)
