"""The routes that the vendor documents and the mock does not emulate: a call there is answered 501, and never 404."""

from functools import partial
from typing import NoReturn

from talkover_mock.dialect.endpoints import ENDPOINTS
from talkover_mock.dialect.errors import NotEmulated
from talkover_mock.web.request import MockRequest
from talkover_mock.web.routes import Route, Routes, shown


def known_routes() -> Routes:
    """The routes; each view raises NotEmulated, whatever the token."""
    routes = Routes()
    for each in ENDPOINTS:
        if not each.is_emulated:
            routes.add(Route(each.method, each.path, partial(_refuse, each.method, each.path)))
    return routes


def _refuse(method: str, path: str, _: MockRequest, **__: str) -> NoReturn:
    raise NotEmulated(method, shown(path))
