"""Daemon threads that run jobs: as many as are needed up to a limit, and none for long without a job; or one job."""

from collections import deque
from collections.abc import Callable, Hashable
from functools import partial
from itertools import count
from queue import Empty, SimpleQueue
from threading import Condition, Thread, current_thread
from typing import TypeVar

from talkover_mock.base.real_time import RealTime

_IDLE_SECONDS = 2.0
"""After so long without a job, a thread ends."""
_PATIENCE_SECONDS = 0.05
"""Beyond a few threads, more are started when no job has been taken for so long: those that there are must wait."""

T = TypeVar("T")
Job = Callable[[], object]
Later = Callable[[float, Callable[[], None]], object]
"""Calls back after so many seconds, in the thread that submits jobs."""


class Workers:
    """Threads under one name: `few` as soon as there are jobs, up to `most` when the others do not come to an end.

    A job that raises ends its thread, so jobs catch what they can meet. The library's executor will not do: the end of
    the process waits for its threads.
    """

    def __init__(self, name: str, few: int, most: int, later: Later) -> None:
        self._name, self._few, self._most, self._later = name, few, most, later
        self._changed = Condition()
        self._jobs: dict[Hashable, deque[Job]] = {}
        """Those of each that wait, where the next to have its turn is first."""
        self._waiting = 0
        """Jobs in `_jobs`."""
        self._threads: set[Thread] = set()
        self._numbers = count(1)
        self._idle = 0
        """Threads that wait for a job; a job that is on its way to one of them still is in `_jobs`."""
        self._taken = 0
        """Jobs that threads have taken so far."""
        self._is_watched = self._stopped = False

    def submit(self, job: Job, of: Hashable = None) -> None:
        """Runs a job in a thread: one that is free, a new one or, at the limit, the next one that becomes free.

        Where jobs wait, those `of` one and of another take turns, so that many of one don't hold up the other's.
        """
        with self._changed:
            if self._stopped:
                return
            self._jobs.setdefault(of, deque()).append(job)
            self._waiting += 1
            if self._waiting <= self._idle:
                self._changed.notify()
            elif len(self._threads) < self._few:
                self._start()
            elif not self._is_watched:
                self._watch()

    def stop(self, seconds: float) -> None:
        """Ends every thread that has no job, and waits up to `seconds` for those that have one."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()
            threads = list(self._threads)
        end = RealTime.monotonic() + seconds
        for thread in threads:
            thread.join(max(0.0, end - RealTime.monotonic()))

    def _watch(self) -> None:
        self._is_watched = True
        self._later(_PATIENCE_SECONDS, partial(self._look, self._taken))

    def _look(self, taken: int) -> None:
        """Starts further threads where none of the threads has taken a job meanwhile."""
        with self._changed:
            self._is_watched = False
            if self._stopped or not self._jobs:
                return
            if self._taken == taken:
                for _ in range(min(self._waiting, len(self._threads), self._most - len(self._threads))):
                    self._start()
            self._watch()

    def _start(self) -> None:
        thread = Thread(target=self._work, name=f"{self._name}-{next(self._numbers)}", daemon=True)
        thread.start()
        self._threads.add(thread)

    def _work(self) -> None:
        while job := self._next():
            job()
            del job  # what it holds must not wait for the next job

    def _next(self) -> Job | None:
        """The next job, or None when it is time to end."""
        with self._changed:
            self._idle += 1
            self._changed.wait_for(lambda: self._jobs or self._stopped, _IDLE_SECONDS)
            self._idle -= 1
            if self._jobs:
                self._taken += 1
                return self._take()
            self._threads.discard(current_thread())
            return None

    def _take(self) -> Job:
        """The oldest job of the one whose turn it is, who then comes last."""
        of = next(iter(self._jobs))
        jobs = self._jobs.pop(of)
        job = jobs.popleft()
        self._waiting -= 1
        if jobs:
            self._jobs[of] = jobs
        return job


def in_time(seconds: float, work: Callable[[], T]) -> T:
    """What `work` returns or raises, from a thread. Raises TimeoutError if it takes longer; its thread then goes on.

    The limits of sockets and libraries are those of silence, which an answer that comes drop by drop never reaches.
    """
    came: SimpleQueue[T | Exception] = SimpleQueue()

    def do() -> None:
        try:
            came.put(work())
        except Exception as error:  # it is raised where the result is waited for
            came.put(error)

    Thread(target=do, name="talkover-mock-in-time", daemon=True).start()
    try:
        found = came.get(timeout=seconds)
    except Empty:
        raise TimeoutError(f"no whole answer in {seconds:g} seconds") from None
    if isinstance(found, Exception):
        raise found
    return found
