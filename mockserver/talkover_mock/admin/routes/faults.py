"""`faults`: make the API or its deliveries fail on purpose, as often as the test asks for."""

from collections.abc import Mapping
from typing import Any

from talkover_mock.admin import contents, delivery_faults
from talkover_mock.admin.bodies import admin_answer, json_object
from talkover_mock.admin.checks import (
    choice_of,
    flag_of,
    number_in,
    object_of,
    refuse_unknown_keys,
    seconds_in,
    value_of,
    whole_of,
)
from talkover_mock.admin.problems import Problem
from talkover_mock.admin.routing import Admin
from talkover_mock.admin.search import count_of
from talkover_mock.base.contents import A_JSON_VALUE, is_json
from talkover_mock.base.headers import SERVERS_HEADERS, are_headers
from talkover_mock.base.shapes import faults as shapes
from talkover_mock.deliveries.faults import ACTIONS as ON_DELIVERIES
from talkover_mock.deliveries.faults import DeliveryFault
from talkover_mock.dialect.endpoints import READS
from talkover_mock.environments.call_faults import ACTIONS, HOLD, PRESETS, STALE, CallFault, Respond
from talkover_mock.environments.environment import Environment
from talkover_mock.environments.faults import Fault, Limits
from talkover_mock.web.answers import Answer
from talkover_mock.web.request import MockRequest
from talkover_mock.web.routes import METHODS, is_api_pattern
from talkover_mock.web.waiting import Waiting

_MOST_SECONDS = 600
_A_DELAY = f"a number of seconds from 0 to {_MOST_SECONDS}"
LIMITS = Limits._fields
KEYS = ("on", "match", "preset", "headers", "respond", "action", "delay_seconds", "apply", *LIMITS)
"""The keys of a fault on calls."""
_MATCH = ("method", "path", *contents.KEYS)
_RESPOND = ("status", "headers", "body")
_DEEPER = [*(f"match.{key}" for key in _MATCH), *(f"respond.{key}" for key in _RESPOND)]

_DEFAULTS, _ALWAYS = CallFault(), Limits()


def register(admin: Admin) -> None:
    admin.route("GET", "/faults", _list)
    admin.route("POST", "/faults", _add)
    admin.route("DELETE", "/faults", _remove_all)
    admin.route("GET", "/faults/<id>", _read, query=("struck", "wait"))
    admin.route("DELETE", "/faults/<id>", _remove)


def _list(_: MockRequest, environment: Environment) -> Answer:
    return admin_answer({"faults": [present(fault) for fault in environment.faults.all()]})


def _add(request: MockRequest, environment: Environment) -> Answer:
    given: dict[Any, Any] = json_object(request)
    wanted = {"on" if key is True else key: value for key, value in given.items()}  # YAML reads `on` as true
    on_deliveries = choice_of(wanted, "on", ("calls", "deliveries")) == "deliveries"
    spec = delivery_faults.read(wanted, LIMITS, request, environment) if on_deliveries else _spec(wanted)
    return admin_answer(present(environment.add_fault(spec, _limits(wanted))), 201)


def _read(request: MockRequest, environment: Environment, id: str) -> Answer | Waiting:
    """The fault; `wait` first waits so many seconds until it has struck `struck` times."""
    struck = count_of(request, "struck")
    wait = seconds_in(request.query_value("wait"), "wait")
    fault, reached = environment.faults.expect(id, 1 if struck is None else struck)
    return Waiting(reached, wait, lambda: admin_answer(present(fault)))


def _remove_all(_: MockRequest, environment: Environment) -> Answer:
    return admin_answer({"removed": environment.faults.remove_all()})


def _remove(_: MockRequest, environment: Environment, id: str) -> Answer:
    environment.faults.remove(id)
    return admin_answer({"removed": 1})


def present(fault: Fault[Any]) -> shapes.Fault:
    """The fault as it was asked for, with the numbers of calls or deliveries that it has matched and struck."""
    spec, limits = fault.spec, fault.limits
    limited: shapes.Limited = {
        "times": limits.times,
        "after": limits.after,
        "probability": limits.probability,
        "seed": limits.seed,
    }
    counts: shapes.Counts = {"matched": fault.matched, "struck": fault.struck}
    if isinstance(spec, DeliveryFault):
        return {"id": fault.id, "on": "deliveries", **delivery_faults.present(spec), **limited, **counts}
    return {"id": fault.id, "on": "calls", **_present(spec), **limited, **counts}


