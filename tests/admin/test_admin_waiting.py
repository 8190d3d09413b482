"""Requests that wait for deliveries: what ends a wait, and that waits keep nobody from being answered."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from http.client import HTTPConnection
from time import monotonic
from typing import Any

import pytest
import requests

from talkover_mock.environments.world import World
from talkover_mock.receiver import Answer, WebhookReceiver
from talkover_mock.web.server import Server
from tests.support.delivering import ENDED, STARTED, WAIT, delivering
from tests.support.documented import AGENT, TOGGLE, TOKEN
from tests.web.test_server import threads_left

DELIVERIES = "/__admin/deliveries"
THREADS = 8
"""How many threads answer while nobody waits."""


@pytest.fixture
def world(receiver: WebhookReceiver) -> Iterator[World]:
    world = delivering(receiver.url)
    yield world
    world.stop()


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(2) as pool:
        yield pool


def emit(server: Server, event: str = STARTED, **wanted: object) -> dict[str, Any]:
    body = {"agent_id": AGENT, "event": event, "wait": WAIT, **wanted}
    found: dict[str, Any] = requests.post(f"{server.url}/__admin/events", json=body, timeout=2 * WAIT).json()
    return found


def read(server: Server, query: str, **headers: str) -> dict[str, Any]:
    url = f"{server.url}{DELIVERIES}?{query}"
    found: dict[str, Any] = requests.get(url, headers=headers, timeout=6 * WAIT).json()
    return found


def until_waiting(server: Server, count: int) -> None:
    """Returns when so many requests wait, for each of which the server has a thread more; it answers all the while."""
    deadline = monotonic() + WAIT
    while sum(thread.name.startswith("waitress") for thread in threading.enumerate()) != THREADS + count:
        assert requests.get(f"{server.url}/api/v1/health", timeout=WAIT).ok
        assert monotonic() < deadline, f"there are never {count} waiting requests"


def waiting(pool: ThreadPoolExecutor, server: Server, query: str) -> "Future[dict[str, Any]]":
    """A search that waits."""
    found = pool.submit(read, server, query)
    until_waiting(server, 1)
    return found


def outcome(found: dict[str, Any]) -> tuple[bool, int, int]:
    return found["satisfied"], found["count"], len(found["deliveries"])


def test_enough_is_enough_at_once(server: Server, pool: ThreadPoolExecutor) -> None:
    found = waiting(pool, server, f"min=2&wait=300&event={ENDED}")
    for event in (ENDED, STARTED):
        emit(server, event)
    assert not found.done()
    emit(server, ENDED)
    assert outcome(found.result(WAIT)) == (True, 2, 2)


def test_what_has_come_before_counts(server: Server) -> None:
    emit(server)
    assert outcome(read(server, "min=1&wait=300")) == (True, 1, 1)


@pytest.mark.parametrize("query", ["min=0&wait=300", "wait=300", ""])
def test_without_anything_to_wait_for_the_answer_comes_at_once(query: str, server: Server) -> None:
    assert outcome(read(server, query)) == (True, 0, 0)


def test_too_few_are_not_satisfying_when_the_time_is_up(server: Server) -> None:
    emit(server)
    assert outcome(read(server, "min=2&wait=0.1")) == (False, 1, 1)
    assert outcome(read(server, "min=2")) == (False, 1, 1)


@pytest.mark.parametrize("query", ["max=0", "max=1", "min=0&max=0"])
def test_at_most_is_only_known_when_the_time_is_up(query: str, server: Server) -> None:
    started = monotonic()
    assert outcome(read(server, f"{query}&wait=0.3")) == (True, 0, 0)
    assert monotonic() - started >= 0.3
    assert outcome(read(server, query)) == (True, 0, 0)


@pytest.mark.parametrize(("query", "count"), {"max=0": 1, "max=1": 2, "min=1&max=1": 2}.items())
def test_one_too_many_ends_the_wait_at_once(query: str, count: int, server: Server, pool: ThreadPoolExecutor) -> None:
    found = waiting(pool, server, f"{query}&wait=300")
    for _ in range(count):
        assert not found.done()
        emit(server)
    assert outcome(found.result(WAIT)) == (False, count, count)


def test_enough_and_not_too_many_is_known_when_the_time_is_up(server: Server) -> None:
    emit(server)
    assert outcome(read(server, "min=1&max=1&wait=0.1")) == (True, 1, 1)
    assert outcome(read(server, "min=2&max=3&wait=0.1")) == (False, 1, 1)


def test_what_is_under_way_is_shown_and_does_not_count(server: Server, receiver: WebhookReceiver) -> None:
    receiver.answer_next(Answer(delay=1800))
    emit(server, wait=0)
    receiver.wait_for(1)
    assert outcome(read(server, "min=1&wait=0.1")) == (False, 0, 1)
    assert outcome(read(server, "max=0")) == (True, 0, 1)


def searches(server: Server, stack: ExitStack, query: str, count: int) -> list[HTTPConnection]:
    """As many clients that have asked and wait for an answer."""
    connections = [HTTPConnection("127.0.0.1", server.port, timeout=2 * WAIT) for _ in range(count)]
    for connection in connections:
        stack.callback(connection.close)
        connection.request("GET", f"{DELIVERIES}?{query}")
    return connections


def test_two_hundred_waiting_clients_block_neither_the_api_nor_each_other(server: Server) -> None:
    with ExitStack() as stack:
        one = searches(server, stack, "min=1&wait=300", 100)
        two = searches(server, stack, "min=2&wait=300", 100)
        until_waiting(server, 200)
        answer = requests.patch(server.url + TOGGLE, headers=TOKEN, timeout=WAIT).json()
        assert answer["message"] == "Webhook disabled"
        assert requests.patch(server.url + TOGGLE, headers=TOKEN, timeout=WAIT).ok
        for clients, left in ((one, 100), (two, 0)):
            emit(server)
            assert {connection.getresponse().status for connection in clients} == {200}
            until_waiting(server, left)
    assert requests.get(f"{server.url}/api/v1/health", timeout=WAIT).ok


def test_an_event_that_waits_for_its_deliveries_blocks_nobody(
    server: Server, receiver: WebhookReceiver, pool: ThreadPoolExecutor
) -> None:
    receiver.answer_next(Answer(delay=1800))
    emitted = pool.submit(emit, server, STARTED)
    until_waiting(server, 1)
    receiver.wait_for(1)
    receiver.stop()
    found = emitted.result(WAIT)
    assert (found["finished"], found["deliveries"][0]["status"]) == (True, "success")
    until_waiting(server, 0)


def test_requests_that_do_not_wait_start_no_thread(server: Server) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Server, "_extra_thread", lambda _: 1 / 0)
        assert emit(server, wait=0)["skipped"] != []
        assert "count" in read(server, "min=1")


def reset(server: Server) -> None:
    assert requests.post(f"{server.url}/__admin/reset", timeout=WAIT).ok


def close(server: Server) -> None:
    assert requests.delete(f"{server.url}/__admin/environments/mine", timeout=WAIT).ok


def search_in_mine(server: Server) -> dict[str, Any]:
    return read(server, "min=1&wait=300", Authorization="Bearer talq_mine")


def search(server: Server) -> dict[str, Any]:
    return read(server, "min=1&wait=300&status=failed")


def slow_event(server: Server) -> dict[str, Any]:
    return emit(server, wait=300)


ENDS: dict[str, tuple[Callable[[Server], Any], Callable[[Server], None]]] = {
    "a search by a reset": (search, reset),
    "a search by closing its environment": (search_in_mine, close),
    "an event by a reset": (slow_event, reset),
}


@pytest.mark.parametrize("case", ENDS)
def test_a_wait_is_ended_with_nothing(
    case: str, server: Server, receiver: WebhookReceiver, pool: ThreadPoolExecutor
) -> None:
    ask, end = ENDS[case]
    requests.post(f"{server.url}/__admin/environments", json={"name": "mine", "token": "talq_mine"}, timeout=WAIT)
    receiver.answer_always(Answer(delay=1800))
    found = pool.submit(ask, server)
    until_waiting(server, 1)
    end(server)
    answer = found.result(WAIT)
    assert answer["deliveries"] == []
    assert answer.get("satisfied", answer.get("finished")) is False
    until_waiting(server, 0)
    assert read(server, "")["deliveries"] == []


@pytest.mark.parametrize("ask", [search, slow_event])
def test_a_server_that_stops_ends_every_wait_within_a_second(
    ask: Callable[[Server], Any], server: Server, receiver: WebhookReceiver, pool: ThreadPoolExecutor
) -> None:
    receiver.answer_always(Answer(delay=1800))
    found = pool.submit(ask, server)
    until_waiting(server, 1)
    started = monotonic()
    server.stop()
    assert isinstance(found.exception(WAIT), requests.RequestException | None)
    assert monotonic() - started < 1
    assert threads_left() == []
