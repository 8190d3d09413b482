"""`GET /health` (documented): no token, never rate limited."""

from mockserver.answers import Answer, api_answer
from mockserver.request import ApiRequest
from mockserver.routing import Api


def register(api: Api) -> None:
    api.public_route("GET", "/health", _health)


def _health(_: ApiRequest) -> Answer:
    return api_answer({"status": "ok"})
