"""HTTP as bytes on a socket: what a careless, a clever or a hostile client sends, and all that comes back."""

import socket
from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import NamedTuple

from talkover_mock.web.server import Server
from tests.support.documented import TOGGLE

WAIT = 10
"""Seconds after which something that should have happened did not."""
HOST = b"Host: localhost\r\n"
TOKEN_LINE = b"Authorization: Bearer talq_test\r\n"
CLOSE = b"Connection: close\r\n"
HEALTH = b"GET /api/v1/health HTTP/1.1\r\n" + HOST + b"\r\n"
LAST = b"GET /api/v1/health HTTP/1.1\r\n" + HOST + CLOSE + b"\r\n"
"""A request after which the server closes the connection."""
OK = b'{"status":"ok"}'


class RawAnswer(NamedTuple):
    """An answer as it came; the names of its headers are in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes


def request(line: bytes, *headers: bytes, body: bytes = b"") -> bytes:
    """A request with a Host; each header ends its line."""
    return b"%s HTTP/1.1\r\n%s%s\r\n%s" % (line, HOST, b"".join(headers), body)


def toggle(*headers: bytes, body: bytes = b"") -> bytes:
    return request(b"PATCH " + TOGGLE.encode(), TOKEN_LINE, *headers, body=body)


def connect(server: Server) -> socket.socket:
    return connect_to(server.port)


def connect_to(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), WAIT)


def rest_of(client: socket.socket) -> bytes:
    """All that comes before the connection ends. Raises ConnectionResetError, TimeoutError."""
    return b"".join(iter(lambda: client.recv(65_536), b""))


def some_of(client: socket.socket, end: bytes) -> bytes:
    """What comes, up to an end of it."""
    found = b""
    while not found.endswith(end):
        part = client.recv(65_536)
        assert part, f"the connection has ended after {found!r}"
        found += part
    return found


def asked(server: Server, sent: bytes, piece: int = 0) -> list[RawAnswer]:
    """The answers that come before the server ends the connection; `piece` is the size of each part that is sent."""
    with connect(server) as client:
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for start in range(0, len(sent), piece or len(sent)):
            client.sendall(sent[start : start + (piece or len(sent))])
        return list(answers_in(rest_of(client)))


def answers_in(received: bytes, without_body: Iterable[int] = ()) -> Iterator[RawAnswer]:
    """The answers; those of the numbers `without_body` answer HEAD."""
    number, headless = 0, set(without_body)
    while received:
        head, found, received = received.partition(b"\r\n\r\n")
        assert found, f"half a head: {head!r}"
        first, *lines = head.decode("latin-1").split("\r\n")
        version, status, _ = first.split(" ", 2)
        assert version == "HTTP/1.1"
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
        assert len(headers) == len(lines), f"a header twice: {lines}"
        size = 0 if number in headless else int(headers.get("content-length", 0))
        yield RawAnswer(int(status), headers, received[:size])
        received, number = received[size:], number + 1


def is_ended(client: socket.socket) -> bool:
    """Whether the server has ended the connection, or does so now."""
    try:
        return client.recv(1) == b""
    except ConnectionResetError:
        return True


def until_ended(client: socket.socket) -> None:
    """Returns when the server has ended the connection, whatever comes before."""
    with suppress(ConnectionResetError):
        rest_of(client)


def is_open(client: socket.socket) -> bool:
    """Whether the connection still answers."""
    client.sendall(HEALTH)
    return some_of(client, OK).startswith(b"HTTP/1.1 200 OK\r\n")
