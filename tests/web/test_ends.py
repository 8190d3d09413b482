"""Applications that fail and servers that stop: nothing is lost, left over or said."""

import asyncio.selector_events
import gc
import logging
import socket
import weakref
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from threading import Event
from typing import Any

import pytest
from flask import Flask

import talkover_mock.web.server as web_server
from talkover_mock.environments.world import World
from talkover_mock.web.answers import Answer
from talkover_mock.web.connection import HttpConnection
from talkover_mock.web.server import Server
from tests.support.faulty import add_fault_at, until, until_held_up
from tests.support.raw import (
    CLOSE,
    HEALTH,
    LAST,
    OK,
    TOKEN_LINE,
    WAIT,
    answers_in,
    asked,
    connect,
    is_open,
    request,
    rest_of,
    toggle,
    until_ended,
)
from tests.support.threads import threads_left
from tests.support.turns import every_turn


@pytest.fixture
def server(app: Flask, started: Callable[[Any], Server]) -> Server:
    return started(app.wsgi_app)


def test_what_fails_before_a_thread_has_it_is_a_server_error_and_the_connection_lives(
    started: Callable[[Any], Server], log: list[str]
) -> None:
    class Application:
        def begin(self, environ: dict[str, Any]) -> Answer:
            if environ["PATH_INFO"] == "/bad":
                raise RuntimeError("a bug\nwith two lines")
            return Answer(OK)

    failed, last = asked(started(Application()), request(b"GET /bad") + LAST)
    assert (failed.status, last.body) == (500, OK)
    assert failed.headers["x-mockserver-reason"] == r"the application failed: RuntimeError('a bug\nwith two lines')"
    assert log[0].endswith("RuntimeError: a bug\nwith two lines")


@pytest.mark.parametrize("parts", [[b"a", "b"], [3], None])
def test_an_application_that_breaks_the_rules_ends_its_connection_alone(
    parts: Any, started: Callable[[Any], Server], log: list[str]
) -> None:
    def answer(environ: dict[str, Any], start_response: Callable[..., object]) -> Any:
        if environ["PATH_INFO"] == "/good":
            start_response("200 OK", [("Content-Length", "0"), ("Date", "today")])
            return []
        return parts

    server = started(answer)
    [failed] = asked(server, request(b"GET /bad", CLOSE))
    assert failed.status == 500
    [good] = asked(server, request(b"GET /good", CLOSE))
    assert (good.status, good.headers["date"]) == (200, "today")
    assert log[0].startswith("Traceback")
    assert server.waiting == 0


def test_a_connection_that_fails_ends_alone_among_those_that_are_answered_together(log: list[str]) -> None:
    class Application:
        def begin(self, environ: dict[str, Any]) -> Answer:
            return Answer(OK if environ["PATH_INFO"] == "/good" else None)  # type: ignore[arg-type]

    server = Server(Application(), log=log.append)  # type: ignore[arg-type]
    with ExitStack() as stack:
        clients = [stack.enter_context(connect(server)) for _ in range(3)]
        for client, path in zip(clients, (b"/good", b"/bad", b"/good"), strict=True):
            client.sendall(request(b"GET /good") + request(b"GET " + path, CLOSE))
        server.start()  # all three have come by now, so that they have one turn
        stack.callback(server.stop)
        first, failed, last = ([*answers_in(rest_of(client))] for client in clients)
    assert [len(answers) for answers in (first, failed, last)] == [2, 1, 2]
    assert all(answer.body == OK for answer in (*first, *failed, *last))
    assert log == ["a connection failed: TypeError(\"object of type 'NoneType' has no len()\")"]


def test_the_end_of_an_answer_is_told_to_the_application(started: Callable[[Any], Server]) -> None:
    ended = Event()

    class Body:
        def __iter__(self) -> Iterator[bytes]:
            return iter([b"a", b"b"])

        def close(self) -> None:
            ended.set()

    def answer(_: Any, start_response: Callable[..., object]) -> Body:
        start_response("200 OK", [])
        return Body()

    assert asked(started(answer), request(b"GET /", CLOSE))[0].body == b"ab"
    assert ended.wait(WAIT)


