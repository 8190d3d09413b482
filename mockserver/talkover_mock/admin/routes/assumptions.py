"""`GET assumptions`: what is documented, measured and assumed, and what the fixture overrides."""

from dataclasses import asdict

from flask import Response

from talkover_mock.admin.bodies import admin_response
from talkover_mock.admin.routes.behaviours import BEHAVIOURS
from talkover_mock.admin.routing import Admin


def register(admin: Admin) -> None:
    def read() -> Response:
        overrides = admin.environment().settings.overrides()
        return admin_response({"behaviours": [asdict(each) for each in BEHAVIOURS], "overrides": overrides})

    admin.route("GET", "/assumptions", read)
