"""List, create, read, update and delete, as the vendor documents them, to the byte."""

from collections.abc import Mapping
from typing import Any

import pytest
from flask.testing import FlaskClient

from talkover_mock.app import create_app
from talkover_mock.environments.world import World
from talkover_mock.loading.fixture import read_fixture
from talkover_mock.loading.mistakes import Source
from tests.support.documented import API_HEADERS, NO_AGENT, NO_WEBHOOK, TOKEN, UNKNOWN, WEBHOOK
from tests.support.frozen import (
    BEFORE,
    FIRST_ID,
    NOW,
    ONE,
    RIGHT,
    WEBHOOKS,
    Time,
    compact,
    created,
    frozen_world,
    listed,
    shown,
)

LATER = "2025-09-03T23:20:51.000000Z"
DELETED = '{"success":true,"message":"Webhook deleted successfully"}'
AVAILABLE_EVENTS = (
    '{"event_phone_call_started":"Phone call has started","event_phone_call_ended":"Phone call has ended",'
    '"event_phone_call_did_not_connect":"Phone call failed to connect",'
    '"event_phone_call_connected":"Phone call connection established",'
    '"event_phone_call_disconnected":"Phone call connection closed",'
    '"event_phone_call_error":"Phone call connection error occurred",'
    '"event_participant_joined":"Participant joined the call","event_participant_left":"Participant left the call",'
    '"event_voicemail_detected":"Voicemail system detected","event_voicemail_message_left":"Message left on voicemail",'
    '"event_conversation_started":"Human conversation started","event_conversation_ended":"Human conversation ended",'
    '"event_action":"Agent executed an action","event_action_failed":"Agent action failed",'
    '"event_recording":"Call recording event","event_connection_established":"Call connection established",'
    '"event_connection_closed":"Call connection closed","event_connection_error":"Call connection error occurred",'
    '"event_user_connected":"User connected to the call","event_user_disconnected":"User disconnected from the call",'
    '"event_client_connected":"Client connected to the call",'
    '"event_client_disconnected":"Client disconnected from the call"}'
)
HIDDEN: Mapping[str, Any] = {
    "webhook_secret": "a secret",
    "http_method": "PUT",
    "authorization_scheme": "basic",
    "custom_headers": [{"key": "X-A", "value": "b"}],
    "payload_templates": {"event_action": {"id": "{{call.id}}"}},
}
"""What no answer shows."""


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def world(time: Time) -> World:
    return frozen_world(time)


def cache_clears(world: World) -> int:
    clears: int = world.default.documents.whole()["agents"][0]["cache_clears"]
    return clears


def test_the_list_to_the_byte(http: FlaskClient) -> None:
    second = created(http, enabled=False, **HIDDEN)
    webhooks = [shown(WEBHOOK, BEFORE, BEFORE), shown(second, NOW, NOW, enabled=False)]
    answer = http.get(WEBHOOKS, headers=TOKEN)
    expected = f'{{"success":true,"data":{{"webhooks":{compact(webhooks)},"available_events":{AVAILABLE_EVENTS}}}}}'
    assert (answer.status_code, answer.text) == (200, expected)
    assert {name: answer.headers[name] for name in API_HEADERS} == API_HEADERS


def test_the_list_of_an_agent_without_webhooks(http: FlaskClient) -> None:
    http.delete(ONE, headers=TOKEN)
    expected = f'{{"success":true,"data":{{"webhooks":[],"available_events":{AVAILABLE_EVENTS}}}}}'
    assert http.get(WEBHOOKS, headers=TOKEN).text == expected


def test_create_to_the_byte(http: FlaskClient) -> None:
    fields = {"name": "My Webhook", "events": ["event_recording", "event_action"], "timeout": 60, "max_retries": 0}
    answer = http.post(WEBHOOKS, json={**RIGHT, **fields, **HIDDEN}, headers=TOKEN)
    data = shown(FIRST_ID, NOW, NOW, **fields)
    expected = compact({"success": True, "message": "Webhook created successfully", "data": data})
    assert (answer.status_code, answer.text) == (200, expected)
    assert data["events_count"] == 2
    assert {name: answer.headers[name] for name in API_HEADERS} == API_HEADERS


