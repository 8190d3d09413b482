"""The admin routes `requests`: what is counted, dropped, deleted and forgotten."""

from collections.abc import Iterator
from typing import Any

import pytest
from flask.testing import FlaskClient

from talkover_mock.admin.guard import Guard
from talkover_mock.app import create_app
from talkover_mock.environments.world import World
from tests.conftest import shipped
from tests.support.documented import AGENT, TOGGLE, TOKEN
from tests.support.faulty import REQUESTS, RESET, bearer, journal

AGENTS = "/api/v1/agents"


@pytest.fixture
def calls(http: FlaskClient) -> None:
    """Three calls, of which no route took the last."""
    for path in (TOGGLE, AGENTS, "/api/v1/nope"):
        http.patch(path, headers=TOKEN)


@pytest.mark.usefixtures("calls")
def test_what_is_deleted_is_forgotten_and_the_numbers_go_on(http: FlaskClient) -> None:
    answer = http.delete(REQUESTS)
    assert (answer.status_code, answer.get_json()) == (200, {"deleted": 3})
    assert journal(http) == []
    http.get("/api/v1/health")
    assert [each["number"] for each in journal(http)] == [4]
    assert http.delete(REQUESTS).get_json() == {"deleted": 1}


@pytest.mark.usefixtures("calls")
def test_after_a_reset_the_journal_is_as_new(http: FlaskClient) -> None:
    http.post(RESET)
    http.get("/api/v1/health")
    assert [each["number"] for each in journal(http)] == [1]


@pytest.fixture
def short() -> Iterator[FlaskClient]:
    """A server whose journals keep three exchanges."""
    world = World(shipped(), most_kept=3)
    yield create_app(world, Guard()).test_client()
    world.stop()


def test_the_journal_is_bounded_and_what_was_dropped_is_counted(short: FlaskClient) -> None:
    for number in range(8):
        short.get(f"{AGENTS}?page={number}", headers=TOKEN)
    short.get(AGENTS, headers=bearer("talq_staging"))
    answer = short.get(REQUESTS).get_json()
    assert [each["number"] for each in answer["requests"]] == [6, 7, 8]
    assert (answer["count"], answer["dropped"]) == (3, 5)
    assert short.get(REQUESTS, headers=bearer("talq_staging")).get_json()["dropped"] == 0
    assert short.delete(REQUESTS).get_json() == {"deleted": 3}
    assert short.get(REQUESTS).get_json()["dropped"] == 0


def test_what_was_dropped_may_have_matched_and_no_expectation_of_few_calls_holds(short: FlaskClient) -> None:
    for number in range(8):
        short.get(f"{AGENTS}?page={number}", headers=TOKEN)

    def verified(**expected: Any) -> tuple[int, str]:
        answer = short.post("/__admin/verify", json=expected)
        return answer.status_code, answer.get_json().get("detail", "")

    lost = "older requests that are no longer kept (serve --keep), and may have matched: 5"
    for expected in ({"times": 3}, {"max": 3}, {"path": "*page=0", "times": 0}, {"after": 4, "max": 3}):
        status, text = verified(**expected)
        assert (status, text.split("\n")[1]) == (409, lost), expected
        assert "of those that are kept\n" in text
    status, text = verified(times=8)
    assert (status, text.split("\n")[-1]) == (409, lost)
    for expected in ({"min": 3}, {"after": 5, "times": 3}, {"after": 6, "times": 2}, {"path": "*/nope", "min": 0}):
        assert verified(**expected)[0] == 200, expected
    assert "kept" not in verified(after=5, times=4)[1]
    satisfied = {"max=3": False, "min=3": True, "after=4&max=3": False, "after=5&max=3": True, "max=2": False}
    assert {query: short.get(f"{REQUESTS}?{query}").get_json()["satisfied"] for query in satisfied} == satisfied


def test_a_search_for_what_nobody_got_may_begin_behind_what_was_dropped(short: FlaskClient) -> None:
    short.put("/__admin/clock", json={"now": "2025-09-03T12:00:00Z"})
    for _ in range(5):
        short.post("/__admin/events", json={"agent_id": AGENT, "event": "event_action"})
    query = "/__admin/deliveries?status=skipped&max=3&since="
    satisfied = {"2025-09-03T12:00:00Z": False, "2025-09-03T12:00:01Z": True}
    assert {since: short.get(query + since).get_json()["satisfied"] for since in satisfied} == satisfied


def test_a_report_says_that_older_calls_are_missing(short: FlaskClient) -> None:
    for number in range(8):
        short.get(f"{AGENTS}?page={number}", headers=TOKEN)
    first = short.get("/__admin/report").text.split("\n")[1]
    assert first == "  (older ones that are no longer kept: 5)"
    assert "(older ones that are no longer kept: 1)" in short.get("/__admin/report?after=4").text
    assert "no longer kept" not in short.get("/__admin/report?after=5").text


def test_a_call_of_a_stub_is_found_by_its_operation(http: FlaskClient) -> None:
    path, operation = "/api/v1/phone-numbers", "GET /api/v1/phone-numbers"
    query = f"{REQUESTS}?operation={operation}"
    assert http.get(query).status_code == 422
    http.post("/__admin/stubs", json={"method": "GET", "path": path, "body": {"data": []}})
    assert http.get(query).get_json()["count"] == 0
    http.get(path, headers=TOKEN)
    http.delete("/__admin/stubs")
    assert [each["operation"] for each in http.get(query).get_json()["requests"]] == [operation]


def test_a_token_that_opens_nothing_is_a_problem(http: FlaskClient) -> None:
    for method in ("GET", "DELETE"):
        answer = http.open(REQUESTS, method=method, headers=bearer("talq_staging_2024"))
        assert (answer.status_code, answer.get_json()["title"]) == (401, "Unknown token")
