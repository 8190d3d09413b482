"""The system's clock is set while retries wait: they come after the same seconds, and records show the clock's time."""

from collections.abc import Callable
from datetime import datetime, timedelta
from time import monotonic

import pytest

from talkover_mock.base import clock
from talkover_mock.environments.world import World
from talkover_mock.receiver import WebhookReceiver
from tests.support.stories import WAIT, attempts, emit, hook

SetClock = Callable[[timedelta], None]
PAUSE = 0.2
"""Seconds before a retry."""
HOUR = timedelta(hours=1)


@pytest.fixture
def set_clock(monkeypatch: pytest.MonkeyPatch) -> SetClock:
    """Sets the system's clock forward, or back."""
    steps = [timedelta()]

    class SteppedDatetime(datetime):
        @classmethod
        def now(cls, tz: object = None) -> "datetime":  # type: ignore[override]
            return datetime.now(tz) + sum(steps, timedelta())  # type: ignore[arg-type]

    monkeypatch.setattr(clock, "datetime", SteppedDatetime)
    return steps.append


@pytest.mark.slow
@pytest.mark.parametrize("step", [-HOUR, HOUR, -HOUR * 24 * 365], ids=["back", "forward", "back a year"])
@pytest.mark.parametrize("advanced", [0, 86_400], ids=["real", "advanced"])
def test_a_retry_is_due_after_the_same_seconds(
    step: timedelta, advanced: float, set_clock: SetClock, open_world: Callable[..., World], receiver: WebhookReceiver
) -> None:
    environment = open_world(hook(receiver.url), settings={"retry_schedule": [PAUSE]}).default
    environment.deliveries.advance(advanced)
    receiver.answer_next(500)
    begun = monotonic()
    emit(environment)
    set_clock(step)
    receiver.wait_for(2, WAIT)
    assert PAUSE * 0.8 <= monotonic() - begun < WAIT / 2
    environment.deliveries.log.watch(lambda each: each.ended and each.attempt == 2, 1, None, WAIT)
    first, second = attempts(environment)
    shown = second.created_at - first.created_at
    assert abs(shown - step) < timedelta(seconds=WAIT / 2), "the records show the clock that was set"


def test_an_event_after_a_step_is_sent_at_once(
    set_clock: SetClock, open_world: Callable[..., World], receiver: WebhookReceiver
) -> None:
    environment = open_world(hook(receiver.url), settings={"retry_schedule": [PAUSE]}).default
    receiver.answer_next(500)
    set_clock(HOUR)
    emit(environment)
    set_clock(HOUR)
    environment.freeze()
    environment.deliveries.advance(2 * PAUSE)
    assert [each.status for each in attempts(environment)] == ["failed", "success"]


@pytest.mark.parametrize("step", [-HOUR, HOUR], ids=["back", "forward"])
def test_a_frozen_environment_does_not_notice(
    step: timedelta, set_clock: SetClock, open_world: Callable[..., World], receiver: WebhookReceiver
) -> None:
    environment = open_world(hook(receiver.url), settings={"retry_schedule": [PAUSE, 3 * 3600]}).default
    environment.freeze()
    receiver.answer_next(500, 500)
    emit(environment)
    set_clock(step)
    environment.deliveries.advance(PAUSE)
    assert [each.status for each in attempts(environment)] == ["failed", "retrying"]
    before = environment.deliveries.now()
    environment.unfreeze()
    back = min(before, environment.deliveries.now()) - before
    left = environment.deliveries._outbox.backlog.next_due
    assert left is not None
    assert abs(left - before - back - timedelta(hours=3)) < timedelta(seconds=WAIT)
