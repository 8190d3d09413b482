"""The API as a WSGI application: match, check, answer or refuse, complete, record."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from talkover_mock.api import FAMILIES
from talkover_mock.api.fault_answers import strike, struck_answer
from talkover_mock.api.near_routes import encoded_path, near_route
from talkover_mock.api.recording import exchange_of
from talkover_mock.api.routing import Api, authenticate, options_answer, preflight, quota_of
from talkover_mock.base.headers import header_text
from talkover_mock.dialect.errors import ApiError, MethodNotAllowed, RouteNotFound, ServerError, ValidationFailed
from talkover_mock.environments.explain import explain
from talkover_mock.environments.world import World
from talkover_mock.web.answers import REASON, Answer, error_answer
from talkover_mock.web.request import MockRequest
from talkover_mock.web.request_log import Log, report_crash, request_line
from talkover_mock.web.routes import API, is_admin

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

_HEALTH = API + "/health"


class ApiApplication:
    """Answers every path but those below `/__admin`, which go to `otherwise` where there is one.

    `log` gets a line for each request. The framework stays outside: its context, sessions and signals are nothing
    that a route of the API uses, and every call would pay for them.
    """

    def __init__(self, world: World, log: Log | None = None, otherwise: "WSGIApplication | None" = None) -> None:
        self._world, self._log, self.otherwise = world, log, otherwise
        api = Api()
        for family in FAMILIES:
            family.register(api)
        self.routes = api.routes

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        if self.otherwise and is_admin(environ["PATH_INFO"]):
            return self.otherwise(environ, start_response)
        return self.answer(MockRequest(environ, self._world))(environ, start_response)

    def answer(self, request: MockRequest) -> Answer:
        """The answer to a request, which is in the journal and in the log."""
        try:
            self._match(request)
            answer = self._answer(request)
            self._complete(request, answer)
            self._record(request, answer)
        except Exception as error:
            answer = error_answer(ServerError(), report_crash(request, error, self._log))
        if self._log:
            self._log(request_line(request, answer.status_code, answer.headers.get(REASON)))
        return answer

    def _match(self, request: MockRequest) -> None:
        """Notes the route, which the journal tells also where a fault answers."""
        match = self.routes.match(request.path)
        if match:
            request.route, request.ids = match.route(request.method), match.ids

    def _answer(self, request: MockRequest) -> Answer:
        """The API's answer, or what a fault makes of it."""
        faults = request.environment_of().faults
        fault = None if faults.none else strike(request, faults)
        if fault is None:
            return self._operate(request)
        answer = struck_answer(request, fault, lambda: self._operate(request))
        request.is_of_the_past = fault.forgotten
        return answer

    def _operate(self, request: MockRequest) -> Answer:
        try:
            if request.route is None:
                return self._without_route(request)
            authenticate(request, request.route)
            answer: Answer = request.route.view(request, **request.ids)
            return answer
        except Exception as error:
            return self._refuse(request, error)

    def _without_route(self, request: MockRequest) -> Answer:
        """The answer to OPTIONS. Raises RouteNotFound or MethodNotAllowed for all else."""
        if answer := preflight(request):
            return answer
        match = self.routes.match(request.path)
        if match is None:
            raise RouteNotFound(encoded_path(request.path), near_route(self.routes, request.path))
        if request.method == "OPTIONS":
            return options_answer(match.allowed())
        raise MethodNotAllowed(request.method, encoded_path(request.path), match.allowed())

    def _complete(self, request: MockRequest, answer: Answer) -> None:
        """Adds what every answer of the API carries: its quota, and the note on input that was ignored."""
        if f"{request.path}/".startswith(API + "/") and request.path.rstrip("/") != _HEALTH:
            given = {name.lower() for name in answer.headers}  # by a fault
            quota = quota_of(request).headers()
            answer.headers.update({name: value for name, value in quota.items() if name.lower() not in given})
        if request.note:
            answer.headers.setdefault(REASON, header_text(request.note))
        if request.fault:
            reason = answer.headers.get(REASON)
            answer.headers[REASON] = f"{request.fault} struck" + (f"; {reason}" if reason else "")

    def _record(self, request: MockRequest, answer: Answer) -> None:
        """Notes the call in the journal of the token's environment, unless that was reset meanwhile."""
        if not request.is_of_the_past:
            environment = request.environment_of()
            environment.journal.record(exchange_of(request, answer, environment.clock.moment()))

    def _refuse(self, request: MockRequest, error: Exception) -> Answer:
        """The API's own answer to an error, with the reason."""
        if not isinstance(error, ApiError):
            return error_answer(ServerError(), report_crash(request, error, self._log))
        note = request.note if isinstance(error, ValidationFailed) else ""
        reason = note or explain(error, request.environment_or_none, self._world)
        return error_answer(error, header_text(reason))
