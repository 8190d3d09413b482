"""One attempt from its place in the queue to its outcome."""

import traceback
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import Semaphore

from talkover_mock.deliveries.faults import DeliveryFault
from talkover_mock.deliveries.payloads import TooLarge
from talkover_mock.deliveries.plans import Due
from talkover_mock.deliveries.records import Delivery, Outcome, Outgoing
from talkover_mock.deliveries.sender import Sending, reason_of
from talkover_mock.deliveries.targets import Unresolved
from talkover_mock.dialect.settings import Settings
from talkover_mock.state.records import Webhook

MOST_LARGE = 4
"""Payloads of one environment that are made at once, or that are sent at once and are large."""
LARGE_BYTES = 256 * 1024
"""A larger payload is a large one."""
_LONGEST_PAUSE = 30
_LOOK_SECONDS = 0.1
"""Seconds between two checks that the attempt is still wanted."""
_CRASHED = Outcome(error="The mock itself failed")
_TIMEOUT = reason_of(TimeoutError())
_UNSENT: Mapping[str, str] = {
    "timeout": _TIMEOUT,
    "refused": reason_of(ConnectionRefusedError()),
    "unresolved": reason_of(Unresolved()),
}
"""The actions of faults that end an attempt at once, with its error."""


@dataclass(slots=True)
class Scheduled(Due):
    """A delivery that waits for its time; `previous` is the attempt that failed before it."""

    delivery: Delivery
    may_retry: bool = True
    previous: str | None = None
    though_disabled: bool = False
    """Whether it goes out to a disabled webhook too."""
    is_asked: bool = False
    """Whether the faults have been asked about the attempt: each attempt is struck once at most."""
    overlaps: bool = False
    """Whether it goes out while another one of its webhook is under way."""
    copies: "list[Scheduled]" = field(default_factory=list)
    """Repetitions, which are scheduled when it goes out."""
    make: "Callable[[], Outgoing] | None" = None
    """Makes the request; None for the request by the configuration of the moment at which it goes out."""

    @property
    def webhook_id(self) -> str:
        return self.delivery.webhook_id

    def retry(self, now: datetime, settings: Settings) -> "Scheduled":
        """The attempt after this one. It keeps its place among those that are due with it, whoever answers first."""
        due = now + timedelta(seconds=pause(settings, self.delivery.attempt))
        following = self.delivery._replace(attempt=self.delivery.attempt + 1, struck=None)
        round = self.round + 1 if due == now else 0
        return Scheduled(due, self.number, following, previous=self.delivery.id, round=round)


@dataclass(frozen=True, slots=True, eq=False)
class Attempt:
    """A delivery on its way: what the pump runs. It `finish`es with its outcome, and `report`s a crash of the mock.

    `room` bounds the memory that slow receivers of large payloads can cost.
    """

    scheduled: Scheduled
    webhook: Webhook
    sending: Sending
    make: Callable[[], Outgoing]
    finish: Callable[["Attempt", Outcome, Outgoing | None], None]
    report: Callable[[str], None]
    room: Semaphore

    def run(self) -> None:
        """A crash of the mock itself is reported before anybody can see that the attempt has ended."""
        outgoing: Outgoing | None = None
        try:
            with ExitStack() as stack:
                self._take_room(stack)
                outgoing = self.sending.outgoing = self.make()
                if len(outgoing.body) <= LARGE_BYTES:
                    stack.close()
                outcome = outcome_of(self.sending, self.scheduled.delivery.fault)
        except (TooLarge, ConnectionAbortedError) as error:  # stopped before its request was made
            outcome = Outcome(error=str(error))
        except Exception:
            outcome = _CRASHED
            self.report(traceback.format_exc())
        self.finish(self, outcome, outgoing)

    def stop(self) -> None:
        self.sending.stop()

    def _take_room(self, stack: ExitStack) -> None:
        """Waits for room, which `stack` gives back. Raises ConnectionAbortedError when the attempt is stopped."""
        while not self.room.acquire(timeout=_LOOK_SECONDS):
            self.sending.check()
        stack.callback(self.room.release)


def outcome_of(sending: Sending, fault: DeliveryFault) -> Outcome:
    """Sends the request, or does what the fault makes of that."""
    if fault.sent:
        sending.hangs_up = True
    elif fault.action in _UNSENT:
        return Outcome(error=_UNSENT[fault.action])
    outcome = sending.run()
    if fault.sent and outcome.captured:
        return outcome._replace(status=None, error=_TIMEOUT)
    if fault.action == "lose_answer" and outcome.status is not None:
        return outcome._replace(error=_TIMEOUT, lost=True)
    return outcome


def pause(settings: Settings, attempt: int) -> float:
    """The seconds after a failed attempt: 1, 2, 4, 8 … at most 30 (assumed), or the fixture's; its last repeats."""
    schedule = settings.retry_schedule
    if schedule:
        return schedule[min(attempt, len(schedule)) - 1]
    return min(_LONGEST_PAUSE, 1 << (attempt - 1))
