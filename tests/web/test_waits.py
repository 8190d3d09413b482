"""Waits cost no thread: thousands at once, what ends one, and that nothing of it is kept."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from threading import enumerate as threads
from time import monotonic
from typing import Any

import pytest
from flask import Flask

from talkover_mock.base.signals import Signal
from talkover_mock.environments.world import World
from talkover_mock.web.answers import Answer
from talkover_mock.web.server import Server
from talkover_mock.web.waiting import Waiting
from tests.support.faulty import until
from tests.support.raw import (
    CLOSE,
    LAST,
    OK,
    WAIT,
    answers_in,
    asked,
    connect,
    is_open,
    request,
    rest_of,
    some_of,
    toggle,
)

resource = pytest.importorskip("resource")
A_SECOND = 2.0
"""As long as a second may take on a busy machine."""
WANTED = 2_000
FEW_THREADS = 30
WAITS = request(b"GET /__admin/requests?min=1&wait=60")


@pytest.fixture
def count() -> Iterator[int]:
    """As many waits as the system has descriptors for, of which each needs two."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 2 * WANTED + 1_000
    most = wanted if hard < 0 else min(hard, wanted)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, most), hard))
    found = min(WANTED, (max(soft, most) - 1_000) // 2)
    if found < WANTED:
        print(f"only {found} waits: the system allows {hard} descriptors")  # noqa: T201
    yield found
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def server_threads() -> int:
    return sum(thread.name.startswith("talkover-mock-server") for thread in threads())


@pytest.mark.slow
def test_two_thousand_waits_cost_no_thread_each_and_are_gone_with_their_clients(
    count: int, app: Flask, started: Callable[[Any], Server], world: World, stack: ExitStack
) -> None:
    server, most = started(app.wsgi_app), 0
    token = world.open(world.default).tokens[0].encode()
    other = stack.enter_context(connect(server))
    asked(server, request(b"GET /__admin/clock", CLOSE))  # imports the admin side
    clients = [stack.enter_context(connect(server)) for _ in range(count)]

    def all_wait() -> bool:
        nonlocal most
        most = max(most, server_threads())
        return world.default.journal.log.waits == count and server.waiting == count

    for client in clients:
        client.sendall(WAITS)
        all_wait()
    until(all_wait)
    begin = monotonic()
    for _ in range(20):
        other.sendall(toggle().replace(b"talq_test", token))
        assert some_of(other, b"}}").startswith(b"HTTP/1.1 200 OK")
    assert monotonic() - begin < A_SECOND
    assert asked(server, request(b"GET /__admin/clock", CLOSE))[0].status == 200
    assert asked(server, toggle(CLOSE))[0].status == 200
    for client in clients:
        assert client.recv(15) == b"HTTP/1.1 200 OK"
        most = max(most, server_threads())
    for client in clients:
        client.recv(65_536)
    until(lambda: server.waiting == 0)
    world.default.journal.clear()
    for client in clients:
        client.sendall(WAITS)
    until(all_wait)
    begin = monotonic()
    for client in clients:
        client.close()
    until(lambda: server.waiting == 0)
    assert monotonic() - begin < A_SECOND
    assert world.default.journal.log.waits == 0
    assert most < FEW_THREADS


class Application:
    """Waits for signals, one after another, and tells how each wait ended."""

    def __init__(self, *seconds: float) -> None:
        self.signals = [Signal() for _ in seconds]
        self.seconds, self.ended = seconds, 0

    def __call__(self, environ: Any, start_response: Any) -> Any:
        return self.wait(0)(environ, start_response)

    def wait(self, number: int) -> Answer | Waiting:
        if number == len(self.signals):
            return Answer(OK)
        return Waiting(self.signals[number], self.seconds[number], lambda: self.wait(number + 1), self.end)

    def end(self) -> None:
        self.ended += 1

    @property
    def kept(self) -> int:
        """The callbacks that the signals keep."""
        return sum(len(signal._callbacks) for signal in self.signals)


def test_a_wait_for_what_has_happened_already_is_none(started: Callable[[Any], Server]) -> None:
    app = Application(60, 60)
    for signal in app.signals:
        signal.set()
    [answer] = asked(started(app), request(b"GET /", CLOSE))
    assert (answer.body, app.ended, app.kept) == (OK, 2, 0)


def test_waits_one_after_another_end_by_their_signals_or_their_time(started: Callable[[Any], Server]) -> None:
    app = Application(60, 0.02, 60)
    server = started(app)
    with connect(server) as client:
        client.sendall(request(b"GET /", CLOSE))
        until(lambda: app.signals[0]._callbacks)
        app.signals[0].set()
        until(lambda: app.signals[2]._callbacks)
        assert app.ended == 2
        app.signals[1].set()  # too late: it must not end the wait that is under way
        app.signals[2].set()
        assert rest_of(client).endswith(OK)
    assert (app.ended, app.kept, server.waiting) == (3, 0, 0)


@pytest.mark.parametrize("leave", [True, False], ids=["the client leaves", "the server stops"])
def test_a_wait_that_nobody_wants_any_more_is_forgotten(leave: bool, started: Callable[[Any], Server]) -> None:
    app = Application(60)
    server = started(app)
    with connect(server) as client:
        client.sendall(request(b"GET /"))
        until(lambda: app.kept and server.waiting)
        if not leave:
            server.stop()
    until(lambda: app.ended)
    assert (app.ended, app.kept) == (1, 0)
    app.signals[0].set()  # which wakes nobody


def test_what_fails_after_a_wait_is_a_server_error(started: Callable[[Any], Server], log: list[str]) -> None:
    def fail() -> Answer:
        raise RuntimeError("a bug")

    signal = Signal()
    signal.set()
    found = asked(started(Waiting(signal, 60, fail)), request(b"GET /") + LAST)
    assert [answer.status for answer in found] == [500, 500], "the connection goes on"
    assert log[0].endswith("RuntimeError: a bug")


def test_requests_behind_a_wait_are_answered_after_it(started: Callable[[Any], Server], app: Flask) -> None:
    server = started(app.wsgi_app)
    with connect(server) as client, connect(server) as other:
        client.sendall(WAITS + toggle() + LAST)
        until(lambda: server.waiting)
        assert is_open(other)
        found = list(answers_in(rest_of(client)))
    assert [answer.status for answer in found] == [200, 200, 200]


def test_a_client_that_leaves_behind_a_wait_and_an_unfinished_request_is_gone_after_the_wait(
    started: Callable[[Any], Server],
) -> None:
    app = Application(0.05)
    server = started(app)
    with connect(server) as client:
        client.sendall(request(b"GET /") + toggle(b"Content-Length: 99\r\n", body=b"half"))
        until(lambda: app.kept)
    until(lambda: not server._connections)
    assert WAIT > 0
    assert (server._unfinished, server._idle, app.kept) == (0, {}, 0)
