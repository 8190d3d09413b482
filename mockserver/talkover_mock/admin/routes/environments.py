"""`environments`: open isolated worlds beside the fixture's, and close them."""

from typing import Any

from flask import Response, request

from talkover_mock.admin.bodies import admin_response, json_object, refuse_unknown_keys
from talkover_mock.admin.problems import Problem
from talkover_mock.admin.routes.requests import present
from talkover_mock.admin.routing import Admin
from talkover_mock.base.headers import masked
from talkover_mock.environments.environment import Environment
from talkover_mock.loading.fixture import to_baseline
from talkover_mock.loading.mistakes import Source
from talkover_mock.state.store import Baseline

_KEYS = ("name", "token", "from", "fixture")


def register(admin: Admin) -> None:
    def list_all() -> Response:
        found = [_present(environment) for environment in admin.world.environments.values()]
        return admin_response({"environments": found})

    def open_one() -> Response:
        wanted = _checked(json_object(request))
        baseline = _baseline(admin, wanted)
        environment = admin.world.open(baseline, wanted.get("name"), wanted.get("token"))
        url = f"{request.scheme}://{request.headers.get('Host', '')}"
        body = {"name": environment.name, "token": environment.tokens[0], "url": url}
        return admin_response(body, 201)

    def read(name: str) -> Response:
        return admin_response(_present(admin.world.by_name(name)))

    def close(name: str) -> Response:
        environment = admin.world.close(name)
        unmatched = [present(each) for each in environment.journal.unmatched()]
        body = {"name": environment.name, "closed": True, "errors": environment.errors, "unmatched": unmatched}
        return admin_response(body)

    admin.route("GET", "/environments", list_all)
    admin.route("POST", "/environments", open_one)
    admin.route("GET", "/environments/<name>", read)
    admin.route("DELETE", "/environments/<name>", close)


def _checked(wanted: dict[str, Any]) -> dict[str, Any]:
    refuse_unknown_keys(wanted, _KEYS)
    for key, value in wanted.items():
        if key != "fixture" and not (value is None or isinstance(value, str)):
            raise Problem(422, "Bad value", f"{key} must be a string (got {type(value).__name__})")
    if wanted.get("from") and wanted.get("fixture") is not None:
        raise Problem(422, "Two baselines", "give either from or fixture, not both")
    return wanted


def _baseline(admin: Admin, wanted: dict[str, Any]) -> Baseline:
    """That of the fixture which came along, of the environment named, or of the one the token opens."""
    if wanted.get("fixture") is not None:
        return to_baseline(Source("fixture", "", wanted["fixture"]))
    if wanted.get("from"):
        return admin.world.by_name(wanted["from"]).baseline
    return admin.environment().baseline


def _present(environment: Environment) -> dict[str, Any]:
    return {
        "name": environment.name,
        "tokens": [masked(token) for token in environment.tokens],
        "agents": len(environment.agent_ids()),
        "errors": len(environment.errors),
    }
