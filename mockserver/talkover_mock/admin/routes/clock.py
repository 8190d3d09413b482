"""`clock`: freeze the environment's time, advance it by hand, and unfreeze it."""

from datetime import datetime, timedelta, timezone
from typing import Any

from talkover_mock.admin.bodies import admin_answer, json_object
from talkover_mock.admin.checks import number_in, refuse_unknown_keys, required_of, value_of
from talkover_mock.admin.problems import Problem
from talkover_mock.admin.routing import Admin
from talkover_mock.base.moments import to_milliseconds, to_moment, to_seconds
from talkover_mock.base.shapes.admin import Clock
from talkover_mock.environments.environment import Environment
from talkover_mock.web.answers import Answer
from talkover_mock.web.request import MockRequest

_MOST_SECONDS = 10 * 366 * 86_400
_EARLIEST, _LATEST = (datetime(year, 1, 1, tzinfo=timezone.utc) for year in (1970, 2500))
"""Bounds of the clock: a moment between them plus any pause is still a valid datetime."""


def register(admin: Admin) -> None:
    admin.route("GET", "/clock", _read)
    admin.route("PUT", "/clock", _freeze)
    admin.route("DELETE", "/clock", _unfreeze)
    admin.route("POST", "/clock/advance", _advance)
    admin.route("POST", "/clock/settle", _settle, body=())


def _read(_: MockRequest, environment: Environment) -> Answer:
    return _present(environment)


def _freeze(request: MockRequest, environment: Environment) -> Answer:
    now = _moment(json_object(request))
    environment.freeze(now, request.connection.is_gone)
    return _present(environment)


def _unfreeze(_: MockRequest, environment: Environment) -> Answer:
    environment.unfreeze()
    return _present(environment)


def _advance(request: MockRequest, environment: Environment) -> Answer:
    seconds = _seconds(json_object(request))
    if environment.clock.moment() + timedelta(seconds=seconds) > _LATEST:
        raise Problem(422, "Bad value", f"the clock goes no further than {to_seconds(_LATEST)}")
    environment.deliveries.advance(seconds, request.connection.is_gone)
    return _present(environment)


def _settle(request: MockRequest, environment: Environment) -> Answer:
    environment.deliveries.advance(None, request.connection.is_gone)
    return _present(environment)


def _present(environment: Environment) -> Answer:
    clock: Clock = {"now": to_milliseconds(environment.clock.moment()), "frozen": environment.clock.is_frozen}
    return admin_answer(clock)


def _moment(wanted: dict[str, Any]) -> datetime | None:
    """The moment that a body asks for, or None for the clock's own time. Raises Problem 422."""
    refuse_unknown_keys(wanted, ("now",))
    expected = "a moment such as 2025-09-03T23:19:51Z, from 1970 to 2499"
    return to_moment(value_of(wanted, "now", None, _is_moment, expected))


def _is_moment(value: object) -> bool:
    moment = to_moment(value)
    return moment is not None and _EARLIEST <= moment <= _LATEST


def _seconds(wanted: dict[str, Any]) -> float:
    """The seconds that a body asks for. Raises Problem 422."""
    refuse_unknown_keys(wanted, ("seconds",))
    expected = f"a number from 0 to {_MOST_SECONDS}"
    return float(required_of(wanted, "seconds", lambda v: number_in(v, 0, _MOST_SECONDS), expected))
