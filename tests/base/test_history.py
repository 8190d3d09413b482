"""A history: what it keeps, what it forgets, and how waits for its items end."""

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from threading import Event, RLock
from time import monotonic

import pytest

from talkover_mock.base import history as history_module
from talkover_mock.base.history import Expectation, Found, History
from tests.support.rows import each_row
from tests.support.turns import every_turn

LONG = 60.0
"""Seconds that no test waits."""
SOON = 10.0
LOCK = RLock()
"""The lock that the caller of a history holds."""


@dataclass(frozen=True)
class Item:
    name: str
    ended: bool = True


Wait = Callable[..., Future[Found[Item]]]


def history(most: int = 100) -> History[Item]:
    return History(RLock(), most, lambda item: item.ended)


def anything(_: Item) -> bool:
    return True


def named(name: str) -> Callable[[Item], bool]:
    return lambda item: item.name == name


def add(log: History[Item], *names: str) -> None:
    for name in names:
        log.add(name, Item(name))
        log.publish(Item(name))


def names(found: Found[Item]) -> list[str]:
    return [item.name for item in found.items]


@pytest.fixture
def wait() -> Iterator[Wait]:
    """Begins a wait in a thread; it is under way when this returns, since it has looked at the item `begun`."""
    with ThreadPoolExecutor() as pool:

        def begin(
            log: History[Item],
            matches: Callable[[Item], bool],
            least: int | None = None,
            most: int | None = None,
            seconds: float = LONG,
        ) -> Future[Found[Item]]:
            begun = Event()

            def noticed(item: Item) -> bool:
                if item.name == "begun":
                    begun.set()
                    return False
                return matches(item)

            future = pool.submit(log.watch, noticed, least, most, seconds)
            deadline = monotonic() + SOON
            while not begun.is_set() and monotonic() < deadline:
                log.publish(Item("begun"))
            assert begun.is_set()
            return future

        yield begin


def test_the_latest_are_kept_oldest_first_and_what_was_dropped_is_counted() -> None:
    log = history(most=3)
    add(log, *"abcde")
    assert [item.name for item in log.all()] == ["c", "d", "e"]
    assert (log.dropped, log.get("b"), log.get("c"), log.get(None)) == (2, None, Item("c"), None)


def test_a_change_stays_in_its_place_and_brings_nothing_back() -> None:
    log = history(most=2)
    add(log, *"abc")
    log.change("b", Item("changed"))
    log.change("a", Item("back"))
    assert [item.name for item in log.all()] == ["changed", "c"]


def test_clearing_forgets_what_has_ended_and_begins_to_count_anew() -> None:
    log = history(most=3)
    add(log, "a", "b")
    for name in ("c", "d"):
        log.add(name, Item(name, ended=False))
    assert (log.dropped, log.clear(), log.dropped) == (1, 1, 0)
    assert [item.name for item in log.all()] == ["c", "d"]


def test_without_a_wait_there_is_what_there_is() -> None:
    log = history()
    add(log, *"aba")
    log.add("c", Item("a", ended=False))
    assert log.watch(named("a")) == Found([Item("a"), Item("a", ended=False)], 1, True)
    assert names(log.watch(anything)) == ["a", "b", "a"]


@each_row(
    ("least", "most", "satisfied"),
    [
        (None, None, True),
        (0, None, True),
        (2, None, True),
        (3, None, False),
        (None, 2, True),
        (None, 1, False),
        (None, 0, False),
        (2, 2, True),
        (1, 1, False),
        (3, 5, False),
    ],
)
@each_row("seconds", [0, 0.01])
def test_enough_and_not_too_many(least: int | None, most: int | None, satisfied: bool, seconds: float) -> None:
    log = history()
    add(log, "a", "b")
    log.add("c", Item("c", ended=False))
    found = log.watch(anything, least, most, seconds)
    assert (names(found), found.count, found.satisfied) == (["a", "b", "c"], 2, satisfied)


@each_row(("least", "most"), [(2, None), (None, 1), (0, 1), (1, 1), (None, 0)])
def test_a_wait_that_is_decided_already_does_not_wait(least: int | None, most: int | None) -> None:
    log = history()
    add(log, "a", "b")
    begin = monotonic()
    log.watch(anything, least, most, LONG)
    assert monotonic() - begin < SOON


def test_a_wait_ends_with_the_last_item_that_was_wanted(wait: Wait) -> None:
    log = history()
    add(log, "a")
    future = wait(log, named("a"), least=3)
    add(log, "b")
    log.add("a2", Item("a"))
    log.publish(Item("a"))
    assert not future.done()
    log.add("a3", Item("a"))
    log.publish(Item("a"))
    found = future.result(SOON)
    assert (names(found), found.count, found.satisfied) == (["a", "a", "a"], 3, True)


def test_a_wait_ends_as_soon_as_there_are_too_many(wait: Wait) -> None:
    log = history()
    future = wait(log, anything, most=1)
    add(log, "a")
    assert not future.done()
    add(log, "b")
    assert not future.result(SOON).satisfied


@pytest.mark.slow
def test_at_most_is_known_only_when_the_time_has_passed() -> None:
    log = history()
    add(log, "a")
    begin = monotonic()
    found = log.watch(anything, None, 1, 0.1)
    assert (found.satisfied, monotonic() - begin >= 0.1) == (True, True)


