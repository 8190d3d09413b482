"""The admin routes `requests`: every filter, every mistake, counts and what is dropped or deleted."""

from collections.abc import Iterator

import pytest
from flask.testing import FlaskClient

from talkover_mock.admin.guard import Guard
from talkover_mock.app import create_app
from talkover_mock.environments.world import World
from talkover_mock.loading.files import load
from tests.conftest import FIXTURES
from tests.support.documented import AGENT, OTHER_AGENT, TOGGLE, TOKEN, WEBHOOK, toggle_path
from tests.support.faulty import REQUESTS, RESET, TOGGLE_ANY, bearer, journal, set_fault

AGENTS = "/api/v1/agents"
ONE = f"{AGENTS}/{AGENT}/webhooks/{WEBHOOK}"
TOGGLE_OPERATION = "PATCH /api/v1/agents/{agent_id}/webhooks/{webhook_id}/toggle"
FIRST, MIDDLE, LAST = "2025-09-03T00:00:00Z", "2025-09-03T12:00:00Z", "2025-09-04T00:00:00Z"


def at(http: FlaskClient, moment: str) -> None:
    http.put("/__admin/clock", json={"now": moment})


@pytest.fixture
def calls(http: FlaskClient) -> None:
    """Ten exchanges, of which the fifth and the seventh came half a day after those before them."""
    at(http, FIRST)
    http.patch(TOGGLE, headers=TOKEN)
    http.patch(toggle_path(OTHER_AGENT), headers=TOKEN)
    http.get(AGENTS, headers=TOKEN)
    http.get(f"{AGENTS}?status=draft&page=2", headers=TOKEN)
    at(http, MIDDLE)
    http.get("/api/v1/nope")
    http.delete(AGENTS, headers=TOKEN)
    at(http, LAST)
    set_fault(http, match={"path": TOGGLE_ANY}, preset="maintenance", times=1)
    http.patch(TOGGLE, headers=TOKEN)
    set_fault(http, match={"path": ONE}, action="connection_reset", times=1)
    with pytest.raises(ConnectionResetError):
        http.get(ONE, headers=TOKEN)
    http.options(AGENTS)
    http.options("/api/v1/nope")


FILTERS: list[tuple[str, list[int]]] = [
    ("", [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]),
    ("method=PATCH", [1, 2, 7]),
    ("method=patch", [1, 2, 7]),
    ("method=PUT", []),
    (f"path={TOGGLE}", [1, 7]),
    (f"path={TOGGLE_ANY}", [1, 2, 7]),
    ("path=*/toggle", [1, 2, 7]),
    ("path=*/agents/", []),
    (f"path={AGENTS}", [3, 4, 6, 9]),
    (f"path={AGENTS}?status=draft%26page=2", [4]),
    ("path=*status=draft*", [4]),
    (f"path=*/{AGENT}", []),
    ("status=200", [1, 3, 4, 9]),
    ("status=404", [2, 5, 10]),
    ("status=4xx", [2, 5, 6, 10]),
    ("status=4XX", [2, 5, 6, 10]),
    ("status=4*", [2, 5, 6, 10]),
    ("status=40x", [2, 5, 6, 10]),
    ("status=503", [7]),
    ("status=none", [8]),
    ("status=None", [8]),
    ("operation=GET%20/api/v1/agents", [3, 4]),
    (f"operation={TOGGLE_OPERATION}", [1, 2, 7]),
    ("operation=DELETE%20/api/v1/agents/{agent_id}/webhooks/{webhook_id}", []),
    ("fault=fault-7", []),
    ("unmatched=true", [5, 6, 10]),
    ("unmatched=false", [1, 2, 3, 4, 7, 8, 9]),
    ("fault=fault-1", [7]),
    ("fault=fault-2", [8]),
    (f"since={FIRST}", [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]),
    (f"since={MIDDLE}", [5, 6, 7, 8, 9, 10]),
    ("since=2025-09-03T12:00:00.001Z", [7, 8, 9, 10]),
    ("since=2025-09-03T14:00:00%2B02:00", [5, 6, 7, 8, 9, 10]),
    ("since=2025-09-04", [7, 8, 9, 10]),
    ("since=2025-09-05", []),
    ("after=0", [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]),
    ("after=8", [9, 10]),
    ("after=999999999", []),
    ("method=PATCH&status=200", [1]),
    (f"method=PATCH&path={TOGGLE}&after=1&since={MIDDLE}&unmatched=false&fault=fault-1&status=5xx", [7]),
    ("method=PATCH&method=GET", []),
    ("path=*/toggle&path=*/agents/*", [1, 2, 7]),
]


@pytest.mark.usefixtures("calls")
@pytest.mark.parametrize(("query", "expected"), FILTERS)
def test_a_filter_finds_what_it_says(http: FlaskClient, query: str, expected: list[int]) -> None:
    answer = http.get(f"{REQUESTS}?{query}").get_json()
    assert [each["number"] for each in answer["requests"]] == expected
    assert (answer["satisfied"], answer["count"], answer["dropped"]) == (True, len(expected), 0)
    assert list(answer) == ["satisfied", "count", "dropped", "requests"]


