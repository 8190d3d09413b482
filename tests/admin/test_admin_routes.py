"""What the admin routes share: whose environment they act on, and what they do with what they can't answer."""

import re
from collections.abc import Callable
from time import monotonic

import pytest
from flask import Flask
from flask.testing import FlaskClient

from talkover_mock import __version__
from talkover_mock.admin.guard import Guard
from talkover_mock.app import create_app
from talkover_mock.base.real_time import RealTime
from talkover_mock.environments.call_faults import CallFault
from talkover_mock.environments.documents import Documents
from talkover_mock.environments.world import World
from talkover_mock.web.routes import shown
from tests.support.documented import WEBHOOK
from tests.support.rows import each_row

STATE = "/__admin/state"
STAGING = {"Authorization": "Bearer talq_staging"}
ONE_AGENT = {"agents": [{"id": "one", "name": "One"}]}


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [("PUT", STATE, {}), ("PATCH", STATE, ONE_AGENT), ("POST", "/__admin/reset", None)],
    ids=["put", "patch", "reset"],
)
def test_a_request_acts_only_on_the_environment_of_its_token(
    http: FlaskClient, world: World, method: str, path: str, body: object
) -> None:
    for headers, id in ((STAGING, "staging"), ({}, "default")):
        for environment in world.environments.values():
            environment.webhooks.toggle(
                *next((a, w) for a in environment.agent_ids() for w in environment.webhook_ids(a))
            )
        before = {name: each.documents.whole() for name, each in world.environments.items()}
        assert http.open(path, method=method, json=body, headers=headers).status_code == 200
        changed = {name for name, each in world.environments.items() if each.documents.whole() != before[name]}
        assert changed == {id}
        world.by_name(id).reset()


UNCHECKED = {"/__admin/", "/__admin/page.css", "/__admin/page.js", "/__admin/health", "/__admin/openapi.yaml"}
"""The page, and what answers whatever it is asked with."""


def admin_calls(app: Flask) -> list[tuple[str, str]]:
    """The method and path of every admin route, with the id of a webhook wherever an id or a name belongs."""
    rules = [rule for rule in app.url_map.iter_rules() if rule.rule.startswith("/__admin/")]
    calls = [(verb, rule.rule) for rule in rules for verb in (rule.methods or set()) - {"HEAD", "OPTIONS"}]
    return sorted((verb, re.sub("<.*?>", WEBHOOK, path)) for verb, path in calls if path not in UNCHECKED)


def test_every_route_refuses_a_key_that_its_query_does_not_have(app: Flask, http: FlaskClient) -> None:
    for verb, path in admin_calls(app):
        answer = http.open(f"{path}?nonsense=1", method=verb, json={} if verb in ("PUT", "PATCH", "POST") else None)
        assert (verb, path, answer.status_code, answer.get_json()["title"][:8]) == (verb, path, 422, "Unknown ")


def test_every_route_refuses_a_key_that_its_body_does_not_have(app: Flask, http: FlaskClient) -> None:
    calls = [(verb, path) for verb, path in admin_calls(app) if verb in ("PUT", "PATCH", "POST")]
    assert len(calls) > 10
    for verb, path in calls:
        answer = http.open(path, method=verb, json={"nonsense": 1})
        detail = answer.get_json()["detail"]
        is_told = re.search("unknown (key|filter)", detail) is not None
        assert (verb, path, answer.status_code, is_told) == (verb, path, 422, True)


def test_a_slip_in_a_key_is_told_with_the_nearest(http: FlaskClient) -> None:
    asked = (("GET", "environments?fnd=x", None), ("POST", "reset", {"hard": True}), ("GET", "clock?now=1", None))
    details = [http.open(f"/__admin/{path}", method=verb, json=body).get_json()["detail"] for verb, path, body in asked]
    assert details == [
        'unknown key "fnd"; did you mean find?',
        'unknown key "hard"; expected none',
        'unknown key "now"; expected none',
    ]


@pytest.mark.parametrize(
    ("method", "path"), [("GET", STATE), ("PUT", STATE), ("PATCH", STATE), ("POST", "/__admin/reset")]
)
def test_an_expired_token_opens_no_state(http: FlaskClient, method: str, path: str) -> None:
    answer = http.open(path, method=method, json={}, headers={"Authorization": "Bearer talq_staging_2024"})
    assert (answer.status_code, answer.content_type) == (401, "application/problem+json")
    assert answer.get_json() == {
        "type": "about:blank",
        "title": "Unknown token",
        "status": 401,
        "detail": "the fixture lists the token under expired_tokens of staging",
    }


