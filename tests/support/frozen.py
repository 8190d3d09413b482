"""A world with one webhook, whose clock is frozen until it is advanced, and the bytes that its answers have."""

import json
from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from typing import Any

from flask.testing import FlaskClient

from talkover_mock.environments.world import World
from talkover_mock.loading.fixture import read_fixture
from talkover_mock.loading.mistakes import Source
from tests.support.documented import AGENT, TOKEN, WEBHOOK

WEBHOOKS = f"/api/v1/agents/{AGENT}/webhooks"
ONE = f"{WEBHOOKS}/{WEBHOOK}"
RIGHT: Mapping[str, Any] = {"name": "N", "webhook_url": "http://xy", "events": ["event_action"]}
"""What a webhook needs, and no more."""
BEFORE, NOW = "2025-09-03T00:00:00.000000Z", "2025-09-03T23:19:51.000000Z"
"""When the webhook was created, and what the clock shows."""
FIRST_ID = "9fcafbf2-7590-45d7-9e29-c6ed225699bc"
"""The first id that is made at that moment from the seed 0."""


class Time:
    """The time of a world, in a test's hand."""

    def __init__(self) -> None:
        self.moment = datetime(2025, 9, 3, 23, 19, 51, 812_000, tzinfo=timezone.utc)

    def __call__(self) -> datetime:
        return self.moment

    def advance(self, seconds: float) -> None:
        self.moment += timedelta(seconds=seconds)


def frozen_world(time: Time, settings: Mapping[str, Any] | None = None, **webhook: Any) -> World:
    """The documented agent with one webhook, enabled, of `RIGHT` and what is given of it."""
    one = {"id": WEBHOOK, **RIGHT, "created_at": BEFORE, **webhook}
    agents = [{"id": AGENT, "name": "My Agent", "webhooks": [one]}]
    return World(read_fixture([Source("fixture", "", {"settings": settings, "agents": agents})]), time=time)


def compact(body: object) -> str:
    return json.dumps(body, separators=(",", ":"))


def shown(id: str, created_at: str, updated_at: str, **fields: Any) -> dict[str, Any]:
    """A webhook as answers show it: the twelve keys, of `RIGHT` and of those `fields` that are among them."""
    data: dict[str, Any] = {
        "id": id,
        "agent_id": AGENT,
        **RIGHT,
        "timeout": 30,
        "max_retries": 3,
        "enabled": True,
        "created_at": created_at,
        "updated_at": updated_at,
    }
    data |= {name: value for name, value in fields.items() if name in data}
    return {**data, "events_count": len(data["events"]), "status": "active" if data["enabled"] else "disabled"}


def created(http: FlaskClient, **fields: Any) -> str:
    """The id of a new webhook."""
    id: str = http.post(WEBHOOKS, json={**RIGHT, **fields}, headers=TOKEN).get_json()["data"]["id"]
    return id


def listed(http: FlaskClient) -> list[str]:
    """The ids, in the order of the list."""
    answer = http.get(WEBHOOKS, headers=TOKEN).get_json()
    return [webhook["id"] for webhook in answer["data"]["webhooks"]]
