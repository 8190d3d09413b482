"""What has happened in one environment as one list: its calls, deliveries and skipped events, newest first."""

from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from heapq import merge
from itertools import islice
from threading import RLock
from typing import ClassVar, Literal, NamedTuple, TypeAlias

from talkover_mock.base.changes import Changes
from talkover_mock.base.signals import Signal
from talkover_mock.base.words import digits
from talkover_mock.deliveries.log import Emitted
from talkover_mock.deliveries.operations import Deliveries
from talkover_mock.deliveries.records import Delivery
from talkover_mock.deliveries.rows import deciding
from talkover_mock.environments.journal import Exchange, Journal

View = Literal["all", "requests", "deliveries", "problems"]
VIEWS: Sequence[View] = ("all", "requests", "deliveries", "problems")
PAGE_ROWS = 50
"""The rows of a page."""


@dataclass(frozen=True, slots=True)
class RequestRow:
    """An API call."""

    exchange: Exchange
    kind: ClassVar = "request"

    @property
    def id(self) -> str:
        return f"request-{self.exchange.number}"

    @property
    def arrival(self) -> int:
        """The row's number in order of arrival."""
        return self.exchange.arrival

    @property
    def moment(self) -> datetime:
        return self.exchange.moment

    @property
    def status(self) -> str:
        """The code; `held` while a fault holds the call, `none` without an answer."""
        return self.exchange.status_text

    @property
    def is_problem(self) -> bool:
        return self.exchange.is_problem


@dataclass(frozen=True, slots=True)
class DeliveryRow:
    """All attempts that are kept to send one event to one webhook, oldest first, and when the next one is due."""

    attempts: Sequence[Delivery]
    due: datetime | None = None
    kind: ClassVar = "delivery"

    @property
    def id(self) -> str:
        return f"delivery-{self.arrival}"

    @property
    def arrival(self) -> int:
        """The row's number in order of arrival, which is that of its first attempt."""
        return self.attempts[0].arrival

    @property
    def moment(self) -> datetime:
        return self.attempts[0].created_at

    @property
    def status(self) -> str:
        """The status of the attempt that decides, see `deciding` and `Delivery.shown_status`."""
        return deciding(self.attempts).shown_status

    @property
    def is_problem(self) -> bool:
        return deciding(self.attempts).is_problem


@dataclass(frozen=True, slots=True)
class SkippedRow:
    """An event that nobody got, or not every webhook that lists it: `emitted.skipped` has webhooks and reasons."""

    emitted: Emitted
    kind: ClassVar = "skipped"
    status: ClassVar = "skipped"
    is_problem: ClassVar = True

    @property
    def id(self) -> str:
        return f"event-{self.arrival}"

    @property
    def arrival(self) -> int:
        """The row's number in order of arrival, before the deliveries of the event."""
        return self.emitted.arrival

    @property
    def attempts(self) -> Sequence[Delivery]:
        """What was never made, for filters of deliveries: see `Emitted.missed`."""
        return self.emitted.missed()

    @property
    def moment(self) -> datetime:
        return self.emitted.occurrence.moment


Row: TypeAlias = RequestRow | DeliveryRow | SkippedRow
_KINDS = ("request", "delivery", "event")
"""The words before the number in a row's id."""


class Page(NamedTuple):
    """Some rows, newest first: `first` is the place of the first one among the `total`, from 1.

    `older` and `newer` are what `before` has to be for the neighbouring pages, None where there is no such page;
    `newer` is 0 for the newest page.
    """

    rows: Sequence[Row]
    total: int
    first: int
    older: int | None
    newer: int | None


