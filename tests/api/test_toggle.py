"""Toggle, as the vendor documents it."""

import json
import re
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta, timezone
from itertools import count
from typing import Any

import pytest
import requests
from flask.testing import FlaskClient

from talkover_mock.app import create_app
from talkover_mock.base.clock import Clock
from talkover_mock.client import MockServer
from talkover_mock.environments.world import World
from talkover_mock.loading.fixture import read_fixture
from talkover_mock.loading.mistakes import Source
from tests.conftest import shipped
from tests.support.documented import (
    AGENT,
    API_HEADERS,
    NO_AGENT,
    NO_WEBHOOK,
    OTHER_AGENT,
    TOGGLE,
    TOKEN,
    UNKNOWN,
    WEBHOOK,
    WEBHOOK_IN_ERROR,
    toggle_path,
    toggled,
)


def ticking_world() -> World:
    """The shipped fixtures, where each look at the clock is a second later: to count a call, to toggle, to record."""
    seconds = count()
    start = datetime(2025, 9, 3, 23, 50, 14, 999_999, tzinfo=timezone.utc)
    return World(shipped(), time=lambda: start + timedelta(seconds=next(seconds)))


def test_the_documented_answers_to_the_byte() -> None:
    http = create_app(ticking_world()).test_client()
    on = http.patch(TOGGLE, headers=TOKEN)
    off = http.patch(TOGGLE, headers=TOKEN)
    assert (on.status_code, off.status_code) == (200, 200)
    assert on.text == json.dumps(toggled(True, "2025-09-03T23:50:15.000000Z"), separators=(",", ":"))
    assert off.text == json.dumps(toggled(False, "2025-09-03T23:50:18.000000Z"), separators=(",", ":"))


def test_the_headers_of_an_answer(http: FlaskClient) -> None:
    headers = http.patch(TOGGLE, headers=TOKEN).headers
    assert {name: headers[name] for name in API_HEADERS} == API_HEADERS
    assert "X-Mockserver-Reason" not in headers


