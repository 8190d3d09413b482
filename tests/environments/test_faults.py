"""Faults: which requests they match, and how often they strike."""

from concurrent.futures import ThreadPoolExecutor
from random import Random
from threading import RLock
from time import sleep
from typing import Any

import pytest
import requests
from flask.testing import FlaskClient

from talkover_mock.base.changes import Changes
from talkover_mock.environments.call_faults import CallFault
from talkover_mock.environments.faults import Faults, Limits
from talkover_mock.web.server import Server
from tests.support.documented import AGENT, OTHER_AGENT, TOGGLE, TOKEN, WEBHOOK, toggle_path
from tests.support.faulty import FAULTS, RESET, STATE, TOGGLE_ANY, WAIT, add_fault, add_fault_at, bearer, counts

AGENTS = "/api/v1/agents"
HEALTH = "/api/v1/health"
WEBHOOKS = f"{AGENTS}/{AGENT}/webhooks"
DOWN = {"preset": "maintenance"}


def toggles(http: FlaskClient, count: int) -> list[int]:
    """The statuses of so many toggles, one after another."""
    return [http.patch(TOGGLE, headers=TOKEN).status_code for _ in range(count)]


MATCHES: list[tuple[dict[str, Any], str, bool]] = [
    ({}, f"PATCH {TOGGLE}", True),
    ({}, f"GET {HEALTH}", True),
    ({}, f"OPTIONS {TOGGLE}", True),
    ({}, "GET /nope", True),
    ({"method": "PATCH"}, f"PATCH {TOGGLE}", True),
    ({"method": "PATCH"}, f"GET {AGENTS}", False),
    ({"method": "GET"}, f"HEAD {AGENTS}", False),
    ({"method": "HEAD"}, f"HEAD {AGENTS}", True),
    ({"method": None, "path": None}, f"GET {AGENTS}", True),
    ({"path": TOGGLE}, f"PATCH {TOGGLE}", True),
    ({"path": TOGGLE_ANY}, f"PATCH {TOGGLE}", True),
    ({"path": TOGGLE_ANY}, f"PATCH {toggle_path(OTHER_AGENT)}", True),
    ({"path": "*/toggle"}, f"PATCH {TOGGLE}/", True),
    ({"path": f"{TOGGLE}/"}, f"PATCH {TOGGLE}", False),
    ({"path": TOGGLE_ANY}, f"GET {WEBHOOKS}", False),
    ({"path": f"*/agents/{AGENT}/*"}, f"GET {WEBHOOKS}", True),
    ({"path": f"*/agents/{AGENT}/*"}, f"GET {AGENTS}/{OTHER_AGENT}/webhooks", False),
    ({"path": AGENTS}, f"GET {AGENTS}?status=draft", True),
    ({"path": f"{AGENTS}?*"}, f"GET {AGENTS}?status=draft", False),
    ({"path": "/api/v1/AGENTS"}, f"GET {AGENTS}", False),
    ({"path": "*a" * 30 + "*!"}, f"GET {AGENTS}/{'a' * 200}", False),
    ({"method": "PATCH", "path": AGENTS}, f"GET {AGENTS}", False),
    ({"method": "GET", "path": TOGGLE_ANY}, f"PATCH {TOGGLE}", False),
]


@pytest.mark.parametrize(("match", "call", "struck"), MATCHES)
def test_a_fault_matches_by_method_and_path(http: FlaskClient, match: dict[str, Any], call: str, struck: bool) -> None:
    add_fault(http, match=match, **DOWN)
    method, path = call.split(" ")
    assert (http.open(path, method=method, headers=TOKEN).status_code == 503) is struck
    assert counts(http) == [(int(struck), int(struck))]