def test_a_wait_without_a_limit_does_not_wait() -> None:
    begin = monotonic()
    assert history().watch(anything, None, None, LONG).satisfied
    assert monotonic() - begin < SOON


@pytest.mark.slow
def test_when_the_time_is_up_there_is_what_came(wait: Wait) -> None:
    log = history()
    future = wait(log, anything, least=2, seconds=0.1)
    add(log, "a")
    found = future.result(SOON)
    assert (names(found), found.count, found.satisfied) == (["a"], 1, False)


def test_an_item_counts_when_it_has_ended_and_once(wait: Wait) -> None:
    log = history()
    log.add("a", Item("a", ended=False))
    future = wait(log, anything, least=2)
    log.change("a", Item("a"))
    log.publish(Item("a"))
    log.change("a", Item("changed"))
    log.publish(Item("changed"), before=Item("a"))
    assert not future.done()
    add(log, "b")
    found = future.result(SOON)
    assert (names(found), found.count) == (["changed", "b"], 2)


def test_an_item_that_matches_only_after_a_change_counts_then(wait: Wait) -> None:
    log = history()
    add(log, "a")
    future = wait(log, named("changed"), least=1)
    log.change("a", Item("changed"))
    log.publish(Item("changed"), before=Item("a"))
    assert names(future.result(SOON)) == ["changed"]


def test_what_was_dropped_or_cleared_meanwhile_still_counts(wait: Wait) -> None:
    log = history(most=1)
    future = wait(log, anything, least=3)
    add(log, "a", "b")
    log.clear()
    add(log, "c")
    found = future.result(SOON)
    assert (names(found), found.count, found.satisfied) == (["c"], 3, True)


@pytest.mark.parametrize(("least", "most"), [(2, None), (None, 5), (1, 5)])
def test_closing_ends_a_wait_unsatisfied_and_empty(wait: Wait, least: int | None, most: int | None) -> None:
    log = history()
    future = wait(log, anything, least, most)
    add(log, "a")
    log.close()
    assert future.result(SOON) == Found((), 0, satisfied=False, closed=True)


def test_nobody_waits_for_a_history_that_has_closed() -> None:
    log = history()
    log.close()
    begin = monotonic()
    assert log.watch(anything, 1, None, LONG) == Found((), 0, satisfied=False, closed=True)
    assert monotonic() - begin < SOON


def test_a_search_that_fails_ends_its_own_wait_and_no_other(wait: Wait) -> None:
    log = history()

    def fails(_: Item) -> bool:
        raise ValueError("no such moment")

    broken = wait(log, fails, least=1)
    right = wait(log, anything, least=1)
    add(log, "a")
    assert names(right.result(SOON)) == ["a"]
    with pytest.raises(ValueError, match="no such moment"):
        broken.result(SOON)


def come(log: History[Item]) -> None:
    with LOCK:
        add(log, "b")


def with_items() -> History[Item]:
    log = History[Item](LOCK, 100)
    add(log, *"acd")
    return log


def test_an_item_that_comes_while_a_wait_begins_is_counted_once() -> None:
    def expect(log: History[Item]) -> Expectation[Item] | None:
        return log.expect(anything, 4)

    for log, (expectation, come_to) in every_turn(with_items, expect, come, history_module):
        assert isinstance(expectation, Expectation)
        assert (come_to, expectation.count, expectation.decided.is_set) == (None, 4, True)
        assert log.found(expectation) == Found([Item(name) for name in "acdb"], 4, True)


def test_an_item_that_comes_while_a_wait_ends_breaks_nothing() -> None:
    def found(log: History[Item]) -> Found[Item] | None:
        return log.found(log.expect(anything, 3))

    for _, (result, come_to) in every_turn(with_items, found, come, history_module):
        assert isinstance(result, Found)
        assert (come_to, result.satisfied, names(result)[:3]) == (None, True, ["a", "c", "d"])


def test_many_waits_see_the_same_items(wait: Wait) -> None:
    log = history()
    futures = [wait(log, named(name), least=2) for name in "aabb"]
    add(log, *"abab")
    assert [future.result(SOON).count for future in futures] == [2, 2, 2, 2]


def test_a_wait_that_has_ended_is_not_looked_at_again() -> None:
    log, seen = history(), []

    def remember(item: Item) -> bool:
        seen.append(item.name)
        return True

    log.watch(remember, 1, None, 0.01)
    add(log, "a")
    assert seen == []


def test_an_expectation_may_be_counted_in_one_go() -> None:
    expectation: Expectation[Item] = Expectation(anything, least=3, most=4)
    expectation.add(3)
    assert expectation.satisfied
    expectation.add(2)
    assert not expectation.satisfied


def test_what_is_kept_is_bounded_in_bytes_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("talkover_mock.base.history.MOST_BYTES", 10)
    log = History[str](RLock(), 100, size_of=len)
    for number in range(4):
        log.add(f"{number}", "xxxx")
    assert ([*log.all()], log.dropped) == (["xxxx"] * 2, 2)
    log.change("3", "x" * 7)
    assert ([*log.all()], log.dropped) == (["x" * 7], 3)
    log.change("2", "gone")
    log.add("4", "x" * 50)
    assert ([*log.all()], log.dropped) == (["x" * 50], 4), "the latest always stays"
    log.clear()
    log.add("5", "x" * 10)
    assert len(log.all()) == 1