@pytest.mark.slow
def test_connections_that_have_ended_leave_nothing(
    server: Server, log: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[weakref.ref[HttpConnection]] = []

    def add(connection: HttpConnection, real: Callable[[HttpConnection], None] = server.add) -> None:
        made.append(weakref.ref(connection))
        real(connection)

    monkeypatch.setattr(server, "add", add)
    add_fault_at(server, action="hang", match={"path": "*/toggle"})
    kinds = [LAST, b"BREW / HTTP/1.1\r\n\r\n", toggle(b"Content-Length: 99000000000\r\n"), HEALTH[:-3], toggle()]
    for sent in kinds * 3:
        with connect(server) as client:
            client.sendall(sent)
            if b"PATCH" in sent and b"Length" not in sent:
                until_held_up(server, 1)
    until_held_up(server, 0)
    until(lambda: not server._connections)
    assert server._idle == {}
    until(lambda: gc.collect() >= 0 and not [each for each in made if each() is not None])
    assert len(made) > len(kinds) * 3
    assert not [line for line in log if "Traceback" in line or "Fatal" in line]


@pytest.mark.slow
def test_stopping_while_clients_connect_ask_and_leave_is_quiet(app: Flask, logged: list[logging.LogRecord]) -> None:
    """Nothing is lost or said, and no connection stays, at whatever moment it stops."""
    log: list[str] = []
    over = Event()

    def bother(port: int) -> None:
        sent = [HEALTH, request(b"GET /api/v1/agents", TOKEN_LINE), b"nonsense\r\n\r\n", b"", HEALTH[:-3]]
        kinds = iter(sent * 10_000)
        while not over.is_set():
            try:
                with socket.create_connection(("127.0.0.1", port), WAIT) as client:
                    client.sendall(next(kinds))
                    client.settimeout(0.01)
                    client.recv(100)
            except OSError:
                continue

    for number in range(40):
        server = Server(app.wsgi_app, log=log.append)
        server.start()
        over.clear()
        with ThreadPoolExecutor(3) as pool:
            try:
                for _ in range(3):
                    pool.submit(bother, server.port)
                Event().wait(0.002 * (number % 10))
                server.stop()
            finally:
                over.set()
    assert threads_left() == []
    assert [line for line in log if "nonsense" not in line and "Fatal" in line] == []
    assert logged == []


@pytest.mark.slow
def test_a_hundred_servers_that_stop_in_the_middle_of_everything_leave_nothing(app: Flask, world: World) -> None:
    """An idle connection, a wait, a running worker: the detector of leaks looks for threads and descriptors."""
    running, released = Event(), Event()

    def application(environ: Any, start_response: Any) -> Any:
        if environ["PATH_INFO"] == "/slow":
            running.set()
            released.wait(WAIT)
        return app.wsgi_app(environ, start_response)

    for _ in range(100):
        server = Server(application)
        server.start()
        running.clear()
        released.clear()
        with connect(server) as idle, connect(server) as waits, connect(server) as slow:
            assert is_open(idle)
            waits.sendall(request(b"GET /__admin/requests?min=999&wait=60"))
            slow.sendall(request(b"GET /slow"))
            assert running.wait(WAIT)
            until(lambda: world.default.journal.log.waits)
            released.set()
            server.stop()
            for client in (idle, waits, slow):
                until_ended(client)
        until(lambda: not world.default.journal.log.waits)
        world.default.journal.clear()
    assert threads_left() == []


def test_a_server_in_front_may_be_stopped_from_another_thread(app: Flask) -> None:
    server = Server(app.wsgi_app)
    with ThreadPoolExecutor(1) as pool:
        front = pool.submit(server.serve)
        with connect(server) as client:
            assert is_open(client)
        server.stop()
        front.result(WAIT)
    server.stop()


@pytest.mark.slow
def test_it_may_be_stopped_at_any_moment_of_its_beginning_and_its_end(app: Flask) -> None:
    def ending() -> Server:
        server = Server(app.wsgi_app)
        server.stop_soon()
        servers.append(server)
        return server

    servers: list[Server] = []
    for server, results in every_turn(ending, Server.serve, Server.stop, web_server, asyncio.selector_events):
        assert results == [None, None]
        assert server.loop.is_closed()
    servers[-1].stop()  # at whose lines nobody else did
