"""What a fault leaves of an operation: nothing, its effect without its answer, or both a while later."""

from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.support.documented import AGENT, TOGGLE, TOKEN, WEBHOOK, toggle_path
from tests.support.faulty import FAULTS, STATE, add_fault, counts, journal

AGENTS = "/api/v1/agents"
WEBHOOKS = f"{AGENTS}/{AGENT}/webhooks"


def is_enabled(http: FlaskClient) -> bool:
    data = http.get(f"{WEBHOOKS}/{WEBHOOK}", headers=TOKEN).get_json()["data"]
    return bool(data["enabled"])


def call(http: FlaskClient, method: str, path: str, body: object = None) -> int | type[OSError]:
    """The status of the answer, or the error of a connection that ends without a whole one."""
    try:
        answer = http.open(path, method=method, json=body, headers=TOKEN)
        answer.get_data()
    except OSError as error:
        return type(error)
    return answer.status_code


REPLACING: list[tuple[dict[str, Any], int | type[OSError]]] = [
    ({"preset": "maintenance"}, 503),
    ({"respond": {"status": 201, "body": {"success": True}}}, 201),
    ({"action": "connection_reset"}, ConnectionResetError),
    ({"action": "truncated_body"}, ConnectionAbortedError),
    ({"action": "malformed_json"}, 200),
]
"""Faults, and what comes of a call that they strike."""
every_replacing_fault = pytest.mark.parametrize(("fault", "outcome"), REPLACING, ids=str)
CALLS: list[tuple[str, str, dict[str, Any] | None]] = [
    ("PATCH", TOGGLE, None),
    ("DELETE", f"{WEBHOOKS}/{WEBHOOK}", None),
    ("PUT", f"{WEBHOOKS}/{WEBHOOK}", {"name": "Changed"}),
    ("POST", WEBHOOKS, {"name": "N", "webhook_url": "http://xy", "events": ["event_action"]}),
]


@every_replacing_fault
def test_a_fault_that_answers_leaves_the_state_untouched(
    http: FlaskClient, fault: dict[str, Any], outcome: int | type[OSError]
) -> None:
    before = http.get(STATE).data
    add_fault(http, **fault)
    assert [call(http, *each) for each in CALLS] == [outcome] * len(CALLS)
    assert http.get(STATE).data == before
    assert counts(http) == [(4, 4)]
    http.delete(FAULTS)
    assert http.get(AGENTS, headers=TOKEN).headers["X-RateLimit-Remaining"] == "99", "none of them was counted"


@every_replacing_fault
def test_with_apply_the_operation_happens_and_its_answer_is_lost(
    http: FlaskClient, fault: dict[str, Any], outcome: int | type[OSError]
) -> None:
    add_fault(http, **fault, apply=True, times=1)
    assert call(http, "PATCH", TOGGLE) == outcome
    assert is_enabled(http)
    name = "respond" if "respond" in fault else next(iter(fault.values()))
    assert [each["fault"] for each in journal(http)] == [f"fault-1 ({name})", None]


def test_with_apply_an_operation_that_is_refused_is_refused(http: FlaskClient) -> None:
    add_fault(http, action="malformed_json", apply=True)
    answer = http.patch(toggle_path(webhook="nope"), headers=TOKEN)
    assert (answer.status_code, answer.text) == (404, '{"success":false,"messag')
    assert answer.headers["X-Mockserver-Reason"].startswith(
        f"fault-1 (malformed_json) struck; agent {AGENT} has no webhook with the id"
    )


def test_a_delay_comes_before_the_answer_of_the_api(http: FlaskClient) -> None:
    add_fault(http, delay_seconds=0.06, times=1)
    assert http.patch(TOGGLE, headers=TOKEN).status_code == 200
    (exchange,) = journal(http)
    assert exchange["duration_ms"] >= 60
    assert (exchange["fault"], exchange["reason"]) == ("fault-1 (delay)", "fault-1 (delay) struck")
    assert is_enabled(http)


def test_a_delay_comes_before_any_other_fault(http: FlaskClient) -> None:
    add_fault(http, delay_seconds=0.06, preset="maintenance")
    assert http.patch(TOGGLE, headers=TOKEN).status_code == 503
    assert journal(http)[0]["duration_ms"] >= 60


def test_what_the_api_refuses_after_a_delay_still_says_why(http: FlaskClient) -> None:
    reason = http.patch(toggle_path("nope"), headers=TOKEN).headers["X-Mockserver-Reason"]
    add_fault(http, delay_seconds=0.001)
    answer = http.patch(toggle_path("nope"), headers=TOKEN)
    assert (answer.status_code, answer.text) == (
        404,
        '{"success":false,"message":"Agent not found in this environment."}',
    )
    assert answer.headers["X-Mockserver-Reason"] == f"fault-1 (delay) struck; {reason}"
