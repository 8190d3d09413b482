"""Rows of the list of behaviours: which deliveries confirm them, refute them, or say nothing."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from talkover_mock.deliveries.messages import message
from talkover_mock.deliveries.payloads import to_bytes
from talkover_mock.dialect.behaviours import conformance
from talkover_mock.dialect.settings import DEFAULTS, Settings
from talkover_mock.learning.hearing import Heard, hear
from talkover_mock.learning.judging import JUDGES, verdicts
from talkover_mock.receiver import ReceivedRequest
from talkover_mock.state.records import Owners
from tests.deliveries.test_messages import AGENT, ENDED, SECRET, SECRET_WEBHOOK, STARTED, occurrence
from tests.support.rows import each_row

TEST = "webhook.test"
BARE, PLAIN = DEFAULTS._replace(payload_envelope=False), DEFAULTS._replace(delivery_json="plain")


def heard(body: bytes, headers: Mapping[str, str] | None = None) -> Heard:
    raw = tuple((headers or {}).items())
    return hear(ReceivedRequest("POST", "/", {}, body, raw_headers=raw), [SECRET], None)


def sent(event: str = STARTED, settings: Settings = DEFAULTS, **given: Any) -> Heard:
    """A delivery as the mock sends it."""
    webhook = SECRET_WEBHOOK._replace(campaign_id=given.pop("campaign_id", None))
    outgoing = message(occurrence(event, **given), Owners(AGENT, None), webhook, settings, 1756941591)
    return heard(outgoing.body, dict(outgoing.headers))


def found(*each: Heard) -> dict[str | None, tuple[str, str]]:
    return {verdict.behaviour.heard: (verdict.finding, verdict.came) for verdict in verdicts(each)}


def test_the_rows_that_are_judged_are_those_of_the_list() -> None:
    named = [behaviour.heard for behaviour in conformance().behaviours if behaviour.heard]
    assert sorted(named) == sorted(JUDGES)


def test_nothing_shows_nothing() -> None:
    assert found() == dict.fromkeys(JUDGES, ("not seen", ""))


def test_the_mocks_own_deliveries_confirm_every_row() -> None:
    deliveries = [
        sent(extra={"url": "https://x"}),
        sent(ENDED, context={}),
        sent(TEST),
        sent(TEST, campaign_id="c"),
        sent("campaign.started", campaign_id="c", call={}),
    ]
    assert found(*deliveries) == dict.fromkeys(JUDGES, ("confirmed", ""))


def keys(event: str, *names: str, **more: Any) -> Heard:
    return heard(to_bytes({**dict.fromkeys(names, "x"), "event": event, **more}))


@each_row(
    ("row", "delivery", "came"),
    [
        ("envelope", keys(STARTED, "id", "call_id"), "the keys id, call_id, event"),
        (
            "envelope",
            sent(settings=BARE, extra={"x": STARTED}),
            "the keys call_id, x",
        ),
        ("call", keys(STARTED, "id"), "the keys id, event"),
        ("call", keys(ENDED, "call_id"), "the keys call_id, event"),
        ("campaign", keys("campaign.started", "agent_id", "campaign_id"), "the keys agent_id, campaign_id, event"),
        ("test", keys(TEST, "id"), "the keys id, event"),
        (
            "bytes",
            sent(settings=PLAIN, extra={"u": "/"}),
            "compact UTF-8 without escapes",
        ),
        ("bytes", heard(json.dumps({"event": STARTED}).encode()), "bytes of neither kind"),
        ("empty", heard(b'{"event":"x","context":{}}'), "{}"),
        ("signature", sent(settings=DEFAULTS._replace(signature_scheme="stripe")), "stripe"),
        ("header", sent(settings=DEFAULTS._replace(signature_header="X-Mine")), "X-Mine"),
        ("prefix", sent(settings=DEFAULTS._replace(signature_prefix="v1=")), "v1="),
    ],
)
def test_what_refutes_a_row(row: str, delivery: Heard, came: str) -> None:
    assert found(delivery)[row] == ("refuted", came)
    assert found(sent(extra={"url": "/"}), delivery)[row] == ("refuted", came)


@pytest.mark.parametrize("scheme", ["hmac", "github"])
def test_the_same_computation_under_another_header_is_no_other_scheme(scheme: str) -> None:
    given = found(sent(settings=DEFAULTS._replace(signature_scheme=scheme)))
    assert given["signature"] == ("confirmed", "")
    assert given["header"][0] == ("confirmed" if scheme == "hmac" else "refuted")


SILENT = [("bytes", sent()), ("context", sent()), ("empty", sent(context={"a": 1}))]


@pytest.mark.parametrize(("row", "delivery"), SILENT)
def test_what_does_not_show_a_row(row: str, delivery: Heard) -> None:
    assert found(delivery)[row][0] == "not seen"


def test_keys_that_are_data_are_not_told() -> None:
    [came] = [came for _, came in [found(keys(STARTED, "+4930123456"))["call"]]]
    assert came == "the keys key_1, event"
