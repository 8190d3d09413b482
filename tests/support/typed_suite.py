"""A suite as users write it under strict type checkers: everything that a test handles has a type.

A comment that ignores an error says that the line must be one: both checkers report a comment that is not needed.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

import pytest
import requests

from talkover_mock.client import (
    Action,
    Agent,
    AgentWebhook,
    Call,
    CallFault,
    Campaign,
    CampaignEvent,
    CampaignWebhook,
    Clock,
    ClosedEnvironment,
    Delivery,
    DeliveryAction,
    DeliveryFault,
    Emitted,
    EmittedEvent,
    Environment,
    Event,
    Fault,
    MarkedEnvironment,
    MockServer,
    MockServerError,
    Preset,
    Probed,
    Request,
    Skipped,
    SkippedDelivery,
    Snapshot,
    State,
    Stub,
    Webhook,
)
from talkover_mock.receiver import Answer, ReceivedRequest, WebhookReceiver, running_receiver

AGENT = "9fbef0b7-8d4e-4a08-9207-66c22155721d"
WEBHOOK = "9fcafbf2-7593-44d6-8cd7-1b221beba62a"
ENDED: Event = "event_phone_call_ended"
CAMPAIGN: Mapping[str, object] = {
    "id": "one",
    "name": "One",
    "agent_id": AGENT,
    "webhooks": [{"name": "W", "webhook_url": "https://example.com", "events": ["campaign.paused"]}],
}


def toggle(server: MockServer) -> int:
    url = f"{server.api_url}/agents/{AGENT}/webhooks/{WEBHOOK}/toggle"
    return requests.patch(url, headers=server.headers, timeout=10).status_code


@pytest.mark.parametrize("preset", ["maintenance", "server_error"])
def test_a_preset_is_a_parameter(talkover_mock: MockServer, preset: Preset) -> None:
    fault: CallFault = talkover_mock.add_fault(preset, times=1, match={"method": "PATCH"})
    assert toggle(talkover_mock) >= 500
    now: Fault = talkover_mock.wait_for_fault(fault["id"])
    assert (now["struck"], fault["preset"], fault["match"]["method"]) == (1, preset, "PATCH")
    assert [each["id"] for each in talkover_mock.faults()] == [fault["id"]]


@pytest.mark.parametrize("action", ["connection_reset", "truncated_body"])
def test_an_action_is_a_parameter(talkover_mock: MockServer, action: Action) -> None:
    talkover_mock.add_fault(action, path="*/toggle", times=1, apply=True)
    with pytest.raises(requests.exceptions.RequestException):
        toggle(talkover_mock)
    [call] = talkover_mock.requests(path="*/toggle")
    assert call["applied"]


@pytest.mark.parametrize("action", ["lose_answer", "drop"])
def test_an_action_on_deliveries_is_a_parameter(talkover_mock: MockServer, action: DeliveryAction) -> None:
    fault: DeliveryFault = talkover_mock.add_fault(action, on="deliveries", event="*_ended", times=1)
    assert (fault["on"], fault["action"], fault.get("copies")) == ("deliveries", action, None)


@pytest.mark.parametrize("event", ["event_action", "event_recording"])
def test_an_event_is_a_parameter(talkover_mock: MockServer, event: Event) -> None:
    talkover_mock.set_webhook(WEBHOOK, events=[event], enabled=True)
    emitted: Emitted = talkover_mock.emit(AGENT, event, context={"order": 7})
    [delivery] = [each for each in emitted if each["webhook_id"] == WEBHOOK]
    assert delivery["request"] is not None
    assert '"order":7' in delivery["request"]["body"]
    again: Delivery = talkover_mock.redeliver(delivery["id"], replay=True)
    assert again["response"] is not None
    assert again["response"]["status"] == 200


def test_an_event_of_ones_own(talkover_mock: MockServer) -> None:
    name = "event_phone_call_paused"
    talkover_mock.emit(AGENT, name, unknown=True)
    events: Sequence[EmittedEvent] = talkover_mock.events(event=name)
    skipped: Sequence[Skipped] = events[0]["skipped"]
    missed: Sequence[SkippedDelivery] = talkover_mock.deliveries(event=name, status="skipped")
    assert [each["error"] for each in missed if each["webhook_id"] == WEBHOOK] == ["it is disabled"]
    assert {each["reason"] for each in skipped} <= {"it is disabled"}


def test_an_event_of_a_campaign(talkover_mock: MockServer) -> None:
    paused: CampaignEvent = "campaign.paused"
    state: State = talkover_mock.merge_state({"campaigns": [CAMPAIGN]})
    campaigns: Sequence[Campaign] = state.get("campaigns", [])
    campaign = campaigns[0]
    of_campaign: CampaignWebhook = campaign["webhooks"][0]
    assert not of_campaign["include_call_events"]
    assert [each["event"] for each in talkover_mock.emit(campaign_id="one", event=paused)] == [paused]


def test_calls_of_the_api(talkover_mock: MockServer) -> None:
    toggle(talkover_mock)
    calls: Sequence[Request] = talkover_mock.assert_requested("PATCH", "*/toggle", times=1)
    call = calls[0]
    assert call["response"] is not None
    assert (call["status"], call["response"]["body_cut"], call["request"]["body"]) == (200, False, "")
    talkover_mock.assert_not_requested("DELETE", "*", status="2xx")
    assert talkover_mock.search("requests", {"method": "PATCH"})["requests"] == [call]
    assert talkover_mock.search("deliveries", {})["deliveries"] == talkover_mock.deliveries()


def test_the_state(talkover_mock: MockServer) -> None:
    webhook: Webhook = talkover_mock.set_webhook(WEBHOOK, timeout=5, http_method="PUT", webhook_secret=None)
    agent: Agent = talkover_mock.agent(AGENT)
    of_agent: AgentWebhook = agent["webhooks"][0]
    assert webhook in agent["webhooks"]
    assert of_agent["events"]
    assert (webhook["http_method"], webhook["custom_headers"], webhook.get("status")) == ("PUT", [], None)
    snapshot: Snapshot = talkover_mock.snapshot("before")
    talkover_mock.replace_state({"agents": []})
    assert talkover_mock.restore("before") == snapshot
    assert [each["name"] for each in talkover_mock.snapshots()] == ["before"]
    stub: Stub = talkover_mock.add_stub("GET", "/api/v1/phone-numbers", status=201, body={"data": []})
    assert talkover_mock.stubs() == [stub]
    assert talkover_mock.reset()["reset"]


def test_a_call_of_a_phone(talkover_mock: MockServer) -> None:
    clock: Clock = talkover_mock.clock()
    assert not clock["frozen"]
    talkover_mock.freeze("2025-09-03T23:19:51Z")
    played = talkover_mock.play("answered", AGENT, call={"to": "+1234567890"})
    talkover_mock.advance(played["seconds"])
    call: Call = talkover_mock.calls()[-1]
    assert (call["id"], call["status"], call["from"]) == (played["call_id"], "completed", "+12025550100")


def test_environments(talkover_mock: MockServer) -> None:
    with talkover_mock.open_environment("mine", schedule={"seed": 1}) as mine:
        environment: Environment = mine.environment("mine")
        assert environment["schedule"]["seed"] == 1 if "schedule" in environment else False
        marked: MarkedEnvironment = mine.mark_environment("mine")
        assert (marked["state"], mine.mark_environment("mine", "open")["state"]) == ("failed, kept", "open")
        closed: ClosedEnvironment = mine.close()
    assert (closed["errors"], closed["unmatched"]) == ([], [])
    assert talkover_mock.health()["status"] == "ok"
    assert talkover_mock.assumptions()["overrides"] == {}


def test_a_refusal(talkover_mock: MockServer) -> None:
    with pytest.raises(MockServerError) as caught:
        talkover_mock.merge_state({"agents": [{}]})
    assert (caught.value.status, caught.value.problem["title"]) == (422, "The fixture has mistakes")


def test_a_receiver(talkover_mock: MockServer, webhook_receiver: WebhookReceiver) -> None:
    talkover_mock.set_webhook(WEBHOOK, webhook_url=webhook_receiver.url, enabled=True, webhook_secret="s")
    webhook_receiver.answer_next(500, Answer(201, delay_seconds=0.001))
    talkover_mock.emit(AGENT, ENDED)
    received: ReceivedRequest = webhook_receiver.wait_for(1)[0]
    assert (received.is_signed_with("s"), received.event) == (True, ENDED)
    with running_receiver() as another:
        assert another.events == []


def test_a_probe(talkover_mock: MockServer, webhook_receiver: WebhookReceiver) -> None:
    with pytest.raises(AssertionError, match="failed"):
        probed(talkover_mock.probe, webhook_receiver.url)


def probed(probe: Callable[[str, str], Sequence[Probed]], url: str) -> Sequence[str]:
    return [each["name"] for each in probe(url, "secret") if each["passed"]]


if TYPE_CHECKING:

    def slips(server: MockServer, some: str, on_calls: Action) -> None:
        server.emit(AGENT, "event_recordin")  # type: ignore[call-overload]
        server.emit(AGENT, some)  # type: ignore[call-overload]
        server.emit(AGENT)  # type: ignore[call-overload]
        server.emit(campaign_id="one", unknown=True)  # type: ignore[call-overload]
        server.add_fault("maintenence")  # type: ignore[call-overload]
        server.add_fault("drop")  # type: ignore[call-overload]
        server.add_fault(on_calls, tims=1)  # type: ignore[call-overload]
        server.deliveries(status="sent")  # type: ignore[call-overload]
        server.set_webhook(WEBHOOK, events=["event_recordin"])  # type: ignore[list-item]
        server.deliveries()[0]["satus"]  # type: ignore[typeddict-item]
        server.webhook(WEBHOOK)["timeout"].lower()  # type: ignore[attr-defined]
