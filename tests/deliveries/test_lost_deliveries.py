"""Faults that lose a delivery or its answer: what arrives, what the log says, and what is tried again."""

from concurrent.futures import ThreadPoolExecutor
from time import monotonic
from typing import Any

import pytest
from flask.testing import FlaskClient

from talkover_mock.admin.guard import Guard
from talkover_mock.app import create_app
from talkover_mock.base.contents import Content
from talkover_mock.deliveries.records import Delivery
from talkover_mock.receiver import WebhookReceiver
from tests.support.disturbed import OpenWorld, add, frozen, running, story
from tests.support.documented import AGENT, OTHER_AGENT, TOKEN, WEBHOOK
from tests.support.faulty import until
from tests.support.peers import Peer, peers
from tests.support.stories import ENDED, OTHER, STARTED, WAIT, attempts, emit, hook

LOGS = f"/api/v1/agents/{AGENT}/webhooks/{WEBHOOK}/logs"


def api_log(http: FlaskClient) -> list[dict[str, Any]]:
    """The entries of the API, oldest first."""
    return list(reversed(http.get(LOGS, headers=TOKEN).get_json()["data"]))


def test_an_answer_that_is_lost_is_recorded_and_the_same_event_comes_again(
    open_world: OpenWorld, receiver: WebhookReceiver
) -> None:
    environment = frozen(open_world, receiver, webhook_secret="secret")
    add(environment, "lose_answer", times=1)
    emit(environment)
    environment.deliveries.advance(1)
    assert story(environment) == ["started 1: failed (lose_answer)", "started 2: success"]
    lost, again = attempts(environment)
    assert lost.outcome
    assert (lost.outcome.status, lost.outcome.error) == (200, "Connection timeout")
    assert lost.occurrence is again.occurrence
    first, second = receiver.requests
    assert (first.body, first.headers["signature"]) == (second.body, second.headers["signature"])


@pytest.mark.parametrize("action", ["lose_answer", "timeout", "refused", "unresolved"])
def test_an_entry_of_the_api_is_that_of_a_delivery_to_which_nothing_answered(
    open_world: OpenWorld, receiver: WebhookReceiver, action: str
) -> None:
    world = open_world(hook(receiver.url, max_retries=0))
    add(world.default, action)
    emit(world.default)
    [entry] = api_log(create_app(world, Guard()).test_client())
    assert isinstance(entry.pop("duration_ms"), int)
    error = {"refused": "Connection refused", "unresolved": "Could not resolve host"}.get(action, "Connection timeout")
    assert entry == {
        "id": attempts(world.default)[0].id,
        "webhook_id": WEBHOOK,
        "event": STARTED,
        "attempt": 1,
        "status": "failed",
        "http_status": None,
        "error": error,
        "created_at": entry["created_at"],
    }


@pytest.mark.parametrize(
    ("action", "error"),
    [
        ("timeout", "Connection timeout"),
        ("refused", "Connection refused"),
        ("unresolved", "Could not resolve host"),
    ],
)
def test_a_delivery_that_comes_to_nothing_takes_no_time_and_is_tried_again(
    open_world: OpenWorld, receiver: WebhookReceiver, action: str, error: str
) -> None:
    environment = running(open_world, receiver, timeout=5)
    add(environment, action, times=1)
    started = monotonic()
    [delivery] = emit(environment)
    assert monotonic() - started < 4
    assert (delivery.status, delivery.outcome and delivery.outcome.error) == ("retrying", error)
    assert delivery.outgoing
    assert delivery.outgoing.url == receiver.url
    assert receiver.requests == []
    environment.freeze()
    environment.deliveries.advance(1)
    assert story(environment) == [f"started 1: failed ({action})", "started 2: success"]
    assert len(receiver.requests) == 1


def test_a_timeout_after_sending_gives_the_receiver_the_whole_request(open_world: OpenWorld) -> None:
    whole: list[bytes] = []

    def take(peer: Peer, connection: Any) -> None:
        peer.read_request(connection)
        whole.append(peer.received)
        until(lambda: connection.recv(1) == b"", "the end of the connection")

    with peers() as start:
        environment = open_world(hook(start(take).url, max_retries=0, timeout=120)).default
        add(environment, "timeout", sent=True)
        [delivery] = emit(environment, text="x" * 900_000)
        until(lambda: len(whole) == 1)
    assert (delivery.outcome and delivery.outcome.error, delivery.status) == ("Connection timeout", "failed")
    assert delivery.outgoing
    assert whole[0].endswith(b"\r\n\r\n" + delivery.outgoing.body)


