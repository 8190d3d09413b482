"""`GET health`: whether fixtures are loaded, and what is running."""

from time import monotonic

from flask import Response

from mockserver import __version__
from mockserver.admin.routes import Admin
from mockserver.wire import admin_response


def register(admin: Admin) -> None:
    def health() -> Response:
        uptime = round(monotonic() - admin.world.started, 3)
        return admin_response({"status": "ok", "version": __version__, "uptime_seconds": uptime})

    admin.route("GET", "/health", health)
