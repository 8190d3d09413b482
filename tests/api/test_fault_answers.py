"""What a fault answers: the documented bodies by name, and whatever a test wants."""

import json
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from talkover_mock.environments.call_faults import PRESETS
from tests.support.documented import AGENT, API_HEADERS, TOGGLE, TOKEN, UNKNOWN, toggle_path
from tests.support.faulty import FAULTS, STATE, add_fault, bearer
from tests.support.routes import GUARDED, filled

AGENTS = "/api/v1/agents"
ONE_AGENT = f"{AGENTS}/{AGENT}"
QUOTA = {"X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset"}
DOCUMENTED: dict[str, tuple[int, str]] = {
    "missing_token": (401, '{"message":"Missing Bearer Token"}'),
    "invalid_token": (
        401,
        '{"error":"UNAUTHORIZED","message":"Invalid or missing authentication token","status_code":401}',
    ),
    "expired_token": (
        401,
        '{"error":"TOKEN_EXPIRED","message":"Authentication token has expired","status_code":401}',
    ),
    "agent_not_found": (404, '{"success":false,"message":"Agent not found in this environment."}'),
    "webhook_not_found": (404, '{"success":false,"message":"Webhook not found."}'),
    "rate_limited": (429, '{"success":false,"message":"Too many requests. Please try again later."}'),
    "server_error": (500, '{\n    "message": "Server Error"\n}'),
    "maintenance": (503, '{\n    "message": "Service Unavailable"\n}'),
    "insufficient_credits": (
        402,
        '{"error":{"code":"INSUFFICIENT_CREDITS","message":"Account has insufficient credits to place this call"}}',
    ),
}


def struck(http: FlaskClient, path: str = TOGGLE, method: str = "PATCH", **spec: Any) -> TestResponse:
    """The answer to a call that the fault strikes."""
    add_fault(http, **spec)
    return http.open(path, method=method, headers=TOKEN)


def test_every_preset_is_in_the_table() -> None:
    assert list(DOCUMENTED) == list(PRESETS)


@pytest.mark.parametrize("preset", DOCUMENTED)
def test_a_preset_gives_the_documented_answer_to_the_byte(http: FlaskClient, preset: str) -> None:
    answer = struck(http, preset=preset)
    assert (answer.status_code, answer.text) == DOCUMENTED[preset]
    extra = {"Retry-After": "60"} if preset == "rate_limited" else {}
    expected = {**API_HEADERS, **extra, "X-Mockserver-Reason": f"fault-1 ({preset}) struck"}
    names = {*expected, *QUOTA, "Content-Length"}
    assert {name: answer.headers[name] for name in expected} == expected
    assert set(answer.headers.keys()) == names


GENUINE: dict[str, tuple[str, dict[str, str]]] = {
    "missing_token": (TOGGLE, {}),
    "expired_token": (TOGGLE, bearer("talq_staging_2024")),
    "agent_not_found": (toggle_path(UNKNOWN), TOKEN),
    "webhook_not_found": (toggle_path(webhook=UNKNOWN), TOKEN),
}


@pytest.mark.parametrize("preset", GENUINE)
def test_a_preset_answers_as_the_api_itself_does(http: FlaskClient, preset: str) -> None:
    path, headers = GENUINE[preset]
    genuine = http.patch(path, headers=headers)
    answer = struck(http, preset=preset)
    assert (answer.status_code, answer.data) == (genuine.status_code, genuine.data)
    assert set(answer.headers.keys()) == set(genuine.headers.keys())


@pytest.mark.parametrize(
    ("preset", "path", "text"),
    [
        ("missing_token", AGENTS, '{"success":false,"message":"Unauthenticated."}'),
        ("missing_token", ONE_AGENT, '{"success":false,"message":"Unauthenticated."}'),
        ("missing_token", f"{ONE_AGENT}/webhooks", '{"message":"Missing Bearer Token"}'),
        ("agent_not_found", ONE_AGENT, '{"success":false,"message":"Agent not found"}'),
        (
            "agent_not_found",
            f"{ONE_AGENT}/webhooks",
            '{"success":false,"message":"Agent not found in this environment."}',
        ),
    ],
)
def test_a_preset_has_the_words_of_its_route(http: FlaskClient, preset: str, path: str, text: str) -> None:
    assert struck(http, path, "GET", preset=preset).text == text


PROVOKED: dict[str, tuple[str, dict[str, str]]] = {
    "missing_token": ("/api/", {}),
    "expired_token": ("/api/", bearer("talq_staging_2024")),
    "agent_not_found": ("<agent_id>", TOKEN),
    "agent_not_found at a campaign": ("<campaign_id>", TOKEN),
}
"""What provokes the API's own answer on the routes whose path has a part."""