def test_updated_at_is_now_and_created_at_stays(http: FlaskClient) -> None:
    before = datetime.now(timezone.utc).replace(microsecond=0)
    data = http.patch(TOGGLE, headers=TOKEN).get_json()["data"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.000000Z", data["updated_at"])
    updated = datetime.fromisoformat(data["updated_at"].replace("Z", "+00:00"))
    assert before <= updated <= datetime.now(timezone.utc)
    assert data["created_at"] == "2025-09-03T23:19:51.000000Z"


def test_an_error_ends_with_a_toggle(http: FlaskClient, mock: MockServer) -> None:
    assert mock.webhook(WEBHOOK_IN_ERROR)["status"] == "error"
    path = toggle_path(OTHER_AGENT, WEBHOOK_IN_ERROR)
    assert [http.patch(path, headers=TOKEN).get_json()["data"]["status"] for _ in range(2)] == ["disabled", "active"]


def test_the_configuration_is_kept_and_nothing_else_changes(http: FlaskClient, mock: MockServer) -> None:
    before: dict[str, Any] = {**mock.state()}
    http.patch(TOGGLE, headers=TOKEN)
    after: dict[str, Any] = {**mock.state()}
    changed = after["agents"][0]["webhooks"][0]
    was = before["agents"][0]["webhooks"][0]
    assert (was.pop("enabled"), changed.pop("enabled")) == (False, True)
    assert changed.pop("updated_at") > was.pop("updated_at")
    assert after["agents"][0].pop("cache_clears") == before["agents"][0].pop("cache_clears") + 1
    assert after == before


def test_every_toggle_clears_the_cache_of_its_agent_alone(http: FlaskClient, mock: MockServer) -> None:
    for _ in range(3):
        http.patch(TOGGLE, headers=TOKEN)
    http.patch(toggle_path(webhook=UNKNOWN), headers=TOKEN)
    assert [agent["cache_clears"] for agent in mock.state()["agents"]] == [3, 0, 0]


MISSING = '{"message":"Missing Bearer Token"}'
INVALID = '{"error":"UNAUTHORIZED","message":"Invalid or missing authentication token","status_code":401}'
EXPIRED = '{"error":"TOKEN_EXPIRED","message":"Authentication token has expired","status_code":401}'
STAGING = {"Authorization": "Bearer talq_staging"}
OLD = {"Authorization": "Bearer talq_staging_2024"}


@pytest.mark.parametrize(
    ("path", "headers", "status", "body", "reason"),
    [
        (TOGGLE, {}, 401, MISSING, "the request has no Authorization header"),
        (TOGGLE, {"Authorization": "Basic dXNlcjpwYXNz"}, 401, MISSING, "the Authorization header holds no bearer"),
        (TOGGLE, {"Authorization": "Bearer"}, 401, MISSING, "the Authorization header holds no bearer token"),
        (TOGGLE, {"Authorization": "Bearer   "}, 401, MISSING, "the Authorization header holds no bearer token"),
        (TOGGLE, {"Authorization": "talq_test"}, 401, MISSING, "the Authorization header holds no bearer token"),
        (TOGGLE, OLD, 401, EXPIRED, "the fixture lists the token under expired_tokens of staging"),
        (toggle_path(UNKNOWN, UNKNOWN), {}, 401, MISSING, "the request has no Authorization header"),
        (toggle_path(UNKNOWN), TOKEN, 404, NO_AGENT, f'no agent in environment default has the id "{UNKNOWN}"'),
        (toggle_path(AGENT[:-1] + "e"), TOKEN, 404, NO_AGENT, f"nearest: {AGENT}"),
        (toggle_path("not-a-uuid"), TOKEN, 404, NO_AGENT, 'has the id "not-a-uuid"'),
        (toggle_path("%0A%C3%A9"), TOKEN, 404, NO_AGENT, r'has the id "\n\xe9"'),
        (
            TOGGLE,
            STAGING,
            404,
            NO_AGENT,
            f"agent {AGENT} is in environment default; the token selects staging",
        ),
        (toggle_path(webhook=UNKNOWN), TOKEN, 404, NO_WEBHOOK, f'has no webhook with the id "{UNKNOWN}"'),
        (toggle_path(webhook=WEBHOOK.upper()), TOKEN, 404, NO_WEBHOOK, "has no webhook with the id"),
        (toggle_path(webhook=WEBHOOK[1:]), TOKEN, 404, NO_WEBHOOK, f"nearest: {WEBHOOK}"),
        (toggle_path(OTHER_AGENT), TOKEN, 404, NO_WEBHOOK, f"belongs to agent {AGENT}, not to agent {OTHER_AGENT}"),
    ],
)
def test_refusals_leave_everything_as_it_was(
    http: FlaskClient, mock: MockServer, path: str, headers: dict[str, str], status: int, body: str, reason: str
) -> None:
    before = mock.state()
    answer = http.patch(path, headers=headers)
    assert (answer.status_code, answer.text) == (status, body)
    assert {name: answer.headers[name] for name in API_HEADERS} == API_HEADERS
    assert reason in answer.headers["X-Mockserver-Reason"]
    assert mock.state() == before


def test_a_token_that_no_environment_knows_when_the_default_one_has_its_own() -> None:
    world = World(read_fixture([Source("fixture", "", {"tokens": ["talq_mine"]})]))
    http = create_app(world).test_client()
    answer = http.patch(TOGGLE, headers=TOKEN)
    assert (answer.status_code, answer.text) == (401, INVALID)
    assert "no environment has this token" in answer.headers["X-Mockserver-Reason"]
    assert http.patch(TOGGLE, headers={"Authorization": "Bearer talq_mine"}).status_code == 404


@pytest.mark.parametrize("scheme", ["Bearer ", "bearer ", "BEARER ", "Bearer  "])
def test_the_scheme_in_any_case(http: FlaskClient, scheme: str) -> None:
    assert http.patch(TOGGLE, headers={"Authorization": scheme + "talq_x"}).status_code == 200


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b'{"enabled": false}', "application/json"),
        (b"{broken", "application/json"),
        (b"a=1&b=2", "application/x-www-form-urlencoded"),
        (b"--x\r\nbroken", "multipart/form-data; boundary=x"),
        (b"\x00\xff" * 1_000_000, "application/octet-stream"),
    ],
    ids=["json", "broken json", "form", "broken multipart", "2 MB of bytes"],
)
def test_a_body_is_ignored_and_the_connection_lives_on(mock: MockServer, body: bytes, content_type: str) -> None:
    with requests.Session() as session:
        for expected in (True, False):
            answer = session.patch(mock.url + TOGGLE, data=body, headers={**TOKEN, "Content-Type": content_type})
            assert answer.json()["data"]["enabled"] is expected
            assert answer.headers.get("Connection") != "close"


def test_a_chunked_body_is_ignored(mock: MockServer) -> None:
    with requests.Session() as session:
        answer = session.patch(mock.url + TOGGLE, data=iter([b"one", b"two" * 10_000]), headers=TOKEN)
        assert answer.json()["message"] == "Webhook enabled"
        assert session.patch(mock.url + TOGGLE, headers=TOKEN).json()["message"] == "Webhook disabled"


@pytest.mark.slow
def test_many_clients_at_once_lose_no_toggle(mock: MockServer) -> None:
    def client(_: int) -> Counter[bool]:
        seen: Counter[bool] = Counter()
        with requests.Session() as session:
            session.trust_env = False
            for _ in range(125):
                seen[session.patch(mock.url + TOGGLE, headers=TOKEN).json()["data"]["enabled"]] += 1
        return seen

    with ThreadPoolExecutor(8) as pool:
        seen = sum(pool.map(client, range(8)), Counter[bool]())
    assert seen == {True: 500, False: 500}
    assert mock.webhook(WEBHOOK)["enabled"] is False
    assert mock.agent(AGENT)["cache_clears"] == 1000


def test_each_answer_differs_from_the_one_before_it() -> None:
    """The clock is read inside the atomic step, so its ticks tell the order of the toggles."""
    environment = ticking_world().default

    def client(_: int) -> list[tuple[datetime, bool]]:
        toggles = [environment.webhooks.toggle(AGENT, WEBHOOK) for _ in range(500)]
        return [(webhook.updated_at, webhook.enabled) for webhook in toggles]

    with ThreadPoolExecutor(8) as pool:
        answers = sorted(answer for some in pool.map(client, range(8)) for answer in some)
    assert [enabled for _, enabled in answers] == [True, False] * 2000


def test_the_clock_keeps_whole_seconds() -> None:
    assert Clock(lambda: datetime(2025, 9, 3, 23, 19, 51, 812_000, tzinfo=timezone.utc)).now().microsecond == 0
