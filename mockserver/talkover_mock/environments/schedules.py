"""Schedules: a seed says which deliveries of an environment are disturbed, and how; what was sent, in its order."""

import json
import re
from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from random import Random
from typing import NamedTuple

from talkover_mock.deliveries.faults import DeliveryFault, Struck
from talkover_mock.deliveries.records import Delivery

APART = timedelta(milliseconds=2)
"""How far events are apart on a frozen clock: two of one call must differ, and another one must fit in between."""
_CHANCES = (0.2, 0.5, 0.8)
"""A schedule disturbs few, half, or most of the attempts: some mistakes need one disturbance, others need many."""
_MOST_OVERTAKING = 3
_MOST_MILLISECONDS = 60_000
_FIRST = re.compile(r"(\.1)+$")
NUMBER = re.compile("[1-9][0-9]*([.][1-9][0-9]*){0,2}")
"""The number of a disturbance, see `Disturbances`."""


class Schedule(NamedTuple):
    """A schedule as a test asked for it; with `only`, no other disturbances strike than those of these numbers."""

    seed: int
    only: Sequence[str] | None = None


class Disturbances:
    """The schedule of one environment, between two resets. The caller holds the environment's lock.

    An attempt's number is that of its event and, unless they are 1, of its webhook and of the attempt: `3`, `3.2`,
    `3.1.2`. Whether and how it is disturbed follows from the seed and this number alone.
    """

    def __init__(self, schedule: Schedule) -> None:
        self.schedule = schedule
        self.struck: list[str] = []
        """The numbers of the attempts that were disturbed."""
        self._events: dict[str, int] = {}
        self._webhooks: dict[str, int] = {}
        self._chance = Random(f"{schedule.seed}").choice(_CHANCES)  # noqa: S311

    def strike(self, delivery: Delivery) -> Struck | None:
        """The disturbance of an attempt which is due, but not of a webhook's test or of one that is sent again."""
        if delivery.copy_of is not None or delivery.is_test:
            return None
        event = self._events.setdefault(delivery.occurrence.id, len(self._events) + 1)
        webhook = self._webhooks.setdefault(delivery.webhook_id, len(self._webhooks) + 1)
        number = _FIRST.sub("", f"{event}.{webhook}.{delivery.attempt}")
        random = Random(f"{self.schedule.seed}/{number}")  # noqa: S311
        only = self.schedule.only
        if random.random() >= self._chance or (only is not None and number not in only):
            return None
        fault = _disturbance(random)
        self.struck.append(number)
        return Struck(f"disturbance {number} ({fault.action})", fault)


def _disturbance(random: Random) -> DeliveryFault:
    """Every event arrives all the same: sooner or later, once or more often."""
    overtaken = random.randint(1, _MOST_OVERTAKING) * APART + APART / 2
    late = timedelta(milliseconds=random.randint(1, _MOST_MILLISECONDS))
    seconds = random.choice((overtaken, late)).total_seconds()
    return random.choice(
        (
            DeliveryFault("repeat"),
            DeliveryFault("repeat", delay_seconds=seconds),
            DeliveryFault("repeat", together=True),
            DeliveryFault("delay", delay_seconds=seconds, though_disabled=True),
            DeliveryFault("delay", delay_seconds=seconds, though_disabled=True),
            DeliveryFault("lose_answer"),
        )
    )


def order_of(deliveries: Sequence[Delivery]) -> list[str]:
    """The attempts in the order in which they were sent: `call_started`, `call_ended`, `call_ended (again)`.

    Calls are numbered as their events were emitted, not as they were sent. A webhook whose receiver has never answered
    is left out: its many retries tell nothing.
    """
    answered = {each.webhook_id for each in deliveries if each.outcome and each.outcome.status}
    in_order = sorted(deliveries, key=lambda each: (each.ended_at is None, each.ended_at or each.created_at))
    sent = [each for each in in_order if each.webhook_id in answered]
    calls = [json.dumps(each.occurrence.call_id) for each in sent]  # as text: a test may have given a list
    by_arrival = sorted(zip(sent, calls, strict=True), key=lambda pair: pair[0].arrival)
    numbers = {call: number for number, call in enumerate(dict.fromkeys(call for _, call in by_arrival), 1)}
    calls_of = Counter(event for event, _ in {(_event(each), call) for each, call in zip(sent, calls, strict=True)})
    several_webhooks = len({each.webhook_id for each in sent}) > 1
    return [
        _event(each)
        + (f" of call {numbers[call]}" if calls_of[_event(each)] > 1 else "")
        + (f" to {each.webhook_id}" if several_webhooks else "")
        + _notes(each)
        for each, call in zip(sent, calls, strict=True)
    ]


def _event(delivery: Delivery) -> str:
    return delivery.occurrence.event.removeprefix("event_").removeprefix("phone_")


def _notes(delivery: Delivery) -> str:
    fault, is_again = delivery.fault, delivery.copy_of is not None or delivery.attempt > 1
    notes = {
        "not sent": delivery.outgoing is None,
        "again": is_again,
        "at the same time": is_again and fault.together,
        "late": fault.action == "delay",
        "answer lost": fault.action == "lose_answer",
    }
    text = ", ".join(note for note, holds in notes.items() if holds)
    return f" ({text})" if text else ""
