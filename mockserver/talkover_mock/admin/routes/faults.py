"""`faults`: make the API fail on purpose, as often as is asked for."""

import math
from collections.abc import Callable, Mapping
from typing import Any

from flask import Response, request

from talkover_mock.admin.bodies import admin_response, json_object, refuse_unknown_keys
from talkover_mock.admin.problems import Problem
from talkover_mock.admin.routing import Admin
from talkover_mock.base.headers import HEADER_NAME
from talkover_mock.base.words import brief, nearest
from talkover_mock.environments.faults import ACTIONS, PRESETS, Fault, FaultSpec, Respond
from talkover_mock.web.routes import METHODS, is_api_pattern

_MOST_MILLISECONDS = 600_000
KEYS = ("match", "preset", "respond", "action", "delay_ms", "times", "after", "probability", "seed", "apply")

_SERVERS_HEADERS = (
    *("connection", "content-length", "keep-alive", "proxy-authenticate", "proxy-authorization"),
    *("te", "trailers", "transfer-encoding", "upgrade"),
)
"""What only the server can say: where an answer ends, and what becomes of the connection."""
_DEEPEST = 100

Check = Callable[[Any], bool]


def register(admin: Admin) -> None:
    def list_all() -> Response:
        return admin_response({"faults": [present(fault) for fault in admin.environment().faults.all()]})

    def add() -> Response:
        spec = _spec(json_object(request))
        return admin_response(present(admin.environment().faults.add(spec)), 201)

    def clear() -> Response:
        return admin_response({"deleted": admin.environment().faults.remove()})

    def remove(id: str) -> Response:
        faults = admin.environment().faults
        if not faults.remove(id):
            known = ", ".join(fault.id for fault in faults.all()) or "none"
            raise Problem(404, "No such fault", f"no fault has the id {brief(id)}; there are {known}")
        return admin_response({"deleted": 1})

    admin.route("GET", "/faults", list_all)
    admin.route("POST", "/faults", add)
    admin.route("DELETE", "/faults", clear)
    admin.route("DELETE", "/faults/<id>", remove)


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
    match = _object(wanted, "match", ("method", "path"))
    return FaultSpec(
        method=_one_of(match, "match.method", METHODS),
        path=_value(match, "match.path", None, _is_path, "a path such as /api/v1/agents/*; * stands for anything"),
        preset=_one_of(wanted, "preset", tuple(PRESETS)),
        respond=_respond(wanted),
        action=_one_of(wanted, "action", ACTIONS),
        delay_ms=_whole(wanted, "delay_ms", 0, most=_MOST_MILLISECONDS),
        times=_whole(wanted, "times", None, least=1),
        after=_whole(wanted, "after", 0),
        probability=_value(wanted, "probability", 1.0, _is_probability, "a number from 0 to 1"),
        seed=_whole(wanted, "seed", None),
        apply=_value(wanted, "apply", False, lambda v: isinstance(v, bool), "true or false"),
    )


def _respond(wanted: Mapping[str, Any]) -> Respond | None:
    if wanted.get("respond") is None:
        return None
    given = _object(wanted, "respond", ("status", "headers", "body"))
    status = _whole(given, "respond.status", 200, least=200, most=599)
    headers = _value(given, "respond.headers", {}, _is_headers, "an object of header names and texts on one line")
    for name in headers:
        if name.lower() in _SERVERS_HEADERS:
            detail = f"respond.headers: {name} is the server's own; leave it out (an action can end the connection)"
            raise Problem(422, "Bad value", detail)
    body = _value(given, "respond.body", None, _is_json, f"a text, or JSON of at most {_DEEPEST} levels")
    return Respond(status, headers, body)


def _object(wanted: Mapping[str, Any], key: str, known: tuple[str, ...]) -> dict[str, Any]:
    given: dict[str, Any] = _value(wanted, key, {}, lambda v: isinstance(v, dict), f"an object of {', '.join(known)}")
    refuse_unknown_keys(given, known, f"{key}.")
    return given


def _value(wanted: Mapping[str, Any], name: str, default: Any, check: Check, expected: str) -> Any:
    """The value of a key that may be missing; `name` is its path."""
    value = wanted.get(name.rpartition(".")[2])
    if value is None:
        return default
    if not check(value):
        raise Problem(422, "Bad value", f"{name} must be {expected} (got {brief(value)})")
    return value


def _whole(wanted: Mapping[str, Any], name: str, default: Any, *, least: int = 0, most: int = 2**63 - 1) -> Any:
    expected = f"a whole number from {least} to {most}" if most < 2**63 - 1 else f"a whole number, {least} or more"
    value = _value(wanted, name, default, lambda v: _is_whole(v) and least <= v <= most, expected)
    return int(value) if isinstance(value, float) else value


def _one_of(wanted: Mapping[str, Any], name: str, options: tuple[str, ...]) -> Any:
    value = wanted.get(name.rpartition(".")[2])
    expected = f"one of {', '.join(options)}{nearest(value, options)}"
    return _value(wanted, name, None, lambda v: isinstance(v, str) and v in options, expected)


def _is_whole(value: Any) -> bool:
    """2.0 is one too, as it is to JSON Schema."""
    return type(value) is int or (isinstance(value, float) and value.is_integer())


def _is_probability(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value <= 1


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
