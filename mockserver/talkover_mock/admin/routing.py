"""How the admin routes are declared, and how requests to them are answered: the answer of a view, or a problem."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TypeAlias

from talkover_mock.admin.bodies import json_object, problem_answer
from talkover_mock.admin.checks import refuse_in_query, refuse_unknown_keys
from talkover_mock.admin.problems import Problem, problem_of
from talkover_mock.base.words import near_word
from talkover_mock.dialect.endpoints import READS
from talkover_mock.dialect.errors import ApiError
from talkover_mock.environments.environment import Environment
from talkover_mock.environments.explain import explain_unknown_token
from talkover_mock.web.answers import REASON, SAFE_HEADERS, Answer, conditional
from talkover_mock.web.request import MockRequest
from talkover_mock.web.request_log import Log, report_crash, request_line
from talkover_mock.web.routes import ADMIN, Route, shown
from talkover_mock.web.waiting import Waiting

View: TypeAlias = Callable[..., Answer | Waiting]
Keys: TypeAlias = Sequence[str] | None
_NOTHING_OPENED = "Unknown token"
_OF_BROWSERS = (ADMIN, f"{ADMIN}/page.css", f"{ADMIN}/page.js")
"""What a browser asks for by itself, and where it then asks its user for the admin token."""


class Admin:
    """Collects the routes that admin modules declare, relative to `/__admin`."""

    def __init__(self) -> None:
        self.routes: list[Route] = []

    def route(self, method: str, path: str, view: View, query: Keys = (), body: Keys = None) -> None:
        """A route that acts on one environment; `view` takes the request, the environment and the path's ids.

        `query` and `body` are the keys that these may have; None leaves the check to the view.
        """
        self.routes.append(Route(method, ADMIN + path, _checked(view, query, body), environment_of=environment_of))

    def public_route(self, method: str, path: str, view: View, query: Keys = None) -> None:
        """A route that acts on no environment, or finds it by itself; `view` takes the request and the path's ids."""
        self.routes.append(Route(method, ADMIN + path, _checked(view, query)))


class Answers:
    """Answers requests to admin routes; `log` gets a line for each request."""

    def __init__(self, routes: Iterable[Route], log: Log | None = None) -> None:
        self.routes, self._log = routes, log

    def answer(self, request: MockRequest, route: Route, ids: Mapping[str, str]) -> Answer | Waiting:
        """What the route's view answers, or the problem document of an error. A wait ends in the same way."""
        found = route.environment_of
        return self._settled(request, lambda: route.view(request, *((found(request),) if found else ()), **ids))

    def refuse(self, request: MockRequest, error: Exception) -> Answer:
        """The problem document of an error, noted in the log."""
        return self._noted(request, self._refusal(request, error))

    def no_route(self, path: str) -> Problem:
        """The problem of a path that no route has, with the nearest route."""
        steps, routes = path.split("/"), sorted({route.path for route in self.routes})
        filled = {"/".join(_filled(route.split("/"), steps)[2:]): route for route in routes}
        near = near_word("/".join(steps[2:]), filled)
        hint = f"did you mean {shown(filled[near])}?" if near else f"GET {ADMIN}/openapi.yaml describes them all"
        return Problem(404, "No such route", f"no route is {path}; {hint}", routes=list(map(shown, routes)))

    def _settled(self, request: MockRequest, make: Callable[[], Answer | Waiting]) -> Answer | Waiting:
        try:
            answer = make()
        except Exception as error:
            return self.refuse(request, error)
        if isinstance(answer, Waiting):
            return answer.continued(lambda then: self._settled(request, then))
        return self._noted(request, conditional(request, answer))

    def _refusal(self, request: MockRequest, error: Exception) -> Answer:
        problem = problem_of(error) or Problem(500, "Server Error", report_crash(request, error, self._log))
        answer = problem_answer(request, problem)
        if problem.status == 401 and request.path.rstrip("/") in _OF_BROWSERS:
            answer.headers["WWW-Authenticate"] = 'Basic realm="talkover-mock"'  # the browser asks for the admin token
        return answer

    def _noted(self, request: MockRequest, answer: Answer) -> Answer:
        answer.headers.update(SAFE_HEADERS)
        if request.environment_or_none and request.method not in READS:
            request.environment_or_none.note_change()
        if self._log:
            self._log(request_line(request, answer.status_code, answer.headers.get(REASON)))
        return answer


def _checked(view: View, query: Keys, body: Keys = None) -> View:
    """The view behind a check for unknown keys."""

    def checked(request: MockRequest, *found: Environment, **ids: str) -> Answer | Waiting:
        if query is not None:
            refuse_in_query(request.query(), query)
        if body is not None:
            refuse_unknown_keys(json_object(request), body)
        return view(request, *found, **ids)

    return checked


def _filled(route: Sequence[str], steps: Sequence[str]) -> Sequence[str]:
    """The steps of a route, with the ids of a path as far as it goes."""
    given = [*steps, *route[len(steps) :]]
    return [id if own[:1] == "<" else own for own, id in zip(route, given, strict=False)]


def environment_of(request: MockRequest) -> Environment:
    """The environment that the request acts on: its token's, or the default one without a token.

    Raises Problem 401 for a token that opens nothing. Here that is also a token which no environment has, although the
    API takes it for the default environment: a slip must not reset that one.
    """
    token, world = request.bearer_token, request.world
    if token and not (world.has_token(token) or world.had_token(token)):
        raise Problem(401, _NOTHING_OPENED, explain_unknown_token(token, world))
    try:
        environment = world.by_token(token) if token else world.default
    except ApiError as error:
        raise Problem(401, _NOTHING_OPENED, error.reason) from None
    request.environment_or_none = environment
    return environment
