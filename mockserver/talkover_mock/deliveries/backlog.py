"""The deliveries of one environment that wait: for their time, or for their turn behind another one."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from heapq import heappop, heappush
from itertools import chain

from talkover_mock.deliveries.attempts import Scheduled
from talkover_mock.deliveries.plans import Plan

_MOST_BUSY = 100
"""Attempts under way at once: one environment, however slow its receivers, leaves others half of the pump's threads."""
_EVERYBODY = ""
"""The place of those that wait until nothing at all is under way; no webhook has this id."""


class Backlog:
    """The attempts that wait. Those of one webhook go out one after another; on a frozen clock, all attempts do.

    The caller holds the environment's lock.
    """

    __slots__ = ("_behind", "_by_time", "_plans", "_under_way")

    def __init__(self) -> None:
        self._by_time: list[Scheduled | Plan] = []
        self._plans = 0
        self._behind: dict[str, list[Scheduled]] = {}
        """By webhook id, those that have fallen due while another was under way."""
        self._under_way: dict[str, int] = {}
        """By webhook id, how many are under way."""

    def __iter__(self) -> Iterator[Scheduled]:
        """All deliveries that wait, with the copies that wait for what they repeat."""
        for entry in self._entries():
            if isinstance(entry, Scheduled):
                yield entry
                yield from entry.copies

    def _entries(self) -> Iterator[Scheduled | Plan]:
        return chain(self._by_time, *self._behind.values())

    @property
    def deliveries(self) -> int:
        """How many deliveries wait, without the copies; every event asks, so that it must not count them."""
        return len(self._by_time) + sum(map(len, self._behind.values())) - self._plans

    @property
    def bytes(self) -> int:
        """The bytes of the events' data; deliveries of one event share it."""
        return sum({each.delivery.occurrence.id: each.delivery.occurrence.size for each in self}.values())

    def due_times(self) -> dict[int, datetime]:
        """When the next attempt of each row is due, by the row's number."""
        found: dict[int, datetime] = {}
        for each in self:
            number = each.delivery.arrival
            found[number] = min(each.due, found.get(number, each.due))
        return found

    @property
    def under_way(self) -> int:
        return sum(self._under_way.values())

    @property
    def next_due(self) -> datetime | None:
        """The time of the next one; of those that wait for their turn it says nothing."""
        return self._by_time[0].due if self._by_time else None

    @property
    def next_is_plan(self) -> bool:
        return bool(self._by_time) and isinstance(self._by_time[0], Plan)

    def has_to_wait(self, all_in_turn: bool) -> bool:
        """Whether nothing of it can go out, or happen, before something else does."""
        under_way = self.under_way
        return not self._by_time or under_way >= _MOST_BUSY or (all_in_turn and under_way > 0 and self.next_is_plan)

    def add(self, entry: Scheduled | Plan) -> None:
        heappush(self._by_time, entry)
        self._plans += isinstance(entry, Plan)

    def pop(self) -> Scheduled | Plan:
        """Takes the next one."""
        entry = heappop(self._by_time)
        self._plans -= isinstance(entry, Plan)
        return entry

    def waits_behind(self, entry: Scheduled, all_in_turn: bool) -> bool:
        """Whether the attempt must wait for its turn; it is then kept here. Otherwise the caller sends it."""
        webhook_id = entry.webhook_id
        if entry.overlaps or not (self._under_way if all_in_turn else webhook_id in self._under_way):
            return False
        heappush(self._behind.setdefault(_EVERYBODY if all_in_turn else webhook_id, []), entry)
        return True

    def begin(self, webhook_id: str) -> None:
        """Notes that an attempt is under way."""
        self._under_way[webhook_id] = self._under_way.get(webhook_id, 0) + 1

    def end(self, webhook_id: str) -> None:
        """Notes that an attempt has ended."""
        self._under_way[webhook_id] -= 1
        if not self._under_way[webhook_id]:
            del self._under_way[webhook_id]
        self.release(webhook_id)

    def release(self, webhook_id: str) -> None:
        """The next one that waits behind this webhook, or behind everybody, may have its turn."""
        for place in (webhook_id, _EVERYBODY):
            behind = self._behind.get(place)
            if behind:
                heappush(self._by_time, heappop(behind))
            if not behind:
                self._behind.pop(place, None)

    def release_all(self) -> None:
        """Puts all attempts that wait for a turn back in the queue: a clock that is frozen changes who must wait."""
        behind, self._behind = self._behind, {}
        for entry in chain(*behind.values()):
            heappush(self._by_time, entry)

    def shift(self, step: timedelta) -> None:
        """Moves every time."""
        for entry in self._entries():
            entry.due += step
            for copy in entry.copies if isinstance(entry, Scheduled) else ():
                copy.due += step

    def clear(self) -> None:
        """Forgets all that waits."""
        self._by_time.clear()
        self._behind.clear()
        self._plans = 0
