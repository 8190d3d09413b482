"""Occurrences as requests: the documented envelope, templates, signatures, and whose headers win."""

import json
from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Any

import pytest

from talkover_mock.base.shapes.values import Event, HttpMethod
from talkover_mock.deliveries.messages import TEST_EVENT, message
from talkover_mock.deliveries.records import Occurrence, Outgoing
from talkover_mock.dialect.events import EVENTS
from talkover_mock.dialect.fields import WEBHOOK_FIELDS
from talkover_mock.dialect.rules import fields_of
from talkover_mock.dialect.settings import DEFAULTS, Settings, to_settings
from talkover_mock.dialect.signing import SCHEMES, sign
from talkover_mock.state.records import AGENT_DEFAULTS, Agent, Owners, Webhook
from tests.support.documented import AGENT as AGENT_ID
from tests.support.documented import WEBHOOK as WEBHOOK_ID
from tests.support.rows import each_row

MOMENT = datetime(2025, 9, 3, 23, 19, 51, tzinfo=timezone.utc)
SECRET = "optional_secret_for_hmac"
STARTED: Event = "event_phone_call_started"
ENDED: Event = "event_phone_call_ended"
AGENT = Agent(AGENT_ID, "My Agent", {"label": "support", "team": {"lead": "x"}})
FIELDS = {"name": "My Webhook", "webhook_url": "http://127.0.0.1:9000/hook?a=1", "events": [STARTED, ENDED]}
WEBHOOK = Webhook(
    id=WEBHOOK_ID, agent_id=AGENT_ID, created_at=MOMENT, updated_at=MOMENT, **fields_of(FIELDS, WEBHOOK_FIELDS)
)
SECRET_WEBHOOK = WEBHOOK._replace(webhook_secret=SECRET)

ENVELOPE = (
    f'"agent_id":"{AGENT_ID}","agent_name":"My Agent","webhook_id":"{WEBHOOK_ID}","webhook_name":"My Webhook",'
    '"timestamp":"2025-09-03T23:19:51.000Z"'
)


def occurrence(event: str = STARTED, **given: Any) -> Occurrence:
    return Occurrence("occurrence-1", AGENT_ID, event, MOMENT, {"id": "call-1"})._replace(**given)


def sent(event: Occurrence, webhook: Webhook = WEBHOOK, settings: Settings | None = None) -> Outgoing:
    return message(event, Owners(AGENT, None), webhook, settings or DEFAULTS, int(MOMENT.timestamp()))


def body_of(event: Occurrence, templates: Mapping[str, Any] | None = None) -> str:
    return sent(event, SECRET_WEBHOOK._replace(payload_templates=templates or {})).body.decode()


def test_the_test_payload_is_the_documented_one_to_the_byte() -> None:
    outgoing = sent(Occurrence("", AGENT_ID, TEST_EVENT, MOMENT), SECRET_WEBHOOK)
    assert outgoing.body.decode() == f'{{"event":"webhook.test",{ENVELOPE},"test":true}}'
    assert len(outgoing.body) == 229
    assert dict(outgoing.headers)["Signature"] == "c54f309fa0642bdb8b6f6dcb0bb1b167a8b56fb28e52f0db297ecd0319fcc9e1"


def test_the_test_payload_has_no_template() -> None:
    assert (
        body_of(occurrence(TEST_EVENT), {TEST_EVENT: {"mine": 1}})
        == f'{{"event":"webhook.test",{ENVELOPE},"test":true}}'
    )


@each_row("event", EVENTS)
def test_the_envelope_has_its_keys_in_order_and_a_duration_when_a_call_ended(event: str) -> None:
    duration = ',"duration":12' if event == ENDED else ""
    expected = f'{{"event":"{event}",{ENVELOPE},"call_id":"call-1"{duration}}}'
    assert body_of(occurrence(event, call={"id": "call-1", "duration": 12})) == expected


