"""`GET openapi.yaml`: the description of the API and of these routes, which tests hold against both."""

from pathlib import Path

from flask import Response

from talkover_mock.admin.routing import Admin

DOCUMENT = Path(__file__).parents[2] / "openapi.yaml"


def register(admin: Admin) -> None:
    def read() -> Response:
        return Response(DOCUMENT.read_bytes(), content_type="application/yaml")

    admin.route("GET", "/openapi.yaml", read)
