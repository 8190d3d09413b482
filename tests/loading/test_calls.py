"""The calls of fixtures: what may stand there, what is a mistake and where, and that they are part of the state."""

import json
from threading import RLock
from typing import Any

import pytest

from talkover_mock.base.clock import Clock
from talkover_mock.base.refusals import Conflict
from talkover_mock.loading.files import parse
from talkover_mock.loading.fixture import read_fixture, to_baseline
from talkover_mock.loading.mistakes import FixtureError
from talkover_mock.loading.writer import to_document
from talkover_mock.state.calls import Calls
from talkover_mock.state.store import State
from tests.support.fixture_documents import served, source
from tests.support.rows import each_row

LEAST: dict[str, Any] = {"agent_id": "a", "to": "+1234567890"}
FULL: dict[str, Any] = {
    "id": "call-1",
    "agent_id": "a",
    "to": "+1234567890",
    "from": "+4930123456",
    "direction": "inbound",
    "status": "answered",
    "duration": 0,
    "is_testing": True,
    "payload": {"name": "Ana"},
    "context": {"order": [7]},
    "created_at": "2025-09-03T10:00:00Z",
    "started_at": "2025-09-03T10:00:05Z",
    "updated_at": "2025-09-03T10:00:05Z",
}


def fixture(*calls: Any, **more: Any) -> dict[str, Any]:
    return {"agents": [{"id": "a", "name": "A"}], "calls": list(calls), **more}


def mistakes(*documents: object) -> list[str]:
    with pytest.raises(FixtureError) as caught:
        read_fixture([source(each, f"{i}.json") for i, each in enumerate(documents)])
    return [f"{each.path}: {each.text}" for each in caught.value.mistakes]


def test_a_call_is_served_as_it_was_given() -> None:
    assert served(fixture(FULL))["calls"] == [FULL]


def test_a_call_needs_an_agent_and_a_number_and_has_defaults() -> None:
    [call] = served(fixture(LEAST))["calls"]
    assert call == {
        "id": "9ddc2c34-7000-4b67-af2c-023d88333058",
        **LEAST,
        "from": "+12025550100",
        "direction": "outbound",
        "status": "completed",
        "duration": 0,
        "is_testing": False,
        "payload": None,
        "context": None,
        **dict.fromkeys(("created_at", "started_at", "updated_at"), "2025-01-01T00:00:00Z"),
    }
    assert served(served(fixture(LEAST)))["calls"] == [call]


def test_generated_ids_are_the_same_at_every_start_and_differ() -> None:
    ids = [call["id"] for call in served(fixture(LEAST, LEAST, FULL))["calls"]]
    assert len({*ids}) == 3
    assert ids == [call["id"] for call in served(fixture(LEAST, LEAST, FULL))["calls"]]


def test_without_calls_the_state_has_none() -> None:
    assert served(fixture()).keys() == {"agents"}


def test_an_environment_has_its_own_calls_and_a_file_may_hold_another_files_calls() -> None:
    staging = {"agents": [{"id": "s", "name": "S"}], "calls": [{**FULL, "agent_id": "s"}]}
    found = read_fixture([source({"calls": [LEAST]}), source(fixture(environments={"staging": staging}))])
    assert [call.agent_id for call in found["default"].baseline.calls.values()] == ["a"]
    assert [call.agent_id for call in found["staging"].baseline.calls.values()] == ["s"]


QUOTES = 'The to must be a text in international format, such as "+1234567890".'
WRONG = [
    (5, "calls[0]: must be a mapping with id, agent_id, to, "),
    ({"to": "+1234567890"}, "calls[0].agent_id: The agent id field is required."),
    ({"agent_id": "a"}, "calls[0].to: The to field is required."),
    ({**LEAST, "to": "123"}, f'calls[0].to: {QUOTES} (got "123")'),
    ({**LEAST, "to": 1234567890}, f"calls[0].to: {QUOTES} (got 1234567890)"),
    (
        {**LEAST, "agent_id": "A"},
        'calls[0].agent_id: no agent of the environment has this id; did you mean a? (got "A")',
    ),
    (
        {**LEAST, "agent_id": "xyz"},
        'calls[0].agent_id: no agent of the environment has this id; there is a (got "xyz")',
    ),
    ({**LEAST, "status": "complete"}, "calls[0].status: The selected status is invalid; did you mean completed?"),
    ({**LEAST, "duration": -1}, "calls[0].duration: The duration must be between 0 and 86400. (got -1)"),
    ({**LEAST, "context": "x"}, 'calls[0].context: The context must be an array. (got "x")'),
    ({**LEAST, "created_at": "soon"}, "calls[0].created_at: The created at is not a valid date"),
    ({**LEAST, "fro": "+1"}, "calls[0].fro: unknown key; did you mean from?"),
    ({**LEAST, "id": "a"}, "calls[0].id: is already the id of agents[0] in 0.json"),
    ({**LEAST, "id": "a b"}, "calls[0].id: must be a UUID, or up to 100 letters"),
]


