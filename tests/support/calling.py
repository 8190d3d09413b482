"""What tests of calls share: a world with one agent, its routes, and what is answered."""

from collections.abc import Mapping
from typing import Any

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from talkover_mock.admin.guard import Guard
from talkover_mock.app import create_app
from talkover_mock.environments.world import World
from talkover_mock.loading.fixture import read_fixture
from tests.support.documented import AGENT, TOKEN
from tests.support.fixture_documents import source
from tests.support.frozen import Time

AGENT_PATH = f"/api/v1/agents/{AGENT}"
CALLS = f"{AGENT_PATH}/calls"
NUMBER = "+1234567890"
FIRST = "9fcafbf2-7590-487f-a2b7-3cbfd0eb883b"
"""The id of the first call at the moment of `Time`, from the seed 0."""
CALL: Mapping[str, Any] = {"id": "call-1", "agent_id": AGENT, "to": NUMBER, "created_at": "2025-09-01T10:00:00Z"}
"""A call of a fixture."""


def world_with(*calls: Mapping[str, Any], time: Time | None = None, **more: Any) -> World:
    """The documented agent without webhooks, and an agent without calls."""
    agents = [{"id": AGENT, "name": "My Agent"}, {"id": "other", "name": "Other", "label": "Desk"}]
    return World(read_fixture([source({"agents": agents, "calls": list(calls), **more})]), time=time or Time())


def client(*calls: Mapping[str, Any], time: Time | None = None, **more: Any) -> FlaskClient:
    return create_app(world_with(*calls, time=time, **more), Guard()).test_client()


def place(http: FlaskClient, to: object = NUMBER, **fields: Any) -> TestResponse:
    return http.post(f"{AGENT_PATH}/call", json={"to": to, **fields}, headers=TOKEN)


def placed(http: FlaskClient, to: object = NUMBER, **fields: Any) -> str:
    """The id of a new call."""
    id: str = place(http, to, **fields).get_json()["data"]["id"]
    return id


def end(http: FlaskClient, id: object, agent: str = AGENT) -> TestResponse:
    return http.post(f"/api/v1/agents/{agent}/end-call", json={"call_sid": id}, headers=TOKEN)


def listed(http: FlaskClient, path: str = CALLS) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = http.get(path, headers=TOKEN).get_json()["data"]
    return found
