"""Snapshots share what does not change: they stay small, and are as good as whole copies."""

import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import deepcopy

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from talkover_mock.base.shapes.state import State as StateDocument
from talkover_mock.environments.environment import Environment
from talkover_mock.environments.world import World
from talkover_mock.loading.fixture import read_fixture
from talkover_mock.loading.mistakes import Source
from talkover_mock.loading.writer import to_document
from tests.support.frozen import RIGHT, Time

MEGABYTE = 1 << 20


def world_of(agents: int, webhooks: int) -> World:
    """So many agents, each with so many webhooks, `0-0`, `0-1` and so on."""
    found = [
        {"id": f"{a}", "name": "A", "webhooks": [{"id": f"{a}-{w}", **RIGHT} for w in range(webhooks)]}
        for a in range(agents)
    ]
    return World(read_fixture([Source("fixture", "", {"agents": found})]), time=Time())


def _ids(number: int) -> tuple[str, str]:
    agent, webhook = number % 100, number // 100
    return f"{agent}", f"{agent}-{webhook}"


def toggle(environment: Environment, number: int) -> None:
    environment.webhooks.toggle(*_ids(number))


def disabled(environment: Environment) -> int:
    """How many of the first thousand that are toggled are disabled."""
    return sum(not environment.webhooks.find(*_ids(number)).enabled for number in range(1_000))


@contextmanager
def tracing() -> Iterator[Callable[[], int]]:
    """Tells how much memory has come into use since it began."""
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    yield lambda: tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()


@pytest.mark.slow
def test_a_thousand_snapshots_of_ten_thousand_webhooks_stay_small() -> None:
    environment = world_of(100, 100).default
    with tracing() as used:
        for number in range(1_000):
            environment.snapshots.take(f"same-{number}")
        assert used() < 3 * MEGABYTE, "a kilobyte each"
        for number in range(1_000):
            toggle(environment, number)
            environment.snapshots.take(f"{number}")
        assert used() < 30 * MEGABYTE, "the mere ids would be half a megabyte each"
    assert len(environment.snapshots.all()) == 2_000
    for number in (999, 0, 500, 501, 250):
        environment.restore_snapshot(f"{number}")
        assert disabled(environment) == number + 1
    environment.restore_snapshot("same-999")
    assert disabled(environment) == 0


@pytest.mark.slow
def test_deleting_snapshots_gives_their_memory_back() -> None:
    environment = world_of(100, 100).default
    with tracing() as used:
        for number in range(500):
            toggle(environment, number)
            environment.snapshots.take(f"{number}")
        grown = used()
        for number in range(500):
            environment.snapshots.delete(f"{number}")
        assert used() < grown / 4


NAMES = st.sampled_from("abc")
WEBHOOK = {"id": "new", **RIGHT}


class SnapshotMachine(RuleBasedStateMachine):
    """Two environments on one baseline: the first changes and has snapshots, beside each of which is a whole copy."""

    @initialize()
    def begin(self) -> None:
        self.patch = pytest.MonkeyPatch()
        self.patch.setattr("talkover_mock.state.store._MOST_CHANGES", 2)  # else copies hardly ever share a base
        world = world_of(3, 3)
        self.environment, self.other = world.default, world.open(world.default)
        self.untouched = self.other.documents.whole()
        self.copies: dict[str, StateDocument] = {}

    def teardown(self) -> None:
        if hasattr(self, "patch"):
            self.patch.undo()

    def some_webhook(self, data: st.DataObject) -> tuple[str, str] | None:
        webhooks = [
            (agent["id"], each["id"])
            for agent in self.environment.documents.whole()["agents"]
            for each in agent["webhooks"]
        ]
        return data.draw(st.sampled_from(webhooks)) if webhooks else None

    @rule(data=st.data(), change=st.sampled_from(["toggle", "delete", "update"]))
    def change(self, data: st.DataObject, change: str) -> None:
        found = self.some_webhook(data)
        if found:
            webhooks = self.environment.webhooks
            if change == "update":
                webhooks.update(*found, {"name": data.draw(st.sampled_from(["x", "y"]))})
            else:
                getattr(webhooks, change)(*found)

    @rule(agent=st.sampled_from("012"))
    def create(self, agent: str) -> None:
        if self.environment.agent(agent):
            self.environment.webhooks.create(agent, RIGHT)

    @rule(agent=st.sampled_from("0129"), rate_limit=st.sampled_from([None, 5, 6]))
    def merge(self, agent: str, rate_limit: int | None) -> None:
        webhook = {"id": f"{agent}-new", **RIGHT}
        document = {
            "settings": {"rate_limit": rate_limit},
            "agents": [{"id": agent, "name": "B", "webhooks": [webhook]}],
        }
        self.environment.documents.merge(Source("fixture", "", document))

    @rule()
    def replace(self) -> None:
        self.environment.documents.replace(
            Source("fixture", "", {"agents": [{"id": "1", "name": "B", "webhooks": [WEBHOOK]}]})
        )

    @rule()
    def reset(self) -> None:
        self.environment.reset()

    @rule(name=NAMES)
    def take(self, name: str) -> None:
        before = deepcopy(self.environment.documents.whole())
        self.environment.snapshots.take(name)
        assert self.environment.documents.whole() == before
        self.copies[name] = before

    @precondition(lambda self: self.copies)
    @rule(data=st.data())
    def restore(self, data: st.DataObject) -> None:
        name = data.draw(st.sampled_from(sorted(self.copies)))
        self.environment.restore_snapshot(name)
        assert self.environment.documents.whole() == self.copies[name]

    @precondition(lambda self: self.copies)
    @rule(data=st.data())
    def forget(self, data: st.DataObject) -> None:
        name = data.draw(st.sampled_from(sorted(self.copies)))
        self.environment.snapshots.delete(name)
        del self.copies[name]

    @invariant()
    def snapshots_are_as_their_copies(self) -> None:
        found = {each.name: to_document(each.state) for each in self.environment.snapshots.all()}
        assert found == self.copies

    @invariant()
    def the_other_environment_sees_nothing(self) -> None:
        assert self.other.documents.whole() == self.untouched


TestSnapshots = pytest.mark.slow(SnapshotMachine.TestCase)
TestSnapshots.settings = settings(max_examples=40, stateful_step_count=20, deadline=None)
