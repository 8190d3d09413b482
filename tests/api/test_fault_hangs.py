"""Faults that hold a call up, by a hang or a delay: what ends them, and that everybody else is served meanwhile."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from socket import SHUT_WR, create_connection, socket
from threading import RLock
from time import monotonic

import pytest
import requests

from talkover_mock.base.changes import Changes
from talkover_mock.environments.call_faults import CallFault
from talkover_mock.environments.faults import Faults
from talkover_mock.web.server import Server
from tests.support.documented import TOGGLE, TOKEN, WEBHOOK_PATH
from tests.support.faulty import (
    FAULTS,
    RESET,
    STATE,
    TOGGLE_ANY,
    WAIT,
    add_fault_at,
    bearer,
    journal_at,
    until,
    until_held_up,
    until_struck,
)
from tests.support.threads import threads_left

HANG = {"match": {"path": TOGGLE_ANY}, "action": "hang"}
DELAY = {"match": {"path": TOGGLE_ANY}, "delay_seconds": 600}
MINE = "/__admin/environments"


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def toggled(server: Server, stack: ExitStack, token: str = TOKEN["Authorization"]) -> socket:
    """A connection on which a toggle has been sent."""
    client = stack.enter_context(create_connection(("127.0.0.1", server.port), WAIT))
    client.sendall(f"PATCH {TOGGLE} HTTP/1.1\r\nHost: localhost\r\nAuthorization: {token}\r\n\r\n".encode())
    return client


def held_up(server: Server, stack: ExitStack, count: int = 1) -> list[socket]:
    """As many toggles that wait for their answer."""
    clients = [toggled(server, stack) for _ in range(count)]
    until_struck(server, count)
    until_held_up(server, count)
    return clients


def end_of(client: socket) -> str:
    """How a connection ends on which nothing comes."""
    try:
        assert client.recv(1) == b""
    except ConnectionResetError:
        return "reset"
    return "closed"


def reset(server: Server) -> None:
    assert requests.post(server.url + RESET, timeout=WAIT).ok


def remove(server: Server) -> None:
    assert requests.delete(f"{server.url}{FAULTS}/fault-1", timeout=WAIT).json() == {"removed": 1}


def remove_all(server: Server) -> None:
    assert requests.delete(server.url + FAULTS, timeout=WAIT).json() == {"removed": 1}


RELEASES = (reset, remove, remove_all)


@pytest.mark.parametrize("release", RELEASES)
def test_a_hang_is_ended_without_an_answer(release: Callable[[Server], None], server: Server, stack: ExitStack) -> None:
    before = requests.get(server.url + STATE, timeout=WAIT).text
    add_fault_at(server, **HANG)
    clients = held_up(server, stack, 3)
    started = monotonic()
    release(server)
    assert [end_of(client) for client in clients] == ["reset"] * 3
    assert monotonic() - started < 2
    until_held_up(server, 0)
    assert requests.get(server.url + STATE, timeout=WAIT).text == before
    assert requests.patch(server.url + TOGGLE, headers=TOKEN, timeout=WAIT).ok


@pytest.mark.parametrize("fault", [HANG, DELAY])
def test_a_server_stops_within_a_second_whatever_is_held_up(
    fault: dict[str, object], server: Server, stack: ExitStack
) -> None:
    add_fault_at(server, **fault)
    clients = held_up(server, stack, 20)
    with ThreadPoolExecutor(1) as pool:
        started = monotonic()
        pool.submit(server.stop).result(WAIT)
        assert monotonic() - started < 1
    assert threads_left() == []
    assert {end_of(client) for client in clients} <= {"reset", "closed"}


@pytest.mark.slow
@pytest.mark.parametrize("fault", [HANG, DELAY])
def test_a_client_that_leaves_frees_its_thread(fault: dict[str, object], server: Server, stack: ExitStack) -> None:
    add_fault_at(server, **fault)
    clients = held_up(server, stack, 5)
    clients[0].close()
    until_held_up(server, 4)
    clients[1].shutdown(SHUT_WR)
    until_held_up(server, 3)
    with ExitStack() as others:
        held = [toggled(server, others) for _ in range(5)]
        until_held_up(server, 8)
        for client in clients[2:]:
            client.close()
        until_held_up(server, 5)
    assert len(held) == 5
    until_held_up(server, 0)


def test_closing_the_environment_ends_a_hang(server: Server, stack: ExitStack) -> None:
    requests.post(server.url + MINE, json={"name": "mine", "token": "talq_mine"}, timeout=WAIT)
    answer = requests.post(server.url + FAULTS, json=HANG, headers=bearer("talq_mine"), timeout=WAIT)
    assert answer.status_code == 201
    client = toggled(server, stack, "Bearer talq_mine")
    until_struck(server, 1, "talq_mine")
    assert requests.delete(f"{server.url}{MINE}/mine", timeout=WAIT).ok
    assert end_of(client) == "reset"


@pytest.mark.slow
def test_a_hundred_hangs_keep_nobody_from_being_answered(server: Server, stack: ExitStack) -> None:
    add_fault_at(server, **HANG)
    clients = held_up(server, stack, 100)
    for _ in range(20):
        assert requests.get(f"{server.url}/api/v1/agents", headers=TOKEN, timeout=WAIT).ok
    remove(server)
    assert {end_of(client) for client in clients} == {"reset"}
    until_held_up(server, 0)


def test_a_hang_with_apply_has_done_its_operation(server: Server, stack: ExitStack) -> None:
    add_fault_at(server, **HANG, apply=True, times=1)
    (client,) = held_up(server, stack)
    webhook = server.url + WEBHOOK_PATH
    until(lambda: requests.get(webhook, headers=TOKEN, timeout=WAIT).json()["data"]["enabled"] is True)
    answer = requests.patch(server.url + TOGGLE, headers=TOKEN, timeout=WAIT)
    assert answer.json()["message"] == "Webhook disabled", "it was enabled by the one that hangs"
    remove(server)
    assert end_of(client) == "reset"


def test_a_delay_that_is_removed_goes_on_at_once(server: Server, stack: ExitStack) -> None:
    add_fault_at(server, **DELAY)
    (client,) = held_up(server, stack)
    remove(server)
    assert client.recv(15) == b"HTTP/1.1 200 OK"
    (exchange,) = journal_at(server, "method=PATCH")["requests"]
    assert (exchange["status"], exchange["fault"]) == (200, "fault-1 (delay)")


def test_a_hang_that_is_removed_is_in_the_journal(server: Server, stack: ExitStack) -> None:
    add_fault_at(server, **HANG)
    (client,) = held_up(server, stack)
    assert journal_at(server, "method=PATCH")["requests"] == []
    remove(server)
    assert end_of(client) == "reset"
    (exchange,) = journal_at(server, "method=PATCH&status=none")["requests"]
    assert (exchange["fault"], exchange["response"]) == ("fault-1 (hang)", None)


@pytest.mark.parametrize("fault", [HANG, DELAY, {**DELAY, "preset": "maintenance"}])
def test_what_was_held_up_before_a_reset_does_nothing_to_what_comes_after_it(
    fault: dict[str, object], server: Server, stack: ExitStack
) -> None:
    before = requests.get(server.url + STATE, timeout=WAIT).text
    add_fault_at(server, **fault)
    clients = held_up(server, stack, 5)
    reset(server)
    assert {end_of(client) for client in clients} == {"reset"}
    assert journal_at(server, "method=PATCH")["requests"] == []
    assert requests.get(server.url + STATE, timeout=WAIT).text == before


def test_removing_a_fault_ends_only_what_it_has_held_up() -> None:
    faults = Faults(RLock(), 0, Changes())
    one, other = (faults.add(CallFault(action="hang")) for _ in range(2))
    faults.remove(other.id)
    assert (one.ended.is_set, other.ended.is_set) == (False, True)
    assert faults.remove_all() == 1
    assert one.ended.is_set


def test_a_fault_that_ended_between_its_strike_and_its_pause_holds_nothing_up() -> None:
    faults = Faults(RLock(), 0, Changes())
    faults.add(CallFault(action="hang"))
    fault = faults.strike(CallFault, lambda _: True)
    assert fault
    faults.reset(0)
    assert fault.ended.wait(WAIT)
    assert (fault.forgotten, faults.has(CallFault)) == (True, False)
