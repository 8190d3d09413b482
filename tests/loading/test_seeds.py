"""One seed behind ids, chances and order: two runs with the same calls give the same bytes, other seeds give others."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import requests
from flask.testing import FlaskClient

from talkover_mock.admin.guard import Guard
from talkover_mock.app import create_app
from talkover_mock.environments.world import World
from talkover_mock.web.server import Server
from tests.support.documented import AGENT, LOGS, TOKEN, WEBHOOK
from tests.support.faulty import FAULTS, REQUESTS, RESET, STATE, WAIT
from tests.support.frozen import RIGHT, WEBHOOKS, Time, frozen_world

EVENTS, DELIVERIES, CLOCK = "/__admin/events", "/__admin/deliveries", "/__admin/clock"
MOMENT = "2025-09-03T23:50:15Z"
DEAD = "https://example.com/hook"

Call = tuple[str, str, Any]
CALLS: list[Call] = [
    ("PUT", CLOCK, {"now": MOMENT}),
    ("POST", FAULTS, {"match": {"method": "PATCH"}, "preset": "maintenance", "probability": 0.5}),
    ("POST", FAULTS, {"match": {"method": "GET"}, "action": "malformed_json", "probability": 0.2, "apply": True}),
    *[("POST", WEBHOOKS, {**RIGHT, "name": f"N{n}", "webhook_url": DEAD}) for n in range(5)],
    *[("PATCH", f"{WEBHOOKS}/{WEBHOOK}/toggle", None)] * 15,
    *[("POST", EVENTS, {"agent_id": AGENT, "event": "event_action", "wait": WAIT})] * 3,
    ("POST", f"{CLOCK}/advance", {"seconds": 100}),
    *[("GET", WEBHOOKS, None)] * 10,
    ("GET", f"{LOGS}?per_page=100", None),
    ("GET", STATE, None),
    ("GET", FAULTS, None),
    ("GET", DELIVERIES, None),
    ("GET", REQUESTS, None),
]
CHANCY = slice(8, 23)
"""The toggles among them, which a fault strikes half of the time."""


def bytes_of(answer: Any, data: bytes) -> tuple[int, bytes]:
    """What a run must give again: without real durations, which the journal alone tells."""
    if b'"duration_ms"' not in data or b'"requests"' not in data[:80]:
        return answer.status_code, data
    found = json.loads(data)
    for each in found["requests"]:
        del each["duration_ms"]
    return answer.status_code, json.dumps(found).encode()


def headers_for(path: str) -> dict[str, str]:
    """The API takes any token for the default environment; the admin routes take none."""
    return TOKEN if path.startswith("/api/") else {}


def run(http: FlaskClient) -> list[tuple[int, bytes]]:
    """The answers to all calls."""
    answers = [http.open(path, method=method, json=body, headers=headers_for(path)) for method, path, body in CALLS]
    return [bytes_of(answer, answer.data) for answer in answers]


@contextmanager
def fresh(seed: int) -> Iterator[FlaskClient]:
    world = frozen_world(Time(), {"seed": seed} if seed else None, webhook_url=DEAD)
    yield create_app(world, Guard()).test_client()
    world.stop()


def test_two_worlds_with_the_same_seed_give_the_same_bytes() -> None:
    with fresh(3) as one, fresh(3) as other:
        first = run(one)
        assert run(other) == first
    assert {status for status, _ in first[CHANCY]} == {200, 503}
    assert b"event_action" in first[-5][1]


def test_a_reset_brings_the_same_bytes_again() -> None:
    with fresh(0) as http:
        first = run(http)
        http.post(RESET)
        assert run(http) == first


@pytest.mark.slow
def test_what_happens_beside_in_another_environment_changes_nothing() -> None:
    with fresh(0) as http:
        first = run(http)
    with fresh(0) as http:
        opened = http.post("/__admin/environments").get_json()["token"]
        headers = {"Authorization": f"Bearer {opened}"}
        for method, path, body in CALLS:
            http.open(path, method=method, json=body, headers=headers)
        assert run(http) == first


def ids(answers: list[tuple[int, bytes]]) -> set[str]:
    """The ids of the webhooks that were created."""
    return {json.loads(data)["data"]["id"] for _, data in answers[3:8]}


@pytest.mark.slow
def test_another_seed_gives_other_ids_and_other_chances() -> None:
    runs = []
    for seed in range(4):
        with fresh(seed) as http:
            runs.append(run(http))
    assert len(set.union(*map(ids, runs))) == 4 * 5
    assert len({tuple(status for status, _ in answers[CHANCY]) for answers in runs}) == 4


@pytest.mark.parametrize("method", ["PATCH", "PUT"])
def test_a_seed_that_comes_with_a_state_is_as_one_of_the_fixture(method: str) -> None:
    with fresh(3) as http:
        expected = run(http)
    with fresh(0) as http:
        settings = {"settings": {"seed": 3}}
        state = http.get(STATE).get_json()
        http.open(STATE, method=method, json=settings if method == "PATCH" else {**state, **settings})
        assert run(http) == expected


@pytest.mark.slow
def test_over_a_socket_they_are_the_same_bytes(world: World, server: Server) -> None:
    found = []
    calls = [call for call in CALLS if call[1] != REQUESTS]
    for _ in range(2):
        requests.post(server.url + RESET, timeout=WAIT)
        with requests.Session() as session:
            answers = [
                session.request(method, server.url + path, json=body, headers=headers_for(path), timeout=WAIT)
                for method, path, body in calls
            ]
        found.append([(answer.status_code, answer.content) for answer in answers])
    assert found[0] == found[1]
    assert world.default.faults.all()[0].struck > 0
