"""Too many connections, slow ones and unfinished bodies: who goes, and who never does."""

import socket
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from threading import Event
from time import monotonic
from typing import Any

import pytest
from flask import Flask

from talkover_mock.environments.world import World
from talkover_mock.web import server as serving
from talkover_mock.web.answers import Answer
from talkover_mock.web.server import Server
from tests.support.faulty import until
from tests.support.raw import (
    HEALTH,
    LAST,
    OK,
    TOKEN_LINE,
    answers_in,
    connect,
    is_ended,
    is_open,
    request,
    rest_of,
    some_of,
    toggle,
)

A_SECOND = 2.0
"""As long as a second may take on a busy machine."""


@pytest.fixture
def server(app: Flask, started: Callable[[Any], Server]) -> Server:
    return started(app.wsgi_app)


@pytest.fixture
def three(app: Flask, started: Callable[[Any], Server], monkeypatch: pytest.MonkeyPatch) -> Server:
    """A server of at most three connections."""
    monkeypatch.setattr(serving, "most_connections", lambda: 3)
    return started(app.wsgi_app)


def connected(server: Server, stack: ExitStack, sent: bytes = b"") -> socket.socket:
    """A connection that the server knows of."""
    before = len(server._connections)
    client = stack.enter_context(connect(server))
    until(lambda: len(server._connections) > before)
    client.sendall(sent)
    return client


def test_one_connection_too_many_costs_the_one_that_was_longest_without_a_request(
    three: Server, stack: ExitStack
) -> None:
    first, second, third = (connected(three, stack, HEALTH[:-3]) for _ in range(3))
    first.sendall(HEALTH[-3:])
    some_of(first, OK)
    fourth = stack.enter_context(connect(three))
    assert is_open(fourth)
    assert is_ended(second)
    third.sendall(HEALTH[-3:])
    some_of(third, OK)
    assert is_open(first)


def test_who_is_answered_or_waits_is_never_the_one_too_many(three: Server, world: World, stack: ExitStack) -> None:
    staging = b"Authorization: Bearer talq_staging\r\n"
    waits = connected(three, stack, request(b"GET /__admin/requests?min=1&wait=60", staging))
    until(lambda: world.by_name("staging").journal.log.waits)
    with world.by_name("staging").lock:
        busy = connected(three, stack, request(b"GET /api/v1/agents", staging))
        until(lambda: three.waiting == 2)
        for _ in range(5):
            assert is_open(stack.enter_context(connect(three)))
    assert [client.recv(15) for client in (busy, waits)] == [b"HTTP/1.1 200 OK"] * 2


def test_many_connections_too_many_at_once_are_as_many_that_go(three: Server, stack: ExitStack) -> None:
    clients = [stack.enter_context(connect(three)) for _ in range(60)]
    assert is_open(stack.enter_context(connect(three)))
    until(lambda: len(three._connections) <= 3)
    assert sum(is_ended(client) for client in clients[:-2]) == 58


@pytest.mark.slow
@pytest.mark.parametrize("sent", [b"", HEALTH[:-2], toggle(b"Content-Length: 9\r\n", body=b"half")])
def test_what_is_not_whole_in_time_is_cut_off(
    sent: bytes,
    app: Flask,
    started: Callable[[Any], Server],
    stack: ExitStack,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """However often something comes; whoever asks stays."""
    monkeypatch.setattr(serving, "_IDLE_SECONDS", 0.3)
    monkeypatch.setattr(serving, "_SWEEP_SECONDS", 0.02)
    server = started(app.wsgi_app)
    begin, other = monotonic(), stack.enter_context(connect(server))
    client = connected(server, stack, sent)
    client.settimeout(0.02)
    while True:
        assert is_open(other)
        try:
            assert client.recv(1) == b""
            break
        except TimeoutError:
            client.sendall(b"A: b\r\n" if sent.startswith(b"GET") else b"")
        except ConnectionResetError:  # it ended while something was on its way
            break
    assert 0.2 < monotonic() - begin < A_SECOND


def test_unfinished_bodies_have_one_bound_and_the_oldest_goes(
    server: Server, stack: ExitStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serving, "MOST_UNFINISHED_BYTES", 1_000_000)
    unfinished = toggle(b"Content-Length: 900000\r\n", body=bytes(300_000))
    idle = connected(server, stack)
    clients = []
    for kept in (300_000, 600_000, 900_000, 900_000):
        clients.append(connected(server, stack, unfinished))
        until(partial(lambda kept: server._unfinished == kept, kept))
    assert is_ended(clients[0])
    assert is_open(idle)
    clients[3].sendall(bytes(200_000))
    assert is_ended(clients[1])
    clients[2].close()
    until(lambda: server._unfinished == 500_000)
    clients[3].sendall(bytes(400_000))
    assert b"200 OK" in some_of(clients[3], b"}}")
    assert server._unfinished == 0


@pytest.mark.slow
def test_a_body_behind_a_request_that_is_being_answered_is_not_read_on(
    server: Server, world: World, stack: ExitStack
) -> None:
    sent = request(b"GET /api/v1/agents", TOKEN_LINE) + toggle(b"Content-Length: 9000000\r\n", body=bytes(9_000_000))
    with world.default.lock:
        client = connected(server, stack)
        client.setblocking(False)
        left = sent[client.send(sent) :]
        until(lambda: server._unfinished)
        most = 0
        for _ in range(20):
            most = max(most, server._unfinished)
            Event().wait(0.005)
    assert most < 500_000
    client.setblocking(True)
    client.sendall(left + LAST)
    assert [answer.status for answer in answers_in(rest_of(client))] == [200, 200, 200]


def test_such_a_body_is_refused_where_nothing_else_can_go(
    server: Server, world: World, stack: ExitStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serving, "MOST_UNFINISHED_BYTES", 10)
    with world.default.lock:
        client = connected(server, stack, request(b"GET /api/v1/agents", TOKEN_LINE))
        until(lambda: server.waiting)
        client.sendall(toggle(b"Content-Length: 99\r\n", body=bytes(50)) + LAST)
        until(lambda: next(iter(server._connections))._refused)
    first, refusal = answers_in(rest_of(client))
    assert (first.status, refusal.status, server._unfinished) == (200, 503, 0)


def test_a_connection_with_thousands_of_requests_lets_others_have_their_turn() -> None:
    turns: list[str] = []

    class Application:
        def begin(self, environ: dict[str, Any]) -> Answer:
            turns.append(environ["PATH_INFO"])
            return Answer()

    server = Server(Application())  # type: ignore[arg-type]
    with connect(server) as many, connect(server) as one:
        many.sendall(request(b"GET /many") * 3_000)
        one.sendall(request(b"GET /one"))
        server.start()
        try:
            some_of(one, b"\r\n\r\n")
            until(lambda: len(turns) == 3_001)
        finally:
            server.stop()
    assert turns.index("/one") < 1_000
