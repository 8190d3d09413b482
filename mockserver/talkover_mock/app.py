"""The Flask application around a world."""

import importlib
import pkgutil
import traceback
from collections.abc import Callable, Iterable
from http import HTTPStatus
from threading import Lock
from time import perf_counter
from typing import TYPE_CHECKING, TypeVar, cast

from flask import Flask, Response
from werkzeug.exceptions import HTTPException, MethodNotAllowed, NotFound
from werkzeug.routing import MapAdapter, Rule

from talkover_mock.admin.bodies import fixture_problem, problem_response
from talkover_mock.admin.guard import Guard
from talkover_mock.admin.problems import Problem, problem_of
from talkover_mock.admin.routing import Admin
from talkover_mock.api import families
from talkover_mock.api.fault_answers import strike, struck_answer
from talkover_mock.api.recording import exchange_of
from talkover_mock.api.routing import Api, api_error, options_answer, preflight, quota_of, refuse_double_slash
from talkover_mock.base.headers import header_text, masked
from talkover_mock.base.refusals import Refusal
from talkover_mock.dialect.errors import ApiError, ServerError, ValidationFailed
from talkover_mock.environments.explain import explain
from talkover_mock.environments.world import World
from talkover_mock.loading.mistakes import FixtureError
from talkover_mock.web.answers import REASON, Answer, error_answer
from talkover_mock.web.request import ApiRequest
from talkover_mock.web.routes import ADMIN, API, allowed_methods, opened

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

_MOST_PATH, _MOST_LINE = 500, 2000
_HEALTH = API + "/health"

A = TypeVar("A", Answer, Response)
Log = Callable[[str], None]
"""Takes one line, without its end."""


def create_app(
    world: World, guard: Guard | None = None, log: Log | None = None, *, admin_at_once: bool = True
) -> Flask:
    """The API, and the admin routes when there is a `guard` for them. `log` gets a line for each request.

    Without `admin_at_once` the admin routes are imported when the first of them is asked for, so that the API
    answers sooner.
    """
    app = _App(world, guard, log)
    app.add_routes(with_admin=bool(guard and admin_at_once))
    return app


class _Rule(Rule):
    """A route that is matched, and hardly ever built: how to build it is compiled when that is asked for.

    Compiling it at once, as the router does, is most of what making an application costs.
    """

    def _compile_builder(self, append_unknown: bool = True) -> Callable[..., tuple[str, str]]:
        compile_now = super()._compile_builder

        def build(rule: Rule, **values: object) -> tuple[str, str]:
            return compile_now(append_unknown)(rule, **values)

        return build


