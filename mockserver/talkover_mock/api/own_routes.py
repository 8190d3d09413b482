"""The table of the routes that the mock emulates."""

from functools import cache

from talkover_mock.api import FAMILIES
from talkover_mock.api.routing import Api
from talkover_mock.web.routes import Routes


@cache
def own_routes() -> Routes:
    """The routes of all families, which all applications share."""
    api = Api()
    for family in FAMILIES:
        family.register(api)
    return Routes(api.routes)
