"""The pump: nothing that is due is overlooked, however many queues there are and however long a job takes."""

from collections.abc import Callable, Iterator
from threading import Condition, Event, active_count
from threading import enumerate as enumerate_threads
from time import monotonic

import pytest

from talkover_mock.deliveries import pump as pump_module
from talkover_mock.deliveries.pump import Pump
from tests.support.stories import WAIT


class Jobs:
    """A queue of jobs that run until they are let go, or stopped."""

    def __init__(self, *names: str) -> None:
        self.due = list(names)
        self.later: float | None = None
        self.begun: list[str] = []
        self.crashes: list[str] = []
        self._changed = Condition()
        self._ends: dict[str, Event] = {}

    def claim(self) -> "Running | float | None":
        with self._changed:
            if not self.due:
                return self.later
            if self.due[0] == "crash":
                self.due.pop(0)
                raise ValueError("a bug in claim")
            name = self.due.pop(0)
            self._ends[name] = Event()
            return Running(self, name)

    def has_more(self) -> bool:
        with self._changed:
            return bool(self.due) or self.later is not None

    def report(self, crash: str) -> None:
        with self._changed:
            self.crashes.append(crash)
            self._changed.notify_all()

    def run(self, name: str) -> None:
        with self._changed:
            self.begun.append(name)
            self._changed.notify_all()
        if name == "broken":
            raise ValueError("a bug in a job")
        assert self._ends[name].wait(WAIT)

    def end(self, name: str) -> None:
        self._ends[name].set()

    def wait_until(self, condition: Callable[["Jobs"], bool]) -> None:
        with self._changed:
            assert self._changed.wait_for(lambda: condition(self), WAIT)

    def wait_for(self, *names: str) -> None:
        self.wait_until(lambda jobs: sorted(jobs.begun) == sorted(names))


class Running:
    def __init__(self, jobs: Jobs, name: str) -> None:
        self._jobs, self._name = jobs, name

    def run(self) -> None:
        self._jobs.run(self._name)

    def stop(self) -> None:
        self._jobs.end(self._name)


@pytest.fixture
def pump() -> Iterator[Pump]:
    pump = Pump()
    yield pump
    pump.stop()


def test_no_thread_runs_before_something_is_due(pump: Pump) -> None:
    before = active_count()
    assert pump is not None
    assert active_count() == before


@pytest.mark.slow
def test_jobs_run_at_the_same_time_and_one_worker_is_used_again(pump: Pump) -> None:
    before = active_count()
    jobs = Jobs("a", "b", "c")
    pump.wake(jobs)
    jobs.wait_for("a", "b", "c")
    for name in "abc":
        jobs.end(name)
    for name in map(str, range(30)):
        jobs.due.append(name)
        pump.wake(jobs)
        jobs.wait_until(lambda jobs, name=name: name in jobs.begun)  # type: ignore[misc]
        jobs.end(name)
        Event().wait(0.005)  # time for its worker to come back
    assert active_count() - before <= 12  # four, and some more when the machine is busy


def test_queues_that_are_woken_together_do_not_wait_for_each_other(pump: Pump) -> None:
    queues = [Jobs(f"{n}") for n in range(20)]
    for _ in range(2):
        for queue in queues:
            pump.wake(queue)
    for n, queue in enumerate(queues):
        queue.wait_for(f"{n}")


def test_a_time_that_one_queue_waits_for_is_kept_while_another_is_busy(pump: Pump) -> None:
    patient, busy = Jobs(), Jobs()
    patient.later = 0.2
    pump.wake(patient)
    busy.due.append("long")
    pump.wake(busy)
    busy.wait_for("long")
    patient.due.append("later")  # nobody is told; the time alone brings it
    patient.wait_for("later")


@pytest.mark.slow
def test_a_time_that_the_busy_queue_itself_waits_for_is_kept_too(pump: Pump) -> None:
    jobs = Jobs("long")
    jobs.later = 0.2
    pump.wake(jobs)
    jobs.wait_for("long")
    jobs.due.append("later")
    jobs.wait_for("long", "later")


def test_when_all_workers_are_busy_the_first_that_ends_goes_on(pump: Pump, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pump_module, "MOST_WORKERS", 2)
    jobs = Jobs(*"abcd")
    pump.wake(jobs)
    jobs.wait_for(*"ab")
    jobs.end("b")
    jobs.wait_for(*"abc")
    jobs.end("a")
    jobs.wait_for(*"abcd")


def test_workers_that_have_nothing_to_do_end_but_for_one_and_others_come_when_they_are_needed(
    pump: Pump, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pump_module, "_IDLE_SECONDS", 0.01)
    others = set(enumerate_threads())
    for name in "ab":
        jobs = Jobs(*(f"{name}{n}" for n in range(5)))
        pump.wake(jobs)
        jobs.wait_for(*(f"{name}{n}" for n in range(5)))
        workers = set(enumerate_threads()) - others
        for n in range(5):
            jobs.end(f"{name}{n}")
        assert len(workers) >= 5
        deadline = monotonic() + WAIT
        while len(alive := [each for each in workers if each.is_alive()]) > 1:
            alive[0].join(0.05)
            assert monotonic() < deadline


def test_a_crash_of_a_job_or_of_its_claim_is_reported_and_the_pump_goes_on(pump: Pump) -> None:
    jobs = Jobs("broken", "crash", "right")
    pump.wake(jobs)
    jobs.wait_for("broken", "right")
    jobs.wait_until(lambda jobs: len(jobs.crashes) == 2)
    assert sorted(crash.splitlines()[-1] for crash in jobs.crashes) == [
        "ValueError: a bug in a job",
        "ValueError: a bug in claim",
    ]


def test_stopping_ends_jobs_and_threads_and_nothing_begins_afterwards(pump: Pump) -> None:
    before = active_count()
    jobs = Jobs("a", "b")
    jobs.later = 3600
    pump.wake(jobs)
    jobs.wait_for("a", "b")
    for _ in range(2):
        pump.stop()
        assert active_count() == before
    jobs.due.append("c")
    pump.wake(jobs)
    assert active_count() == before
    assert sorted(jobs.begun) == ["a", "b"]