class _App(Flask):
    """Flask's routing and context, and one way through: check, answer or refuse, complete, record, log.

    The framework's own way has hooks, sessions, signals and a context, none of which the API's routes use and all
    of which every call would pay for; the admin routes have the context.
    """

    request_class = ApiRequest
    url_rule_class = _Rule

    def __init__(self, world: World, guard: Guard | None, log: Log | None) -> None:
        super().__init__(__name__, static_folder=None)
        self.extensions["talkover_mock"] = world
        self.url_map.merge_slashes = False
        self.url_map.strict_slashes = False
        self._world, self._guard, self._log = world, guard, log
        self._adding_admin = Lock()
        self._has_admin = False

    def add_routes(self, *, with_admin: bool) -> None:
        """Those of every family of the API and, with them, of every module in `talkover_mock.admin`."""
        api = Api(self, self._world)
        for family in families():
            family.register(api)
        if with_admin:
            admin = Admin(self, self._world)
            for wing in ("page", "routes"):
                folder = importlib.import_module(f"talkover_mock.admin.{wing}")
                for found in pkgutil.iter_modules(folder.__path__, folder.__name__ + "."):
                    module = importlib.import_module(found.name)
                    if hasattr(module, "register"):
                        module.register(admin)
            self._has_admin = True

    def _ensure_admin(self) -> None:
        """Routes can't be added while others are matched, so that there is a whole new map of them."""
        with self._adding_admin:
            if not self._has_admin:
                grown = _App(self._world, self._guard, self._log)
                grown.add_routes(with_admin=True)
                grown.url_map.update()
                self.view_functions, self.url_map = grown.view_functions, grown.url_map
                self._has_admin = True

    def wsgi_app(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        path = "/" + environ.get("PATH_INFO", "").lstrip("/")  # as the router takes it
        if self._guard and f"{path}/".startswith(ADMIN + "/"):
            self._ensure_admin()
            with self.request_context(environ) as context:
                request = cast(ApiRequest, context.request)
                return self._logged(request, self._answer_admin(request, self._guard))(environ, start_response)
        request = ApiRequest(environ)
        try:
            self._route(request)
            answer = self._answer(request)
            self._complete(request, answer)
            self._record(request, answer)
        except Exception as error:
            answer = error_answer(ServerError(), self._crashed(request, error))
        return self._logged(request, answer)(environ, start_response)

    def _answer_admin(self, request: ApiRequest, guard: Guard) -> Response:
        try:
            guard.check(request)
            if request.environ["PATH_INFO"].startswith("//"):
                raise NotFound
            return cast(Response, self._view(request)(**(request.view_args or {})))
        except Exception as error:
            return self._refuse_admin(request, error)

    def _route(self, request: ApiRequest) -> None:
        if request.environ["PATH_INFO"].startswith("//"):
            return  # no route has it; the router would take it for a single slash
        adapter = MapAdapter(self.url_map, "", "/", None, "http", request.path, request.method)
        try:
            request.url_rule, ids = adapter.match(return_rule=True)
            request.view_args = dict(ids)
        except HTTPException as error:
            request.routing_exception = error

    def _answer(self, request: ApiRequest) -> Answer:
        """The API's answer, or what a fault makes of it."""
        faults = opened(request, self._world).faults
        fault = None if faults.none else strike(request, faults)
        if fault is None:
            return self._operate(request)
        answer = struck_answer(request, fault, lambda: self._operate(request))
        request.is_of_the_past = fault.forgotten
        return answer

    def _operate(self, request: ApiRequest) -> Answer:
        try:
            if request.method == "OPTIONS" and (answer := preflight(request)):
                return answer
            refuse_double_slash(request)
            view = self._view(request)
            return cast(Answer, view(request, **(request.view_args or {})))
        except Exception as error:
            return self._refuse(request, error)

    def _view(self, request: ApiRequest) -> Callable[..., object]:
        """That of the route. Raises HTTPException when there is none."""
        if request.url_rule is None:
            raise request.routing_exception or NotFound
        return cast(Callable[..., object], self.view_functions[request.url_rule.endpoint])

    def _complete(self, request: ApiRequest, answer: Answer) -> None:
        """What every answer of the API carries: its quota, and the note on input that was ignored."""
        if f"{request.path}/".startswith(API + "/") and request.path.rstrip("/") != _HEALTH:
            given = {name.lower() for name in answer.headers}  # by a fault
            quota = quota_of(request, self._world).headers()
            answer.headers.update({name: value for name, value in quota.items() if name.lower() not in given})
        if request.note:
            answer.headers.setdefault(REASON, header_text(request.note))
        if request.fault:
            reason = answer.headers.get(REASON)
            answer.headers[REASON] = f"{request.fault} struck" + (f"; {reason}" if reason else "")

    def _record(self, request: ApiRequest, answer: Answer) -> None:
        """Into the journal of the environment that the token opens, unless that was reset meanwhile."""
        if request.is_of_the_past:
            return
        environment = opened(request, self._world)
        environment.journal.record(exchange_of(request, answer, environment.clock.moment()))

    def _logged(self, request: ApiRequest, answer: A) -> A:
        if self._log:
            self._log(_line(request, answer))
        return answer

    def _refuse(self, request: ApiRequest, error: Exception) -> Answer:
        """The API's own answer to an error, with the reason."""
        if isinstance(error, HTTPException):
            if isinstance(error, MethodNotAllowed) and request.method == "OPTIONS":
                return options_answer(allowed_methods(error))
            error = api_error(self, request, error)
        if not isinstance(error, ApiError):
            return error_answer(ServerError(), self._crashed(request, error))
        note = request.note if isinstance(error, ValidationFailed) else ""
        return error_answer(error, header_text(note or explain(error, request.opened, self._world)))

    def _refuse_admin(self, request: ApiRequest, error: Exception) -> Response:
        """A problem document."""
        if isinstance(error, HTTPException):
            return self._refuse_route(request, error)
        if isinstance(error, FixtureError):
            error = fixture_problem(error)
        elif isinstance(error, Refusal):
            error = problem_of(error)
        if not isinstance(error, Problem):
            error = Problem(500, "Server Error", self._crashed(request, error))
        response = problem_response(error)
        if error.status == HTTPStatus.UNAUTHORIZED and request.path.rstrip("/") == ADMIN:
            response.headers["WWW-Authenticate"] = 'Basic realm="talkover-mock"'  # the browser asks for the admin token
        return response

    def _refuse_route(self, request: ApiRequest, error: HTTPException) -> Response:
        if isinstance(error, MethodNotAllowed):
            allowed = ", ".join(allowed_methods(error))
            detail = f"{request.path} answers {allowed} only"
            response = problem_response(Problem(405, "Method not allowed", detail))
            response.headers["Allow"] = allowed
            return response
        if isinstance(error, NotFound):
            routes = sorted({rule.rule for rule in self.url_map.iter_rules() if rule.rule.startswith(ADMIN)})
            detail = f"{request.path} is none of {', '.join(routes)}"
            return problem_response(Problem(404, "No such route", detail, routes=routes))
        return problem_response(Problem(error.code or 400, error.name, error.description or error.name))

    def _crashed(self, request: ApiRequest, error: Exception) -> str:
        """Keeps and logs the traceback of a crash of the mock itself, and says what it was."""
        text = traceback.format_exc()
        opened(request, self._world).report(text)
        if self._log:
            self._log(text.rstrip())
        return f"the mock itself failed: {header_text(repr(error))}"


def _line(request: ApiRequest, answer: Answer | Response) -> str:
    """The log's line on a request: never the token, and on one line whatever came."""
    milliseconds = (perf_counter() - request.started) * 1000
    path = header_text(request.target, _MOST_PATH)
    name = request.opened.name if request.opened else "-"
    outcome = f"{answer.status_code or '-'} {milliseconds:.1f}ms {name} {masked(request.bearer_token)}"
    line = f"{request.method} {path} {outcome}"
    reason = answer.headers.get(REASON)
    return header_text(f"{line} ({reason})", _MOST_LINE) if reason else line
