"""What is wrong with fixtures: every mistake of every file, with its place, its text and its value."""

from pathlib import Path

import pytest

from talkover_mock.dialect.settings import SETTING_FIELDS
from talkover_mock.loading.files import load, parse
from talkover_mock.loading.fixture import read_fixture
from talkover_mock.loading.mistakes import FixtureError
from talkover_mock.loading.reader import WEBHOOK_KEYS
from tests.support.rows import each_row

HOOK = """\
agents:
  - id: agent
    name: A
    webhooks:
      - id: one
        name: W
        webhook_url: http://xy
        events: [event_action]
"""
"""A right fixture; what a row adds stands from line 9 on."""
HOOK_PATH = "agents[0].webhooks[0]"
NAME_TEXT = "up to 100 letters, digits and -_. that start with a letter or digit"
NUMBER = "YAML reads this as a number: put it in quotes"
ID_TEXT = f"must be a UUID, or {NAME_TEXT}"
DATE_TEXT = "is not a valid date, such as 2025-09-03T23:19:51Z."
TOKEN_TEXT = "must be a token: visible ASCII characters, no comma"
WEBHOOK_TEXT = "must be a mapping with name, webhook_url and events"
BODY_KEYS = "tokens, expired_tokens, agents, calls, campaigns, payloads, scenarios, settings, stubs"