def _present(spec: CallFault) -> shapes.CallDetails:
    respond = spec.respond
    return {
        "match": {"method": spec.method, "path": spec.path, **contents.present(spec.content)},
        "preset": spec.preset,
        "headers": dict(spec.headers),
        "respond": {"status": respond.status, "headers": respond.headers, "body": respond.body} if respond else None,
        "action": spec.action,
        "delay_seconds": spec.delay_seconds,
        "apply": spec.apply,
    }


def _limits(wanted: Mapping[str, Any]) -> Limits:
    return Limits(
        times=whole_of(wanted, "times", _ALWAYS.times, least=1),
        after=whole_of(wanted, "after", _ALWAYS.after),
        probability=value_of(wanted, "probability", _ALWAYS.probability, _is_probability, "a number from 0 to 1"),
        seed=whole_of(wanted, "seed", _ALWAYS.seed),
    )


def _spec(wanted: dict[str, Any]) -> CallFault:
    """The fault on calls that a body asks for. Raises Problem 422 with the expected and the given value."""
    action = wanted.get("action")
    if isinstance(action, str) and action in ON_DELIVERIES and action not in ACTIONS:
        raise Problem(422, "Bad value", f'{action} strikes deliveries; add "on": "deliveries"')
    refuse_unknown_keys(wanted, KEYS, deeper=_DEEPER)
    kinds = [key for key in ("preset", "respond", "action") if wanted.get(key) is not None]
    if len(kinds) > 1:
        raise Problem(422, "Two faults in one", f"give one of preset, respond and action, not {' and '.join(kinds)}")
    if not kinds and not wanted.get("delay_seconds"):
        raise Problem(422, "No fault", "give a preset, respond, action or delay_seconds", presets=list(PRESETS))
    match = object_of(wanted, "match", _MATCH)
    spec = CallFault(
        method=choice_of(match, "match.method", METHODS),
        path=_path(match),
        preset=choice_of(wanted, "preset", tuple(PRESETS)),
        headers=_headers(wanted, "headers"),
        respond=_respond(wanted),
        action=choice_of(wanted, "action", ACTIONS),
        delay_seconds=value_of(wanted, "delay_seconds", _DEFAULTS.delay_seconds, _is_delay, _A_DELAY),
        apply=flag_of(wanted, "apply", _DEFAULTS.apply),
        content=contents.content_of(match, "match."),
    )
    _refuse_contradictions(spec)
    return spec


def _refuse_contradictions(spec: CallFault) -> None:
    """Raises Problem 422 for details that mean nothing beside the rest."""
    if spec.headers and not spec.preset:
        raise Problem(422, "Bad value", "headers belong to a preset; your own answer has respond.headers")
    if spec.action in (HOLD, STALE) and (spec.apply or spec.delay_seconds):
        raise Problem(422, "Bad value", f"{spec.action} has neither apply nor delay_seconds")
    if spec.action == STALE and spec.method not in (None, *READS):
        raise Problem(422, "Bad value", f"{STALE} strikes only GET and HEAD (got match.method {spec.method})")


def _respond(wanted: Mapping[str, Any]) -> Respond | None:
    if wanted.get("respond") is None:
        return None
    given = object_of(wanted, "respond", _RESPOND)
    status = whole_of(given, "respond.status", 200, least=200, most=599)
    headers = _headers(given, "respond.headers")
    return Respond(status, headers, value_of(given, "respond.body", None, is_json, A_JSON_VALUE))


def _headers(given: Mapping[str, Any], name: str) -> dict[str, str]:
    headers: dict[str, str] = value_of(given, name, {}, are_headers, "an object of header names and texts on one line")
    for each in headers:
        if each.lower() in SERVERS_HEADERS:
            detail = f"{name} must not have {each}, which the server sets (an action can end the connection)"
            raise Problem(422, "Bad value", detail)
    return headers


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
