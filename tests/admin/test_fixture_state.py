"""The state as a fixture: what is served can be fed back, and laid over a state."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings

from talkover_mock.loading.documents import to_yaml
from talkover_mock.loading.files import parse
from talkover_mock.loading.fixture import read_fixture, to_baseline
from talkover_mock.loading.mistakes import FixtureError, Mistake
from talkover_mock.loading.writer import to_document
from talkover_mock.state.store import State
from tests.support.documented import AGENT, TOKEN, WEBHOOK
from tests.support.fixture_documents import broken_fixtures, fixture, hook, right_fixtures, served, source, state
from tests.support.rows import each_row

SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]


def merged(state: State, document: object) -> dict[str, Any]:
    """The state after a merge."""
    state.merge(to_baseline(source(document), over=state))
    return {**to_document(state)}


def webhooks_of(document: Mapping[str, Any]) -> list[dict[str, Any]]:
    webhooks: list[dict[str, Any]] = document["agents"][0]["webhooks"]
    return webhooks


def test_a_record_is_served_with_all_that_it_has() -> None:
    assert served(
        fixture(hook(id="w", events=["event_action", "event_recording"]), label="L", more={"b": 1, "a": 2})
    ) == {
        "agents": [
            {
                "id": "agent",
                "name": "A",
                "label": "L",
                "more": {"b": 1, "a": 2},
                "cache_clears": 0,
                "webhooks": [
                    {
                        "id": "w",
                        "name": "W",
                        "webhook_url": "http://xy",
                        "webhook_secret": None,
                        "events": ["event_action", "event_recording"],
                        "timeout": 30,
                        "max_retries": 3,
                        "enabled": True,
                        "http_method": "POST",
                        "authorization_scheme": "none",
                        "custom_headers": [],
                        "payload_templates": {},
                        "created_at": "2025-01-01T00:00:00Z",
                        "updated_at": "2025-01-01T00:00:00Z",
                    }
                ],
            }
        ]
    }


@pytest.mark.slow
@settings(max_examples=60, deadline=None, suppress_health_check=SLOW)
@given(document=right_fixtures)
def test_what_is_served_is_the_same_when_it_is_fed_back(document: Any) -> None:
    once = served(document)
    assert json.dumps(served(once)) == json.dumps(once)
    assert to_document(State(to_baseline(parse(to_yaml(once).encode(), "f.yaml")))) == once


@pytest.mark.slow
@settings(max_examples=60, deadline=None, suppress_health_check=SLOW)
@given(document=right_fixtures)
def test_a_state_laid_over_itself_changes_nothing(document: Any) -> None:
    one = state(document)
    before = to_document(one)
    assert merged(one, before) == before


@pytest.mark.slow
def test_anything_is_a_fixture_or_a_fixture_error() -> None:
    read, refused = list[object](), list[Sequence[Mistake]]()

    @settings(max_examples=150, deadline=None, suppress_health_check=SLOW)
    @given(one=right_fixtures | broken_fixtures, other=right_fixtures | broken_fixtures)
    def check(one: object, other: object) -> None:
        try:
            environments = read_fixture([source(one), source(other)])
        except FixtureError as error:
            refused.append(error.mistakes)
            return
        read.append(environments)
        for each in environments.values():
            document = to_document(State(each.baseline))
            json.dumps(document, allow_nan=False)
            assert to_document(State(to_baseline(parse(to_yaml(document).encode(), "f.yaml")))) == document

    check()
    assert min(len(read), len(refused)) >= 5, "both must be tried"
    assert all(refused)


@pytest.mark.slow
def test_anything_is_laid_over_or_a_fixture_error() -> None:
    read, refused = list[object](), list[Sequence[Mistake]]()

    @settings(max_examples=100, deadline=None, suppress_health_check=SLOW)
    @given(document=right_fixtures, change=right_fixtures | broken_fixtures)
    def check(document: object, change: object) -> None:
        one = state(document)
        before = to_document(one)
        try:
            after = merged(one, change)
        except FixtureError as error:
            refused.append(error.mistakes)
            assert to_document(one) == before
        else:
            read.append(after)
            assert served(after) == after

    check()
    assert min(len(read), len(refused)) >= 5, "both must be tried"
    assert all(refused)


FULL = fixture(
    hook(id="one", timeout=10, webhook_secret="s", status="error", created_at="2025-09-03T23:19:51Z"),
    hook(id="two", enabled=False),
    label="L",
    cache_clears=4,
)


@pytest.mark.parametrize(
    "change",
    [
        {"name": "Other"},
        {"timeout": 20, "max_retries": 0},
        {"webhook_secret": None},
        {"events": ["event_recording"]},
        {"custom_headers": [{"key": "a", "value": "b"}]},
        {"updated_at": "2025-09-04T00:00:00Z"},
    ],
    ids=lambda change: next(iter(change)),
)
def test_only_what_is_given_changes(change: dict[str, Any]) -> None:
    before = served(FULL)
    after = merged(state(FULL), {"agents": [{"id": "agent", "webhooks": [{"id": "one", **change}]}]})
    webhooks_of(before)[0].update(change)
    assert after == before


def test_an_agents_own_keys_are_laid_over_too() -> None:
    after = merged(state(FULL), {"agents": [{"id": "agent", "label": "M", "voice": {"v": 1}}]})
    assert after == {"agents": [{**served(FULL)["agents"][0], "label": "M", "voice": {"v": 1}}]}


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"enabled": True}, None),
        ({"enabled": False}, None),
        ({"status": "active"}, None),
        ({"name": "N"}, "error"),
        ({"enabled": True, "status": "error"}, "error"),
    ],
    ids=str,
)
def test_an_error_ends_when_enabled_or_another_status_is_given(change: dict[str, Any], status: str | None) -> None:
    after = merged(state(FULL), {"agents": [{"id": "agent", "webhooks": [{"id": "one", **change}]}]})
    assert webhooks_of(after)[0].get("status") == status


def test_new_records_come_last() -> None:
    change = {
        "agents": [
            {"id": "agent", "webhooks": [hook(id="three", created_at="2020-01-01T00:00:00Z"), {"id": "two"}]},
            {"id": "fresh", "name": "B", "webhooks": [hook(id="four")]},
        ]
    }
    after = merged(state(FULL), change)
    assert [webhook["id"] for webhook in webhooks_of(after)] == ["one", "two", "three"]
    assert [agent["id"] for agent in after["agents"]] == ["agent", "fresh"]


def test_generated_ids_differ_from_all_that_are_there() -> None:
    one = state(fixture(*[hook()] * 3))
    before = [webhook["id"] for webhook in webhooks_of(to_document(one))]
    change = {"agents": [{"id": "agent", "webhooks": [hook(), hook()]}]}
    after = [webhook["id"] for webhook in webhooks_of(merged(one, change))]
    assert after[:3] == before
    assert len(set(after)) == 5
    assert after == sorted(after)


THREE_AGENTS = {
    "agents": [
        {"id": "agent", "name": "A", "webhooks": [hook(id="one")]},
        {"id": "other", "name": "B", "webhooks": [hook(id="two")]},
        {"id": "third", "name": "C"},
    ]
}


@pytest.mark.parametrize(
    ("wrong", "text"),
    [
        (
            {"id": "other", "webhooks": [{"id": "one"}]},
            'f.json:1: agents[1].webhooks[0].id: the webhook belongs to agent agent (got "one")',
        ),
        (
            {"id": "other", "webhooks": [hook(id="agent")]},
            'f.json:1: agents[1].webhooks[0].id: is the id of an agent (got "agent")',
        ),
        ({"id": "two", "name": "B"}, 'f.json:1: agents[1].id: is the id of a webhook (got "two")'),
        ({"id": "unknown"}, "f.json:1: agents[1].name: The name field is required."),
        (
            {"id": "other", "webhooks": [{"id": "two", "timeout": 3}]},
            "f.json:1: agents[1].webhooks[0].timeout: The timeout must be between 5 and 120. (got 3)",
        ),
        (
            {"id": "other", "webhooks": [{"id": "two", "name": None}]},
            "f.json:1: agents[1].webhooks[0].name: The name field is required. (got null)",
        ),
    ],
    ids=["another agent's webhook", "an agent's id", "a webhook's id", "no name", "bad value", "required is null"],
)
def test_nothing_is_half_done(wrong: dict[str, Any], text: str) -> None:
    one = state(THREE_AGENTS)
    before = to_document(one)
    with pytest.raises(FixtureError) as caught:
        merged(one, {"agents": [{"id": "third", "name": "Changed"}, wrong]})
    assert str(caught.value) == text
    assert to_document(one) == before


def nested(levels: int) -> Any:
    """An object of so many levels, of which the deepest is empty: that one counts as a value."""
    return {"a": nested(levels - 1)} if levels else {}


@each_row("format", ["json", "yaml"])
def test_what_the_api_takes_at_its_deepest_is_put_back_and_is_a_file(http: FlaskClient, format: str) -> None:
    """An API call has 100 levels; within a state, the same value stands deeper."""
    change = {"payload_templates": {"event_phone_call_ended": nested(98)}}
    http.put(f"/api/v1/agents/{AGENT}/webhooks/{WEBHOOK}", headers=TOKEN, json=change)
    http.post(f"/api/v1/agents/{AGENT}/call", headers=TOKEN, json={"to": "+1234567890", "payload": nested(99)})
    before = http.get(f"/__admin/state?format={format}")
    state = http.get("/__admin/state").get_json()
    assert (webhooks_of(state)[0]["payload_templates"], state["calls"][0]["payload"]) == (*change.values(), nested(99))
    assert http.put(f"/__admin/state?format={format}", data=before.data).data == before.data
    found = read_fixture([parse(before.data, "f"), source({"environments": {"staging": state}}, "g")])
    assert [to_document(State(each.baseline)) for each in found.values()] == [state, state]
    http.post("/__admin/reset")


@each_row(
    ("change", "text"),
    [
        ({"payload_templates": {"event_phone_call_ended": {"a": "{{nope}}"}}}, "{{nope}} names nothing"),
        ({"payload_templates": {"event_recording": {}}}, "the webhook does not list this event"),
        ({"custom_headers": [{"key": "a b", "value": "c"}]}, "is not a name of a header"),
    ],
)
def test_three_things_that_the_api_takes_are_mistakes_in_a_file(
    http: FlaskClient, change: dict[str, Any], text: str
) -> None:
    assert http.put(f"/api/v1/agents/{AGENT}/webhooks/{WEBHOOK}", headers=TOKEN, json=change).status_code == 200
    served = http.get("/__admin/state").get_json()
    with pytest.raises(FixtureError) as caught:
        read_fixture([source(served)])
    assert [each.text[: len(text)] for each in caught.value.mistakes] == [text]
    assert http.put("/__admin/state", json=served).get_json() == served
    http.post("/__admin/reset")
