"""`GET health`: whether fixtures are loaded, and what is running."""

from time import monotonic

from flask import Response

from talkover_mock import __version__
from talkover_mock.admin.bodies import admin_response
from talkover_mock.admin.routing import Admin


def register(admin: Admin) -> None:
    def health() -> Response:
        uptime = round(monotonic() - admin.world.started, 3)
        return admin_response({"status": "ok", "version": __version__, "uptime_seconds": uptime})

    admin.route("GET", "/health", health)
