"""Looks up host names in threads, so that a look-up that hangs keeps no sender beyond its deadline."""

from collections.abc import Callable
from queue import Empty, SimpleQueue
from threading import Lock

from talkover_mock.base.real_time import RealTime, left
from talkover_mock.base.workers import Job, Workers
from talkover_mock.deliveries.targets import Unresolved, look_up

MOST_LOOKUPS = 20
"""Look-ups of one environment under way at once."""
_LOOK_SECONDS = 0.1
"""Seconds between two checks that the sender still wants the answer."""
_AT_ONCE = "localhost"

Result = list[str] | Unresolved


class Lookups:
    """The look-ups of one environment: a name that hangs there delays no other environment."""

    __slots__ = ("_is_stopped", "_lock", "_workers")

    def __init__(self) -> None:
        self._lock, self._is_stopped = Lock(), False
        self._workers: Workers | None = None
        """From the first look-up on: most environments never look up a name."""

    def look_up(self, host: str, port: int, deadline: float, check: Callable[[], object]) -> list[str]:
        """The addresses of a name. `check` is called now and then; what it raises ends the wait.

        Raises Unresolved, and TimeoutError at the deadline. No thread is needed for this machine's own name.
        """
        if host == _AT_ONCE:
            return look_up(host, port)
        results: SimpleQueue[Result] = SimpleQueue()
        self._submit(lambda: _look_up_into(results, host, port, deadline))
        while True:
            check()
            try:
                result = results.get(timeout=min(left(deadline), _LOOK_SECONDS))
            except Empty:
                continue
            if isinstance(result, Unresolved):
                raise result
            return result

    def stop(self) -> None:
        """Ends the threads that have no look-up; the others end with theirs, or with the process."""
        with self._lock:
            self._is_stopped = True
        if self._workers:
            self._workers.stop(0)

    def _submit(self, job: Job) -> None:
        """Runs a look-up in a thread, unless they have stopped."""
        with self._lock:
            if self._is_stopped:
                return
            if self._workers is None:
                self._workers = Workers("talkover-mock-name", MOST_LOOKUPS, MOST_LOOKUPS, lambda *_: None)
        self._workers.submit(job)


def _look_up_into(results: "SimpleQueue[Result]", host: str, port: int, deadline: float) -> None:
    """Puts the result of a look-up; past the deadline nobody waits for it."""
    if RealTime.monotonic() < deadline:
        try:
            results.put(look_up(host, port))
        except Unresolved as error:
            results.put(error)
