"""What a mistake in a fixture says beyond the API's own text: what would have been right."""

from collections.abc import Mapping
from typing import Any

import pytest

from mockserver.fields import WEBHOOK_FIELDS
from mockserver.mistakes import near_or_listed, nearest, schema_at
from tests.test_fixture_mistakes import HOOK, HOOK_PATH, mistakes_of

LISTED = "; expected one of the 22 that `mockserver schema` lists"


def mistake_of_webhook(added: str) -> str:
    """The one mistake of a webhook, without its place."""
    [found] = mistakes_of(HOOK + f"        {added}\n")
    return found.removeprefix(f"f:9: {HOOK_PATH}.")


@pytest.mark.parametrize(
    ("added", "expected"),
    [
        ("http_method: post", 'http_method: The selected http method is invalid; did you mean POST? (got "post")'),
        (
            "http_method: GET",
            'http_method: The selected http method is invalid; expected one of POST, PUT, PATCH (got "GET")',
        ),
        (
            "http_method: [POST]",
            'http_method: The selected http method is invalid; expected one of POST, PUT, PATCH (got ["POST"])',
        ),
        (
            "authorization_scheme: x",
            "authorization_scheme: The selected authorization scheme is invalid; "
            'expected one of none, bearer, basic, api_key, custom (got "x")',
        ),
        (
            "authorization_scheme: Bearer",
            'authorization_scheme: The selected authorization scheme is invalid; did you mean bearer? (got "Bearer")',
        ),
        ("payload_templates: {zzz: {}}", f"payload_templates.zzz: unknown event{LISTED}"),
        ("payload_templates: {5: {}}", f"payload_templates[5]: unknown event{LISTED}"),
    ],
)
def test_a_choice_names_the_near_one_or_all(added: str, expected: str) -> None:
    assert mistake_of_webhook(added) == expected


@pytest.mark.parametrize(
    ("setting", "expected"),
    [
        ("plan: gold", 'The selected plan is invalid; expected one of standard, professional (got "gold")'),
        ("plan: Standard", 'The selected plan is invalid; did you mean standard? (got "Standard")'),
        (
            "signature_scheme: sha1",
            "The selected signature scheme is invalid; "
            'expected one of hmac, github, stripe, standard, shopify (got "sha1")',
        ),
        ("delivery_json: json", 'The selected delivery json is invalid; expected one of php, plain (got "json")'),
        ("create_status: 204", "The selected create status is invalid; expected one of 200, 201 (got 204)"),
    ],
)
def test_a_setting_names_the_near_choice_or_all(setting: str, expected: str) -> None:
    assert mistakes_of(f"settings: {{{setting}}}") == [f"f:1: settings.{setting.partition(':')[0]}: {expected}"]


def test_an_event_that_is_near_to_none_leads_to_the_list() -> None:
    event = "{name: W, webhook_url: http://x, events: [call.zzz]}"
    assert mistakes_of(f"agents: [{{name: A, webhooks: [{event}]}}]") == [
        f'f:1: {HOOK_PATH}.events[0]: The selected events.0 is invalid{LISTED} (got "call.zzz")'
    ]


@pytest.mark.parametrize(
    ("key", "expected"),
    [("TimeOut", "; did you mean timeout?"), ("max_retrys", "; did you mean max_Retries?"), ("q", ""), (5, "")],
)
def test_what_is_near_in_another_case(key: object, expected: str) -> None:
    assert nearest(key, ["timeout", "max_Retries"]) == expected


@pytest.mark.parametrize(("count", "expected"), [(10, "; expected one of 0, 1"), (11, "; expected one of the 11 that")])
def test_few_options_are_listed(count: int, expected: str) -> None:
    assert near_or_listed("x", range(count)).startswith(expected)


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        (("http_method",), {"enum": ["POST", "PUT", "PATCH"], "default": "POST"}),
        (("custom_headers", 3, "key"), {"type": "string", "minLength": 1}),
        (("enabled", 0, "x"), {}),
        (("unknown",), {}),
    ],
)
def test_the_schema_at_a_path(steps: tuple[str | int, ...], expected: Mapping[str, Any]) -> None:
    assert schema_at(WEBHOOK_FIELDS, steps) == expected
