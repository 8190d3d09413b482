"""Delivery log entries in a fixture: read, kept in the baseline, and served."""

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from talkover_mock.base.clock import Clock
from talkover_mock.base.moments import to_milliseconds
from talkover_mock.deliveries.sharing import Sharing
from talkover_mock.dialect.call_fields import MOST_OBJECT_BYTES
from talkover_mock.dialect.log_fields import LOG_ENTRY_FIELDS
from talkover_mock.environments.environment import Environment
from talkover_mock.loading.fixture import EnvironmentFixture, to_baseline
from talkover_mock.loading.logs import LOG_KEYS
from talkover_mock.loading.mistakes import FixtureError
from talkover_mock.loading.schema import fixture_schema
from talkover_mock.loading.writer import baseline_document
from tests.loading.test_fixture_mistakes import HOOK, HOOK_PATH, mistakes_of
from tests.support.fixture_documents import baseline, fixture, hook, source
from tests.support.rows import each_row
from tests.whole.test_docs_tables import code, limits, table

EVENT = "event_action"
NOW = datetime(2025, 9, 3, tzinfo=timezone.utc)
SCHEMA = Draft202012Validator(fixture_schema())


def document(*logs: dict[str, Any]) -> dict[str, Any]:
    return fixture(hook(id="hook", logs=[{"event": EVENT, **each} for each in logs]))


def environment(*logs: dict[str, Any]) -> Environment:
    found = EnvironmentFixture(baseline(document(*logs)))
    return Environment("default", found, Clock(lambda: NOW), Sharing(lambda _: None, (), 5))


def served(found: Environment, key: str) -> list[Any]:
    """What the API's log gives for a key, newest first."""
    entries, _ = found.deliveries.logs("agent", "hook", {})
    return [getattr(each, key) for each in entries]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, ("success", 200, None)),
        ({"http_status": 204}, ("success", 204, None)),
        ({"http_status": 503}, ("failed", 503, "Service Unavailable")),
        ({"http_status": 599}, ("failed", 599, "HTTP 599")),
        ({"status": "failed"}, ("failed", 500, "Internal Server Error")),
        ({"error": "Connection timeout"}, ("failed", None, "Connection timeout")),
        ({"http_status": 500, "error": "x"}, ("failed", 500, "x")),
    ],
    ids=str,
)
def test_the_defaults_of_an_entry(given: dict[str, Any], expected: tuple[object, ...]) -> None:
    [entry] = baseline(document(given)).logs
    assert (entry.status, entry.http_status, entry.error) == expected
    assert SCHEMA.is_valid(document(given))


def test_entries_are_in_the_log_at_the_start_and_after_each_reset() -> None:
    old = {"id": "old", "created_at": "2025-09-02T00:00:00Z", "duration_ms": 1500, "attempt": 2}
    found = environment({"id": "new"}, old, {"id": "newest"}, {"id": "gone", "created_at": "2025-07-01"})
    for _ in range(2):
        assert served(found, "id") == ["newest", "new", "old"]
        assert served(found, "attempt") == [1, 1, 2]
        assert served(found, "ended_at")[2] == NOW - timedelta(days=1) + timedelta(seconds=1.5)
        found.deliveries.clear()
        assert served(found, "id") == []
        found.reset()


def test_the_log_keeps_its_limit() -> None:
    assert served(environment(*[{"id": f"log-{i}"} for i in range(7)]), "id") == [f"log-{i}" for i in (6, 5, 4, 3, 2)]


def test_a_given_entry_can_be_retried_with_its_call() -> None:
    found = environment({"id": "one", "status": "failed", "call": {"id": "call-1"}, "context": {"order": 7}})
    queued = found.deliveries.retry("agent", "hook", "one")
    assert (queued.attempt, queued.occurrence.call["id"], queued.occurrence.context) == (2, "call-1", {"order": 7})
    found.close()


def test_a_delivered_entry_has_the_payload_and_the_answer() -> None:
    answer = {"response_body": "ok", "response_headers": {"X-A": "b"}, "call": {"id": "call-1"}}
    found = environment(answer)
    [outgoing], [outcome] = served(found, "outgoing"), served(found, "outcome")
    assert b'"call_id":"call-1"' in outgoing.body
    assert (outcome.body, outcome.headers) == ("ok", (("X-A", "b"),))


