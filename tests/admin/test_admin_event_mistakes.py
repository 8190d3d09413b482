"""What is wrong with a request to `POST /__admin/events`, and that nothing comes of it."""

import json
from collections.abc import Iterator

import pytest
from flask.testing import FlaskClient

from talkover_mock.dialect.events import EVENTS
from talkover_mock.environments.world import World
from tests.support.delivering import STARTED, delivering
from tests.support.documented import AGENT, UNKNOWN
from tests.support.rows import each_row

EVENTS_ROUTE = "/__admin/events"
NOBODY = "http://127.0.0.1:9/webhook"


@pytest.fixture
def world() -> Iterator[World]:
    world = delivering(NOBODY)
    yield world
    world.stop()


ALL_EVENTS = ", ".join(EVENTS)
ALL_KEYS = "agent_id, campaign_id, event, unknown, call, context, data, wait"
A_NAME = "event must be the name of an event, of at most 255 characters"
VALID = {"agent_id": AGENT, "event": STARTED}
JSON = "JSON of at most 100 levels; put dates and infinite numbers in quotes"
NESTED = '{"a": ' * 900
BAD_TIMES: list[tuple[object, str]] = [
    (-1, "-1"),
    (301, "301"),
    ("soon", '"soon"'),
    ("nan", '"nan"'),
    (True, "true"),
    (False, "false"),
    ([], "[]"),
    ({}, "{}"),
]
MISTAKES: list[tuple[object, int, str, str]] = [
    (
        None,
        422,
        "Bad value",
        "agent_id must be the id of the agent at which the event is emitted (got null)",
    ),
    (
        {**VALID, "agent_id": 7},
        422,
        "Bad value",
        "agent_id must be the id of the agent at which the event is emitted (got 7)",
    ),
    (
        {**VALID, "agent_id": AGENT[:-1] + "x"},
        404,
        "No such agent",
        f'no agent in environment default has the id "{AGENT[:-1]}x"; nearest: {AGENT}',
    ),
    (
        {**VALID, "agent_id": UNKNOWN},
        404,
        "No such agent",
        f'no agent in environment default has the id "{UNKNOWN}"; there are 2, such as {AGENT}',
    ),
    (
        {**VALID, "event": "event_phone_call_start"},
        422,
        "Unknown event",
        f'event must be one of the 22 events (got "event_phone_call_start"); did you mean {STARTED}?',
    ),
    ({**VALID, "unknown": "yes"}, 422, "Bad value", 'unknown must be true or false (got "yes")'),
    ({**VALID, "unknown": True, "event": ""}, 422, "Bad value", f'{A_NAME} (got "")'),
    ({**VALID, "unknown": True, "event": 7}, 422, "Bad value", f"{A_NAME} (got 7)"),
    ({**VALID, "unknown": True, "event": "x" * 256}, 422, "Bad value", f'{A_NAME} (got "{"x" * 76}...)'),
    (
        {"agent_id": AGENT},
        422,
        "Unknown event",
        f"event must be one of the 22 events (got null); expected one of {ALL_EVENTS}",
    ),
    (
        {**VALID, "event": [STARTED]},
        422,
        "Unknown event",
        f'event must be one of the 22 events (got ["{STARTED}"]); expected one of {ALL_EVENTS}',
    ),
    (
        {**VALID, "event": "webhook.test"},
        422,
        "Unknown event",
        f'event must be one of the 22 events (got "webhook.test"); expected one of {ALL_EVENTS}',
    ),
    ({**VALID, "evnt": 1}, 422, "Unknown key", 'unknown key "evnt"; did you mean event?'),
    ({**VALID, "zzz": 1}, 422, "Unknown key", f'unknown key "zzz"; expected one of {ALL_KEYS}'),
    ({**VALID, "call": "call-1"}, 422, "Bad value", 'call must be an object (got "call-1")'),
    ({**VALID, "context": [1]}, 422, "Bad value", "context must be an object (got [1])"),
    ({**VALID, "data": 1}, 422, "Bad value", "data must be an object (got 1)"),
    *(
        (
            {**VALID, "wait": wait},
            422,
            "Bad time to wait",
            f"wait must be a number of seconds from 0 to 300 (got {shown})",
        )
        for wait, shown in BAD_TIMES
    ),
    ([VALID], 400, "The body is not an object", "expected a JSON object, got list"),
]


@each_row(("body", "status", "title", "detail"), MISTAKES)
def test_a_mistake_is_a_problem_that_says_what_was_expected(
    http: FlaskClient, body: object, status: int, title: str, detail: str
) -> None:
    answer = http.post(EVENTS_ROUTE, json=body) if body else http.post(EVENTS_ROUTE)
    assert (answer.status_code, answer.content_type) == (status, "application/problem+json")
    problem = answer.get_json()
    assert problem.pop("events", list(EVENTS)) == list(EVENTS)
    assert problem == {"type": "about:blank", "title": title, "status": status, "detail": detail}
    assert http.get("/__admin/deliveries").get_json()["deliveries"] == []


UNREADABLE: list[tuple[str, str, int, str]] = [
    ("application/json", '{"agent_id":', 400, "body:1: is not JSON: Expecting value (column 13)"),
    ("application/json", '{"data": {"a": NaN}}', 400, "body: is not JSON: NaN is not a JSON value"),
    ("application/yaml", "a: [", 400, "body:1: is not YAML: the [ that begins here is not closed (column 4)"),
    (
        "application/yaml",
        f"agent_id: {AGENT}\nevent: {STARTED}\ndata: {{a: .nan}}",
        422,
        f'data must be {JSON} (got {{"a": NaN}})',
    ),
    (
        "application/yaml",
        f"agent_id: {AGENT}\nevent: {STARTED}\ncontext: {{a: 2025-09-03}}",
        422,
        f'context must be {JSON} (got {{"a": "2025-09-03"}})',
    ),
    (
        "application/json",
        json.dumps({**VALID, "data": "DEEP"}).replace('"DEEP"', '{"a":' * 900 + "1" + "}" * 900),
        422,
        f"data must be {JSON} (got {NESTED[:77]}...)",
    ),
]


@each_row(
    ("content_type", "body", "status", "detail"),
    UNREADABLE,
)
def test_what_no_delivery_can_carry_is_refused_and_nothing_is_queued(
    http: FlaskClient, content_type: str, body: str, status: int, detail: str
) -> None:
    answer = http.post(EVENTS_ROUTE, data=body, content_type=content_type)
    assert (answer.status_code, answer.content_type) == (status, "application/problem+json")
    assert answer.get_json()["detail"] == detail
    assert http.get("/__admin/deliveries").get_json()["deliveries"] == []
