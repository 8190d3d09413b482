"""The settings as part of a state: served, changed and reset."""

from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from flask.testing import FlaskClient

from talkover_mock.admin.guard import Guard
from talkover_mock.app import create_app
from talkover_mock.environments.world import World
from talkover_mock.loading.fixture import read_fixture
from talkover_mock.loading.mistakes import Source
from tests.support.documented import AGENT, TOKEN
from tests.support.frozen import FIRST_ID, RIGHT, WEBHOOKS, Time, created, frozen_world

STAGING = {"Authorization": "Bearer talq_staging"}
STATE = "/__admin/state"
CHOSEN = {"plan": "professional", "create_status": 201, "retry_schedule": [0.5, 1]}


@pytest.fixture
def world() -> World:
    agents = [{"id": AGENT, "name": "A"}]
    staging = {"tokens": ["talq_staging"], "settings": {"seed": 7}}
    document = {"settings": CHOSEN, "agents": agents, "environments": {"staging": staging}}
    return World(read_fixture([Source("fixture", "", document)]), time=Time())


def served(http: FlaskClient, headers: Mapping[str, str] | None = None) -> dict[str, Any] | None:
    settings: dict[str, Any] | None = http.get(STATE, headers=headers).get_json().get("settings")
    return settings


def test_the_state_serves_what_differs_from_the_defaults_and_comes_first(http: FlaskClient) -> None:
    assert list(http.get(STATE).get_json()) == ["settings", "agents"]
    assert served(http) == CHOSEN
    assert served(http, STAGING) == {**CHOSEN, "seed": 7}
    plain = create_app(World(read_fixture([Source("fixture", "", {})])), Guard()).test_client()
    assert plain.get(STATE).get_json() == {"agents": []}


CHANGES: Sequence[tuple[Any, dict[str, Any]]] = [
    ({}, CHOSEN),
    ({"settings": None}, CHOSEN),
    ({"settings": {}}, CHOSEN),
    ({"settings": {"seed": "5"}}, {**CHOSEN, "seed": 5}),
    ({"settings": {"create_status": 200}}, {"plan": "professional", "retry_schedule": [0.5, 1]}),
    ({"settings": {"plan": None, "create_status": None}}, {"retry_schedule": [0.5, 1]}),
]


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
@pytest.mark.parametrize(("change", "expected"), CHANGES)
def test_a_state_changes_the_settings_that_it_gives_and_a_reset_goes_back(
    http: FlaskClient, method: str, change: dict[str, Any], expected: dict[str, Any]
) -> None:
    assert http.open(STATE, method=method, json=change).get_json()["settings"] == expected
    assert served(http) == expected
    assert served(http, STAGING) == {**CHOSEN, "seed": 7}
    http.post("/__admin/reset")
    assert served(http) == CHOSEN


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
def test_wrong_settings_change_nothing(http: FlaskClient, method: str) -> None:
    before = http.get(STATE).text
    change = {"settings": {"seed": 5, "create_status": 204}, "agents": [{"id": "b", "name": "B"}]}
    answer = http.open(STATE, method=method, json=change)
    text = "The selected create status is invalid; expected one of 200, 201 (got 204)"
    assert (answer.status_code, answer.get_json()["errors"]) == (
        422,
        [{"path": "settings.create_status", "line": 1, "message": text}],
    )
    assert http.get(STATE).text == before


def test_a_state_that_was_served_brings_its_settings_back(http: FlaskClient) -> None:
    saved = http.get(STATE).get_json()
    http.patch(STATE, json={"settings": {"plan": "standard", "create_status": 200}})
    assert http.put(STATE, json=saved).get_json() == saved


def test_a_changed_setting_holds_at_once_and_in_its_environment_alone(http: FlaskClient) -> None:
    for status in (201, 200):
        http.patch(STATE, json={"settings": {"create_status": status}})
        assert http.post(WEBHOOKS, json=RIGHT, headers=TOKEN).status_code == status
    http.put(STATE, json={"agents": [{"id": AGENT, "name": "A"}]}, headers=STAGING)
    assert http.post(WEBHOOKS, json=RIGHT, headers=STAGING).status_code == 201


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
def test_another_seed_makes_other_ids_and_a_reset_the_first_ones_again(http: FlaskClient, method: str) -> None:
    state = {"agents": [{"id": AGENT, "name": "A"}], "settings": {"seed": 9}}
    seeded = create_app(frozen_world(Time(), {"seed": 9})).test_client()
    assert created(http) == FIRST_ID
    http.open(STATE, method=method, json=state)
    ninth = created(http)
    assert ninth == created(seeded) != FIRST_ID
    http.open(STATE, method=method, json=state)
    assert created(http) > ninth  # the same seed goes on
    http.post("/__admin/reset")
    assert created(http) == FIRST_ID


def test_an_environment_that_is_opened_has_the_baselines_settings(http: FlaskClient) -> None:
    http.patch(STATE, json={"settings": {"plan": "standard"}})
    for start, expected in (({}, CHOSEN), ({"from": "staging"}, {**CHOSEN, "seed": 7})):
        token = http.post("/__admin/environments", json=start).get_json()["token"]
        assert served(http, {"Authorization": f"Bearer {token}"}) == expected
