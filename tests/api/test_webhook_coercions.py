"""What create and update take for a webhook's fields, and make of it, to the byte."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from flask.testing import FlaskClient

from talkover_mock.environments.world import World
from tests.support.documented import TOKEN, WEBHOOK
from tests.support.frozen import BEFORE, FIRST_ID, NOW, ONE, RIGHT, WEBHOOKS, Time, compact, frozen_world, shown


@pytest.fixture
def world() -> World:
    return frozen_world(Time())


HEADER = {"key": "X-A", "value": "b"}
TEMPLATES = {"event_action": {"id": "{{call.id}}", "more": [1, None, {"deep": True}]}}
URLS = (
    *("http://localhost", "http://app:8080/hooks", "http://my_app/hooks", "https://127.0.0.1:9000", "http://[::1]/"),
    *("https://user:password@example.com/x", "ftp://example.com", "http://x:99999", "http://x/" + "a" * 491),
)
ACCEPTED: Sequence[tuple[str, Any, Any]] = (
    ("name", "  My Webhook\n", "My Webhook"),
    ("name", "é" * 255, "é" * 255),
    ("name", "030", "030"),
    *[("webhook_url", url, url) for url in URLS],
    ("webhook_url", " http://x ", "http://x"),
    ("webhook_secret", "s" * 255, "s" * 255),
    ("webhook_secret", " s ", "s"),
    ("events", [" event_recording ", "event_action"], ("event_recording", "event_action")),
    ("events", ["event_action", "event_action"], ("event_action", "event_action")),
    *[("timeout", value, 30) for value in (30, "30", "+30", " 30 ", 30.0, 3e1)],
    *[("timeout", value, int(value)) for value in (5, 120, 5.0, "5", "120")],
    *[("max_retries", value, int(value)) for value in (0, 10, True, "0", "-0", "+1", 5.0)],
    *[("enabled", value, True) for value in (True, 1, "1", " 1 ")],
    *[("enabled", value, False) for value in (False, 0, "0")],
    *[("http_method", method, method) for method in ("POST", "PUT", "PATCH")],
    *[("authorization_scheme", scheme, scheme) for scheme in ("none", "bearer", "basic", "api_key", "custom")],
    ("custom_headers", [], ()),
    ("custom_headers", [HEADER, {"key": " k ", "value": " v ", "more": 1}], (("X-A", "b"), ("k", "v"))),
    ("payload_templates", TEMPLATES, TEMPLATES),
    ("payload_templates", {}, {}),
    ("payload_templates", [], {}),
)
ACCEPTED_ROWS = [pytest.param(*row, id=f"{row[0]}-{json.dumps(row[1])[:40]}") for row in ACCEPTED]


@pytest.mark.parametrize(("field", "value", "stored"), ACCEPTED_ROWS)
def test_what_create_accepts(http: FlaskClient, world: World, field: str, value: Any, stored: Any) -> None:
    answer = http.post(WEBHOOKS, json={**RIGHT, field: value}, headers=TOKEN)
    data = shown(FIRST_ID, NOW, NOW, **{field: stored})
    expected = compact({"success": True, "message": "Webhook created successfully", "data": data})
    assert (answer.status_code, answer.text) == (200, expected)
    _check_stored(world, FIRST_ID, field, stored)


@pytest.mark.parametrize(("field", "value", "stored"), ACCEPTED_ROWS)
def test_what_update_accepts(http: FlaskClient, world: World, field: str, value: Any, stored: Any) -> None:
    changed = stored != getattr(world.default.webhook(WEBHOOK), field)
    answer = http.put(ONE, json={field: value}, headers=TOKEN)
    data = shown(WEBHOOK, BEFORE, NOW if changed else BEFORE, **{field: stored})
    expected = compact({"success": True, "message": "Webhook updated successfully", "data": data})
    assert (answer.status_code, answer.text) == (200, expected)
    _check_stored(world, WEBHOOK, field, stored)


def _check_stored(world: World, id: str, field: str, expected: object) -> None:
    found = getattr(world.default.webhook(id), field)
    assert found == expected
    assert type(found) is type(expected)


DEFAULTS: Mapping[str, Any] = {
    "webhook_secret": None,
    "timeout": 30,
    "max_retries": 3,
    "enabled": True,
    "http_method": "POST",
    "authorization_scheme": "none",
    "custom_headers": (),
    "payload_templates": {},
}
OTHERS: Mapping[str, Any] = {
    "webhook_secret": "s",
    "timeout": 60,
    "max_retries": 1,
    "enabled": False,
    "http_method": "PUT",
    "authorization_scheme": "basic",
    "custom_headers": [HEADER],
    "payload_templates": TEMPLATES,
}


def test_what_create_does_not_give_has_its_default(http: FlaskClient, world: World) -> None:
    http.post(WEBHOOKS, json=RIGHT, headers=TOKEN)
    created = world.default.webhook(FIRST_ID)
    assert {name: getattr(created, name) for name in DEFAULTS} == DEFAULTS


@pytest.mark.parametrize("nothing", [None, "", " \n "], ids=["null", "empty", "spaces"])
@pytest.mark.parametrize("field", DEFAULTS)
def test_null_in_an_optional_field_is_its_default(
    http: FlaskClient, world: World, field: str, nothing: str | None
) -> None:
    assert http.post(WEBHOOKS, json={**RIGHT, **OTHERS, field: nothing}, headers=TOKEN).status_code == 200
    assert http.put(ONE, json=OTHERS, headers=TOKEN).status_code == 200
    assert http.put(ONE, json={field: nothing}, headers=TOKEN).status_code == 200
    for id in (FIRST_ID, WEBHOOK):
        _check_stored(world, id, field, DEFAULTS[field])
    others = [name for name in DEFAULTS if name != field]
    created, updated = world.default.webhook(FIRST_ID), world.default.webhook(WEBHOOK)
    assert [getattr(created, name) for name in others] == [getattr(updated, name) for name in others]
    assert all(getattr(updated, name) != DEFAULTS[name] for name in others)


def test_unknown_keys_and_derived_ones_are_ignored(http: FlaskClient) -> None:
    more = {"id": "1", "agent_id": "1", "status": "error", "events_count": 9, "created_at": "2020-01-01", "nope": 1}
    created = http.post(WEBHOOKS, json={**RIGHT, **more}, headers=TOKEN)
    assert created.get_json()["data"] == shown(FIRST_ID, NOW, NOW)
    updated = http.put(ONE, json=more, headers=TOKEN)
    assert updated.get_json()["data"] == shown(WEBHOOK, BEFORE, BEFORE)
