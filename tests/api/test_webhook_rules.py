"""A webhook's fields through create and through update: a value that is refused and one that is accepted, to the byte.

Every rule with all its values stands in `tests/dialect/test_rules.py`.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from flask.testing import FlaskClient

from talkover_mock.dialect.fields import WEBHOOK_FIELDS
from talkover_mock.environments.world import World
from tests.support.documented import TOKEN, WEBHOOK
from tests.support.frozen import BEFORE, FIRST_ID, NOW, ONE, RIGHT, WEBHOOKS, Time, compact, frozen_world, shown
from tests.support.rows import each_row


@pytest.fixture
def world() -> World:
    return frozen_world(Time())


HEADER = {"key": "X-A", "value": "b"}
TEMPLATES = {"event_action": {"id": "{{call.id}}", "more": [1, None, {"deep": True}]}}
REFUSED: Mapping[str, tuple[Any, Mapping[str, Sequence[str]]]] = {
    "name": (" \n ", {"name": ["The name field is required."]}),
    "webhook_url": (
        "x" * 501,
        {
            "webhook_url": [
                "The webhook url must be a valid URL.",
                "The webhook url must not be greater than 500 characters.",
            ]
        },
    ),
    "webhook_secret": (5, {"webhook_secret": ["The webhook secret must be a string."]}),
    "events": (
        ["Event_Action", "event_action", ["event_action"]],
        {f"events.{i}": [f"The selected events.{i} is invalid."] for i in (0, 2)},
    ),
    "timeout": (10**30, {"timeout": ["The timeout must be an integer.", "The timeout must be between 5 and 120."]}),
    "max_retries": ("11", {"max_retries": ["The max retries must be between 0 and 10."]}),
    "enabled": ("true", {"enabled": ["The enabled field must be true or false."]}),
    "http_method": ("GET", {"http_method": ["The selected http method is invalid."]}),
    "authorization_scheme": ("Bearer", {"authorization_scheme": ["The selected authorization scheme is invalid."]}),
    "custom_headers": (
        [HEADER, {"key": 5, "value": " "}],
        {
            "custom_headers.1.key": ["The custom_headers.1.key must be a string."],
            "custom_headers.1.value": ["The custom_headers.1.value field is required."],
        },
    ),
    "payload_templates": ("x", {"payload_templates": ["The payload templates must be an array."]}),
}
"""By field: a value, and the errors that it leads to."""
ACCEPTED: Mapping[str, tuple[Any, Any]] = {
    "name": ("  My Webhook\n", "My Webhook"),
    "webhook_url": (" https://user:password@example.com/x ", "https://user:password@example.com/x"),
    "webhook_secret": (" s ", "s"),
    "events": ([" event_recording ", "event_action"], ("event_recording", "event_action")),
    "timeout": (" +60 ", 60),
    "max_retries": (True, 1),
    "enabled": ("0", False),
    "http_method": ("PATCH", "PATCH"),
    "authorization_scheme": ("api_key", "api_key"),
    "custom_headers": ([HEADER, {"key": " k ", "value": " v ", "more": 1}], (("X-A", "b"), ("k", "v"))),
    "payload_templates": (TEMPLATES, TEMPLATES),
}
"""By field: a value, and what is stored of it."""


def test_every_field_has_a_row() -> None:
    assert list(REFUSED) == list(ACCEPTED) == [field.name for field in WEBHOOK_FIELDS]


@each_row("field", REFUSED)
def test_what_create_and_update_refuse(http: FlaskClient, field: str) -> None:
    value, errors = REFUSED[field]
    before = http.get(WEBHOOKS, headers=TOKEN).text
    created = http.post(WEBHOOKS, json={**RIGHT, field: value}, headers=TOKEN)
    updated = http.put(ONE, json={field: value}, headers=TOKEN)
    invalid = compact({"message": "The given data was invalid.", "errors": errors})
    assert [(each.status_code, each.text) for each in (created, updated)] == [(422, invalid)] * 2
    assert http.get(WEBHOOKS, headers=TOKEN).text == before


@pytest.mark.parametrize("field", ACCEPTED)
def test_what_create_accepts(http: FlaskClient, world: World, field: str) -> None:
    value, stored = ACCEPTED[field]
    answer = http.post(WEBHOOKS, json={**RIGHT, field: value}, headers=TOKEN)
    data = shown(FIRST_ID, NOW, NOW, **{field: stored})
    expected = compact({"success": True, "message": "Webhook created successfully", "data": data})
    assert (answer.status_code, answer.text) == (200, expected)
    check_stored(world, FIRST_ID, field, stored)


@pytest.mark.parametrize("field", ACCEPTED)
def test_what_update_accepts(http: FlaskClient, world: World, field: str) -> None:
    value, stored = ACCEPTED[field]
    assert stored != getattr(world.default.webhook(WEBHOOK), field)
    answer = http.put(ONE, json={field: value}, headers=TOKEN)
    data = shown(WEBHOOK, BEFORE, NOW, **{field: stored})
    expected = compact({"success": True, "message": "Webhook updated successfully", "data": data})
    assert (answer.status_code, answer.text) == (200, expected)
    check_stored(world, WEBHOOK, field, stored)


def test_an_update_to_the_same_value_changes_nothing(http: FlaskClient) -> None:
    answer = http.put(ONE, json={"timeout": "30"}, headers=TOKEN)
    data = shown(WEBHOOK, BEFORE, BEFORE)
    assert answer.text == compact({"success": True, "message": "Webhook updated successfully", "data": data})


def check_stored(world: World, id: str, field: str, expected: object) -> None:
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


def optional_fields(world: World, id: str) -> dict[str, Any]:
    """The stored values of the fields that a webhook need not have."""
    return {name: getattr(world.default.webhook(id), name) for name in DEFAULTS}


def test_what_create_does_not_give_has_its_default(http: FlaskClient, world: World) -> None:
    http.post(WEBHOOKS, json=RIGHT, headers=TOKEN)
    assert optional_fields(world, FIRST_ID) == DEFAULTS


@pytest.mark.parametrize("nothing", [None, "", " \n "], ids=["null", "empty", "spaces"])
def test_null_in_an_optional_field_is_its_default(http: FlaskClient, world: World, nothing: str | None) -> None:
    assert http.post(WEBHOOKS, json={**RIGHT, **dict.fromkeys(DEFAULTS, nothing)}, headers=TOKEN).status_code == 200
    assert optional_fields(world, FIRST_ID) == DEFAULTS
    assert http.put(ONE, json=OTHERS, headers=TOKEN).status_code == 200
    for name, default in DEFAULTS.items():
        others = optional_fields(world, WEBHOOK)
        assert others[name] != default
        assert http.put(ONE, json={name: nothing}, headers=TOKEN).status_code == 200
        assert optional_fields(world, WEBHOOK) == {**others, name: default}


def test_unknown_keys_and_derived_ones_are_ignored(http: FlaskClient) -> None:
    more = {"id": "1", "agent_id": "1", "status": "error", "events_count": 9, "created_at": "2020-01-01", "nope": 1}
    created = http.post(WEBHOOKS, json={**RIGHT, **more}, headers=TOKEN)
    assert created.get_json()["data"] == shown(FIRST_ID, NOW, NOW)
    updated = http.put(ONE, json=more, headers=TOKEN)
    assert updated.get_json()["data"] == shown(WEBHOOK, BEFORE, BEFORE)


ALL_WRONG = {
    "payload_templates": 1,
    "custom_headers": [{"key": "X-A"}],
    "authorization_scheme": "x",
    "http_method": "x",
    "enabled": "x",
    "max_retries": "eleven chars",
    "timeout": "abc",
    "events": ["event_action", "x"],
    "webhook_secret": 1,
    "webhook_url": "x" * 501,
    "name": 1,
}
ALL_ERRORS = (
    '{"message":"The given data was invalid.","errors":{'
    '"name":["The name must be a string."],'
    '"webhook_url":["The webhook url must be a valid URL.",'
    '"The webhook url must not be greater than 500 characters."],'
    '"webhook_secret":["The webhook secret must be a string."],'
    '"timeout":["The timeout must be an integer.","The timeout must be between 5 and 120."],'
    '"max_retries":["The max retries must be an integer.","The max retries must be between 0 and 10."],'
    '"enabled":["The enabled field must be true or false."],'
    '"http_method":["The selected http method is invalid."],'
    '"authorization_scheme":["The selected authorization scheme is invalid."],'
    '"payload_templates":["The payload templates must be an array."],'
    '"events.1":["The selected events.1 is invalid."],'
    '"custom_headers.0.value":["The custom_headers.0.value field is required."]}}'
)


def test_all_that_is_wrong_in_the_order_of_the_fields_and_entries_last(http: FlaskClient) -> None:
    created = http.post(WEBHOOKS, json=ALL_WRONG, headers=TOKEN)
    updated = http.put(ONE, json=ALL_WRONG, headers=TOKEN)
    assert [(each.status_code, each.text) for each in (created, updated)] == [(422, ALL_ERRORS)] * 2


def test_the_documented_errors(http: FlaskClient) -> None:
    created = http.post(WEBHOOKS, json={"name": "N", "events": []}, headers=TOKEN)
    assert created.text == (
        '{"message":"The given data was invalid.","errors":{"webhook_url":["The webhook url field is required."],'
        '"events":["The events field must contain at least 1 items."]}}'
    )
    updated = http.put(ONE, json={"webhook_url": "nope"}, headers=TOKEN)
    assert updated.text == (
        '{"message":"The given data was invalid.","errors":{"webhook_url":["The webhook url must be a valid URL."]}}'
    )