OF_A_WEBHOOK: dict[str, list[str]] = {
    "timeout: 3": ["9: timeout: The timeout must be between 5 and 120. (got 3)"],
    "timeout: 2025-01-01": ['9: timeout: The timeout must be an integer. (got "2025-01-01")'],
    "timeout: {2025-01-01: 1}": [
        "9: timeout: The timeout must be an integer. (got {})",
    ],
    "timeout: soon": [
        '9: timeout: The timeout must be an integer. (got "soon")',
    ],
    f"webhook_secret: {'x' * 300}": [
        f'9: webhook_secret: The webhook secret must not be greater than 255 characters. (got "{"x" * 76}...)'
    ],
    "tiemout: 3": ["9: tiemout: unknown key; did you mean timeout?"],
    "qqqqq: 3": ["9: qqqqq: unknown key"],
    "5: 3": ["9: [5]: unknown key"],
    "agent_id: agent": ["9: agent_id: is derived from other keys; leave it out"],
    "events_count: 1": ["9: events_count: is derived from other keys; leave it out"],
    "status: disabled": ['9: status: must be error or left out (enabled makes it active) (got "disabled")'],
    "status: [error]": ['9: status: must be error or left out (enabled makes it active) (got ["error"])'],
    "created_at: yesterday": [f'9: created_at: The created at {DATE_TEXT} (got "yesterday")'],
    "created_at: 2025-13-01": [f'9: created_at: The created at {DATE_TEXT} (got "2025-13-01")'],
    "updated_at: 2025-01-01 25:00:00\n        timeout: 1": [
        "10: timeout: The timeout must be between 5 and 120. (got 1)",
        f'9: updated_at: The updated at {DATE_TEXT} (got "2025-01-01 25:00:00")',
    ],
    "updated_at: 5": [f"9: updated_at: The updated at {DATE_TEXT} (got 5)"],
    "created_at: 0001-01-01T00:00:00+05:00": [
        f'9: created_at: The created at {DATE_TEXT} (got "0001-01-01 00:00:00+05:00")'
    ],
    "custom_headers:\n          - key: a": [
        "10: custom_headers[0].value: The custom_headers.0.value field is required."
    ],
    "custom_headers:\n          - {key: X-A, value: a}\n          - {key: a b, value: c}": [
        '11: custom_headers[1].key: is not a name of a header (got "a b")'
    ],
    "custom_headers: {one: {key: 'a:', value: c}}": ['9: custom_headers.one.key: is not a name of a header (got "a:")'],
    'custom_headers: [{key: X-A, value: "a\\nb"}]': [
        '9: custom_headers[0].value: has a line break or another control character (got "a\\nb")'
    ],
    "payload_templates:\n          event_actoin: {}": [
        "10: payload_templates.event_actoin: unknown event; did you mean event_action?"
    ],
    "payload_templates:\n          event_action: {1: a}": [
        "10: payload_templates.event_action[1]: a key must be a string; put it in quotes"
    ],
    "payload_templates: {event_action: .inf}": [
        "9: payload_templates.event_action: is not a JSON value; put it in quotes (got Infinity)"
    ],
    "x: 1\n        timeout: 3\n        created_at: x\n        status: x": [
        "9: x: unknown key",
        "10: timeout: The timeout must be between 5 and 120. (got 3)",
        f'11: created_at: The created at {DATE_TEXT} (got "x")',
        '12: status: must be error or left out (enabled makes it active) (got "x")',
    ],
}
WHOLE: dict[str, tuple[str, list[str]]] = {
    "a list": ("- 1\n", [f"f:1: must be a mapping with {BODY_KEYS}, variables, environments (got [1])"]),
    "text": ("hello", [f'f:1: must be a mapping with {BODY_KEYS}, variables, environments (got "hello")']),
    "nothing": ("# nothing\n", ["f: is empty; expected at least `agents: []`"]),
    "broken": ("agents: [\n", ["f:1: is not YAML: the [ that begins here is not closed (column 9)"]),
    "unknown key": ("agents: []\nenviroments: {}\n", ["f:2: enviroments: unknown key; did you mean environments?"]),
    "settings": (
        "settings: {create_status: 204, pln: x, retry_schedule: [1, -1], signature_header: 'a b'}\n",
        [
            "f:1: settings.pln: unknown key; did you mean plan?",
            "f:1: settings.create_status: The selected create status is invalid; expected one of 200, 201 (got 204)",
            "f:1: settings.signature_header: The signature header must be the name of a header: letters, digits "
            'and -_. (got "a b")',
            "f:1: settings.retry_schedule[1]: The retry_schedule.1 must be a number of seconds from 0 to 86400. "
            "(got -1)",
        ],
    ),
    "settings are no mapping": (
        "settings: 5\n",
        [f"f:1: settings: must be a mapping with {', '.join(f.name for f in SETTING_FIELDS)} (got 5)"],
    ),
    "agents are no list": ("agents: {}\n", ["f:1: agents: must be a list (got {})"]),
    "agent is no mapping": ("agents: [5]\n", ["f:1: agents[0]: must be a mapping with at least a name (got 5)"]),
    "agent without a name": ("agents: [{id: a}]\n", ["f:1: agents[0].name: The name field is required."]),
    "agent with a list": ("agents: [{name: [5]}]\n", ["f:1: agents[0].name: The name must be a string. (got [5])"]),
    "agent's near key": (
        "agents: [{name: A, webhoks: []}]\n",
        ["f:1: agents[0].webhoks: unknown key; did you mean webhooks?"],
    ),
    "agent's id": ("agents: [{name: A, id: [5]}]\n", [f"f:1: agents[0].id: {ID_TEXT} (got [5])"]),
    "agent's path in its id": ("agents: [{name: A, id: a/b}]\n", [f'f:1: agents[0].id: {ID_TEXT} (got "a/b")']),
    "agent's date": (
        "agents: [{name: A, updated_at: x}]\n",
        [f'f:1: agents[0].updated_at: The updated at {DATE_TEXT} (got "x")'],
    ),
    "agent's date outside of time": (
        "agents: [{name: A, at: 9999-12-31T23:59:59-05:00}]\n",
        ['f:1: agents[0].at: is not within the years 1 to 9999 in UTC (got "9999-12-31 23:59:59-05:00")'],
    ),
    "agent's cache_clears": (
        "agents: [{name: A, cache_clears: -1}]\n",
        ["f:1: agents[0].cache_clears: must be a whole number, 0 or more (got -1)"],
    ),
    "agent's bytes": (
        "agents: [{name: A, x: !!binary aGk=}]\n",
        ["f:1: agents[0].x: is not a JSON value; put it in quotes (got \"b'hi'\")"],
    ),
    "agent nested too deeply": (
        f"agents: [{{name: A, x: {'[' * 200}{']' * 200}}}]\n",
        [f"f:1: agents[0].x{'[0]' * 7}: is nested too deeply; at most 100 levels"],
    ),
    "webhooks are no list": ("agents: [{name: A, webhooks: 5}]\n", ["f:1: agents[0].webhooks: must be a list (got 5)"]),
    "webhook is no mapping": (
        "agents: [{name: A, webhooks: [5]}]\n",
        [f"f:1: {HOOK_PATH}: {WEBHOOK_TEXT} (got 5)"],
    ),
    "webhook without anything": (
        "agents:\n- name: A\n  webhooks:\n  - {}\n",
        [f"f:4: {HOOK_PATH}.{key}: The {key.replace('_', ' ')} field is required." for key in [*WEBHOOK_KEYS][1:3]]
        + [f"f:4: {HOOK_PATH}.events: The events field is required."],
    ),
    "events": (
        "agents:\n- name: A\n  webhooks:\n  - name: W\n    webhook_url: xy\n    events:\n"
        "    - event_recordin\n    - 5\n",
        [
            f'f:5: {HOOK_PATH}.webhook_url: The webhook url must be a valid URL; did you mean http://xy? (got "xy")',
            f"f:7: {HOOK_PATH}.events[0]: The selected events.0 is invalid; did you mean event_recording?"
            ' (got "event_recordin")',
            f"f:8: {HOOK_PATH}.events[1]: The selected events.1 is invalid; "
            "expected one of the 22 values in `talkover-mock schema` (got 5)",
        ],
    ),
    "an agent twice": (
        "agents:\n- {name: A, id: a}\n- {name: B, id: a}\n",
        ['f:3: agents[1].id: is already the id of agents[0] in f (got "a")'],
    ),
    "a webhook under two agents": (
        HOOK
        + "  - name: B\n    webhooks:\n      - {id: one, name: W, webhook_url: http://xy, events: [event_action]}\n",
        [f'f:11: agents[1].webhooks[0].id: is already the id of {HOOK_PATH} in f (got "one")'],
    ),
    "a bad webhook twice": (
        "agents: [{name: A, webhooks: &w [{id: a, name: W, webhook_url: http://xy, events: []}]},"
        " {name: B, webhooks: *w}]",
        [
            f"f:1: {HOOK_PATH}.events: The events field must contain at least 1 items. (got [])",
            "f:1: agents[1].webhooks[0].events: The events field must contain at least 1 items. (got [])",
            f'f:1: agents[1].webhooks[0].id: is already the id of {HOOK_PATH} in f (got "a")',
        ],
    ),
    "headers that are a mapping": (
        HOOK + "        custom_headers: {X.Team: blue, X-Env: {key: [], value: v}}\n",
        [
            f"f:9: {HOOK_PATH}.custom_headers.{path}: The custom_headers.{path} field is required.{got}"
            for path, got in (("X.Team.key", ""), ("X-Env.key", " (got [])"), ("X.Team.value", ""))
        ],
    ),
    "a text that is an empty list": (
        HOOK.replace("name: W", "name: []"),
        [f"f:6: {HOOK_PATH}.name: The name field is required. (got [])"],
    ),
    "environments are no mapping": (
        "environments: 0\n",
        ["f:1: environments: must be a mapping of names to environments (got 0)"],
    ),
    "environment is empty": (
        "environments:\n  a:\n",
        [f"f:2: environments.a: must be a mapping with {BODY_KEYS} (got null)"],
    ),
    "environment named default": (
        "environments: {default: {}}\n",
        ["f:1: environments.default: put the keys of the default environment at the top level of the file"],
    ),
    "environment named by a number": (
        "environments: {5: {}}\n",
        [f"f:1: environments[5]: the name must be a string: {NAME_TEXT}; {NUMBER}"],
    ),
    "environment's unknown key": (
        "environments:\n  a:\n    environments: {}\n",
        ["f:3: environments.a.environments: unknown key"],
    ),
    "bad tokens": (
        "tokens: [[], 'a b', 'a,b', é, '']\n",
        [
            f"f:1: tokens[{i}]: {TOKEN_TEXT} (got {token})"
            for i, token in enumerate(["[]", '"a b"', '"a,b"', '"é"', '""'])
        ],
    ),
    "a token in two environments": (
        "tokens: [a]\nenvironments:\n  s:\n    expired_tokens: [a]\n",
        ['f:4: environments.s.expired_tokens[0]: the token already belongs to environment default (got "a")'],
    ),
}


