"""How routes are declared, and what happens to a request before and after its view."""

import re
from collections.abc import Callable, Collection
from difflib import get_close_matches
from typing import TypeAlias
from urllib.parse import quote

from flask import Flask, Request, Response
from werkzeug.exceptions import HTTPException, MethodNotAllowed, NotFound

from mockserver import errors
from mockserver.answers import Answer, ApiRequest
from mockserver.environment import Environment
from mockserver.rate_limit import Quota
from mockserver.world import World

API = "/api/v1"
ADMIN = "/__admin"
_VERBS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
METHODS = (*_VERBS, "OPTIONS")
"""That the API has an answer to."""
_MOST_STEPS = 20
"""Of a path for which it is worth to look for what is near."""
_NO_ROUTE = f"no route has this path; the API stands under {API}, the harness's routes under {ADMIN}"

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


def add_route(app: Flask, method: str, path: str, view: Callable[..., Answer | Response]) -> None:
    app.add_url_rule(path, f"{method} {path}", view, methods=[method], provide_automatic_options=False)


def is_api_pattern(pattern: str) -> bool:
    """Whether a path of the API can match a pattern; one that can't would match nothing, and never say so."""
    start, star, _ = pattern.partition("*")
    return start.startswith(API + "/") or (star != "" and (API + "/").startswith(start))


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


def opened(request: ApiRequest, world: World) -> Environment:
    """The environment that the request's token opens or, expired, did open; the default one when it opens none."""
    return request.opened or world.of_token(request.bearer_token)


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
        path = _encoded(request.path)
        raise errors.RouteNotFound(path, f"a double slash is not one slash; did you mean {path}?")


def options_answer(allowed: list[str]) -> Answer:
    """The answer to OPTIONS on a known path: 200, empty (measured)."""
    answer = Answer()
    answer.headers["Allow"] = ", ".join(allowed)
    return answer


def allowed_methods(error: MethodNotAllowed) -> list[str]:
    """What the path answers, in the order of Laravel's verbs."""
    return [verb for verb in _VERBS if verb in (error.valid_methods or ())]


def api_error(app: Flask, request: Request, error: HTTPException) -> errors.ApiError:
    """The API's own error for one of the router's."""
    path = _encoded(request.path)
    if isinstance(error, MethodNotAllowed):
        return errors.MethodNotAllowed(request.method, path, allowed_methods(error))
    if isinstance(error, NotFound):
        return errors.RouteNotFound(path, _near_route(app, request.path))
    return errors.Refused(error.code or 400, error.description or error.name)


def _encoded(path: str) -> str:
    return quote(path, safe="/:@!$&'()*+,;=~")


def _near_route(app: Flask, path: str) -> str:
    """Why a path that looks right is not."""
    if path.count("/") > _MOST_STEPS:
        return _NO_ROUTE
    adapter = app.url_map.bind("")
    if "//" in path and adapter.allowed_methods(re.sub("//+", "/id/", path)):
        return "an id is missing where the path has a double slash"
    words = {word for rule in app.url_map.iter_rules() for word in rule.rule.split("/") if word and "<" not in word}
    single, prefixed = re.sub("//+", "/", path), re.sub("^(/+(api|v[0-9]+)(?=/))*", API, path, flags=re.IGNORECASE)
    for fixed, why in (
        (single, "a double slash is not one slash"),
        (_spelled(path, words, cutoff=1), "paths are case-sensitive"),
        (prefixed, f"the API stands under {API}"),
        (_spelled(path, words), "no route has this path"),
        (re.sub("//+", "/", _spelled(prefixed, words)), f"the API stands under {API}"),
    ):
        if fixed != path and adapter.allowed_methods(fixed):
            return f"{why}; did you mean {quote(fixed)}?"
    return _NO_ROUTE


def _spelled(path: str, words: Collection[str], cutoff: float = 0.75) -> str:
    """The path with every step that is near to a word of the routes replaced by that; 1 is the same but for case."""
    steps = path.split("/")
    return "/".join("".join(get_close_matches(step.lower(), words, 1, cutoff)) or step for step in steps)