def test_a_receiver_that_works_for_a_sender_who_has_gone_does_it_twice(
    open_world: OpenWorld, receiver: WebhookReceiver
) -> None:
    environment = frozen(open_world, receiver)
    add(environment, "timeout", sent=True, times=1)
    emit(environment)
    environment.deliveries.advance(1)
    first, second = receiver.wait_for(2)
    assert first.body == second.body
    assert story(environment) == ["started 1: failed (timeout)", "started 2: success"]


@pytest.mark.parametrize(
    ("action", "details", "errors"),
    [
        ("lose_answer", {}, [(200, "Connection timeout", True), (200, None, True)]),
        ("timeout", {"sent": True}, [(None, "Connection timeout", True), (200, None, True)]),
        ("timeout", {}, [(None, "Connection timeout", False), (200, None, True)]),
        ("refused", {}, [(None, "Connection refused", False), (200, None, True)]),
        ("unresolved", {}, [(None, "Could not resolve host", False), (200, None, True)]),
    ],
)
def test_an_attempt_on_a_captured_target_can_be_lost_too(
    open_world: OpenWorld, action: str, details: dict[str, Any], errors: list[tuple[int | None, str | None, bool]]
) -> None:
    environment = open_world(hook("https://example.com/hook", max_retries=1)).default
    environment.freeze()
    add(environment, action, times=1, **details)
    emit(environment)
    environment.deliveries.advance(1)
    assert story(environment) == [f"started 1: failed ({action})", "started 2: success"]
    outcomes = [each.outcome for each in attempts(environment) if each.outcome]
    assert [(each.status, each.error, bool(each.captured)) for each in outcomes] == errors


def test_the_test_of_a_captured_webhook_times_out_too(open_world: OpenWorld) -> None:
    environment = open_world(hook("https://example.com/hook")).default
    add(environment, "timeout", sent=True)
    outcome = environment.deliveries.test(AGENT, WEBHOOK)
    assert (outcome.successful, outcome.error) == (False, "Connection timeout")


def test_a_dropped_delivery_is_never_sent_and_only_the_harness_knows_of_it(
    open_world: OpenWorld, receiver: WebhookReceiver
) -> None:
    world = open_world(hook(receiver.url))
    environment, http = world.default, create_app(world, Guard()).test_client()
    environment.freeze()
    add(environment, "drop", times=1)
    [dropped] = emit(environment)
    environment.deliveries.advance(3600)
    assert (story(environment), receiver.requests) == (["started 1: failed (drop)"], [])
    assert (dropped.outgoing, dropped.outcome and dropped.outcome.error) == (None, "Dropped")
    assert api_log(http) == []
    assert http.post(f"{LOGS}/{dropped.id}/retry", headers=TOKEN).status_code == 404
    emit(environment)
    assert [each["status"] for each in api_log(http)] == ["success"]


def test_a_dropped_retry_is_the_last_attempt(open_world: OpenWorld, receiver: WebhookReceiver) -> None:
    environment = frozen(open_world, receiver)
    add(environment, "drop", attempt=2)
    receiver.answer_always(500)
    emit(environment)
    environment.deliveries.advance(3600)
    assert story(environment) == ["started 1: failed", "started 2: failed (drop)"]
    assert len(receiver.requests) == 1
    emit(environment, ENDED)
    assert story(environment)[2:] == ["ended 1: retrying"]


MATCHES: list[tuple[dict[str, Any], list[str]]] = [
    ({}, ["started", "other", "ended"]),
    ({"event": STARTED}, ["started", "other"]),
    ({"event": "*_ended"}, ["ended"]),
    ({"event": "event_action"}, []),
    ({"webhook_id": OTHER}, ["other"]),
    ({"webhook_id": "nope"}, []),
    ({"agent_id": AGENT}, ["started", "other", "ended"]),
    ({"agent_id": OTHER_AGENT}, []),
    ({"url": "*/other"}, ["other"]),
    ({"url": "http://*"}, ["started", "other", "ended"]),
    ({"attempt": 1}, ["started", "other", "ended"]),
    ({"attempt": 2}, ["retry"]),
    ({"event": ENDED, "attempt": 2}, []),
]


def name_of(delivery: Delivery) -> str:
    if delivery.webhook_id == OTHER:
        return "other"
    return "retry" if delivery.attempt == 2 else delivery.occurrence.event.rpartition("_")[2]


