"""Faults that hold a call before its operation, and faults that answer a read from the past."""

import json
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from socket import create_connection, socket
from threading import RLock
from typing import Any

import pytest
import requests
from flask.testing import FlaskClient
from werkzeug.test import EnvironBuilder

from talkover_mock.api import app
from talkover_mock.api.app import ApiApplication
from talkover_mock.api.fault_answers import held
from talkover_mock.base.changes import Changes
from talkover_mock.base.shapes.faults import Fault
from talkover_mock.client import MockServer
from talkover_mock.environments.call_faults import CallFault
from talkover_mock.environments.faults import Fault as ActiveFault
from talkover_mock.environments.faults import Faults
from talkover_mock.environments.world import World
from talkover_mock.web.answers import Answer
from talkover_mock.web.request import MockRequest, OtherConnection
from talkover_mock.web.server import Server
from talkover_mock.web.waiting import Waiting
from tests.conftest import shipped
from tests.support.documented import AGENT, LOGS, TOGGLE, TOKEN, WEBHOOK, WEBHOOK_PATH
from tests.support.faulty import FAULTS, RESET, STATE, WAIT, add_fault, counts, journal
from tests.support.threads import threads_left
from tests.support.turns import every_turn

WEBHOOKS = f"/api/v1/agents/{AGENT}/webhooks"


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(20) as pool:
        yield pool


def toggle(server: Server, **more: Any) -> requests.Response:
    return requests.patch(server.url + TOGGLE, headers=TOKEN, timeout=WAIT, **more)


def is_enabled(world: World) -> bool:
    webhook = world.default.webhook(WEBHOOK)
    assert webhook
    return webhook.enabled


@pytest.mark.slow
def test_a_held_call_waits_before_its_operation_until_the_fault_is_removed(
    server: Server, mock: MockServer, world: World, pool: ThreadPoolExecutor
) -> None:
    fault = mock.add_fault("hold", method="PATCH")
    held = pool.submit(toggle, server)
    assert mock.wait_for_fault(fault["id"])["struck"] == 1
    [call] = mock.search("requests", {})["requests"]
    shown = [call[key] for key in ("number", "status", "fault", "applied", "under_way", "response")]
    assert shown == [1, None, "fault-1 (hold)", False, True, None]
    assert call["reason"] == "fault-1 (hold) struck"
    assert ">held<" in requests.get(f"{server.url}/__admin/", timeout=WAIT).text
    assert mock.requests(min=1, status="held") == mock.requests(min=1) == [call]
    with pytest.raises(AssertionError, match=f"#1 PATCH {TOGGLE} -> under way"):
        mock.assert_not_requested("PATCH", TOGGLE)
    assert not is_enabled(world)
    mock.remove_fault(fault["id"])
    assert is_enabled(world), "the operation has happened when the fault is gone"
    answer = held.result(WAIT)
    assert (answer.status_code, answer.json()["message"]) == (200, "Webhook enabled")
    assert answer.headers["X-Mockserver-Reason"] == "fault-1 (hold) struck"
    [call] = mock.requests()
    shown = [call[key] for key in ("number", "status", "fault", "applied", "under_way")]
    assert shown == [1, 200, "fault-1 (hold)", True, False]


def sent(server: Server, stack: ExitStack) -> socket:
    """A connection on which a toggle has been sent."""
    client = stack.enter_context(create_connection(("127.0.0.1", server.port), WAIT))
    authorization = TOKEN["Authorization"]
    client.sendall(f"PATCH {TOGGLE} HTTP/1.1\r\nHost: localhost\r\nAuthorization: {authorization}\r\n\r\n".encode())
    return client


def test_a_call_takes_effect_after_its_client_gave_up(server: Server, mock: MockServer, world: World) -> None:
    fault = mock.add_fault("hold", method="PATCH")
    with ExitStack() as stack:
        sent(server, stack)
        mock.wait_for_fault(fault["id"])
    assert not is_enabled(world)
    mock.remove_faults()
    assert is_enabled(world)
    [call] = mock.requests()
    assert (call["status"], call["applied"]) == (200, True)


