"""The API as a WSGI application: match, check, answer or refuse, complete, record."""

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from talkover_mock.api.beside import health_check, visit
from talkover_mock.api.fault_answers import held, respond, strike, struck_answer
from talkover_mock.api.input import method_of
from talkover_mock.api.known_routes import known_routes
from talkover_mock.api.near_routes import near_route
from talkover_mock.api.own_routes import own_routes
from talkover_mock.api.pages import foreign_page, page_reason
from talkover_mock.api.recording import exchange_of
from talkover_mock.api.routing import authenticate, options_answer, preflight, quota_of, worded
from talkover_mock.base.headers import header_text
from talkover_mock.dialect.endpoints import API
from talkover_mock.dialect.errors import ApiError, MethodNotAllowed, RouteNotFound, ServerError
from talkover_mock.environments.call_faults import HOLD, CallFault
from talkover_mock.environments.explain import explain
from talkover_mock.environments.faults import Fault
from talkover_mock.environments.world import World
from talkover_mock.web.answers import REASON, Answer, NoAnswer, error_answer
from talkover_mock.web.origins import Origins
from talkover_mock.web.request import MockRequest
from talkover_mock.web.request_log import Log, report_crash, request_line
from talkover_mock.web.routes import Route, in_order, is_admin
from talkover_mock.web.waiting import Waiting

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

_BELOW_API = f"{API}/"
_HEALTH = API + "/health"
_MOST_DIGITS = 4
"""Digits of the size of a small body: at most 9,999 bytes."""


