"""What a sender meets: scripted peers on free ports of this machine."""

import re
import socket
import ssl
import struct
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from threading import Event, Thread

CERTIFICATE = Path(__file__).parent / "localhost.pem"
BOUND = 10
"""Seconds after which a test has hung."""
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


def ok(body: bytes) -> bytes:
    """The bytes of an answer 200 with this body, after which the connection ends."""
    return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s" % (len(body), body)


class Peer:
    """Accepts connections one after another, and does with each what `script` says."""

    def __init__(self, script: "Script", host: str = "127.0.0.1") -> None:
        self._script = script
        self._listener = socket.create_server((host, 0), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
        self.port: int = self._listener.getsockname()[1]
        self.url = f"http://[{host}]:{self.port}" if ":" in host else f"http://{host}:{self.port}"
        self.connections = 0
        self.received = b""
        self.connected, self.done = Event(), Event()
        self._thread = Thread(target=self._accept)

    def __enter__(self) -> "Peer":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.done.set()
        with socket.socket(self._listener.family) as waking, suppress(OSError):
            waking.settimeout(BOUND)
            waking.connect(self._listener.getsockname()[:2])
        self._thread.join(BOUND)
        self._listener.close()

    def _accept(self) -> None:
        while True:
            connection, _ = self._listener.accept()
            with connection:
                if self.done.is_set():
                    return
                connection.settimeout(BOUND)
                self.connections += 1
                self.connected.set()
                with suppress(OSError):
                    self._script(self, connection)

    def read_request(self, connection: socket.socket) -> None:
        """All of it, into `received`."""
        self.received = b""
        while not (head := re.match(rb"(?s).*?\r\nContent-Length: ([0-9]+)(?=\r\n).*?\r\n\r\n", self.received)):
            self.received += _some(connection)
        while len(self.received) < head.end() + int(head[1]):
            self.received += _some(connection)


Script = Callable[[Peer, socket.socket], None]
StartPeer = Callable[[Script], Peer]


def _some(connection: socket.socket) -> bytes:
    found = connection.recv(1 << 16)
    if not found:
        raise ConnectionResetError("the request ended early")
    return found


@contextmanager
def peers() -> Iterator[StartPeer]:
    """Starts peers, and stops them in the end."""
    with ExitStack() as stack:
        yield lambda script: stack.enter_context(Peer(script))


def answering(*parts: bytes) -> Script:
    """Reads the request, answers, closes."""

    def script(peer: Peer, connection: socket.socket) -> None:
        peer.read_request(connection)
        connection.sendall(b"".join(parts))

    return script


def dribbling(start: bytes, drop: bytes) -> Script:
    """Answers with a start, and then with a drop now and then, without an end."""

    def script(peer: Peer, connection: socket.socket) -> None:
        answering(start)(peer, connection)
        while not peer.done.wait(0.01):
            connection.sendall(drop)

    return script


def silent(peer: Peer, _: socket.socket) -> None:
    """Neither reads nor answers."""
    peer.done.wait(BOUND)


def pouring(peer: Peer, connection: socket.socket) -> None:
    """An answer without an end, as fast as it goes."""
    answering(b"HTTP/1.1 200 OK\r\n\r\n")(peer, connection)
    while not peer.done.is_set():
        connection.sendall(b"x" * (1 << 16))


def resetting(*parts: bytes) -> Script:
    """Answers in part, and resets the connection."""

    def script(peer: Peer, connection: socket.socket) -> None:
        answering(*parts)(peer, connection)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    return script


def secured(script: Script) -> Script:
    """The same over TLS."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATE)

    def over_tls(peer: Peer, connection: socket.socket) -> None:
        with context.wrap_socket(connection, server_side=True) as inner:
            script(peer, inner)

    return over_tls


@contextmanager
def full_backlog() -> Iterator[str]:
    """The URL of a listener that accepts no connection any more."""
    with ExitStack() as stack:
        listener = stack.enter_context(socket.socket())
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        with suppress(TimeoutError):
            for _ in range(1000):
                waiting = stack.enter_context(socket.socket())
                waiting.settimeout(0.1)
                waiting.connect(listener.getsockname())
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


@contextmanager
def closed_port() -> Iterator[str]:
    """The URL of a port that is taken, but on which nobody listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{taken.getsockname()[1]}"
