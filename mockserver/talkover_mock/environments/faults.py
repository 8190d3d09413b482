"""Faults: the requests that a fault matches, how often it strikes, and the answer it gives instead."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from threading import RLock
from typing import Any, NamedTuple

from talkover_mock.base.refusals import Conflict, Missing
from talkover_mock.base.signals import Signal
from talkover_mock.base.words import brief, there_are
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
"""The documented error answers by the name of their preset."""


class Respond(NamedTuple):
    """An answer that the test defines; a body that is not a string is sent as JSON."""

    status: int
    headers: Mapping[str, str]
    body: Any


class FaultSpec(NamedTuple):
    """A fault as a test asked for it. `times` None is for ever; `delay_seconds` pass before anything else happens.

    With `apply` the operation happens and its answer is lost; otherwise the state stays untouched.
    """

    method: str | None = None
    path: str | None = None
    preset: str | None = None
    respond: Respond | None = None
    action: str | None = None
    delay_seconds: float = 0.0
    times: int | None = None
    after: int = 0
    probability: float = 1.0
    seed: int | None = None
    apply: bool = False

    @property
    def replaces(self) -> bool:
        """Whether the fault's answer replaces the API's."""
        return bool(self.preset or self.respond or self.action)


@dataclass(slots=True, eq=False)
class Fault:
    """An active fault with its counts and its own source of chance."""

    id: str
    spec: FaultSpec
    random: Random
    seen: int = 0
    """The number of requests that matched."""
    struck: int = 0
    """The number of matching requests that the fault changed."""
    forgotten: bool = False
    """Whether a reset or the end of the environment ended the fault: requests that it held up are not recorded."""
    ended: Signal = field(default_factory=Signal)
    """Set when the fault is removed or forgotten: every pause ends, also a pause that has yet to begin."""

    @property
    def name(self) -> str:
        """The id and the kind: `fault-1 (maintenance)`."""
        kind = self.spec.preset or self.spec.action or ("respond" if self.spec.respond else "delay")
        return f"{self.id} ({kind})"

    @property
    def spent(self) -> bool:
        return self.spec.times is not None and self.struck >= self.spec.times

    def strikes(self) -> bool:
        """Counts a matching request, and returns whether the fault strikes it."""
        self.seen += 1
        if self.spent or self.seen <= self.spec.after or self.random.random() >= self.spec.probability:
            return False
        self.struck += 1
        return True

    def end(self, forgotten: bool = False) -> None:
        """Ends every pause, also pauses that have yet to begin."""
        self.forgotten = forgotten
        self.ended.set()


class Faults:
    """One environment's faults, oldest first. Every method is atomic."""

    __slots__ = ("_faults", "_lock", "_number", "_seed")

    def __init__(self, lock: RLock, seed: int) -> None:
        self._lock = lock
        self._faults: list[Fault] = []
        self._number, self._seed = 0, seed

    def add(self, spec: FaultSpec) -> Fault:
        """Adds a fault. Raises Conflict at the limit."""
        with self._lock:
            if len(self._faults) >= MOST_FAULTS:
                raise Conflict("Too many faults", f"there are {MOST_FAULTS} faults, which is the limit")
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

    def remove(self, id: str) -> None:
        """Removes one fault, and frees the requests that it holds up. Raises Missing."""
        with self._lock:
            fault = next((each for each in self._faults if each.id == id), None)
            if fault is None:
                hint = there_are([each.id for each in self._faults])
                raise Missing("No such fault", f"no fault has the id {brief(id)}{hint}")
            self._faults = [each for each in self._faults if each is not fault]
        fault.end()

    def remove_all(self) -> int:
        """Removes every fault, frees the requests that they hold up, and returns the number of faults."""
        with self._lock:
            removed, self._faults = self._faults, []
        for fault in removed:
            fault.end()
        return len(removed)

    def strike(self, matches: Callable[[FaultSpec], bool]) -> Fault | None:
        """The first fault that matches a request and strikes it. The counts stay exact under concurrent requests."""
        with self._lock:
            return next((fault for fault in self._faults if matches(fault.spec) and fault.strikes()), None)

    def reseed(self, seed: int) -> None:
        """Sets the seed of the faults that are added from now on."""
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
