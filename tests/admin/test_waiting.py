"""Requests that wait for deliveries or for calls: what ends a wait, and that waits keep nobody from being answered."""

import socket
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from http.client import HTTPConnection
from time import monotonic

import pytest
import requests

from talkover_mock.environments.environment import Environment
from talkover_mock.environments.world import World
from talkover_mock.receiver import Answer, WebhookReceiver
from talkover_mock.web.server import Server
from tests.support.delivering import DELIVERIES, ENDED, delivering
from tests.support.documented import TOGGLE
from tests.support.faulty import FAULTS, REQUESTS, RESET, WAIT, Json, bearer, until_held_up
from tests.support.searched import AGENTS, CALLS_MADE, DELIVERIES_MADE, TOKEN_OF_MINE, Searched, both_logs, call, emit
from tests.support.threads import threads_left

ENVIRONMENTS = "/__admin/environments"


@pytest.fixture
def world(receiver: WebhookReceiver) -> Iterator[World]:
    world = delivering(receiver.url)
    yield world
    world.stop()


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(2) as pool:
        yield pool


@pytest.fixture
def environment(world: World) -> Environment:
    return world.default


@pytest.fixture
def mine(world: World) -> Environment:
    """Another environment."""
    return world.open(world.default, "mine", TOKEN_OF_MINE)


Wait = Callable[..., "Future[Json]"]


@pytest.fixture
def waiting(server: Server, environment: Environment, pool: ThreadPoolExecutor) -> Wait:
    """Begins a search that waits, and returns when it does."""

    def begin(history: Searched, query: str, within: Environment = environment) -> "Future[Json]":
        token = None if within is environment else TOKEN_OF_MINE
        found = pool.submit(history.read, server, f"{query}&wait=300", token)
        history.until_waiting(within, 1)
        return found

    return begin


@pytest.mark.usefixtures("mine")
@both_logs
def test_enough_is_enough_at_once_and_only_what_matches_counts(
    server: Server, waiting: Wait, history: Searched
) -> None:
    found = waiting(history, "min=2")
    history.happen(server)
    history.differ(server)
    assert not found.done()
    history.happen(server)
    assert history.outcome(found.result(WAIT)) == (True, 2, 2)


@both_logs
def test_what_has_come_before_counts(server: Server, history: Searched) -> None:
    history.happen(server)
    assert history.result(server, "min=1&wait=300") == (True, 1, 1)


@both_logs
@pytest.mark.parametrize("query", ["min=0&wait=300", "wait=0", ""])
def test_without_anything_to_wait_for_the_answer_comes_at_once(server: Server, history: Searched, query: str) -> None:
    assert history.result(server, query) == (True, 0, 0)


@both_logs
def test_too_few_are_not_satisfying_when_the_time_is_up(server: Server, history: Searched) -> None:
    history.happen(server)
    assert history.result(server, "min=2&wait=0.03") == (False, 1, 1)
    assert history.result(server, "min=2") == (False, 1, 1)


@pytest.mark.usefixtures("mine")
@both_logs
@pytest.mark.parametrize("query", ["max=0", "max=1", "min=0&max=0"])
def test_at_most_is_only_known_when_the_time_is_up(server: Server, history: Searched, query: str) -> None:
    history.differ(server)
    started = monotonic()
    assert history.result(server, f"{query}&wait=0.03") == (True, 0, 0)
    assert monotonic() - started >= 0.03
    assert history.result(server, query) == (True, 0, 0)


@both_logs
@pytest.mark.parametrize(("query", "count"), {"max=0": 1, "max=1": 2, "min=1&max=1": 2}.items())
def test_one_too_many_ends_the_wait_at_once(
    server: Server, waiting: Wait, history: Searched, query: str, count: int
) -> None:
    found = waiting(history, query)
    for _ in range(count):
        assert not found.done()
        history.happen(server)
    assert history.outcome(found.result(WAIT)) == (False, count, count)


