"""The admin routes `state` and `reset`."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from flask.testing import FlaskClient

from talkover_mock.loading.files import load
from talkover_mock.loading.writer import to_document
from talkover_mock.state.store import State
from tests.conftest import FIXTURES
from tests.support.documented import AGENT, OTHER_AGENT, TOGGLE, TOKEN, UNKNOWN, WEBHOOK
from tests.support.rows import each_row

STATE = "/__admin/state"
STAGING = {"Authorization": "Bearer talq_staging"}
ONE_AGENT = {"agents": [{"id": "one", "name": "One"}]}


def state_of(path: Path) -> dict[str, Any]:
    """What a fixture file gives the default environment, as a fixture."""
    return {**to_document(State(load([path])["default"].baseline))}


DEFAULT = state_of(FIXTURES / "default.yaml")


def test_the_state_is_the_fixture_with_everything_filled_in(http: FlaskClient) -> None:
    answer = http.get(STATE)
    assert (answer.status_code, answer.content_type) == (200, "application/json")
    assert answer.text == json.dumps(DEFAULT, indent=2) + "\n"
    agent = answer.get_json()["agents"][0]
    assert list(agent) == ["id", "name", "cache_clears", "webhooks"]
    assert list(agent["webhooks"][0].items()) == [
        ("id", WEBHOOK),
        ("name", "My Webhook"),
        ("webhook_url", "https://example.com/webhook"),
        ("webhook_secret", None),
        ("events", ["event_phone_call_started", "event_phone_call_ended"]),
        ("timeout", 30),
        ("max_retries", 3),
        ("enabled", False),
        ("http_method", "POST"),
        ("authorization_scheme", "none"),
        ("custom_headers", []),
        ("payload_templates", {}),
        ("created_at", "2025-09-03T23:19:51Z"),
        ("updated_at", "2025-09-03T23:19:51Z"),
    ]


JSON, YAML = "application/json", "application/yaml"


@pytest.mark.parametrize(
    ("query", "accept", "expected"),
    [
        ("", None, JSON),
        ("", "*/*", JSON),
        ("", "text/html", JSON),
        ("", JSON, JSON),
        ("", YAML, YAML),
        ("", "application/x-yaml", YAML),
        ("", "text/yaml", YAML),
        ("", "application/json;q=0.5, application/yaml", YAML),
        ("", "application/yaml;q=0.5, application/json", JSON),
        ("?format=yaml", JSON, YAML),
        ("?format=json", YAML, JSON),
    ],
)
def test_the_state_comes_as_json_or_yaml(http: FlaskClient, query: str, accept: str | None, expected: str) -> None:
    for method, body in (("GET", None), ("PATCH", b"agents: []"), ("PUT", json.dumps(DEFAULT).encode())):
        answer = http.open(STATE + query, method=method, data=body, headers={"Accept": accept} if accept else {})
        assert (answer.status_code, answer.content_type) == (200, expected)
        state = yaml.safe_load(answer.text) if expected == YAML else json.loads(answer.text)
        assert json.dumps(state) == json.dumps(DEFAULT)


def test_the_digest_is_that_of_the_state_whatever_the_format(http: FlaskClient) -> None:
    tag = http.get(STATE).headers["ETag"]
    assert http.get(STATE + "?format=yaml").headers["ETag"] == http.head(STATE).headers["ETag"] == tag
    http.patch(TOGGLE, headers=TOKEN)
    assert http.get(STATE).headers["ETag"] != tag
    assert http.put(STATE, data=json.dumps(DEFAULT)).headers["ETag"] == tag


def test_a_state_that_is_known_already_is_not_sent_again(http: FlaskClient) -> None:
    known = {"If-None-Match": http.get(STATE).headers["ETag"]}
    same = http.get(STATE, headers=known)
    assert (same.status_code, same.data, same.headers["ETag"]) == (304, b"", known["If-None-Match"])
    assert http.head(STATE, headers=known).status_code == 304
    http.patch(TOGGLE, headers=TOKEN)
    changed = http.get(STATE, headers=known)
    assert (changed.status_code, changed.get_json()["agents"][0]["webhooks"][0]["enabled"]) == (200, True)
    assert http.put(STATE, json=DEFAULT, headers=known).get_json() == DEFAULT


@each_row("method", ["PUT", "PATCH"])
def test_what_changes_the_state_is_answered_whole_whatever_the_client_knows(http: FlaskClient, method: str) -> None:
    for known in (http.get(STATE).headers["ETag"], "*"):
        answer = http.open(STATE, method=method, json=DEFAULT, headers={"If-None-Match": known})
        assert (answer.status_code, answer.get_json()) == (200, DEFAULT)


@pytest.mark.parametrize(
    ("format", "content_type"),
    [("json", JSON), ("json", YAML), ("json", "text/plain"), ("yaml", YAML), ("yaml", "text/yaml"), ("yaml", "")],
)
def test_what_is_served_can_be_put_back_and_saved_as_a_fixture(
    http: FlaskClient, tmp_path: Path, format: str, content_type: str
) -> None:
    http.patch(TOGGLE, headers=TOKEN)
    served = http.get(f"{STATE}?format={format}")
    http.put(STATE, json={})
    assert http.get(STATE).get_json() == {"agents": []}
    http.put(STATE, data=served.data, content_type=content_type)
    again = http.get(f"{STATE}?format={format}")
    assert (again.data, again.headers["ETag"]) == (served.data, served.headers["ETag"])
    saved = tmp_path / f"saved.{format}"
    saved.write_bytes(served.data)
    assert state_of(saved) == http.get(STATE).get_json()


@each_row(("format", "query"), [(format, query) for format in ("json", "yaml") for query in ("", f"&agent_id={AGENT}")])
def test_what_has_dollars_is_saved_as_it_is(
    http: FlaskClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, format: str, query: str
) -> None:
    """Else a file replaces variables, and reads `$$` as `$`: another signature, and a variable of the process."""
    monkeypatch.setenv("SET", "of the process")
    given = {"name": "costs $$5 ${SET}", "webhook_secret": "pa$$word ${NOT_SET}", "webhook_url": "http://xy/?a=$$"}
    http.put(f"{TOGGLE.removesuffix('/toggle')}", json=given, headers=TOKEN)
    served = http.get(f"{STATE}?format={format}{query}")
    saved = tmp_path / f"saved.{format}"
    saved.write_bytes(served.data)
    [webhook] = [each for each in state_of(saved)["agents"][0]["webhooks"] if each["id"] == WEBHOOK]
    assert given.items() <= webhook.items()
    put = http.put(f"{STATE}?format={format}", data=served.data, content_type=served.content_type)
    assert (put.data, put.headers["ETag"]) == (served.data, served.headers["ETag"])
    http.post("/__admin/reset")


@pytest.mark.parametrize("content_type", ["", "application/x-www-form-urlencoded", "text/plain", JSON])
def test_json_is_read_as_json_whatever_curl_calls_it(http: FlaskClient, content_type: str) -> None:
    """YAML would refuse the emoji as JSON writes it, and take 1e16 for a text."""
    agent = {"id": "one", "name": "One \U0001f600", "further": 1e16}
    http.put(STATE, json={"agents": [agent]})
    served = http.get(STATE)
    assert b"\\ud83d\\ude00" in served.data
    http.put(STATE, json={})
    again = http.put(STATE, data=served.data, content_type=content_type)
    assert agent.items() <= again.get_json()["agents"][0].items()
    assert http.get(STATE).headers["ETag"] == served.headers["ETag"]


def test_braces_that_are_no_json_are_yaml_and_what_is_neither_is_told_as_json(http: FlaskClient) -> None:
    assert http.put(STATE, data="{agents: [{id: one, name: 1e16}]}").get_json()["agents"][0]["name"] == "1e16"
    answer = http.put(STATE, data='{"agents": [}')
    assert answer.get_json()["errors"][0]["message"] == "is not JSON: Expecting value (column 13)"


def test_a_put_replaces_everything_and_a_reset_still_goes_back_to_the_fixture(http: FlaskClient) -> None:
    answer = http.put(STATE, json=ONE_AGENT)
    expected = {"agents": [{"id": "one", "name": "One", "cache_clears": 0, "webhooks": []}]}
    assert (answer.status_code, answer.get_json(), http.get(STATE).get_json()) == (200, expected, expected)
    assert http.patch(TOGGLE, headers=TOKEN).get_json()["message"] == "Agent not found in this environment."
    http.post("/__admin/reset")
    assert http.get(STATE).get_json() == DEFAULT


def test_a_patch_changes_only_what_it_gives(http: FlaskClient) -> None:
    change = f"agents:\n- id: {AGENT}\n  webhooks:\n  - {{id: {WEBHOOK}, timeout: 60}}\n- {{id: one, name: One}}\n"
    answer = http.patch(STATE, data=change, content_type=YAML)
    expected = json.loads(json.dumps(DEFAULT))
    expected["agents"][0]["webhooks"][0]["timeout"] = 60
    expected["agents"].append({"id": "one", "name": "One", "cache_clears": 0, "webhooks": []})
    assert (answer.status_code, answer.get_json(), http.get(STATE).get_json()) == (200, expected, expected)
    assert http.patch(TOGGLE, headers=TOKEN).get_json()["data"]["timeout"] == 60


WRONG = f"""\
agents:
  - id: {AGENT}
    langauge: en
    webhooks:
      - id: {WEBHOOK}
        timeout: 3
        events: [event_phone_call_startd]
  - id: {UNKNOWN}
