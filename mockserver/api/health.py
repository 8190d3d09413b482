"""`GET /health` (documented): no token, never rate limited."""

from flask import Response

from mockserver.routing import Api
from mockserver.wire import api_response


def register(api: Api) -> None:
    api.public_route("GET", "/health", _health)


def _health() -> Response:
    return api_response({"status": "ok"})