class Activity:
    """The rows of one environment. Every method is atomic, and holds the lock no longer than it must."""

    __slots__ = ("_changes", "_deliveries", "_journal", "_lock")

    def __init__(self, lock: RLock, changes: Changes, journal: Journal, deliveries: Deliveries) -> None:
        self._lock, self._changes, self._journal, self._deliveries = lock, changes, journal, deliveries

    @property
    def version(self) -> int:
        """A number that grows with every change of the environment: rows, state, clock, faults, snapshots."""
        return self._changes.version

    def changed_after(self, version: int) -> Signal:
        """The signal of the first change after this version; set already if there has been one."""
        with self._lock:
            return self._changes.after(version)

    def counts(self) -> Mapping[View, int]:
        """The number of rows that are kept, by view. Looks at no row."""
        with self._lock:
            log, rows, events = self._journal.log, self._deliveries.log.rows, self._deliveries.events
            requests, deliveries = len(log), len(rows) + events.rows
            problems = log.problems + rows.problems + events.rows
        return {"all": requests + deliveries, "requests": requests, "deliveries": deliveries, "problems": problems}

    def dropped(self) -> Mapping[View, int]:
        """The number of older rows that the limits have cost, by view; of problems it is not known."""
        with self._lock:
            requests = self._journal.log.dropped
            deliveries = self._deliveries.log.rows.dropped + self._deliveries.events.dropped_rows
        return {"all": requests + deliveries, "requests": requests, "deliveries": deliveries}

    def rows(self, view: View = "all", matches: Callable[[Row], bool] | None = None, before: int | None = None) -> Page:
        """The newest rows of a view that match, of those that arrived before the row with the number `before`.

        Walks all rows only to count those that match, or to find an older page.
        """
        wanted = matches or (lambda _: True)
        with self._lock:
            newest_first, kept = self._newest_first(view), self.counts()[view]
        found = (row for row in newest_first if wanted(row))
        above: deque[int] = deque(maxlen=PAGE_ROWS + 1)
        first, rows = 1, list[Row]()
        for row in found:
            if not before or row.arrival < before:
                rows.append(row)
                break
            above.append(row.arrival)
            first += 1
        rows += islice(found, PAGE_ROWS - 1)
        rest = 0 if matches is None else sum(1 for _ in found)
        total = kept if matches is None else first - 1 + len(rows) + rest
        older = rows[-1].arrival if rows and first - 1 + len(rows) < total else None
        newer = None if not above else above[0] if len(above) > PAGE_ROWS else 0
        return Page(self._with_due(rows), total, first, older, newer)

    def row(self, id: str) -> Row | None:
        """The row with this id; None if it is no longer kept, or never was.

        A delivery's id or an event's after the kind finds its row too, unless a row has the number that it looks like.
        """
        kind, _, rest = id.partition("-")
        number = digits(rest) or 0
        with self._lock:
            if kind == "request":
                exchange = self._journal.log.get(rest)
                return RequestRow(exchange) if exchange else None
            if kind == "delivery":
                log = self._deliveries.log
                attempts = log.rows.get(number)
                if not attempts and (attempt := log.get(rest)):
                    attempts = log.rows.get(attempt.arrival)
                return self._with_due([DeliveryRow(attempts)])[0] if attempts else None
            if kind == "event":
                emitted = self._deliveries.events.get(rest)
                number = emitted.arrival if emitted else number
                events = self._deliveries.events.all()
                return next((SkippedRow(each) for each in events if number and each.arrival == number), None)
        return None

    def dropped_among(self, ids: Sequence[str]) -> list[str]:
        """Those of the ids, which no row has, that may be of rows which are no longer kept, as far as numbers tell."""
        if not ids:
            return []
        with self._lock:
            requests, latest, newest_first = self._journal.position[1], self._changes.arrived, self._newest_first("all")
        kept = {row.arrival for row in newest_first}

        def was_row(id: str) -> bool:
            kind, _, rest = id.partition("-")
            number = digits(rest) or 0
            if kind not in _KINDS or rest != str(number):
                return False
            if kind == "request":
                return 0 < number <= requests
            return 0 < number <= latest and number not in kept

        return list(filter(was_row, ids))

    def of_event(self, event_id: str) -> tuple[Sequence[DeliveryRow], Emitted | None]:
        """The rows of one event's deliveries, oldest first, and the event itself with the skipped webhooks."""
        with self._lock:
            emitted, rows = self._deliveries.events.get(event_id), self._deliveries.log.rows.all()
        return [DeliveryRow(each) for each in rows if each[0].occurrence.id == event_id], emitted

    def outcome_of(self, webhook_id: str) -> str | None:
        """The status of the webhook's latest delivery, see `Delivery.shown_status`; None without one. Walks nothing."""
        with self._lock:
            latest = self._deliveries.log.rows.latest_of(webhook_id)
        return latest.shown_status if latest else None

    def _newest_first(self, view: View) -> Iterator[Row]:
        with self._lock:
            exchanges = self._journal.log.all() if view != "deliveries" else []
            rows = self._deliveries.log.rows.all() if view != "requests" else []
            events = self._deliveries.events.all() if view != "requests" else []
        of_kinds: list[Iterator[Row]] = [
            (RequestRow(each) for each in reversed(exchanges)),
            (DeliveryRow(each) for each in reversed(rows)),
            (SkippedRow(each) for each in reversed(events) if each.arrival),
        ]
        merged = merge(*of_kinds, key=lambda row: -row.arrival)
        return (row for row in merged if row.is_problem) if view == "problems" else merged

    def _with_due(self, rows: Sequence[Row]) -> list[Row]:
        """The rows, of which deliveries that wait have the time of their next attempt."""
        if not any(row.status in ("pending", "retrying") for row in rows):
            return list(rows)
        with self._lock:
            due = self._deliveries.due_times()
        return [replace(row, due=due.get(row.arrival)) if isinstance(row, DeliveryRow) else row for row in rows]