def test_read_to_the_byte(http: FlaskClient) -> None:
    answer = http.get(ONE, headers=TOKEN)
    expected = compact({"success": True, "data": shown(WEBHOOK, BEFORE, BEFORE)})
    assert (answer.status_code, answer.text) == (200, expected)
    id = created(http, **HIDDEN)
    assert http.get(f"{WEBHOOKS}/{id}", headers=TOKEN).text == compact({"success": True, "data": shown(id, NOW, NOW)})


def test_update_to_the_byte(http: FlaskClient) -> None:
    fields = {"name": "Other", "webhook_url": "https://example.com/x", "events": ["event_recording"], "enabled": False}
    answer = http.put(ONE, json={**fields, **HIDDEN}, headers=TOKEN)
    data = shown(WEBHOOK, BEFORE, NOW, **fields)
    expected = compact({"success": True, "message": "Webhook updated successfully", "data": data})
    assert (answer.status_code, answer.text) == (200, expected)


def test_delete_to_the_byte_and_then_it_is_unknown(http: FlaskClient) -> None:
    other = created(http)
    answer = http.delete(ONE, headers=TOKEN)
    assert (answer.status_code, answer.text) == (200, DELETED)
    gone = [http.get(ONE, headers=TOKEN), http.put(ONE, json={}, headers=TOKEN), http.delete(ONE, headers=TOKEN)]
    gone.append(http.patch(f"{ONE}/toggle", headers=TOKEN))
    assert [(each.status_code, each.text) for each in gone] == [(404, NO_WEBHOOK)] * 4
    assert listed(http) == [other]


FIELDS: Mapping[str, Any] = {
    "name": "Other",
    "webhook_url": "https://example.com/x",
    "events": ("event_recording", "event_action"),
    "timeout": 60,
    "max_retries": 0,
    "enabled": False,
    **HIDDEN,
    "custom_headers": (("X-A", "b"),),
}


@pytest.mark.parametrize("field", FIELDS)
def test_only_the_given_field_changes(http: FlaskClient, world: World, field: str) -> None:
    before = world.default.webhook(WEBHOOK)
    http.put(ONE, json={field: HIDDEN.get(field, FIELDS[field])}, headers=TOKEN)
    after = world.default.webhook(WEBHOOK)
    names = [name for name in FIELDS if getattr(after, name) != getattr(before, name)]
    assert names == [field]
    assert getattr(after, field) == FIELDS[field]


def test_updated_at_moves_when_something_changes_and_created_at_never(http: FlaskClient, time: Time) -> None:
    def times(answer: Any) -> tuple[str, str]:
        data = answer.get_json()["data"]
        return data["created_at"], data["updated_at"]

    assert times(http.put(ONE, json=RIGHT, headers=TOKEN)) == (BEFORE, BEFORE)
    assert times(http.put(ONE, json={"max_retries": "3"}, headers=TOKEN)) == (BEFORE, BEFORE)
    assert times(http.put(ONE, json={"max_retries": 4}, headers=TOKEN)) == (BEFORE, NOW)
    time.advance(60)
    assert times(http.put(ONE, json={}, headers=TOKEN)) == (BEFORE, NOW)
    assert times(http.get(ONE, headers=TOKEN)) == (BEFORE, NOW)
    assert times(http.put(ONE, json={"webhook_secret": "s"}, headers=TOKEN)) == (BEFORE, LATER)


@pytest.mark.parametrize(("body", "status"), [({"name": "N"}, "active"), ({"enabled": 0}, "disabled"), ({}, "error")])
def test_an_error_ends_with_an_update_that_gives_a_field(time: Time, body: dict[str, Any], status: str) -> None:
    http = create_app(frozen_world(time, status="error")).test_client()
    assert http.get(ONE, headers=TOKEN).get_json()["data"]["status"] == "error"
    assert http.put(ONE, json=body, headers=TOKEN).get_json()["data"]["status"] == status


