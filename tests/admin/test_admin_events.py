"""`POST /__admin/events`: who gets an event, and what the answer says."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from flask.testing import FlaskClient

from talkover_mock.admin.guard import Guard
from talkover_mock.app import create_app
from talkover_mock.dialect.events import EVENTS
from talkover_mock.dialect.ids import IdSource
from talkover_mock.environments.world import World
from talkover_mock.receiver import Answer, WebhookReceiver, running_receiver
from tests.support.delivering import (
    CAPTURED,
    DISABLED,
    ENDED,
    MOMENT,
    RECORDER,
    RECORDING,
    SECRET,
    STARTED,
    WAIT,
    delivering,
)
from tests.support.documented import AGENT, OTHER_AGENT, TOKEN, UNKNOWN, WEBHOOK

EVENTS_ROUTE = "/__admin/events"
ENVELOPE = {
    "event": STARTED,
    "agent_id": AGENT,
    "agent_name": "My Agent",
    "webhook_id": WEBHOOK,
    "webhook_name": "My Webhook",
    "timestamp": "2025-09-03T23:50:15.000Z",
}
HALF_AN_HOUR = 1800.0


@pytest.fixture
def world(receiver: WebhookReceiver) -> Iterator[World]:
    world = delivering(receiver.url)
    yield world
    world.stop()


def emit(http: FlaskClient, event: str = STARTED, agent_id: str = AGENT, **wanted: object) -> dict[str, Any]:
    """What the event led to, when its deliveries have ended."""
    answer = http.post(EVENTS_ROUTE, json={"agent_id": agent_id, "event": event, "wait": WAIT, **wanted})
    assert (answer.status_code, answer.content_type) == (200, "application/json")
    found: dict[str, Any] = answer.get_json()
    return found


def test_an_event_goes_to_the_enabled_webhooks_that_list_it_and_the_answer_says_why_not_to_others(
    http: FlaskClient, receiver: WebhookReceiver
) -> None:
    ids = IdSource("deliveries", 0)
    call_id, event_id, delivery_id = (ids.new(MOMENT) for _ in range(3))
    found = emit(http)
    assert found.pop("deliveries") == http.get("/__admin/deliveries").get_json()["deliveries"]
    assert found == {
        "event_id": event_id,
        "call_id": call_id,
        "finished": True,
        "skipped": [
            {"webhook_id": DISABLED, "reason": "it is disabled"},
            {"webhook_id": RECORDER, "reason": "it does not list the event"},
        ],
    }
    assert [request.json for request in receiver.requests] == [{**ENVELOPE, "call_id": call_id}]
    assert http.get(f"/__admin/deliveries?event_id={event_id}").get_json()["deliveries"][0]["id"] == delivery_id


@pytest.mark.parametrize("event", EVENTS)
def test_every_event_arrives_at_a_webhook_that_lists_it(
    event: str, http: FlaskClient, receiver: WebhookReceiver
) -> None:
    webhook = {"id": RECORDER, "events": list(EVENTS)}
    assert http.patch("/__admin/state", json={"agents": [{"id": AGENT, "webhooks": [webhook]}]}).status_code == 200
    found = emit(http, event)
    assert RECORDER in [delivery["webhook_id"] for delivery in found["deliveries"]]
    assert set(receiver.events) == {event}


@pytest.mark.parametrize("wait", [{}, {"wait": 300}])
def test_an_event_that_nobody_gets_is_finished_at_once(wait: dict[str, int], http: FlaskClient) -> None:
    answer = http.post(EVENTS_ROUTE, json={"agent_id": AGENT, "event": "event_action", **wait}).get_json()
    assert (answer["finished"], answer["deliveries"]) == (True, [])
    assert [each["reason"] for each in answer["skipped"]] == ["it does not list the event"] * 3


PAYLOADS: dict[str, tuple[str, dict[str, Any], dict[str, Any]]] = {
    "the call's id": (STARTED, {"call": {"id": "call-1", "to": "+1"}}, {"call_id": "call-1"}),
    "an ended call": (ENDED, {"call": {"id": "call-1"}}, {"event": ENDED, "call_id": "call-1", "duration": 0}),
    "a duration": (
        ENDED,
        {"call": {"id": "call-1", "duration": 42}},
        {"event": ENDED, "call_id": "call-1", "duration": 42},
    ),
    "context": (
        STARTED,
        {"call": {"id": "call-1"}, "context": {"order": {"id": 7}}},
        {"call_id": "call-1", "context": {"order": {"id": 7}}},
    ),
    "empty context": (STARTED, {"call": {"id": "c"}, "context": {}}, {"call_id": "c", "context": []}),
    "further data": (
        STARTED,
        {"call": {"id": "c"}, "context": {"a": 1}, "data": {"tags": ["é", None], "call_id": "mine"}},
        {"call_id": "mine", "context": {"a": 1}, "tags": ["é", None]},
    ),
    "a null duration": (
        ENDED,
        {"call": {"id": "x", "duration": None, "status": None, "to": None}},
        {"event": ENDED, "call_id": "x", "duration": 0},
    ),
    "nulls": (STARTED, {"call": {"id": "c"}, "context": None, "data": None}, {"call_id": "c"}),
}
"""Of what is emitted: the event, what goes with it, and what that adds to the envelope."""


@pytest.mark.parametrize("case", PAYLOADS)
def test_call_context_and_data_are_in_the_payload(case: str, http: FlaskClient, receiver: WebhookReceiver) -> None:
    event, given, expected = PAYLOADS[case]
    emit(http, event, **given)
    assert [list(request.json.items()) for request in receiver.requests] == [list({**ENVELOPE, **expected}.items())]


def test_a_call_whose_id_is_null_gets_one(http: FlaskClient, receiver: WebhookReceiver) -> None:
    found = emit(http, ENDED, call={"id": None, "duration": 7})
    [request] = receiver.requests
    assert isinstance(found["call_id"], str)
    assert (request.json["call_id"], request.json["duration"]) == (found["call_id"], 7)


BODIES = {
    "application/json": json.dumps({"agent_id": AGENT, "event": STARTED, "call": {"id": "7"}, "wait": WAIT}),
    "application/yaml": f"agent_id: {AGENT}\nevent: {STARTED}\ncall: {{id: '7'}}\nwait: {WAIT}\n",
    "application/x-www-form-urlencoded": f"{{agent_id: {AGENT}, event: {STARTED}, call: {{id: '7'}}, wait: {WAIT}}}",
}
"""Bodies by their content type; curl sends the last one with `-d`."""


@pytest.mark.parametrize("content_type", BODIES)
def test_the_body_is_json_or_yaml(content_type: str, http: FlaskClient, receiver: WebhookReceiver) -> None:
    answer = http.post(EVENTS_ROUTE, data=BODIES[content_type], content_type=content_type)
    assert answer.get_json()["finished"] is True
    assert [request.json["call_id"] for request in receiver.requests] == ["7"]


def test_without_a_wait_the_answer_does_not_wait(http: FlaskClient, receiver: WebhookReceiver) -> None:
    receiver.answer_always(Answer(delay_seconds=HALF_AN_HOUR))
    found = emit(http, wait=None)
    assert found["finished"] is False
    [delivery] = found["deliveries"]
    assert (delivery["status"], delivery["request"], delivery["response"]) == ("pending", None, None)
    assert (delivery["ended_at"], delivery["duration_ms"]) == (None, None)


def test_a_wait_that_was_too_short_says_so(http: FlaskClient, receiver: WebhookReceiver) -> None:
    receiver.answer_always(Answer(delay_seconds=HALF_AN_HOUR))
    found = emit(http, wait=0.05)
    assert (found["finished"], found["deliveries"][0]["status"]) == (False, "pending")


@pytest.mark.slow
def test_a_wait_is_for_the_first_attempt_of_every_webhook(http: FlaskClient, receiver: WebhookReceiver) -> None:
    """The attempts of a receiver that fails fast do not count for one that is slow."""
    with running_receiver() as slow:
        slow.answer_always(Answer(delay_seconds=HALF_AN_HOUR))
        receiver.answer_always(500)
        webhook = {"id": DISABLED, "enabled": True, "webhook_url": slow.url}
        state = {"agents": [{"id": AGENT, "webhooks": [webhook]}], "settings": {"retry_schedule": [0]}}
        assert http.patch("/__admin/state", json=state).status_code == 200
        found = emit(http, wait=0.3)
    assert found["finished"] is False
    assert [(each["webhook_id"], each["attempt"]) for each in found["deliveries"]] == [(WEBHOOK, 1), (DISABLED, 1)]
    assert [each["status"] for each in found["deliveries"]] == ["failed", "pending"]
    assert len(receiver.wait_for(4)) == 4


def test_an_event_happens_in_the_environment_of_its_token(http: FlaskClient, receiver: WebhookReceiver) -> None:
    http.post("/__admin/environments", json={"token": "talq_mine"})
    mine = {"Authorization": "Bearer talq_mine"}
    body = {"agent_id": AGENT, "event": RECORDING, "wait": WAIT}
    assert http.post(EVENTS_ROUTE, json=body, headers=mine).get_json()["finished"] is True
    assert http.get("/__admin/deliveries", headers=mine).get_json()["count"] == 1
    assert http.get("/__admin/deliveries").get_json()["count"] == 0
    assert [request.path for request in receiver.requests] == ["/webhook/recordings"]


def test_a_delivery_to_another_machine_is_captured(http: FlaskClient) -> None:
    [delivery] = emit(http, agent_id=OTHER_AGENT)["deliveries"]
    assert (delivery["webhook_id"], delivery["status"], delivery["captured"]) == (CAPTURED, "success", True)


def test_the_token_of_a_closed_environment_makes_nothing_happen(http: FlaskClient) -> None:
    http.post("/__admin/environments", json={"name": "mine", "token": "talq_mine"})
    http.delete("/__admin/environments/mine")
    answer = http.post(
        EVENTS_ROUTE, json={"agent_id": AGENT, "event": STARTED}, headers={"Authorization": "Bearer talq_mine"}
    )
    assert (answer.status_code, answer.content_type) == (401, "application/problem+json")
    assert answer.get_json()["detail"] == "the token belonged to environment mine, which has been closed"
    assert http.get("/__admin/deliveries").get_json()["deliveries"] == []


def test_more_deliveries_than_are_kept_are_refused_before_any_is_sent(receiver: WebhookReceiver) -> None:
    world = delivering(receiver.url, most_kept=1)
    http = create_app(world, Guard()).test_client()
    webhook = {"id": DISABLED, "enabled": True}
    http.patch("/__admin/state", json={"agents": [{"id": AGENT, "webhooks": [webhook]}]})
    answer = http.post(EVENTS_ROUTE, json={"agent_id": AGENT, "event": STARTED, "wait": WAIT})
    world.stop()
    assert (answer.status_code, answer.content_type) == (409, "application/problem+json")
    problem = answer.get_json()
    assert problem["title"] == "Too many deliveries are queued"
    assert problem["detail"] == "0 deliveries are queued, and 2 more would exceed the limit of 1"
    assert receiver.requests == []


NEW = "event_phone_call_paused"


def test_an_event_that_the_api_does_not_have_goes_to_every_enabled_webhook(
    http: FlaskClient, receiver: WebhookReceiver
) -> None:
    told = emit(http, NEW, unknown=True, call={"id": "call-1"})
    assert [each["webhook_id"] for each in told["deliveries"]] == [WEBHOOK, RECORDER]
    assert told["skipped"] == [{"webhook_id": DISABLED, "reason": "it is disabled"}]
    first, second = sorted(receiver.requests, key=lambda each: each.json["webhook_id"] != WEBHOOK)
    assert first.json == {**second.json, "webhook_id": WEBHOOK, "webhook_name": "My Webhook"}
    assert next(iter(first.json.items())) == ("event", NEW)
    assert first.is_signed_with(SECRET)
    log = http.get(f"/api/v1/agents/{AGENT}/webhooks/{WEBHOOK}/logs", headers=TOKEN).get_json()["data"]
    assert [(each["event"], each["status"]) for each in log] == [(NEW, "success")]


def test_an_unknown_event_is_searched_for_by_its_name_once_it_was_emitted(http: FlaskClient) -> None:
    for path in ("events", "deliveries"):
        assert http.get(f"/__admin/{path}?event={NEW}").status_code == 422
    emit(http, NEW, unknown=True)
    emit(http, STARTED, unknown=True)
    assert http.get(f"/__admin/events?event={NEW}").get_json()["count"] == 1
    assert http.get(f"/__admin/deliveries?event={NEW}").get_json()["count"] == 2
    assert http.get(f"/__admin/deliveries?event={STARTED}").get_json()["count"] == 1
    near = http.get(f"/__admin/deliveries?event={NEW}x")
    assert (near.status_code, near.get_json()["title"]) == (422, "Unknown event")
    assert near.get_json()["detail"].endswith(f"did you mean {NEW}?")
    http.post("/__admin/reset")
    assert http.get(f"/__admin/events?event={NEW}").status_code == 422


def test_a_fault_may_match_unknown_events_by_a_pattern(http: FlaskClient) -> None:
    http.post("/__admin/faults", json={"on": "deliveries", "action": "drop", "match": {"event": "*_paused"}})
    assert {each["fault"] for each in emit(http, NEW, unknown=True)["deliveries"]} == {"fault-1 (drop)"}
    assert {each["fault"] for each in emit(http, STARTED)["deliveries"]} == {None}


def test_an_agent_that_never_was_is_told_so(http: FlaskClient) -> None:
    refused = http.get(f"/__admin/events?agent_id={UNKNOWN}").get_json()
    assert refused == http.get(f"/__admin/deliveries?agent_id={UNKNOWN}").get_json()
    assert (refused["status"], refused["title"]) == (422, "Unknown agent")
