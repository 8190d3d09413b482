"""Programs started as a user starts them, and connections that cost next to nothing themselves."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import IO, cast

ROOT = Path(__file__).parent.parent
BARE = ("benchmarks.bare",)
RECEIVER = ("benchmarks.receiver",)
MOCK = ("talkover_mock", "serve", "--port", "0")
"""Modules with their arguments. Each prints its URL once it listens."""

_COMPILED = ROOT / "build" / "compiled"
"""Where both programs find their modules compiled from their second start on, whatever this machine's settings say."""


class Connection:
    """A kept-alive connection. It does less than a client library, so that what is measured is the server."""

    def __init__(self, port: int, process: int = 0) -> None:
        """`process` is the id of the server's process, where that is another one."""
        self.port, self.process = port, process
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=30)

    def call(self, request: bytes) -> bytes:
        """The answer's body. Raises RuntimeError when it is not a success."""
        self.send(request)
        return self.receive()

    def send(self, request: bytes) -> None:
        self._socket.sendall(request)

    def receive(self) -> bytes:
        """See `call`."""
        received = self._receive()
        while b"\r\n\r\n" not in received:
            received += self._receive()
        head, _, body = received.partition(b"\r\n\r\n")
        size = int(head.lower().partition(b"content-length: ")[2].split()[0])
        while len(body) < size:
            body += self._receive()
        if not head.startswith(b"HTTP/1.1 2"):
            raise RuntimeError(f"the answer was {head!r} {body!r}")
        return body

    def _receive(self) -> bytes:
        received = self._socket.recv(65536)
        if not received:
            raise RuntimeError("the server closed the connection")
        return received

    def __enter__(self) -> "Connection":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._socket.close()


def request(method: str, path: str, body: bytes = b"") -> bytes:
    """A request; a call of the API has a token, an admin route acts on the default environment."""
    head = (
        f"{method} {path} HTTP/1.1",
        "Host: 127.0.0.1",
        *(["Authorization: Bearer talq_benchmark"] if path.startswith("/api/") else []),
        f"Content-Length: {len(body)}",
    )
    return "\r\n".join((*head, "", "")).encode() + body


def toggle(agent_id: str, webhook_id: str) -> bytes:
    return request("PATCH", f"/api/v1/agents/{agent_id}/webhooks/{webhook_id}/toggle")


DOCUMENTED_TOGGLE = toggle("9fbef0b7-8d4e-4a08-9207-66c22155721d", "9fcafbf2-7593-44d6-8cd7-1b221beba62a")
"""Which both programs answer."""


@contextmanager
def running(command: tuple[str, ...]) -> Iterator[Connection]:
    """A connection to a program, which ends afterwards."""
    with subprocess.Popen(
        [sys.executable, "-m", *command],
        cwd=ROOT,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as process:
        try:
            url = cast(IO[bytes], process.stdout).readline()
            if not url:
                raise RuntimeError(f"python -m {' '.join(command)} ended with {process.wait()}")
            with Connection(int(url.rpartition(b":")[2]), process.pid) as connection:
                yield connection
        finally:
            process.terminate()


def environment() -> dict[str, str]:
    """The variables of this process without those that change how the programs run."""
    changed = ("TALKOVER_MOCK_", "PYTHONDONTWRITEBYTECODE")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(changed)}
    return {**kept, "PYTHONPYCACHEPREFIX": str(_COMPILED)}
