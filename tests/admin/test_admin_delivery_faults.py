"""The admin routes `faults` for faults on deliveries: how they are told, and what is wrong with a body."""

from typing import Any

import pytest
from flask.testing import FlaskClient

from talkover_mock.deliveries.faults import ACTIONS, MATCH
from talkover_mock.deliveries.faults import DETAILS as ALL_DETAILS
from tests.support.documented import AGENT, WEBHOOK
from tests.support.faulty import FAULTS, add_fault
from tests.support.rows import each_row

LOST = {"on": "deliveries", "action": "lose_answer"}
ANY = dict.fromkeys(MATCH)
LIMITS = {"times": None, "after": 0, "probability": 1.0, "seed": None}
DETAILS: dict[str, dict[str, Any]] = {
    "timeout": {"sent": True},
    "repeat": {"copies": 20, "delay_seconds": 0.5, "together": False, "replay": True},
    "delay": {"delay_seconds": 2592000, "though_disabled": True},
    "skewed": {"seconds": -3600.5},
}
"""Of each action that takes details, all of them with values."""


def described(action: str) -> dict[str, Any]:
    return {"on": "deliveries", "action": action, **DETAILS.get(action, {})}


@pytest.mark.parametrize("action", ACTIONS)
def test_a_fault_is_told_with_the_details_of_its_action_and_can_be_added_again(http: FlaskClient, action: str) -> None:
    match = {"event": "*_ended", "webhook_id": WEBHOOK, "agent_id": AGENT, "url": "http://*", "attempt": 2}
    match |= {"json": {"test": True}, "headers": {"Signature": "*"}, "query": {"a": "1"}}
    spec = {**described(action), "match": match, "times": 3, "after": 1, "probability": 0.5, "seed": 7}
    add_fault(http, **spec)
    [told] = http.get(FAULTS).get_json()["faults"]
    assert told == {"id": "fault-1", **spec, "matched": 0, "struck": 0}
    again = {key: value for key, value in told.items() if key not in ("id", "matched", "struck")}
    assert http.post(FAULTS, json=again).get_json() == {**told, "id": "fault-2"}


def test_null_is_the_default_of_every_key(http: FlaskClient) -> None:
    empty = {**dict.fromkeys(("match", *ALL_DETAILS, *LIMITS)), **LOST}
    answer = http.post(FAULTS, json=empty)
    expected = {"id": "fault-1", **LOST, "match": ANY, **LIMITS, "matched": 0, "struck": 0}
    assert (answer.status_code, answer.get_json()) == (201, expected)


def test_every_detail_is_tried() -> None:
    assert {action: set(details) for action, details in ACTIONS.items() if details} == {
        action: set(details) for action, details in DETAILS.items()
    }


@pytest.mark.parametrize("body", ["on: deliveries\naction: drop\n", '"on": deliveries\naction: drop\n'])
def test_in_yaml_the_word_on_is_no_boolean(http: FlaskClient, body: str) -> None:
    answer = http.post(FAULTS, data=body, content_type="application/yaml")
    assert (answer.status_code, answer.get_json()["on"]) == (201, "deliveries")