@pytest.mark.parametrize(("match", "struck"), MATCHES)
def test_a_fault_matches_by_event_webhook_agent_url_and_attempt(
    open_world: OpenWorld, receiver: WebhookReceiver, match: dict[str, Any], struck: list[str]
) -> None:
    """STARTED goes to two webhooks, ENDED to one; the first attempt of STARTED fails, and is tried again."""
    first = hook(receiver.url, events=[STARTED, ENDED])
    environment = open_world(first, hook(f"{receiver.url}/other", OTHER)).default
    environment.freeze()
    fault = add(environment, "drop", **match)
    receiver.answer_next(500)
    emit(environment)
    emit(environment, ENDED)
    environment.deliveries.advance(1)
    assert [name_of(each) for each in attempts(environment) if each.struck] == struck
    assert (fault.matched, fault.struck) == (len(struck), len(struck))


CONTENTS: list[tuple[Content, list[str]]] = [
    (Content(json={"event": ENDED}), ["ended"]),
    (Content(json={"webhook_id": OTHER}), ["other"]),
    (Content(headers={"x-team": "blue"}), ["other"]),
    (Content(headers={"Content-Type": "application/json"}, query={"a": "1"}), ["started", "ended"]),
    (Content(query={"a": "2"}), []),
]


@pytest.mark.parametrize(("content", "struck"), CONTENTS)
def test_a_fault_matches_by_what_the_attempt_sends(
    open_world: OpenWorld, receiver: WebhookReceiver, content: Content, struck: list[str]
) -> None:
    first = hook(f"{receiver.url}?a=1", events=[STARTED, ENDED])
    other = hook(receiver.url, OTHER, custom_headers=[{"key": "X-Team", "value": "blue"}])
    environment = open_world(first, other).default
    environment.freeze()
    fault = add(environment, "drop", content=content)
    emit(environment)
    emit(environment, ENDED)
    assert [name_of(each) for each in attempts(environment) if each.struck] == struck
    assert (fault.matched, fault.struck) == (len(struck), len(struck))


def test_the_two_kinds_of_faults_count_separately(open_world: OpenWorld, receiver: WebhookReceiver) -> None:
    world = open_world(hook(receiver.url))
    http = create_app(world, Guard()).test_client()
    http.post("/__admin/faults", json={"preset": "maintenance", "times": 1})
    fault = add(world.default, "drop", after=1)
    emit(world.default)
    assert http.get(LOGS, headers=TOKEN).status_code == 503
    emit(world.default)
    assert [(each.matched, each.struck) for each in world.default.faults.all()] == [(1, 1), (2, 1)]
    assert fault.name == "fault-2 (drop)"


COUNTED: list[tuple[dict[str, Any], list[bool]]] = [
    ({"times": 2}, [True, True, False, False]),
    ({"after": 1, "times": 2}, [False, True, True, False]),
    ({"probability": 0.0}, [False] * 4),
]


@pytest.mark.parametrize(("limits", "struck"), COUNTED)
def test_times_and_after_are_those_of_other_faults(
    open_world: OpenWorld, receiver: WebhookReceiver, limits: dict[str, Any], struck: list[bool]
) -> None:
    environment = frozen(open_world, receiver)
    add(environment, "refused", **limits)
    for _ in struck:
        emit(environment)
    assert [each.struck is not None for each in attempts(environment)] == struck


@pytest.mark.slow
@pytest.mark.parametrize("is_frozen", [True, False])
def test_the_counts_are_exact_whoever_emits_at_once(
    open_world: OpenWorld, receiver: WebhookReceiver, is_frozen: bool
) -> None:
    environment = (frozen if is_frozen else running)(open_world, receiver, max_retries=0)
    faults = [add(environment, action, times=5) for action in ("lose_answer", "drop", "refused")]

    def work(_: int) -> None:
        for _ in range(10):
            environment.deliveries.emit(AGENT, STARTED)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(8)))
    assert environment.deliveries.log.watch(lambda _: True, 80, None, WAIT).satisfied
    assert [(fault.matched, fault.struck) for fault in faults] == [(80, 5), (75, 5), (70, 5)]
    lines = story(environment)
    assert {line: lines.count(line) for line in lines} == {
        "started 1: failed (lose_answer)": 5,
        "started 1: failed (drop)": 5,
        "started 1: failed (refused)": 5,
        "started 1: success": 65,
    }
    assert len(receiver.requests) == 70
