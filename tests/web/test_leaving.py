"""Clients that leave, close their half or never read, TLS on the plain port, and ends that a fault makes."""

import socket
import ssl
from collections.abc import Callable
from contextlib import ExitStack
from threading import Event
from time import monotonic
from typing import Any

import pytest
from flask import Flask

from talkover_mock.web import server as serving
from talkover_mock.web import writer
from talkover_mock.web.answers import Answer
from talkover_mock.web.server import Server
from tests.support.faulty import add_fault_at, until
from tests.support.raw import CLOSE, HEALTH, TOKEN_LINE, WAIT, answers_in, connect, request, rest_of, toggle


@pytest.fixture
def server(app: Flask, started: Callable[[Any], Server]) -> Server:
    return started(app.wsgi_app)


def test_tls_ends_at_once_with_a_word_in_the_log(server: Server, log: list[str]) -> None:
    with connect(server) as client, pytest.raises((ssl.SSLError, ConnectionError)):
        ssl.create_default_context().wrap_socket(client, server_hostname="localhost")
    until(lambda: log)
    assert log == ["TLS came to a port that speaks plain HTTP; use http://"]


@pytest.mark.parametrize("sent", [HEALTH, toggle(), request(b"GET /api/v1/agents", TOKEN_LINE), HEALTH + toggle()])
def test_a_client_that_closes_its_half_gets_its_answers(sent: bytes, server: Server) -> None:
    with connect(server) as client:
        client.sendall(sent)
        client.shutdown(socket.SHUT_WR)
        found = list(answers_in(rest_of(client)))
    assert [answer.status for answer in found] == [200] * sent.count(b"HTTP/1.1")


def test_a_client_that_closes_its_half_in_the_middle_of_a_request_gets_nothing(server: Server) -> None:
    with connect(server) as client:
        client.sendall(HEALTH[:-3])
        client.shutdown(socket.SHUT_WR)
        assert rest_of(client) == b""


def few_at_once(server: Server) -> socket.socket:
    """A connection of which the system keeps only a few kilobytes."""
    client = socket.socket()
    client.settimeout(WAIT)
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1_024)
    client.connect(("127.0.0.1", server.port))
    until(lambda: server._connections)
    for each in server._connections:
        each.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1_024)
    return client


def of_size(size: int) -> Callable[..., list[bytes]]:
    """An application that answers with so many bytes."""

    def answer(_: Any, start_response: Callable[..., object]) -> list[bytes]:
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [bytes(size)]

    return answer


@pytest.mark.slow
@pytest.mark.parametrize("headers", [b"", CLOSE], ids=["kept", "the last request"])
@pytest.mark.parametrize("size", [40_000, 10_000_000])
def test_a_client_that_never_reads_is_cut_off(
    size: int,
    headers: bytes,
    started: Callable[[Any], Server],
    stack: ExitStack,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Also one of whose answer so little is left that the transport would take more."""
    monkeypatch.setattr(writer, "READING_SECONDS", 0.05)
    monkeypatch.setattr(serving, "_IDLE_SECONDS", 0.1)
    monkeypatch.setattr(serving, "_SWEEP_SECONDS", 0.02)
    server = started(of_size(size))
    client = stack.enter_context(few_at_once(server))
    client.sendall(request(b"GET /", headers))
    until(lambda: not server._connections)
    assert server.waiting == 0


@pytest.mark.slow
@pytest.mark.parametrize("size", [20_000, 60_000, 100_000])
def test_no_more_is_answered_to_a_client_that_does_not_read(
    size: int, started: Callable[[Any], Server], stack: ExitStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Application:
        made = 0

        def begin(self, _: dict[str, Any]) -> Answer:
            self.made += 1
            return Answer(bytes(size))

    monkeypatch.setattr(writer, "READING_SECONDS", 0.1)
    application = Application()
    server = started(application)
    client = stack.enter_context(few_at_once(server))
    client.sendall(request(b"GET /") * 1_000)
    until(lambda: not server._connections)
    assert application.made < 10_000_000 / size


@pytest.mark.slow
def test_a_client_that_reads_slowly_gets_the_whole_answer(
    started: Callable[[Any], Server], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "READING_SECONDS", 0.1)
    server = started(of_size(1_000_000))
    with few_at_once(server) as client:
        client.sendall(request(b"GET /", CLOSE))
        received, end = 0, monotonic() + 0.4
        while part := client.recv(4_096):
            received += len(part)
            if monotonic() < end:
                Event().wait(0.005)
    assert received > 1_000_000


@pytest.mark.slow
def test_answers_that_fill_the_connection_again_and_again_cut_nobody_off(
    started: Callable[[Any], Server], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A look at a client that has read meanwhile must not take the next answer for the last one."""
    monkeypatch.setattr(writer, "READING_SECONDS", 0.1)
    server = started(of_size(8_000_000))
    with connect(server) as client:
        for _ in range(6):
            client.sendall(request(b"GET /"))
            Event().wait(0.04)  # the answer waits, not as long as is allowed
            received = b""
            while len(received) < 8_000_000:
                part = client.recv(1_000_000)
                assert part
                received += part
            client.setblocking(True)
            rest_size = 8_000_000 + received.index(b"\r\n\r\n") + 4 - len(received)
            while rest_size:
                rest_size -= len(client.recv(rest_size))


def test_a_reset_is_one_of_tcp_and_a_truncated_answer_ends_in_the_middle(server: Server) -> None:
    add_fault_at(server, action="connection_reset", times=1, match={"path": "*/toggle"})
    add_fault_at(server, action="truncated_body", times=1, match={"path": "*/toggle"})
    with connect(server) as client:
        client.sendall(toggle())
        with pytest.raises(ConnectionResetError):
            client.recv(1)
    with connect(server) as client:
        client.sendall(toggle())
        head, _, body = rest_of(client).partition(b"\r\n\r\n")
    assert 0 < len(body) < int(head.split(b"Content-Length: ")[1].split(b"\r\n")[0])