CONTENTS: list[tuple[dict[str, Any], bool]] = [
    ({"json": {"enabled": False}}, True),
    ({"json": {"enabled": True}}, False),
    ({"headers": {"authorization": TOKEN["Authorization"], "X-Team": "b*"}}, True),
    ({"headers": {"X-Team": "red"}}, False),
    ({"query": {"a": "1"}}, True),
    ({"query": {"a": "2"}}, False),
    ({"method": "PUT", "path": "*/webhooks/*", "json": {"name": "N"}, "query": {"a": 1}}, True),
    ({"method": "GET", "json": {"name": "N"}}, False),
]


@pytest.mark.parametrize(("match", "struck"), CONTENTS)
def test_a_fault_matches_by_what_the_call_sends(server: Server, match: dict[str, Any], struck: bool) -> None:
    add_fault_at(server, match=match, **DOWN)
    body = {"name": "N", "enabled": False}
    url = f"{server.url}{WEBHOOKS}/{WEBHOOK}"
    answer = requests.put(url, json=body, params={"a": "1"}, headers={**TOKEN, "X-Team": "blue"}, timeout=WAIT)
    assert (answer.status_code == 503) is struck
    assert requests.get(url, headers=TOKEN, timeout=WAIT).status_code == 200


def test_a_fault_matches_in_its_own_environment_alone(http: FlaskClient) -> None:
    add_fault(http, "talq_staging", **DOWN)
    tokens = ("talq_staging", "talq_production", "talq_any", None, "talq_staging_2024")
    statuses = [http.get(AGENTS, headers=bearer(token)).status_code for token in tokens]
    assert statuses == [503, 200, 200, 401, 503]
    assert (counts(http, "talq_staging"), counts(http)) == ([(2, 2)], [])


def test_the_admin_routes_are_never_struck(http: FlaskClient) -> None:
    add_fault(http, match={"path": "*"}, **DOWN)
    assert http.get(STATE).status_code == 200
    assert http.delete(FAULTS).get_json() == {"removed": 1}


COUNTED: list[tuple[dict[str, Any], list[int]]] = [
    ({}, [503, 503, 503, 503, 503]),
    ({"times": None, "after": None, "probability": None}, [503, 503, 503, 503, 503]),
    ({"times": 1}, [503, 200, 200, 200, 200]),
    ({"times": 2}, [503, 503, 200, 200, 200]),
    ({"after": 2}, [200, 200, 503, 503, 503]),
    ({"after": 1, "times": 2}, [200, 503, 503, 200, 200]),
    ({"probability": 0}, [200, 200, 200, 200, 200]),
    ({"probability": 1, "times": 1}, [503, 200, 200, 200, 200]),
]


@pytest.mark.parametrize(("spec", "expected"), COUNTED)
def test_times_count_down_and_after_lets_some_through(
    http: FlaskClient, spec: dict[str, Any], expected: list[int]
) -> None:
    add_fault(http, **DOWN, **spec)
    assert toggles(http, 5) == expected
    assert counts(http) == [(5, expected.count(503))]


def test_a_probability_is_that_of_its_seed(http: FlaskClient) -> None:
    dice = Random(7)  # noqa: S311
    expected = [503 if dice.random() < 0.4 else 200 for _ in range(40)]
    add_fault(http, **DOWN, probability=0.4, seed=7)
    assert toggles(http, 40) == expected
    assert 5 < expected.count(503) < 30


def test_the_dice_are_thrown_only_where_the_fault_may_strike(http: FlaskClient) -> None:
    dice = Random(7)  # noqa: S311
    hits = [dice.random() < 0.4 for _ in range(40)]
    last = [place for place, hit in enumerate(hits) if hit][2]
    expected = [200, 200] + [503 if hit else 200 for hit in hits[: last + 1]] + [200] * 10
    add_fault(http, **DOWN, probability=0.4, seed=7, after=2, times=3)
    assert toggles(http, len(expected)) == expected


