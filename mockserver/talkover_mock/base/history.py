"""What has happened in an environment: the latest of it, bounded, and waiting until enough of it has."""

from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from threading import Event, RLock
from time import monotonic
from typing import Generic, TypeVar

T = TypeVar("T")
LOOK_SECONDS = 0.5
"""How often who waits looks up whether anybody still wants to know."""
MOST_BYTES = 64 * 1024 * 1024


@dataclass(slots=True, eq=False)
class Expectation(Generic[T]):
    """How many items that match are wanted: at least `least`, at most `most`.

    With `most` the time has to pass before it is satisfied; without, it is as soon as there are enough.
    """

    matches: Callable[[T], bool]
    least: int | None = None
    most: int | None = None
    count: int = 0
    _decided: Event = field(default_factory=Event)

    @property
    def satisfied(self) -> bool:
        return (self.least or 0) <= self.count and (self.most is None or self.count <= self.most)

    def saw(self, number: int = 1) -> None:
        """Counts; the wait ends when nothing that comes can change how it ends."""
        self.count += number
        enough = self.most + 1 if self.most is not None else self.least or 0
        if self.count >= enough:
            self._decided.set()

    def look_at(self, item: T, before: T | None = None) -> None:
        """Counts an item that matches, unless it did so before. A search that fails ends the wait, and fails there."""
        try:
            if self.matches(item) and not (before is not None and self.matches(before)):
                self.saw()
        except Exception:
            self.give_up()

    def wait(self, seconds: float, gave_up: Callable[[], bool]) -> None:
        """Looks up now and then whether whoever asked has gone."""
        end = monotonic() + seconds
        while (left := end - monotonic()) > 0 and not self._decided.wait(min(left, LOOK_SECONDS)) and not gave_up():
            pass

    def give_up(self) -> None:
        self._decided.set()


@dataclass(frozen=True, slots=True)
class Found(Generic[T]):
    """The items that match, oldest first, and whether there were as many as wanted; `count` is of those that ended."""

    items: Sequence[T]
    count: int
    satisfied: bool


class History(Generic[T]):
    """The latest items by id, oldest first: `most` of them, of `MOST_BYTES` as `size_of` tells.

    `dropped` counts those that the limits have cost.

    An item that changes is put again; it has ended when it is published, and only then do waits count it. The
    caller holds the environment's lock, except for `watch`, which waits without it.
    """

    __slots__ = ("_bytes", "_closed", "_expectations", "_has_ended", "_items", "_lock", "_most", "_size_of", "dropped")

    def __init__(
        self,
        lock: RLock,
        most: int,
        has_ended: Callable[[T], bool] = lambda _: True,
        size_of: Callable[[T], int] = lambda _: 0,
    ) -> None:
        self._lock, self._most, self._has_ended, self._size_of = lock, most, has_ended, size_of
        self._items: OrderedDict[str, T] = OrderedDict()
        self._bytes = 0
        self._expectations: list[Expectation[T]] = []
        self._closed = False
        self.dropped = 0

    def get(self, id: str | None) -> T | None:
        return self._items.get(id) if id is not None else None

    def all(self) -> list[T]:
        return list(self._items.values())

    def __contains__(self, id: object) -> bool:
        return id in self._items

    def add(self, id: str, item: T) -> None:
        self._items[id] = item
        self._bytes += self._size_of(item)
        self._drop()

    def change(self, id: str, item: T) -> None:
        """In its place; one that is gone stays gone."""
        if id in self._items:
            self._bytes += self._size_of(item) - self._size_of(self._items[id])
            self._items[id] = item
            self._drop()

    def _drop(self) -> None:
        while len(self._items) > self._most or (self._bytes > MOST_BYTES and len(self._items) > 1):
            _, oldest = self._items.popitem(last=False)
            self._bytes -= self._size_of(oldest)
            self.dropped += 1

    def publish(self, item: T, before: T | None = None) -> None:
        """Tells the waits that the item has ended; one that had ended as `before` already is not counted twice."""
        for expectation in self._expectations:
            expectation.look_at(item, before)

    def clear(self) -> int:
        """Forgets what has ended, and says how many that were. Waits that have counted it already still do."""
        before = len(self._items)
        self._items = OrderedDict((id, item) for id, item in self._items.items() if not self._has_ended(item))
        self._bytes = sum(map(self._size_of, self._items.values()))
        self.dropped = 0
        return before - len(self._items)

    def close(self) -> None:
        """Forgets everything, and ends every wait."""
        self._closed = True
        self._items = OrderedDict()
        self._bytes = 0
        for expectation in self._expectations:
            expectation.give_up()

    def watch(
        self,
        matches: Callable[[T], bool],
        least: int | None = None,
        most: int | None = None,
        seconds: float = 0,
        gave_up: Callable[[], bool] = lambda: False,
    ) -> Found[T]:
        """The items that match, after waiting up to `seconds` for at least `least` and at most `most` of them.

        The wait is over soon after whoever asked `gave_up`.
        """
        expectation = Expectation(matches, least, most)
        with self._lock:
            expectation.saw(sum(1 for item in self._items.values() if matches(item) and self._has_ended(item)))
            if seconds > 0 and not self._closed:
                self._expectations.append(expectation)
        if seconds > 0:
            self._wait(expectation, seconds, gave_up)
        with self._lock:
            if self._closed:
                return Found((), 0, satisfied=False)
            items = [item for item in self._items.values() if matches(item)]
            return Found(items, expectation.count, expectation.satisfied)

    def _wait(self, expectation: Expectation[T], seconds: float, gave_up: Callable[[], bool]) -> None:
        if not self._closed:
            expectation.wait(seconds, gave_up)
        with self._lock:
            if expectation in self._expectations:
                self._expectations.remove(expectation)
