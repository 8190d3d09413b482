"""`environments`: open isolated environments beside the fixture's, list, mark and close them."""

from collections.abc import Sequence
from typing import Any, get_args

from talkover_mock.admin.bodies import admin_answer, json_object
from talkover_mock.admin.checks import object_of, refuse_unknown_keys, required_of, text_of, value_of, whole_of
from talkover_mock.admin.problems import Problem
from talkover_mock.admin.routes.requests import present
from talkover_mock.admin.routing import Admin, environment_of
from talkover_mock.base.headers import masked
from talkover_mock.base.shapes import admin as shapes
from talkover_mock.base.shapes.values import EnvironmentMark
from talkover_mock.base.words import cut, nearest
from talkover_mock.dialect.endpoints import API
from talkover_mock.environments.environment import Environment
from talkover_mock.environments.schedules import NUMBER, Schedule, order_of
from talkover_mock.environments.world import World
from talkover_mock.loading.fixture import to_baseline
from talkover_mock.loading.mistakes import Source
from talkover_mock.state.store import Baseline
from talkover_mock.web.answers import Answer
from talkover_mock.web.request import MockRequest

_TEXTS = ("name", "token", "from", "title")
_LONGEST_TITLE = 500
_SCHEDULE_KEYS = ("seed", "only")
_MARKS: Sequence[str] = get_args(EnvironmentMark)


def register(admin: Admin) -> None:
    admin.public_route("GET", "/environments", _list, query=("find",))
    admin.public_route("POST", "/environments", _open, query=())
    admin.public_route("GET", "/environments/<name>", _read, query=())
    admin.public_route("PATCH", "/environments/<name>", _mark, query=())
    admin.public_route("DELETE", "/environments/<name>", _close, query=())


def _list(request: MockRequest) -> Answer:
    """All environments, or those with the text of `find` in their name or title."""
    found = request.world.find(request.query_value("find") or "")
    return admin_answer({"environments": [_present(each, request.world) for each in found]})


def _open(request: MockRequest) -> Answer:
    wanted = _checked(json_object(request))
    origin, schedule = _origin(request, wanted), _schedule(wanted)
    environment = request.world.open(
        origin, wanted.get("name"), wanted.get("token"), schedule, cut(wanted.get("title") or "", _LONGEST_TITLE)
    )
    url = request.root_url
    body: shapes.OpenedEnvironment = {
        "name": environment.name,
        "token": environment.tokens[0],
        "url": url,
        "api_url": f"{url}{API}",
    }
    return admin_answer(body, 201)


def _read(request: MockRequest, name: str) -> Answer:
    return admin_answer(_present(request.world.by_name(name), request.world))


def _mark(request: MockRequest, name: str) -> Answer:
    wanted = json_object(request)
    refuse_unknown_keys(wanted, ("state",))
    environment = request.environment_or_none = request.world.by_name(name)
    expected = f"one of {', '.join(_MARKS)}{nearest(wanted.get('state'), _MARKS)}"
    request.world.mark(name, required_of(wanted, "state", lambda state: state in _MARKS, expected))
    body: shapes.MarkedEnvironment = {
        "name": environment.name,
        "state": request.world.state_of(environment),
        "errors": environment.errors,
        "unmatched": [present(each) for each in environment.journal.unmatched()],
        **_present_schedule(environment),
    }
    return admin_answer(body)


def _close(request: MockRequest, name: str) -> Answer:
    schedule = _present_schedule(request.world.by_name(name))
    environment = request.world.close(name)
    body: shapes.ClosedEnvironment = {
        "name": environment.name,
        "closed": True,
        "errors": environment.errors,
        "unmatched": [present(each) for each in environment.journal.unmatched()],
        **schedule,
    }
    return admin_answer(body)


def _checked(wanted: dict[str, Any]) -> dict[str, Any]:
    """The body of a request that opens an environment. Raises Problem 422."""
    refuse_unknown_keys(wanted, (*_TEXTS, "fixture", "schedule"))
    for key in _TEXTS:
        text_of(wanted, key)
    if wanted.get("from") and wanted.get("fixture") is not None:
        raise Problem(422, "Two baselines", "give either from or fixture, not both")
    return wanted


def _schedule(wanted: dict[str, Any]) -> Schedule | None:
    """The schedule that a body asks for: a seed, or an object with one. Raises Problem 422."""
    if wanted.get("schedule") is None:
        return None
    if not isinstance(wanted["schedule"], dict):
        return Schedule(whole_of(wanted, "schedule", 0))
    given = object_of(wanted, "schedule", _SCHEDULE_KEYS)
    only = value_of(given, "schedule.only", None, _are_numbers, 'an array of numbers of disturbances such as "3"')
    required_of(given, "schedule.seed", lambda seed: seed is not None, "a whole number, 0 or more")
    return Schedule(whole_of(given, "schedule.seed", 0), only)


def _are_numbers(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(each, str) and NUMBER.fullmatch(each) for each in value)


def _origin(request: MockRequest, wanted: dict[str, Any]) -> Environment | Baseline:
    """The baseline of the given `fixture`, the environment named by `from`, or else the token's environment.

    A request with the token of the new environment itself, by which a balancer finds its server, gets the default's.
    """
    if wanted.get("fixture") is not None:
        return to_baseline(Source("fixture", "", wanted["fixture"]))
    if wanted.get("from"):
        return request.world.by_name(wanted["from"])
    if request.bearer_token and request.bearer_token == wanted.get("token"):
        return request.world.default
    return environment_of(request)


def _present(environment: Environment, world: World) -> shapes.Environment:
    return {
        "name": environment.name,
        "title": environment.title or None,
        "state": world.state_of(environment),
        "tokens": [masked(token) for token in environment.tokens],
        "agents": len(environment.agent_ids()),
        "errors": len(environment.errors),
        **_present_schedule(environment),
    }


def _present_schedule(environment: Environment) -> shapes.Scheduled:
    """`schedule`, if there is one, with the disturbances that have struck and the deliveries as they were sent."""
    disturbances = environment.disturbances
    if disturbances is None:
        return {}
    order = order_of(environment.deliveries.log.all())
    only = disturbances.schedule.only
    return {
        "schedule": {
            "seed": disturbances.schedule.seed,
            "only": None if only is None else list(only),
            "struck": list(disturbances.struck),
            "order": order,
        }
    }
