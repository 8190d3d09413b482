"""The admin route `report`: a text for the log of a failing test."""

import pytest
from flask.testing import FlaskClient

from talkover_mock.admin.guard import Guard
from talkover_mock.app import create_app
from talkover_mock.environments.world import World
from tests.conftest import shipped
from tests.support.documented import AGENT, TOGGLE, TOKEN, WEBHOOK
from tests.support.faulty import add_fault
from tests.support.page_document import press

REPORT = "/__admin/report"
OTHER = "9fcb2c1e-04f5-4c3b-9a77-5f3e8d1b6a20"
STARTED = "event_phone_call_started"


@pytest.fixture
def busy(http: FlaskClient) -> FlaskClient:
    """Two toggles, of which a fault answers the second one, and an event on a frozen clock."""
    add_fault(http, preset="maintenance", match={"path": "*/toggle", "json": {"a": 1}}, times=1)
    http.patch(TOGGLE, headers=TOKEN)
    http.patch(TOGGLE, headers=TOKEN, json={"a": 1})
    http.put("/__admin/clock", json={"now": "2026-01-01"})
    http.post("/__admin/events", json={"agent_id": AGENT, "event": STARTED, "wait": 5})
    return http


CAPTURED = (
    "captured (example.com is not on this machine or network; start with --deliver-to example.com to deliver there)"
)


def test_everything_that_tells_why_a_test_fails(busy: FlaskClient) -> None:
    answer = busy.get(REPORT)
    assert (answer.status_code, answer.content_type) == (200, "text/plain; charset=utf-8")
    assert (
        answer.text
        == f"""\
API calls to the mock server:
  #1 PATCH {TOGGLE} -> 200
  #2 PATCH {TOGGLE} -> 503 (fault-1 (maintenance) struck)

Events of the mock server:
  {STARTED} at agent {AGENT}
    webhook {WEBHOOK}: {CAPTURED}
    webhook {OTHER}: skipped, it does not list the event

Deliveries of the mock server:
  {STARTED} to webhook {WEBHOOK}, attempt 1: {CAPTURED}

Faults of the mock server:
  fault-1 maintenance, */toggle json={{"a": 1}}: matched 1, struck 1

Clock of the mock server:
  frozen at 2026-01-01T00:00:00.000Z
"""
    )


def test_only_a_success_is_called_captured(http: FlaskClient) -> None:
    add_fault(http, on="deliveries", action="lose_answer", times=1)
    http.patch(TOGGLE, headers=TOKEN)
    http.put("/__admin/clock", json={"now": "2026-01-01"})
    http.post("/__admin/events", json={"agent_id": AGENT, "event": STARTED, "wait": 5})
    retrying = "retrying (Connection timeout; fault-1 (lose_answer))"
    report = http.get(REPORT).text
    assert f"\n    webhook {WEBHOOK}: {retrying}\n" in report
    assert f"\n  {STARTED} to webhook {WEBHOOK}, attempt 1: {retrying}\n" in report
    unmet = http.post("/__admin/verify", json={"of": "deliveries", "status": "success"}).get_json()["detail"]
    assert f"attempt 1: {retrying}" in unmet
    http.post("/__admin/clock/advance", json={"seconds": 90})
    failed = "failed (Connection timeout; fault-1 (lose_answer))"
    assert [each.partition(": ")[2] for each in http.get(REPORT).text.splitlines() if ", attempt " in each] == [
        f"{CAPTURED}, attempt 2",
        failed,
        CAPTURED,
    ]


def test_it_begins_with_the_title_of_the_environment(http: FlaskClient) -> None:
    http.post("/__admin/environments", json={"token": "talq_mine", "title": "pauses \u202e\x1b[31m\nü"})
    answer = http.get(REPORT, headers={"Authorization": "Bearer talq_mine"})
    assert answer.text == "pauses \\u202e\\u001b[31m\\nü\n\nAPI calls to the mock server:\n  none\n"


@pytest.mark.slow
def test_it_has_the_calls_since_its_opening_that_had_no_token_of_an_environment(http: FlaskClient) -> None:
    http.get("/api/v1/agents")
    http.post("/__admin/environments", json={"token": "talq_mine"})
    http.post("/__admin/environments", json={"token": "talq_other"})
    mine = {"Authorization": "Bearer talq_mine"}
    http.get("/api/v1/agents", headers=mine)
    http.get("/api/v1/agents", headers={"Authorization": "Bearer talq_other"})
    press(http, "My Webhook")
    assert "meanwhile" not in http.get(REPORT, headers=mine).text
    http.get("/api/v1/agents")
    http.get("/api/v1/agentz", headers={"Authorization": "Bearer talq_mein"})
    assert http.get(REPORT, headers=mine).text.partition("\n\n")[2] == (
        "API calls with no token of an environment meanwhile, of this test or another:\n"
        "  #3 GET /api/v1/agents -> 401 (the request has no Authorization header; send Authorization: Bearer <token>)\n"
        "  #4 GET /api/v1/agentz -> 404 (no route has this path; did you mean /api/v1/agents?)\n"
    )
    http.post("/__admin/reset")
    http.get("/api/v1/agentz")
    assert http.get(REPORT, headers=mine).text.partition("\n\n")[2].count("#1 GET /api/v1/agentz -> 404") == 1


def test_masked_tokens_are_not_taken_for_tokens_of_no_environment() -> None:
    world = World(shipped(), mask_tokens=True)
    http = create_app(world, Guard()).test_client()
    http.post("/__admin/environments", json={"token": "talq_mine"})
    http.get("/api/v1/agents", headers=TOKEN)
    assert "meanwhile" not in http.get(REPORT, headers={"Authorization": "Bearer talq_mine"}).text
    world.stop()


def test_as_json_it_has_the_same_parts(busy: FlaskClient) -> None:
    text = busy.get(f"{REPORT}?format=text").text
    sections = busy.get(f"{REPORT}?format=json").get_json()["sections"]
    shown = [f"{each['title']}:\n  " + each["text"].replace("\n", "\n  ") for each in sections]
    assert "\n\n".join(shown) + "\n" == text


def test_calls_may_begin_after_a_number(busy: FlaskClient) -> None:
    first = busy.get(f"{REPORT}?format=json&after=1").get_json()["sections"][0]
    assert first["text"].startswith("#2 PATCH")
    assert busy.get(f"{REPORT}?after=2").text.startswith("API calls to the mock server:\n  none\n\nEvents of")


def test_a_schedule_shows_its_order(http: FlaskClient) -> None:
    body = {"token": "talq_mine", "schedule": 15, "fixture": {"agents": [{"id": "a", "name": "A"}]}}
    assert http.post("/__admin/environments", json=body).status_code == 201
    text = http.get(REPORT, headers={"Authorization": "Bearer talq_mine"}).text
    assert text.splitlines()[0:4] == ["API calls to the mock server:", "  none", "", "Clock of the mock server:"]


@pytest.mark.parametrize(
    ("query", "status", "text"),
    [
        ("format=xml", 400, 'format must be text or json (got "xml")'),
        ("after=x", 422, 'after must be a whole number, 0 or more (got "x")'),
        ("since=1", 422, 'unknown key "since"; expected one of after, format'),
    ],
)
def test_a_bad_query_is_refused(http: FlaskClient, query: str, status: int, text: str) -> None:
    answer = http.get(f"{REPORT}?{query}")
    assert (answer.status_code, answer.get_json()["detail"]) == (status, text)
