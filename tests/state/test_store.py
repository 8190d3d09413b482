"""Copy-on-write tables against plain dicts, and the state that is made of them."""

from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from talkover_mock.loading.writer import to_document
from talkover_mock.state import store
from talkover_mock.state.store import State, Table
from tests.support.calling import NUMBER
from tests.support.fixture_documents import baseline, fixture, hook

KEYS = st.sampled_from("abcdef")
VALUES = st.integers(0, 3)
BASES = st.dictionaries(KEYS, VALUES, max_size=4)


class TableMachine(RuleBasedStateMachine):
    """A table does what a dict does."""

    @initialize(base=BASES)
    def begin(self, base: dict[str, int]) -> None:
        self.table = Table(base)
        self.base, self.base_before = base, list(base.items())
        self.model = dict(base)

    @rule(key=KEYS, value=VALUES)
    def put(self, key: str, value: int) -> None:
        self.table.put(key, value)
        self.model[key] = value

    @rule(key=KEYS)
    def remove(self, key: str) -> None:
        self.table.remove(key)
        self.model.pop(key, None)

    @invariant()
    def is_as_the_dict(self) -> None:
        assert list(self.table) == list(self.model)
        assert list(self.table.values()) == list(self.model.values())
        assert len(self.table) == len(self.model)
        for key in "abcdef":
            assert self.table.get(key) == self.model.get(key)
            assert (key in self.table) is (key in self.model)

    @invariant()
    def the_base_is_never_changed(self) -> None:
        assert list(self.base.items()) == self.base_before


TestTable = pytest.mark.slow(TableMachine.TestCase)
TestTable.settings = settings(max_examples=60, stateful_step_count=20, deadline=None)

DOCUMENT = fixture(hook(id="one"), hook(id="two"))


def test_two_states_of_one_baseline_do_not_see_each_other() -> None:
    shared = baseline(DOCUMENT)
    one, other = State(shared), State(shared)
    before = to_document(other)
    one.clear_cache("agent")
    one.webhooks.remove("two")
    one.agents.remove("agent")
    assert to_document(other) == before
    assert to_document(State(shared)) == before


def test_a_reset_drops_every_change() -> None:
    shared = baseline(DOCUMENT)
    state = State(shared)
    state.clear_cache("agent")
    state.merge(baseline({"agents": [{"id": "other", "name": "B", "cache_clears": 3, "webhooks": [hook(id="three")]}]}))
    assert to_document(state) != to_document(State(shared))
    state.reset(shared)
    assert to_document(state) == to_document(State(shared))


def test_webhooks_stand_in_the_order_in_which_they_came() -> None:
    state = State(baseline(DOCUMENT))
    (new,) = baseline(fixture(hook(id="three"))).webhooks.values()
    one = state.webhooks_of("agent")[0]
    state.put_webhook(new)
    state.put_webhook(one)
    assert [webhook.id for webhook in state.webhooks_of("agent")] == ["one", "two", "three"]
    assert state.webhooks_of("unknown") == []


def test_a_call_that_was_dropped_is_the_latest_when_it_comes_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "MOST_CALLS", 2)
    calls = [{"id": id, "agent_id": "agent", "to": NUMBER} for id in ("one", "two")]
    state = State(baseline({**fixture(), "calls": calls}))
    one, two = state.calls.values()
    for call in (two._replace(id="three"), one):
        state.put_call(call)
    assert list(state.calls) == ["three", "one"]


def test_clearing_a_cache_is_counted_by_agent() -> None:
    state = State(baseline(DOCUMENT))
    counts: list[Any] = []
    for agent_id in ("agent", "agent", "other"):
        state.clear_cache(agent_id)
        counts.append(state.cache_clears.get(agent_id))
    assert counts == [1, 2, 1]
