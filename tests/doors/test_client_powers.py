"""The harness's client where it looks and meddles: requests, faults, snapshots, the clock, environments."""

from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from threading import Timer
from time import monotonic
from typing import Any, cast

import pytest
import requests

from talkover_mock.admin.routes.about import description
from talkover_mock.client import MockServer
from tests.support.documented import AGENT, TOGGLE, UNKNOWN, WEBHOOK

WAIT = 10.0
"""Seconds after which something that should have happened did not."""
NO_WEBHOOK = TOGGLE.replace(WEBHOOK, UNKNOWN)
NO_AGENT = TOGGLE.replace(AGENT, UNKNOWN)


def call(mock: MockServer, path: str = TOGGLE, method: str = "PATCH") -> int:
    """The status of a call of the API."""
    with requests.Session() as session:
        session.trust_env = False
        return session.request(method, mock.url + path, headers=mock.headers, timeout=5).status_code


def failure(check: Callable[[], object]) -> list[str]:
    """The lines of what a failed check says."""
    with pytest.raises(AssertionError) as caught:
        check()
    return str(caught.value).splitlines()


@pytest.fixture
def busy(mock: MockServer) -> MockServer:
    """One in which four calls have been made."""
    for path in (TOGGLE, NO_WEBHOOK, NO_AGENT):
        call(mock, path)
    call(mock, "/api/v1/agents?page=2", "GET")
    return mock


TOGGLED = f"  #1 PATCH {TOGGLE} -> 200"
REASONS = (
    f'agent {AGENT} has no webhook with the id "{UNKNOWN}"; there are 2, such as {WEBHOOK}',
    f'no agent in environment default has the id "{UNKNOWN}"; there are 3, such as {AGENT}',
)
REFUSED = [
    f"  #2 PATCH {NO_WEBHOOK} -> 404 ({REASONS[0]})",
    f"  #3 PATCH {NO_AGENT} -> 404 ({REASONS[1]})",
]
LISTED = "  #4 GET /api/v1/agents?page=2 -> 200"


def test_requests_are_filtered(busy: MockServer) -> None:
    def numbers(**filters: Any) -> list[int]:
        return [each["number"] for each in busy.requests(**filters)]

    assert numbers() == numbers(status=None) == [1, 2, 3, 4]
    assert numbers(method="patch") == numbers(method="PATCH") == [1, 2, 3]
    assert numbers(status=404) == numbers(status="4xx") == [2, 3]
    assert numbers(method="get", path="/api/v1/agents", unmatched=False) == numbers(after=3) == [4]
    assert numbers(query={"page": 2}) == numbers(query={"page": "*"}, json=None, headers=None) == [4]
    assert numbers(headers={"authorization": "Bearer *"}, method="GET") == [4]
    assert numbers(json={}) == []
    assert numbers(operation="PATCH /api/v1/agents/{agent_id}/webhooks/{webhook_id}/toggle") == [1, 2, 3]


@pytest.mark.slow
def test_requests_are_waited_for(mock: MockServer) -> None:
    later = Timer(0.1, call, [mock])
    later.start()
    [found] = mock.requests(min=1, wait=WAIT, path="*/toggle")
    later.join()
    assert (found["method"], found["path"], found["status"]) == ("PATCH", TOGGLE, 200)


def test_requests_are_forgotten(busy: MockServer) -> None:
    busy.clear_requests()
    assert busy.requests() == []


def test_what_was_requested_is_returned(busy: MockServer) -> None:
    assert [each["number"] for each in busy.assert_requested("PATCH", "*/toggle")] == [1, 2, 3]
    assert [each["number"] for each in busy.assert_requested("patch", "*/toggle", 2, status=404)] == [2, 3]
    assert busy.assert_requested("DELETE", "*", times=0) == []
    busy.assert_not_requested("DELETE", "*")
    busy.assert_not_requested("PATCH", "*/toggle", status=500, wait=0.05)


