"""The stubs of an environment: answers to calls that the mock does not emulate."""

from threading import RLock

from talkover_mock.base.refusals import Conflict
from talkover_mock.state.records import Stub
from talkover_mock.state.store import State

MOST_STUBS = 1_000


class Stubs:
    """Every method is atomic under the environment's lock."""

    def __init__(self, state: State, lock: RLock) -> None:
        self._state, self._lock = state, lock

    def all(self) -> list[Stub]:
        """Oldest first."""
        with self._lock:
            return list(self._state.stubs.values())

    def of(self, method: str, path: str) -> Stub | None:
        """The stub that answers a call."""
        return next((each for each in self.all() if each.takes(method, path)), None)

    def put(self, stub: Stub) -> None:
        """Takes the place of the stub of its operation. Raises Conflict at the limit."""
        with self._lock:
            if stub.operation not in self._state.stubs and len(self._state.stubs) >= MOST_STUBS:
                raise Conflict("Too many stubs", f"there are {MOST_STUBS} stubs, which is the limit")
            self._state.stubs.put(stub.operation, stub)

    def remove_all(self) -> int:
        """Their number; a reset brings the fixture's back."""
        with self._lock:
            stubs = self.all()
            for each in stubs:
                self._state.stubs.remove(each.operation)
        return len(stubs)
