"""Reset, closing and stopping in the middle of deliveries: no ghost row, no late write, no request that hangs."""

import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import datetime, timedelta, timezone
from time import monotonic

import pytest
import requests
from flask import Flask

from talkover_mock.admin.guard import Guard
from talkover_mock.app import create_app
from talkover_mock.environments.environment import Environment
from talkover_mock.environments.world import World
from talkover_mock.receiver import Answer, WebhookReceiver
from talkover_mock.web.server import Server
from tests.support.disturbed import HoldingReceiver, started
from tests.support.documented import AGENT, TOGGLE, WEBHOOK
from tests.support.stories import MOMENT, STARTED, WAIT, attempts, emit, hook, statuses

OpenWorld = Callable[..., World]
HUNG = Answer(delay_seconds=60)
"""Until the receiver stops, or the sender gives up."""
A_SECOND = 2.0
"""As long as a second may take on a busy machine."""


class Silence:
    """A receiver that takes every connection and never says a word, not even in TLS."""

    def __init__(self) -> None:
        self._listening = socket.create_server(("127.0.0.1", 0), backlog=100)
        self._taken: list[socket.socket] = []
        self.address = f"127.0.0.1:{self._listening.getsockname()[1]}"

    def take(self, count: int) -> None:
        """Returns when so many are connected. Raises TimeoutError."""
        self._listening.settimeout(WAIT)
        self._taken += [self._listening.accept()[0] for _ in range(count)]

    def close(self) -> None:
        for connection in (*self._taken, self._listening):
            connection.close()


@pytest.fixture
def silence() -> Iterator[Silence]:
    with closing(Silence()) as silence:
        yield silence


def test_a_reset_in_the_middle_of_a_send_leaves_nothing_of_it(open_world: OpenWorld, receiver: WebhookReceiver) -> None:
    environment = open_world(hook(receiver.url)).default
    receiver.answer_next(Answer(500, delay_seconds=0.3))
    for _ in range(3):
        environment.deliveries.emit(AGENT, STARTED)
    receiver.wait_for(1)
    environment.reset()
    assert attempts(environment) == []
    assert emit(environment)[0].status == "success"
    environment.deliveries.advance(3600)
    assert (statuses(environment), len(receiver.requests)) == (["success"], 2)


def test_a_reset_forgets_the_retries_that_were_due_later(open_world: OpenWorld, receiver: WebhookReceiver) -> None:
    environment = open_world(hook(receiver.url)).default
    environment.freeze(MOMENT)
    receiver.answer_next(500)
    emit(environment)
    environment.reset()
    environment.freeze(MOMENT + timedelta(days=1))
    environment.deliveries.advance(3600)
    assert (statuses(environment), len(receiver.requests)) == ([], 1)


def test_a_reset_gives_the_same_ids_again(open_world: OpenWorld, receiver: WebhookReceiver) -> None:
    environment = open_world(hook(receiver.url)).default
    found = []
    for _ in range(2):
        environment.freeze(MOMENT)
        found.append([emit(environment)[0].id, emit(environment)[0].occurrence.id])
        environment.reset()
    assert found[0] == found[1]


def test_a_reset_ends_an_advance_and_the_clock_is_the_real_one(
    open_world: OpenWorld, receiver: WebhookReceiver
) -> None:
    environment = open_world(hook(receiver.url)).default
    environment.freeze(MOMENT)
    receiver.answer_next(500, HUNG)
    emit(environment)
    with ThreadPoolExecutor(1) as pool:
        advancing = pool.submit(environment.deliveries.advance, 3600)
        receiver.wait_for(2)
        environment.reset()
        advancing.result(WAIT)
    assert abs(datetime.now(timezone.utc) - environment.clock.moment()) < timedelta(seconds=10)
    assert (environment.clock.is_frozen, attempts(environment)) == (False, [])


def test_a_reset_between_an_event_and_the_wait_for_it_ends_the_wait(
    open_world: OpenWorld, receiver: WebhookReceiver
) -> None:
    environment = open_world(hook(receiver.url)).default
    receiver.answer_next(HUNG)
    emitted = environment.deliveries.emit(AGENT, STARTED)
    environment.reset()
    begin = monotonic()
    found = emitted.log.watch(lambda _: True, 1, None, 60)
    assert (found.satisfied, found.items) == (False, ())
    assert monotonic() - begin < WAIT


def test_a_reset_does_not_open_what_was_closed(open_world: OpenWorld, receiver: WebhookReceiver) -> None:
    environment = open_world(hook(receiver.url)).default
    environment.close()
    environment.reset()
    environment.deliveries.emit(AGENT, STARTED)
    environment.deliveries.advance(3600)
    assert not environment.deliveries.log.watch(lambda _: True, 1, None, 60).satisfied
    assert receiver.requests == []


