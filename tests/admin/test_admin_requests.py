"""The admin routes `requests`: what is counted, dropped, deleted and forgotten."""

from collections.abc import Iterator

import pytest
from flask.testing import FlaskClient

from talkover_mock.admin.guard import Guard
from talkover_mock.app import create_app
from talkover_mock.environments.world import World
from tests.conftest import shipped
from tests.support.documented import TOGGLE, TOKEN
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


def test_a_token_that_opens_nothing_is_a_problem(http: FlaskClient) -> None:
    for method in ("GET", "DELETE"):
        answer = http.open(REQUESTS, method=method, headers=bearer("talq_staging_2024"))
        assert (answer.status_code, answer.get_json()["title"]) == (401, "Unknown token")
