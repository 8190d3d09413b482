"""The Flask application around a world."""

import importlib
import pkgutil
import traceback
from collections.abc import Callable
from time import perf_counter

from flask import Flask, Response, g, request
from werkzeug.exceptions import HTTPException, MethodNotAllowed, NotFound

import mockserver.admin
from mockserver.admin.guard import Guard
from mockserver.admin.routes import Admin
from mockserver.api import families
from mockserver.errors import ApiError, FixtureError, Problem, ServerError, ValidationFailed
from mockserver.explain import explain
from mockserver.routing import (
    ADMIN,
    API,
    Api,
    add_quota,
    allowed_methods,
    api_error,
    options_response,
    preflight,
    refuse_double_slash,
    start_timer,
)
from mockserver.wire import (
    REASON,
    api_error_response,
    bearer_token,
    fixture_problem,
    header_text,
    masked,
    problem_response,
)
from mockserver.world import World

_MOST_ERRORS = 100
_MOST_PATH, _MOST_LINE = 500, 2000

Log = Callable[[str], None]
"""Takes one line, without its end."""


def create_app(world: World, guard: Guard | None = None, log: Log | None = None) -> Flask:
    """The API, and the admin routes when there is a `guard` for them. `log` gets a line for each request."""
    app = Flask(__name__, static_folder=None)
    app.url_map.merge_slashes = False
    app.url_map.strict_slashes = False
    _add_families(app, world)
    app.before_request(start_timer)
    if guard:
        _add_admin(app, world, guard)
    app.before_request(preflight)
    app.before_request(refuse_double_slash)
    _add_error_handlers(app, world, log, guarded=guard is not None)
    if log:
        _add_log(app, log)
    _add_headers(app, world)
    return app


def _add_families(app: Flask, world: World) -> None:
    api = Api(app, world)
    for family in families():
        family.register(api)


def _add_admin(app: Flask, world: World, guard: Guard) -> None:
    def check() -> None:
        if _is_admin():
            guard.check(request)

    app.before_request(check)
    admin = Admin(app, world)
    for found in pkgutil.iter_modules(mockserver.admin.__path__, "mockserver.admin."):
        module = importlib.import_module(found.name)
        if hasattr(module, "register"):
            module.register(admin)


def _is_admin() -> bool:
    return request.path == ADMIN or request.path.startswith(ADMIN + "/")


def _add_error_handlers(app: Flask, world: World, log: Log | None, guarded: bool) -> None:
    def refuse(error: ApiError) -> Response:
        reason = g.get("note") if isinstance(error, ValidationFailed) else None
        return api_error_response(error, header_text(reason or explain(error, g.get("environment"), world)))

    def route(error: HTTPException) -> Response:
        if guarded and _is_admin():
            return _admin_refusal(app, error)
        if isinstance(error, MethodNotAllowed) and request.method == "OPTIONS":
            return options_response(allowed_methods(error))
        return refuse(api_error(app, error))

    def fixture(error: FixtureError) -> Response:
        return problem_response(fixture_problem(error))

    def crash(error: Exception) -> Response:
        text = traceback.format_exc()
        environment = g.get("environment") or world.default
        environment.errors[_MOST_ERRORS - 1 :] = [text]
        if log:
            log(text.rstrip())
        reason = f"the mock itself failed: {header_text(repr(error))}"
        if guarded and _is_admin():
            return problem_response(Problem(500, "Server Error", reason))
        return api_error_response(ServerError(), reason)

    app.register_error_handler(ApiError, refuse)
    app.register_error_handler(HTTPException, route)
    app.register_error_handler(Problem, problem_response)
    app.register_error_handler(FixtureError, fixture)
    app.register_error_handler(Exception, crash)


def _admin_refusal(app: Flask, error: HTTPException) -> Response:
    response = problem_response(_admin_problem(app, error))
    if isinstance(error, MethodNotAllowed):
        response.headers["Allow"] = ", ".join(allowed_methods(error))
    return response


def _admin_problem(app: Flask, error: HTTPException) -> Problem:
    if isinstance(error, MethodNotAllowed):
        allowed = ", ".join(allowed_methods(error))
        return Problem(405, "Method not allowed", f"{request.path} answers {allowed} only")
    if isinstance(error, NotFound):
        routes = sorted({rule.rule for rule in app.url_map.iter_rules() if rule.rule.startswith(ADMIN)})
        return Problem(404, "No such route", f"{request.path} is none of {', '.join(routes)}", routes=routes)
    return Problem(error.code or 400, error.name, error.description or error.name)


def _add_headers(app: Flask, world: World) -> None:
    """What every answer of the API carries: its quota, and the note on input that was ignored."""

    def complete(response: Response) -> Response:
        if request.path.startswith(API + "/") and request.path.rstrip("/") != API + "/health":
            add_quota(response, world)
        if "note" in g:
            response.headers.setdefault(REASON, header_text(g.note))
        return response

    app.after_request(complete)


def _add_log(app: Flask, log: Log) -> None:
    def write(response: Response) -> Response:
        environment = g.get("environment")
        milliseconds = (perf_counter() - g.started) * 1000
        path = header_text(request.full_path.rstrip("?"), _MOST_PATH)
        line = (
            f"{request.method} {path} {response.status_code} {milliseconds:.1f}ms "
            f"{environment.name if environment else '-'} {masked(bearer_token(request))}"
        )
        reason = response.headers.get(REASON)
        log(header_text(f"{line} ({reason})" if reason else line, _MOST_LINE))
        return response

    app.after_request(write)
