"""Environments whose webhooks lead to receivers in the test, and short words for what happens in them."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timezone
from typing import Any

from talkover_mock.base.shapes.values import Event
from talkover_mock.deliveries.records import Delivery
from talkover_mock.environments.environment import Environment
from talkover_mock.environments.world import World
from talkover_mock.loading.fixture import read_fixture, to_baseline
from talkover_mock.loading.mistakes import Source
from talkover_mock.state.store import Baseline
from tests.support.documented import AGENT, WEBHOOK

MOMENT = datetime(2025, 9, 3, 23, 50, 15, tzinfo=timezone.utc)
STARTED: Event = "event_phone_call_started"
ENDED: Event = "event_phone_call_ended"
OTHER = "9fcb3a10-6e0d-4a52-8c41-90d2b7a5e3f4"
WAIT = 10.0
"""Seconds after which what should have happened did not."""


def hook(url: str, id: str = WEBHOOK, **fields: Any) -> dict[str, Any]:
    """A webhook of a fixture, which asks for one event."""
    return {"id": id, "name": "My Webhook", "webhook_url": url, "events": [STARTED], **fields}


def fixture(*webhooks: Mapping[str, Any], **body: Any) -> dict[str, Any]:
    """The documented agent with these webhooks."""
    return {**body, "agents": [{"id": AGENT, "name": "My Agent", "webhooks": list(webhooks)}]}


def world_of(*webhooks: Mapping[str, Any], most_kept: int = 1000, **body: Any) -> World:
    return World(read_fixture([Source("fixture", "", fixture(*webhooks, **body))]), most_kept=most_kept)


def two_webhooks(open_world: Callable[..., World], url: str) -> World:
    """Two webhooks of one agent, of which `OTHER` never retries; the clock is frozen."""
    world = open_world(hook(url), hook(f"{url}/other", OTHER, max_retries=0))
    world.default.freeze(MOMENT)
    return world


def impatient(*webhooks: Mapping[str, Any], timeout: float) -> Baseline:
    """Webhooks whose timeout is shorter than the API allows."""
    baseline = to_baseline(Source("fixture", "", fixture(*webhooks)))
    hasty: Any = timeout
    return baseline._replace(webhooks={id: each._replace(timeout=hasty) for id, each in baseline.webhooks.items()})


def emit(environment: Environment, event: str = STARTED, agent_id: str = AGENT, **extra: Any) -> Sequence[Delivery]:
    """The first attempts that go out at once, as they ended."""
    emitted = environment.deliveries.emit(agent_id, event, extra=extra)
    awaited = {each.id for each in emitted.awaited}
    found = emitted.log.watch(lambda delivery: delivery.id in awaited, len(awaited), None, WAIT)
    assert found.satisfied
    return found.items


def attempts(environment: Environment) -> Sequence[Delivery]:
    """All of them, oldest first."""
    return environment.deliveries.log.watch(lambda _: True).items


def statuses(environment: Environment) -> list[str]:
    return [delivery.status for delivery in attempts(environment)]


def seconds_after(start: datetime, environment: Environment) -> list[float]:
    """When the attempts were made."""
    return [(delivery.created_at - start).total_seconds() for delivery in attempts(environment)]
