"""The API's exchanges of one environment: the latest of them, to search and to wait for."""

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from operator import attrgetter
from threading import RLock
from typing import NamedTuple, get_args

from talkover_mock.base.changes import Changes
from talkover_mock.base.headers import Head
from talkover_mock.base.history import History
from talkover_mock.base.shapes.values import Maker

_MOST_UNMATCHED = 100
_FIRST_ERROR = 400
MAKERS: Sequence[Maker] = get_args(Maker)
"""Who makes calls: every client of the API, and the page itself."""


class Exchange(NamedTuple):
    """One API request with the answer it got. `number` counts the environment's, from 1; `path` has the query.

    `operation` is the route that matched. Without an answer, `status` is None. Bodies are cut to what is kept; the
    sizes are those of the whole; `size` is the bytes of what may be large in it.
    """

    number: int
    moment: datetime
    method: str
    path: str
    operation: str | None
    status: int | None
    duration_ms: float
    reason: str
    fault: str
    request_head: Head
    request_body: bytes
    request_size: int
    response_headers: Mapping[str, str]
    response_body: bytes
    response_size: int
    size: int
    replaced: bool = False
    """Whether a fault answered in the API's place."""
    applied: bool | None = None
    """Whether the operation of a call that a fault struck has happened; None for any other call."""
    under_way: bool = False
    by: Maker = "api"
    """Who made the call, see `MAKERS`."""
    arrival: int = 0
    """The number in order of arrival, among deliveries and events too."""

    @property
    def is_problem(self) -> bool:
        """Whether it was refused, or has no answer, or none yet."""
        return self.status is None or self.status >= _FIRST_ERROR

    @property
    def has_ended(self) -> bool:
        return not self.under_way

    @property
    def status_text(self) -> str:
        """The status in one word: the code, `held` while a fault holds the call, or `none` for no answer."""
        return "held" if self.under_way else str(self.status or "none")

    @property
    def request_headers(self) -> dict[str, str]:
        """The request's headers by name."""
        return self.request_head.texts()

    @property
    def is_unmatched(self) -> bool:
        """Whether neither a route nor a fault answered. An answer to OPTIONS has no operation either."""
        if self.operation is not None or self.replaced:
            return False
        return self.method != "OPTIONS" or self.status == 404


Making = Callable[[int, int], Exchange]
"""Makes an exchange of its number and of its number in order of arrival."""


_HAS_ENDED, _SIZE = attrgetter("has_ended"), attrgetter("size")  # once, and not for each environment


class Exchanges(History[Exchange]):
    """The latest exchanges; `problems` counts those that are problems. A held call counts already."""

    __slots__ = ("problems",)

    def __init__(self, lock: RLock, most: int, changes: Changes) -> None:
        super().__init__(lock, most, _HAS_ENDED, _SIZE, changes)
        self.problems = 0

    def close(self) -> None:
        super().close()
        self.problems = 0

    def _counts(self, item: Exchange) -> bool:
        return True

    def _entered(self, item: Exchange) -> None:
        self.problems += item.is_problem

    def _left(self, item: Exchange) -> None:
        self.problems -= item.is_problem


class Journal:
    """Keeps the latest exchanges. Every method is atomic under the environment's lock.

    Those that are unmatched are kept apart too, as long as the environment is open: a test that has made one should
    know, whatever it resets.
    """

    __slots__ = ("_changes", "_history", "_lock", "_most", "_number", "_resets", "_unmatched")

    def __init__(self, lock: RLock, most: int, changes: Changes) -> None:
        self._lock, self._most, self._changes = lock, most, changes
        self._number = self._resets = 0
        self._history = self._new_history()
        self._unmatched: deque[Exchange] = deque(maxlen=_MOST_UNMATCHED)

    @property
    def log(self) -> Exchanges:
        """The exchanges since the latest reset, to search and to wait for."""
        return self._history

    @property
    def position(self) -> tuple[int, int]:
        """Where it stands: how often it has been reset, and the number of the latest exchange since then."""
        return self._resets, self._number

    def since(self, position: tuple[int, int]) -> Sequence[Exchange]:
        """The kept exchanges that came after a position; all of them if it has been reset since then."""
        resets, number = position
        was_reset = self._resets > resets
        return self._history.watch(lambda exchange: was_reset or exchange.number > number).items

    def begin(self, exchange: Making) -> Exchange:
        """Adds an exchange that is under way, and returns it, to record what becomes of it when it has ended."""
        with self._lock:
            return self._add(exchange)

    def record(self, exchange: Making, begun: Exchange | None = None, log: Exchanges | None = None) -> None:
        """Adds an exchange, which is made when its numbers are known, or puts it in the place of one that has begun.

        An exchange that began under a `log` which a reset has ended is not kept.
        """
        with self._lock:
            if log is not None and log is not self._history:
                return
            if begun is None:
                made = self._add(exchange)
            else:
                made = exchange(begun.number, begun.arrival)._replace(moment=begun.moment)
                self._history.change(str(made.number), made)
                self._history.publish(made, before=begun)
            if made.is_unmatched:
                self._unmatched.append(made)

    def _add(self, exchange: Making) -> Exchange:
        self._number += 1
        made = exchange(self._number, self._changes.arrive())
        self._history.add(str(self._number), made)
        self._history.publish(made)
        return made

    def unmatched(self) -> list[Exchange]:
        """The latest unmatched ones, oldest first."""
        with self._lock:
            return list(self._unmatched)

    def clear(self) -> int:
        """Forgets all, and says how many; numbers go on."""
        with self._lock:
            return self._history.clear()

    def reset(self) -> None:
        """As new; every wait ends."""
        with self._lock:
            self._history.close()
            self._number = 0
            self._resets += 1
            self._history = self._new_history()

    def close(self) -> None:
        """Every wait ends."""
        with self._lock:
            self._history.close()

    def _new_history(self) -> Exchanges:
        return Exchanges(self._lock, self._most, self._changes)