@each_row(
    ("given", "tail"),
    [
        ({}, '"call_id":"call-1","duration":0'),
        ({"call": {}}, '"call_id":null,"duration":0'),
        ({"call": {"id": "c/1", "duration": 1.5, "more": 1}}, '"call_id":"c\\/1","duration":1.5'),
        ({"context": {"b": 1, "a": "é"}}, '"call_id":"call-1","duration":0,"context":{"b":1,"a":"\\u00e9"}'),
        ({"context": {}}, '"call_id":"call-1","duration":0,"context":[]'),
        ({"extra": {"z": 1, "a": [2]}}, '"call_id":"call-1","duration":0,"z":1,"a":[2]'),
        ({"context": {"c": 1}, "extra": {"z": 1}}, '"call_id":"call-1","duration":0,"context":{"c":1},"z":1'),
        ({"extra": {"call_id": "mine"}}, '"call_id":"mine","duration":0'),
    ],
)
def test_an_ended_call_carries_its_duration_its_context_and_what_was_added(given: dict[str, Any], tail: str) -> None:
    assert body_of(occurrence(ENDED, **given)) == f'{{"event":"{ENDED}",{ENVELOPE},{tail}}}'


@each_row(
    ("event", "given", "body"),
    [
        (STARTED, {}, '{"call_id":"call-1"}'),
        (ENDED, {"call": {"id": "call-uuid", "duration": 45}}, '{"call_id":"call-uuid","duration":45}'),
        (STARTED, {"context": {"a": 1}, "extra": {"z": 1}}, '{"call_id":"call-1","context":{"a":1},"z":1}'),
        (TEST_EVENT, {}, f'{{"event":"webhook.test",{ENVELOPE},"test":true}}'),
    ],
)
def test_without_the_envelope_only_what_the_vendor_shows_is_left(event: str, given: dict[str, Any], body: str) -> None:
    bare = DEFAULTS._replace(payload_envelope=False)
    assert sent(occurrence(event, **given), settings=bare).body.decode() == body


def test_the_timestamp_is_the_moment_of_the_event_in_milliseconds() -> None:
    event = occurrence(moment=MOMENT.replace(microsecond=123_999))
    assert json.loads(body_of(event))["timestamp"] == "2025-09-03T23:19:51.123Z"


def test_a_template_replaces_the_whole_body() -> None:
    event = occurrence(ENDED, call={"id": "call-1", "duration": 12}, context={"plan": "pro"}, extra={"not": "there"})
    template = {
        "call": "{{call.id}}",
        "seconds": "{{call.duration}}",
        "text": "{{agent.name}} / {{agent.label}} / {{agent.team.lead}}",
        "hook": ["{{webhook.id}}", "{{webhook.name}}"],
        "at": "{{timestamp}}",
        "what": "{{event}}",
        "context": "{{context}}",
        "added": "<{{not}}>",
    }
    assert json.loads(body_of(event, {ENDED: template})) == {
        "call": "call-1",
        "seconds": 12,
        "text": "My Agent / support / x",
        "hook": [WEBHOOK_ID, "My Webhook"],
        "at": "2025-09-03T23:19:51.000Z",
        "what": ENDED,
        "context": {"plan": "pro"},
        "added": "<>",
    }


def test_a_template_holds_for_its_own_event_only() -> None:
    assert body_of(occurrence(STARTED), {ENDED: {"mine": 1}}) == body_of(occurrence(STARTED))


def test_an_empty_template_is_an_empty_body() -> None:
    assert body_of(occurrence(STARTED), {STARTED: {}}) == "[]"


def test_a_template_sees_every_key_of_the_agent() -> None:
    template = {key: f"{{{{agent.{key}}}}}" for key in (*AGENT_DEFAULTS, "team")}
    own = {"id": AGENT_ID, "name": "My Agent", "label": "support", "team": {"lead": "x"}}
    expected = {**AGENT_DEFAULTS, **own, "conversation_speed": 1}  # PHP writes 1.0 so
    assert body_of(occurrence(STARTED), {STARTED: template}) == json.dumps(expected, separators=(",", ":"))


@each_row(
    "path",
    [
        "webhook",
        "webhook.webhook_secret",
        "webhook.secret",
        "webhook.webhook_url",
        "webhook.custom_headers",
        "webhook_secret",
        "secret",
        "settings",
        "agent",
        "call",
        "context",
    ],
)
def test_the_secret_is_out_of_reach_of_placeholders(path: str) -> None:
    webhook = SECRET_WEBHOOK._replace(
        custom_headers=(("X-Key", "hidden"),), payload_templates={STARTED: f"{{{{{path}}}}}"}
    )
    body = sent(occurrence(), webhook).body.decode()
    assert SECRET not in body
    assert "hidden" not in body
    assert "127.0.0.1" not in body


