"""The table of the admin routes, all but the page's: that one needs Flask's templates."""

from functools import cache

from talkover_mock.admin.routes import (
    about,
    assumptions,
    clock,
    deliveries,
    environments,
    events,
    faults,
    report,
    requests,
    scenarios,
    snapshots,
    state,
    stubs,
    verify,
    webhooks,
)
from talkover_mock.admin.routing import Admin
from talkover_mock.web.routes import Routes

_MODULES = (
    about,
    assumptions,
    clock,
    deliveries,
    environments,
    events,
    faults,
    report,
    requests,
    scenarios,
    snapshots,
    state,
    stubs,
    verify,
    webhooks,
)
"""Each has `register(admin)`, which declares its routes."""


@cache
def admin_routes() -> Routes:
    """The routes of all modules, which all applications share."""
    admin = Admin()
    for module in _MODULES:
        module.register(admin)
    return Routes(admin.routes)
