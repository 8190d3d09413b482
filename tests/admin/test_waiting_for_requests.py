"""Requests that wait for calls of the API: what ends a wait, and that waits keep nobody from being answered."""

import socket
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from http.client import HTTPConnection
from threading import Event, active_count
from time import monotonic

import pytest
import requests

from talkover_mock.web.server import Server
from tests.support.documented import TOGGLE, TOKEN
from tests.support.faulty import FAULTS, REQUESTS, RESET, WAIT, Json, bearer, journal_at, until_held_up
from tests.web.test_server import threads_left

AGENTS = "/api/v1/agents"
MINE = "/__admin/environments"


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(2) as pool:
        yield pool


def toggle(server: Server, count: int = 1) -> None:
    for _ in range(count):
        assert requests.patch(server.url + TOGGLE, headers=TOKEN, timeout=WAIT).ok


def waiting(pool: ThreadPoolExecutor, server: Server, query: str) -> "Future[Json]":
    """A search that waits."""
    found = pool.submit(journal_at, server, query)
    until_held_up(server, 1)
    return found


def outcome(found: Json) -> tuple[bool, int, int]:
    return found["satisfied"], found["count"], len(found["requests"])


def test_enough_is_enough_at_once_and_only_what_matches_counts(server: Server, pool: ThreadPoolExecutor) -> None:
    found = waiting(pool, server, "method=PATCH&path=*/toggle&status=200&min=2&wait=300")
    toggle(server)
    for path in (AGENTS, "/api/v1/nope"):
        requests.patch(server.url + path, headers=TOKEN, timeout=WAIT)
    requests.patch(server.url + TOGGLE, timeout=WAIT)
    assert not found.done()
    toggle(server)
    assert outcome(found.result(WAIT)) == (True, 2, 2)


def test_what_has_come_before_counts(server: Server) -> None:
    toggle(server)
    assert outcome(journal_at(server, "min=1&wait=300")) == (True, 1, 1)


def test_a_call_that_is_refused_or_struck_ends_a_wait_too(server: Server, pool: ThreadPoolExecutor) -> None:
    requests.post(server.url + FAULTS, json={"action": "connection_reset", "times": 1}, timeout=WAIT)
    found = pool.submit(journal_at, server, "status=none&min=1&wait=300")
    unknown = pool.submit(journal_at, server, "unmatched=true&min=1&wait=300")
    with pytest.raises(requests.ConnectionError):
        requests.patch(server.url + TOGGLE, headers=TOKEN, timeout=WAIT)
    requests.patch(f"{server.url}/api/v1/nope", headers=TOKEN, timeout=WAIT)
    assert outcome(found.result(WAIT)) == (True, 1, 1)
    assert outcome(unknown.result(WAIT)) == (True, 1, 1)


def test_too_few_are_not_satisfying_when_the_time_is_up(server: Server) -> None:
    toggle(server)
    assert outcome(journal_at(server, "min=2&wait=0.1")) == (False, 1, 1)


def test_that_nothing_comes_is_only_known_when_the_time_is_up(server: Server) -> None:
    toggle(server)
    started = monotonic()
    assert outcome(journal_at(server, "unmatched=true&max=0&wait=0.3")) == (True, 0, 0)
    assert monotonic() - started >= 0.3


@pytest.mark.parametrize(("query", "count"), {"max=0": 1, "max=1": 2, "min=1&max=1": 2}.items())
def test_one_too_many_ends_the_wait_at_once(query: str, count: int, server: Server, pool: ThreadPoolExecutor) -> None:
    found = waiting(pool, server, f"method=PATCH&{query}&wait=300")
    toggle(server, count)
    assert outcome(found.result(WAIT)) == (False, count, count)


def test_calls_of_another_environment_and_of_the_harness_do_not_count(server: Server, pool: ThreadPoolExecutor) -> None:
    found = waiting(pool, server, "path=*agents&min=1&wait=300")
    requests.get(server.url + AGENTS, headers=bearer("talq_staging"), timeout=WAIT)
    requests.get(f"{server.url}/__admin/agents", timeout=WAIT)
    assert not found.done()
    requests.get(server.url + AGENTS, headers=TOKEN, timeout=WAIT)
    assert outcome(found.result(WAIT)) == (True, 1, 1)


def searches(server: Server, stack: ExitStack, query: str, count: int) -> list[HTTPConnection]:
    """As many clients that have asked and wait for an answer."""
    connections = [HTTPConnection("127.0.0.1", server.port, timeout=2 * WAIT) for _ in range(count)]
    for connection in connections:
        stack.callback(connection.close)
        connection.request("GET", f"{REQUESTS}?{query}")
    return connections


def test_three_hundred_waiting_clients_block_neither_the_api_nor_each_other(server: Server) -> None:
    with ExitStack() as stack:
        one = searches(server, stack, "path=*/toggle&min=1&wait=300", 150)
        two = searches(server, stack, "path=*/toggle&min=2&wait=300", 150)
        until_held_up(server, 300)
        for clients, left in ((one, 150), (two, 0)):
            toggle(server)
            assert {connection.getresponse().status for connection in clients} == {200}
            until_held_up(server, left)


def reset(server: Server) -> None:
    assert requests.post(server.url + RESET, timeout=WAIT).ok


def close(server: Server) -> None:
    assert requests.delete(f"{server.url}{MINE}/mine", timeout=WAIT).ok


@pytest.mark.parametrize(("token", "end"), [(None, reset), ("talq_mine", close)])
@pytest.mark.parametrize("query", ["min=1", "method=PATCH&max=5"])
def test_a_reset_or_the_end_of_the_environment_ends_a_wait_unsatisfied(
    server: Server, pool: ThreadPoolExecutor, query: str, token: str | None, end: Callable[[Server], None]
) -> None:
    requests.post(server.url + MINE, json={"name": "mine", "token": "talq_mine"}, timeout=WAIT)
    url = f"{server.url}{REQUESTS}?{query}&path=*/toggle&wait=300"
    found = pool.submit(requests.get, url, headers=bearer(token), timeout=6 * WAIT)
    until_held_up(server, 1)
    end(server)
    assert outcome(found.result(WAIT).json()) == (False, 0, 0)
    until_held_up(server, 0)


def test_a_server_that_stops_ends_every_wait_within_a_second(server: Server) -> None:
    with ExitStack() as stack:
        searches(server, stack, "method=PATCH&min=1&wait=300", 50)
        until_held_up(server, 50)
        started = monotonic()
        server.stop()
        assert monotonic() - started < 1
    assert threads_left() == []


def test_deleting_the_journal_keeps_those_who_wait(server: Server, pool: ThreadPoolExecutor) -> None:
    toggle(server)
    found = waiting(pool, server, "method=PATCH&min=2&wait=300")
    assert requests.delete(server.url + REQUESTS, timeout=WAIT).ok
    assert not found.done()
    toggle(server)
    assert outcome(found.result(WAIT)) == (True, 2, 1)


def test_a_client_that_leaves_waits_no_longer(server: Server) -> None:
    before = active_count()
    with socket.create_connection(("127.0.0.1", server.port), WAIT) as client:
        client.sendall(f"GET {REQUESTS}?min=1&wait=300 HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        _until(lambda: active_count() > before)
    _until(lambda: active_count() <= before)


def _until(holds: Callable[[], bool]) -> None:
    end = monotonic() + WAIT
    while not holds():
        assert monotonic() < end
        Event().wait(0.01)
