"""The log of one environment's attempts, how entries are added, struck and ended; and the result of an event."""

from collections.abc import Sequence
from datetime import datetime
from operator import attrgetter
from threading import RLock
from typing import Literal, NamedTuple

from talkover_mock.base.changes import Changes
from talkover_mock.base.history import History
from talkover_mock.base.shapes.values import DeliveryStatus, WhySkipped
from talkover_mock.deliveries.faults import Struck
from talkover_mock.deliveries.records import Delivery, Occurrence, Outcome
from talkover_mock.deliveries.rows import Rows
from talkover_mock.dialect.events import ALL_EVENTS, EVENTS
from talkover_mock.dialect.ids import IdSource
from talkover_mock.state.records import Webhook

_BYTES_OF_A_WEBHOOK = 500
"""About the bytes that an event keeps for each webhook that got it or was skipped."""


SKIPPED: Literal["skipped"] = "skipped"
IS_DISABLED: WhySkipped = "it is disabled"
_NO_WEBHOOK = "there is no webhook"
_HAS_ENDED, _SIZE = attrgetter("ended"), attrgetter("size")  # once, and not for each environment


class Log(History[Delivery]):
    """The attempts since the latest reset. The caller holds the environment's lock."""

    __slots__ = ("_ids", "_rows")

    def __init__(self, lock: RLock, most: int, ids: IdSource, changes: Changes | None = None) -> None:
        super().__init__(lock, most, _HAS_ENDED, _SIZE, changes)
        self._ids = ids
        self._rows: Rows | None = None

    @property
    def rows(self) -> Rows:
        """The attempts by event and webhook. An environment that sends nothing keeps none."""
        return Rows() if self._rows is None else self._rows

    def enter(self, delivery: Delivery) -> Delivery:
        """Adds the delivery to its row, or to a new row if its own is dropped; returns it with the row's number."""
        if delivery.arrival not in self.rows:
            delivery = delivery._replace(arrival=self._changes.arrive())
        self.add(delivery.id, delivery)
        return delivery

    def add_anew(self, delivery: Delivery, moment: datetime) -> Delivery:
        """Adds the delivery with an id and a time of its own, and returns it."""
        return self.enter(delivery._replace(id=self._ids.new(moment, self), created_at=moment))

    def strike(self, delivery: Delivery, struck: Struck) -> Delivery:
        """Notes the fault that strikes, and returns the delivery with it."""
        delivery = delivery._replace(struck=struck)
        self.change(delivery.id, delivery)
        return delivery

    def end(self, delivery: Delivery, outcome: Outcome, again: bool, at: datetime) -> None:
        """Notes the result, and whether another attempt is due; tells the waits of it."""
        status: DeliveryStatus = "success" if outcome.successful else "retrying" if again else "failed"
        ended = delivery._replace(status=status, outcome=outcome, ended_at=at)
        self.change(delivery.id, ended)
        self.publish(ended)

    def end_retrying(self, id: str) -> None:
        """The attempt is `retrying` no more: the next one has begun, or will never come."""
        previous = self.get(id)
        if previous:
            ended = previous._replace(status="failed")
            self.change(id, ended)
            self.publish(ended, before=previous)

    def clear(self) -> int:
        cleared, self._rows = super().clear(), None
        for waiting in self.all():
            self._entered(waiting)
        self.rows.sort()
        return cleared

    def close(self) -> None:
        super().close()
        self._rows = None

    def _entered(self, item: Delivery) -> None:
        self._rows = self.rows
        self._rows.add(item)

    def _left(self, item: Delivery) -> None:
        self.rows.remove(item)

    def _replaced(self, before: Delivery, item: Delivery) -> None:
        self.rows.replace(item)


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
    arrival: int = 0
    """The number in order of arrival, if the event is a row of its own; otherwise 0."""

    @property
    def size(self) -> int:
        """About the bytes that the event keeps, also where no webhook got it."""
        return self.occurrence.size + _BYTES_OF_A_WEBHOOK * (len(self.deliveries) + len(self.skipped))

    def missed(self) -> Sequence[Delivery]:
        """The deliveries that make the event a row of its own, as if they had been made, with their reasons.

        If nobody got the event they are those of all webhooks, otherwise those of the disabled ones that list it.
        """
        if not self.arrival:
            return ()
        told = (each for each in self.skipped if not self.deliveries or each[1] == IS_DISABLED)
        reasons: list[tuple[str, str]] = [(webhook.id, reason) for webhook, reason in told]
        moment = self.occurrence.moment
        return [
            Delivery("", id, self.occurrence, 0, moment, SKIPPED, outcome=Outcome(error=reason), arrival=self.arrival)
            for id, reason in reasons or [("", _NO_WEBHOOK)]
        ]


class Events(History[Emitted]):
    """The events since the latest reset; `rows` counts those that are rows of their own, `dropped_rows` those gone."""

    __slots__ = ("dropped_rows", "rows")

    def __init__(self, lock: RLock, most: int, changes: Changes | None = None) -> None:
        super().__init__(lock, most, size_of=_SIZE, changes=changes)
        self.rows = self.dropped_rows = 0

    def arrive(self) -> int:
        """The number of an event that is a row, which arrives before its deliveries."""
        return self._changes.arrive()

    def clear(self) -> int:
        cleared = super().clear()
        self.dropped_rows = 0
        return cleared

    def close(self) -> None:
        super().close()
        self.rows = 0

    def _entered(self, item: Emitted) -> None:
        self.rows += bool(item.arrival)

    def _left(self, item: Emitted) -> None:
        self.rows -= bool(item.arrival)
        self.dropped_rows += bool(item.arrival)


def is_row(deliveries: Sequence[Delivery], skipped: Sequence[tuple[Webhook, WhySkipped]]) -> bool:
    """Whether an event is worth a row of its own: nobody got it, or a webhook that lists it is disabled."""
    return not deliveries or any(reason == IS_DISABLED for _, reason in skipped)


def reason_to_skip(webhook: Webhook, event: str) -> WhySkipped | None:
    """Why a webhook does not get an event; None if it does."""
    is_listed = event in webhook.events or (webhook.include_call_events and event in EVENTS)
    if event in ALL_EVENTS and not is_listed:
        return "it does not list the event"
    return None if webhook.enabled else IS_DISABLED
