"""Payloads that came as payloads of a fixture: placeholders for what the mock knows, stand-ins for the rest."""

import json
from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from talkover_mock.deliveries.messages import message
from talkover_mock.dialect.placeholders import TIME_FORMS
from talkover_mock.dialect.settings import DEFAULTS
from talkover_mock.learning.payloads import event_of, payload_of
from talkover_mock.learning.writing import check, literal, text_of
from talkover_mock.loading.fixture import read_fixture
from talkover_mock.state.records import Owners
from tests.deliveries.test_messages import AGENT, ENDED, MOMENT, STARTED, WEBHOOK, occurrence
from tests.support.fixture_documents import source
from tests.support.rows import each_row

OWNERS = Owners(AGENT, None)
ID = "9fcb06d0-6c60-4cb5-979a-291eabf9fa4b"
CAME = {
    "type": ENDED,
    "id": ID,
    "occurredAt": "2025-09-03T23:50:15+00:00",
    "sent": 1756943415,
    "call": {
        "sid": "call-7",
        "to": "+4930123456",
        "from": "+4930123457",
        "direction": "outbound",
        "status": "completed",
        "durationSeconds": 42,
        "is_testing": False,
        "started_at": "2025-09-03T23:49:00Z",
        "transcript": ["Hello Ann", "yes"],
    },
    "agent": {"id": "a-1", "name": "Ann's agent", "language": "de-DE"},
    "webhook_id": "w-1",
    "webhookName": "Bills",
    "about": "call-7",
    "link": "https://example.org/calls/call-7",
    "context": {"customer": "Ann"},
    "attempt": 1,
}
MADE = {
    "type": "{{event}}",
    "id": "{{event_id}}",
    "occurredAt": "{{time.offset}}",
    "sent": "{{time.unix}}",
    "call": {
        "sid": "{{call.id}}",
        "to": "{{call.to}}",
        "from": "{{call.from}}",
        "direction": "{{call.direction}}",
        "status": "{{call.status}}",
        "durationSeconds": "{{call.duration}}",
        "is_testing": "{{call.is_testing}}",
        "started_at": "2025-09-03T23:49:00Z",
        "transcript": ["redacted", "redacted"],
    },
    "agent": {"id": "{{agent.id}}", "name": "{{agent.name}}", "language": "de-DE"},
    "webhook_id": "{{webhook.id}}",
    "webhookName": "{{webhook.name}}",
    "about": "{{call.id}}",
    "link": "https://example.com/redacted",
    "context": "{{context}}",
    "attempt": 1,
}


def made(document: Mapping[str, Any], event: str = ENDED, *, keeps_values: bool = False) -> dict[str, Any]:
    payload = payload_of(document, event, keeps_values=keeps_values)
    read_fixture([source({"payloads": {event: payload}})])  # every placeholder names something
    return payload


def test_what_the_mock_knows_is_a_placeholder_and_the_rest_has_a_stand_in() -> None:
    assert made(CAME) == MADE
    assert list(made(CAME)) == list(CAME)


def test_values_are_kept_where_that_is_wanted() -> None:
    kept = made({**CAME, "note": "say {{name}}"}, keeps_values=True)
    assert (kept["link"], kept["call"]["transcript"]) == (CAME["link"], ["Hello Ann", "yes"])
    assert kept["note"] == "say { {name}}", "it would be a placeholder"
    assert kept["agent"]["name"] == "{{agent.name}}"


def test_a_text_that_only_looks_like_a_placeholder_stays_where_values_are_kept() -> None:
    given = {"event": ENDED, "a": "{{foo}}", "b": "a {{ b", "c": "}}", "d": 1.5}
    found = made(given, keeps_values=True)
    assert [found[key] for key in "abcd"] == ["{ {foo}}", "a {{ b", "}}", 1.5]


def test_what_stands_under_a_key_of_secrets_is_replaced_at_any_depth() -> None:
    found = made({"event": ENDED, "authorization": {"type": "basic", "code": "abc", "n": 5}, "pin": 1234})
    assert (found["authorization"], found["pin"]) == ({"type": "redacted", "code": "redacted", "n": 0}, 0)