@both_logs
def test_enough_and_not_too_many_is_known_when_the_time_is_up(server: Server, history: Searched) -> None:
    history.happen(server)
    assert history.result(server, "min=1&max=1&wait=0.03") == (True, 1, 1)
    assert history.result(server, "min=2&max=3&wait=0.03") == (False, 1, 1)


def test_a_delivery_that_is_under_way_is_shown_and_does_not_count(server: Server, receiver: WebhookReceiver) -> None:
    receiver.answer_next(Answer(delay_seconds=1800))
    emit(server, ENDED, wait=0)
    receiver.wait_for(1)
    assert DELIVERIES_MADE.result(server, "min=1&wait=0.03") == (False, 0, 1)
    assert DELIVERIES_MADE.result(server, "max=0") == (True, 0, 1)
    assert requests.get(f"{server.url}/__admin/deliveries?status=pending", timeout=WAIT).json()["count"] == 0
    for query in ("status=pending&max=0", "status=pending&min=1&wait=300"):
        answer = requests.get(f"{server.url}/__admin/deliveries?{query}", timeout=WAIT)
        assert (answer.status_code, answer.json()["title"]) == (422, "Bad status"), query
    expected = {"of": "deliveries", "status": "pending", "times": 0}
    assert requests.post(f"{server.url}/__admin/verify", json=expected, timeout=WAIT).status_code == 422


def test_a_held_call_counts_when_it_comes_and_once(server: Server) -> None:
    def search(query: str) -> Json:
        found: Json = requests.get(f"{server.url}{REQUESTS}?method=PATCH&{query}", timeout=6 * WAIT).json()
        return found

    fault = {"action": "hold", "match": {"method": "PATCH"}, "times": 1}
    requests.post(server.url + FAULTS, json=fault, timeout=WAIT)
    with ThreadPoolExecutor(4) as pool:
        found = [pool.submit(search, f"{query}wait=300") for query in ("min=1&", "status=held&min=1&")]
        twice = pool.submit(search, "min=2&wait=300")
        until_held_up(server, 3)
        held = pool.submit(call, server, "PATCH", TOGGLE)
        assert [CALLS_MADE.outcome(each.result(WAIT)) for each in found] == [(True, 1, 1)] * 2
        assert CALLS_MADE.outcome(search("status=held&max=0")) == (False, 1, 1)
        assert CALLS_MADE.outcome(search("path=*/toggle&max=0")) == (False, 1, 1)
        requests.delete(server.url + FAULTS, timeout=WAIT)
        held.result(WAIT)
        assert not twice.done()
        assert CALLS_MADE.outcome(search("status=held&max=0")) == (True, 0, 0)
        call(server, "PATCH", TOGGLE)
        assert CALLS_MADE.outcome(twice.result(WAIT)) == (True, 2, 2)


@both_logs
def test_deleting_the_log_keeps_those_who_wait(server: Server, waiting: Wait, history: Searched) -> None:
    history.happen(server)
    found = waiting(history, "min=2")
    assert call(server, "DELETE", history.path, {}).ok
    assert not found.done()
    history.happen(server)
    assert history.outcome(found.result(WAIT)) == (True, 2, 1)


def searches(server: Server, stack: ExitStack, history: Searched, query: str, count: int) -> list[HTTPConnection]:
    """As many clients that have asked and wait for an answer."""
    connections = [HTTPConnection("127.0.0.1", server.port, timeout=2 * WAIT) for _ in range(count)]
    for connection in connections:
        stack.callback(connection.close)
        connection.request("GET", f"{history.path}?{history.query}&{query}&wait=300")
    return connections


@pytest.mark.slow
@both_logs
def test_three_hundred_waiting_clients_block_neither_the_api_nor_each_other(
    server: Server, environment: Environment, history: Searched
) -> None:
    with ExitStack() as stack:
        one = searches(server, stack, history, "min=1", 150)
        two = searches(server, stack, history, "min=2", 150)
        history.until_waiting(environment, 300)
        assert call(server, "GET", AGENTS).ok
        for clients, left in ((one, 150), (two, 0)):
            history.happen(server)
            assert {connection.getresponse().status for connection in clients} == {200}
            history.until_waiting(environment, left)
    assert call(server, "GET", AGENTS).ok