class ApiApplication:
    """Answers every path but those below `/__admin`, which go to `otherwise` where there is one, except for health.

    `log` gets a line for each request; `origins` are the web pages that may come. The framework stays outside: its
    context, sessions and signals are nothing that a route of the API uses, and every call would pay for them.
    """

    def __init__(
        self,
        world: World,
        log: Log | None = None,
        otherwise: "WSGIApplication | None" = None,
        origins: Origins | None = None,
    ) -> None:
        self._world, self._log, self.otherwise = world, log, otherwise
        self._origins = origins or Origins()
        self.routes, self.known = own_routes(), known_routes()

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        application = self._beside(environ) or self.answer(self._request(environ))
        return application(environ, start_response)

    def begin(self, environ: "WSGIEnvironment") -> "WSGIApplication":
        """For a server's event loop: the answer where it is quick, else the application that makes it in a thread.

        Quick is a small request to a quick route, of an environment whose lock is free, without faults and with few
        waits; and an answer that needs no search for its reason.
        """
        if beside := self._beside(environ):
            return beside
        request = self._request(environ)
        if self._may_be_quick(request):
            environment = request.environment_of()
            if environment.is_calm and environment.lock.acquire(blocking=False):
                try:
                    return self._quick(request)
                finally:
                    environment.lock.release()
        return _later(lambda: self.answer(request))

    def _may_be_quick(self, request: MockRequest) -> bool:
        """Whether it is a small request to a quick route."""
        if len(request.environ.get("CONTENT_LENGTH", "")) > _MOST_DIGITS:
            return False
        try:
            self._match(request)
        except Exception:
            return False  # the whole answer reports the crash
        return request.route is not None and request.route.is_quick

    def _beside(self, environ: "WSGIEnvironment") -> "WSGIApplication | None":
        """What answers a request that is no call of the API; None for a call."""
        if environ["PATH_INFO"].startswith(_BELOW_API):
            return None
        request = MockRequest(environ, self._world)
        if answer := health_check(request):
            return answer
        if self.otherwise and is_admin(environ["PATH_INFO"]):
            return self.otherwise
        answer = visit(request, has_page=self.otherwise is not None)
        if answer and self._log:
            self._log(request_line(request, answer.status_code, None))
        return answer

    def _request(self, environ: "WSGIEnvironment") -> MockRequest:
        request = MockRequest(environ, self._world)
        if ("HTTP_ORIGIN" in environ or "HTTP_SEC_FETCH_SITE" in environ) and self._origins.is_foreign(environ):
            request.page = foreign_page(environ)
        return request

    def _quick(self, request: MockRequest) -> "WSGIApplication":
        """The answer under the environment's lock, unless it has to be explained first."""
        try:
            answer = self._view(request)
        except Exception as error:
            refused = error
            request.log = request.environment_of().journal.log
            return _later(lambda: self._finished(request, lambda: self._refuse(request, refused)))
        return self._settled(request, answer)

    def answer(self, request: MockRequest) -> Answer | Waiting:
        """The answer to a request, which is in the journal and in the log once it is made."""
        return self._finished(request, lambda: self._answer(request))

    def _finished(self, request: MockRequest, make: Callable[[], Answer | Waiting]) -> Answer | Waiting:
        try:
            answer = make()
        except Exception as error:
            answer = error_answer(ServerError(), report_crash(request, error, self._log))
        if isinstance(answer, Waiting):
            return answer.continued(lambda then: self._finished(request, then))
        return self._settled(request, answer)

    def _settled(self, request: MockRequest, answer: Answer) -> Answer:
        """The answer with what every answer carries, in the journal and in the log."""
        try:
            self._complete(request, answer)
            self._record(request, answer)
        except Exception as error:
            answer = error_answer(ServerError(), report_crash(request, error, self._log))
        if self._log:
            self._log(request_line(request, answer.status_code, answer.headers.get(REASON)))
        return answer

    def _match(self, request: MockRequest) -> None:
        """Notes method and route, which the journal tells also where a fault answers."""
        request.method = method_of(request)
        match = self.routes.match(request.path)
        if match:
            request.route, request.ids = match.route(request.method), match.ids

    def _answer(self, request: MockRequest) -> Answer | Waiting:
        """The API's answer, or what a fault makes of it."""
        self._match(request)
        environment = request.environment_of()
        request.log = environment.journal.log
        if environment.faults.has(CallFault) and not request.is_by_page:
            with environment.lock:  # whoever sees that a call is struck finds it held already, in the calls' order
                fault = strike(request, environment.faults)
                if fault and fault.spec.action == HOLD:
                    return self._hold(request, fault)
            if fault:
                return struck_answer(request, fault, lambda: self._operate(request))
        return self._operate(request)

    def _hold(self, request: MockRequest, fault: Fault[CallFault]) -> Waiting:
        """The answer once the fault is removed: the call is in the journal as under way until then."""
        environment, none_yet = request.environment_of(), NoAnswer()
        none_yet.headers[REASON] = f"{fault.name} struck"
        exchange = exchange_of(request, none_yet, environment.clock.moment(), under_way=True)
        request.begun = environment.journal.begin(exchange)

        def go_on() -> Answer:
            return NoAnswer() if fault.forgotten else self._operate(request)

        return held(fault, lambda: self._settled(request, go_on()))

    def _operate(self, request: MockRequest) -> Answer:
        try:
            return self._view(request)
        except Exception as error:
            return self._refuse(request, error)

    def _view(self, request: MockRequest) -> Answer:
        """What the route's view answers, after the checks in their order. Raises ApiError."""
        if request.route is None:
            return self._without_route(request)
        authenticate(request, request.route)
        if request.struck and request.struck.state:
            request.environment_or_none = request.environment.as_of(request.struck.state)
        answer: Answer = request.route.view(request, **request.ids)
        request.applied = True
        return answer

    def _without_route(self, request: MockRequest) -> Answer:
        """The answer to OPTIONS. Raises RouteNotFound, NotEmulated or MethodNotAllowed for all else."""
        if answer := preflight(request):
            return answer
        stubs = request.environment_of().stubs.at(request.path)
        if stub := stubs.get(request.method):
            request.route = Route(stub.method, stub.path, respond)
            request.applied = True
            return respond(stub)
        matches = [match for table in (self.routes, self.known) if (match := table.match(request.path))]
        if not (matches or stubs):
            raise RouteNotFound(request.sent_path, near_route(self.routes, request.path))
        allowed = in_order([*stubs, *(verb for match in matches for verb in match.allowed())])
        if request.method == "OPTIONS":
            return options_answer(allowed)
        for match in matches:
            if route := match.route(request.method):
                route.view(request, **match.ids)
        raise MethodNotAllowed(request.method, request.sent_path, allowed)

    def _complete(self, request: MockRequest, answer: Answer) -> None:
        """Adds what every answer of the API carries: its quota, and the note on input that was ignored."""
        headers, fault = answer.headers, request.struck
        if request.method == "HEAD" != request.sent_method:
            answer.body = b""  # an overridden HEAD: the client, which sent POST, would read one
        if _has_quota(request):
            quota = quota_of(request).headers()
            if fault is not None:
                given = {name.lower() for name in headers}
                quota = {name: value for name, value in quota.items() if name.lower() not in given}
            headers.update(quota)
        if request.note:
            headers.setdefault(REASON, header_text(request.note))
        if fault is not None:
            reason = headers.get(REASON)
            headers[REASON] = f"{fault.name} struck" + (f"; {reason}" if reason else "")
        if request.page:
            headers[REASON] = header_text("; ".join(filter(None, (headers.get(REASON), page_reason(request)))))

    def _record(self, request: MockRequest, answer: Answer) -> None:
        """Notes the call in the journal of the token's environment, unless that was reset meanwhile."""
        environment = request.environment_of()
        exchange = exchange_of(request, answer, environment.clock.moment())
        environment.journal.record(exchange, request.begun, request.log)

    def _refuse(self, request: MockRequest, error: Exception) -> Answer:
        """The API's own answer to an error, with the reason."""
        if not isinstance(error, ApiError):
            return error_answer(ServerError(), report_crash(request, error, self._log))
        note = request.note if error.is_of_input else ""
        reason = note or explain(error, request.environment_or_none, self._world)
        return error_answer(worded(error, request.route), header_text(reason))


def _has_quota(request: MockRequest) -> bool:
    """Whether the answer tells the token's quota: below the API's path, but for its health (documented)."""
    if request.route is not None and request.route.wording is not None:
        return True
    return f"{request.path}/".startswith(API + "/") and request.path.rstrip("/") != _HEALTH


def _later(make: Callable[[], Answer | Waiting]) -> "WSGIApplication":
    """An answer that is made in the thread that asks for it."""

    def answer(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        return make()(environ, start_response)

    return answer
