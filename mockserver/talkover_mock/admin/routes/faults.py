"""`faults`: make the API fail on purpose, for as many calls as the test asks for."""

from collections.abc import Mapping
from typing import Any

from talkover_mock.admin.bodies import admin_answer, json_object
from talkover_mock.admin.checks import (
    A_JSON_VALUE,
    choice_of,
    flag_of,
    is_json,
    number_in,
    object_of,
    refuse_unknown_keys,
    value_of,
    whole_of,
)
from talkover_mock.admin.problems import Problem
from talkover_mock.admin.routing import Admin
from talkover_mock.base.headers import SERVERS_HEADERS, are_headers
from talkover_mock.environments.environment import Environment
from talkover_mock.environments.faults import ACTIONS, PRESETS, Fault, FaultSpec, Respond
from talkover_mock.web.answers import Answer
from talkover_mock.web.request import MockRequest
from talkover_mock.web.routes import METHODS, is_api_pattern

_MOST_SECONDS = 600
_A_DELAY = f"a number of seconds from 0 to {_MOST_SECONDS}"
KEYS = ("match", "preset", "respond", "action", "delay_seconds", "times", "after", "probability", "seed", "apply")

_DEFAULTS = FaultSpec()


def register(admin: Admin) -> None:
    admin.route("GET", "/faults", _list)
    admin.route("POST", "/faults", _add)
    admin.route("DELETE", "/faults", _remove_all)
    admin.route("DELETE", "/faults/<id>", _remove)


def _list(_: MockRequest, environment: Environment) -> Answer:
    return admin_answer({"faults": [present(fault) for fault in environment.faults.all()]})


def _add(request: MockRequest, environment: Environment) -> Answer:
    return admin_answer(present(environment.faults.add(_spec(json_object(request)))), 201)


def _remove_all(_: MockRequest, environment: Environment) -> Answer:
    return admin_answer({"removed": environment.faults.remove_all()})


def _remove(_: MockRequest, environment: Environment, id: str) -> Answer:
    environment.faults.remove(id)
    return admin_answer({"removed": 1})


def present(fault: Fault) -> dict[str, Any]:
    """The fault as it was asked for, with the numbers of requests that it has matched and struck."""
    spec = fault.spec
    return {
        "id": fault.id,
        "match": {"method": spec.method, "path": spec.path},
        "preset": spec.preset,
        "respond": spec.respond._asdict() if spec.respond else None,
        "action": spec.action,
        "delay_seconds": spec.delay_seconds,
        "times": spec.times,
        "after": spec.after,
        "probability": spec.probability,
        "seed": spec.seed,
        "apply": spec.apply,
        "matched": fault.seen,
        "struck": fault.struck,
    }


def _spec(wanted: dict[str, Any]) -> FaultSpec:
    """The fault that a body asks for. Raises Problem 422 with the expected and the given value."""
    refuse_unknown_keys(wanted, KEYS)
    kinds = [key for key in ("preset", "respond", "action") if wanted.get(key) is not None]
    if len(kinds) > 1:
        raise Problem(422, "Two faults in one", f"give one of preset, respond and action, not {' and '.join(kinds)}")
    if not kinds and not wanted.get("delay_seconds"):
        raise Problem(422, "No fault", "give a preset, respond, action or delay_seconds", presets=list(PRESETS))
    match = object_of(wanted, "match", ("method", "path"))
    return FaultSpec(
        method=choice_of(match, "match.method", METHODS),
        path=_path(match),
        preset=choice_of(wanted, "preset", tuple(PRESETS)),
        respond=_respond(wanted),
        action=choice_of(wanted, "action", ACTIONS),
        delay_seconds=value_of(wanted, "delay_seconds", _DEFAULTS.delay_seconds, _is_delay, _A_DELAY),
        times=whole_of(wanted, "times", _DEFAULTS.times, least=1),
        after=whole_of(wanted, "after", _DEFAULTS.after),
        probability=value_of(wanted, "probability", _DEFAULTS.probability, _is_probability, "a number from 0 to 1"),
        seed=whole_of(wanted, "seed", _DEFAULTS.seed),
        apply=flag_of(wanted, "apply", _DEFAULTS.apply),
    )


def _respond(wanted: Mapping[str, Any]) -> Respond | None:
    if wanted.get("respond") is None:
        return None
    given = object_of(wanted, "respond", ("status", "headers", "body"))
    status = whole_of(given, "respond.status", 200, least=200, most=599)
    headers = value_of(given, "respond.headers", {}, are_headers, "an object of header names and texts on one line")
    for name in headers:
        if name.lower() in SERVERS_HEADERS:
            detail = f"respond.headers must not have {name}, which the server sets (an action can end the connection)"
            raise Problem(422, "Bad value", detail)
    return Respond(status, headers, value_of(given, "respond.body", None, is_json, A_JSON_VALUE))


def _is_delay(value: Any) -> bool:
    return number_in(value, 0, _MOST_SECONDS)


def _is_probability(value: Any) -> bool:
    return number_in(value, 0, 1)


def _path(match: Mapping[str, Any]) -> str | None:
    """The pattern of paths, with the nearest pattern for one that no path of the API can match. Raises Problem 422."""
    given: Any = match.get("path")
    is_part = isinstance(given, str) and given.strip("/") and "://" not in given and not given.startswith("/api")
    near = f"; did you mean */{given.lstrip('/')}?" if is_part else ""
    expected = f"a path such as /api/v1/agents/*; * matches anything{near}"
    path: str | None = value_of(match, "match.path", None, _is_path, expected)
    return path


def _is_path(value: Any) -> bool:
    return isinstance(value, str) and is_api_pattern(value)
