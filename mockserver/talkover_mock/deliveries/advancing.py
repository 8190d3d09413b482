"""Advancing a clock by hand: what falls due on the way is sent before the time goes on."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from threading import Lock, RLock
from typing import NamedTuple

from talkover_mock.base.clock import Clock
from talkover_mock.deliveries.outbox import LOOK_SECONDS, Outbox


class ClockSet(NamedTuple):
    """A time when the clock was set; an advance from there ends when it is set again, or reset."""

    outbox: Outbox
    number: int


class Advancing:
    """Advances one environment's clock, for one client after another."""

    def __init__(self, lock: RLock, clock: Clock) -> None:
        self._lock, self._clock = lock, clock
        self._turn = Lock()

    def by(self, seconds: float | None, outbox: Outbox, gave_up: Callable[[], bool]) -> None:
        """Advances by so many seconds or, with None, until nothing is queued."""
        with self._in_turn(gave_up) as has_turn, self._lock:
            if has_turn:
                target = None if seconds is None else outbox.now() + timedelta(seconds=seconds)
                self._move(ClockSet(outbox, outbox.clock_sets), target, gave_up)

    def to(self, moment: datetime, since: ClockSet, gave_up: Callable[[], bool]) -> None:
        """Advances to a moment from where the clock was set."""
        with self._in_turn(gave_up) as has_turn, self._lock:
            if has_turn:
                self._move(since, moment, gave_up)

    @contextmanager
    def _in_turn(self, gave_up: Callable[[], bool]) -> Iterator[bool]:
        """Waits until nobody else advances the clock; False when `gave_up` says so before."""
        while not self._turn.acquire(timeout=LOOK_SECONDS):
            if gave_up():
                yield False
                return
        try:
            yield True
        finally:
            self._turn.release()

    def _move(self, since: ClockSet, target: datetime | None, gave_up: Callable[[], bool]) -> None:
        outbox = since.outbox
        while outbox.wait_until_settled(gave_up) and outbox.clock_sets == since.number:
            due = outbox.backlog.next_due
            if due is None or (target and due > target):
                if target:
                    self._clock.advance_to(target)
                return
            self._clock.advance_to(due)
            outbox.wake()
