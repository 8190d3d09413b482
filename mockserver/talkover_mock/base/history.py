"""What has happened in an environment: the latest of it, bounded, and waiting until enough of it has."""

from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from threading import RLock
from typing import Generic, TypeVar

from talkover_mock.base.changes import Changes
from talkover_mock.base.signals import Signal

T = TypeVar("T")
MOST_BYTES = 64 * 1024 * 1024


@dataclass(slots=True, eq=False)
class Expectation(Generic[T]):
    """How many matching items are wanted: at least `least`, at most `most`.

    With `most` the time has to pass before it is satisfied; without, it is as soon as there are enough. `decided` is
    set when nothing that comes can change how the wait ends.
    """

    matches: Callable[[T], bool]
    least: int | None = None
    most: int | None = None
    count: int = 0
    decided: Signal = field(default_factory=Signal)

    @property
    def satisfied(self) -> bool:
        return (self.least or 0) <= self.count and (self.most is None or self.count <= self.most)

    def add(self, number: int = 1) -> None:
        """Counts one item more, or several."""
        self.count += number
        enough = self.most + 1 if self.most is not None else self.least or 0
        if self.count >= enough:
            self.decided.set()

    def look_at(self, item: T, before: T | None = None) -> None:
        """Counts an item that matches, unless it did so before. A search that fails ends the wait, and fails there."""
        try:
            if self.matches(item) and not (before is not None and self.matches(before)):
                self.add()
        except Exception:
            self.decided.set()


@dataclass(frozen=True, slots=True)
class Found(Generic[T]):
    """The items that match, oldest first, and whether there were as many as wanted.

    `count` is of those that count, see `History`. `closed` says that the history was closed: nothing can be found any
    more.
    """

    items: Sequence[T]
    count: int
    satisfied: bool
    closed: bool = False


class History(Generic[T]):
    """The latest items by id, oldest first: at most `most` items, and at most `MOST_BYTES` by `size_of`.

    `dropped` counts those that the limits have cost, of which `last_dropped` came last.

    An item that changes is put again; waits count it once it is published, which most are when they have ended. The
    caller holds the environment's lock, except for `all` and the methods of waits, which take it themselves.
    """

    __slots__ = (
        *("_bytes", "_changes", "_closed", "_expectations", "_has_ended", "_items", "_lock", "_most", "_size_of"),
        *("dropped", "last_dropped"),
    )

    def __init__(
        self,
        lock: RLock,
        most: int,
        has_ended: Callable[[T], bool] = lambda _: True,
        size_of: Callable[[T], int] = lambda _: 0,
        changes: Changes | None = None,
    ) -> None:
        self._lock, self._most, self._has_ended, self._size_of = lock, most, has_ended, size_of
        self._changes = changes or Changes()
        self._items: OrderedDict[str, T] = OrderedDict()
        self._bytes = 0
        self._expectations: dict[Expectation[T], None] = {}
        self._closed = False
        self.dropped = 0
        self.last_dropped: T | None = None

    def get(self, id: str | None) -> T | None:
        return self._items.get(id) if id is not None else None

    def all(self) -> list[T]:
        with self._lock:
            return list(self._items.values())

    def __len__(self) -> int:
        return len(self._items)

    def __contains__(self, id: object) -> bool:
        return id in self._items

    def add(self, id: str, item: T) -> None:
        self._items[id] = item
        self._bytes += self._size_of(item)
        self._entered(item)
        self._drop()
        self._changes.note()

    def change(self, id: str, item: T) -> None:
        """Replaces an item in its place; does nothing for an id that is no longer kept."""
        before = self._items.get(id)
        if before is not None:
            self._bytes += self._size_of(item) - self._size_of(before)
            self._items[id] = item
            self._replaced(before, item)
            self._drop()
            self._changes.note()

    def _counts(self, item: T) -> bool:
        """Whether an item counts that is there when a wait begins."""
        return self._has_ended(item)

    def _entered(self, item: T) -> None:
        """Called for an item that is added."""

    def _left(self, item: T) -> None:
        """Called for an item that is dropped or cleared."""

    def _replaced(self, before: T, item: T) -> None:
        """Called for an item that changes."""
        self._left(before)
        self._entered(item)

    def _drop(self) -> None:
        while len(self._items) > self._most or (self._bytes > MOST_BYTES and len(self._items) > 1):
            _, oldest = self._items.popitem(last=False)
            self._bytes -= self._size_of(oldest)
            self.dropped, self.last_dropped = self.dropped + 1, oldest
            self._left(oldest)

    def publish(self, item: T, before: T | None = None) -> None:
        """Tells the waits of an item that counts; one that they have counted as `before` is not counted twice."""
        if self._expectations:
            for expectation in list(self._expectations):
                expectation.look_at(item, before)

    def clear(self) -> int:
        """Forgets what has ended, and says how many that were. Waits that have counted it already still do."""
        before, self._items = self._items, OrderedDict()
        for id, item in before.items():
            if self._has_ended(item):
                self._left(item)
            else:
                self._items[id] = item
        self._bytes = sum(map(self._size_of, self._items.values()))
        self.dropped, self.last_dropped = 0, None
        self._changes.note()
        return len(before) - len(self._items)

    def close(self) -> None:
        """Forgets everything, and ends every wait."""
        self._closed = True
        self._items, self.last_dropped = OrderedDict(), None
        self._bytes = 0
        self._changes.note()
        for expectation in list(self._expectations):
            expectation.decided.set()

    @property
    def waits(self) -> int:
        """How many waits are under way."""
        return len(self._expectations)

    def expect(self, matches: Callable[[T], bool], least: int | None = None, most: int | None = None) -> Expectation[T]:
        """Begins a wait for at least `least` and at most `most` items that match. `found` ends it."""
        expectation = Expectation(matches, least, most)
        with self._lock:
            expectation.add(sum(1 for item in self._items.values() if matches(item) and self._counts(item)))
            if self._closed:
                expectation.decided.set()
            else:
                self._expectations[expectation] = None
        return expectation

    def found(self, expectation: Expectation[T]) -> Found[T]:
        """Ends a wait: the items that match now, and whether there were as many as wanted."""
        self.forget(expectation)
        with self._lock:
            if self._closed:
                return Found((), 0, satisfied=False, closed=True)
            items = [item for item in self._items.values() if expectation.matches(item)]
            return Found(items, expectation.count, expectation.satisfied)

    def forget(self, expectation: Expectation[T]) -> None:
        """Ends a wait that nobody asks about any more."""
        with self._lock:
            self._expectations.pop(expectation, None)

    def watch(
        self, matches: Callable[[T], bool], least: int | None = None, most: int | None = None, seconds: float = 0
    ) -> Found[T]:
        """The items that match, after blocking up to `seconds` for at least `least` and at most `most` of them."""
        expectation = self.expect(matches, least, most)
        if seconds > 0:
            expectation.decided.wait(seconds)
        return self.found(expectation)