def test_an_event_that_waits_for_its_deliveries_blocks_nobody(
    server: Server, environment: Environment, receiver: WebhookReceiver, pool: ThreadPoolExecutor
) -> None:
    receiver.answer_next(Answer(delay_seconds=1800))
    emitted = pool.submit(emit, server)
    DELIVERIES_MADE.until_waiting(environment, 1)
    receiver.wait_for(1)
    receiver.stop()
    found = emitted.result(WAIT)
    assert (found["finished"], found["deliveries"][0]["status"]) == (True, "success")
    until_held_up(server, 0)


def test_requests_that_do_not_wait_are_not_parked(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("talkover_mock.admin.search.Waiting", lambda *_, **__: 1 / 0)
    assert emit(server, wait=0)["skipped"] != []
    assert DELIVERIES_MADE.result(server, "min=1") == CALLS_MADE.result(server, "min=1") == (False, 0, 0)


@pytest.mark.parametrize("end", ["reset", "close"])
@pytest.mark.parametrize("query", ["min=1", "max=5"])
@both_logs
def test_a_reset_or_the_end_of_the_environment_ends_a_wait_unsatisfied(
    server: Server, waiting: Wait, mine: Environment, history: Searched, query: str, end: str
) -> None:
    found = waiting(history, query, mine)
    method, path = ("POST", RESET) if end == "reset" else ("DELETE", f"{ENVIRONMENTS}/mine")
    assert call(server, method, path, bearer(TOKEN_OF_MINE)).ok
    assert history.outcome(found.result(WAIT)) == (False, 0, 0)
    until_held_up(server, 0)


def test_a_reset_ends_an_event_that_waits_for_its_deliveries(
    server: Server, environment: Environment, receiver: WebhookReceiver, pool: ThreadPoolExecutor
) -> None:
    receiver.answer_always(Answer(delay_seconds=1800))
    found = pool.submit(emit, server, wait=300)
    DELIVERIES_MADE.until_waiting(environment, 1)
    assert call(server, "POST", RESET, {}).ok
    answer = found.result(WAIT)
    assert (answer["finished"], answer["deliveries"]) == (False, [])
    until_held_up(server, 0)
    assert requests.get(server.url + DELIVERIES, timeout=WAIT).json()["deliveries"] == []


@pytest.mark.slow
@both_logs
def test_a_server_that_stops_ends_every_wait_within_a_second(
    server: Server, environment: Environment, history: Searched
) -> None:
    with ExitStack() as stack:
        searches(server, stack, history, "min=1", 50)
        history.until_waiting(environment, 50)
        started = monotonic()
        server.stop()
        assert monotonic() - started < 1
    assert threads_left() == []


@pytest.mark.slow
def test_a_server_that_stops_ends_an_event_that_waits_within_a_second(
    server: Server, environment: Environment, receiver: WebhookReceiver, pool: ThreadPoolExecutor
) -> None:
    receiver.answer_always(Answer(delay_seconds=1800))
    found = pool.submit(emit, server, wait=300)
    DELIVERIES_MADE.until_waiting(environment, 1)
    started = monotonic()
    server.stop()
    assert isinstance(found.exception(WAIT), requests.RequestException | None)
    assert monotonic() - started < 1
    assert threads_left() == []


@both_logs
def test_a_client_that_leaves_waits_no_longer(server: Server, environment: Environment, history: Searched) -> None:
    with socket.create_connection(("127.0.0.1", server.port), WAIT) as client:
        client.sendall(f"GET {history.path}?min=1&wait=300 HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        history.until_waiting(environment, 1)
    history.until_waiting(environment, 0)
    until_held_up(server, 0)
