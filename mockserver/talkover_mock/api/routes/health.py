"""The route `GET /health` (documented): it needs no token and is never rate limited."""

from talkover_mock.api.routing import Api
from talkover_mock.web.answers import Answer, api_answer
from talkover_mock.web.request import MockRequest


def register(api: Api) -> None:
    api.public_route("GET", "/health", _health)


def _health(_: MockRequest) -> Answer:
    return api_answer({"status": "ok"})
