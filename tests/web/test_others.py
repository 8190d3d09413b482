"""What one environment's calls cost another's: nothing, however long a lock is held, a body is or a receiver takes."""

import traceback
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from socket import socket
from threading import Event, RLock, current_thread
from typing import Any, cast

import pytest
from flask import Flask
from flask import request as current_request

from talkover_mock.admin.guard import Guard
from talkover_mock.api.app import ApiApplication
from talkover_mock.app import create_app
from talkover_mock.client import MockServer
from talkover_mock.environments import environment as environment_module
from talkover_mock.environments import world as world_module
from talkover_mock.environments.explain import explain
from talkover_mock.environments.world import World
from talkover_mock.loading.files import load
from talkover_mock.receiver import Answer, WebhookReceiver
from talkover_mock.web import server as server_module
from talkover_mock.web.server import Server
from tests.conftest import FIXTURES
from tests.support.documented import AGENT, TOGGLE, WEBHOOK
from tests.support.faulty import until
from tests.support.raw import CLOSE, LAST, OK, TOKEN_LINE, WAIT, asked, connect, request, some_of
from tests.support.routes import filled


class Other:
    """Another environment, which calls over a connection of its own.

    Each call is answered while what could delay it still lasts: so no time has to be measured, which a busy machine
    would spoil. What large inputs cost others in seconds is measured in tests/whole/test_bounds.py.
    """

    def __init__(self, server: Server, world: World, stack: ExitStack) -> None:
        token = world.open(world.default).tokens[0]
        self._line = f"Authorization: Bearer {token}\r\n".encode()
        self._client = stack.enter_context(connect(server))
        self._server = server
        asked(server, request(b"GET /__admin/clock", CLOSE))  # imports the admin side

    def call(self) -> None:
        """A toggle, the API's health and an admin route."""
        for line in (b"PATCH " + TOGGLE.encode(), b"GET /api/v1/health", b"GET /__admin/environments/staging"):
            self._client.sendall(request(line, self._line))
            assert some_of(self._client, b"\n" if b"__admin" in line else b"}").startswith(b"HTTP/1.1 200 OK")


@pytest.fixture
def other(server: Server, world: World, stack: ExitStack) -> Other:
    return Other(server, world, stack)


def test_a_lock_that_is_held_delays_the_calls_of_its_environment_alone(
    server: Server, world: World, other: Other, stack: ExitStack
) -> None:
    blocked = [stack.enter_context(connect(server)) for _ in range(5)]
    with world.default.lock:
        for client in blocked:
            client.sendall(request(b"PATCH " + TOGGLE.encode(), TOKEN_LINE, CLOSE))
        until(lambda: server.waiting == 5)
        for _ in range(20):
            other.call()
        until(lambda: server.waiting == 5)
    assert [client.recv(15) for client in blocked] == [b"HTTP/1.1 200 OK"] * 5


