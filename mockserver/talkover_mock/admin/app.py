"""The admin routes as a Flask application: guard, match, answer; every error is a problem document."""

from collections.abc import Callable, Sequence

from flask import Flask, Response, g, request
from werkzeug.exceptions import HTTPException, MethodNotAllowed, NotFound

from talkover_mock.admin.bodies import problem_answer
from talkover_mock.admin.guard import Guard
from talkover_mock.admin.page import dashboard
from talkover_mock.admin.problems import Problem, problem_of
from talkover_mock.admin.routing import answer
from talkover_mock.admin.table import admin_table
from talkover_mock.environments.world import World
from talkover_mock.web.answers import REASON, Answer
from talkover_mock.web.request import MockRequest
from talkover_mock.web.request_log import Log, report_crash, request_line
from talkover_mock.web.routes import ADMIN, Route, in_order


def create_admin(world: World, operations: Sequence[str], guard: Guard, log: Log | None = None) -> Flask:
    """The application. `operations` are the API's routes as the journal names them; `log` gets a line a request."""
    app = Flask("talkover_mock", static_folder=None)
    app.url_map.merge_slashes = app.url_map.strict_slashes = False
    admin = admin_table(world, operations)
    dashboard.register(admin)
    for route in admin.routes:
        app.add_url_rule(
            route.path, route.operation, _view(route), methods=[route.method], provide_automatic_options=False
        )

    @app.before_request
    def check() -> None:
        g.mock_request = MockRequest(request.environ, world)
        guard.check(g.mock_request)

    @app.errorhandler(Exception)
    def refuse(error: Exception) -> Response:
        return _response(_refusal(app, g.mock_request, error, log))

    @app.after_request
    def note(response: Response) -> Response:
        if log:
            log(request_line(g.mock_request, response.status_code, response.headers.get(REASON)))
        return response

    return app


def _view(route: Route) -> Callable[..., Response]:
    """The route's view as Flask calls it."""

    def view(**ids: str) -> Response:
        response = _response(answer(g.mock_request, route, ids))
        if "ETag" in response.headers:
            response.make_conditional(request)
        return response

    return view


def _response(answered: Answer) -> Response:
    return Response(answered.body, answered.status_code, answered.headers)


def _refusal(app: Flask, mock_request: MockRequest, error: Exception, log: Log | None) -> Answer:
    """A problem document."""
    if isinstance(error, HTTPException):
        return _route_refusal(app, error)
    problem = problem_of(error) or Problem(500, "Server Error", report_crash(mock_request, error, log))
    refused = problem_answer(problem)
    if problem.status == 401 and request.path.rstrip("/") == ADMIN:
        refused.headers["WWW-Authenticate"] = 'Basic realm="talkover-mock"'  # the browser asks for the admin token
    return refused


def _route_refusal(app: Flask, error: HTTPException) -> Answer:
    if isinstance(error, MethodNotAllowed):
        allowed = ", ".join(in_order(error.valid_methods or ()))
        refused = problem_answer(Problem(405, "Method not allowed", f"{request.path} answers {allowed} only"))
        refused.headers["Allow"] = allowed
        return refused
    if isinstance(error, NotFound):
        routes = sorted({rule.rule for rule in app.url_map.iter_rules() if rule.rule.startswith(ADMIN)})
        detail = f"{request.path} is none of {', '.join(routes)}"
        return problem_answer(Problem(404, "No such route", detail, routes=routes))
    return problem_answer(Problem(error.code or 400, error.name, error.description or error.name))
