"""The admin route that adds faults: every mistake is a problem that says what was expected, and adds nothing."""

from typing import Any

import pytest
from flask.testing import FlaskClient

from talkover_mock.environments.call_faults import PRESETS
from tests.support.faulty import FAULTS
from tests.support.rows import each_row

DOWN = {"preset": "maintenance"}
KEYS = ["on", "match", "preset", "headers", "respond", "action", "delay_seconds", "apply"]
KEYS += ["times", "after", "probability", "seed"]
NAMES = ", ".join(PRESETS)
NO_FAULT = "give a preset, respond, action or delay_seconds"
A_DELAY = "delay_seconds must be a number of seconds from 0 to 600"
A_PATH = "match.path must be a path such as /api/v1/agents/*; * matches anything"
A_HEADER = "respond.headers must be an object of header names and texts on one line"
JSON = "respond.body must be JSON of at most 100 levels; put dates and infinite numbers in quotes"
METHODS = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"
MISTAKES: list[tuple[dict[str, Any], str, str]] = [
    ({}, "No fault", NO_FAULT),
    ({"match": {"path": "*"}, "times": 1}, "No fault", NO_FAULT),
    ({"delay_seconds": 0}, "No fault", NO_FAULT),
    (
        {"preset": "maintenance", "action": "hang"},
        "Two faults in one",
        "give one of preset, respond and action, not preset and action",
    ),
    (
        {"preset": "maintenance", "respond": {}, "action": "hang"},
        "Two faults in one",
        "give one of preset, respond and action, not preset and respond and action",
    ),
    ({"action": "lose_answer"}, "Bad value", 'lose_answer strikes deliveries; add "on": "deliveries"'),
    ({**DOWN, "on": "call"}, "Bad value", 'on must be one of calls, deliveries; did you mean calls? (got "call")'),
    ({**DOWN, "tiems": 2}, "Unknown key", 'unknown key "tiems"; did you mean times?'),
    ({**DOWN, "json": {}}, "Unknown key", 'unknown key "json"; did you mean match.json?'),
    ({**DOWN, "status": 500}, "Unknown key", 'unknown key "status"; did you mean respond.status?'),
    ({"on": "deliveries", "action": "drop", "url": "*"}, "Unknown key", 'unknown key "url"; did you mean match.url?'),
    ({**DOWN, "x": 2}, "Unknown key", 'unknown key "x"'),
    ({**DOWN, "match": {"paht": "*"}}, "Unknown key", 'unknown key "match.paht"; did you mean path?'),
    ({"respond": {"code": 500}}, "Unknown key", 'unknown key "respond.code"'),
    ({"respond": {"header": {}}}, "Unknown key", 'unknown key "respond.header"; did you mean headers?'),
    ({**DOWN, "match": "*"}, "Bad value", 'match must be an object of method, path, json, headers, query (got "*")'),
    ({"respond": 500}, "Bad value", "respond must be an object of status, headers, body (got 500)"),
    ({**DOWN, "match": {"method": "FETCH"}}, "Bad value", f'{METHODS}; did you mean PATCH? (got "FETCH")'),
    ({**DOWN, "match": {"method": "X"}}, "Bad value", f'match.method must be one of {METHODS} (got "X")'),
    ({**DOWN, "match": {"method": ["GET"]}}, "Bad value", '(got ["GET"])'),
    ({**DOWN, "match": {"path": "agents/*"}}, "Bad value", f'{A_PATH}; did you mean */agents/*? (got "agents/*")'),
    ({**DOWN, "match": {"path": "http://x/*"}}, "Bad value", f'{A_PATH} (got "http://x/*")'),
    ({**DOWN, "match": {"path": "/agents/*"}}, "Bad value", f'{A_PATH}; did you mean */agents/*? (got "/agents/*")'),
    ({**DOWN, "match": {"path": "/api/v2*"}}, "Bad value", f'{A_PATH} (got "/api/v2*")'),
    ({**DOWN, "match": {"path": "/api"}}, "Bad value", f'{A_PATH} (got "/api")'),
    ({**DOWN, "match": {"path": ""}}, "Bad value", f'{A_PATH} (got "")'),
    ({**DOWN, "match": {"path": 5}}, "Bad value", f"{A_PATH} (got 5)"),
    ({"preset": "maintenence"}, "Bad value", f'one of {NAMES}; did you mean maintenance? (got "maintenence")'),
    ({"preset": 503}, "Bad value", f"preset must be one of {NAMES} (got 503)"),
    (
        {"action": "reset"},
        "Bad value",
        'action must be one of hang, connection_reset, truncated_body, malformed_json, hold, stale (got "reset")',
    ),
    ({"delay_seconds": 600.5}, "Bad value", f"{A_DELAY} (got 600.5)"),
    ({"delay_seconds": "5"}, "Bad value", f'{A_DELAY} (got "5")'),
    ({"delay_seconds": True}, "Bad value", f"{A_DELAY} (got true)"),
    ({**DOWN, "delay_seconds": -1}, "Bad value", f"{A_DELAY} (got -1)"),
    ({**DOWN, "times": 0}, "Bad value", "times must be a whole number, 1 or more (got 0)"),
    ({**DOWN, "times": True}, "Bad value", "times must be a whole number, 1 or more (got true)"),
    ({**DOWN, "times": 1.5}, "Bad value", "times must be a whole number, 1 or more (got 1.5)"),
    ({**DOWN, "after": -1}, "Bad value", "after must be a whole number, 0 or more (got -1)"),
    ({**DOWN, "seed": "x"}, "Bad value", 'seed must be a whole number, 0 or more (got "x")'),
    ({**DOWN, "seed": 2**63}, "Bad value", f"seed must be a whole number from 0 to {2**63 - 1} (got {2**63})"),
    ({**DOWN, "probability": 1.01}, "Bad value", "probability must be a number from 0 to 1 (got 1.01)"),
    ({**DOWN, "probability": -0.1}, "Bad value", "probability must be a number from 0 to 1 (got -0.1)"),
    ({**DOWN, "probability": True}, "Bad value", "probability must be a number from 0 to 1 (got true)"),
    ({**DOWN, "probability": "0.5"}, "Bad value", 'probability must be a number from 0 to 1 (got "0.5")'),
    ({**DOWN, "apply": 1}, "Bad value", "apply must be true or false (got 1)"),
    ({"action": "hang", "headers": {"A": "b"}}, "Bad value", "headers belong to a preset"),
    ({**DOWN, "headers": {"A": 1}}, "Bad value", "headers must be an object of header names and texts on one line"),
    ({**DOWN, "headers": {"TE": "x"}}, "Bad value", "headers must not have TE, which the server sets"),
    ({"action": "hold", "apply": True}, "Bad value", "hold has neither apply nor delay_seconds"),
    ({"action": "stale", "delay_seconds": 1}, "Bad value", "stale has neither apply nor delay_seconds"),
    ({"action": "stale", "match": {"method": "PATCH"}}, "Bad value", "stale strikes only GET and HEAD"),
    ({"respond": {"status": 199}}, "Bad value", "respond.status must be a whole number from 200 to 599 (got 199)"),
    ({"respond": {"status": 600}}, "Bad value", "respond.status must be a whole number from 200 to 599 (got 600)"),
    ({"respond": {"headers": ["a"]}}, "Bad value", f'{A_HEADER} (got ["a"])'),
    ({"respond": {"headers": {"A": 1}}}, "Bad value", f'{A_HEADER} (got {{"A": 1}})'),
    ({"respond": {"headers": {"A": "a\nB: b"}}}, "Bad value", A_HEADER),
    ({"respond": {"headers": {"A": "ü"}}}, "Bad value", A_HEADER),
    ({"respond": {"headers": {"A B": "a"}}}, "Bad value", A_HEADER),
    ({"respond": {"headers": {"A:": "a"}}}, "Bad value", A_HEADER),
    ({"respond": {"headers": {"": "a"}}}, "Bad value", A_HEADER),
    ({**DOWN, "tim" + "e" * 500: 1}, "Unknown key", 'unknown key "tim' + "e" * 73 + "..."),
    ({"preset": "x" * 500}, "Bad value", '(got "' + "x" * 76 + "...)"),
]


