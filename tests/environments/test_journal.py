"""The journal: numbers, its bound, what it forgets, and that every exchange is counted."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timezone
from threading import RLock
from time import sleep

import pytest

from talkover_mock.base import history as history_module
from talkover_mock.base.changes import Changes
from talkover_mock.base.headers import Head
from talkover_mock.base.history import Found
from talkover_mock.environments import journal as journal_module
from talkover_mock.environments.journal import Exchange, Journal
from tests.support.turns import every_turn

MOMENT = datetime(2025, 9, 3, 23, 50, 15, tzinfo=timezone.utc)


def exchange(number: int, arrival: int, path: str = "/x") -> Exchange:
    head = Head((), 0)
    return Exchange(number, MOMENT, "GET", path, None, 404, 0.5, "", "", head, b"", 0, {}, b"", 0, 0, arrival=arrival)


def record(journal: Journal, count: int) -> None:
    for _ in range(count):
        journal.record(exchange)


def numbers(journal: Journal) -> list[int]:
    return [each.number for each in journal.log.watch(lambda _: True).items]


@pytest.fixture
def journal() -> Journal:
    return Journal(RLock(), 5, Changes())


def test_exchanges_are_numbered_from_one_and_kept_oldest_first(journal: Journal) -> None:
    record(journal, 3)
    assert numbers(journal) == [1, 2, 3]
    assert journal.log.dropped == 0


def test_the_latest_are_kept_and_the_others_are_counted(journal: Journal) -> None:
    record(journal, 12)
    assert (numbers(journal), journal.log.dropped) == ([8, 9, 10, 11, 12], 7)


def test_of_the_calls_that_no_route_took_the_latest_hundred_are_kept_whatever_is_cleared(journal: Journal) -> None:
    record(journal, 100)
    assert [each.number for each in journal.unmatched()] == list(range(1, 101))
    record(journal, 20)
    journal.clear()
    assert [each.number for each in journal.unmatched()] == list(range(21, 121))
    journal.reset()
    assert len(journal.unmatched()) == 100


def test_clearing_forgets_what_is_kept_and_the_numbers_go_on(journal: Journal) -> None:
    record(journal, 7)
    assert (journal.clear(), journal.log.dropped, numbers(journal)) == (5, 0, [])
    record(journal, 1)
    assert numbers(journal) == [8]


def test_a_reset_begins_anew(journal: Journal) -> None:
    record(journal, 7)
    journal.reset()
    assert (journal.log.dropped, numbers(journal)) == (0, [])
    record(journal, 1)
    assert numbers(journal) == [1]


def test_a_call_that_began_before_a_reset_is_in_no_journal(journal: Journal) -> None:
    log = journal.log
    begun = journal.begin(exchange)
    journal.reset()
    record(journal, 1)
    journal.record(lambda number, arrival: exchange(number, arrival, "/before"), begun, log)
    journal.record(lambda number, arrival: exchange(number, arrival, "/before"), None, log)
    assert [(each.number, each.path) for each in journal.log.all()] == [(1, "/x")]


def test_after_its_end_nobody_waits(journal: Journal) -> None:
    record(journal, 1)
    journal.close()
    assert journal.log.watch(lambda _: True, 1, None, 300) == Found((), 0, satisfied=False, closed=True)


@pytest.mark.slow
def test_exchanges_that_come_at_once_have_numbers_of_their_own_in_their_order() -> None:
    journal = Journal(RLock(), 10_000, Changes())

    def slowly(number: int, arrival: int) -> Exchange:
        sleep(0)  # lets the others run
        return exchange(number, arrival)

    def client(_: int) -> None:
        for _ in range(250):
            journal.record(slowly)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(client, range(8)))
    assert numbers(journal) == list(range(1, 2_001))


def test_a_call_that_comes_while_calls_are_forgotten_is_kept() -> None:
    def with_three() -> Journal:
        journal = Journal(RLock(), 100, Changes())
        record(journal, 3)
        return journal

    def come(journal: Journal) -> int:
        record(journal, 1)
        return 0

    for journal, (forgotten, _) in every_turn(with_three, Journal.clear, come, journal_module, history_module):
        assert (forgotten, numbers(journal)) in [(3, [4]), (4, [])]


def test_a_call_that_comes_while_the_journal_is_reset_is_the_first_or_forgotten() -> None:
    def with_three() -> Journal:
        journal = Journal(RLock(), 100, Changes())
        record(journal, 3)
        return journal

    def come(journal: Journal) -> None:
        record(journal, 1)

    for journal, _ in every_turn(with_three, Journal.reset, come, journal_module):
        come(journal)
        assert numbers(journal) in ([1], [1, 2])


def test_a_search_finds_what_matches(journal: Journal) -> None:
    for path in ("/a", "/b", "/a"):
        journal.record(lambda number, arrival: exchange(number, arrival, path))  # noqa: B023
    found = journal.log.watch(lambda each: each.path == "/a", 1, 1)
    assert ([each.number for each in found.items], found.count, found.satisfied) == ([1, 3], 2, False)
