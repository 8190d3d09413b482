"""Daemon threads that run jobs: as many as are needed up to a limit, and none for long without a job."""

from collections.abc import Callable
from itertools import count
from queue import Empty, SimpleQueue
from threading import Lock, Thread, current_thread

from talkover_mock.base.real_time import RealTime

_IDLE_SECONDS = 2.0
"""After so long without a job, a thread ends."""

Job = Callable[[], object]


class Workers:
    """Threads under one name. A job that raises ends its thread, so jobs catch what they can meet.

    The library's executor will not do: the end of the process waits for its threads.
    """

    def __init__(self, name: str, most: int) -> None:
        self._name, self._most = name, most
        self._jobs: SimpleQueue[Job | None] = SimpleQueue()
        self._lock = Lock()
        self._threads: set[Thread] = set()
        self._numbers = count(1)
        self._waiting = 0
        """Threads that wait for a job."""
        self._stopped = False

    def submit(self, job: Job) -> None:
        """Runs a job in a thread: one that is free, a new one or, at the limit, the next one that becomes free."""
        with self._lock:
            if self._stopped:
                return
            self._jobs.put(job)
            if self._waiting < self._jobs.qsize() and len(self._threads) < self._most:
                thread = Thread(target=self._work, name=f"{self._name}-{next(self._numbers)}", daemon=True)
                self._threads.add(thread)
                thread.start()

    def stop(self, seconds: float) -> None:
        """Ends every thread that has no job, and waits up to `seconds` for those that have one."""
        with self._lock:
            self._stopped = True
            threads = list(self._threads)
        for _ in threads:
            self._jobs.put(None)
        end = RealTime.monotonic() + seconds
        for thread in threads:
            thread.join(max(0.0, end - RealTime.monotonic()))

    def _work(self) -> None:
        while job := self._next():
            job()
            del job  # what it holds must not wait for the next job

    def _next(self) -> Job | None:
        """The next job, or None when it is time to end."""
        with self._lock:
            self._waiting += 1
        try:
            return self._jobs.get(timeout=_IDLE_SECONDS)
        except Empty:
            return self._leave()
        finally:
            with self._lock:
                self._waiting -= 1

    def _leave(self) -> Job | None:
        """Ends this thread, unless a job has come at the last moment."""
        with self._lock:
            try:
                return self._jobs.get_nowait()
            except Empty:
                self._threads.discard(current_thread())
                return None