def test_what_was_not_requested_fails_with_the_nearest(busy: MockServer) -> None:
    assert failure(lambda: busy.assert_requested("PATCH", f"*/{WEBHOOK}/toggle", status=409, wait=0.05)) == [
        f"expected at least 1 request method=PATCH path=*/{WEBHOOK}/toggle status=409 within 0.05 s, got 0; "
        "the nearest of all requests:",
        REFUSED[1],
        TOGGLED,
        REFUSED[0],
        LISTED,
    ]


def test_another_number_of_requests_fails_with_what_there_was(busy: MockServer) -> None:
    first = failure(lambda: busy.assert_requested("GET", "/api/v1/agents", 2))
    assert first[0] == (
        "expected exactly 2 requests method=GET path=/api/v1/agents, got 1; the nearest of all requests:"
    )
    assert first[1] == LISTED
    second = failure(lambda: busy.assert_not_requested("PATCH", TOGGLE))
    assert second[0] == f"expected no requests method=PATCH path={TOGGLE}, got 1; the nearest of all requests:"
    assert second[1] == TOGGLED
    third = failure(lambda: busy.requests(min=1, max=2, status="4xx", method="GET"))
    assert third[0] == "expected 1 to 2 requests status=4xx method=GET, got 0; the nearest of all requests:"


def test_none_at_all_says_so(mock: MockServer) -> None:
    text = [
        "expected at least 1 request method=PATCH path=*, got 0; there are no requests at all; "
        "calls with another token than this environment's are not among them"
    ]
    assert failure(lambda: mock.assert_requested("PATCH", "*")) == text


@pytest.mark.slow
def test_what_comes_within_the_time_fails_at_once(mock: MockServer) -> None:
    later = Timer(0.1, call, [mock])
    later.start()
    lines = failure(lambda: mock.assert_not_requested("PATCH", "*", wait=WAIT))
    later.join()
    assert lines[0] == ("expected no requests method=PATCH path=* within 10 s, got 1; the nearest of all requests:")


def test_a_failure_shows_five_and_how_many_more(mock: MockServer) -> None:
    for number in range(7):
        call(mock, f"/api/v1/{number}")
    lines = failure(lambda: mock.requests(max=6))
    assert [line.split()[2] for line in lines[1:-1]] == [f"/api/v1/{number}" for number in range(5)]
    assert lines[-1] == "  and 2 more"


def test_equal_calls_are_one_line(mock: MockServer) -> None:
    for _ in range(7):
        call(mock)
    assert failure(lambda: mock.requests(max=6))[1:] == [f"{TOGGLED} (7 times, the last is #7)"]


def test_faults_are_added_counted_and_removed(mock: MockServer) -> None:
    first = mock.add_fault("maintenance", times=2)
    second = mock.add_fault("connection_reset", match={"method": "PATCH", "path": "*/toggle"})
    assert [call(mock), call(mock)] == [503, 503]
    with pytest.raises(requests.ConnectionError):
        call(mock)
    assert [(each["id"], each["struck"]) for each in mock.faults()] == [(first["id"], 2), (second["id"], 1)]
    mock.remove_fault(second["id"])
    assert call(mock) == 200
    mock.remove_faults()
    assert mock.faults() == []


def test_a_fault_of_an_unknown_name_or_with_an_unknown_keyword_is_refused(mock: MockServer) -> None:
    misnamed, misspelt = cast(Any, "hangs"), cast(Any, {"action": "hang", "times": 1})
    with pytest.raises(ValueError, match=r"^no preset or action is named 'hangs'; did you mean hang\?$"):
        mock.add_fault(misnamed)
    with pytest.raises(
        ValueError, match=r"^no preset or action is named '500'; expected one of missing_token, .*, hang, "
    ):
        mock.add_fault(cast(Any, "500"))
    with pytest.raises(TypeError, match=r"^add_fault\(\) has no keyword 'action'; expected one of method, path, "):
        mock.add_fault(**misspelt)
    with pytest.raises(TypeError, match=r"^add_fault\(\) has no keyword 'tims'; did you mean times\?$"):
        mock.add_fault("hang", **cast(Any, {"tims": 1}))
    with pytest.raises(ValueError, match=r"^drop strikes deliveries: add on='deliveries'$"):
        mock.add_fault(cast(Any, "drop"))
    with pytest.raises(ValueError, match=r"^hang strikes calls: add on='calls'$"):
        mock.add_fault("hang", on="deliveries")
    with pytest.raises(ValueError, match=r"^on must be one of calls, deliveries \(got 'both'\)$"):
        mock.add_fault("hang", on=cast(Any, "both"))
    assert mock.faults() == []


