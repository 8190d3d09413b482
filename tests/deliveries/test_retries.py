"""Retries: when they are made, when they are not, and what the log says meanwhile."""

from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from itertools import pairwise
from typing import Any

import pytest

from talkover_mock.environments.environment import Environment
from talkover_mock.environments.world import World
from talkover_mock.loading.mistakes import Source
from talkover_mock.receiver import Answer, WebhookReceiver
from tests.support.disturbed import HoldingReceiver, started
from tests.support.documented import AGENT, WEBHOOK
from tests.support.stories import MOMENT, STARTED, WAIT, attempts, emit, fixture, hook, seconds_after, statuses

OpenWorld = Callable[..., World]
LONG = 3600
SCHEDULE = [0, 1, 3, 7, 15, 31, 61, 91, 121, 151, 181]
"""Seconds after the event: pauses of 1, 2, 4, 8 and 16, then of 30."""


def failing(open_world: OpenWorld, receiver: WebhookReceiver, **fields: Any) -> Environment:
    """A webhook whose receiver answers 500, in an environment whose clock is frozen, after an event."""
    settings = {"retry_schedule": fields.pop("retry_schedule")} if "retry_schedule" in fields else {}
    environment: Environment = open_world(hook(receiver.url, **fields), settings=settings).default
    environment.freeze(MOMENT)
    receiver.answer_always(500)
    emit(environment)
    return environment


@pytest.mark.parametrize("max_retries", range(11))
def test_a_failed_delivery_is_retried_as_often_and_as_late_as_the_contract_says(
    open_world: OpenWorld, receiver: WebhookReceiver, max_retries: int
) -> None:
    environment = failing(open_world, receiver, max_retries=max_retries)
    environment.deliveries.advance(LONG)
    assert seconds_after(MOMENT, environment) == SCHEDULE[: max_retries + 1]
    assert [each.attempt for each in attempts(environment)] == list(range(1, max_retries + 2))
    assert statuses(environment) == ["failed"] * (max_retries + 1)
    assert len(receiver.requests) == max_retries + 1


@pytest.mark.parametrize(
    ("schedule", "expected"),
    [
        ([5], [0, 5, 10, 15, 20]),
        ([5, 10], [0, 5, 15, 25, 35]),
        ([0.25, 60, 0], [0, 0.25, 60.25, 60.25, 60.25]),
        ([0], [0, 0, 0, 0, 0]),
        ([1, 2, 3, 4, 5, 6], [0, 1, 3, 6, 10]),
    ],
)
def test_a_fixture_may_give_another_schedule_whose_last_pause_repeats(
    open_world: OpenWorld, receiver: WebhookReceiver, schedule: list[float], expected: list[float]
) -> None:
    environment = failing(open_world, receiver, max_retries=4, retry_schedule=schedule)
    environment.deliveries.advance(LONG)
    assert seconds_after(MOMENT, environment) == expected


def test_the_default_of_three_retries(open_world: OpenWorld, receiver: WebhookReceiver) -> None:
    environment = failing(open_world, receiver)
    environment.deliveries.advance(LONG)
    assert seconds_after(MOMENT, environment) == [0, 1, 3, 7]


def test_the_statuses_on_the_way_to_success(open_world: OpenWorld, receiver: WebhookReceiver) -> None:
    environment = failing(open_world, receiver)
    assert statuses(environment) == ["retrying"]
    environment.deliveries.advance(0.999)
    assert statuses(environment) == ["retrying"]
    environment.deliveries.advance(0.001)
    assert statuses(environment) == ["failed", "retrying"]
    receiver.answer_always(200)
    environment.deliveries.advance(LONG)
    assert statuses(environment) == ["failed", "failed", "success"]
    assert seconds_after(MOMENT, environment) == [0, 1, 3]
    environment.deliveries.advance(LONG)
    assert len(receiver.requests) == 3


