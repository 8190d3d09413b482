"""How routes are declared, and what happens to a request before and after its view."""

from collections.abc import Callable
from typing import TypeAlias

from flask import Flask, Request
from werkzeug.exceptions import HTTPException, MethodNotAllowed, NotFound

from talkover_mock.api.near_routes import encoded_path, near_route
from talkover_mock.dialect import errors
from talkover_mock.environments.rate_limit import Quota
from talkover_mock.environments.world import World
from talkover_mock.web.answers import Answer
from talkover_mock.web.request import ApiRequest
from talkover_mock.web.routes import API, add_route, allowed_methods, opened

View: TypeAlias = Callable[..., Answer]
"""Takes the request and the path's ids by name."""


class Api:
    """Where the families of the API declare their routes, relative to `/api/v1`."""

    def __init__(self, app: Flask, world: World) -> None:
        self._app, self._world = app, world

    def route(
        self, method: str, path: str, view: View, missing_token: type[errors.MissingToken] = errors.MissingToken
    ) -> None:
        """A route that needs a token; `view` gets the request, with the environment that the token opens."""

        def handle(request: ApiRequest, **ids: str) -> Answer:
            self._open(request, missing_token)
            return view(request, **ids)

        self._add(method, path, handle)

    def public_route(self, method: str, path: str, view: View) -> None:
        """A route without a token."""
        self._add(method, path, view)

    def _add(self, method: str, path: str, view: View) -> None:
        add_route(self._app, method, API + path, view)

    def _open(self, request: ApiRequest, missing_token: type[errors.MissingToken]) -> None:
        token = request.bearer_token
        if token is None:
            raise missing_token(missing_token_reason(request))
        environment = request.opened = self._world.by_token(token)
        settings = environment.settings
        quota = request.quota = environment.rate_limit.count(token, settings.calls_a_minute)
        if quota.exceeded and settings.enforce_rate_limit:
            raise errors.RateLimited(quota.limit, quota.seconds_left)


def missing_token_reason(request: Request) -> str:
    """Never shows what may be a token."""
    header = request.headers.get("Authorization")
    if header is None:
        return "the request has no Authorization header; send Authorization: Bearer <token>"
    scheme, _, rest = header.strip().partition(" ")
    if scheme.lower() == "bearer":
        why = "nothing follows Bearer"
    elif rest and scheme.isascii() and scheme.isalpha():
        why = f"its scheme is {scheme}"
    else:
        why = "it does not begin with Bearer"
    return f"the Authorization header holds no bearer token, since {why}; send Authorization: Bearer <token>"


def quota_of(request: ApiRequest, world: World) -> Quota:
    """The token's quota, also for answers that came before its call was counted (documented)."""
    if request.quota:
        return request.quota
    environment = opened(request, world)
    return environment.rate_limit.peek(request.bearer_token, environment.settings.calls_a_minute)


def preflight(request: ApiRequest) -> Answer | None:
    """The answer to a CORS preflight, which comes before routing (measured)."""
    wanted = request.headers.get("Access-Control-Request-Method")
    if request.method != "OPTIONS" or wanted is None or not request.path.startswith("/api/"):
        return None
    answer = Answer(status=204)
    del answer.headers["Content-Type"]
    answer.headers["Access-Control-Allow-Methods"] = wanted.upper() if wanted.isascii() else wanted
    answer.headers["Access-Control-Allow-Headers"] = request.headers.get("Access-Control-Request-Headers", "*")
    answer.headers["Access-Control-Max-Age"] = "0"
    answer.headers["Vary"] = "Access-Control-Request-Method, Access-Control-Request-Headers"
    return answer


def refuse_double_slash(request: ApiRequest) -> None:
    """At its start a path may not have one either; the router would take it away. Raises RouteNotFound."""
    if request.environ["PATH_INFO"].startswith("//"):
        path = encoded_path(request.path)
        raise errors.RouteNotFound(path, f"a double slash is not one slash; did you mean {path}?")


def options_answer(allowed: list[str]) -> Answer:
    """The answer to OPTIONS on a known path: 200, empty (measured)."""
    answer = Answer()
    answer.headers["Allow"] = ", ".join(allowed)
    return answer


def api_error(app: Flask, request: Request, error: HTTPException) -> errors.ApiError:
    """The API's own error for one of the router's."""
    path = encoded_path(request.path)
    if isinstance(error, MethodNotAllowed):
        return errors.MethodNotAllowed(request.method, path, allowed_methods(error))
    if isinstance(error, NotFound):
        return errors.RouteNotFound(path, near_route(app, request.path))
    return errors.Refused(error.code or 400, error.description or error.name)