def test_without_a_seed_the_environments_own_gives_each_fault_other_dice_and_the_same_after_a_reset(
    http: FlaskClient,
) -> None:
    def strikes() -> list[list[int]]:
        found = []
        for _ in range(2):
            add_fault(http, **DOWN, probability=0.5)
            found.append(toggles(http, 40))
            http.delete(FAULTS)
        return found

    first, second = strikes()
    assert first != second
    http.post(RESET)
    assert strikes() == [first, second]
    http.patch(STATE, json={"settings": {"seed": 1}})
    http.delete(FAULTS)
    assert strikes()[0] not in (first, second)


def test_the_first_fault_that_matches_and_is_not_spent_strikes(http: FlaskClient) -> None:
    add_fault(http, match={"path": AGENTS}, preset="missing_token")
    add_fault(http, preset="server_error", times=1)
    add_fault(http, preset="rate_limited", after=1, times=1)
    add_fault(http, **DOWN)
    assert toggles(http, 4) == [500, 503, 429, 503]
    assert counts(http) == [(0, 0), (4, 1), (3, 1), (2, 2)]


def test_a_reset_clears_the_faults_of_its_environment(http: FlaskClient) -> None:
    for token in (None, "talq_staging"):
        add_fault(http, token, **DOWN)
    http.post(RESET)
    assert (counts(http), counts(http, "talq_staging")) == ([], [(0, 0)])
    assert toggles(http, 1) == [200]
    assert add_fault(http, **DOWN) == "fault-1"


@pytest.mark.slow
@pytest.mark.parametrize(("spec", "struck"), [({"times": 2}, 2), ({"after": 47}, 3), ({"after": 10, "times": 7}, 7)])
def test_fifty_calls_at_once_are_counted_exactly(server: Server, spec: dict[str, int], struck: int) -> None:
    add_fault_at(server, match={"path": TOGGLE_ANY}, **DOWN, **spec)

    def call(_: int) -> int:
        return requests.patch(server.url + TOGGLE, headers=TOKEN, timeout=WAIT).status_code

    with ThreadPoolExecutor(50) as pool:
        statuses = list(pool.map(call, range(50)))
    assert sorted(statuses) == [200] * (50 - struck) + [503] * struck
    (fault,) = requests.get(server.url + FAULTS, timeout=WAIT).json()["faults"]
    assert (fault["matched"], fault["struck"]) == (50, struck)
    webhook = requests.get(f"{server.url}{WEBHOOKS}/{WEBHOOK}", headers=TOKEN, timeout=WAIT).json()["data"]
    assert webhook["enabled"] is bool(struck % 2), "each of the others has toggled"


class Dice(Random):
    """Let the others run at the moment that matters, between the question whether and the count."""

    def random(self) -> float:
        sleep(0)
        return 0.0


@pytest.mark.parametrize("times", [1, 2, 700])
def test_a_strike_is_decided_and_counted_in_one_step(times: int) -> None:
    faults = Faults(RLock(), 0, Changes())
    fault = faults.add(CallFault(preset="maintenance"), Limits(times=times))
    fault.random = Dice()

    def client(_: int) -> int:
        return sum(faults.strike(CallFault, lambda _: True) is fault for _ in range(100))

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(client, range(8))) == times
    assert (fault.matched, fault.struck) == (800, times)


def test_two_runs_with_the_same_seed_strike_the_same_calls_and_the_answers_are_the_same_bytes(
    http: FlaskClient,
) -> None:
    def run() -> list[tuple[int, bytes]]:
        http.post(RESET)
        http.put("/__admin/clock", json={"now": "2025-09-03T23:50:15Z"})
        add_fault(http, match={"method": "PATCH"}, preset="server_error", probability=0.3)
        add_fault(http, action="malformed_json", probability=0.3, apply=True)
        found = [http.patch(TOGGLE, headers=TOKEN) for _ in range(30)]
        return [(answer.status_code, answer.data) for answer in found]

    first = run()
    assert run() == first
    assert {status for status, _ in first} == {200, 500}
