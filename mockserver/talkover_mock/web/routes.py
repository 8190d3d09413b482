"""How routes of both surfaces are declared and named."""

from collections.abc import Callable
from functools import lru_cache

from flask import Flask, Response
from werkzeug.exceptions import MethodNotAllowed

from talkover_mock.environments.environment import Environment
from talkover_mock.environments.world import World
from talkover_mock.web.answers import Answer
from talkover_mock.web.request import ApiRequest

API = "/api/v1"


ADMIN = "/__admin"


_VERBS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")


METHODS = (*_VERBS, "OPTIONS")
"""That the API has an answer to."""


def add_route(app: Flask, method: str, path: str, view: Callable[..., Answer | Response]) -> None:
    app.add_url_rule(path, f"{method} {path}", view, methods=[method], provide_automatic_options=False)


def is_api_pattern(pattern: str) -> bool:
    """Whether a path of the API can match a pattern; one that can't would match nothing, and never say so."""
    start, star, _ = pattern.partition("*")
    return start.startswith(API + "/") or (star != "" and (API + "/").startswith(start))


def opened(request: ApiRequest, world: World) -> Environment:
    """The environment that the request's token opens or, expired, did open; the default one when it opens none."""
    return request.opened or world.of_token(request.bearer_token)


def allowed_methods(error: MethodNotAllowed) -> list[str]:
    """What the path answers, in the order of Laravel's verbs."""
    return [verb for verb in _VERBS if verb in (error.valid_methods or ())]


@lru_cache(maxsize=1_000)
def operation_of(endpoint: str) -> str:
    """A route as openapi.yaml writes it: `GET /api/v1/agents/{agent_id}`."""
    return endpoint.replace("<", "{").replace(">", "}")
