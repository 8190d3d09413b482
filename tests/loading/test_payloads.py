"""The payloads of fixtures: what may stand there, what is a mistake and where, and that they are part of the state."""

from typing import Any

import pytest

from talkover_mock.loading.files import parse
from talkover_mock.loading.fixture import read_fixture, to_baseline
from talkover_mock.loading.mistakes import FixtureError
from talkover_mock.loading.writer import to_document
from talkover_mock.state.store import State
from tests.support.fixture_documents import served, source
from tests.support.rows import each_row

STARTED, ENDED = "event_phone_call_started", "event_phone_call_ended"
PAYLOAD = {
    "type": "{{event}}",
    "id": "{{event_id}}",
    "at": ["{{time.unix}}", "{{timestamp}}"],
    "campaign": "{{campaign.id}}",
    "who": "{{agent.name}} of {{webhook.name}}",
    "call": {"id": "{{call.id}}", "number": "{{call.to}}"},
    "context": "{{context}}",
    "more": None,
}


def mistakes(*documents: object) -> list[str]:
    with pytest.raises(FixtureError) as caught:
        read_fixture([source(each, f"{i}.json") for i, each in enumerate(documents)])
    return [f"{each.path}: {each.text}" for each in caught.value.mistakes]


def test_a_payload_is_served_as_it_was_given() -> None:
    document = {"payloads": {ENDED: PAYLOAD, "campaign.started": {}}, "agents": []}
    assert served(document) == document
    assert served(served(document)) == document


WRONG: list[tuple[Any, str]] = [
    ([], "payloads: must be a mapping of events to payloads (got [])"),
    (
        {"event_phone_call_endd": {}},
        "payloads.event_phone_call_endd: unknown event; did you mean event_phone_call_ended",
    ),
    ({ENDED: "x"}, f'payloads.{ENDED}: must be a mapping, as the JSON of a payload is (got "x")'),
    ({ENDED: None}, f"payloads.{ENDED}: must be a mapping, as the JSON of a payload is (got null)"),
    (
        {ENDED: {"a": ["{{time.unx}}"]}},
        f"payloads.{ENDED}.a[0]: {{{{time.unx}}}} names nothing; did you mean time.unix?",
    ),
    (
        {ENDED: {"a": "{{nope}}"}},
        f"payloads.{ENDED}.a: {{{{nope}}}} names nothing; expected event, timestamp, event_id, time.",
    ),
    (
        {ENDED: {"a": "{{agent.nmae}}"}},
        f"payloads.{ENDED}.a: {{{{agent.nmae}}}} names nothing; did you mean agent.name?",
    ),
]


@each_row(("payloads", "text"), WRONG, ids=[text[:60] for _, text in WRONG])
def test_a_mistake_has_its_place(payloads: object, text: str) -> None:
    [found] = mistakes({"payloads": payloads})
    assert found.startswith(text)


def test_a_mistake_has_its_line() -> None:
    text = b"payloads:\n  event_action:\n    a: 1\n    b: '{{evnt}}'\n"
    with pytest.raises(FixtureError, match=r"^mine.yaml:4: payloads.event_action.b: .* did you mean event\?"):
        read_fixture([parse(text, "mine.yaml")])


def test_a_webhooks_template_has_fewer_placeholders() -> None:
    webhook = {"name": "W", "webhook_url": "http://xy", "events": [ENDED]}
    [found] = mistakes(
        {"agents": [{"name": "A", "webhooks": [{**webhook, "payload_templates": {ENDED: "{{time.unix}}"}}]}]}
    )
    assert "{{time.unix}} names nothing" in found


def test_an_event_has_one_payload_in_an_environment() -> None:
    document: dict[str, Any] = {"payloads": {ENDED: {}}}
    assert mistakes(document, document) == [f"payloads.{ENDED}: is already a payload: payloads.{ENDED} in 0.json"]
    read_fixture([source({**document, "environments": {"a": document}})])


def test_placeholders_may_name_the_keys_of_an_agent_of_a_later_file() -> None:
    read_fixture(
        [source({"payloads": {ENDED: {"a": "{{agent.team}}"}}}), source({"agents": [{"name": "A", "team": 1}]})]
    )


def test_the_payloads_at_the_top_are_those_of_every_environment() -> None:
    own = {"payloads": {ENDED: {"mine": 2}}}
    document: dict[str, Any] = {"payloads": {STARTED: {"a": 1}, ENDED: {"a": 1}}, "environments": {"a": {}, "b": own}}
    found = read_fixture([source(document)])
    assert found["a"].baseline.payloads == document["payloads"]
    assert found["b"].baseline.payloads == {STARTED: {"a": 1}, ENDED: {"mine": 2}}


def test_a_state_keeps_a_payload_that_names_a_key_of_an_agent_that_is_gone() -> None:
    document = {"agents": [{"id": "a", "name": "A", "own": 1}], "payloads": {ENDED: {"a": "{{agent.own}}"}}}
    state = State(to_baseline(source(document)))
    agent = state.agents.get("a")
    assert agent
    state.remove_agent(agent)
    left = to_document(state)
    assert left == served(left) == {"payloads": document["payloads"], "agents": []}
    assert mistakes(left)[0].startswith(f"payloads.{ENDED}.a: {{{{agent.own}}}} names nothing; expected ")
    with pytest.raises(FixtureError, match=r"\{\{agnt.own\}\} names nothing; did you mean agent"):
        to_baseline(source({"payloads": {ENDED: {"a": "{{agnt.own}}"}}}), state, state)


def test_a_state_takes_payloads_and_keeps_those_that_it_has() -> None:
    before = to_baseline(source({"payloads": {STARTED: {"a": 1}}}))
    state = State(before)
    state.merge(to_baseline(source({"payloads": {ENDED: {"b": 1}}}), state, state))
    assert to_document(state)["payloads"] == {STARTED: {"a": 1}, ENDED: {"b": 1}}
    assert to_document(state.copy()) == to_document(state)
    assert not state.is_unchanged(before)
    state.reset(before)
    assert state.is_unchanged(before)
