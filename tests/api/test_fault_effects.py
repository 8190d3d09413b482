"""What a fault leaves of an operation: nothing, its effect without its answer, or both a while later."""

from contextlib import suppress
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.support.documented import AGENT, TOGGLE, TOKEN, WEBHOOK, toggle_path
from tests.support.faulty import FAULTS, STATE, counts, journal, set_fault

AGENTS = "/api/v1/agents"
WEBHOOKS = f"{AGENTS}/{AGENT}/webhooks"


def is_enabled(http: FlaskClient) -> bool:
    data = http.get(f"{WEBHOOKS}/{WEBHOOK}", headers=TOKEN).get_json()["data"]
    return bool(data["enabled"])


def call(http: FlaskClient, method: str, path: str, body: object = None) -> None:
    """A call that a fault may leave without an answer."""
    with suppress(ConnectionResetError, ConnectionAbortedError):
        http.open(path, method=method, json=body, headers=TOKEN)


REPLACING: list[dict[str, Any]] = [
    {"preset": "maintenance"},
    {"respond": {"status": 200, "body": {"success": True}}},
    {"action": "connection_reset"},
    {"action": "truncated_body"},
    {"action": "malformed_json"},
]
CALLS: list[tuple[str, str, dict[str, Any] | None]] = [
    ("PATCH", TOGGLE, None),
    ("DELETE", f"{WEBHOOKS}/{WEBHOOK}", None),
    ("PUT", f"{WEBHOOKS}/{WEBHOOK}", {"name": "Changed"}),
    ("POST", WEBHOOKS, {"name": "N", "webhook_url": "http://x", "events": ["event_action"]}),
]


@pytest.mark.parametrize("fault", REPLACING)
def test_a_fault_that_answers_leaves_the_state_untouched(http: FlaskClient, fault: dict[str, Any]) -> None:
    before = http.get(STATE).data
    set_fault(http, **fault)
    for method, path, body in CALLS:
        call(http, method, path, body)
    assert http.get(STATE).data == before
    assert counts(http) == [(4, 4)]
    http.delete(FAULTS)
    assert http.get(AGENTS, headers=TOKEN).headers["X-RateLimit-Remaining"] == "99", "none of them was counted"


@pytest.mark.parametrize("fault", REPLACING)
def test_with_apply_the_operation_happens_and_its_answer_is_lost(http: FlaskClient, fault: dict[str, Any]) -> None:
    set_fault(http, **fault, apply=True, times=1)
    call(http, "PATCH", TOGGLE)
    assert is_enabled(http)
    name = "respond" if "respond" in fault else next(iter(fault.values()))
    assert [each["fault"] for each in journal(http)] == [f"fault-1 ({name})", None]


def test_with_apply_an_operation_that_is_refused_is_refused(http: FlaskClient) -> None:
    set_fault(http, action="malformed_json", apply=True)
    answer = http.patch(toggle_path(webhook="nope"), headers=TOKEN)
    assert (answer.status_code, answer.text) == (404, '{"success":false,"messag')
    assert answer.headers["X-Mockserver-Reason"].startswith(
        f"fault-1 (malformed_json) struck; agent {AGENT} has no webhook with the id"
    )


def test_a_delay_comes_before_the_answer_of_the_api(http: FlaskClient) -> None:
    set_fault(http, delay_ms=60, times=1)
    assert http.patch(TOGGLE, headers=TOKEN).status_code == 200
    (exchange,) = journal(http)
    assert exchange["duration_ms"] >= 60
    assert (exchange["fault"], exchange["reason"]) == ("fault-1 (delay)", "fault-1 (delay) struck")
    assert is_enabled(http)


def test_a_delay_comes_before_any_other_fault(http: FlaskClient) -> None:
    set_fault(http, delay_ms=60, preset="maintenance")
    assert http.patch(TOGGLE, headers=TOKEN).status_code == 503
    assert journal(http)[0]["duration_ms"] >= 60


def test_what_the_api_refuses_after_a_delay_still_says_why(http: FlaskClient) -> None:
    reason = http.patch(toggle_path("nope"), headers=TOKEN).headers["X-Mockserver-Reason"]
    set_fault(http, delay_ms=1)
    answer = http.patch(toggle_path("nope"), headers=TOKEN)
    assert (answer.status_code, answer.text) == (
        404,
        '{"success":false,"message":"Agent not found in this environment."}',
    )
    assert answer.headers["X-Mockserver-Reason"] == f"fault-1 (delay) struck; {reason}"
