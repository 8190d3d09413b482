"""Snapshots: taken, restored, overwritten and deleted by name, and what they leave alone."""

from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.support.documented import TOGGLE, TOKEN, WEBHOOK
from tests.support.faulty import FAULTS, REQUESTS, RESET, STATE, add_fault, bearer, journal
from tests.support.frozen import RIGHT, WEBHOOKS, created, listed
from tests.support.rows import each_row

SNAPSHOTS = "/__admin/snapshots"
CLOCK = "/__admin/clock"
MOMENT = "2025-09-03T23:50:15.000Z"
ONE_AGENT = {"agents": [{"id": "one", "name": "One", "webhooks": [{"id": "w", **RIGHT}]}]}


@pytest.fixture(autouse=True)
def _frozen(http: FlaskClient) -> None:
    http.put(CLOCK, json={"now": MOMENT})


def take(http: FlaskClient, name: str = "one", token: str | None = None) -> dict[str, Any]:
    answer = http.put(f"{SNAPSHOTS}/{name}", headers=bearer(token))
    assert answer.status_code == 201, answer.text
    return dict(answer.get_json())


def restore(http: FlaskClient, name: str = "one", token: str | None = None) -> dict[str, Any]:
    answer = http.post(f"{SNAPSHOTS}/{name}/restore", headers=bearer(token))
    assert answer.status_code == 200, answer.text
    return dict(answer.get_json())


def state(http: FlaskClient, token: str | None = None) -> tuple[str, str | None]:
    """The state and its ETag."""
    answer = http.get(STATE, headers=bearer(token))
    return answer.text, answer.headers["ETag"].strip('"')


def names(http: FlaskClient, token: str | None = None) -> list[str]:
    return [each["name"] for each in http.get(SNAPSHOTS, headers=bearer(token)).get_json()["snapshots"]]


def test_a_snapshot_tells_its_size_and_the_digest_of_the_state(http: FlaskClient) -> None:
    expected = {"name": "one", "taken_at": MOMENT, "agents": 3, "webhooks": 4, "digest": state(http)[1]}
    assert take(http) == expected
    http.patch(TOGGLE, headers=TOKEN)
    assert state(http)[1] != expected["digest"]
    assert restore(http) == expected
    assert state(http)[1] == expected["digest"]
    assert http.get(SNAPSHOTS).get_json() == {"snapshots": [{"name": "one", "taken_at": MOMENT}]}


def test_the_webhooks_of_campaigns_count_too(http: FlaskClient) -> None:
    webhook = {"id": "of-campaign", **RIGHT, "events": ["campaign.started"]}
    campaign = {"id": "campaign", "name": "Campaign", "agent_id": "one", "webhooks": [webhook]}
    assert http.put(STATE, json={**ONE_AGENT, "campaigns": [campaign]}).status_code == 200
    assert take(http)["webhooks"] == 2


def test_a_restore_brings_back_what_was_changed_created_deleted_and_replaced(http: FlaskClient) -> None:
    created(http)
    before = state(http)
    take(http)
    for change in (
        lambda: http.patch(TOGGLE, headers=TOKEN),
        lambda: created(http),
        lambda: http.delete(f"{WEBHOOKS}/{WEBHOOK}", headers=TOKEN),
        lambda: http.put(STATE, json=ONE_AGENT),
        lambda: http.patch(STATE, json={"settings": {"rate_limit": 7}, **ONE_AGENT}),
        lambda: http.post(RESET),
    ):
        change()
        assert state(http) != before
        restore(http)
        assert state(http) == before
    assert http.patch(TOGGLE, headers=TOKEN).get_json()["data"]["enabled"] is True


def test_what_was_deleted_is_explained_as_it_was_then(http: FlaskClient) -> None:
    take(http)
    http.delete(f"{WEBHOOKS}/{WEBHOOK}", headers=TOKEN)
    deleted = http.patch(TOGGLE, headers=TOKEN).headers["X-Mockserver-Reason"]
    take(http, "without")
    restore(http)
    assert http.patch(TOGGLE, headers=TOKEN).status_code == 200
    restore(http, "without")
    assert http.patch(TOGGLE, headers=TOKEN).headers["X-Mockserver-Reason"] == deleted
    assert "deleted" in deleted


def test_a_snapshot_can_be_restored_again_and_again(http: FlaskClient) -> None:
    take(http)
    for _ in range(3):
        assert http.patch(TOGGLE, headers=TOKEN).get_json()["data"]["enabled"] is True
        restore(http)


def test_neither_the_state_nor_the_snapshot_sees_the_others_changes(http: FlaskClient) -> None:
    states = []
    for name in ("none", "first", "second"):
        states.append(state(http))
        take(http, name)
        http.patch(TOGGLE, headers=TOKEN)
        created(http)
    for name, expected in zip(("first", "none", "second"), (states[1], states[0], states[2]), strict=True):
        restore(http, name)
        assert state(http) == expected
        http.patch(TOGGLE, headers=TOKEN)
        http.delete(f"{WEBHOOKS}/{listed(http)[-1]}", headers=TOKEN)
    for name, expected in zip(("none", "first", "second"), states, strict=True):
        assert restore(http, name)["digest"] == expected[1]