def test_a_body_that_takes_long_to_explain_delays_no_other_environment(
    server: Server, other: Other, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, over = Event(), Event()

    def explain_slowly(*arguments: Any) -> str:
        begun.set()
        assert over.wait(WAIT)
        return explain(*arguments)

    monkeypatch.setattr("talkover_mock.api.app.explain", explain_slowly)
    path = f"POST /api/v1/agents/{AGENT}/webhooks".encode()
    with ThreadPoolExecutor(1) as pool:
        refused = pool.submit(asked, server, request(path, TOKEN_LINE, CLOSE))
        assert begun.wait(WAIT)
        for _ in range(20):
            other.call()
        assert not refused.done()
        over.set()
    assert refused.result()[0].status == 422


@pytest.mark.slow
def test_receivers_that_hang_delay_no_other_environment(
    server: Server, mock: MockServer, other: Other, stack: ExitStack, receiver: WebhookReceiver
) -> None:
    """More tests of webhooks than there are threads at first, and a clock that waits for its deliveries."""
    mock.set_webhook(WEBHOOK, webhook_url=receiver.url, enabled=True, timeout=30)
    receiver.answer_always(Answer(delay_seconds=1_800))
    path = b"POST " + TOGGLE.replace("toggle", "test").encode()
    clients = [stack.enter_context(connect(server)) for _ in range(40)]
    for client in clients:
        client.sendall(request(path, TOKEN_LINE))
    until(lambda: server.waiting == 40)
    for _ in range(10):
        other.call()
    until(lambda: server.waiting == 40)


def test_calls_of_different_tokens_take_turns_where_they_wait_for_a_thread(
    monkeypatch: pytest.MonkeyPatch, serve: Callable[[Flask], Server], stack: ExitStack
) -> None:
    monkeypatch.setattr(server_module, "_FEW_THREADS", 1)
    monkeypatch.setattr(server_module, "_MOST_THREADS", 1)
    app, tokens, over = Flask(__name__), list[str](), Event()

    @app.get("/")
    def view() -> str:
        tokens.append(current_request.headers["Authorization"])
        over.wait(WAIT)
        return ""

    server = serve(app)
    clients = list[socket]()
    for token in (b"one", *[b"one"] * 20, b"other"):
        clients.append(stack.enter_context(connect(server)))
        clients[-1].sendall(request(b"GET /", b"Authorization: " + token + b"\r\n", CLOSE))
        until(lambda: server.waiting == len(clients))
    over.set()
    assert [client.recv(15) for client in clients] == [b"HTTP/1.1 200 OK"] * len(clients)
    assert tokens.index("other") == 2


class Watched:
    """A lock that notes where an event loop waits for it."""

    waits: list[str]

    def __init__(self) -> None:
        self._lock = RLock()

    def acquire(self, blocking: bool = True, timeout: float = -1) -> bool:
        is_loop = current_thread().name == "talkover-mock-server"
        if is_loop and blocking and not self._is_owned():
            self.waits.append("".join(traceback.format_stack()))
        return self._lock.acquire(blocking, timeout)

    def release(self) -> None:
        self._lock.release()

    def __enter__(self) -> None:
        self.acquire()

    def __exit__(self, *_: object) -> None:
        self.release()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._lock, name)


@pytest.mark.slow
@pytest.mark.parametrize("is_held", [True, False], ids=["held", "free"])
def test_the_event_loop_never_waits_for_a_lock(
    is_held: bool, started: Callable[[Any], Server], monkeypatch: pytest.MonkeyPatch
) -> None:
    waits: list[str] = []
    monkeypatch.setattr(Watched, "waits", waits, raising=False)
    monkeypatch.setattr(environment_module, "RLock", Watched)
    monkeypatch.setattr(world_module, "Lock", Watched)
    world = World(load([FIXTURES]))
    app = cast(ApiApplication, create_app(world, Guard()).wsgi_app)
    server, over = started(app), Event()

    def hold() -> None:
        """Takes and gives back the lock again and again, so that the loop finds it so and so."""
        while not over.is_set():
            with world.default.lock:
                over.wait(0.0005)
            over.wait(0.0005)

    lines = [f"{route.method} {filled(route.path)}".encode() for route in app.routes]
    lines += [b"PATCH " + TOGGLE.encode(), b"OPTIONS " + TOGGLE.encode(), b"GET /nowhere", b"BREW /", b"GET /__admin/"]
    length = b"Content-Type: application/json\r\nContent-Length: 2\r\n"
    tokens = [TOKEN_LINE, b"", TOKEN_LINE.replace(b"talq_test", b"talq_staging"), TOKEN_LINE.replace(b"talq", b"no")]
    with ThreadPoolExecutor(1) as pool:
        try:
            holding = pool.submit(hold) if is_held else None
            for line in lines * (3 if is_held else 1):
                for token in tokens:
                    assert asked(server, request(line, token, length, CLOSE, body=b"{}"))
            assert asked(server, request(b"GET /api/v1/health") * 200 + LAST)[-1].body == OK
            over.set()
            assert holding is None or holding.result(WAIT) is None
        finally:
            over.set()
            world.stop()
    assert waits == []