"""
WRONG_PATCH = [
    ("agents[0].langauge", 3, "unknown key; did you mean language?"),
    (
        "agents[0].webhooks[0].events[0]",
        7,
        'The selected events.0 is invalid; did you mean event_phone_call_started? (got "event_phone_call_startd")',
    ),
    ("agents[0].webhooks[0].timeout", 6, "The timeout must be between 5 and 120. (got 3)"),
    ("agents[1].name", 8, "The name field is required."),
]
TOKENS = "unknown key of a state; give tokens in a fixture file, or as `token` when you open an environment"
OTHERS = "unknown key of a state: it describes one environment; give others in a fixture file, or open them"


@each_row(
    ("method", "body", "content_type", "mistakes"),
    [
        ("PATCH", WRONG, YAML, WRONG_PATCH),
        ("PUT", '{"agents": [{"name": "A"}, {}]}', JSON, [("agents[1].name", 1, "The name field is required.")]),
        ("PUT", "tokens: [a]\nenvironments: {}", YAML, [("tokens", 1, TOKENS), ("environments", 2, OTHERS)]),
        ("PATCH", '{"expired_tokens": []}', JSON, [("expired_tokens", 1, TOKENS)]),
        ("PATCH", '{"tokns": []}', JSON, [("tokns", 1, "unknown key")]),
        ("PUT", "agents: []", JSON, [("", 1, "is not JSON: Expecting value (column 1)")]),
        ("PUT", "agents:\n  - [", YAML, [("", 2, "is not YAML: the [ that begins here is not closed (column 5)")]),
        (
            "PATCH",
            "[1]",
            JSON,
            [
                (
                    "",
                    1,
                    "must be a mapping with agents, calls, campaigns, payloads, scenarios, settings, stubs, variables"
                    " (got [1])",
                )
            ],
        ),
        ("PATCH", "", "", [("", None, "is empty; expected at least `agents: []`")]),
        ("PUT", b"a: \xff", YAML, [("", 1, "is not UTF-8: the byte 0xff is not valid there; save it as UTF-8")]),
    ],
    ids=[
        "several",
        "json",
        "whole fixture",
        "tokens",
        "unknown",
        "yaml as json",
        "broken yaml",
        "list",
        "nothing",
        "not utf-8",
    ],
)
def test_every_mistake_is_told_and_nothing_is_changed(
    http: FlaskClient, method: str, body: str, content_type: str, mistakes: list[tuple[str, int | None, str]]
) -> None:
    answer = http.open(STATE, method=method, data=body, content_type=content_type)
    assert (answer.status_code, answer.content_type) == (422, "application/problem+json")
    problem = answer.get_json()
    assert list(problem) == ["type", "title", "status", "detail", "errors"]
    assert (problem["type"], problem["title"], problem["status"]) == ("about:blank", "The fixture has mistakes", 422)
    assert {tuple(each.values()) for each in problem["errors"]} == set(mistakes)
    assert len(problem["errors"]) == len(mistakes)
    count = "1 mistake, so nothing was changed: " if len(mistakes) == 1 else f"{len(mistakes)} mistakes, so "
    assert problem["detail"].startswith(count)
    assert http.get(STATE).get_json() == DEFAULT


@each_row(
    ("body", "detail"),
    [
        ('{"agents": [{}]}', "1 mistake, so nothing was changed: agents[0].name: The name field is required."),
        (
            "agents:\n- {}\n- {}\n",
            "2 mistakes, so nothing was changed; the first: body:2: agents[0].name: The name field is required.",
        ),
        ("a: ]", "1 mistake, so nothing was changed: is not YAML: did not find expected node content (column 4)"),
        ("", "1 mistake, so nothing was changed: body: is empty; expected at least `agents: []`"),
    ],
    ids=["one line", "several lines", "broken", "nothing"],
)
def test_the_first_mistake_is_told_without_the_line_of_a_body_that_has_one(
    http: FlaskClient, body: str, detail: str
) -> None:
    assert http.put(STATE, data=body).get_json()["detail"] == detail


def test_a_reset_undoes_whatever_was_done(http: FlaskClient) -> None:
    http.patch(TOGGLE, headers=TOKEN)
    http.patch(STATE, json=ONE_AGENT)
    http.patch(STATE, json={"agents": [{"id": OTHER_AGENT, "name": "Other", "cache_clears": 7}]})
    answer = http.post("/__admin/reset")
    assert (answer.status_code, answer.content_type) == (200, JSON)
    assert answer.text == '{\n  "environment": "default",\n  "reset": true\n}\n'
    assert http.get(STATE).get_json() == DEFAULT


def test_one_agent_or_webhook_is_a_part_of_the_state(http: FlaskClient) -> None:
    [first, *_] = http.get(STATE).get_json()["agents"]
    [webhook, *_] = first["webhooks"]
    agent_id, webhook_id = {"agent_id": first["id"]}, {"webhook_id": webhook["id"]}
    assert http.get(STATE, query_string=agent_id).get_json() == {"agents": [first]}
    part = {"agents": [{**first, "webhooks": [webhook]}]}
    assert http.get(STATE, query_string=webhook_id).get_json() == part
    assert http.get(STATE, query_string={**agent_id, **webhook_id}).get_json() == part
    change = {"agents": [{"id": first["id"], "webhooks": [{"id": webhook["id"], "name": "Changed"}]}]}
    changed = http.patch(STATE, json=change, query_string=webhook_id).get_json()
    assert changed == {"agents": [{**first, "webhooks": [{**webhook, "name": "Changed"}]}]}


@pytest.mark.parametrize(
    ("query", "title", "detail"),
    [
        ({"agent_id": "x"}, "No such agent", 'no agent in environment default has the id "x"; there are 3, such as '),
        ({"webhook_id": "x"}, "No such webhook", 'no webhook in environment default has the id "x"; there are 4, '),
        ({"webhook_id": WEBHOOK, "agent_id": OTHER_AGENT}, "No such webhook", f"webhook {WEBHOOK} belongs to agent "),
    ],
)
def test_a_part_that_is_not_there(http: FlaskClient, query: dict[str, str], title: str, detail: str) -> None:
    answer = http.get(STATE, query_string=query)
    problem = answer.get_json()
    assert (answer.status_code, problem["title"]) == (404, title)
    assert problem["detail"].startswith(detail)
    assert http.patch(STATE, json=ONE_AGENT, query_string=query).get_json() == {"agents": []}
    assert http.get(STATE, query_string={"agent_id": "one"}).get_json()["agents"][0]["name"] == "One"


@pytest.mark.parametrize(
    ("method", "path", "detail"),
    [
        ("GET", "state?foo=1", 'unknown key "foo"; expected one of agent_id, webhook_id, format'),
        ("GET", "state?agent=1", 'unknown key "agent"; did you mean agent_id?'),
        ("GET", "state?format=json&format=yaml", 'format is given twice (got "json" and "yaml")'),
        ("POST", "reset?x=1", 'unknown key "x"; expected none'),
    ],
)
def test_a_query_has_known_keys_once(http: FlaskClient, method: str, path: str, detail: str) -> None:
    refused = http.open(f"/__admin/{path}", method=method)
    assert (refused.status_code, refused.get_json()["detail"]) == (422, detail)
