"""The threads that send due deliveries for all environments: one for each job, and one that waits for the next."""

import traceback
from collections.abc import Sequence
from threading import Condition, Lock, Thread, current_thread
from typing import Protocol

from talkover_mock.base.real_time import RealTime

MOST_WORKERS = 200
_LONGEST_WAIT = 3600.0
_STOP_SECONDS = 0.5
_IDLE_SECONDS = 1.0
"""Seconds without work after which a worker ends."""


class Job(Protocol):
    """One claimed attempt."""

    def run(self) -> None: ...

    def stop(self) -> None: ...


class Queue(Protocol):
    """A queue in which attempts wait until they are due."""

    def claim(self) -> "Job | float | None":
        """The next due attempt, the seconds until one is due, or None when nothing is due before the next `wake`."""

    def has_more(self) -> bool:
        """Whether another worker must watch this queue while a job runs."""

    def report(self, crash: str) -> None:
        """Keeps the traceback of a crash of the mock itself."""


class Pump:
    """Runs the jobs of the queues that have woken it. It takes no queue's lock while it holds its own.

    At most one worker, the leader, looks for the next job and waits for it. When the leader has found a job and more
    is queued, another worker takes the lead, so that a long job does not keep any queue waiting. An idle worker ends
    after a while, except for the leader.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._news = Condition(self._lock)  # the leader waits for it
        self._vacancy = Condition(self._lock)  # the followers wait for it
        self._queues: dict[Queue, None] = {}
        self._changes = 0
        self._is_led = False
        self._calls = 0
        self._followers = 0
        self._workers: list[Thread] = []
        self._leaving: list[Thread] = []
        self._jobs: set[Job] = set()
        self._stopping = False

    def wake(self, queue: Queue) -> None:
        """Announces that the queue may have an attempt due, now or later."""
        with self._lock:
            self._note(queue)
            if self._is_led:
                self._news.notify()
            else:
                self._call_leader()

    def stop(self) -> None:
        """Ends every job and every thread. Queued attempts stay unsent."""
        with self._lock:
            self._stopping = True
            self._news.notify_all()
            self._vacancy.notify_all()
            jobs, workers = list(self._jobs), [*self._workers, *self._leaving]
        for job in jobs:
            job.stop()
        _join(workers, RealTime.monotonic() + _STOP_SECONDS)

    def _note(self, queue: Queue) -> None:
        self._queues[queue] = None
        self._changes += 1

    def _call_leader(self) -> None:
        """Gives the lead to a follower or a new worker; when all are busy, the first to finish its job takes it."""
        if self._is_led or self._stopping:
            return
        if self._followers:
            self._followers -= 1
            self._calls += 1
            self._vacancy.notify()
        elif len(self._workers) < MOST_WORKERS:
            worker = Thread(target=self._work, name=f"talkover-mock-delivery-{len(self._workers) + 1}", daemon=True)
            worker.start()
            self._workers.append(worker)
        else:
            return
        self._is_led = True

    def _work(self) -> None:
        while claimed := self._lead():
            queue, job = claimed
            try:
                job.run()
            except Exception:
                queue.report(traceback.format_exc())
            if not self._follow(queue, job):
                return

    def _lead(self) -> tuple[Queue, Job] | None:
        """Waits for the next job and returns it; None when the pump stops."""
        while True:
            with self._lock:
                queues, changes = list(self._queues), self._changes
            soonest = _LONGEST_WAIT
            for queue in queues:
                found = self._claim(queue)
                if found is None:
                    self._forget(queue, changes)
                elif isinstance(found, (int, float)):
                    soonest = min(found, soonest)
                else:
                    return (queue, found) if self._begin(queue, found) else None
            with self._lock:
                if self._stopping:
                    return None
                if self._changes == changes:
                    self._news.wait(soonest)

    def _follow(self, queue: Queue, job: Job) -> bool:
        """After a job, waits until this worker may lead; False when it has to end."""
        with self._lock:
            self._jobs.discard(job)
            self._note(queue)  # an attempt that waited for this job may go now
            if not self._is_led:
                self._is_led = True
                return True
            self._news.notify()
            self._followers += 1
            while not self._calls and not self._stopping:
                if not self._vacancy.wait(_IDLE_SECONDS) and not self._calls:
                    self._leave()
                    return False
            self._calls -= 1
            return not self._stopping

    def _leave(self) -> None:
        self._followers -= 1
        self._workers.remove(current_thread())
        self._leaving = [*(each for each in self._leaving if each.is_alive()), current_thread()]

    def _claim(self, queue: Queue) -> Job | float | None:
        try:
            return queue.claim()
        except Exception:
            queue.report(traceback.format_exc())
            return 1.0

    def _begin(self, queue: Queue, job: Job) -> bool:
        """Gives up the lead before a job, and calls another leader if more is queued. False when the pump stops."""
        with self._lock:
            self._is_led = False
            if self._stopping:
                job.stop()
                return False
            self._jobs.add(job)
            self._queues.pop(queue, None)
            self._queues[queue] = None  # to the end: the other queues come first next time
            if len(self._queues) > 1:
                self._call_leader()
        if queue.has_more():
            with self._lock:
                self._call_leader()
        return True

    def _forget(self, queue: Queue, changes: int) -> None:
        with self._lock:
            if self._changes == changes:
                self._queues.pop(queue, None)


def _join(workers: Sequence[Thread], deadline: float) -> None:
    """Waits for the threads until the deadline; only a thread in the middle of a name look-up may outlast it."""
    for worker in workers:
        worker.join(max(0.0, deadline - RealTime.monotonic()))