def test_an_entry_is_pending_until_it_has_ended_and_failed_as_soon_as_its_retry_has_begun(
    open_world: OpenWorld, receiver: WebhookReceiver
) -> None:
    environment = open_world(hook(receiver.url), settings={"retry_schedule": [0]}).default
    receiver.answer_next(500, Answer(delay_seconds=60))
    environment.deliveries.emit(AGENT, STARTED)
    receiver.wait_for(2)
    assert statuses(environment) == ["failed", "pending"]


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        *[(status, "success") for status in (200, 201, 202, 204, 299)],
        *[(status, "retrying") for status in (300, 301, 302, 307, 400, 401, 404, 410, 422, 429, 500, 503, 599)],
    ],
)
def test_only_2xx_is_success(open_world: OpenWorld, receiver: WebhookReceiver, status: int, expected: str) -> None:
    environment = open_world(hook(receiver.url)).default
    receiver.answer_always(Answer(status, headers={"Location": receiver.url}))
    delivery = emit(environment)[0]
    assert (delivery.status, delivery.outcome and delivery.outcome.status) == (expected, status)
    assert len(receiver.requests) == 1


def disable(environment: Environment) -> None:
    environment.webhooks.toggle(AGENT, WEBHOOK)


def delete(environment: Environment) -> None:
    environment.webhooks.delete(AGENT, WEBHOOK)


def replace_state(environment: Environment) -> None:
    environment.documents.replace(Source("fixture", "", fixture()))


@pytest.mark.parametrize("stop", [disable, delete, replace_state])
def test_a_retry_is_dropped_when_its_webhook_is_disabled_or_gone_as_it_falls_due(
    open_world: OpenWorld, receiver: WebhookReceiver, stop: Callable[[Environment], None]
) -> None:
    environment = failing(open_world, receiver)
    stop(environment)
    assert statuses(environment) == ["retrying"]
    environment.deliveries.advance(1)
    assert statuses(environment) == ["failed"]
    entry = attempts(environment)[0]
    assert (entry.outcome and entry.outcome.error, entry.ended_at) == ("Internal Server Error", MOMENT)
    if stop is disable:
        disable(environment)
    environment.deliveries.advance(LONG)
    assert (statuses(environment), len(receiver.requests)) == (["failed"], 1)


def test_a_retry_is_made_when_its_webhook_is_enabled_again_before_it_falls_due(
    open_world: OpenWorld, receiver: WebhookReceiver
) -> None:
    environment = failing(open_world, receiver, max_retries=1)
    disable(environment)
    environment.deliveries.advance(0.5)
    disable(environment)
    environment.deliveries.advance(0.5)
    assert statuses(environment) == ["failed", "failed"]


def test_a_dropped_retry_keeps_nothing_else_of_its_webhook_back(
    open_world: OpenWorld, receiver: WebhookReceiver
) -> None:
    environment = failing(open_world, receiver)
    emit(environment)
    disable(environment)
    environment.deliveries.advance(1)
    disable(environment)
    assert [each.status for each in emit(environment)] == ["retrying"]
    assert statuses(environment) == ["failed", "failed", "retrying"]


def test_a_wait_for_failures_sees_the_one_whose_retry_was_dropped(
    open_world: OpenWorld, receiver: WebhookReceiver
) -> None:
    environment = failing(open_world, receiver, retry_schedule=[0.1])
    environment.unfreeze()
    disable(environment)
    found = environment.deliveries.log.watch(lambda delivery: delivery.status == "failed", 1, None, WAIT)
    assert (found.satisfied, found.count, len(found.items)) == (True, 1, 1)


def test_every_failure_is_counted_once_by_a_wait_that_sees_it_twice(
    open_world: OpenWorld, receiver: WebhookReceiver
) -> None:
    environment = open_world(hook(receiver.url, max_retries=2), settings={"retry_schedule": [0.01]}).default
    receiver.answer_always(500)
    environment.deliveries.emit(AGENT, STARTED)
    found = environment.deliveries.log.watch(lambda delivery: delivery.status in ("retrying", "failed"), 3, None, WAIT)
    assert (found.satisfied, found.count, [each.attempt for each in found.items]) == (True, 3, [1, 2, 3])


