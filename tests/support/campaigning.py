"""What tests of campaigns share: a world with one campaign and its webhook, its routes, and what is answered."""

from typing import Any

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from talkover_mock.admin.guard import Guard
from talkover_mock.app import create_app
from talkover_mock.environments.world import World
from talkover_mock.loading.fixture import read_fixture
from tests.support.documented import AGENT, TOKEN
from tests.support.fixture_documents import hook, source
from tests.support.frozen import Time

CAMPAIGN, WEBHOOK = "campaign-1", "webhook-1"
PATH = f"/api/v1/campaigns/{CAMPAIGN}"
WEBHOOKS = f"{PATH}/webhooks"
WEBHOOK_PATH = f"{WEBHOOKS}/{WEBHOOK}"
CREATED = {"created_at": "2025-09-01T10:00:00Z"}


def world_with(url: str = "http://xy", campaign: Any = None, time: Time | None = None, **fields: Any) -> World:
    """The documented agent with a webhook for `event_action`, and a campaign with a webhook."""
    given = {"id": WEBHOOK, "webhook_url": url, "events": ["campaign.started", "campaign.paused"], **CREATED}
    webhook = hook(**{**given, **fields})
    own = {"id": CAMPAIGN, "name": "Spring", "agent_id": AGENT, "webhooks": [webhook], **CREATED, **(campaign or {})}
    agent = {"id": AGENT, "name": "My Agent", "webhooks": [hook(id="of-agent", webhook_url=f"{url}/agent")]}
    return World(read_fixture([source({"agents": [agent], "campaigns": [own]})]), time=time or Time())


def client(world: World) -> FlaskClient:
    return create_app(world, Guard()).test_client()


def ask(http: FlaskClient, method: str, path: str, body: Any = None) -> TestResponse:
    headers = TOKEN if path.startswith("/api/") else {}
    return http.open(path, method=method, headers=headers, **({} if body is None else {"json": body}))


def answered(http: FlaskClient, method: str, path: str, body: Any = None) -> Any:
    """The body of an answer that is no error."""
    answer = ask(http, method, path, body)
    assert answer.status_code == 200
    return answer.get_json()