def test_a_name_that_is_taken_is_overwritten_and_keeps_its_place(http: FlaskClient) -> None:
    first = take(http)
    take(http, "two")
    http.post(f"{CLOCK}/advance", json={"seconds": 5})
    http.patch(TOGGLE, headers=TOKEN)
    second = take(http)
    assert second["digest"] != first["digest"]
    assert second["taken_at"] == "2025-09-03T23:50:20.000Z"
    assert names(http) == ["one", "two"]
    http.post(RESET)
    assert restore(http) == second


def test_snapshots_are_kept_over_a_reset(http: FlaskClient) -> None:
    http.patch(TOGGLE, headers=TOKEN)
    taken = take(http)
    http.post(RESET)
    assert state(http)[1] != taken["digest"]
    assert names(http) == ["one"]
    assert restore(http) == taken


def test_each_environment_has_its_own(http: FlaskClient) -> None:
    default, staging = take(http), take(http, token="talq_staging")
    assert (default["agents"], staging["agents"]) == (3, 1)
    take(http, "more", "talq_staging")
    assert (names(http), names(http, "talq_staging"), names(http, "talq_production")) == (["one"], ["one", "more"], [])
    assert http.post(f"{SNAPSHOTS}/more/restore").status_code == 404
    http.patch(STATE, json={"settings": {"plan": "professional"}}, headers=bearer("talq_staging"))
    assert restore(http, token="talq_staging") == staging
    assert state(http)[1] == default["digest"]


def test_a_restore_leaves_the_clock_the_journal_and_the_faults_alone(http: FlaskClient) -> None:
    take(http)
    http.patch(TOGGLE, headers=TOKEN)
    add_fault(http, preset="maintenance", after=5)
    http.post(f"{CLOCK}/advance", json={"seconds": 5})
    others = [http.get(path).data for path in (CLOCK, REQUESTS, FAULTS)]
    restore(http)
    assert [http.get(path).data for path in (CLOCK, REQUESTS, FAULTS)] == others
    assert len(journal(http)) == 1


def test_ids_go_on_after_a_restore_and_begin_anew_with_another_seed(http: FlaskClient) -> None:
    take(http)
    first = created(http)
    restore(http)
    assert created(http) != first, "an id is never given twice"
    http.patch(STATE, json={"settings": {"seed": 5}})
    other = created(http)
    restore(http)
    assert created(http) == first, "as with any change of the seed"
    assert other != first


def test_a_deleted_snapshot_is_gone(http: FlaskClient) -> None:
    for name in ("one", "two"):
        take(http, name)
    answer = http.delete(f"{SNAPSHOTS}/one")
    assert (answer.status_code, answer.get_json()) == (200, {"name": "one", "deleted": True})
    assert names(http) == ["two"]
    assert http.post(f"{SNAPSHOTS}/one/restore").status_code == 404


@pytest.mark.parametrize("call", ["POST one/restore", "DELETE one"])
@pytest.mark.parametrize(("taken", "known"), [((), "none"), (("b", "a"), "b, a")])
def test_an_unknown_snapshot_is_a_problem_that_names_the_known_ones(
    http: FlaskClient, call: str, taken: tuple[str, ...], known: str
) -> None:
    for name in taken:
        take(http, name)
    before = state(http)
    method, path = call.split(" ")
    answer = http.open(f"{SNAPSHOTS}/{path}", method=method)
    assert (answer.status_code, answer.content_type) == (404, "application/problem+json")
    assert answer.get_json() == {
        "type": "about:blank",
        "title": "No such snapshot",
        "status": 404,
        "detail": f'no snapshot is named "one"; there are {known}',
    }
    assert state(http) == before


@pytest.mark.parametrize("name", ["a", "A-b_c.1", "0", "x" * 100])
def test_a_name_is_letters_digits_and_a_few_more(http: FlaskClient, name: str) -> None:
    assert take(http, name)["name"] == name
    assert names(http) == [name]


@each_row(
    ("name", "shown"),
    [(each, f'"{each}"') for each in ("-a", "a b", "ü", "a*", "a,b")] + [("x" * 101, '"' + "x" * 76 + "...")],
)
def test_any_other_name_is_a_problem(http: FlaskClient, name: str, shown: str) -> None:
    answer = http.put(f"{SNAPSHOTS}/{name}")
    assert (answer.status_code, answer.get_json()["title"]) == (422, "Bad name")
    assert (
        answer.get_json()["detail"]
        == f"a name is up to 100 letters, digits and -_. that start with a letter or digit (got {shown})"
    )
    assert names(http) == []


def test_there_is_a_bound_and_overwriting_stays_within_it(http: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("talkover_mock.environments.snapshots.MOST_SNAPSHOTS", 2)
    for name in ("one", "two", "one"):
        take(http, name)
    answer = http.put(f"{SNAPSHOTS}/three")
    assert (answer.status_code, answer.get_json()["title"]) == (409, "Too many snapshots")
    assert answer.get_json()["detail"] == "2 snapshots are kept, which is the limit; delete some"
    http.delete(f"{SNAPSHOTS}/one")
    take(http, "three")
    assert names(http) == ["two", "three"]