@each_row(("call", "text"), WRONG, ids=[text[:40] for _, text in WRONG])
def test_a_mistake_has_its_place(call: object, text: str) -> None:
    [found] = mistakes(fixture(call))
    assert found.startswith(text)


def test_calls_are_a_list() -> None:
    assert mistakes({"calls": {}}) == ["calls: must be a list (got {})"]


def test_an_agent_that_there_is_not_is_found_at_the_end_with_its_file_and_line() -> None:
    text = b"calls:\n  - to: '+1234567890'\n    agent_id: b\n"
    with pytest.raises(FixtureError) as caught:
        read_fixture([parse(text, "calls.yaml"), source(fixture(), "agents.json")])
    expected = 'calls.yaml:3: calls[0].agent_id: no agent of the environment has this id; there is a (got "b")'
    assert str(caught.value) == expected


def test_a_call_is_laid_over_the_one_of_its_id() -> None:
    state = State(to_baseline(source(fixture(FULL))))
    change = {"calls": [{"id": "call-1", "status": "completed", "duration": 7}, {**LEAST, "id": "call-2"}]}
    state.merge(to_baseline(source(change), over=state))
    first, second = to_document(state)["calls"]
    assert first == {**FULL, "status": "completed", "duration": 7}
    assert second["id"] == "call-2"


HOOK: dict[str, Any] = {"name": "W", "webhook_url": "http://xy", "events": ["event_action"]}
OF_EACH_KIND: dict[str, dict[str, Any]] = {
    "an agent": {"agents": [{"id": "an-agent", "name": "B"}]},
    "a webhook": {"agents": [{"id": "a", "webhooks": [{"id": "a-webhook", **HOOK}]}]},
    "a campaign": {"campaigns": [{"id": "a-campaign", "name": "C", "agent_id": "a"}]},
    "a call": {"calls": [{**LEAST, "id": "a-call"}]},
}


@each_row(("one", "other"), [(one, other) for one in OF_EACH_KIND for other in OF_EACH_KIND if one != other])
def test_an_id_stays_that_of_one_kind(one: str, other: str) -> None:
    """Else the state would be no fixture: there, no id may stand twice."""
    state, id = State(to_baseline(source(fixture()))), one.replace(" ", "-")
    state.merge(to_baseline(source(OF_EACH_KIND[one]), over=state))
    change = json.loads(json.dumps(OF_EACH_KIND[other]).replace(other.replace(" ", "-"), id))
    with pytest.raises(FixtureError) as caught:
        to_baseline(source(change), over=state)
    assert [each.text for each in caught.value.mistakes] == [f'is the id of {one} (got "{id}")']


def test_a_new_call_has_no_id_of_another_record() -> None:
    state = State(to_baseline(source(fixture())))
    calls = Calls(state, RLock(), Clock())
    values = served(fixture(FULL))["calls"][0]
    for kind, change in OF_EACH_KIND.items():
        state.merge(to_baseline(source(change), over=state))
        id = kind.replace(" ", "-")
        with pytest.raises(Conflict, match=f'^"{id}" is the id of {kind}; give the call another one$'):
            calls.add("a", values, id)
    assert list(state.calls) == ["a-call"]


def test_a_state_keeps_the_latest_calls(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("talkover_mock.state.store.MOST_CALLS", 2)
    state = State(to_baseline(source(fixture(FULL))))
    state.merge(to_baseline(source({"calls": [{**LEAST, "id": id} for id in ("x", "y", "z")]}), over=state))
    assert [call["id"] for call in to_document(state)["calls"]] == ["y", "z"]
