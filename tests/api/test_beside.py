"""Requests that are no calls of the API: the check of the server's health, and what browsers ask for by themselves."""

from collections.abc import Callable
from typing import Any

import pytest
import requests
from flask import Flask
from flask.testing import FlaskClient

from talkover_mock.admin.guard import TOKEN_HEADER, Guard
from talkover_mock.app import create_app
from talkover_mock.environments.world import World
from talkover_mock.web.server import Server
from tests.support.documented import TOGGLE, TOKEN

_OF_API = ("Access-Control-", "X-RateLimit-", "X-Mockserver-")

HEALTH = "/__admin/health"
EVIL = "https://evil.example"
BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8"
A_SECOND = 2.0
"""As long as a second may take on a busy machine."""


def calls_of(world: World) -> list[str]:
    """The paths of every call that a journal has kept, also of foreign web pages."""
    return [each.path for one in world.environments.values() for each in one.journal.log.watch(lambda _: True).items]


@pytest.mark.parametrize("guard", [Guard(), Guard(token="secret"), None], ids=["admin", "admin token", "no admin"])
@pytest.mark.parametrize(
    "headers",
    [
        {},
        {TOKEN_HEADER: "wrong"},
        {"Authorization": "Bearer talq_staging_2024"},
        {"Host": "mock.evil.example"},
        {"Origin": EVIL, "Sec-Fetch-Site": "cross-site"},
    ],
    ids=str,
)
def test_health_answers_everybody(world: World, guard: Guard | None, headers: dict[str, str], log: list[str]) -> None:
    http = create_app(world, guard, log.append).test_client()
    for path in (HEALTH, HEALTH + "/"):
        answer = http.get(path, headers=headers)
        assert (answer.status_code, answer.content_type, answer.get_json()["status"]) == (200, "application/json", "ok")
        assert [name for name, _ in answer.headers if name.startswith(_OF_API)] == []
    assert (http.head(HEALTH, headers=headers).status_code, http.head(HEALTH).data) == (200, b"")
    assert (log, calls_of(world)) == ([], [])


def test_health_has_no_other_method(world: World) -> None:
    assert create_app(world, Guard()).test_client().post(HEALTH).status_code == 405
    assert create_app(world, None).test_client().post(HEALTH).status_code == 404


@pytest.mark.parametrize("fault", [{"preset": "maintenance"}, {"action": "hang"}, {"delay_seconds": 60}], ids=str)
def test_no_fault_strikes_a_health_check_or_is_used_up_by_it(http: FlaskClient, fault: dict[str, Any]) -> None:
    http.post("/__admin/faults", json={**fault, "times": 1})
    assert http.get(HEALTH).status_code == 200
    [kept] = http.get("/__admin/faults").get_json()["faults"]
    assert kept["struck"] == 0


def test_no_limit_strikes_a_health_check(world: World) -> None:
    http = create_app(world, Guard()).test_client()
    http.patch("/__admin/state", json={"settings": {"rate_limit": 1, "enforce_rate_limit": True}})
    assert [http.get(HEALTH, headers=TOKEN).status_code for _ in range(3)] == [200] * 3
    assert http.patch(TOGGLE, headers=TOKEN).headers["X-RateLimit-Remaining"] == "0"
    assert http.patch(TOGGLE, headers=TOKEN).status_code == 429
    assert http.get(HEALTH, headers=TOKEN).status_code == 200


def test_a_lock_that_is_held_delays_no_health_check(world: World, server: Server) -> None:
    with world.default.lock:
        assert requests.get(server.url + HEALTH, timeout=A_SECOND).ok


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_browser_is_led_to_the_page(http: FlaskClient, world: World, log: list[str], method: str) -> None:
    http.post("/__admin/faults", json={"preset": "maintenance", "times": 1})
    log.clear()
    answer = http.open("/", method=method, headers={"Accept": BROWSER})
    assert (answer.status_code, answer.headers["Location"], answer.data) == (302, "/__admin/", b"")
    assert answer.headers["Vary"] == "Accept"
    assert http.get("/__admin/faults").get_json()["faults"][0]["struck"] == 0
    assert calls_of(world) == []
    assert log[0].startswith(f"{method} / 302 ")


def test_the_icon_that_a_browser_looks_for_is_no_call(http: FlaskClient, world: World) -> None:
    http.post("/__admin/faults", json={"preset": "maintenance", "times": 1})
    answer = http.get("/favicon.ico", headers={"Accept": "image/avif,image/webp,*/*;q=0.8"})
    assert (answer.status_code, answer.data) == (404, b"")
    assert http.get("/__admin/faults").get_json()["faults"][0]["struck"] == 0
    assert calls_of(world) == []


NO_VISITS = {
    "a program's call of the root": ("GET", "/", "*/*"),
    "without Accept": ("GET", "/", ""),
    "for JSON": ("GET", "/", "application/json, text/html"),
    "a form": ("POST", "/", BROWSER),
    "a browser elsewhere": ("GET", "/api", BROWSER),
    "a slip in the path": ("GET", f"/api{TOGGLE.removeprefix('/api/v1')}", BROWSER),
    "an icon that is sent": ("PUT", "/favicon.ico", "*/*"),
    "an icon elsewhere": ("GET", "/api/favicon.ico", "*/*"),
}


@pytest.mark.parametrize(("method", "path", "accept"), NO_VISITS.values(), ids=NO_VISITS.keys())
def test_all_else_is_a_call_that_no_route_takes(
    http: FlaskClient, world: World, method: str, path: str, accept: str
) -> None:
    answer = http.open(path, method=method, headers={"Accept": accept})
    assert (answer.status_code, answer.content_type) == (404, "application/json")
    assert calls_of(world) == [path]
    assert [each.path for each in world.default.journal.unmatched()] == [path]
    assert "API paths begin with /api/v1" in answer.headers["X-Mockserver-Reason"]


def test_without_the_page_a_browser_s_visit_is_a_call(world: World) -> None:
    answer = create_app(world, None).test_client().get("/", headers={"Accept": BROWSER})
    assert (answer.status_code, calls_of(world)) == (404, ["/"])


@pytest.mark.slow
def test_over_a_socket_it_is_the_same(app: Flask, serve: Callable[[Flask], Server], world: World) -> None:
    """Where the event loop answers."""
    url = serve(app).url
    visit = requests.get(url, headers={"Accept": BROWSER}, timeout=10)
    assert ([each.status_code for each in visit.history], visit.url) == ([302], f"{url}/__admin/")
    assert visit.headers["Content-Type"] == "text/html; charset=utf-8"
    assert requests.get(f"{url}/favicon.ico", timeout=10).status_code == 404
    assert requests.get(url + HEALTH, timeout=10).json()["status"] == "ok"
    assert calls_of(world) == []
