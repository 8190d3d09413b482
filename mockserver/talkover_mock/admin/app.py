"""The admin routes as a Flask application: guard, match, answer."""

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from flask import Flask, Response, g, request
from werkzeug.exceptions import HTTPException, MethodNotAllowed, NotFound

from talkover_mock.admin.guard import Guard
from talkover_mock.admin.page import dashboard
from talkover_mock.admin.page.documents import readable
from talkover_mock.admin.problems import Problem
from talkover_mock.admin.routing import Admin, Answers
from talkover_mock.admin.table import admin_routes
from talkover_mock.environments.world import World
from talkover_mock.web.answers import Answer
from talkover_mock.web.request import MockRequest
from talkover_mock.web.request_log import Log
from talkover_mock.web.routes import Route, in_order
from talkover_mock.web.waiting import Waiting

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment


def create_admin(world: World, guard: Guard, log: Log | None = None) -> Flask:
    """The application. `log` gets a line a request."""
    app = Flask("talkover_mock", static_folder=None)
    app.url_map.merge_slashes = app.url_map.strict_slashes = False
    page = Admin()
    dashboard.register(page, app)
    answers = Answers([*page.routes, *admin_routes()], log)
    for route in answers.routes:
        view = _view(answers, route)
        app.add_url_rule(route.path, route.operation, view, methods=[route.method], provide_automatic_options=False)

    @app.before_request
    def check() -> None:
        g.mock_request = MockRequest(request.environ, world)
        guard.check(g.mock_request)

    @app.errorhandler(Exception)
    def refuse(error: Exception) -> Response:
        headers: dict[str, str] = {}
        if isinstance(error, HTTPException):
            error, headers = _route_problem(answers, error)
        refused = answers.refuse(g.mock_request, error)
        refused.headers.update(headers)
        return _response(refused)

    return app


def _view(answers: Answers, route: Route) -> Callable[..., Response]:
    """The route's view as Flask calls it."""

    def view(**ids: str) -> Response:
        answer = answers.answer(g.mock_request, route, ids)
        return _Parked(answer) if isinstance(answer, Waiting) else _response(answer)

    return view


class _Parked(Response):
    """An answer that waits: it is made after Flask's context is gone."""

    def __init__(self, waiting: Waiting) -> None:
        super().__init__()
        self._waiting = waiting

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        environ.pop("werkzeug.request", None)  # Flask is done with it: a wait need not hold it
        return self._waiting(environ, start_response)


def _response(answer: Answer) -> Response:
    answer = readable(g.mock_request, answer)
    return Response(answer.body, answer.status_code, answer.headers)


def _route_problem(answers: Answers, error: HTTPException) -> tuple[Problem, dict[str, str]]:
    """The router's error as a problem, with the headers that belong to it."""
    if isinstance(error, MethodNotAllowed):
        allowed = ", ".join(in_order(error.valid_methods or ()))
        return Problem(405, "Method not allowed", f"{request.path} answers {allowed} only"), {"Allow": allowed}
    if isinstance(error, NotFound):
        return answers.no_route(request.path), {}
    return Problem(error.code or 400, error.name, error.description or error.name), {}
