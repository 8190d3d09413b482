"""`GET openapi.yaml`: the description of the API and of these routes, which tests hold against both."""

from pathlib import Path

from flask import Response

import mockserver
from mockserver.admin.routes import Admin

DOCUMENT = Path(mockserver.__file__).parent / "openapi.yaml"


def register(admin: Admin) -> None:
    def read() -> Response:
        return Response(DOCUMENT.read_bytes(), content_type="application/yaml")

    admin.route("GET", "/openapi.yaml", read)
