"""The rate limit: its headers, its window, and that it is enforced only where a fixture says so."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timezone
from threading import RLock
from typing import Any, NoReturn

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from talkover_mock.admin.guard import Guard
from talkover_mock.app import create_app
from talkover_mock.environments.rate_limit import RateLimit
from talkover_mock.environments.world import World
from talkover_mock.loading.fixture import read_fixture
from talkover_mock.loading.mistakes import Source
from talkover_mock.state.agents import Agents
from tests.support.documented import AGENT, API_HEADERS, TOKEN, UNKNOWN, WEBHOOK
from tests.support.frozen import ONE, RIGHT, WEBHOOKS, Time

AGENTS = "/api/v1/agents"
HEADERS = ("X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset")
RESET = int(datetime(2025, 9, 3, 23, 20, 51, tzinfo=timezone.utc).timestamp())
"""When the window ends that the first call opens, at 23:19:51."""
LIMITED = '{"success":false,"message":"Too many requests. Please try again later."}'


@pytest.fixture
def time() -> Time:
    return Time()


def world_of(time: Time, settings: dict[str, Any] | None = None, staging: dict[str, Any] | None = None) -> World:
    """The documented agent with its webhook, and two more environments, of which one has `staging` as settings."""
    agents = [{"id": AGENT, "name": "A", "webhooks": [{"id": WEBHOOK, **RIGHT}]}]
    environments = {
        "staging": {
            "tokens": ["talq_s1", "talq_s2"],
            "expired_tokens": ["talq_old"],
            "agents": agents,
            "settings": staging,
        },
        "production": {"tokens": ["talq_p"], "agents": agents},
    }
    document = {"settings": settings, "agents": agents, "environments": environments}
    return World(read_fixture([Source("fixture", "", document)]), time=time)


@pytest.fixture
def world(time: Time) -> World:
    return world_of(time)


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def quota(answer: TestResponse) -> list[int]:
    """Limit, remaining and reset."""
    return [int(answer.headers[name]) for name in HEADERS]


def remaining(http: FlaskClient, token: str) -> int:
    """What is left after one call more."""
    return quota(http.get(AGENTS, headers=bearer(token)))[1]


PREFLIGHT = {"Access-Control-Request-Method": "PUT", "Origin": "http://app"}
ANSWERS: Sequence[tuple[str, str, dict[str, str], int, int]] = [
    ("GET", AGENTS, TOKEN, 200, 1),
    ("HEAD", AGENTS, TOKEN, 200, 1),
    ("GET", f"{AGENTS}/{AGENT}", TOKEN, 200, 1),
    ("GET", WEBHOOKS, TOKEN, 200, 1),
    ("PUT", ONE, TOKEN, 200, 1),
    ("PATCH", f"{ONE}/toggle", TOKEN, 200, 1),
    ("DELETE", ONE, TOKEN, 200, 1),
    ("POST", WEBHOOKS, TOKEN, 422, 1),
    ("GET", f"{AGENTS}?status=x", TOKEN, 422, 1),
    ("GET", f"{AGENTS}/{UNKNOWN}", TOKEN, 404, 1),
    ("GET", f"{WEBHOOKS}/{UNKNOWN}", TOKEN, 404, 1),
    ("GET", AGENTS, {}, 401, 0),
    ("GET", WEBHOOKS, {"Authorization": "Basic x"}, 401, 0),
    ("GET", AGENTS, bearer("talq_old"), 401, 0),
    ("GET", "/api/v1/nope", TOKEN, 404, 0),
    ("GET", "/api/v1/nope", {}, 404, 0),
    ("GET", "/api/v1", TOKEN, 404, 0),
    ("GET", "/api/v1/", TOKEN, 404, 0),
    ("DELETE", AGENTS, TOKEN, 405, 0),
    ("OPTIONS", AGENTS, {}, 200, 0),
    ("OPTIONS", AGENTS, PREFLIGHT, 204, 0),
]


@pytest.mark.parametrize(("method", "path", "headers", "status", "counted"), ANSWERS)
def test_the_headers_are_on_every_answer_and_what_reaches_the_api_counts(
    http: FlaskClient, method: str, path: str, headers: dict[str, str], status: int, counted: int
) -> None:
    answer = http.open(path, method=method, headers=headers)
    assert answer.status_code == status
    assert quota(answer) == [100, 100 - counted, RESET]
    assert remaining(http, "talq_test") == 99 - counted


def test_the_headers_are_on_the_answer_of_a_crash(http: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    def crash(*_: object) -> NoReturn:
        raise RuntimeError("a bug of the mock")

    monkeypatch.setattr(Agents, "search", crash)
    answer = http.get(AGENTS, headers=TOKEN)
    assert (answer.status_code, quota(answer)) == (500, [100, 99, RESET])


@pytest.mark.parametrize(
    "path", ["/api/v1/health", "/api/v1/health/", "/__admin/state", "/__admin/nope", "/nope", "/api/v10"]
)
def test_the_headers_are_not_on_healths_answer_nor_outside_the_api(http: FlaskClient, path: str) -> None:
    answer = http.get(path, headers=TOKEN)
    assert not set(HEADERS) & set(answer.headers.keys())
    assert remaining(http, "talq_test") == 99


def test_each_token_is_counted_alone_also_in_one_environment(http: FlaskClient) -> None:
    tokens = ("talq_s1", "talq_s2", "talq_p", "talq_any", "talq_other")
    assert [[remaining(http, token) for token in tokens] for _ in range(3)] == [[99] * 5, [98] * 5, [97] * 5]


def test_the_scheme_and_the_spaces_around_the_header_do_not_make_another_token(http: FlaskClient) -> None:
    assert remaining(http, "talq_s1") == 99
    assert quota(http.get(AGENTS, headers={"Authorization": " bearer talq_s1 "}))[1] == 98


def test_a_window_begins_with_its_first_call_and_lasts_a_minute(http: FlaskClient, time: Time) -> None:
    seen = []
    for seconds in (0, 59, 1, 0, 600):
        time.advance(seconds)
        _, left, reset = quota(http.get(AGENTS, headers=TOKEN))
        seen.append((left, reset - RESET))
    assert seen == [(99, 0), (98, 0), (99, 60), (98, 60), (99, 660)]


def test_a_clock_that_goes_back_begins_a_window(http: FlaskClient, time: Time) -> None:
    assert quota(http.get(AGENTS, headers=TOKEN)) == [100, 99, RESET]
    time.advance(-3600)
    assert quota(http.get(AGENTS, headers=TOKEN)) == [100, 99, RESET - 3600]


def test_past_the_limit_calls_are_answered_and_remaining_stops_at_0(http: FlaskClient) -> None:
    seen = [http.get(AGENTS, headers=TOKEN) for _ in range(102)]
    assert {answer.status_code for answer in seen} == {200}
    assert [quota(answer)[1] for answer in seen[97:]] == [2, 1, 0, 0, 0]
    assert not any("Retry-After" in answer.headers for answer in seen)


@pytest.mark.parametrize(
    ("settings", "limit"),
    [
        ({}, 100),
        ({"plan": "standard"}, 100),
        ({"plan": "professional"}, 1000),
        ({"rate_limit": 7}, 7),
        ({"plan": "professional", "rate_limit": 1}, 1),
    ],
)
def test_the_plan_or_a_limit_of_its_own(time: Time, settings: dict[str, Any], limit: int) -> None:
    http = create_app(world_of(time, settings)).test_client()
    assert quota(http.get(AGENTS, headers=TOKEN)) == [limit, limit - 1, RESET]
    assert quota(http.get(AGENTS)) == [limit, limit, RESET]


ENFORCED = {"enforce_rate_limit": True, "rate_limit": 2}


def test_an_enforced_limit_refuses_to_the_byte_until_the_window_ends(time: Time) -> None:
    http = create_app(world_of(time, ENFORCED)).test_client()
    for _ in range(2):
        assert http.patch(f"{ONE}/toggle", headers=TOKEN).status_code == 200
        time.advance(10)
    refused = http.patch(f"{ONE}/toggle", headers=TOKEN)
    assert (refused.status_code, refused.text) == (429, LIMITED)
    assert refused.headers["Retry-After"] == "40"
    assert quota(refused) == [2, 0, RESET]
    assert {name: refused.headers[name] for name in API_HEADERS} == API_HEADERS
    assert refused.headers["X-Mockserver-Reason"].startswith("the token has used its 2 calls of this minute")
    time.advance(39)
    assert http.get(AGENTS, headers=TOKEN).headers["Retry-After"] == "1"
    time.advance(1)
    assert quota(http.get(AGENTS, headers=TOKEN)) == [2, 1, RESET + 60]


def test_a_call_that_is_refused_changes_nothing(time: Time) -> None:
    world = world_of(time, ENFORCED)
    http = create_app(world).test_client()
    for _ in range(2):
        http.get(AGENTS, headers=TOKEN)
    before = world.default.documents.whole()
    calls: list[tuple[str, str]] = [("POST", WEBHOOKS), ("PUT", ONE), ("PATCH", f"{ONE}/toggle"), ("DELETE", ONE)]
    for method, path in calls:
        answer = http.open(path, method=method, json={**RIGHT, "name": "M"}, headers=TOKEN)
        assert (answer.status_code, answer.text) == (429, LIMITED)
    assert world.default.documents.whole() == before


def test_the_route_and_the_token_come_before_the_limit_and_the_agent_after_it(time: Time) -> None:
    http = create_app(world_of(time, ENFORCED)).test_client()
    for _ in range(2):
        http.get(AGENTS, headers=TOKEN)
    answers = [
        http.get("/api/v1/nope", headers=TOKEN),
        http.delete(AGENTS, headers=TOKEN),
        http.get(AGENTS),
        http.get(f"{AGENTS}/{UNKNOWN}", headers=TOKEN),
        http.post(WEBHOOKS, headers=TOKEN),
        http.get("/api/v1/health", headers=TOKEN),
    ]
    assert [answer.status_code for answer in answers] == [404, 405, 401, 429, 429, 200]
    assert [quota(answer)[1] for answer in answers[:2]] == [0, 0]


def test_each_environment_has_its_own_limit(time: Time) -> None:
    http = create_app(world_of(time, {"plan": "professional"}, ENFORCED)).test_client()
    statuses = [[http.get(AGENTS, headers=bearer(t)).status_code for _ in range(3)] for t in ("talq_s1", "talq_p", "x")]
    assert statuses == [[200, 200, 429], [200] * 3, [200] * 3]
    assert http.get(AGENTS, headers=bearer("talq_s2")).status_code == 200
    paths = ("/api/v1/nope", AGENTS)
    assert [quota(http.delete(path, headers=bearer("talq_s2"))) for path in paths] == [[2, 1, RESET]] * 2
    assert quota(http.get(AGENTS, headers=bearer("talq_p"))) == [1000, 996, RESET]


def test_a_reset_begins_the_windows_of_its_environment_alone(http: FlaskClient, world: World) -> None:
    tokens = ("talq_s1", "talq_p", "talq_any")
    assert [remaining(http, token) for token in tokens] == [99, 99, 99]
    http.post("/__admin/reset", headers=bearer("talq_s1"))
    assert [remaining(http, token) for token in tokens] == [99, 98, 98]
    assert world.default.rate_limit.peek("talq_any", 100).used == 2


def test_a_limit_that_changes_holds_at_once_and_keeps_what_was_used(time: Time) -> None:
    http = create_app(world_of(time), Guard()).test_client()
    assert [remaining(http, "talq_x") for _ in range(3)] == [99, 98, 97]
    http.patch("/__admin/state", json={"settings": ENFORCED})
    answer = http.get(AGENTS, headers=bearer("talq_x"))
    assert (answer.status_code, quota(answer)) == (429, [2, 0, RESET])


def test_calls_at_once_are_all_counted() -> None:
    limit = RateLimit(RLock(), Time())
    with ThreadPoolExecutor(8) as pool:
        used = list(pool.map(lambda _: limit.count("t", 100).used, range(400)))
    assert sorted(used) == list(range(1, 401))
    assert limit.peek("t", 100).headers() == dict(zip(HEADERS, ("100", "0", str(RESET)), strict=True))


def test_the_number_of_tokens_is_bounded_and_the_oldest_is_forgotten() -> None:
    limit = RateLimit(RLock(), Time())
    for number in range(10_001):
        limit.count(str(number), 100)
    assert [limit.peek(str(number), 100).used for number in (0, 1, 10_000)] == [0, 1, 1]