def mistakes_of(text: str, name: str = "f") -> list[str]:
    with pytest.raises(FixtureError) as caught:
        read_fixture([parse(text.encode(), name)])
    assert str(caught.value).split("\n") == [str(mistake) for mistake in caught.value.mistakes]
    return str(caught.value).split("\n")


@pytest.mark.parametrize(("added", "expected"), OF_A_WEBHOOK.items(), ids=lambda value: str(value)[:30])
def test_mistakes_in_a_webhook(added: str, expected: list[str]) -> None:
    found = mistakes_of(HOOK + f"        {added}\n", "fixtures/default.yaml")
    path = f"{HOOK_PATH}."
    lines = [f"fixtures/default.yaml:{line.replace(': ', f': {path}', 1)}".replace(".[", "[") for line in expected]
    assert found == lines


@each_row(("text", "expected"), WHOLE.values(), ids=WHOLE.keys())
def test_mistakes_in_a_fixture(text: str, expected: list[str]) -> None:
    assert mistakes_of(text) == expected


def test_all_mistakes_of_all_files_at_once(tmp_path: Path) -> None:
    folder, missing, empty = tmp_path / "folder", tmp_path / "missing.yaml", tmp_path / "empty"
    folder.mkdir()
    empty.mkdir()
    (folder / "a.yaml").write_text("agents: [\n")
    (folder / "b.json").write_text('{"agents": [\n{"id": "x", "name": 5}]}')
    (folder / "c.yaml").write_text(HOOK + "        timeout: 3\n  - id: x\n    name: B\n")
    (folder / "d.yaml").mkdir()
    with pytest.raises(FixtureError) as caught:
        load([missing, empty, folder])
    assert str(caught.value).replace(str(tmp_path), "").split("\n") == [
        "/missing.yaml: can't be read: No such file or directory",
        "/empty: the folder holds no fixture (*.yaml, *.yml, *.json)",
        "/folder/a.yaml:1: is not YAML: the [ that begins here is not closed (column 9)",
        "/folder/d.yaml: can't be read: Is a directory",
        "/folder/b.json:2: agents[0].name: The name must be a string. (got 5)",
        f"/folder/c.yaml:9: {HOOK_PATH}.timeout: The timeout must be between 5 and 120. (got 3)",
        f'/folder/c.yaml:10: agents[1].id: is already the id of agents[0] in {folder}/b.json (got "x")'.replace(
            str(tmp_path), ""
        ),
    ]


def test_a_folder_that_cannot_be_listed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: Path) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "iterdir", refuse)
    with pytest.raises(FixtureError) as caught:
        load([tmp_path])
    assert str(caught.value) == f"{tmp_path}: can't be read: Permission denied"
