"""The health of the server: a check must not depend on guards, faults or limits, nor leave a trace."""

import json

from talkover_mock import __version__
from talkover_mock.base.shapes.admin import Health
from talkover_mock.environments.world import World
from talkover_mock.web.answers import SAFE_HEADERS, Answer
from talkover_mock.web.routes import ADMIN

HEALTH = f"{ADMIN}/health"


def health_of(world: World) -> Health:
    """The body of the answer."""
    return {"status": "ok", "version": __version__, "uptime_seconds": world.uptime}


def health_answer(world: World) -> Answer:
    """The answer over HTTP, which an event loop can give at once."""
    body = json.dumps(health_of(world), indent=2) + "\n"
    return Answer(body.encode(), headers={"Content-Type": "application/json", **SAFE_HEADERS})
