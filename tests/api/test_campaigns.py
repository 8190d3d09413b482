"""Campaigns, their statuses and their webhooks: the vendor's own presentations, and the code of agents' webhooks."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from flask.testing import FlaskClient

from talkover_mock.environments.world import World
from tests.support.campaigning import (
    CAMPAIGN,
    CREATED,
    PATH,
    WEBHOOK,
    WEBHOOK_PATH,
    WEBHOOKS,
    answered,
    ask,
    client,
    world_with,
)
from tests.support.documented import AGENT, UNKNOWN
from tests.support.rows import each_row

NOW = "2025-09-03T23:19:51"
EVENTS = ["campaign.started", "campaign.paused"]
FIELDS = {"name": "N", "webhook_url": "http://xy/new", "events": ["campaign_call.failed"]}
AVAILABLE = [
    "campaign.created",
    "campaign.started",
    "campaign.paused",
    "campaign.completed",
    "campaign.updated",
    "campaign_call.queued",
    "campaign_call.started",
    "campaign_call.completed",
    "campaign_call.retry_scheduled",
    "campaign_call.failed",
    "event_recording",
    "event_call_transcript",
    "event_call_report",
]


@pytest.fixture
def world() -> Iterator[World]:
    world = world_with()
    yield world
    world.stop()


@pytest.fixture
def http(world: World) -> FlaskClient:
    return client(world)


def keys(data: dict[str, Any]) -> str:
    return " ".join(data)


def test_webhooks_are_listed_with_the_thirteen_events(http: FlaskClient) -> None:
    data = answered(http, "GET", WEBHOOKS)["data"]
    [webhook] = data["webhooks"]
    assert keys(webhook) == "id campaign_id name webhook_url events enabled include_call_events"
    assert webhook == {
        "id": WEBHOOK,
        "campaign_id": CAMPAIGN,
        "name": "W",
        "webhook_url": "http://xy",
        "events": EVENTS,
        "enabled": True,
        "include_call_events": False,
    }
    assert data["available_events"] == AVAILABLE


def test_a_webhook_is_created_read_updated_and_deleted(http: FlaskClient) -> None:
    created = answered(http, "POST", WEBHOOKS, {**FIELDS, "include_call_events": "1"})
    data = created["data"]
    assert keys(created) == "success data"
    assert keys(data) == "id campaign_id name events enabled include_call_events created_at"
    assert (data["campaign_id"], data["include_call_events"]) == (CAMPAIGN, True)
    path = f"{WEBHOOKS}/{data['id']}"
    read = answered(http, "GET", path)
    own = "id campaign_id name webhook_url events enabled timeout max_retries include_call_events created_at"
    assert (keys(read), keys(read["data"])) == ("success data", own)
    changed = answered(http, "PUT", path, {"events": ["event_call_report"], "include_call_events": False})
    assert changed == {
        "success": True,
        "data": {
            "id": data["id"],
            "events": ["event_call_report"],
            "include_call_events": False,
            "updated_at": f"{NOW}.000000Z",
        },
    }
    assert list(changed["data"]) == ["id", "events", "include_call_events", "updated_at"]
    assert answered(http, "DELETE", path) == {"success": True, "message": "Campaign webhook deleted"}
    assert ask(http, "GET", path).get_json() == {"success": False, "message": "Webhook not found."}


def test_toggle_answers_only_what_it_changed(http: FlaskClient) -> None:
    text = ask(http, "PATCH", f"{WEBHOOK_PATH}/toggle").text
    assert text == f'{{"success":true,"message":"Webhook disabled","data":{{"id":"{WEBHOOK}","enabled":false}}}}'
    text = ask(http, "PATCH", f"{WEBHOOK_PATH}/toggle", {"enabled": False}).text
    assert text == f'{{"success":true,"message":"Webhook enabled","data":{{"id":"{WEBHOOK}","enabled":true}}}}'


def test_no_toggle_is_lost(world: World, http: FlaskClient) -> None:
    with ThreadPoolExecutor(7) as pool:
        asked = [pool.submit(answered, client(world), "PATCH", f"{WEBHOOK_PATH}/toggle") for _ in range(7)]
    answers = [each.result()["data"]["enabled"] for each in asked]
    assert sorted(answers) == [False] * 4 + [True] * 3
    assert answered(http, "GET", WEBHOOK_PATH)["data"]["enabled"] is False


WRONG = [
    ({}, {"name", "webhook_url", "events"}),
    ({**FIELDS, "events": ["event_phone_call_ended"]}, {"events.0"}),
    ({**FIELDS, "include_call_events": "perhaps"}, {"include_call_events"}),
]


@pytest.mark.parametrize(("body", "names"), WRONG)
def test_fields_have_the_rules_of_agents(http: FlaskClient, body: Any, names: set[str]) -> None:
    answer = ask(http, "POST", WEBHOOKS, body)
    assert (answer.status_code, {*answer.get_json()["errors"]}) == (422, names)


@pytest.mark.parametrize(
    ("path", "event", "owners"),
    [(WEBHOOKS, "event_phone_call_ended", "agents"), (f"/api/v1/agents/{AGENT}/webhooks", EVENTS[0], "campaigns")],
)
def test_an_event_of_the_other_owners_is_refused_with_their_name(
    http: FlaskClient, path: str, event: str, owners: str
) -> None:
    answer = ask(http, "POST", path, {**FIELDS, "events": [event]})
    assert answer.headers["X-Mockserver-Reason"] == (
        f'events.0: The selected events.0 is invalid (got "{event}"; only {owners} have this event)'
    )


ROUTES = [
    ("GET", ""),
    ("PATCH", "/status"),
    ("GET", "/webhooks"),
    ("POST", "/webhooks"),
    ("GET", "/webhooks/{}"),
    ("PUT", "/webhooks/{}"),
    ("DELETE", "/webhooks/{}"),
    ("PATCH", "/webhooks/{}/toggle"),
    ("POST", "/webhooks/{}/test"),
    ("GET", "/webhooks/{}/logs"),
    ("POST", "/webhooks/{}/logs/x/retry"),
]


@each_row(("method", "path"), ROUTES)
def test_an_unknown_campaign_comes_before_all_else(http: FlaskClient, method: str, path: str) -> None:
    answer = ask(http, method, f"/api/v1/campaigns/{UNKNOWN}{path.format(WEBHOOK)}", {"status": 1})
    assert (answer.status_code, answer.text) == (404, '{"success":false,"message":"Campaign not found"}')
    assert CAMPAIGN in answer.headers["X-Mockserver-Reason"]
    without = http.open(f"{PATH}{path.format(WEBHOOK)}", method=method)
    assert (without.status_code, without.text) == (401, '{"message":"Missing Bearer Token"}')


@each_row(("method", "path"), [each for each in ROUTES if "{}" in each[1]])
def test_a_webhook_of_another_owner_is_unknown(http: FlaskClient, method: str, path: str) -> None:
    answer = ask(http, method, PATH + path.format("of-agent"))
    assert (answer.status_code, answer.text) == (404, '{"success":false,"message":"Webhook not found."}')
    expected = f"webhook of-agent belongs to agent {AGENT}, not to campaign {CAMPAIGN}"
    assert answer.headers["X-Mockserver-Reason"] == expected
    of_agent = ask(http, method, f"/api/v1/agents/{AGENT}{path.format(WEBHOOK)}")
    assert of_agent.get_json()["message"] == "Webhook not found."
    assert of_agent.headers["X-Mockserver-Reason"].startswith(f"webhook {WEBHOOK} belongs to campaign {CAMPAIGN}")


def test_an_agents_routes_take_no_campaign(http: FlaskClient) -> None:
    answer = ask(http, "GET", f"/api/v1/agents/{CAMPAIGN}/webhooks")
    assert answer.get_json()["message"] == "Agent not found in this environment."
    answer = ask(http, "GET", f"/api/v1/campaigns/{AGENT}/webhooks")
    assert answer.headers["X-Mockserver-Reason"] == f"{AGENT} is the id of an agent, not of a campaign"


MIXED_UP = {
    f"/api/v1/agents/{CAMPAIGN}": f"{CAMPAIGN} is the id of a campaign, not of an agent",
    f"/api/v1/agents/{AGENT}/webhooks/{CAMPAIGN}": f"{CAMPAIGN} is the id of a campaign, not of a webhook",
    f"/api/v1/campaigns/{WEBHOOK}": f"{WEBHOOK} is the id of a webhook (of campaign {CAMPAIGN}), not of a campaign",
}


@pytest.mark.parametrize("path", MIXED_UP)
def test_an_id_of_another_kind_is_told(http: FlaskClient, path: str) -> None:
    assert ask(http, "GET", path).headers["X-Mockserver-Reason"] == MIXED_UP[path]


def test_a_campaign_is_read_with_what_the_fixture_gives_besides() -> None:
    world = world_with(campaign={"status": "active", "campaign_type": "outbound", "budget": {"eur": 7}})
    expected = {
        "id": CAMPAIGN,
        "name": "Spring",
        "description": None,
        "status": "active",
        "campaign_type": "outbound",
        "agent_id": AGENT,
        **CREATED,
        "updated_at": CREATED["created_at"],
        "budget": {"eur": 7},
    }
    http = client(world)
    read = answered(http, "GET", PATH)
    assert read == {"success": True, "data": expected}
    assert list(read["data"]) == list(expected)
    listed = answered(http, "GET", "/api/v1/campaigns?status=active&per_page=1")
    page = {"current_page": 1, "last_page": 1, "per_page": 1, "total": 1, "from": 1, "to": 1}
    assert listed == {"success": True, "data": [expected], "pagination": page}
    assert answered(http, "GET", "/api/v1/campaigns?status=draft")["data"] == []
    assert ask(http, "GET", "/api/v1/campaigns?status=x").status_code == 422
    world.stop()


ALLOWED = {
    "draft": {"active": "campaign.started", "cancelled": "campaign.updated"},
    "active": {"paused": "campaign.paused", "completed": "campaign.completed", "cancelled": "campaign.updated"},
    "paused": {"active": "campaign.started", "completed": "campaign.completed", "cancelled": "campaign.updated"},
    "completed": {},
    "cancelled": {},
}


@each_row("after", ALLOWED)
@each_row("before", ALLOWED)
def test_a_status_follows_another_or_does_not(before: str, after: str) -> None:
    world = world_with(campaign={"status": before})
    http = client(world)
    answer = ask(http, "PATCH", f"{PATH}/status", {"status": after})
    event = ALLOWED[before].get(after)
    events = [each.occurrence.event for each in world.default.deliveries.events.all()]
    assert events == ([event] if event else [])
    status = answered(http, "GET", PATH)["data"]["status"]
    world.stop()
    if event:
        assert answer.get_json() == {
            "success": True,
            "message": "Campaign status updated successfully",
            "data": {"id": CAMPAIGN, "status": after, "updated_at": f"{NOW}Z"},
        }
        assert status == after
    else:
        message = f"Cannot transition from {before} to {after} status"
        assert (answer.status_code, answer.get_json()) == (400, {"success": False, "message": message})
        assert status == before


@pytest.mark.parametrize(
    ("body", "text"),
    [({"status": "stopped"}, "The selected status is invalid."), ({}, "The status field is required.")],
)
def test_a_status_is_one_of_five(http: FlaskClient, body: Any, text: str) -> None:
    answer = ask(http, "PATCH", f"{PATH}/status", body)
    assert (answer.status_code, answer.get_json()["errors"]) == (422, {"status": [text]})


def test_the_campaigns_of_a_deleted_agent_go_with_it(http: FlaskClient) -> None:
    answered(http, "DELETE", f"/api/v1/agents/{AGENT}")
    assert ask(http, "GET", PATH).status_code == 404
