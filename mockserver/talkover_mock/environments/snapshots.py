"""One environment's snapshots: named copies of its state."""

from datetime import datetime
from threading import RLock
from typing import NamedTuple

from talkover_mock.base.clock import Clock
from talkover_mock.base.refusals import Conflict, Missing, Unfit
from talkover_mock.base.words import brief, nearest, there_are
from talkover_mock.state.names import ID, NAME_TEXT
from talkover_mock.state.store import State

MOST_SNAPSHOTS = 10_000


class Snapshot(NamedTuple):
    """A named copy of the state; unchanged records are shared with it."""

    name: str
    taken_at: datetime
    state: State


def check_name(name: str) -> None:
    """Raises Unfit for a text that can't name an environment or a snapshot."""
    if not ID.fullmatch(name):
        raise Unfit("Bad name", f"a name is {NAME_TEXT} (got {brief(name)})")


class Snapshots:
    """Every method is atomic under the environment's lock."""

    __slots__ = ("_clock", "_lock", "_state", "_taken")

    def __init__(self, state: State, lock: RLock, clock: Clock) -> None:
        self._state, self._lock, self._clock = state, lock, clock
        self._taken: dict[str, Snapshot] = {}

    def all(self) -> list[Snapshot]:
        """In the order in which their names were first taken: a snapshot taken again keeps its place."""
        with self._lock:
            return list(self._taken.values())

    def take(self, name: str) -> Snapshot:
        """Keeps a copy of the state under a name, and replaces the snapshot of that name. Raises Unfit, Conflict."""
        check_name(name)
        with self._lock:
            if name not in self._taken and len(self._taken) >= MOST_SNAPSHOTS:
                detail = f"{MOST_SNAPSHOTS} snapshots are kept, which is the limit; delete some"
                raise Conflict("Too many snapshots", detail)
            self._taken[name] = Snapshot(name, self._clock.moment(), self._state.copy())
            return self._taken[name]

    def restore(self, name: str) -> Snapshot:
        """Makes the snapshot's state the current one. Raises Missing."""
        with self._lock:
            snapshot = self._named(name)
            self._state.restore(snapshot.state)
        return snapshot

    def delete(self, name: str) -> Snapshot:
        """Forgets the snapshot, and returns it. Raises Missing."""
        with self._lock:
            snapshot = self._named(name)
            del self._taken[name]
        return snapshot

    def _named(self, name: str) -> Snapshot:
        if name not in self._taken:
            hint = nearest(name, self._taken) or there_are(list(self._taken))
            raise Missing("No such snapshot", f"no snapshot is named {brief(name)}{hint}")
        return self._taken[name]