def test_a_held_call_keeps_its_time(server: Server, mock: MockServer) -> None:
    mock.freeze("2025-09-03T23:50:15Z")
    fault = mock.add_fault("hold", method="PATCH")
    with ExitStack() as stack:
        sent(server, stack)
        mock.wait_for_fault(fault["id"])
        mock.advance(60)
        mock.remove_faults()
        [call] = mock.assert_requested("PATCH", TOGGLE, status=200, wait=WAIT)
    assert call["at"] == "2025-09-03T23:50:15.000Z"


def test_held_calls_go_on_in_the_order_in_which_they_came(
    server: Server, mock: MockServer, pool: ThreadPoolExecutor
) -> None:
    fault = mock.add_fault("hold", method="PATCH")
    held: list[Future[requests.Response]] = []
    for number in range(1, 6):
        held.append(pool.submit(toggle, server))
        mock.wait_for_fault(fault["id"], number)
    mock.remove_fault(fault["id"])
    messages = [each.result(WAIT).json()["message"] for each in held]
    assert messages == ["Webhook enabled", "Webhook disabled"] * 2 + ["Webhook enabled"]


def begun(world: World, api: ApiApplication, fault: ActiveFault[CallFault]) -> tuple[Waiting, int]:
    """A toggle that is held, and how many calls the fault had struck before."""
    before = fault.struck
    environ = EnvironBuilder(TOGGLE, method="PATCH", headers=TOKEN.items()).get_environ()
    answer = api.answer(MockRequest(environ, world))
    assert isinstance(answer, Waiting)
    return answer, before


def message(held: Waiting) -> str:
    answer = held.then()
    assert isinstance(answer, Answer)
    return str(json.loads(answer.body)["message"])


@pytest.mark.slow
def test_whoever_sees_that_a_call_is_struck_comes_behind_it() -> None:
    def prepare() -> tuple[World, ApiApplication, ActiveFault[CallFault]]:
        world = World(shipped())
        return world, ApiApplication(world), world.default.faults.add(CallFault(action="hold"))

    seen = set()
    for (world, _, fault), results in every_turn(prepare, lambda it: begun(*it), lambda it: begun(*it), app):
        (first, _), (other, before) = (each for each in results if not isinstance(each, Exception))
        world.default.faults.remove(fault.id)
        messages = ["Webhook enabled", "Webhook disabled"]
        if before:
            assert [message(first), message(other)] == messages
        else:
            assert sorted([message(first), message(other)], reverse=True) == messages
        seen.add(before)
        world.stop()
    assert seen == {0, 1}


@pytest.mark.slow
def test_others_are_served_while_calls_are_held_and_counts_are_exact(
    server: Server, mock: MockServer, pool: ThreadPoolExecutor, world: World
) -> None:
    fault = mock.add_fault("hold", times=7, method="PATCH")
    held = [pool.submit(toggle, server) for _ in range(20)]
    assert mock.wait_for_fault(fault["id"], 7)["struck"] == 7
    mock.requests(min=13, wait=WAIT)
    assert requests.get(server.url + WEBHOOK_PATH, headers=TOKEN, timeout=WAIT).ok
    assert [each["under_way"] for each in mock.search("requests", {})["requests"]].count(True) == 7
    assert is_enabled(world), "thirteen have toggled"
    mock.remove_faults()
    assert {each.result(WAIT).status_code for each in held} == {200}
    assert not is_enabled(world)
    assert len(mock.requests(status=200, method="PATCH")) == 20


def reset(mock: MockServer) -> None:
    mock.reset()


def close(mock: MockServer) -> None:
    mock.close()


@pytest.mark.parametrize("end", [reset, close])
def test_a_reset_or_a_closed_environment_ends_a_held_call_without_its_operation(
    end: Callable[[MockServer], None], server: Server, mock: MockServer, world: World
) -> None:
    mine = mock.open_environment("mine", "talq_mine")
    fault = mine.add_fault("hold", method="PATCH")
    with ExitStack() as stack, ThreadPoolExecutor(1) as pool:
        held = pool.submit(requests.patch, server.url + TOGGLE, headers=mine.headers, timeout=WAIT)
        mine.wait_for_fault(fault["id"])
        environment = world.by_name("mine")
        stack.callback(mock.disconnect)
        end(mine)
        with pytest.raises(requests.ConnectionError):
            held.result(WAIT)
    webhook = environment.webhook(WEBHOOK)
    assert webhook
    assert not webhook.enabled
    assert environment.journal.log.watch(lambda _: True).items in ([], ())
    mine.disconnect()


