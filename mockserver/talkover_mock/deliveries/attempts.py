"""One attempt from its place in the queue to its outcome."""

import traceback
from collections.abc import Callable
from dataclasses import dataclass

from talkover_mock.deliveries.payloads import TooLarge
from talkover_mock.deliveries.plans import Due
from talkover_mock.deliveries.records import Delivery, Outcome, Outgoing
from talkover_mock.deliveries.sender import Sending
from talkover_mock.dialect.settings import Settings
from talkover_mock.state.records import Webhook

_LONGEST_PAUSE = 30
_CRASHED = Outcome(error="The mock itself failed")


@dataclass(slots=True)
class Scheduled(Due):
    """A delivery that waits for its time; `previous` is the attempt that failed before it."""

    delivery: Delivery
    may_retry: bool = True
    previous: str | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Attempt:
    """A delivery on its way: what the pump runs. It `finish`es with its outcome, and `report`s a crash of the mock."""

    scheduled: Scheduled
    webhook: Webhook
    sending: Sending
    make: Callable[[], Outgoing]
    finish: Callable[["Attempt", Outcome, Outgoing | None], None]
    report: Callable[[str], None]

    def run(self) -> None:
        """A crash of the mock itself is reported before anybody can see that the attempt has ended."""
        outgoing: Outgoing | None = None
        try:
            outgoing = self.sending.outgoing = self.make()
            outcome = self.sending.run()
        except TooLarge as error:
            outcome = Outcome(error=str(error))
        except Exception:
            outcome = _CRASHED
            self.report(traceback.format_exc())
        self.finish(self, outcome, outgoing)

    def stop(self) -> None:
        self.sending.stop()


def pause(settings: Settings, attempt: int) -> float:
    """The seconds after a failed attempt: 1, 2, 4, 8 … at most 30 (assumed), or the fixture's; its last repeats."""
    schedule = settings.retry_schedule
    if schedule:
        return schedule[min(attempt, len(schedule)) - 1]
    return min(_LONGEST_PAUSE, 1 << (attempt - 1))
