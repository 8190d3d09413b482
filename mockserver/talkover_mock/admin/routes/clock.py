"""`clock`: freeze the environment's time, advance it by hand, and unfreeze it."""

from datetime import datetime, timedelta, timezone
from typing import Any

from talkover_mock.admin.bodies import admin_answer, json_object
from talkover_mock.admin.checks import number_in, refuse_unknown_keys
from talkover_mock.admin.problems import Problem
from talkover_mock.admin.routing import Admin
from talkover_mock.base.moments import to_milliseconds, to_moment, to_seconds
from talkover_mock.base.words import brief
from talkover_mock.environments.environment import Environment
from talkover_mock.web.answers import Answer
from talkover_mock.web.request import MockRequest

_MOST_SECONDS = 10 * 366 * 86_400
_EARLIEST, _LATEST = (datetime(year, 1, 1, tzinfo=timezone.utc) for year in (1970, 2500))
"""Between these, every sum of a moment and a pause is a moment."""


def register(admin: Admin) -> None:
    admin.route("GET", "/clock", _read)
    admin.route("PUT", "/clock", _freeze)
    admin.route("DELETE", "/clock", _unfreeze)
    admin.route("POST", "/clock/advance", _advance)


def _read(_: MockRequest, environment: Environment) -> Answer:
    return _present(environment)


def _freeze(request: MockRequest, environment: Environment) -> Answer:
    now = _moment(_only(json_object(request), "now"))
    with request.connection.extra_thread():
        environment.freeze(now, request.connection.is_gone)
    return _present(environment)


def _unfreeze(_: MockRequest, environment: Environment) -> Answer:
    environment.unfreeze()
    return _present(environment)


def _advance(request: MockRequest, environment: Environment) -> Answer:
    seconds = _seconds(_only(json_object(request), "seconds"))
    if environment.clock.moment() + timedelta(seconds=seconds) > _LATEST:
        raise Problem(422, "Bad time", f"the clock goes no further than {to_seconds(_LATEST)}")
    with request.connection.extra_thread():
        environment.deliveries.advance(seconds, request.connection.is_gone)
    return _present(environment)


def _present(environment: Environment) -> Answer:
    return admin_answer({"now": to_milliseconds(environment.clock.moment()), "frozen": environment.clock.is_frozen})


def _only(wanted: dict[str, Any], key: str) -> Any:
    """The value of the only key that the object may have. Raises Problem 422."""
    refuse_unknown_keys(wanted, (key,))
    return wanted.get(key)


def _moment(now: object) -> datetime | None:
    """The moment of a text, or None for the clock's own. Raises Problem 422."""
    moment = to_moment(now)
    if now is not None and (moment is None or not _EARLIEST <= moment <= _LATEST):
        detail = f"now must be a moment such as 2025-09-03T23:19:51Z, from 1970 to 2499 (got {brief(now)})"
        raise Problem(422, "Bad moment", detail)
    return moment


def _seconds(value: Any) -> float:
    """Raises Problem 422."""
    if not number_in(value, 0, _MOST_SECONDS):
        detail = f"seconds must be a number from 0 to {_MOST_SECONDS} (got {brief(value)})"
        raise Problem(422, "Bad time", detail)
    return float(value)
