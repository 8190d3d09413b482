"""The table of the admin routes, all but the page's: that one needs Flask's templates."""

from collections.abc import Sequence

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
from talkover_mock.environments.world import World
from talkover_mock.web.request_log import Log

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


def admin_table(world: World, operations: Sequence[str], log: Log | None = None) -> Admin:
    """The routes on a world; see `Admin`."""
    admin = Admin(world, operations, log)
    for module in _MODULES:
        module.register(admin)
    return admin
