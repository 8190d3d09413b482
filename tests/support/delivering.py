"""A world whose webhooks lead to a receiver in the test, where it is always the same moment."""

from collections.abc import Sequence
from datetime import datetime, timezone
from typing import Any

from flask.testing import FlaskClient

from talkover_mock.base.shapes.values import Event
from talkover_mock.environments.world import MOST_KEPT, World
from talkover_mock.loading.fixture import read_fixture
from talkover_mock.loading.mistakes import Source
from tests.support.documented import AGENT, OTHER_AGENT, WEBHOOK

MOMENT = datetime(2025, 9, 3, 23, 50, 15, tzinfo=timezone.utc)
DISABLED = "9fcb2c1e-04f5-4c3b-9a77-5f3e8d1b6a20"
RECORDER = "9fcb3a10-6e0d-4a52-8c41-90d2b7a5e3f4"
CAPTURED = "9fd1aa5b-91c7-47d2-b6e8-0a4f3c2d1e59"
SECRET = "optional_secret_for_hmac"
STARTED: Event = "event_phone_call_started"
ENDED: Event = "event_phone_call_ended"
RECORDING: Event = "event_recording"
DELIVERIES = "/__admin/deliveries"
WAIT = 10
"""Seconds after which something that should have happened did not."""


def fixture(url: str) -> dict[str, Any]:
    """Two agents. `url` gets the calls of the first; the second's webhook leads to another machine."""
    calls = {"webhook_url": url, "events": [STARTED, ENDED]}
    custom = [{"key": "X-Team", "value": "calls"}, {"key": "X-Team", "value": "billing"}]
    webhooks = [
        {"id": WEBHOOK, "name": "My Webhook", **calls, "webhook_secret": SECRET, "custom_headers": custom},
        {"id": DISABLED, "name": "Disabled", **calls, "enabled": False},
        {"id": RECORDER, "name": "Recorder", "webhook_url": f"{url}/recordings", "events": [RECORDING]},
    ]
    far = {"id": CAPTURED, "name": "Far", "webhook_url": "https://example.com/hook?a=1", "events": [STARTED]}
    return {
        "agents": [
            {"id": AGENT, "name": "My Agent", "webhooks": webhooks},
            {"id": OTHER_AGENT, "name": "Other Agent", "webhooks": [far]},
        ]
    }


def delivering(url: str, most_kept: int = MOST_KEPT, deliver_to: Sequence[str] = ()) -> World:
    described = read_fixture([Source("fixture", "", fixture(url))])
    return World(described, time=lambda: MOMENT, most_kept=most_kept, deliver_to=deliver_to)


def emit(http: FlaskClient, event: str = STARTED, agent_id: str = AGENT, **wanted: object) -> dict[str, Any]:
    """What the event led to, when its deliveries have ended."""
    body = {"agent_id": agent_id, "event": event, "wait": WAIT, **wanted}
    found: dict[str, Any] = http.post("/__admin/events", json=body).get_json()
    return found


def read(http: FlaskClient, query: str = "") -> dict[str, Any]:
    """The attempts that `query` asks for."""
    answer = http.get(f"{DELIVERIES}?{query}")
    assert (answer.status_code, answer.content_type) == (200, "application/json")
    found: dict[str, Any] = answer.get_json()
    return found
