"""Faults: what matches a request, how often it strikes, and what it does to the answer."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from threading import Event, RLock
from types import MappingProxyType
from typing import Any, NamedTuple

from talkover_mock.base.refusals import Conflict
from talkover_mock.dialect import errors
from talkover_mock.dialect.errors import ApiError

ACTIONS = ("hang", "connection_reset", "truncated_body", "malformed_json")
MOST_FAULTS = 1_000

PRESETS: Mapping[str, Callable[[], ApiError]] = {
    "missing_token": errors.MissingToken,
    "invalid_token": errors.InvalidToken,
    "expired_token": errors.ExpiredToken,
    "agent_not_found": lambda: errors.AgentNotFound(""),
    "webhook_not_found": lambda: errors.WebhookNotFound("", ""),
    "rate_limited": lambda: errors.RateLimited(0, 60),
    "server_error": errors.ServerError,
    "maintenance": errors.Maintenance,
}
"""The documented answers by name."""


class Respond(NamedTuple):
    """An answer of the test's own; a body that is not a string is sent as JSON."""

    status: int
    headers: Mapping[str, str] = MappingProxyType({})
    body: Any = None


class FaultSpec(NamedTuple):
    """What a test asked for. `times` None is forever; `delay_ms` passes before anything else happens.

    `apply` lets the operation happen and loses its answer; otherwise the state stays untouched.
    """

    method: str | None = None
    path: str | None = None
    preset: str | None = None
    respond: Respond | None = None
    action: str | None = None
    delay_ms: int = 0
    times: int | None = None
    after: int = 0
    probability: float = 1.0
    seed: int | None = None
    apply: bool = False

    @property
    def replaces(self) -> bool:
        """Whether the answer is another than the API's."""
        return bool(self.preset or self.respond or self.action)


@dataclass(slots=True, eq=False)
class Fault:
    """A fault in force: its own count and its own chance."""

    id: str
    spec: FaultSpec
    random: Random
    seen: int = 0
    """How many requests have matched."""
    struck: int = 0
    """How many of them it has changed."""
    forgotten: bool = False
    """Whether a reset or the end of the environment has ended it: what it held up belongs to no one any more."""
    _ended: Event = field(default_factory=Event)

    @property
    def name(self) -> str:
        what = self.spec.preset or self.spec.action or ("respond" if self.spec.respond else "delay")
        return f"{self.id} ({what})"

    @property
    def spent(self) -> bool:
        return self.spec.times is not None and self.struck >= self.spec.times

    def strikes(self) -> bool:
        """Counts a request that matches, and says whether it is hit."""
        self.seen += 1
        if self.spent or self.seen <= self.spec.after or self.random.random() >= self.spec.probability:
            return False
        self.struck += 1
        return True

    def pause(self, seconds: float) -> bool:
        """Waits; true when the fault's end came first."""
        return self._ended.wait(seconds)

    def end(self, forgotten: bool = False) -> None:
        """Ends every pause, also those that have yet to begin."""
        self.forgotten = forgotten
        self._ended.set()


class Faults:
    """One environment's faults, in the order in which they were set. Every method is atomic."""

    __slots__ = ("_faults", "_lock", "_number", "_seed")

    def __init__(self, lock: RLock, seed: int) -> None:
        self._lock = lock
        self._faults: list[Fault] = []
        self._number, self._seed = 0, seed

    def add(self, spec: FaultSpec) -> Fault:
        """Raises Conflict when there are too many."""
        with self._lock:
            if len(self._faults) >= MOST_FAULTS:
                raise Conflict("Too many faults", f"{MOST_FAULTS} faults are set, which is the limit")
            self._number += 1
            id = f"fault-{self._number}"
            seed = spec.seed if spec.seed is not None else f"{self._seed}/{self._number}"
            fault = Fault(id, spec, Random(seed))  # noqa: S311
            self._faults = [*self._faults, fault]
        return fault

    @property
    def none(self) -> bool:
        return not self._faults

    def all(self) -> Sequence[Fault]:
        return self._faults

    def remove(self, id: str | None = None) -> int:
        """One of them, or all; says how many. What hangs because of them is let go."""
        with self._lock:
            removed = [fault for fault in self._faults if id in (None, fault.id)]
            self._faults = [fault for fault in self._faults if id not in (None, fault.id)]
        for fault in removed:
            fault.end()
        return len(removed)

    def strike(self, matches: Callable[[FaultSpec], bool]) -> Fault | None:
        """The first fault that matches a request and strikes it. Counted exactly, however many come at once."""
        with self._lock:
            return next((fault for fault in self._faults if matches(fault.spec) and fault.strikes()), None)

    def reseed(self, seed: int) -> None:
        """For the faults that are set from now on."""
        self._seed = seed

    def reset(self, seed: int) -> None:
        with self._lock:
            self.close()
            self._number, self._seed = 0, seed

    def close(self) -> None:
        with self._lock:
            for fault in self._faults:
                fault.end(forgotten=True)
            self._faults = []
