"""Threads for jobs: no job waits for one that does not end, and quick jobs need few threads."""

from collections.abc import Callable, Iterator
from functools import partial
from threading import Event, Lock, Timer
from time import monotonic

import pytest

from talkover_mock.base import workers as workers_module
from talkover_mock.base.workers import Workers

WAIT = 10.0


def later(seconds: float, callback: Callable[[], None]) -> None:
    timer = Timer(seconds, callback)
    timer.daemon = True
    timer.start()


@pytest.fixture
def released() -> Iterator[Event]:
    """Ends the jobs that hang."""
    event = Event()
    yield event
    event.set()


@pytest.fixture
def workers(released: Event, monkeypatch: pytest.MonkeyPatch) -> Iterator[Workers]:
    monkeypatch.setattr(workers_module, "_PATIENCE_SECONDS", 0.01)
    workers = Workers("workers", 4, 40, later)
    yield workers
    released.set()
    workers.stop(WAIT)


class Count:
    """Counts what several threads do."""

    def __init__(self) -> None:
        self.number, self._lock = 0, Lock()

    def one(self) -> None:
        with self._lock:
            self.number += 1

    def reaches(self, number: int) -> bool:
        end = monotonic() + WAIT
        while self.number < number and monotonic() < end:
            Event().wait(0.002)
        return self.number == number


def test_quick_jobs_need_few_threads() -> None:
    workers, done = Workers("workers", 4, 40, lambda *_: None), Count()  # on a busy machine, patience may run out
    for _ in range(1_000):
        workers.submit(done.one)
    assert done.reaches(1_000)
    assert len(workers._threads) == 4
    workers.stop(WAIT)


def test_jobs_that_do_not_end_hold_up_no_other_job(workers: Workers, released: Event) -> None:
    begun, done = Count(), Count()

    def hang() -> None:
        begun.one()
        released.wait(WAIT)

    for _ in range(30):
        workers.submit(hang)
    workers.submit(done.one)
    assert done.reaches(1)
    assert begun.number == 30


def test_at_the_limit_jobs_wait_for_a_thread(workers: Workers, released: Event) -> None:
    begun, done = Count(), Count()

    def hang() -> None:
        begun.one()
        released.wait(WAIT)
        done.one()

    for _ in range(50):
        workers.submit(hang)
    assert begun.reaches(40)
    released.set()
    assert done.reaches(50)
    assert len(workers._threads) <= 40


def test_jobs_of_one_and_of_another_take_turns(released: Event) -> None:
    workers, begun, order = Workers("workers", 1, 1, later), Event(), list[str]()

    def hang() -> None:
        begun.set()
        released.wait(WAIT)

    workers.submit(hang, "a")
    assert begun.wait(WAIT)
    for name in ("a1", "a2", "a3", "b1", "b2", "c1"):
        workers.submit(partial(order.append, name), name[0])
    released.set()
    workers.stop(WAIT)
    assert order == ["a1", "b1", "c1", "a2", "b2", "a3"]


def test_two_jobs_that_come_together_run_together(workers: Workers) -> None:
    """Where one thread is free, the second job must not wait behind the first one."""
    first = Event()
    workers.submit(first.set)
    assert first.wait(WAIT)
    for _ in range(200):
        one, other = Event(), Event()

        def wait(other: Event = other) -> None:
            other.wait(WAIT)

        workers.submit(wait)
        workers.submit(other.set)
        workers.submit(one.set)
        assert other.wait(WAIT / 2)
        assert one.wait(WAIT / 2)


def test_threads_without_a_job_end(workers: Workers, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers_module, "_IDLE_SECONDS", 0.01)
    done = Count()
    for round_ in range(3):
        for _ in range(10):
            workers.submit(done.one)
        assert done.reaches(10 * (round_ + 1))
        end = monotonic() + WAIT
        while workers._threads:
            assert monotonic() < end
            Event().wait(0.005)


def test_what_was_submitted_before_a_stop_is_done_and_later_jobs_are_not(workers: Workers) -> None:
    done = Count()
    for _ in range(100):
        workers.submit(done.one)
    workers.stop(WAIT)
    workers.submit(done.one)
    assert done.number == 100
    assert not workers._threads


def test_a_stop_does_not_wait_for_what_does_not_end(workers: Workers, released: Event) -> None:
    workers.submit(lambda: released.wait(WAIT))
    begin = monotonic()
    workers.stop(0.05)
    assert monotonic() - begin < WAIT / 2
