"""`GET assumptions`: what is documented, measured and assumed, and what the fixture overrides."""

from dataclasses import asdict

from flask import Response

from mockserver.admin.routes import Admin
from mockserver.assumptions import BEHAVIOURS
from mockserver.wire import admin_response


def register(admin: Admin) -> None:
    def read() -> Response:
        overrides = admin.environment().settings.overrides()
        return admin_response({"behaviours": [asdict(each) for each in BEHAVIOURS], "overrides": overrides})

    admin.route("GET", "/assumptions", read)
