"""Faults: how often each strikes, and which of them strikes a call or a delivery."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from random import Random
from threading import RLock
from typing import Any, Generic, NamedTuple, Protocol, TypeVar

from talkover_mock.base.changes import Changes
from talkover_mock.base.contents import Sent
from talkover_mock.base.refusals import Conflict, Missing
from talkover_mock.base.signals import Signal
from talkover_mock.base.words import brief, there_are
from talkover_mock.deliveries.faults import ON_TESTS, DeliveryFault, Struck
from talkover_mock.deliveries.records import Delivery
from talkover_mock.state.records import Webhook
from talkover_mock.state.store import State

MOST_FAULTS = 1_000


class Spec(Protocol):
    """A fault as a test asked for it: what it strikes, and what it does there."""

    @property
    def kind(self) -> str:
        """What it does in one word."""


S = TypeVar("S", bound=Spec)


class Limits(NamedTuple):
    """How often a fault strikes what it matches. `times` None is for ever."""

    times: int | None = None
    after: int = 0
    probability: float = 1.0
    seed: int | None = None


_ALWAYS = Limits()


@dataclass(slots=True, eq=False)
class Fault(Generic[S]):
    """An active fault with its counts and its own source of chance."""

    id: str
    spec: S
    limits: Limits
    random: Random
    matched: int = 0
    """The number of calls or deliveries that matched."""
    struck: int = 0
    """The number of matching calls or deliveries that the fault changed."""
    forgotten: bool = False
    """Whether a reset or the end of the environment ended the fault: requests that it held up are not recorded."""
    state: State | None = None
    """The state as it was when the fault was added, for calls that are answered from it."""
    reached: dict[int, Signal] = field(default_factory=dict)
    """The signals of waits, by the number of strikes that they wait for."""
    ended: Signal = field(default_factory=Signal)
    """Set when the fault is removed or forgotten: every pause ends, also a pause that has yet to begin."""

    @property
    def name(self) -> str:
        """The id and the kind: `fault-1 (maintenance)`."""
        return f"{self.id} ({self.spec.kind})"

    @property
    def spent(self) -> bool:
        return self.limits.times is not None and self.struck >= self.limits.times

    def strikes(self) -> bool:
        """Counts a match, and returns whether the fault strikes it."""
        self.matched += 1
        if self.spent or self.matched <= self.limits.after or self.random.random() >= self.limits.probability:
            return False
        self.struck += 1
        if self.struck in self.reached:
            self.reached.pop(self.struck).set()
        return True

    def reaches(self, struck: int) -> Signal:
        """The signal that is set when the fault has struck so often, and when it ends."""
        if self.struck < struck and not self.ended.is_set:
            return self.reached.setdefault(struck, Signal())
        return Signal.done()

    def end(self, forgotten: bool = False) -> None:
        """Ends every pause, also pauses that have yet to begin."""
        self.forgotten = forgotten
        self.ended.set()
        for signal in self.reached.values():
            signal.set()


class Faults:
    """One environment's faults on calls and on deliveries, oldest first. Every method is atomic."""

    __slots__ = ("_changes", "_faults", "_lock", "_number", "_seed")

    def __init__(self, lock: RLock, seed: int, changes: Changes) -> None:
        self._lock, self._changes = lock, changes
        self._faults: list[Fault[Any]] = []
        self._number, self._seed = 0, seed

    def add(self, spec: S, limits: Limits = _ALWAYS, state: State | None = None) -> Fault[S]:
        """Adds a fault. Raises Conflict at the limit."""
        with self._lock:
            if len(self._faults) >= MOST_FAULTS:
                raise Conflict("Too many faults", f"there are {MOST_FAULTS} faults, which is the limit")
            self._number += 1
            id = f"fault-{self._number}"
            seed = limits.seed if limits.seed is not None else f"{self._seed}/{self._number}"
            fault = Fault(id, spec, limits, Random(seed), state=state)  # noqa: S311
            self._faults = [*self._faults, fault]
        return fault

    def has(self, kind: type[Spec]) -> bool:
        """Whether there is a fault of the kind."""
        return bool(self._faults) and any(isinstance(fault.spec, kind) for fault in self._faults)

    def all(self) -> Sequence[Fault[Any]]:
        return self._faults

    def find(self, id: str) -> Fault[Any]:
        """Raises Missing."""
        faults = self._faults
        found = next((each for each in faults if each.id == id), None)
        if found is None:
            raise Missing("No such fault", f"no fault has the id {brief(id)}{there_are([each.id for each in faults])}")
        return found

    def expect(self, id: str, struck: int) -> tuple[Fault[Any], Signal]:
        """The fault, and the signal that is set when it has struck so often. Raises Missing."""
        with self._lock:
            fault = self.find(id)
            return fault, fault.reaches(struck)

    def remove(self, id: str) -> None:
        """Removes one fault, and frees the requests that it holds up. Raises Missing."""
        with self._lock:
            fault = self.find(id)
            self._faults = [each for each in self._faults if each is not fault]
        fault.end()

    def remove_all(self) -> int:
        """Removes every fault, frees the requests that they hold up, and returns the number of faults."""
        with self._lock:
            removed, self._faults = self._faults, []
        for fault in removed:
            fault.end()
        return len(removed)

    def strike(self, kind: type[S], matches: Callable[[S], bool]) -> Fault[S] | None:
        """The first fault of the kind that matches and strikes. The counts stay exact, however many ask at once."""
        with self._lock:
            matching = [each for each in self._faults if isinstance(each.spec, kind) and matches(each.spec)]
            if matching:
                self._changes.note()
            return next((fault for fault in matching if fault.strikes()), None)

    def strike_delivery(self, delivery: Delivery, webhook: Webhook, sent: Callable[[], Sent | None]) -> Struck | None:
        """The fault that hits an attempt which is due. `sent` makes the content of its request."""
        event, attempt = delivery.occurrence.event, delivery.attempt

        def matches(spec: DeliveryFault) -> bool:
            return (spec.action in ON_TESTS or not delivery.is_test) and spec.matches(event, attempt, webhook, sent)

        fault = self.strike(DeliveryFault, matches)
        return Struck(fault.name, fault.spec) if fault else None

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
