"""The client and campaigns: their events, and their webhooks in the state."""

from collections.abc import Iterator

import pytest

from talkover_mock.client import MockServer, MockServerError
from talkover_mock.environments.world import World
from talkover_mock.receiver import WebhookReceiver
from tests.support.campaigning import CAMPAIGN, WEBHOOK, world_with


@pytest.fixture
def world(receiver: WebhookReceiver) -> Iterator[World]:
    world = world_with(receiver.url)
    yield world
    world.stop()


def test_an_event_of_a_campaign_is_emitted(mock: MockServer, receiver: WebhookReceiver) -> None:
    emitted = mock.emit(campaign_id=CAMPAIGN, event="campaign.paused", data={"by": "us"})
    assert [each["webhook_id"] for each in emitted] == [WEBHOOK]
    assert receiver.events == ["campaign.paused"]
    with pytest.raises(MockServerError, match="agent_id must be the id of the agent"):
        mock.emit(event="campaign.paused")


def test_deliveries_and_events_are_searched_by_campaign(mock: MockServer) -> None:
    mock.emit(campaign_id=CAMPAIGN, event="campaign.started")
    assert [each["webhook_id"] for each in mock.deliveries(min=1, campaign_id=CAMPAIGN)] == [WEBHOOK]
    assert [each["event"] for each in mock.events(campaign_id=CAMPAIGN)] == ["campaign.started"]
    mock.emit(campaign_id=CAMPAIGN, event="campaign.completed")
    with pytest.raises(AssertionError, match=f"webhook {WEBHOOK} was skipped: it does not list the event"):
        mock.deliveries(min=1, campaign_id=CAMPAIGN, event="campaign.completed")


def test_a_campaigns_webhook_is_read_and_changed(mock: MockServer) -> None:
    assert mock.webhook(WEBHOOK)["include_call_events"] is False
    changed = mock.set_webhook(WEBHOOK, include_call_events=True, enabled=False)
    assert changed == mock.webhook(WEBHOOK)
    assert (changed["include_call_events"], changed["enabled"]) == (True, False)


def test_a_state_with_campaigns_is_kept_by_a_snapshot_and_a_reset(mock: MockServer) -> None:
    before = mock.state()
    mock.snapshot("before")
    mock.set_webhook(WEBHOOK, enabled=False)
    mock.restore("before")
    assert mock.state() == before
    mock.merge_state({"campaigns": [{"id": CAMPAIGN, "status": "active"}]})
    assert mock.state()["campaigns"][0]["status"] == "active"
    mock.reset()
    assert mock.state() == before
    mock.replace_state(before)
    assert mock.state() == before