@pytest.mark.parametrize(("answers", "expected"), [((500,), "failed"), ((200,), "success")])
def test_a_manual_retry_is_a_single_attempt_more(
    open_world: OpenWorld, receiver: WebhookReceiver, answers: tuple[int, ...], expected: str
) -> None:
    environment = failing(open_world, receiver, max_retries=1)
    environment.deliveries.advance(1)
    receiver.answer_next(*answers)
    queued = environment.deliveries.retry(AGENT, WEBHOOK, attempts(environment)[0].id)
    environment.deliveries.advance(LONG)
    first, second, manual = attempts(environment)
    assert [first.status, second.status, manual.status] == ["failed", "failed", expected]
    assert (manual.id, manual.attempt, manual.occurrence) == (queued.id, 2, first.occurrence)
    assert len(receiver.requests) == 3


def test_a_manual_retry_of_a_webhook_that_is_disabled_before_it_goes_out_is_dropped(
    open_world: OpenWorld,
) -> None:
    with started(HoldingReceiver(2)) as receiver:
        environment = failing(open_world, receiver, max_retries=0)
        receiver.answer_next(200)
        environment.deliveries.emit(AGENT, STARTED)
        receiver.wait_for(2)
        environment.deliveries.retry(AGENT, WEBHOOK, attempts(environment)[0].id)
        disable(environment)
        receiver.go_on.set()
        environment.deliveries.advance(0)
    assert statuses(environment) == ["failed", "success", "failed"]
    assert attempts(environment)[2].outgoing is None


def test_retries_are_made_by_the_real_clock_too(open_world: OpenWorld, receiver: WebhookReceiver) -> None:
    environment = open_world(hook(receiver.url, max_retries=10), settings={"retry_schedule": [0.005]}).default
    receiver.answer_always(500)
    environment.deliveries.emit(AGENT, STARTED)
    found = environment.deliveries.log.watch(lambda delivery: delivery.status == "failed", 11, None, WAIT)
    assert [each.attempt for each in found.items] == list(range(1, 12))
    assert len(receiver.requests) == len(attempts(environment)) == 11
    times = [each.created_at for each in found.items]
    assert all(later - earlier >= timedelta(seconds=0.005) for earlier, later in pairwise(times))


def until_successful(environment: Environment, count: int) -> None:
    """Returns when so many deliveries have been successful."""
    assert environment.deliveries.log.watch(lambda each: each.status == "success", count, None, WAIT).satisfied


@pytest.mark.slow
def test_a_clock_that_is_set_back_makes_no_retry_wait_longer(open_world: OpenWorld, receiver: WebhookReceiver) -> None:
    environment = open_world(hook(receiver.url), settings={"retry_schedule": [0.1]}).default
    environment.freeze(datetime(2400, 1, 1, tzinfo=timezone.utc))
    receiver.answer_next(500)
    emit(environment)
    environment.unfreeze()
    until_successful(environment, 1)
    assert (statuses(environment), len(receiver.requests)) == (["failed", "success"], 2)


@pytest.mark.slow
def test_a_clock_that_is_set_back_before_the_first_attempt_keeps_it_from_nothing(
    open_world: OpenWorld, receiver: WebhookReceiver
) -> None:
    environment = open_world(hook(receiver.url)).default
    environment.freeze(datetime(2400, 1, 1, tzinfo=timezone.utc))
    receiver.answer_next(Answer(delay_seconds=0.1))
    for _ in range(3):
        environment.deliveries.emit(AGENT, STARTED)
    environment.unfreeze()
    until_successful(environment, 3)
    assert (statuses(environment), len(receiver.requests)) == (["success"] * 3, 3)
