"""A mock that has learned of an account can't be told from it: the account is another mock, of other settings."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from talkover_mock.client import MockServer
from talkover_mock.dialect.call_fields import CALLER
from talkover_mock.dialect.events import CAMPAIGN_EVENTS, EVENTS
from talkover_mock.loading.files import load
from talkover_mock.loading.fixture import Fixture, read_fixture
from talkover_mock.local import serving
from talkover_mock.receiver import ReceivedRequest, WebhookReceiver
from talkover_mock.state.records import AGENT_DEFAULTS, CAMPAIGN_DEFAULTS
from tests.doors.test_cli import run
from tests.learning.test_agreeing import without_ids
from tests.learning.test_listening import WAIT, started, url_of
from tests.support.documented import AGENT, WEBHOOK
from tests.support.fixture_documents import source

NOW = "2025-09-03T23:50:15Z"
CAMPAIGN, ITS_WEBHOOK = "9fe2b7d4-6a10-4f3c-8b59-2d7e4c1a9f60", "9fe2b7d4-7a10-4f3c-8b59-2d7e4c1a9f61"
TOKEN, SECRET, KEY = "talq_of_the_account", "whsec_b2YgdGhlIGFjY291bnQ=", "the key of the account"
OWN, OTHER = "+493012345678", "+493087654321"
ENDED, RECORDED = "event_phone_call_ended", "event_recording"
SETTINGS = {
    "stripe": {
        "plan": "professional",
        "create_status": 201,
        "signature_scheme": "stripe",
        "signature_header": "X-Talkover-Signature",
        "signature_prefix": "v9=",
        "delivery_json": "plain",
    },
    "standard": {"rate_limit": 5000, "signature_scheme": "standard", "signature_prefix": ""},
}
COMMON = {
    "type": "{{event}}",
    "id": "{{event_id}}",
    "created": "{{time.unix}}",
    "agent": {"id": "{{agent.id}}", "name": "{{agent.name}}"},
    "webhook": {"id": "{{webhook.id}}", "name": "{{webhook.name}}"},
    "call": {"sid": "{{call.id}}", "to": "{{call.to}}", "from": "{{call.from}}", "status": "{{call.status}}"},
    "context": "{{context}}",
    "version": 2,
    "rate": 1.0,
    "details": {},
}
PAYLOADS: dict[str, Any] = {
    **dict.fromkeys(EVENTS, COMMON),
    ENDED: {"event": "{{event}}", "callId": "{{call.id}}", "duration": "{{call.duration}}", "context": "{{context}}"},
    "campaign.started": {"what": "{{event}}", "campaign": {"id": "{{campaign.id}}"}, "at": "{{time.offset}}"},
}
OF_THE_MOCK = ("event_action", "event_phone_call_started")
"""Events of which the account's payload is the mock's own."""
UNTOLD: dict[str, Any] = {
    "webhook_secret": SECRET,
    "custom_headers": [{"key": "X-Key", "value": KEY}],
    "http_method": "PUT",
}
"""What the API does not tell of a webhook: whoever has the account adds it by hand."""


def account(url: str, settings: dict[str, Any]) -> dict[str, Any]:
    """The fixture of the account, whose webhooks lead to `url`."""
    hook = {"webhook_url": url, "created_at": "2025-09-03T23:19:51Z", "timeout": 10, **UNTOLD}
    agent = {
        "id": AGENT,
        "name": "Zoé's Agent / 1",
        "label": f"Calls from {OWN}",
        "language": "de-DE",
        "phone_numbers": [OWN],
        "team": {"size": 3},
        "created_at": "2024-05-01T10:00:00Z",
        "webhooks": [{**hook, "id": WEBHOOK, "name": "Ann's Webhook", "events": list(EVENTS)}],
    }
    campaign = {
        "id": CAMPAIGN,
        "name": "Spring",
        "agent_id": AGENT,
        "webhooks": [{**hook, "id": ITS_WEBHOOK, "name": "Progress", "events": list(CAMPAIGN_EVENTS), "enabled": True}],
    }
    payloads = {event: payload for event, payload in PAYLOADS.items() if event not in OF_THE_MOCK}
    return {
        "tokens": [TOKEN],
        "settings": settings,
        "payloads": payloads,
        "agents": [
            agent,
            {"id": "second", "name": "Second"},
            {"id": "third", "name": "Third", "current_status": "draft"},
        ],
        "campaigns": [campaign],
    }


@contextmanager
def mock_of(fixture: Fixture) -> Iterator[MockServer]:
    with serving(fixture) as local:
        yield local.client


def tell_everything(mock: MockServer) -> None:
    """Every event happens, with a call, numbers and a context; nothing of it may be kept."""
    call = {"to": OTHER, "from": OWN, "duration": 42}
    context = {"customer": "Ann Meier", "phone": OTHER, "token": TOKEN}
    for number, event in enumerate(EVENTS):
        mock.emit(AGENT, event, call={"id": f"call-{number}", **call}, context=context)
    mock.emit(campaign_id=CAMPAIGN, event="campaign.started")
    mock.emit(AGENT, "event_action", call={"id": "call-x"})


def of_the_account(state: dict[str, Any]) -> dict[str, Any]:
    """The state as the API tells it: with every default, and without what only the mock counts."""
    for kind, defaults in (("agents", AGENT_DEFAULTS), ("campaigns", CAMPAIGN_DEFAULTS)):
        for each in state[kind]:
            each.pop("cache_clears", None)
            for key, value in json.loads(json.dumps(defaults)).items():
                each.setdefault(key, each["created_at"] if key == "updated_at" else value)
    return dict(state)


def wire(requests: list[ReceivedRequest]) -> list[tuple[str, str, list[tuple[str, str]], bytes]]:
    return [(each.method, each.path, [*each.raw_headers], each.body) for each in requests]


@pytest.mark.slow
@pytest.mark.parametrize("settings", SETTINGS.values(), ids=SETTINGS)
def test_the_third_mock_is_the_account(settings: dict[str, Any], tmp_path: Path, receiver: WebhookReceiver) -> None:
    file, printed = tmp_path / "learned.yaml", ""
    with started(tmp_path, "--count", "24", "--out", str(file), "--secret", SECRET) as listening:
        vendor_fixture = read_fixture([source(account(url_of(listening), settings))])
        with mock_of(vendor_fixture) as vendor:
            tell_everything(vendor)
            printed += "".join(listening.communicate(timeout=WAIT))
            assert listening.returncode == 0, printed
            learned = run("import", vendor.url, "--token", TOKEN, "--out", str(file))
            assert learned.exit_code == 0, learned.output
            asking = ("conformance", "--write-to", "second", "--token")
            agreed = run(*asking, TOKEN, "--url", vendor.url, "--out", str(file))
            assert agreed.exit_code == ("create_status" in settings), agreed.output
            printed += learned.output + agreed.output
            vendor.reset()
            with mock_of(load([file])) as third:
                sent, asked = [], []
                for mock, token in ((vendor, TOKEN), (third, third.token or "")):
                    mock.freeze(NOW)
                    for id in (WEBHOOK, ITS_WEBHOOK):
                        mock.set_webhook(id, webhook_url=receiver.url, **UNTOLD)
                    tell_everything(mock)
                    sent.append(wire([*receiver.requests]))
                    receiver.clear()
                    asked.append(without_ids(run(*asking, token, "--url", mock.url).stdout))
                assert len(sent[0]) == len(EVENTS) + 2
                assert sent[1] == sent[0]
                assert asked[1] == asked[0]
                expected = json.loads(json.dumps(vendor.state()).replace(OWN, CALLER))
                found: dict[str, Any] = {**third.state()}
                assert [found["payloads"].pop(event)["event"] for event in OF_THE_MOCK] == ["{{event}}"] * 2
                assert found["settings"] == expected["settings"]
                assert of_the_account(found) == of_the_account(expected)
    assert file.read_text().startswith("# Written by talkover-mock")
    for value in (TOKEN, SECRET, KEY, OWN, OTHER, OWN[1:], OTHER[1:], "Ann Meier"):
        assert value not in printed + file.read_text()