@pytest.mark.parametrize("preset", PROVOKED)
def test_a_preset_answers_on_every_route_as_the_api_does_there(http: FlaskClient, preset: str) -> None:
    part, headers = PROVOKED[preset]
    routes = [(verb, filled(rule, agent_id=UNKNOWN)) for verb, rule in GUARDED if part in rule]
    assert routes
    genuine = [http.open(path, method=verb, headers=headers).data for verb, path in routes]
    add_fault(http, preset=preset.partition(" ")[0])
    answers = [http.open(path, method=verb, headers=TOKEN).data for verb, path in routes]
    assert dict(zip(routes, answers, strict=True)) == dict(zip(routes, genuine, strict=True))


def test_a_rate_limited_client_is_told_that_nothing_remains(http: FlaskClient) -> None:
    answer = struck(http, preset="rate_limited")
    assert {name: answer.headers[name] for name in ("X-RateLimit-Limit", "X-RateLimit-Remaining")} == {
        "X-RateLimit-Limit": "100",
        "X-RateLimit-Remaining": "0",
    }


def test_head_gets_the_headers_of_a_fault_alone(http: FlaskClient) -> None:
    answer = struck(http, AGENTS, "HEAD", preset="maintenance")
    assert (answer.status_code, answer.data) == (503, b"")
    assert answer.headers["Content-Length"] == str(len(DOCUMENTED["maintenance"][1]))


JSON, TEXT = "application/json", "text/plain; charset=utf-8"
RESPONSES: list[tuple[dict[str, Any], int, str, str]] = [
    ({}, 200, "", JSON),
    ({"status": None, "headers": None, "body": None}, 200, "", JSON),
    ({"status": 418}, 418, "", JSON),
    ({"status": 599, "body": "down"}, 599, "down", TEXT),
    ({"body": "Zürich"}, 200, "Zürich", TEXT),
    ({"body": {"a": [1, None, 2.5]}}, 200, '{"a":[1,null,2.5]}', JSON),
    ({"body": []}, 200, "[]", JSON),
    ({"body": False}, 200, "false", JSON),
    ({"body": ""}, 200, "", TEXT),
    ({"body": "<b>", "headers": {"Content-Type": "text/html"}}, 200, "<b>", "text/html"),
    ({"body": [1, 2], "headers": {"content-type": "application/x+json"}}, 200, "[1,2]", "application/x+json"),
    *(({"status": status, "body": "none can be sent"}, status, "", TEXT) for status in (204, 205, 304)),
]


@pytest.mark.parametrize(("respond", "status", "text", "kind"), RESPONSES)
def test_a_response_is_what_the_test_wants(
    http: FlaskClient, respond: dict[str, Any], status: int, text: str, kind: str
) -> None:
    answer = struck(http, respond=respond)
    assert (answer.status_code, answer.text) == (status, text)
    assert answer.headers.getlist("Content-Type") == [kind]
    assert answer.headers["X-Mockserver-Reason"] == "fault-1 (respond) struck"


def test_the_headers_of_a_response_go_before_ours_whatever_their_case(http: FlaskClient) -> None:
    given = {"x-ratelimit-remaining": "3", "CACHE-CONTROL": "no-store", "Retry-After": "7", "X-Empty": ""}
    answer = struck(http, respond={"status": 429, "headers": given})
    assert {name: answer.headers.getlist(name) for name in given} == {name: [text] for name, text in given.items()}
    assert answer.headers.getlist("X-RateLimit-Limit") == ["100"]
    assert answer.headers.getlist("Access-Control-Allow-Origin") == ["*"]


def test_outside_of_the_api_and_on_health_there_is_no_quota(http: FlaskClient) -> None:
    add_fault(http, preset="maintenance")
    for path in ("/nope", "/api/v1/health"):
        assert not QUOTA & set(http.get(path).headers.keys())


def test_a_malformed_body_is_half_of_the_whole_with_the_right_length(http: FlaskClient) -> None:
    before = http.get(AGENTS, headers=TOKEN).data
    answer = struck(http, AGENTS, "GET", action="malformed_json", apply=True)
    assert (answer.status_code, answer.data) == (200, before[: len(before) // 2])
    assert answer.headers["Content-Length"] == str(len(before) // 2)
    assert answer.headers["Content-Type"] == "application/json"
    with pytest.raises(json.JSONDecodeError):
        json.loads(answer.text)


def test_without_apply_there_is_a_body_to_spoil_too_and_it_says_that_nothing_was_done(http: FlaskClient) -> None:
    state = http.get(STATE).data
    answer = struck(http, action="malformed_json")
    assert (answer.status_code, answer.text) == (200, '{"success":true,"message":"A fault a')
    with pytest.raises(json.JSONDecodeError):
        json.loads(answer.text)
    http.delete(FAULTS)
    assert http.get(STATE).data == state
