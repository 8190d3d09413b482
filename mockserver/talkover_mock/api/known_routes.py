"""The routes that the vendor documents and the mock does not emulate: a call there is answered 501, and never 404."""

from functools import cache, partial
from typing import NoReturn
from urllib.parse import quote

from talkover_mock.dialect.endpoints import ENDPOINTS, Endpoint
from talkover_mock.dialect.errors import NotEmulated
from talkover_mock.web.request import MockRequest
from talkover_mock.web.routes import Route, Routes, shown


@cache
def known_routes() -> Routes:
    """The routes, which all applications share; each view raises NotEmulated, whatever the token."""
    return Routes(Route(each.method, each.path, partial(_refuse, each)) for each in ENDPOINTS if not each.is_emulated)


def _refuse(endpoint: Endpoint, request: MockRequest, **_: str) -> NoReturn:
    """Where only the beginning of the path is known, the error names the path that was called."""
    called = quote(request.path.rstrip("/"))
    raise NotEmulated(endpoint.method, called if endpoint.path.endswith("*") else shown(endpoint.path))