def test_a_request_that_got_no_answer_says_so(mock: MockServer) -> None:
    mock.add_fault("connection_reset")
    with pytest.raises(requests.ConnectionError):
        call(mock)
    lines = failure(lambda: mock.requests(max=0))
    assert lines[1:] == [f"  #1 PATCH {TOGGLE} -> no answer (fault-1 (connection_reset) struck)"]


def test_a_snapshot_is_taken_restored_and_deleted(mock: MockServer) -> None:
    before = mock.state()
    taken = mock.snapshot("before")
    assert (taken["name"], taken["agents"], taken["webhooks"]) == ("before", 3, 4)
    call(mock)
    assert mock.snapshot("after")["digest"] != taken["digest"]
    assert [each["name"] for each in mock.snapshots()] == ["before", "after"]
    assert mock.restore("before") == taken
    assert mock.state() == before
    mock.delete_snapshot("before")
    assert [each["name"] for each in mock.snapshots()] == ["after"]


def test_the_clock_is_read(mock: MockServer) -> None:
    mock.freeze("2026-01-01T00:00:00Z")
    mock.advance(1.5)
    assert mock.clock() == {"now": "2026-01-01T00:00:01.500Z", "frozen": True}
    mock.unfreeze()
    assert mock.clock()["frozen"] is False


def test_environments_are_listed_read_and_closed_by_name(mock: MockServer) -> None:
    with mock.open_environment("mine", "talq_mine_and_long", title="A test") as mine:
        call(mine, "/api/v1/nope", "GET")
        call(mine, "/api/v1/agents", "DELETE")
        call(mine, "/api/v1/agents", "OPTIONS")
    found = {"name": "mine", "title": "A test", "state": "open", "tokens": ["talq_***ng"], "agents": 3, "errors": 0}
    assert mock.environment("mine") == mock.environments()[-1] == found
    assert mock.environments(find="a TEST") == [found]
    closed = mock.close_environment("mine")
    assert (closed["name"], closed["closed"], closed["errors"]) == ("mine", True, [])
    assert [(each["method"], each["path"], each["status"]) for each in closed["unmatched"]] == [
        ("GET", "/api/v1/nope", 404),
        ("DELETE", "/api/v1/agents", 405),
    ]
    assert [each["name"] for each in mock.environments()] == ["default", "staging", "production"]


def test_the_description_is_what_the_package_ships(mock: MockServer) -> None:
    assert mock.openapi() == description()


def test_so_many_requests_are_waited_for_no_longer_than_until_they_have_come(mock: MockServer) -> None:
    later = Timer(0.05, call, [mock])
    later.start()
    started = monotonic()
    assert len(mock.assert_requested("PATCH", "*/toggle", times=1, wait=WAIT)) == 1
    assert monotonic() - started < WAIT / 2
    later.join()
    call(mock)
    [first, *_] = failure(lambda: mock.assert_requested("PATCH", "*/toggle", times=1, wait=WAIT))
    expected = "expected exactly 1 request method=PATCH path=*/toggle within 10 s, got 2"
    assert first.startswith(expected)
    assert monotonic() - started < WAIT / 2


def test_times_are_texts_numbers_or_what_python_has(mock: MockServer) -> None:
    new_year = datetime(2026, 1, 1, tzinfo=timezone.utc)
    mock.freeze(new_year)
    mock.advance(timedelta(minutes=1))
    assert mock.clock() == {"now": "2026-01-01T00:01:00.000Z", "frozen": True}
    call(mock)
    assert len(mock.requests(since=new_year)) == len(mock.requests(since="2026-01-01T00:01:00Z")) == 1
    assert mock.requests(since=new_year + timedelta(minutes=2)) == []
