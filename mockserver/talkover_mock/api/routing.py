"""Declares the API's routes, and checks token and rate limit before a view is called; answers OPTIONS."""

import re
from collections.abc import Callable, Sequence
from types import MappingProxyType
from typing import TypeAlias

from talkover_mock.dialect import errors
from talkover_mock.dialect.endpoints import API
from talkover_mock.environments.rate_limit import Quota
from talkover_mock.web.answers import Answer
from talkover_mock.web.request import MockRequest
from talkover_mock.web.routes import Route

View: TypeAlias = Callable[..., Answer]
"""A function that takes the request, and the path's ids by name."""


class Api:
    """Collects the routes that the families of the API declare, relative to `/api/v1`."""

    def __init__(self) -> None:
        self.routes: list[Route] = []

    def route(
        self,
        method: str,
        path: str,
        view: View,
        *,
        wording: errors.Wording = MappingProxyType({}),
        is_quick: bool = True,
    ) -> None:
        """Declares a route that needs a token; its view finds the token's environment in `request.environment`.

        `wording` has the errors that the vendor documents in other words there. A view that is not quick waits or goes
        through many records.
        """
        self.routes.append(Route(method, API + path, view, wording, is_quick=is_quick))

    def public_route(self, method: str, path: str, view: View) -> None:
        """Declares a route without a token."""
        self.routes.append(Route(method, API + path, view, is_quick=True))


def authenticate(request: MockRequest, route: Route) -> None:
    """Finds the token's environment and counts the call. Raises the error for a bad token or an exceeded limit."""
    if route.wording is None:
        return
    token = request.bearer_token
    if token is None:
        raise errors.MissingToken(missing_token_reason(request))
    environment = request.open_environment(token)
    if request.is_by_page:
        return
    settings = environment.settings
    quota = request.quota = environment.rate_limit.count(token, settings.calls_a_minute)
    if quota.exceeded and settings.enforce_rate_limit:
        raise errors.RateLimited(quota.limit, quota.seconds_left)


def worded(error: errors.ApiError, route: Route | None) -> errors.ApiError:
    """The error in the words that the vendor documents for the route."""
    wording: errors.Wording = (route and route.wording) or {}
    return next((words(error) for kind, words in wording.items() if isinstance(error, kind)), error)


def missing_token_reason(request: MockRequest) -> str:
    """The reason why a request has no token. It never quotes a text that may be a token."""
    header = request.environ.get("HTTP_AUTHORIZATION")
    if header is None:
        return "the request has no Authorization header; send Authorization: Bearer <token>"
    scheme, _, rest = header.strip().partition(" ")
    if re.search(r"bearer\s*(,|$)", header, re.IGNORECASE):
        why = "nothing follows Bearer"
    elif rest and scheme.isascii() and scheme.isalpha():
        why = f"its scheme is {scheme}"
    else:
        why = "it does not begin with Bearer"
    return f"the Authorization header holds no bearer token, since {why}; send Authorization: Bearer <token>"


def quota_of(request: MockRequest) -> Quota:
    """The token's quota, also for answers given before the call was counted (documented)."""
    if request.quota:
        return request.quota
    environment = request.environment_of()
    return environment.rate_limit.peek(request.bearer_token, environment.settings.calls_a_minute)


def preflight(request: MockRequest) -> Answer | None:
    """The answer to a CORS preflight, which comes before routing (measured)."""
    wanted = request.header("Access-Control-Request-Method")
    if request.method != "OPTIONS" or not wanted or not request.path.startswith("/api/"):
        return None
    answer = Answer(status=204)
    del answer.headers["Content-Type"]
    answer.headers["Access-Control-Allow-Methods"] = wanted.upper() if wanted.isascii() else wanted
    answer.headers["Access-Control-Allow-Headers"] = request.header("Access-Control-Request-Headers", "*")
    answer.headers["Access-Control-Max-Age"] = "0"
    answer.headers["Vary"] = "Access-Control-Request-Method, Access-Control-Request-Headers"
    return answer


def options_answer(allowed: Sequence[str]) -> Answer:
    """The answer to OPTIONS on a known path: 200, empty (measured on Laravel 9 to 11, with its headers)."""
    answer = Answer()
    answer.headers |= {
        "Content-Type": "text/html; charset=UTF-8",
        "Allow": ",".join(allowed),
        "Vary": "Access-Control-Request-Method",
    }
    return answer