def test_a_fault_that_ended_between_its_strike_and_its_hold_holds_nothing() -> None:
    faults = Faults(RLock(), 0, Changes())
    fault = faults.add(CallFault(action="hold"))
    faults.remove(fault.id)
    answer = held(fault, lambda: Answer(b"done")).block(OtherConnection({}))
    assert answer.body == b"done"


def test_a_server_stops_while_calls_are_held(server: Server, mock: MockServer, world: World) -> None:
    fault = mock.add_fault("hold", method="PATCH")
    with ExitStack() as stack:
        for number in range(1, 6):
            sent(server, stack)
            mock.wait_for_fault(fault["id"], number)
        server.stop()
    assert threads_left() == []
    assert not is_enabled(world)


def test_what_is_refused_after_a_hold_was_not_applied(
    server: Server, mock: MockServer, pool: ThreadPoolExecutor
) -> None:
    fault = mock.add_fault("hold", method="PATCH")
    held = pool.submit(toggle, server)
    mock.wait_for_fault(fault["id"])
    mock.replace_state({"agents": []})
    mock.remove_fault(fault["id"])
    assert held.result(WAIT).status_code == 404
    [call] = mock.requests()
    assert (call["status"], call["applied"]) == (404, False)


def test_a_wait_for_a_fault_says_what_there_was(mock: MockServer) -> None:
    fault = mock.add_fault("maintenance", match={"method": "GET"}, after=1)
    requests.get(mock.url + WEBHOOK_PATH, headers=mock.headers, timeout=WAIT)
    with pytest.raises(
        AssertionError, match=r"^expected fault-1 to strike 1 within 0.01 s; it has matched 1, struck 0$"
    ):
        mock.wait_for_fault(fault["id"], wait=0.01)
    assert mock.wait_for_fault(fault["id"], struck=0)["matched"] == 1


def test_a_wait_for_a_fault_ends_with_it(mock: MockServer, pool: ThreadPoolExecutor, world: World) -> None:
    fault = mock.add_fault("maintenance")

    def wait() -> Fault:
        with MockServer(mock.url) as other:
            return other.wait_for_fault(fault["id"], wait=6 * WAIT)

    waiting = pool.submit(wait)
    [active] = world.default.faults.all()
    while not active.reached:
        mock.health()
    mock.remove_faults()
    with pytest.raises(AssertionError, match=r"it has matched 0, struck 0, and was removed or reset meanwhile$"):
        waiting.result(WAIT)


APPLIED: list[tuple[dict[str, Any], bool]] = [
    ({"preset": "maintenance"}, False),
    ({"preset": "maintenance", "apply": True}, True),
    ({"respond": {"status": 200}}, False),
    ({"action": "malformed_json"}, False),
    ({"action": "malformed_json", "apply": True}, True),
    ({"delay_seconds": 0.001}, True),
]


@pytest.mark.parametrize(("fault", "applied"), APPLIED)
def test_the_journal_says_of_each_struck_call_whether_it_was_applied(
    http: FlaskClient, fault: dict[str, Any], applied: bool
) -> None:
    add_fault(http, **fault, times=1)
    for _ in range(2):
        http.patch(TOGGLE, headers=TOKEN)
    assert [(each["applied"], each["under_way"]) for each in journal(http)] == [(applied, False), (None, False)]


