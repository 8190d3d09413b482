"""The stubs of an environment: answers to calls that the mock does not emulate."""

from threading import RLock

from talkover_mock.base.refusals import Conflict, Missing
from talkover_mock.base.words import brief, nearest
from talkover_mock.state.records import Stub, stub_key
from talkover_mock.state.store import State

MOST_STUBS = 1_000


class Stubs:
    """Every method is atomic under the environment's lock."""

    __slots__ = ("_lock", "_state")

    def __init__(self, state: State, lock: RLock) -> None:
        self._state, self._lock = state, lock

    def all(self) -> list[Stub]:
        """Oldest first."""
        with self._lock:
            return list(self._state.stubs.values())

    def at(self, path: str) -> dict[str, Stub]:
        """The stubs of a path by method, where HEAD is GET's; a fixed step of a path comes before an id."""
        fitting = sorted((each for each in self.all() if each.is_at(path)), key=lambda each: each.ids, reverse=True)
        found = {each.method: each for each in fitting}
        return found | ({"HEAD": found["GET"]} if "GET" in found else {})

    def put(self, stub: Stub) -> None:
        """Takes the place of the stub of the same calls. Raises Conflict at the limit."""
        with self._lock:
            if stub.key not in self._state.stubs and len(self._state.stubs) >= MOST_STUBS:
                raise Conflict("Too many stubs", f"there are {MOST_STUBS} stubs, which is the limit")
            self._state.stubs.put(stub.key, stub)

    def remove(self, operation: str) -> None:
        """Removes the stub of an operation such as `GET /api/v1/phone-numbers`. Raises Missing."""
        with self._lock:
            key = stub_key(operation)
            if key not in self._state.stubs:
                known = [each.operation for each in self.all()]
                raise Missing("No such stub", f"no stub is {brief(operation)}{nearest(operation, known)}")
            self._state.stubs.remove(key)

    def remove_all(self) -> int:
        """Their number; a reset brings the fixture's back."""
        with self._lock:
            stubs = self.all()
            for each in stubs:
                self._state.stubs.remove(each.key)
        return len(stubs)
