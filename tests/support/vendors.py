"""Servers whose JSON is written as no mock writes it."""

import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from tests.support.peers import Peer, ok, peers

_USUAL = {"/campaigns": b'{"data": []}'}
_NONE = b'{"data": {"webhooks": []}}'


@contextmanager
def vendor(answers: Mapping[str, bytes], headers: bytes = b"") -> Iterator[str]:
    """The URL of a server that answers GET with these bytes by path below `/api/v1`, and else with nothing."""

    def answer(_: Peer, connection: socket.socket) -> None:
        request = connection.recv(1 << 16)
        if not request:
            return
        path = request.split(b" ", 2)[1].decode().partition("?")[0].removeprefix("/api/v1")
        head, _end, body = ok({**_USUAL, **answers}.get(path, _NONE)).partition(b"\r\n\r\n")
        connection.sendall(head + b"\r\n" + headers + b"\r\n" + body if headers else ok(body))

    with peers() as begin:
        yield begin(answer).url
