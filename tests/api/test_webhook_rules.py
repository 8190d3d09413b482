"""Every rule of a webhook's fields, broken through create and through update, to the byte."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from flask.testing import FlaskClient

from talkover_mock.environments.world import World
from tests.support.documented import TOKEN
from tests.support.frozen import ONE, RIGHT, WEBHOOKS, Time, compact, frozen_world


@pytest.fixture
def world() -> World:
    return frozen_world(Time())


def invalid(**errors: Sequence[str]) -> str:
    """The documented body of a 422."""
    return compact({"message": "The given data was invalid.", "errors": errors})


def row(value: object) -> str:
    """A row's id."""
    text = json.dumps(value)
    return text if len(text) < 30 else f"{text[:26]}... ({len(text)})"


INTEGER = "The timeout must be an integer."
BETWEEN = "The timeout must be between 5 and 120."
RETRIES_INTEGER = "The max retries must be an integer."
RETRIES_BETWEEN = "The max retries must be between 0 and 10."
BOOLEAN = "The enabled field must be true or false."
URL = "The webhook url must be a valid URL."
URL_TOO_LONG = "The webhook url must not be greater than 500 characters."
NOTHING: Sequence[Any] = (None, "", " \n ")
REFUSED: Sequence[tuple[str, Sequence[Any], Sequence[str]]] = (
    ("name", NOTHING, ["The name field is required."]),
    ("name", (5, True, False, 0, ["N"], {}), ["The name must be a string."]),
    ("name", ("é" * 256,), ["The name must not be greater than 255 characters."]),
    ("webhook_url", NOTHING, ["The webhook url field is required."]),
    ("webhook_url", ("http://a b", "http://x/a b", "//x", "http://", "javascript:", "mailto:a@b", "x", 5), [URL]),
    ("webhook_url", ("javascript:alert(1)", "example.com/hook", "http:///hook", [], {}, False), [URL]),
    ("webhook_url", ("http://x/" + "a" * 492,), [URL_TOO_LONG]),
    ("webhook_url", ("x" * 501,), [URL, URL_TOO_LONG]),
    ("webhook_secret", (5, [], ["s"], False), ["The webhook secret must be a string."]),
    ("webhook_secret", ("s" * 256,), ["The webhook secret must not be greater than 255 characters."]),
    ("events", NOTHING, ["The events field is required."]),
    ("events", ([], {}), ["The events field must contain at least 1 items."]),
    ("events", ("event_action", 5, True), ["The events must be an array."]),
    ("timeout", (4, 121, "4", "121", 0, -30, True, 4.0, -1e9), [BETWEEN]),
    ("timeout", (5.5, "5.0", "030", "5.5", "abcdef", "3e1"), [INTEGER]),
    ("timeout", ("abc", False, [], [30], {}, "4.5", 4.5, 10**30), [INTEGER, BETWEEN]),
    ("max_retries", (11, -1, "11", "-1"), [RETRIES_BETWEEN]),
    ("max_retries", (5.5, "5.0", "03", "abc", False, [], {}), [RETRIES_INTEGER]),
    ("max_retries", ("eleven chars", 10.5, "10.5"), [RETRIES_INTEGER, RETRIES_BETWEEN]),
    ("enabled", ("true", "false", "yes", "on", 2, -1, 1.0, 0.0, "01", [], {}), [BOOLEAN]),
    ("http_method", ("GET", "DELETE", "post", 1, True, ["POST"]), ["The selected http method is invalid."]),
    ("authorization_scheme", ("Bearer", "x", 1, {}), ["The selected authorization scheme is invalid."]),
    ("custom_headers", ("X-A: b", {"X-A": "b"}, 1, True), ["The custom headers must be an array."]),
    ("payload_templates", ("x", 1, [1], True), ["The payload templates must be an array."]),
)
REFUSED_ROWS = [
    pytest.param(field, value, texts, id=f"{field}-{row(value)}")
    for field, values, texts in REFUSED
    for value in values
]


@pytest.mark.parametrize(("field", "value", "texts"), REFUSED_ROWS)
def test_what_create_and_update_refuse(http: FlaskClient, field: str, value: Any, texts: list[str]) -> None:
    before = http.get(WEBHOOKS, headers=TOKEN).text
    created = http.post(WEBHOOKS, json={**RIGHT, field: value}, headers=TOKEN)
    updated = http.put(ONE, json={field: value}, headers=TOKEN)
    assert [(each.status_code, each.text) for each in (created, updated)] == [(422, invalid(**{field: texts}))] * 2
    assert http.get(WEBHOOKS, headers=TOKEN).text == before


ENTRIES: Sequence[tuple[str, Any, Mapping[str, list[str]]]] = (
    ("events", ["event_action", "nope"], {"events.1": ["The selected events.1 is invalid."]}),
    (
        "events",
        ["Event_Action", "event_action", None, "", 5, ["event_action"]],
        {f"events.{i}": [f"The selected events.{i} is invalid."] for i in (0, 2, 3, 4, 5)},
    ),
    ("custom_headers", [{"value": "b"}], {"custom_headers.0.key": ["The custom_headers.0.key field is required."]}),
    (
        "custom_headers",
        [{"key": "X-A", "value": "b"}, {"key": " ", "value": ""}, "X-A: b", {"key": 5, "value": ["b"]}],
        {
            "custom_headers.1.key": ["The custom_headers.1.key field is required."],
            "custom_headers.1.value": ["The custom_headers.1.value field is required."],
            "custom_headers.2.key": ["The custom_headers.2.key field is required."],
            "custom_headers.2.value": ["The custom_headers.2.value field is required."],
            "custom_headers.3.key": ["The custom_headers.3.key must be a string."],
            "custom_headers.3.value": ["The custom_headers.3.value must be a string."],
        },
    ),
)


@pytest.mark.parametrize(("field", "value", "errors"), ENTRIES)
def test_entries_of_lists_are_reported_by_their_path(
    http: FlaskClient, field: str, value: Any, errors: Mapping[str, list[str]]
) -> None:
    created = http.post(WEBHOOKS, json={**RIGHT, field: value}, headers=TOKEN)
    updated = http.put(ONE, json={field: value}, headers=TOKEN)
    assert [(each.status_code, each.text) for each in (created, updated)] == [(422, invalid(**errors))] * 2


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