def test_no_value_is_lost_where_a_key_is_replaced() -> None:
    found = made({"event": ENDED, "key_3": "a", "+14155550123": {"x": 1}})
    assert (found["key_3"], found["key_3_3"]) == ("redacted", {"x": 1})


def test_a_payload_without_a_context_gets_a_place_for_one() -> None:
    assert made({"event": STARTED}, STARTED) == {"event": "{{event}}", "context": "{{context}}"}
    assert made({"call": {"context": {}}}) == {"call": {"context": "{{context}}"}}
    assert made({"context": []}) == {"context": "{{context}}"}
    assert made({"context": None}) == {"context": None}
    assert made({"what": "campaign.started"}, "campaign.started") == {"what": "{{event}}"}, "it is about no call"


@each_row("form", TIME_FORMS)
def test_the_time_of_the_event_is_found_in_every_form(form: str) -> None:
    placeholder = "timestamp" if form == "milliseconds" else f"time.{form}"
    came = {"timestamp": TIME_FORMS[form](datetime(2025, 9, 3, 23, 50, 15, tzinfo=timezone.utc))}
    assert made(came)["timestamp"] == f"{{{{{placeholder}}}}}"


def test_a_status_that_the_event_does_not_give_its_call_is_kept() -> None:
    assert made({"status": "busy"})["status"] == "busy"
    assert made({"direction": "up"})["direction"] == "up"


json_texts = st.text(max_size=12) | st.sampled_from(["{{x}}", "${HOME}", "$", "2025-09-03", "+4930123456", ENDED, ID])
json_keys = json_texts | st.sampled_from([*CAME])
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | json_texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(json_keys, inner, max_size=4),
    max_leaves=12,
)
documents = st.dictionaries(json_keys, json_values, max_size=5)


@pytest.mark.slow
@settings(deadline=None)
@given(documents, st.booleans())
def test_every_payload_makes_a_fixture_with_the_same_shape(document: dict[str, Any], keeps_values: bool) -> None:
    payload = payload_of(document, ENDED, keeps_values=keeps_values)
    text = text_of(literal({"payloads": {ENDED: payload}}))
    check(text)
    assert len(payload) in (len(document), len(document) + 1)


@pytest.mark.parametrize("event", [STARTED, ENDED])
def test_the_mocks_own_payload_comes_out_as_it_went_in(event: str) -> None:
    told = occurrence(event, call={"id": ID, "duration": 3}, context={"order": 7})
    plain = message(told, OWNERS, WEBHOOK, DEFAULTS, 0)
    payload = made(json.loads(plain.body), event)
    assert message(told._replace(payload=payload), OWNERS, WEBHOOK, DEFAULTS, 0) == plain
    without = told._replace(context=None)
    expected = message(without, OWNERS, WEBHOOK, DEFAULTS, 0)
    assert message(without._replace(payload=payload, moment=MOMENT), OWNERS, WEBHOOK, DEFAULTS, 0) == expected


@each_row(
    ("document", "headers", "event"),
    [
        ({"event": STARTED, "x": ENDED}, {}, STARTED),
        ({"event": "webhook.test"}, {}, "webhook.test"),
        ({"data": {"kind": ENDED}}, {}, ENDED),
        ({"a": [{"b": ENDED}]}, {}, ENDED),
        ({"call_id": "x"}, {"x-event": STARTED}, STARTED),
        ({"event": "event_of_a_later_version"}, {}, None),
        ({"type": "phone_call.ended", "context": {"note": STARTED}}, {}, None),
        ({"data": {"context": [STARTED]}}, {}, None),
        ({"note": STARTED, "type": ENDED}, {}, ENDED),
        ({"a": {"b": {"c": {"d": ENDED}}}}, {}, None),
        ([], {}, None),
    ],
)
def test_the_event_of_a_payload(document: Any, headers: dict[str, str], event: str | None) -> None:
    assert event_of(document, headers) == event