def test_the_headers_of_a_delivery_in_their_order() -> None:
    outgoing = sent(occurrence(), SECRET_WEBHOOK)
    signature = sign(SCHEMES["hmac"], SECRET, outgoing.body, 0, "")["Signature"]
    assert list(outgoing.headers) == [
        ("Host", "127.0.0.1:9000"),
        ("User-Agent", "Talkover-Webhooks"),
        ("Content-Length", str(len(outgoing.body))),
        ("Connection", "close"),
        ("Content-Type", "application/json"),
        ("Signature", signature),
    ]


@pytest.mark.parametrize("secret", [None, ""])
def test_without_a_secret_nothing_is_signed(secret: str | None) -> None:
    names = [name for name, _ in sent(occurrence(), WEBHOOK._replace(webhook_secret=secret)).headers]
    assert names == ["Host", "User-Agent", "Content-Length", "Connection", "Content-Type"]


def test_custom_headers_come_last_in_their_order_and_may_repeat() -> None:
    custom = (("X-B", "1"), ("X-A", "2"), ("X-B", "3"))
    headers = sent(occurrence(), SECRET_WEBHOOK._replace(custom_headers=custom)).headers
    assert tuple(headers[-3:]) == custom


@each_row("name", ["Content-Type", "content-type", "SIGNATURE", "Host", "user-agent"])
def test_a_custom_header_replaces_ours_of_the_same_name(name: str) -> None:
    headers = sent(occurrence(), SECRET_WEBHOOK._replace(custom_headers=((name, "mine"),))).headers
    assert [pair for pair in headers if pair[0].lower() == name.lower()] == [(name, "mine")]
    assert headers[-1] == (name, "mine")
    assert len(headers) == 6


@pytest.mark.parametrize("name", ["Content-Length", "transfer-encoding", "Connection"])
def test_a_custom_header_cannot_change_where_the_body_ends(name: str) -> None:
    custom = WEBHOOK._replace(custom_headers=((name, "chunked"),))
    assert sent(occurrence(), custom) == sent(occurrence())._replace(unsent=[name])


@each_row("scheme", SCHEMES)
def test_the_settings_choose_the_scheme_of_the_signature(scheme: str) -> None:
    outgoing = sent(occurrence(), SECRET_WEBHOOK, DEFAULTS._replace(signature_scheme=scheme))
    expected = sign(SCHEMES[scheme], SECRET, outgoing.body, int(MOMENT.timestamp()), "occurrence-1")
    assert list(outgoing.headers[5:]) == list(expected.items())


@each_row(
    ("overrides", "header", "prefix"),
    [
        ({"signature_header": "X-Mine"}, "X-Mine", "sha256="),
        ({"signature_prefix": "v0="}, "X-Hub-Signature-256", "v0="),
        ({"signature_prefix": ""}, "X-Hub-Signature-256", ""),
        ({"signature_header": "X-Mine", "signature_prefix": "v0="}, "X-Mine", "v0="),
    ],
)
def test_the_settings_override_header_and_prefix_of_the_signature(
    overrides: dict[str, str], header: str, prefix: str
) -> None:
    outgoing = sent(occurrence(), SECRET_WEBHOOK, to_settings({"signature_scheme": "github", **overrides}))
    hexadecimal = sign(SCHEMES["hmac"], SECRET, outgoing.body, 0, "")["Signature"]
    assert outgoing.headers[-1] == (header, prefix + hexadecimal)


def test_plain_bytes_are_signed_as_they_are_sent() -> None:
    event = occurrence(extra={"url": "http://é/"})
    outgoing = sent(event, SECRET_WEBHOOK, DEFAULTS._replace(delivery_json="plain"))
    assert outgoing.body.decode().endswith('"url":"http://é/"}')
    assert outgoing.headers[-1] == ("Signature", sign(SCHEMES["hmac"], SECRET, outgoing.body, 0, "")["Signature"])
    assert dict(outgoing.headers)["Content-Length"] == str(len(outgoing.body))


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH"])
def test_method_address_and_timeout_are_the_webhook_s(method: HttpMethod) -> None:
    outgoing = sent(occurrence(), WEBHOOK._replace(http_method=method, timeout=7))
    assert (outgoing.method, outgoing.url, outgoing.timeout) == (method, "http://127.0.0.1:9000/hook?a=1", 7)