def test_nothing_happens_in_a_world_that_has_stopped(open_world: OpenWorld, receiver: WebhookReceiver) -> None:
    world = open_world(hook(receiver.url))
    world.stop()
    before = threading.active_count()
    for environment in (world.default, world.open(world.default.baseline)):
        environment.deliveries.emit(AGENT, STARTED)
        environment.deliveries.advance(3600)
        assert not environment.deliveries.log.watch(lambda _: True, 1, None, 60).satisfied
    world.stop()
    assert (threading.active_count(), receiver.requests) == (before, [])


def reset(world: World, _: Server) -> None:
    world.by_name("opened").reset()


def close(world: World, _: Server) -> None:
    world.close("opened")


def stop(world: World, server: Server) -> None:
    world.stop()
    server.stop()


LONG_REQUESTS = (
    ("POST", "/__admin/events", {"agent_id": AGENT, "event": STARTED, "wait": 300}),
    ("GET", "/__admin/deliveries?min=100&wait=300", None),
    ("GET", "/__admin/deliveries?max=100&wait=300", None),
    ("POST", TOGGLE.replace("/toggle", "/test"), None),
)
ADVANCE = ("POST", "/__admin/clock/advance", {"seconds": 3600})


def call(url: str, method: str, path: str, body: object) -> int:
    """The status; 0 when the server goes away before it has answered."""
    try:
        headers = {"Authorization": "Bearer talq_opened"}
        return requests.request(method, url + path, json=body, headers=headers, timeout=WAIT).status_code
    except (requests.ConnectionError, requests.exceptions.ChunkedEncodingError):
        return 0


def wait_until_all_wait(environment: Environment) -> None:
    """Three requests for deliveries, and one that has the clock; nothing outside tells that they have come so far."""
    deadline, deliveries = monotonic() + WAIT, environment.deliveries
    while len(deliveries._outbox.log._expectations) < 3 or not deliveries._advancing._turn.locked():
        assert monotonic() < deadline
        threading.Event().wait(0.001)


@pytest.mark.slow
@pytest.mark.parametrize("interrupt", [reset, close, stop])
@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize("frozen", [True, False])
def test_every_long_request_and_every_delivery_ends_within_a_second(
    open_world: OpenWorld,
    silence: Silence,
    serve: Callable[[Flask], Server],
    interrupt: Callable[[World, Server], None],
    scheme: str,
    frozen: bool,
) -> None:
    world = open_world(*[hook(f"{scheme}://{silence.address}/", id) for id in (WEBHOOK, "2", "3")])
    server = serve(create_app(world, Guard()))
    environment = world.open(world.default.baseline, "opened", "talq_opened")
    if frozen:
        environment.freeze(MOMENT)
    with ThreadPoolExecutor(len(LONG_REQUESTS) + 1) as pool:
        calls = [pool.submit(call, server.url, *each) for each in LONG_REQUESTS]
        silence.take(2 if frozen else 4)  # the test, and the event's first delivery or all three
        calls.append(pool.submit(call, server.url, *ADVANCE))
        wait_until_all_wait(environment)
        begin = monotonic()
        interrupt(world, server)
        answers = [each.result(WAIT) for each in calls]
        assert monotonic() - begin < A_SECOND
    assert set(answers) <= ({0, 200} if interrupt is stop else {200})
    assert not attempts(environment)
    if interrupt is stop:
        assert [thread.name for thread in threading.enumerate() if "talkover_mock" in thread.name] == []


def test_closing_an_environment_leaves_the_deliveries_of_others_alone(
    open_world: OpenWorld,
) -> None:
    with started(HoldingReceiver()) as receiver:
        world = open_world(hook(receiver.url))
        world.open(world.default.baseline, "opened")
        for name in ("default", "opened"):
            world.by_name(name).deliveries.emit(AGENT, STARTED)
            world.by_name(name).deliveries.emit(AGENT, STARTED)
        receiver.wait_for(2)
        world.close("opened")
        receiver.go_on.set()
        assert world.default.deliveries.log.watch(lambda _: True, 2, None, WAIT).satisfied
    assert (statuses(world.default), len(receiver.requests)) == (["success", "success"], 3)


@pytest.mark.slow
@pytest.mark.parametrize("count", [1, 100])
def test_stopping_ends_every_thread_within_a_second_however_many_receivers_hang(
    open_world: OpenWorld, receiver: WebhookReceiver, count: int
) -> None:
    world = open_world(*[hook(f"{receiver.url}/{number}", str(number)) for number in range(count)])
    receiver.answer_always(HUNG)
    world.default.deliveries.emit(AGENT, STARTED)
    receiver.wait_for(count)
    begin = monotonic()
    world.stop()
    assert monotonic() - begin < A_SECOND
    assert [each.name for each in threading.enumerate() if each.name.startswith("talkover-mock-delivery")] == []
