"""Environment variables and `x-` keys in fixture files."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from talkover_mock.loading.documents import parse
from talkover_mock.loading.files import load
from talkover_mock.loading.fixture import read_fixture, to_baseline
from talkover_mock.loading.mistakes import FixtureError, Source
from talkover_mock.loading.schema import fixture_schema
from talkover_mock.loading.variables import filled
from talkover_mock.state.records import Webhook
from tests.loading.test_fixture_mistakes import HOOK, mistakes_of
from tests.support.fixture_documents import fixture, hook, source
from tests.support.rows import each_row

VARIABLES = {"URL": "http://app:9000", "EMPTY": "", "SECRET": "s$$ecret", "T": "10", "E": "event_action"}
SCHEMA = Draft202012Validator(fixture_schema())


def loaded(folder: Path, text: str, variables: Mapping[str, str] = VARIABLES, name: str = "f.yaml") -> Webhook:
    """The first webhook of a file."""
    path = folder / name
    path.write_text(text)
    return next(iter(load([path], variables)["default"].baseline.webhooks.values()))


def unset(name: str) -> str:
    return f"the environment variable {name} is not set; set it, or give a default: ${{{name}:-default}}"


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("${SECRET}", "s$$ecret"),
        ("a${SECRET}b${T}", "as$$ecretb10"),
        ("${NOPE:-x y}", "x y"),
        ("${EMPTY:-x}", "x"),
        ("a${EMPTY}", "a"),
        ("a${NOPE:-}", "a"),
        ("${NOPE:-http://xy:1/?a=$$}", "http://xy:1/?a=$$"),
        ("$$", "$"),
        ("$${T}", "${T}"),
        ("$$${T}", "$10"),
        ("pa$s", "pa$s"),
        ("$T", "$T"),
        ("{{call.id}}", "{{call.id}}"),
    ],
)
@pytest.mark.parametrize("name", ["f.yaml", "f.json"])
def test_the_variables_of_a_string(tmp_path: Path, given: str, expected: str, name: str) -> None:
    text = (
        '{"agents": [{"name": "A", "webhooks": [{"name": "W", "webhook_url": "http://xy", "events": ["event_action"],'
    )
    text += f' "webhook_secret": "{given}"}}]}}]}}'
    assert loaded(tmp_path, text, name=name).webhook_secret == expected


def test_variables_stand_for_every_kind_of_value(tmp_path: Path) -> None:
    text = HOOK.replace("http://xy", "${URL}/hooks").replace("[event_action]", '["${E}"]') + "        timeout: ${T}\n"
    webhook = loaded(tmp_path, text)
    assert (webhook.webhook_url, webhook.events, webhook.timeout) == ("http://app:9000/hooks", ("event_action",), 10)


SIMPLE = """\
agents:
  - name: A
    conversation_speed: "${SPEED:-1.5}"
    cache_clears: ${N:-2}
    own: {enabled: "${ON:-true}"}
    webhooks:
      - {name: W, webhook_url: http://xy, events: [event_action], webhook_secret: "${ON:-true}",
         enabled: "${OFF:-false}", timeout: "${T}", payload_templates: {event_action: {enabled: "${ON:-true}"}}}
calls: [{id: c, agent_id: A, to: "+1234567890", is_testing: "${ON:-true}"}]
stubs: [{method: GET, path: /api/v1/x, status: "${STATUS:-202}", body: {a: "${ON:-true}"}}]
settings: {enforce_rate_limit: "${ON:-true}", create_status: "${N:-201}",
  retry_schedule: ["${ONE:-1}"], seed: "${S:-7}"}
environments:
  other: {settings: {payload_envelope: "${OFF:-false}"}}
