"""The payloads of a fixture: what is sent of an event in the place of the mock's own payload."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from talkover_mock.base.shapes.values import Event
from talkover_mock.deliveries.messages import message
from talkover_mock.deliveries.records import Occurrence
from talkover_mock.dialect.placeholders import TIME_FORMS
from talkover_mock.dialect.settings import DEFAULTS
from talkover_mock.loading.fixture import read_fixture
from talkover_mock.local import serving
from talkover_mock.state.records import Campaign, Owners, Webhook
from tests.deliveries.test_messages import AGENT, ENDED, MOMENT, STARTED, WEBHOOK, occurrence
from tests.support.documented import AGENT as AGENT_ID
from tests.support.documented import WEBHOOK as WEBHOOK_ID
from tests.support.fixture_documents import source
from tests.support.rows import each_row

CAMPAIGN = Campaign("c-1", "C", AGENT_ID, "active")


def sent(event: Occurrence, payload: Mapping[str, Any], webhook: Webhook = WEBHOOK) -> Any:
    owners = Owners(AGENT, CAMPAIGN if webhook.campaign_id else None)
    outgoing = message(event._replace(payload=payload), owners, webhook, DEFAULTS, int(MOMENT.timestamp()))
    return json.loads(outgoing.body)


def test_it_is_the_whole_payload_with_what_the_caller_adds() -> None:
    payload = {"type": "{{event}}", "agent": "{{agent.id}}", "call": {"sid": "{{call.id}}"}, "id": "{{event_id}}"}
    assert sent(occurrence(extra={"type": "mine", "z": 1}), payload) == {
        "type": "mine",
        "agent": AGENT_ID,
        "call": {"sid": "call-1"},
        "id": "occurrence-1",
        "z": 1,
    }


LITERALS = '{"a":{},"b":{"0":1,"1":{}},"c":[],"d":1.0,"e":-0.0,"f":0.5,"g":123456789012345678901,"h":1,"i":true}'


@each_row("style", ["php", "plain"])
@each_row("payload", [LITERALS, "{}", '{"0":2.0}'])
def test_objects_and_numbers_are_sent_as_they_are_written(payload: str, style: str) -> None:
    event = occurrence(payload=json.loads(payload), context={})
    settings = DEFAULTS._replace(delivery_json=style)
    assert message(event, Owners(AGENT, None), WEBHOOK, settings, 0).body.decode() == payload


def test_what_stands_for_a_placeholder_is_sent_as_php_keeps_it() -> None:
    event = occurrence(payload={"x": "{{context}}"}, context={"a": {}, "b": 1.0}, extra={"y": {}})
    body = message(event, Owners(AGENT, None), WEBHOOK, DEFAULTS, 0).body
    assert body == b'{"x":{"a":[],"b":1},"y":[]}'


def test_the_moment_is_written_in_every_form() -> None:
    event = occurrence(moment=MOMENT.replace(microsecond=123_999))
    assert sent(event, {form: f"{{{{time.{form}}}}}" for form in TIME_FORMS}) == {
        "milliseconds": "2025-09-03T23:19:51.123Z",
        "seconds": "2025-09-03T23:19:51Z",
        "microseconds": "2025-09-03T23:19:51.123999Z",
        "offset": "2025-09-03T23:19:51+00:00",
        "database": "2025-09-03 23:19:51",
        "unix": 1756941591,
        "unix_milliseconds": 1756941591123,
    }


def test_what_the_event_does_not_have_is_left_out_with_its_key() -> None:
    payload = {
        "a": "{{context}}",
        "b": "{{context.order}}",
        "c": "{{campaign.id}}",
        "d": "x{{context.order}}",
        "e": None,
    }
    assert sent(occurrence(), payload) == {"d": "x", "e": None}
    given = sent(occurrence(context={"order": 7}), payload, WEBHOOK._replace(campaign_id="c-1"))
    assert given == {"a": {"order": 7}, "b": 7, "c": "c-1", "d": "x7", "e": None}


def test_what_the_event_does_not_tell_of_its_call_is_that_of_a_call_in_a_fixture() -> None:
    keys = ("to", "from", "direction", "status", "duration", "is_testing", "payload")
    payload = {key: f"{{{{call.{key}}}}}" for key in keys}
    told = {"to": "+12025550199", "duration": 3}
    assert sent(occurrence(ENDED), payload) == {
        "to": "+12025550123",
        "from": "+12025550100",
        "direction": "outbound",
        "status": "completed",
        "duration": 0,
        "is_testing": False,
        "payload": None,
    }
    assert sent(occurrence(ENDED, call={"id": "c", **told}), payload).items() >= told.items()
    assert sent(occurrence(call={}), payload) == {}, "an event of a campaign may be about no call"


def test_the_template_of_a_webhook_comes_first() -> None:
    webhook = WEBHOOK._replace(payload_templates={STARTED: {"own": 1}})
    assert sent(occurrence(), {"a": 1}, webhook) == {"own": 1}


@pytest.mark.parametrize("event", [STARTED, ENDED])
def test_an_event_that_is_emitted_has_the_payload_of_its_environment(event: Event) -> None:
    webhook = {"id": WEBHOOK_ID, "name": "W", "webhook_url": "https://example.com/", "events": [STARTED, ENDED]}
    logged = {**webhook, "logs": [{"event": event}]}
    agent = {"id": AGENT_ID, "name": "A"}
    fixture = {"agents": [{**agent, "webhooks": [logged]}], "payloads": {STARTED: {"begun": "{{webhook.id}}"}}}
    with serving(read_fixture([source(fixture)])) as local:
        mock = local.client
        mock.emit(AGENT_ID, event)
        bodies = [json.loads(each["request"]["body"]) for each in mock.deliveries() if each["request"]]
        expected = [{"begun": WEBHOOK_ID}] * 2 if event == STARTED else []
        assert [body for body in bodies if "begun" in body] == expected
        mock.merge_state({"payloads": {ENDED: {"over": True}}})
        [delivery] = mock.emit(AGENT_ID, ENDED)
        assert delivery["request"]
        assert delivery["request"]["body"] == '{"over":true}'
