"""Events of campaigns, and call events for their webhooks: who gets them, and the code of agents' deliveries."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from flask.testing import FlaskClient

from talkover_mock.environments.world import World
from talkover_mock.receiver import WebhookReceiver
from tests.support.campaigning import CAMPAIGN, PATH, WEBHOOK, WEBHOOK_PATH, answered, ask, client, world_with
from tests.support.documented import AGENT, UNKNOWN
from tests.support.stories import WAIT

STARTED, ACTION = "campaign.started", "event_action"
IDS = {"campaign_id": CAMPAIGN, "webhook_id": WEBHOOK}


@pytest.fixture
def world(receiver: WebhookReceiver) -> Iterator[World]:
    world = world_with(receiver.url, webhook_secret="secret")
    yield world
    world.stop()


@pytest.fixture
def http(world: World) -> FlaskClient:
    return client(world)


def emit(http: FlaskClient, **wanted: Any) -> dict[str, Any]:
    """What an event led to, when its deliveries have ended."""
    found: dict[str, Any] = answered(http, "POST", "/__admin/events", {"wait": WAIT, **wanted})
    return found


def at_campaign(http: FlaskClient, event: str = STARTED, **wanted: Any) -> dict[str, Any]:
    return emit(http, campaign_id=CAMPAIGN, event=event, **wanted)


def got(found: dict[str, Any]) -> list[str]:
    return [each["webhook_id"] for each in found["deliveries"]]


def test_a_call_of_which_nothing_is_told_is_none_at_a_campaign(http: FlaskClient, receiver: WebhookReceiver) -> None:
    for call in ({}, {"id": None, "duration": None}):
        assert at_campaign(http, call=call)["call_id"] is None
    assert ["call_id" in request.json for request in receiver.requests] == [False, False]


def test_an_event_of_a_campaign_reaches_its_webhook_signed(http: FlaskClient, receiver: WebhookReceiver) -> None:
    found = at_campaign(http, data={"total": 7})
    assert (got(found), found["skipped"], found["call_id"]) == ([WEBHOOK], [], None)
    [request] = receiver.requests
    assert request.is_signed_with("secret")
    assert json.loads(request.body) == {
        "event": STARTED,
        "agent_id": AGENT,
        "agent_name": "My Agent",
        "campaign_id": CAMPAIGN,
        "webhook_id": WEBHOOK,
        "webhook_name": "W",
        "timestamp": "2025-09-03T23:19:51.812Z",
        "total": 7,
    }


def test_a_template_names_the_campaign(http: FlaskClient, receiver: WebhookReceiver) -> None:
    template = {"at": "{{campaign.id}} {{campaign.name}}", "now": "{{campaign.status}}", "by": "{{agent.name}}"}
    answered(http, "PUT", WEBHOOK_PATH, {"payload_templates": {STARTED: template}})
    at_campaign(http)
    [request] = receiver.requests
    assert request.json == {"at": f"{CAMPAIGN} Spring", "now": "draft", "by": "My Agent"}


def test_a_change_of_status_is_an_event(http: FlaskClient, world: World, receiver: WebhookReceiver) -> None:
    world.default.freeze()
    answered(http, "PATCH", f"{PATH}/status", {"status": "active"})
    world.default.deliveries.advance(0)
    [request] = receiver.requests
    body = json.loads(request.body)
    assert (body["event"], body["status"]) == (STARTED, "active")


def test_a_disabled_webhook_gets_nothing_until_it_is_toggled_again(http: FlaskClient) -> None:
    answered(http, "PATCH", f"{WEBHOOK_PATH}/toggle")
    assert at_campaign(http)["skipped"] == [{**IDS, "reason": "it is disabled"}]
    answered(http, "PATCH", f"{WEBHOOK_PATH}/toggle")
    assert got(at_campaign(http)) == [WEBHOOK]
    skipped = at_campaign(http, "campaign.completed")["skipped"]
    assert skipped == [{**IDS, "reason": "it does not list the event"}]


@pytest.mark.parametrize("included", [False, True])
def test_call_events_of_the_agent_come_where_they_are_included(http: FlaskClient, included: bool) -> None:
    answered(http, "PUT", WEBHOOK_PATH, {"include_call_events": included})
    expected = ["of-agent", WEBHOOK] if included else ["of-agent"]
    assert got(emit(http, agent_id=AGENT, event=ACTION)) == expected
    assert got(emit(http, agent_id=AGENT, event="other", unknown=True)) == expected


def test_the_end_of_a_call_reaches_a_campaign_that_includes_call_events(
    http: FlaskClient, world: World, receiver: WebhookReceiver
) -> None:
    answered(http, "PUT", WEBHOOK_PATH, {"include_call_events": True})
    world.default.freeze()
    call = answered(http, "POST", f"/api/v1/agents/{AGENT}/call", {"to": "+1234567890", "context": {"order": 7}})
    answered(http, "POST", f"/api/v1/agents/{AGENT}/end-call", {"call_sid": call["data"]["id"]})
    world.default.deliveries.advance(0)
    [request] = receiver.requests
    body = json.loads(request.body)
    assert (body["campaign_id"], body["call_id"], body["context"]) == (CAMPAIGN, call["data"]["id"], {"order": 7})


def test_a_test_is_dispatched_whatever_comes_of_it(http: FlaskClient, receiver: WebhookReceiver) -> None:
    receiver.answer_always(500)
    text = ask(http, "POST", f"{WEBHOOK_PATH}/test").text
    assert text == '{"success":true,"message":"Test payload dispatched"}'
    assert receiver.events == ["webhook.test"]
    assert answered(http, "GET", f"{WEBHOOK_PATH}/logs")["data"] == []


def test_logs_and_retry_have_their_own_keys(http: FlaskClient, receiver: WebhookReceiver) -> None:
    answered(http, "PUT", WEBHOOK_PATH, {"max_retries": 0})
    receiver.answer_always(500)
    failed = at_campaign(http)["deliveries"][0]["id"]
    receiver.answer_always(200)
    done = at_campaign(http)["deliveries"][0]["id"]
    logs = answered(http, "GET", f"{WEBHOOK_PATH}/logs?per_page=2")
    assert logs["pagination"] == {"current_page": 1, "per_page": 2, "total": 2}
    assert [each["id"] for each in logs["data"]] == [done, failed]
    second, first = logs["data"]
    keys = ["id", "event", "attempt", "status", "http_status", "duration_ms", "delivered_at", "created_at"]
    assert list(first) == list(second) == keys
    assert (first["status"], first["http_status"], first["delivered_at"]) == ("failed", 500, None)
    assert (second["status"], second["http_status"], second["delivered_at"]) == ("success", 200, "2025-09-03T23:19:51Z")
    retried = answered(http, "POST", f"{WEBHOOK_PATH}/logs/{failed}/retry")
    new = retried["data"].pop("log_id")
    expected = {"success": True, "message": "Webhook retry queued", "data": {"original_log_id": failed}}
    assert retried == expected
    assert new not in (failed, done)
    refused = ask(http, "POST", f"{WEBHOOK_PATH}/logs/{done}/retry")
    assert (refused.status_code, refused.get_json()["code"]) == (422, "LOG_NOT_RETRIABLE")


def test_a_failed_delivery_is_tried_again_on_the_environments_clock(
    http: FlaskClient, world: World, receiver: WebhookReceiver
) -> None:
    world.default.freeze()
    receiver.answer_always(500)
    answered(http, "POST", "/__admin/events", {"campaign_id": CAMPAIGN, "event": STARTED})
    world.default.deliveries.advance(None)
    assert receiver.events == [STARTED] * 4


def test_a_log_of_a_fixture_is_there_at_the_start() -> None:
    world = world_with(logs=[{"id": "log-1", "event": STARTED, "status": "failed"}])
    http = client(world)
    [entry] = answered(http, "GET", f"{WEBHOOK_PATH}/logs")["data"]
    assert (entry["id"], entry["event"], entry["status"]) == ("log-1", STARTED, "failed")
    world.stop()


WRONG = [
    ({"campaign_id": UNKNOWN, "event": STARTED}, 404, "No such campaign", "no campaign in environment default has"),
    (
        {"campaign_id": CAMPAIGN, "event": ACTION},
        422,
        "Unknown event",
        f'event must be one of the 13 events (got "{ACTION}"); only agents have this event',
    ),
    (
        {"agent_id": AGENT, "event": STARTED},
        422,
        "Unknown event",
        f'event must be one of the 22 events (got "{STARTED}"); only campaigns have this event',
    ),
    ({"campaign_id": 7, "event": STARTED}, 422, "Bad value", "campaign_id must be the id of the campaign"),
    ({"campaign_id": CAMPAIGN, "agent_id": AGENT, "event": STARTED}, 422, "Bad value", "give agent_id or campaign_id"),
]


@pytest.mark.parametrize(("body", "status", "title", "detail"), WRONG, ids=[each[3] for each in WRONG])
def test_a_wrong_event_is_explained(http: FlaskClient, body: Any, status: int, title: str, detail: str) -> None:
    answer = ask(http, "POST", "/__admin/events", body)
    problem = answer.get_json()
    assert (answer.status_code, problem["title"]) == (status, title)
    assert problem["detail"].startswith(detail)


def test_events_and_deliveries_of_campaigns_are_searched_by_name(http: FlaskClient) -> None:
    assert answered(http, "GET", f"/__admin/deliveries?event={STARTED}")["deliveries"] == []
    at_campaign(http)
    [delivery] = answered(http, "GET", f"/__admin/deliveries?event={STARTED}")["deliveries"]
    [event] = answered(http, "GET", f"/__admin/events?event={STARTED}")["events"]
    assert (delivery["webhook_id"], event["agent_id"]) == (WEBHOOK, AGENT)


def test_a_campaigns_events_and_deliveries_carry_its_id_and_an_agents_do_not(http: FlaskClient) -> None:
    of_campaign = at_campaign(http)
    answered(http, "PUT", WEBHOOK_PATH, {"include_call_events": True})
    of_agent = emit(http, agent_id=AGENT, event=ACTION)
    assert [each.get("campaign_id") for each in of_campaign["deliveries"]] == [CAMPAIGN]
    assert [each.get("campaign_id", "none") for each in of_agent["deliveries"]] == ["none", CAMPAIGN]
    first, second = answered(http, "GET", "/__admin/events")["events"]
    assert (first["campaign_id"], "campaign_id" in second) == (CAMPAIGN, False)
    assert [each.get("campaign_id") for each in second["deliveries"]] == [None, CAMPAIGN]
    found = answered(http, "GET", f"/__admin/deliveries?campaign_id={CAMPAIGN}")["deliveries"]
    assert [each["event"] for each in found] == [STARTED, ACTION]
    [event] = answered(http, "GET", f"/__admin/events?campaign_id={CAMPAIGN}")["events"]
    assert event == first


@pytest.mark.parametrize("what", ["deliveries", "events"])
def test_a_search_for_an_unknown_campaign_is_refused(http: FlaskClient, what: str) -> None:
    answer = ask(http, "GET", f"/__admin/{what}?campaign_id=campaign-2")
    assert (answer.status_code, answer.get_json()["title"]) == (422, "Unknown campaign")
    assert answer.get_json()["detail"].endswith(f"nearest: {CAMPAIGN}")
