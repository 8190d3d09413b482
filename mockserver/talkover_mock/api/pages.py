"""The words for requests of foreign web pages, which get copies of the environments."""

from collections.abc import Mapping
from typing import Any

from talkover_mock.base.words import brief
from talkover_mock.web.origins import ANY, allowable
from talkover_mock.web.request import MockRequest

_ANOTHER_SITE, _ANY = "another site", f"'{ANY}'"


def foreign_page(environ: Mapping[str, Any]) -> str:
    """The page by its origin; without one, only that it is of another site is known."""
    return brief(environ.get("HTTP_ORIGIN") or _ANOTHER_SITE).strip('"')


def page_reason(request: MockRequest) -> str:
    """The sentence in the answers to a foreign web page."""
    origin = request.header("Origin")
    opened = f"; start with --allow-origin {allowable(origin) or _ANY} to allow it" if origin else ""
    return f"a web page of {request.page} got a copy, environment {request.environment_of().name}{opened}"
