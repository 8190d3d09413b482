"""The log of one environment's attempts, how entries are added, struck and ended; and the result of an event."""

from collections.abc import Sequence
from datetime import datetime
from threading import RLock
from typing import NamedTuple

from talkover_mock.base.clock import Clock
from talkover_mock.base.history import History
from talkover_mock.base.shapes.values import DeliveryStatus, WhySkipped
from talkover_mock.deliveries.faults import Struck
from talkover_mock.deliveries.records import Delivery, Occurrence, Outcome
from talkover_mock.dialect.events import ALL_EVENTS, EVENTS
from talkover_mock.dialect.ids import IdSource
from talkover_mock.state.records import Webhook

_BYTES_OF_A_WEBHOOK = 500
"""What an event keeps for each webhook that got it or was skipped, about."""


class Log(History[Delivery]):
    """The attempts since the latest reset. The caller holds the environment's lock."""

    __slots__ = ("_clock", "_ids")

    def __init__(self, lock: RLock, most: int, clock: Clock, ids: IdSource) -> None:
        super().__init__(lock, most, lambda delivery: delivery.ended, lambda delivery: delivery.size)
        self._clock, self._ids = clock, ids

    def add_anew(self, delivery: Delivery, moment: datetime) -> Delivery:
        """Adds the delivery with an id and a time of its own, and returns it."""
        anew = delivery._replace(id=self._ids.new(moment, self), created_at=moment)
        self.add(anew.id, anew)
        return anew

    def strike(self, delivery: Delivery, struck: Struck) -> Delivery:
        """Notes the fault that strikes, and returns the delivery with it."""
        delivery = delivery._replace(struck=struck)
        self.change(delivery.id, delivery)
        return delivery

    def end(self, delivery: Delivery, outcome: Outcome, again: bool) -> None:
        """Notes the result, and whether another attempt is due; tells the waits of it."""
        status: DeliveryStatus = "success" if outcome.successful else "retrying" if again else "failed"
        ended = delivery._replace(status=status, outcome=outcome, ended_at=self._clock.moment())
        self.change(delivery.id, ended)
        self.publish(ended)

    def end_retrying(self, id: str) -> None:
        """The attempt is `retrying` no more: the next one has begun, or will never come."""
        previous = self.get(id)
        if previous:
            ended = previous._replace(status="failed")
            self.change(id, ended)
            self.publish(ended, before=previous)


class Emitted(NamedTuple):
    """The result of an event: a delivery for each webhook that gets it, and the reason for each webhook skipped.

    `awaited` are the deliveries that go out at once, with the copies that faults make of them, and those of earlier
    events that a schedule sends just before.
    """

    occurrence: Occurrence
    deliveries: Sequence[Delivery]
    skipped: Sequence[tuple[Webhook, WhySkipped]]
    awaited: Sequence[Delivery]
    log: History[Delivery]
    """The log that holds the deliveries; a reset closes it."""


def bytes_of(emitted: Emitted) -> int:
    """About the bytes that the event keeps, also where no webhook got it."""
    return emitted.occurrence.size + _BYTES_OF_A_WEBHOOK * (len(emitted.deliveries) + len(emitted.skipped))


def reason_to_skip(webhook: Webhook, event: str) -> WhySkipped | None:
    """Why a webhook does not get an event; None if it does."""
    is_listed = event in webhook.events or (webhook.include_call_events and event in EVENTS)
    if event in ALL_EVENTS and not is_listed:
        return "it does not list the event"
    return None if webhook.enabled else "it is disabled"
