"""The admin route that marks an environment as one whose test has failed, so that it stays for people."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from flask.testing import FlaskClient

from talkover_mock.environments.world import MOST_FAILED, World
from tests.admin.test_admin_environments import ENVIRONMENTS, FIXTURES_OWN, STATE, bearer, listed, opened
from tests.support.documented import TOGGLE, TOKEN

FAILED, OPEN = {"state": "failed"}, {"state": "open"}


def mark(http: FlaskClient, name: str, body: object = FAILED) -> dict[str, Any]:
    answer = http.patch(f"{ENVIRONMENTS}/{name}", json=body)
    assert answer.status_code == 200, answer.text
    return dict(answer.get_json())


def states(http: FlaskClient) -> dict[str, str]:
    """The state of each environment that is not of the fixture, by its name."""
    return {each["name"]: each["state"] for each in listed(http) if each["state"] != "fixture"}


def test_a_marked_environment_is_kept_as_it_is(http: FlaskClient) -> None:
    token = opened(http, {"name": "mine", "title": "test_it"})["token"]
    http.patch(TOGGLE, headers=bearer(token))
    http.get("/api/v1/nope", headers=bearer(token))
    http.post("/__admin/faults", json={"preset": "maintenance"}, headers=bearer(token))
    paths = (STATE, "/__admin/requests", "/__admin/faults")
    before = [http.get(path, headers=bearer(token)).get_json() for path in paths]
    found = http.get(f"{ENVIRONMENTS}/mine").get_json()
    assert found["state"] == "open"
    marked = mark(http, "mine")
    assert [http.get(path, headers=bearer(token)).get_json() for path in paths] == before
    assert http.get(f"{ENVIRONMENTS}/mine").get_json() == {**found, "state": "failed, kept"}
    assert states(http) == {"mine": "failed, kept"}
    closed = http.delete(f"{ENVIRONMENTS}/mine").get_json()
    assert [call["path"] for call in closed["unmatched"]] == ["/api/v1/nope"]
    del closed["closed"]
    assert marked == {**closed, "state": "failed, kept"}, "it tells what closing it tells"


def test_the_schedule_is_told_too(http: FlaskClient) -> None:
    opened(http, {"name": "mine", "schedule": 15})
    schedule = mark(http, "mine")["schedule"]
    assert schedule["seed"] == 15
    assert schedule == http.delete(f"{ENVIRONMENTS}/mine").get_json()["schedule"]


def test_the_mark_is_taken_back_and_each_may_be_said_twice(http: FlaskClient) -> None:
    opened(http, {"name": "mine"})
    assert [mark(http, "mine", body)["state"] for body in (OPEN, FAILED, FAILED, OPEN, OPEN)] == [
        *("open", "failed, kept", "failed, kept"),
        *("open", "open"),
    ]
    assert states(http) == {"mine": "open"}


def test_a_name_that_is_opened_again_is_not_marked(http: FlaskClient) -> None:
    for _ in range(2):
        opened(http, {"name": "mine"})
        assert states(http) == {"mine": "open"}
        mark(http, "mine")
        http.delete(f"{ENVIRONMENTS}/mine")


def test_one_too_many_closes_the_one_that_was_marked_first(http: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("talkover_mock.environments.world.MOST_FAILED", 2)
    tokens = {name: opened(http, {"name": name})["token"] for name in "abcd"}
    for name in ("b", "a", "b"):
        mark(http, name)
    assert states(http) == {"a": "failed, kept", "b": "failed, kept", "c": "open", "d": "open"}
    assert mark(http, "c")["state"] == "failed, kept"
    assert states(http) == {"a": "failed, kept", "c": "failed, kept", "d": "open"}
    reason = "the token belonged to environment b, which has been closed"
    assert http.get(STATE, headers=bearer(tokens["b"])).get_json()["detail"] == reason
    mark(http, "a", OPEN)
    mark(http, "d")
    assert states(http) == {"a": "open", "c": "failed, kept", "d": "failed, kept"}


@pytest.mark.parametrize("body", [FAILED, OPEN], ids=["failed", "open"])
@pytest.mark.parametrize(
    ("name", "state"), [*((each["name"], "fixture") for each in FIXTURES_OWN), ("default@web-pages", "copy")]
)
def test_what_was_not_opened_for_a_test_is_not_marked(
    http: FlaskClient, name: str, state: str, body: dict[str, str]
) -> None:
    http.get("/api/v1/agents", headers={**TOKEN, "Origin": "https://far.example"})
    before = listed(http)
    answer = http.patch(f"{ENVIRONMENTS}/{name}", json=body)
    assert (answer.status_code, answer.get_json()["title"]) == (409, "No environment of a test")
    assert answer.get_json()["detail"] == f'environment "{name}" was not opened for a test: its state is {state}'
    assert listed(http) == before


@pytest.mark.parametrize(
    ("body", "status", "detail"),
    [
        ({"state": "fialed"}, 422, 'state must be one of failed, open; did you mean failed? (got "fialed")'),
        ({"state": ["failed"]}, 422, 'state must be one of failed, open (got ["failed"])'),
        ({}, 422, "state must be one of failed, open (got null)"),
        ({"state": "failed", "titel": "x"}, 422, 'unknown key "titel"; did you mean state?'),
        ({"stat": "failed"}, 422, 'unknown key "stat"; did you mean state?'),
        ([], 400, "expected a JSON object, got list"),
    ],
    ids=str,
)
def test_what_is_no_mark_is_a_problem_and_marks_nothing(
    http: FlaskClient, body: object, status: int, detail: str
) -> None:
    opened(http, {"name": "mine"})
    answer = http.patch(f"{ENVIRONMENTS}/mine", json=body)
    assert (answer.status_code, answer.get_json()["detail"]) == (status, detail)
    assert states(http) == {"mine": "open"}


def test_an_unknown_name_and_a_key_of_the_query_are_problems(http: FlaskClient) -> None:
    opened(http, {"name": "mine"})
    answer = http.patch(f"{ENVIRONMENTS}/mien", json=FAILED)
    assert answer.status_code == 404
    assert answer.get_json()["detail"] == 'no environment is named "mien"; did you mean mine?'
    answer = http.patch(f"{ENVIRONMENTS}/mine?state=failed", json=FAILED)
    assert (answer.status_code, answer.get_json()["detail"]) == (422, 'unknown key "state"; expected none')
    assert states(http) == {"mine": "open"}


def test_environments_are_marked_from_many_threads(world: World) -> None:
    """Each too many is closed once, whoever marks it."""
    names = [world.open(world.default).name for _ in range(60)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda name: world.mark(name, "failed"), names))
    kept = [each for each in world.environments.values() if world.state_of(each) == "failed, kept"]
    assert (len(kept), len(world.environments)) == (MOST_FAILED, MOST_FAILED + 3)