@pytest.mark.usefixtures("calls")
@pytest.mark.parametrize(
    ("query", "satisfied"),
    [
        ("method=PATCH&min=3", True),
        ("method=PATCH&min=4", False),
        ("method=PATCH&max=3", True),
        ("method=PATCH&max=2", False),
        ("method=PATCH&min=3&max=3", True),
        ("method=PATCH&min=0&max=0", False),
        ("method=PUT&max=0", True),
        ("unmatched=true&max=0", False),
    ],
)
def test_without_a_wait_it_is_what_has_come(http: FlaskClient, query: str, satisfied: bool) -> None:
    assert http.get(f"{REQUESTS}?{query}").get_json()["satisfied"] is satisfied


NAMES = "method, path, status, operation, unmatched, fault, since, after, min, max, wait"
STATUS = "status must be a status, 4xx, or none for no answer"
METHODS = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"
PATH = "path is a whole path such as /api/v1/agents, in which * stands for anything"
MISTAKES: list[tuple[str, str, str]] = [
    ("pth=*", "Unknown filter", 'unknown filter "pth"; did you mean path?'),
    ("colour=red", "Unknown filter", f'unknown filter "colour"; expected one of {NAMES}'),
    ("status=abc", "Bad status", f'{STATUS} (got "abc")'),
    ("status=", "Bad status", f'{STATUS} (got "")'),
    ("status=99", "Bad status", f'{STATUS} (got "99")'),
    ("status=600", "Bad status", f'{STATUS} (got "600")'),
    ("status=xx4", "Bad status", f'{STATUS} (got "xx4")'),
    ("method=PACTH", "Unknown method", 'unknown method "PACTH"; did you mean PATCH?'),
    ("method=P*", "Unknown method", f'unknown method "P*"; expected one of {METHODS}'),
    ("path=toggle", "Bad value", f'{PATH} (got "toggle"); did you mean */toggle?'),
    ("path=", "Bad value", f'{PATH} (got ""); did you mean */?'),
    ("path=/agents/*", "Bad value", f'{PATH} (got "/agents/*"); did you mean */agents/*?'),
    (
        "operation=PATCH%20/api/v1/agents/{agent_id}/webhooks/{webhook_id}/togle",
        "Unknown operation",
        f'unknown operation "{TOGGLE_OPERATION[:-3]}le"; did you mean {TOGGLE_OPERATION}?',
    ),
    ("fault=maintenance", "Bad value", 'fault is the id of one, such as fault-1 (got "maintenance")'),
    ("unmatched=yes", "Bad value", 'unmatched must be true or false (got "yes")'),
    ("unmatched=", "Bad value", 'unmatched must be true or false (got "")'),
    ("since=yesterday", "Bad moment", 'since must be a moment such as 2025-09-03T23:19:51Z (got "yesterday")'),
    ("after=-1", "Bad count", 'after must be a whole number, 0 or more (got "-1")'),
    ("after=x", "Bad count", 'after must be a whole number, 0 or more (got "x")'),
    ("min=1.5", "Bad count", 'min must be a whole number, 0 or more (got "1.5")'),
    ("max=many", "Bad count", 'max must be a whole number, 0 or more (got "many")'),
    ("min=3&max=2", "Bad count", "min must not be greater than max (got min=3 and max=2)"),
    ("wait=-1", "Bad time to wait", 'wait must be a number of seconds from 0 to 300 (got "-1")'),
    ("wait=301", "Bad time to wait", 'wait must be a number of seconds from 0 to 300 (got "301")'),
    ("wait=soon", "Bad time to wait", 'wait must be a number of seconds from 0 to 300 (got "soon")'),
    ("wait=nan", "Bad time to wait", 'wait must be a number of seconds from 0 to 300 (got "nan")'),
]


@pytest.mark.parametrize(("query", "title", "detail"), MISTAKES)
def test_a_mistake_is_a_problem_also_while_the_journal_is_empty(
    http: FlaskClient, query: str, title: str, detail: str
) -> None:
    answer = http.get(f"{REQUESTS}?{query}")
    problem = answer.get_json()
    assert (answer.status_code, answer.content_type) == (422, "application/problem+json")
    assert (problem["title"], problem["detail"]) == (title, detail)


def test_the_names_of_the_filters_are_in_the_problem(http: FlaskClient) -> None:
    assert http.get(f"{REQUESTS}?x=1").get_json()["filters"] == NAMES.split(", ")


@pytest.mark.usefixtures("calls")
def test_what_is_deleted_is_forgotten_and_the_numbers_go_on(http: FlaskClient) -> None:
    answer = http.delete(REQUESTS)
    assert (answer.status_code, answer.get_json()) == (200, {"deleted": 10})
    assert journal(http) == []
    http.get("/api/v1/health")
    assert [each["number"] for each in journal(http)] == [11]
    assert http.delete(REQUESTS).get_json() == {"deleted": 1}


@pytest.mark.usefixtures("calls")
def test_after_a_reset_the_journal_is_as_new(http: FlaskClient) -> None:
    http.post(RESET)
    http.get("/api/v1/health")
    assert [each["number"] for each in journal(http)] == [1]


@pytest.fixture
def short() -> Iterator[FlaskClient]:
    """A server whose journals keep three exchanges."""
    world = World(load([FIXTURES]), most_kept=3)
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


def test_a_token_that_opens_nothing_is_a_problem(http: FlaskClient) -> None:
    for method in ("GET", "DELETE"):
        answer = http.open(REQUESTS, method=method, headers=bearer("talq_staging_2024"))
        assert (answer.status_code, answer.get_json()["title"]) == (401, "The token opens no environment")