@each_row(
    ("entry", "expected"),
    [
        ("5", f": must be a mapping with {', '.join(LOG_KEYS)} (got 5)"),
        ("{}", ".event: The event field is required; expected one of the 34 values in `talkover-mock schema`"),
        (
            "{event: event_acton}",
            '.event: The selected event is invalid; did you mean event_action? (got "event_acton")',
        ),
        ("{event: event_action, atempt: 1}", ".atempt: unknown key; did you mean attempt?"),
        (
            "{event: event_action, status: success, http_status: 500}",
            ".http_status: contradicts the status: success means a status from 200 to 299 (got 500)",
        ),
        (
            "{event: event_action, status: failed, http_status: 201}",
            ".http_status: contradicts the status: failed means no status from 200 to 299 (got 201)",
        ),
        (
            "{event: event_action, status: success, error: x}",
            '.error: contradicts the status: only a failed attempt has an error (got "x")',
        ),
        ("{event: event_action, id: one}", f'.id: is already the id of {HOOK_PATH} in f (got "one")'),
        ("{event: event_action, call: 5}", ".call: The call must be a mapping. (got 5)"),
        (
            "{event: event_action, created_at: 9999-12-31T23:59:59Z, duration_ms: 1000}",
            '.created_at: must be earlier: the attempt would end after the year 9999 (got "9999-12-31 23:59:59+00:00")',
        ),
    ],
)
def test_mistakes_of_an_entry(entry: str, expected: str) -> None:
    assert mistakes_of(HOOK + f"        logs: [{entry}]\n") == [f"f:9: {HOOK_PATH}.logs[0]{expected}"]


@each_row("key", ["call", "context"])
def test_an_entry_is_no_larger_than_an_event(key: str) -> None:
    """A retry sends it again. The payload of a larger entry could be more than any attempt may send."""
    room = MOST_OBJECT_BYTES - len('{"a": ""}')
    assert baseline(document({key: {"a": "x" * room}}))
    with pytest.raises(FixtureError) as caught:
        baseline(document({key: {"a": "x" * (room + 1)}}))
    [mistake] = caught.value.mistakes
    assert mistake.path == f"agents[0].webhooks[0].logs[0].{key}"
    assert mistake.text.startswith(f"The {key} must not be greater than 976 kilobytes. (got {{")


def test_the_last_entry_that_there_can_be() -> None:
    found = environment({"created_at": "9999-12-31T23:59:59Z", "duration_ms": 999}, {"created_at": "0001-01-01"})
    assert [to_milliseconds(each.ended_at or NOW) for each in found.deliveries.log.all()] == [
        "0001-01-01T00:00:00.000Z",
        "9999-12-31T23:59:59.999Z",
    ]


def test_an_entry_of_which_a_template_makes_too_much_has_failed() -> None:
    """As an attempt has whose payload is too large. It once ended the server at its start."""
    template = {EVENT: ["{{context}}"] * 5}
    entry = {"event": EVENT, "context": {"a": "x" * 900_000}}
    large = fixture(hook(id="hook", payload_templates=template, logs=[{**entry, "id": "large"}, {"event": EVENT}]))
    found = Environment(
        "default", EnvironmentFixture(baseline(large)), Clock(lambda: NOW), Sharing(lambda _: None, (), 5)
    )
    assert served(found, "status") == ["success", "failed"]
    _, outcome = served(found, "outcome")
    assert (outcome.status, outcome.error) == (None, "The payload is larger than 4194304 bytes, the limit of this mock")
    assert served(found, "outgoing")[1] is None


def test_a_state_has_no_logs() -> None:
    found = environment({"id": "one"})
    assert "logs" not in found.documents.whole()["agents"][0]["webhooks"][0]
    for change in (found.documents.replace, found.documents.merge):
        with pytest.raises(FixtureError, match="is not part of a state"):
            change(source(document({})))


def test_a_baseline_as_a_document_keeps_them() -> None:
    first = baseline(document({"id": "one", "call": {"id": "x"}}, {"created_at": "2025-09-02T00:00:00Z", "error": "x"}))
    again = to_baseline(source(baseline_document(first)))
    assert again.logs == first.logs


def test_the_table_of_the_docs() -> None:
    rows = table("fixtures.md", "Webhooks", "Logs")
    assert sorted(rows) == sorted(LOG_KEYS)
    for field in LOG_ENTRY_FIELDS:
        assert [limit for limit in limits(field.schema) if limit not in rows[field.name][0]] == []
        if field.default is not None:
            assert rows[field.name][1] == code(field.default)
