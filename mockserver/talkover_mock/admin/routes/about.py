"""`health` and `openapi.yaml`: the mock's version and uptime, and the description of every route."""

from talkover_mock import __version__
from talkover_mock.admin.bodies import admin_answer
from talkover_mock.admin.routing import Admin
from talkover_mock.base.own_files import own_file
from talkover_mock.web.answers import Answer
from talkover_mock.web.health import health_of
from talkover_mock.web.request import MockRequest

DOCUMENT = "openapi.yaml"
_VERSION = "{version}"
"""Stands in the file for the version of the package, which is written in one place only."""


def description() -> str:
    """The OpenAPI document with the version of the package."""
    return own_file(DOCUMENT).decode().replace(_VERSION, __version__)


def register(admin: Admin) -> None:
    admin.public_route("GET", "/health", _health)
    admin.public_route("GET", "/openapi.yaml", _openapi)


def _health(request: MockRequest) -> Answer:
    return admin_answer(health_of(request.world))


def _openapi(_: MockRequest) -> Answer:
    return Answer(description().encode(), headers={"Content-Type": "application/yaml"})