"""


def test_a_variable_is_true_false_or_a_number_where_one_is_expected() -> None:
    found = filled(Source("f", SIMPLE, parse(SIMPLE)), VARIABLES).data
    [agent], [webhook] = found["agents"], found["agents"][0]["webhooks"]
    assert (agent["conversation_speed"], agent["cache_clears"], agent["own"]) == (1.5, 2, {"enabled": "true"})
    assert (webhook["enabled"], webhook["timeout"], webhook["webhook_secret"]) == (False, 10, "true")
    assert webhook["payload_templates"] == {"event_action": {"enabled": "true"}}
    assert (found["calls"][0]["is_testing"], found["stubs"][0]["status"]) == (True, 202)
    assert found["stubs"][0]["body"] == {"a": "true"}
    assert found["settings"] == {"enforce_rate_limit": True, "create_status": 201, "retry_schedule": [1], "seed": 7}
    assert found["environments"]["other"]["settings"] == {"payload_envelope": False}
    assert [error.message for error in SCHEMA.iter_errors(parse(SIMPLE))] == []


@each_row("text", ["maybe", "null", "[]", "True"])
def test_a_variable_that_is_neither_true_nor_false_is_a_mistake(tmp_path: Path, text: str) -> None:
    with pytest.raises(FixtureError, match=f'enabled field must be true or false. \\(got "{re.escape(text)}"\\)'):
        loaded(tmp_path, HOOK + '        enabled: "${ON}"\n', {"ON": text})


def test_a_variable_without_a_value_is_a_mistake_with_its_line(tmp_path: Path) -> None:
    text = HOOK.replace("http://xy", "${APP_URL}") + '        webhook_secret: "${ x}"\n'
    with pytest.raises(FixtureError) as caught:
        loaded(tmp_path, text)
    assert str(caught.value).replace(f"{tmp_path}/", "").split("\n") == [
        f"f.yaml:7: agents[0].webhooks[0].webhook_url: {unset('APP_URL')}",
        "f.yaml:9: agents[0].webhooks[0].webhook_secret: "
        "${ must begin ${NAME} or ${NAME:-default}; write $${ for the characters themselves",
    ]


def test_the_process_gives_the_variables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "f.yaml"
    path.write_text(HOOK.replace("http://xy", "http://${OWN_HOST}"))
    monkeypatch.setenv("OWN_HOST", "app")
    assert load([path])["default"].baseline.webhooks["one"].webhook_url == "http://app"


def test_state_that_comes_over_http_keeps_them() -> None:
    document = fixture(hook(webhook_secret="${URL}"))
    webhooks = [
        read_fixture([source(document)])["default"].baseline.webhooks,
        to_baseline(source(document)).webhooks,
    ]
    assert [next(iter(each.values())).webhook_secret for each in webhooks] == ["${URL}"] * 2


@pytest.mark.parametrize("name", ["f.yaml", "f.json"])
def test_a_file_that_has_no_variables(tmp_path: Path, name: str) -> None:
    text = json.dumps({"variables": False, **fixture(hook(webhook_secret="$$ ${NOPE} ${T}"))})
    assert loaded(tmp_path, text, name=name).webhook_secret == "$$ ${NOPE} ${T}"
    (tmp_path / "other.yaml").write_text(
        HOOK.replace("id: agent", "id: other").replace("id: one", "webhook_secret: ${T}")
    )
    hooks = load([tmp_path], VARIABLES)["default"].baseline.webhooks.values()
    assert {each.webhook_secret for each in hooks} == {"$$ ${NOPE} ${T}", "10"}, "it says so of itself alone"


@each_row(("of_a_file", "of_a_state"), [("true", "false"), ("null", "null"), ("false", "false")])
def test_whether_there_are_variables(of_a_file: str, of_a_state: str) -> None:
    assert not read_fixture([source({"variables": json.loads(of_a_file)})])["default"].tokens
    assert not to_baseline(source(json.loads(f'{{"variables": {of_a_state}}}'))).agents


@each_row(
    ("text", "expected"),
    [
        ("variables: 0", "f:1: variables: must be true or false, and no variable itself (got 0)"),
        (
            'variables: "${OFF:-false}"',
            'f:1: variables: must be true or false, and no variable itself (got "${OFF:-false}")',
        ),
        (
            "environments: {staging: {variables: false}}",
            "f:1: environments.staging.variables: unknown key of an environment; it belongs at the top of the file",
        ),
    ],
)
def test_mistakes_of_whether_there_are_variables(text: str, expected: str) -> None:
    with pytest.raises(FixtureError) as caught:
        read_fixture([filled(Source("f", text, parse(text)), VARIABLES)])
    assert str(caught.value) == expected


@each_row("value", [True, 0, "no"])
def test_a_state_has_no_variables(value: object) -> None:
    with pytest.raises(FixtureError, match="variables: must be false or left out: a state has no variables"):
        to_baseline(source({"variables": value}))


EXTENDED = """\
x-hook: &hook
  webhook_url: ${NOPE:-http://xy}
  events: [event_action]
  webhook_secret: ${SECRET}
x-number: 5
agents:
  - name: A
    webhooks: [{<<: *hook, name: W}]
environments:
  staging:
    x-agent: &agent {name: B, label: "${NOPE}"}
    agents: [{<<: *agent, label: B}]
"""


def test_extension_keys_hold_what_aliases_use(tmp_path: Path) -> None:
    webhook = loaded(tmp_path, EXTENDED)
    assert (webhook.webhook_url, webhook.webhook_secret) == ("http://xy", "s$$ecret")


def test_the_state_may_have_extension_keys_too() -> None:
    assert not to_baseline(source({"x-a": 1})).agents


def test_a_mistake_in_an_extension_is_told_where_it_stands(tmp_path: Path) -> None:
    with pytest.raises(FixtureError) as caught:
        loaded(tmp_path, EXTENDED, {})
    assert str(caught.value) == f"{tmp_path}/f.yaml:4: agents[0].webhooks[0].webhook_secret: {unset('SECRET')}"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("agents: [{name: A, webhooks: [{x-a: 1}]}]", "f:1: agents[0].webhooks[0].x-a: unknown key"),
        ("settings: {x-a: 1}", "f:1: settings.x-a: unknown key"),
        ("X-a: 1", "f:1: X-a: unknown key"),
    ],
)
def test_other_places_have_no_extensions(text: str, expected: str) -> None:
    assert mistakes_of(text)[0] == expected


VARIED: dict[str, Any] = {
    "tokens": ["${TOKEN}"],
    "x-a": 1,
    "agents": [
        {
            "id": "${ID}",
            "name": "${NAME}",
            "created_at": "${NOW}",
            "webhooks": [hook(webhook_url="${URL:-http://xy}", events=["${E}"], http_method="${M}", status="${S}")],
        }
    ],
    "settings": {"plan": "${PLAN}", "signature_header": "${HEADER}"},
    "environments": {"staging": {"x-b": []}},
}


def test_the_schema_admits_variables_and_extensions() -> None:
    assert [error.message for error in SCHEMA.iter_errors(VARIED)] == []
    assert SCHEMA.is_valid(parse(EXTENDED))
    assert not SCHEMA.is_valid(fixture(hook(http_method="$POST")))