@pytest.mark.parametrize("tokens", [[], ["talq_of_the_default"]], ids=["any token", "a token"])
@pytest.mark.parametrize(
    ("token", "hint"),
    {
        "talq_stagin": "; nearest: the token of environment staging",
        "TALQ_PRODUCTION": "; nearest: the token of environment production",
        "nothing-alike": "",
        "x" * 500: "",
    }.items(),
    ids=lambda each: each[:20],
)
def test_a_token_that_no_environment_has_acts_on_none_and_is_told_the_nearest(
    token: str, hint: str, tokens: list[str], open_world: Callable[..., World]
) -> None:
    more = {"staging": {"tokens": ["talq_staging"]}, "production": {"tokens": ["talq_production"]}}
    world = open_world(tokens=tokens, environments=more)
    http = create_app(world, Guard()).test_client()
    world.default.faults.add(CallFault(preset="maintenance"))
    answer = http.post("/__admin/reset", headers={"Authorization": f"Bearer {token}"})
    assert (answer.status_code, answer.get_json()["title"]) == (401, "Unknown token")
    remedy = "requests without a token act on the default environment"
    assert answer.get_json()["detail"] == f"no environment has this token{hint}; {remedy}"
    assert len(world.default.faults.all()) == 1


def test_a_token_of_a_closed_environment_says_so(http: FlaskClient, world: World) -> None:
    world.open(world.default, "mine", "talq_mine")
    world.close("mine")
    answer = http.post("/__admin/reset", headers={"Authorization": "Bearer talq_mine"})
    expected = "the token belonged to environment mine, which has been closed"
    assert (answer.status_code, answer.get_json()["detail"]) == (401, expected)


def test_health_tells_what_is_running_and_for_how_long(http: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    later = monotonic() + 100  # seconds before the first admin request
    monkeypatch.setattr(RealTime, "monotonic", lambda: later)
    answer = http.get("/__admin/health").get_json()
    assert list(answer) == ["status", "version", "uptime_seconds"]
    assert (answer["status"], answer["version"]) == ("ok", __version__)
    assert 100 <= answer["uptime_seconds"] < 160


ALL = "GET /__admin/openapi.yaml describes them all"
NEAR = {
    "/__admin/nope": ALL,
    "/__admin/states": "did you mean /__admin/state?",
    "/__admin/enviroments/mine": "did you mean /__admin/environments/{name}?",
    "/__admin/x/a/b/c/d/e": ALL,
    "/__admin/snapshot/mine/restore": "did you mean /__admin/snapshots/{name}/restore?",
    "/__admin/deliveries/d-1/redelivery": "did you mean /__admin/deliveries/{id}/redeliver?",
    "/__admin/webhook/w": "did you mean /__admin/webhooks/{id}?",
}


@each_row("path", NEAR)
def test_an_unknown_admin_route_is_a_problem_that_names_the_nearest(http: FlaskClient, app: Flask, path: str) -> None:
    routes = sorted({rule.rule for rule in app.url_map.iter_rules() if rule.rule.startswith("/__admin")})
    answer = http.post(path)
    assert (answer.status_code, answer.content_type) == (404, "application/problem+json")
    assert answer.get_json() == {
        "type": "about:blank",
        "title": "No such route",
        "status": 404,
        "detail": f"no route is {path}; {NEAR[path]}",
        "routes": [shown(route) for route in routes],
    }


def test_a_wrong_admin_method_is_a_problem_that_names_the_right_ones(http: FlaskClient, app: Flask) -> None:
    allowed: dict[str, set[str]] = {}
    for rule in app.url_map.iter_rules():
        if rule.rule.startswith("/__admin"):
            allowed.setdefault(rule.rule.replace("<name>", "staging"), set()).update(rule.methods or ())
    assert allowed[STATE] == {"GET", "HEAD", "PUT", "PATCH"}
    for path, methods in allowed.items():
        for method in {"GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"} - methods:
            answer = http.open(path, method=method)
            assert (answer.status_code, answer.content_type) == (405, "application/problem+json")
            assert set(answer.headers["Allow"].split(", ")) == methods
            assert answer.get_json() == {
                "type": "about:blank",
                "title": "Method not allowed",
                "status": 405,
                "detail": f"{path} answers {answer.headers['Allow']} only",
            }


def test_a_crash_of_an_admin_route_is_a_problem_too(http: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Documents, "whole", lambda _: 1 / 0)
    answer = http.get(STATE)
    assert (answer.status_code, answer.content_type) == (500, "application/problem+json")
    assert answer.get_json() == {
        "type": "about:blank",
        "title": "Server Error",
        "status": 500,
        "detail": "the mock itself failed: ZeroDivisionError('division by zero')",
    }