NAMES = ", ".join(ACTIONS)
A_DELAY = "delay_seconds must be a number of seconds from 0.001 to 2592000"
A_SKEW = "seconds must be a number of seconds from -315360000 to 315360000, but not 0"
REPEAT = {"on": "deliveries", "action": "repeat"}
AN_EVENT = "match.event must be one of the 34 events, webhook.test, or a pattern with *"
MISTAKES: list[tuple[dict[str, Any], str, str]] = [
    ({"on": "deliveries"}, "No fault", f"give an action: {NAMES}"),
    ({"on": "deliveries", "preset": "maintenance"}, "Unknown key", 'unknown key "preset"'),
    ({"on": "deliveries", "action": "hang"}, "Bad value", f'action must be one of {NAMES} (got "hang")'),
    ({"on": "deliveries", "action": "refuse"}, "Bad value", 'did you mean refused? (got "refuse")'),
    ({**LOST, "sent": True}, "Bad value", "sent belongs to timeout, not to lose_answer"),
    ({**described("timeout"), "sent": 1}, "Bad value", "sent must be true or false (got 1)"),
    ({**LOST, "delay_seconds": 1}, "Bad value", "delay_seconds belongs to repeat and delay, not to lose_answer"),
    ({"on": "deliveries", "action": "delay"}, "Bad value", f"{A_DELAY} (got null)"),
    ({"on": "deliveries", "action": "delay", "delay_seconds": None}, "Bad value", f"{A_DELAY} (got null)"),
    ({"on": "deliveries", "action": "delay", "delay_seconds": 2592001}, "Bad value", f"{A_DELAY} (got 2592001)"),
    ({**REPEAT, "delay_seconds": -1}, "Bad value", "delay_seconds must be a number of seconds from 0 to 2592000"),
    (
        {**REPEAT, "delay_seconds": {}},
        "Bad value",
        "delay_seconds must be a number of seconds from 0 to 2592000 (got {}",
    ),
    (
        {**REPEAT, "delay_seconds": ""},
        "Bad value",
        'delay_seconds must be a number of seconds from 0 to 2592000 (got ""',
    ),
    ({**REPEAT, "copies": 0}, "Bad value", "copies must be a whole number from 1 to 20 (got 0)"),
    ({**REPEAT, "copies": 21}, "Bad value", "copies must be a whole number from 1 to 20 (got 21)"),
    ({**REPEAT, "together": "yes"}, "Bad value", 'together must be true or false (got "yes")'),
    ({**REPEAT, "together": True, "delay_seconds": 1}, "Bad value", "copies that are together have no delay_seconds"),
    ({"on": "deliveries", "action": "skewed"}, "Bad value", f"{A_SKEW} (got null)"),
    ({"on": "deliveries", "action": "skewed", "seconds": 0}, "Bad value", f"{A_SKEW} (got 0)"),
    ({"on": "deliveries", "action": "skewed", "seconds": 315360001}, "Bad value", f"{A_SKEW} (got 315360001)"),
    ({**LOST, "apply": True}, "Unknown key", 'unknown key "apply"'),
    ({**LOST, "match": {"path": "*"}}, "Unknown key", 'unknown key "match.path"; expected one of event, webhook_id'),
    ({**LOST, "match": {"event": "event_acton"}}, "Bad value", f"{AN_EVENT}; did you mean event_action?"),
    ({**LOST, "match": {"event": 5}}, "Bad value", f"{AN_EVENT} (got 5)"),
    ({**LOST, "match": {"url": 5}}, "Bad value", "match.url must be a string (got 5)"),
    (
        {**LOST, "match": {"url": "127.0.0.1/webhook"}},
        "Bad value",
        "match.url must be a whole URL such as https://example.com/hook; * matches anything "
        '(got "127.0.0.1/webhook"); did you mean *127.0.0.1/webhook?',
    ),
    ({**LOST, "match": {"attempt": 0}}, "Bad value", "match.attempt must be a whole number, 1 or more (got 0)"),
    ({**LOST, "match": {"agent_id": "nope"}}, "Unknown agent", 'no agent in environment default has the id "nope"'),
    ({**LOST, "match": {"webhook_id": "no"}}, "Unknown webhook", 'no webhook in environment default has the id "no"'),
    ({**LOST, "times": 0}, "Bad value", "times must be a whole number, 1 or more (got 0)"),
]


@each_row(("spec", "title", "detail"), MISTAKES)
def test_a_mistake_is_a_problem_that_says_what_was_expected(
    http: FlaskClient, spec: dict[str, Any], title: str, detail: str
) -> None:
    answer = http.post(FAULTS, json=spec)
    assert (answer.status_code, answer.get_json()["title"]) == (422, title)
    assert detail in answer.get_json()["detail"]
    assert http.get(FAULTS).get_json() == {"faults": []}
