"""What a mistake in a fixture says beyond the API's own text: what would have been right."""

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from talkover_mock.base.words import nearest
from talkover_mock.dialect.fields import WEBHOOK_FIELDS
from talkover_mock.loading.files import load
from talkover_mock.loading.fixture import read_fixture, to_baseline
from talkover_mock.loading.mistakes import FixtureError, Source, near_or_listed, schema_at
from tests.loading.test_fixture_mistakes import HOOK, HOOK_PATH, ID_TEXT, TOKEN_TEXT, mistakes_of
from tests.support.fixture_documents import source
from tests.support.rows import each_row

LISTED = "; expected one of the 22 values in `talkover-mock schema`"


def mistake_of_webhook(added: str) -> str:
    """The one mistake of a webhook, without its place."""
    [found] = mistakes_of(HOOK + f"        {added}\n")
    return found.removeprefix(f"f:9: {HOOK_PATH}.")


@each_row(
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


@each_row(
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


QUOTES = ": put it in quotes"


@pytest.mark.parametrize(
    ("agent", "expected"),
    [
        ("id: 2025-01-01", f'id: {ID_TEXT}; YAML reads this as a date{QUOTES} (got "2025-01-01")'),
        ("id: 5", f"id: {ID_TEXT}; YAML reads this as a number{QUOTES} (got 5)"),
        ("id: 1.5", f"id: {ID_TEXT}; YAML reads this as a number{QUOTES} (got 1.5)"),
        ("id: yes", f"id: {ID_TEXT}; YAML reads this as true or false{QUOTES} (got true)"),
        pytest.param("id: -5", f"id: {ID_TEXT} (got -5)", id="in quotes it is no id either"),
        pytest.param("id: [5]", f"id: {ID_TEXT} (got [5])", id="a list"),
        ("name: no", f"name: The name must be a string; YAML reads this as true or false{QUOTES} (got false)"),
        ("name: 12:30:00", f"name: The name must be a string; YAML reads this as a number{QUOTES} (got 45000)"),
        (
            "name: 2025-01-01 10:00:00",
            f'name: The name must be a string; YAML reads this as a date{QUOTES} (got "2025-01-01 10:00:00")',
        ),
        (
            "language: no",
            f"language: The language must be a string; YAML reads this as true or false{QUOTES} (got false)",
        ),
        ("voice: on", "voice: The voice must be a mapping. (got true)"),
        ("voice: alloy", 'voice: The voice must be a mapping. (got "alloy")'),
        ("conversation_speed: fast", 'conversation_speed: The conversation speed must be a number. (got "fast")'),
        ("conversation_speed: yes", "conversation_speed: The conversation speed must be a number. (got true)"),
        ("language: en-GB", 'language: The selected language is invalid; did you mean en-US? (got "en-GB")'),
        (
            "interrupt_sensitivity: off",
            "interrupt_sensitivity: The interrupt sensitivity must be a string; "
            f"YAML reads this as true or false{QUOTES} (got false)",
        ),
        ("label: 012", f"label: The label must be a string; YAML reads this as a number{QUOTES} (got 10)"),
        (
            "description: 2025-01-01",
            f'description: The description must be a string; YAML reads this as a date{QUOTES} (got "2025-01-01")',
        ),
        pytest.param("label: [alloy]", 'label: The label must be a string. (got ["alloy"])', id="a list"),
        pytest.param("name: {}", "name: The name must be a string. (got {})", id="a mapping"),
    ],
)
def test_what_yaml_takes_for_something_else_needs_quotes(agent: str, expected: str) -> None:
    name = "" if agent.startswith("name") else "name: A, "
    assert mistakes_of(f"agents: [{{{name}{agent}}}]") == [f"f:1: agents[0].{expected}"]


@pytest.mark.parametrize(
    ("added", "expected"),
    [
        (
            "webhook_secret: 012345",
            f"webhook_secret: The webhook secret must be a string; YAML reads this as a number{QUOTES} (got 5349)",
        ),
        (
            "custom_headers: [{key: on, value: a}]",
            "custom_headers[0].key: The custom_headers.0.key must be a string; "
            f"YAML reads this as true or false{QUOTES} (got true)",
        ),
        (
            "custom_headers: [{key: a, value: 2025-01-01}]",
            "custom_headers[0].value: The custom_headers.0.value must be a string; "
            f'YAML reads this as a date{QUOTES} (got "2025-01-01")',
        ),
        pytest.param(
            "timeout: 2025-01-01", 'timeout: The timeout must be an integer. (got "2025-01-01")', id="no text"
        ),
    ],
)
def test_the_same_in_a_webhook(added: str, expected: str) -> None:
    assert mistake_of_webhook(added) == expected


@each_row(
    ("given", "hint"),
    [
        ("localhost:9000", "; did you mean http://localhost:9000?"),
        ("localhost:9000/hooks?a=1", "; did you mean http://localhost:9000/hooks?a=1?"),
        ("//app/hooks", "; did you mean http://app/hooks?"),
        ("example.com", "; did you mean http://example.com?"),
        ("http:/example.com", "."),
        ("/hooks", "; did you mean http://hooks?"),
        ("a b", "."),
        ("http://xy/a b", "."),
    ],
)
def test_a_host_without_its_scheme(given: str, hint: str) -> None:
    text = HOOK.replace("http://xy", given)
    assert mistakes_of(text) == [
        f'f:7: {HOOK_PATH}.webhook_url: The webhook url must be a valid URL{hint} (got "{given}")'
    ]


@each_row(
    ("text", "expected"),
    [
        (HOOK.replace("[event_action]", "event_action"), "; did you mean [event_action]? (got "),
        (HOOK.replace("[event_action]", "event_acton"), "; did you mean [event_action]? (got "),
        (HOOK.replace("[event_action]", "x"), "; did you mean [x]? (got "),
        (HOOK.replace("[event_action]", "{event_action}"), "selected events.event_action is invalid. (got null)"),
        ("tokens: talq_a", "tokens: must be a list; did you mean [talq_a]? (got "),
        ("settings: {retry_schedule: 5}", "; did you mean [5]? (got 5)"),
        ("settings: {retry_schedule: yes}", "number of seconds. (got true)"),
    ],
)
def test_a_single_value_where_a_list_is_expected(text: str, expected: str) -> None:
    [mistake] = mistakes_of(text)
    assert expected in mistake


@each_row("given", ["10s", "soon", "1.5", "[]"])
def test_one_line_for_one_value(given: str) -> None:
    """The API gives two texts; the second one says nothing more."""
    shown = given if given in ("1.5", "[]") else f'"{given}"'
    assert mistake_of_webhook(f"timeout: {given}") == f"timeout: The timeout must be an integer. (got {shown})"


def test_quotes_do_not_make_a_url() -> None:
    assert mistakes_of("agents: [{name: A, webhooks: [{name: W, webhook_url: 5, events: [event_action]}]}]") == [
        f"f:1: {HOOK_PATH}.webhook_url: The webhook url must be a valid URL. (got 5)"
    ]


def test_the_same_in_settings_and_tokens() -> None:
    assert mistakes_of("tokens: [5, 'a b']\nsettings: {signature_prefix: 1, signature_header: 2}") == [
        f"f:1: tokens[0]: {TOKEN_TEXT}; YAML reads this as a number{QUOTES} (got 5)",
        f'f:1: tokens[1]: {TOKEN_TEXT} (got "a b")',
        "f:2: settings.signature_header: The signature header must be the name of a header: letters, digits and -_; "
        f"YAML reads this as a number{QUOTES} (got 2)",
        f"f:2: settings.signature_prefix: The signature prefix must be a string; YAML reads this as a number{QUOTES} "
        "(got 1)",
    ]


def test_json_needs_no_word_on_yaml() -> None:
    with pytest.raises(FixtureError) as caught:
        read_fixture([source({"agents": [{"name": 5, "id": True}]})])
    assert [mistake.text for mistake in caught.value.mistakes] == [
        "The name must be a string. (got 5)",
        f"{ID_TEXT} (got true)",
    ]


def test_a_date_can_only_have_come_from_yaml() -> None:
    with pytest.raises(FixtureError, match="YAML reads this as a date"):
        to_baseline(Source("fixture", "", {"agents": [{"name": date(2025, 1, 1)}]}))


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (["mix", "mix"], ["mix: is given twice"]),
        (["mix", "other/../mix"], ["other/../mix: is given twice, first as mix"]),
        (["mix", "mix/1.yaml"], ["mix/1.yaml: is given twice"]),
        (["mix/1.yaml", "mix"], ["mix/1.yaml: is given twice"]),
        (["link.yaml", "mix"], ["mix/1.yaml: is given twice, first as link.yaml"]),
        (["mix", "mix/2.yaml", "mix"], ["mix/2.yaml: is given twice", "mix: is given twice"]),
        (["no.yaml"] * 2, ["no.yaml: can't be read: No such file or directory", "no.yaml: is given twice"]),
    ],
    ids=str,
)
def test_what_is_given_twice(
    given: list[str], expected: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where nothing in it has an id, and so all of it would be there twice."""
    monkeypatch.chdir(tmp_path)
    for folder in ("mix", "other"):
        Path(folder).mkdir()
    Path("mix/1.yaml").write_text(HOOK)
    Path("mix/2.yaml").write_text("agents: [{name: A}]")
    Path("link.yaml").symlink_to("mix/1.yaml")
    with pytest.raises(FixtureError) as caught:
        load(given)
    assert str(caught.value).split("\n") == expected


def test_an_event_that_is_near_to_none_leads_to_the_list() -> None:
    event = "{name: W, webhook_url: http://xy, events: [call.zzz]}"
    assert mistakes_of(f"agents: [{{name: A, webhooks: [{event}]}}]") == [
        f'f:1: {HOOK_PATH}.events[0]: The selected events.0 is invalid{LISTED} (got "call.zzz")'
    ]


@each_row(
    ("key", "expected"),
    [("TimeOut", "; did you mean timeout?"), ("max_retrys", "; did you mean max_Retries?"), ("q", ""), (5, "")],
)
def test_what_is_near_in_another_case(key: object, expected: str) -> None:
    assert nearest(key, ["timeout", "max_Retries"]) == expected


@pytest.mark.parametrize(
    ("count", "expected"), [(10, "; expected one of 0, 1"), (11, "; expected one of the 11 values")]
)
def test_few_options_are_listed(count: int, expected: str) -> None:
    assert near_or_listed("x", range(count)).startswith(expected)


@each_row(
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
