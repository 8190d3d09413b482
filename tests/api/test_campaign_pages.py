"""A client written from the vendor's campaign pages alone runs against the mock: only its base URL is another one."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests
from flask import Flask

from talkover_mock.admin.guard import Guard
from talkover_mock.app import create_app
from talkover_mock.environments.world import World
from talkover_mock.receiver import WebhookReceiver
from talkover_mock.web.server import Server
from tests.support.campaigning import CAMPAIGN, world_with
from tests.support.stories import WAIT


class CampaignClient:
    """What an application has: the pages' paths, bodies and keys, and nothing of the mock."""

    def __init__(self, base_url: str, token: str, campaign_id: str) -> None:
        self.session = requests.Session()
        self.session.headers["Authorization"] = f"Bearer {token}"
        self.campaign = f"{base_url}/campaigns/{campaign_id}"
        self.root = f"{self.campaign}/webhooks"

    def _asked(self, method: str, url: str, body: Any = None) -> Any:
        answer = self.session.request(method, url, json=body, timeout=WAIT)
        answer.raise_for_status()
        document = answer.json()
        assert document["success"] is True
        return document

    def subscribe(self, url: str, *events: str) -> str:
        known = self._asked("GET", self.root)["data"]
        assert {*events} <= {*known["available_events"]}
        for webhook in known["webhooks"]:
            if webhook["webhook_url"] == url:
                return str(webhook["id"])
        body = {"name": "Ours", "webhook_url": url, "events": events, "include_call_events": True, "max_retries": 0}
        return str(self._asked("POST", self.root, body)["data"]["id"])

    def pause(self, id: str) -> None:
        self._set(id, enabled=False)

    def resume(self, id: str) -> None:
        self._set(id, enabled=True)

    def _set(self, id: str, enabled: bool) -> None:
        """The vendor's toggle flips; so it is asked only where that leads to the wanted state."""
        if self._asked("GET", f"{self.root}/{id}")["data"]["enabled"] is not enabled:
            toggled = self._asked("PATCH", f"{self.root}/{id}/toggle")
            assert toggled["message"] == ("Webhook enabled" if enabled else "Webhook disabled")
            assert toggled["data"] == {"id": id, "enabled": enabled}

    def listen_to(self, id: str, *events: str) -> list[str]:
        changed: list[str] = self._asked("PUT", f"{self.root}/{id}", {"events": events})["data"]["events"]
        return changed

    def start(self) -> str:
        return str(self._asked("PATCH", f"{self.campaign}/status", {"status": "active"})["data"]["status"])

    def ping(self, id: str) -> str:
        return str(self._asked("POST", f"{self.root}/{id}/test")["message"])

    def repeat_failed(self, id: str) -> int:
        """The number of failed log entries, each of which is sent again."""
        failed = [each for each in self._asked("GET", f"{self.root}/{id}/logs")["data"] if each["status"] == "failed"]
        for entry in failed:
            retried = self._asked("POST", f"{self.root}/{id}/logs/{entry['id']}/retry")["data"]
            assert retried["original_log_id"] == entry["id"]
        return len(failed)

    def unsubscribe(self, id: str) -> str:
        return str(self._asked("DELETE", f"{self.root}/{id}")["message"])


@pytest.fixture
def world() -> Iterator[World]:
    world = world_with()
    yield world
    world.stop()


@pytest.fixture
def client(world: World, serve: Callable[[Flask], Server]) -> Iterator[CampaignClient]:
    client = CampaignClient(f"{serve(create_app(world, Guard())).url}/api/v1", "talq_any", CAMPAIGN)
    yield client
    client.session.close()


def test_a_client_of_the_campaign_pages_runs_unchanged(
    client: CampaignClient, world: World, receiver: WebhookReceiver
) -> None:
    id = client.subscribe(receiver.url, "campaign.started")
    assert client.subscribe(receiver.url, "campaign.started") == id
    assert client.ping(id) == "Test payload dispatched"
    assert client.listen_to(id, "campaign.started", "campaign_call.failed") == [
        "campaign.started",
        "campaign_call.failed",
    ]
    receiver.answer_next(500)
    assert client.start() == "active"
    receiver.wait_for(2)
    assert world.default.deliveries.log.watch(lambda each: each.status == "failed", 1, None, WAIT).satisfied
    assert client.repeat_failed(id) == 1
    receiver.wait_for(3)
    assert receiver.events == ["webhook.test", "campaign.started", "campaign.started"]
    client.pause(id)
    client.pause(id)
    webhook = world.default.webhook(id)
    assert webhook
    assert not webhook.enabled
    client.resume(id)
    assert client.unsubscribe(id) == "Campaign webhook deleted"
    with pytest.raises(requests.HTTPError, match="404"):
        client.ping(id)