@each_row(("spec", "title", "detail"), MISTAKES)
def test_a_mistake_is_a_problem_that_says_what_was_expected(
    http: FlaskClient, spec: dict[str, Any], title: str, detail: str
) -> None:
    answer = http.post(FAULTS, json=spec)
    problem = answer.get_json()
    assert (answer.status_code, answer.content_type) == (422, "application/problem+json")
    assert {key: problem[key] for key in ("type", "title", "status")} == {
        "type": "about:blank",
        "title": title,
        "status": 422,
    }
    assert detail in problem["detail"]
    assert http.get(FAULTS).get_json() == {"faults": []}


@each_row("name", ["Content-Length", "content-length", "Connection", "TE", "Transfer-Encoding"])
def test_a_header_that_only_the_server_can_give_is_a_mistake(http: FlaskClient, name: str) -> None:
    answer = http.post(FAULTS, json={"respond": {"headers": {"X-Fine": "a", name: "5"}}})
    detail = f"respond.headers must not have {name}, which the server sets (an action can end the connection)"
    assert (answer.status_code, answer.get_json()["detail"]) == (422, detail)
    assert http.get(FAULTS).get_json() == {"faults": []}


def test_the_known_words_are_in_the_problem(http: FlaskClient) -> None:
    assert http.post(FAULTS, json={}).get_json()["presets"] == list(PRESETS)
    assert http.post(FAULTS, json={"x": 1}).get_json()["detail"].endswith(f"expected one of {', '.join(KEYS)}")
    detail = http.post(FAULTS, json={"respond": {"x": 1}}).get_json()["detail"]
    assert detail == 'unknown key "respond.x"; expected one of status, headers, body'


@each_row(
    ("body", "detail"),
    [
        ("respond: {body: 2025-01-01}", f'{JSON} (got "2025-01-01")'),
        ("respond: {body: {1: a}}", f'{JSON} (got {{"1": "a"}})'),
        ("respond: {body: [.nan]}", f"{JSON} (got [NaN])"),
        ("respond: {body: [.inf]}", f"{JSON} (got [Infinity])"),
        ("{respond: {body: " + "[" * 101 + "]" * 101 + "}}", f"{JSON} (got " + "[" * 77 + "...)"),
        ("{preset: maintenance, probability: .nan}", "probability must be a number from 0 to 1 (got NaN)"),
    ],
)
def test_what_is_no_json_can_not_be_answered(http: FlaskClient, body: str, detail: str) -> None:
    answer = http.post(FAULTS, data=body)
    assert (answer.status_code, answer.get_json()["detail"]) == (422, detail)


@pytest.mark.parametrize(
    ("body", "title", "detail"),
    [
        ("[", "The body can't be read", "body:1: is not JSON: Expecting value (column 2)"),
        ("[]", "The body is not an object", "expected a JSON object, got list"),
        ('"maintenance"', "The body is not an object", "expected a JSON object, got str"),
    ],
)
def test_a_body_that_is_no_object_is_a_problem(http: FlaskClient, body: str, title: str, detail: str) -> None:
    answer = http.post(FAULTS, data=body, content_type="application/json")
    problem = answer.get_json()
    assert (answer.status_code, problem["title"], problem["detail"]) == (400, title, detail)
