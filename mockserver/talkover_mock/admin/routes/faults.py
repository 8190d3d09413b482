"""`faults`: make the API fail on purpose, as often as is asked for."""

import math
from collections.abc import Mapping
from typing import Any

from talkover_mock.admin.bodies import admin_answer, json_object
from talkover_mock.admin.checks import choice_of, flag_of, number_in, object_of, refuse_unknown_keys, value_of, whole_of
from talkover_mock.admin.problems import Problem
from talkover_mock.admin.routing import Admin
from talkover_mock.base.headers import HEADER_NAME
from talkover_mock.base.words import brief
from talkover_mock.environments.environment import Environment
from talkover_mock.environments.faults import ACTIONS, PRESETS, Fault, FaultSpec, Respond
from talkover_mock.web.answers import Answer
from talkover_mock.web.request import MockRequest
from talkover_mock.web.routes import METHODS, is_api_pattern

_MOST_MILLISECONDS = 600_000
KEYS = ("match", "preset", "respond", "action", "delay_ms", "times", "after", "probability", "seed", "apply")

_SERVERS_HEADERS = (
    *("connection", "content-length", "keep-alive", "proxy-authenticate", "proxy-authorization"),
    *("te", "trailers", "transfer-encoding", "upgrade"),
)
"""What only the server can say: where an answer ends, and what becomes of the connection."""
_DEEPEST = 100


def register(admin: Admin) -> None:
    admin.route("GET", "/faults", _list)
    admin.route("POST", "/faults", _add)
    admin.route("DELETE", "/faults", _clear)
    admin.route("DELETE", "/faults/<id>", _remove)


def _list(_: MockRequest, environment: Environment) -> Answer:
    return admin_answer({"faults": [present(fault) for fault in environment.faults.all()]})


def _add(request: MockRequest, environment: Environment) -> Answer:
    return admin_answer(present(environment.faults.add(_spec(json_object(request)))), 201)


def _clear(_: MockRequest, environment: Environment) -> Answer:
    return admin_answer({"deleted": environment.faults.remove()})


def _remove(_: MockRequest, environment: Environment, id: str) -> Answer:
    faults = environment.faults
    if not faults.remove(id):
        known = ", ".join(fault.id for fault in faults.all()) or "none"
        raise Problem(404, "No such fault", f"no fault has the id {brief(id)}; there are {known}")
    return admin_answer({"deleted": 1})


def present(fault: Fault) -> dict[str, Any]:
    """What was asked for, and what has come of it: how many requests matched, and how many were hit."""
    spec = fault.spec
    return {
        "id": fault.id,
        "match": {"method": spec.method, "path": spec.path},
        "preset": spec.preset,
        "respond": spec.respond._asdict() if spec.respond else None,
        "action": spec.action,
        "delay_ms": spec.delay_ms,
        "times": spec.times,
        "after": spec.after,
        "probability": spec.probability,
        "seed": spec.seed,
        "apply": spec.apply,
        "matched": fault.seen,
        "struck": fault.struck,
    }


def _spec(wanted: dict[str, Any]) -> FaultSpec:
    """Raises Problem 422 with what was expected and what came."""
    refuse_unknown_keys(wanted, KEYS)
    kinds = [key for key in ("preset", "respond", "action") if wanted.get(key) is not None]
    if len(kinds) > 1:
        raise Problem(422, "Two faults in one", f"give one of preset, respond and action, not {' and '.join(kinds)}")
    if not kinds and not wanted.get("delay_ms"):
        raise Problem(422, "No fault", "give a preset, respond, action or delay_ms", presets=list(PRESETS))
    match = object_of(wanted, "match", ("method", "path"))
    return FaultSpec(
        method=choice_of(match, "match.method", METHODS),
        path=value_of(match, "match.path", None, _is_path, "a path such as /api/v1/agents/*; * stands for anything"),
        preset=choice_of(wanted, "preset", tuple(PRESETS)),
        respond=_respond(wanted),
        action=choice_of(wanted, "action", ACTIONS),
        delay_ms=whole_of(wanted, "delay_ms", 0, most=_MOST_MILLISECONDS),
        times=whole_of(wanted, "times", None, least=1),
        after=whole_of(wanted, "after", 0),
        probability=value_of(wanted, "probability", 1.0, _is_probability, "a number from 0 to 1"),
        seed=whole_of(wanted, "seed", None),
        apply=flag_of(wanted, "apply"),
    )


def _respond(wanted: Mapping[str, Any]) -> Respond | None:
    if wanted.get("respond") is None:
        return None
    given = object_of(wanted, "respond", ("status", "headers", "body"))
    status = whole_of(given, "respond.status", 200, least=200, most=599)
    headers = value_of(given, "respond.headers", {}, _is_headers, "an object of header names and texts on one line")
    for name in headers:
        if name.lower() in _SERVERS_HEADERS:
            detail = f"respond.headers: {name} is the server's own; leave it out (an action can end the connection)"
            raise Problem(422, "Bad value", detail)
    body = value_of(given, "respond.body", None, _is_json, f"a text, or JSON of at most {_DEEPEST} levels")
    return Respond(status, headers, body)


def _is_probability(value: Any) -> bool:
    return number_in(value, 0, 1)


def _is_headers(value: Any) -> bool:
    return isinstance(value, dict) and all(
        isinstance(name, str) and HEADER_NAME.fullmatch(name) and isinstance(text, str) and _is_line(text)
        for name, text in value.items()
    )


def _is_line(text: str) -> bool:
    return text.isprintable() and text.isascii()


def _is_path(value: Any) -> bool:
    return isinstance(value, str) and is_api_pattern(value)


def _is_json(value: Any, depth: int = 0) -> bool:
    """Whether it can be sent and shown: YAML also has moments, and brackets can be nested beyond measure."""
    if isinstance(value, dict):
        return all(isinstance(key, str) for key in value) and _is_json(list(value.values()), depth)
    if isinstance(value, list):
        return depth < _DEEPEST and all(_is_json(each, depth + 1) for each in value)
    return math.isfinite(value) if isinstance(value, float) else isinstance(value, str | int | None)
