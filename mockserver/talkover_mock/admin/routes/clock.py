"""`clock`: freeze the environment's time, move it by hand, and let it go."""

from datetime import datetime, timedelta, timezone
from typing import Any

from flask import Response, request

from talkover_mock.admin.bodies import admin_response, json_object, refuse_unknown_keys
from talkover_mock.admin.problems import Problem
from talkover_mock.admin.routing import Admin
from talkover_mock.base.moments import to_milliseconds, to_moment, to_seconds
from talkover_mock.base.words import brief
from talkover_mock.environments.environment import Environment
from talkover_mock.web.request import this_request

_MOST_SECONDS = 10 * 366 * 86_400
_EARLIEST, _LATEST = (datetime(year, 1, 1, tzinfo=timezone.utc) for year in (1970, 2500))
"""Between these, every sum of a moment and a pause is a moment."""


def register(admin: Admin) -> None:
    def read() -> Response:
        return _present(admin.environment())

    def freeze() -> Response:
        now = _moment(_only(json_object(request), "now"))
        environment = admin.environment()
        connection = this_request().connection
        with connection.extra_thread():
            environment.freeze(now, connection.is_gone)
        return _present(environment)

    def advance() -> Response:
        seconds = _seconds(_only(json_object(request), "seconds"))
        environment = admin.environment()
        if environment.clock.moment() + timedelta(seconds=seconds) > _LATEST:
            raise Problem(422, "Bad time", f"the clock goes no further than {to_seconds(_LATEST)}")
        connection = this_request().connection
        with connection.extra_thread():
            environment.deliveries.advance(seconds, connection.is_gone)
        return _present(environment)

    def release() -> Response:
        environment = admin.environment()
        environment.unfreeze()
        return _present(environment)

    admin.route("GET", "/clock", read)
    admin.route("PUT", "/clock", freeze)
    admin.route("DELETE", "/clock", release)
    admin.route("POST", "/clock/advance", advance)


def _present(environment: Environment) -> Response:
    return admin_response({"now": to_milliseconds(environment.clock.moment()), "frozen": environment.clock.is_frozen})


def _only(wanted: dict[str, Any], key: str) -> Any:
    """The value of the one key that there may be. Raises Problem 422."""
    refuse_unknown_keys(wanted, (key,))
    return wanted.get(key)


def _moment(now: object) -> datetime | None:
    """None is now. Raises Problem 422."""
    moment = to_moment(now)
    if now is not None and (moment is None or not _EARLIEST <= moment <= _LATEST):
        detail = f"now must be a moment such as 2025-09-03T23:19:51Z, from 1970 to 2499 (got {brief(now)})"
        raise Problem(422, "Bad moment", detail)
    return moment


def _seconds(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= _MOST_SECONDS:
        detail = f"seconds must be a number from 0 to {_MOST_SECONDS} (got {brief(value)})"
        raise Problem(422, "Bad time", detail)
    return value
