"""The turns that deliveries take on a frozen clock, which do not depend on receivers and survive a crash."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from threading import RLock
from typing import Any, TypeVar

import pytest

from talkover_mock.base.clock import Clock
from talkover_mock.deliveries.attempts import Attempt
from talkover_mock.deliveries.faults import DeliveryFault, Struck
from talkover_mock.deliveries.outbox import Outbox
from talkover_mock.deliveries.records import Delivery, Occurrence, Outcome, Outgoing
from talkover_mock.deliveries.sharing import Sharing
from talkover_mock.dialect.ids import IdSource
from talkover_mock.loading.fixture import to_baseline
from talkover_mock.state.records import Webhook
from talkover_mock.state.store import State
from tests.support.documented import AGENT
from tests.support.fixture_documents import source
from tests.support.stories import MOMENT, STARTED, fixture, hook

T = TypeVar("T")
Choose = Callable[[int], int]
SENT, FAILED = Outgoing("POST", "http://xy", (), b"", 30), Outcome(500, "Internal Server Error")
SOON = MOMENT + timedelta(seconds=1)
FIRST = 2
"""Events that happen first."""


def every_way(run: Callable[[Choose], T]) -> Iterator[T]:
    """The results of all runs: a run asks `choose(n)` which of n things happens next."""
    ahead: list[list[int]] = [[]]
    while ahead:
        given, taken = ahead.pop(), list[int]()

        def choose(count: int, given: list[int] = given, taken: list[int] = taken) -> int:
            if len(taken) >= len(given):
                ahead.extend([*taken, other] for other in range(1, count))
            taken.append(given[len(taken)] if len(taken) < len(given) else 0)
            return taken[-1]

        yield run(choose)


class Chance:
    """Strikes the first attempts with `first`, and of the second ones only the one that is asked first."""

    def __init__(self, first: str, second: str) -> None:
        self._first, self._second, self._left = first, second, 1

    def strike(self, delivery: Delivery, _: Webhook) -> Struck | None:
        if delivery.attempt == 1:
            return Struck("first", DeliveryFault(self._first, together=True))
        self._left -= delivery.attempt == 2
        return Struck("second", DeliveryFault(self._second)) if delivery.attempt == 2 and self._left == 0 else None


def opened(webhooks: str, pause: int = 0, **sharing: Any) -> Outbox:
    """An outbox of no pump on a frozen clock, with a delivery to each of the webhooks."""
    hooks = (hook("http://xy", "a", max_retries=1), hook("http://xy", "b", max_retries=1))
    settings = {"retry_schedule": [pause], "seed": 1}
    state, clock = State(to_baseline(source(fixture(*hooks, settings=settings)))), Clock(lambda: MOMENT)
    clock.freeze(MOMENT)
    ids = IdSource("deliveries", 1)
    outbox = Outbox(state, RLock(), clock, ids, Sharing(lambda _: None, (), 1000, **sharing))
    queue(outbox, webhooks)
    return outbox


def queue(outbox: Outbox, webhooks: str, begin: int = 0) -> None:
    for number, webhook in enumerate(webhooks, begin):
        occurrence = Occurrence(f"event-{number}", AGENT, STARTED, MOMENT, {"id": str(number)})
        outbox.queue(Delivery(f"first-{number}", webhook, occurrence, 1, MOMENT))


def run(choose: Choose, webhooks: str, chance: Chance) -> list[object]:
    """The attempts in the log after an event at each of the webhooks, whose receivers fail in the chosen order."""
    return ended(opened(webhooks, strike=chance.strike), choose)


def ended(outbox: Outbox, choose: Choose) -> list[object]:
    """The attempts in the log after everything that is due, while receivers fail in the chosen order."""
    under_way: list[Attempt] = []
    while True:
        claimed = outbox.claim() if not under_way or choose(2) else None
        if isinstance(claimed, Attempt):
            under_way.append(claimed)
        elif not under_way:
            return [(each.id, each.occurrence.id, each.attempt, each.status, each.struck) for each in outbox.log.all()]
        else:
            outbox.finish(under_way.pop(choose(len(under_way))), FAILED, SENT)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("webhooks", "first", "second"),
    [
        ("aba", "overlap", "tampered"),
        ("aba", "overlap", "overlap"),
        ("aba", "overlap", "drop"),
        ("ab", "repeat", "drop"),
        ("aba", "tampered", "repeat"),
    ],
)
def test_a_run_is_the_same_whichever_receiver_answers_first(webhooks: str, first: str, second: str) -> None:
    stories = list(every_way(lambda choose: run(choose, webhooks, Chance(first, second))))
    assert len(stories) > 10
    assert [story for story in stories if story != stories[0]] == []


def retries_around_a_plan(choose: Choose) -> list[object]:
    """Two retries fall due with a plan between them, at which an event happens; the second that is asked is struck."""
    asked: list[str] = []

    def strike(delivery: Delivery, _: Webhook) -> Struck | None:
        asked.append(delivery.id)
        return Struck("second", DeliveryFault("tampered")) if len(asked) == FIRST + 2 else None

    outbox = opened("a", strike=strike, pause=1)
    outbox.plan(SOON, lambda _: queue(outbox, "b", begin=2))
    queue(outbox, "b", begin=1)
    ended(outbox, lambda _: 0)
    outbox._clock.move_to(SOON)
    return ended(outbox, choose)


def test_a_plan_has_its_turn_whichever_receiver_answers_first() -> None:
    stories = list(every_way(retries_around_a_plan))
    assert len(stories) > 1
    assert [story for story in stories if story != stories[0]] == []


def test_a_plan_that_crashes_is_reported_and_whoever_waits_behind_it_has_a_turn() -> None:
    def crash(_: datetime) -> None:
        raise ZeroDivisionError("a bug")

    crashes: list[str] = []
    outbox = opened("a", report=crashes.append)
    first = outbox.claim()
    assert isinstance(first, Attempt)
    outbox.plan(MOMENT, crash)
    assert outbox.claim() is None
    second = first.scheduled.delivery._replace(id="second")
    outbox.queue(second)
    assert outbox.claim() is None
    outbox.finish(first, Outcome(200), SENT)
    claimed = outbox.claim()
    assert isinstance(claimed, Attempt)
    assert claimed.scheduled.delivery == second
    assert [crash.splitlines()[-1] for crash in crashes] == ["ZeroDivisionError: a bug"]