def test_a_stale_read_is_that_of_the_moment_at_which_the_fault_was_set(http: FlaskClient) -> None:
    def enabled() -> bool:
        return bool(http.get(WEBHOOK_PATH, headers=TOKEN).get_json()["data"]["enabled"])

    http.patch(TOGGLE, headers=TOKEN)
    add_fault(http, action="stale", times=3)
    assert http.patch(TOGGLE, headers=TOKEN).get_json()["message"] == "Webhook disabled"
    created = {"name": "New", "webhook_url": "http://xy", "events": ["event_action"]}
    id = http.post(WEBHOOKS, json=created, headers=TOKEN).get_json()["data"]["id"]
    answer = http.get(f"{WEBHOOKS}/{id}", headers=TOKEN)
    assert answer.status_code == 404
    assert answer.headers["X-Mockserver-Reason"] == (
        f"fault-1 (stale) struck; webhook {id} was not there when the API looked for it, but is there now"
    )
    listed = http.get(WEBHOOKS, headers=TOKEN).get_json()["data"]["webhooks"]
    assert id not in [each["id"] for each in listed]
    assert enabled()
    assert not enabled()
    assert counts(http) == [(4, 3)]
    reads = journal(http, "method=GET")
    assert [each["applied"] for each in reads] == [False, True, True, None]
    assert reads[1]["reason"] == "fault-1 (stale) struck"


def test_a_stale_read_of_agents_is_of_the_same_moment(http: FlaskClient) -> None:
    add_fault(http, action="stale")
    http.put(STATE, json={"agents": []})
    assert http.get(f"/api/v1/agents/{AGENT}", headers=TOKEN).status_code == 200
    assert len(http.get("/api/v1/agents", headers=TOKEN).get_json()["data"]) == 3
    assert http.head(f"/api/v1/agents/{AGENT}", headers=TOKEN).status_code == 200
    assert http.patch(TOGGLE, headers=TOKEN).status_code == 404
    http.delete(FAULTS)
    assert http.get(f"/api/v1/agents/{AGENT}", headers=TOKEN).status_code == 404


def test_a_stale_state_is_not_changed_by_what_comes_after_it(http: FlaskClient) -> None:
    add_fault(http, action="stale", match={"path": WEBHOOK_PATH})
    names = []
    for number in range(3):
        http.put(WEBHOOK_PATH, json={"name": f"Name {number}"}, headers=TOKEN)
        names.append(http.get(WEBHOOK_PATH, headers=TOKEN).get_json()["data"]["name"])
    assert names == ["My Webhook"] * 3
    assert http.post(RESET).status_code == 200


def test_a_stale_log_is_of_the_webhooks_of_then_and_its_entries_are_the_present_ones(http: FlaskClient) -> None:
    http.patch(TOGGLE, headers=TOKEN)
    add_fault(http, action="stale")
    http.post("/__admin/events", json={"agent_id": AGENT, "event": "event_phone_call_started", "wait": WAIT})
    created = {"name": "New", "webhook_url": "http://xy", "events": ["event_action"]}
    id = http.post(WEBHOOKS, json=created, headers=TOKEN).get_json()["data"]["id"]
    assert http.delete(WEBHOOK_PATH, headers=TOKEN).status_code == 200
    answer = http.get(LOGS, headers=TOKEN)
    assert answer.status_code == 200
    assert [each["event"] for each in answer.get_json()["data"]] == ["event_phone_call_started"]
    assert http.get(f"{WEBHOOKS}/{id}/logs", headers=TOKEN).status_code == 404
    http.delete(FAULTS)
    assert http.get(LOGS, headers=TOKEN).status_code == 404
    assert http.get(f"{WEBHOOKS}/{id}/logs", headers=TOKEN).status_code == 200


HEADERS: list[tuple[dict[str, str], dict[str, str]]] = [
    ({"Retry-After": "0"}, {"Retry-After": "0"}),
    ({"retry-after": "7", "X-Mine": "a"}, {"Retry-After": "7", "X-Mine": "a"}),
    ({"x-ratelimit-remaining": "5"}, {"X-RateLimit-Remaining": "5", "Retry-After": "60"}),
    ({}, {"Retry-After": "60", "X-RateLimit-Remaining": "0"}),
]


@pytest.mark.parametrize(("given", "expected"), HEADERS)
def test_a_preset_has_further_headers(http: FlaskClient, given: dict[str, str], expected: dict[str, str]) -> None:
    add_fault(http, preset="rate_limited", headers=given)
    answer = http.patch(TOGGLE, headers=TOKEN)
    assert answer.status_code == 429
    assert {name: answer.headers[name] for name in expected} == expected
    for name in expected:
        assert len(answer.headers.getlist(name)) == 1