def test_an_error_stays_when_an_update_is_refused(time: Time) -> None:
    http = create_app(frozen_world(time, status="error")).test_client()
    assert http.put(ONE, json={"timeout": 3}, headers=TOKEN).status_code == 422
    assert http.get(ONE, headers=TOKEN).get_json()["data"]["status"] == "error"


def test_every_write_clears_the_cache_and_nothing_else_does(http: FlaskClient, world: World) -> None:
    writes: list[tuple[str, str, Any]] = [
        ("POST", WEBHOOKS, RIGHT),
        ("PUT", ONE, {"name": "M"}),
        ("PUT", ONE, {}),
        ("PATCH", f"{ONE}/toggle", None),
        ("DELETE", ONE, None),
    ]
    others: list[tuple[str, str, Any]] = [
        ("GET", WEBHOOKS, None),
        ("GET", ONE, None),
        ("POST", WEBHOOKS, {}),
        ("PUT", ONE, {"timeout": 3}),
        ("DELETE", f"{WEBHOOKS}/{UNKNOWN}", None),
    ]
    for count, (method, path, body) in enumerate(writes, start=1):
        for each in others:
            http.open(each[1], method=each[0], json=each[2], headers=TOKEN)
        assert http.open(path, method=method, json=body, headers=TOKEN).status_code == 200
        assert cache_clears(world) == count


ELSEWHERE = f"/api/v1/agents/{UNKNOWN}/webhooks"
CALLS = [
    ("GET", "", False),
    ("POST", "", False),
    ("GET", f"/{WEBHOOK}", True),
    ("PUT", f"/{WEBHOOK}", True),
    ("DELETE", f"/{WEBHOOK}", True),
    ("PATCH", f"/{WEBHOOK}/toggle", True),
]


@pytest.mark.parametrize(("method", "path", "names_webhook"), CALLS)
def test_the_token_then_the_agent_then_the_webhook_then_the_fields(
    http: FlaskClient, world: World, method: str, path: str, names_webhook: bool
) -> None:
    before = world.default.documents.whole()
    wrong = {"timeout": 3}
    unknown = path.replace(WEBHOOK, UNKNOWN)
    answers = [
        http.open(ELSEWHERE + unknown, method=method, json=wrong),
        http.open(ELSEWHERE + unknown, method=method, json=wrong, headers=TOKEN),
        http.open(ELSEWHERE + path, method=method, json=wrong, headers=TOKEN),
    ]
    assert [(each.status_code, each.text) for each in answers] == [
        (401, '{"message":"Missing Bearer Token"}'),
        (404, NO_AGENT),
        (404, NO_AGENT),
    ]
    if names_webhook:
        answer = http.open(WEBHOOKS + unknown, method=method, json=wrong, headers=TOKEN)
        assert (answer.status_code, answer.text) == (404, NO_WEBHOOK)
    if method in ("POST", "PUT"):
        assert http.open(WEBHOOKS + path, method=method, json=wrong, headers=TOKEN).status_code == 422
    assert world.default.documents.whole() == before


def test_another_agents_webhook_is_not_found(time: Time) -> None:
    agents = [
        {"id": "one", "name": "A", "webhooks": [{"id": WEBHOOK, **RIGHT}]},
        {"id": "two", "name": "B"},
    ]
    world = World(read_fixture([Source("fixture", "", {"agents": agents})]), time=time)
    before = world.default.documents.whole()
    http = create_app(world).test_client()
    path = f"/api/v1/agents/two/webhooks/{WEBHOOK}"
    answers = [http.open(path, method=method, json={}, headers=TOKEN) for method in ("GET", "PUT", "DELETE")]
    assert [(each.status_code, each.text) for each in answers] == [(404, NO_WEBHOOK)] * 3
    assert world.default.documents.whole() == before


def test_create_answers_201_when_the_fixture_says_so(time: Time) -> None:
    http = create_app(frozen_world(time, {"create_status": 201})).test_client()
    answer = http.post(WEBHOOKS, json=RIGHT, headers=TOKEN)
    data = shown(FIRST_ID, NOW, NOW)
    expected = compact({"success": True, "message": "Webhook created successfully", "data": data})
    assert (answer.status_code, answer.text) == (201, expected)
