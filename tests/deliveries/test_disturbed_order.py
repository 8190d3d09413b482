"""Faults that repeat deliveries, let them overlap, or delay them: in which order they arrive, and at what times."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from time import monotonic
from typing import Any

import pytest

from talkover_mock.environments.environment import Environment
from talkover_mock.receiver import Answer, WebhookReceiver
from tests.support.disturbed import (
    DISTURBANCES,
    CountingReceiver,
    HoldingReceiver,
    OpenWorld,
    SlowReceiver,
    add,
    frozen,
    running,
    seconds,
    started,
    story,
)
from tests.support.documented import AGENT, WEBHOOK
from tests.support.stories import ENDED, MOMENT, OTHER, STARTED, WAIT, attempts, emit, hook

LONG = 3600
on_both_clocks = pytest.mark.parametrize("opened", [frozen, running])
Opened = Callable[..., Environment]


def until_ended(environment: Environment, count: int) -> None:
    """Returns when so many attempts have ended."""
    assert environment.deliveries.log.watch(lambda each: each.ended, count, None, WAIT).satisfied


@on_both_clocks
def test_copies_are_the_same_event_and_the_same_bytes(
    open_world: OpenWorld, receiver: WebhookReceiver, opened: Opened
) -> None:
    environment = opened(open_world, receiver, webhook_secret="secret")
    add(environment, "repeat", times=1, copies=2)
    assert len(emit(environment)) == 3
    emit(environment, ENDED)
    assert story(environment) == [*["started 1: success (repeat)"] * 3, "ended 1: success"]
    first, *copies, other = attempts(environment)
    assert [each.copy_of for each in (first, *copies, other)] == [None, first.id, first.id, None]
    assert len({each.id for each in attempts(environment)}) == 4
    assert all(each.occurrence is first.occurrence for each in copies)
    assert len({(each.body, each.headers["signature"]) for each in receiver.requests[:3]}) == 1


def test_each_copy_comes_a_delay_after_the_one_before(open_world: OpenWorld, receiver: WebhookReceiver) -> None:
    environment = frozen(open_world, receiver)
    add(environment, "repeat", times=1, copies=3, delay_seconds=20)
    assert len(emit(environment)) == 1
    emit(environment, ENDED)
    environment.deliveries.advance(59)
    assert len(receiver.requests) == 4
    environment.deliveries.advance(1)
    assert seconds(environment) == [0, 20, 40, 60, 0]
    assert receiver.events == [STARTED, ENDED, STARTED, STARTED, STARTED]


def test_a_delayed_copy_comes_in_real_time_too(open_world: OpenWorld, receiver: WebhookReceiver) -> None:
    environment = running(open_world, receiver)
    add(environment, "repeat", times=1, delay_seconds=0.05)
    emit(environment)
    emit(environment, ENDED)
    until_ended(environment, 3)
    assert receiver.events == [STARTED, ENDED, STARTED]


@on_both_clocks
def test_copies_that_are_together_are_under_way_at_once(open_world: OpenWorld, opened: Opened) -> None:
    with started(SlowReceiver(3)) as receiver:
        environment = opened(open_world, receiver)
        add(environment, "repeat", times=1, copies=2, together=True)
        assert [each.status for each in emit(environment)] == ["success"] * 3
        assert len(receiver.requests) == 3


def test_a_copy_is_not_tried_again_and_what_it_repeats_is(open_world: OpenWorld, receiver: WebhookReceiver) -> None:
    environment = frozen(open_world, receiver)
    add(environment, "repeat", times=1, copies=1)
    receiver.answer_next(500, 500)
    emit(environment)
    environment.deliveries.advance(LONG)
    assert story(environment) == ["started 1: failed (repeat)", "started 1: failed (repeat)", "started 2: success"]
    assert seconds(environment) == [0, 0, 1]


def test_a_retry_can_be_repeated(open_world: OpenWorld, receiver: WebhookReceiver) -> None:
    environment = frozen(open_world, receiver)
    add(environment, "repeat", attempt=2, delay_seconds=5)
    receiver.answer_next(500)
    emit(environment)
    environment.deliveries.advance(LONG)
    assert story(environment) == ["started 1: failed", "started 2: success (repeat)", "started 2: success (repeat)"]
    assert seconds(environment) == [0, 1, 6]
    _, second, copy = attempts(environment)
    assert copy.copy_of == second.id


@pytest.mark.parametrize("replay", [False, True])
def test_a_copy_is_signed_anew_or_is_the_old_bytes_and_headers(
    open_world: OpenWorld, receiver: WebhookReceiver, replay: bool
) -> None:
    world = open_world(hook(receiver.url, webhook_secret="secret"), settings={"signature_scheme": "stripe"})
    environment = world.default
    environment.freeze()
    add(environment, "repeat", copies=2, delay_seconds=600, replay=replay)
    emit(environment)
    environment.webhooks.update(AGENT, WEBHOOK, {"custom_headers": [{"key": "X-New", "value": "1"}]})
    environment.deliveries.advance(LONG)
    first, *copies = [each.headers for each in receiver.requests]
    assert len(copies) == 2
    for copy in copies:
        assert (copy == first) is replay
        assert (copy["stripe-signature"] == first["stripe-signature"]) is replay
    assert len({each.body for each in receiver.requests}) == 1


@on_both_clocks
def test_an_overlapping_delivery_leaves_while_an_earlier_one_is_under_way(
    open_world: OpenWorld, opened: Opened
) -> None:
    with started(SlowReceiver(2)) as receiver:
        environment = opened(open_world, receiver)
        add(environment, "overlap", event=ENDED)
        environment.deliveries.emit(AGENT, STARTED)
        emit(environment, ENDED)
        until_ended(environment, 2)
        assert story(environment) == ["started 1: success", "ended 1: success (overlap)"]


@pytest.mark.slow
@on_both_clocks
@pytest.mark.parametrize(("times", "crowds"), [(0, [1, 1, 1, 1]), (1, [1, 2, 1, 1])])
def test_a_later_delivery_waits_for_all_that_overlap(
    open_world: OpenWorld, opened: Opened, times: int, crowds: list[int]
) -> None:
    """The second of four overlaps, and the third is not sent before both have been answered."""
    with started(CountingReceiver()) as receiver:
        environment = opened(open_world, receiver)
        if times:
            add(environment, "overlap", times=times, after=1)
        receiver.answer_next(Answer(delay_seconds=0.1), Answer(delay_seconds=0.2))
        for _ in range(4):
            environment.deliveries.emit(AGENT, STARTED)
        until_ended(environment, 4)
    assert receiver.crowds == crowds


def test_an_overlapping_retry_of_a_frozen_clock_does_not_wait_for_another_one(open_world: OpenWorld) -> None:
    with started(SlowReceiver(2)) as receiver:
        environment = open_world(hook(receiver.url), hook(receiver.url, OTHER)).default
        environment.freeze()
        add(environment, "refused", attempt=1)
        add(environment, "overlap", attempt=2)
        emit(environment)
        environment.deliveries.advance(1)
        assert story(environment)[2:] == ["started 2: success (overlap)"] * 2


@on_both_clocks
def test_a_delayed_delivery_is_overtaken(open_world: OpenWorld, receiver: WebhookReceiver, opened: Opened) -> None:
    environment = opened(open_world, receiver)
    add(environment, "delay", event=STARTED, delay_seconds=0.05)
    assert emit(environment) == []
    emit(environment, ENDED)
    if environment.clock.is_frozen:
        environment.deliveries.advance(0.05)
    until_ended(environment, 2)
    assert receiver.events == [ENDED, STARTED]
    assert story(environment) == ["started 1: success (delay)", "ended 1: success"]


def test_nobody_waits_for_a_delayed_delivery(open_world: OpenWorld, receiver: WebhookReceiver) -> None:
    environment = running(open_world, receiver)
    add(environment, "delay", delay_seconds=LONG)
    started = monotonic()
    assert emit(environment) == []
    assert monotonic() - started < WAIT / 2
    assert story(environment) == ["started 1: pending (delay)"]
    environment.freeze()
    environment.deliveries.advance(LONG)
    assert story(environment) == ["started 1: success (delay)"]


@pytest.mark.parametrize(("though_disabled", "arrives"), [(False, False), (True, True)])
def test_a_delayed_delivery_may_come_after_its_webhook_was_switched_off(
    open_world: OpenWorld, receiver: WebhookReceiver, though_disabled: bool, arrives: bool
) -> None:
    environment = frozen(open_world, receiver)
    add(environment, "delay", delay_seconds=30, though_disabled=though_disabled)
    emit(environment)
    environment.webhooks.toggle(AGENT, WEBHOOK)
    environment.deliveries.advance(30)
    assert story(environment) == ["started 1: success (delay)" if arrives else "started 1: failed (delay)"]
    assert len(receiver.requests) == int(arrives)


def test_a_delayed_delivery_of_a_deleted_webhook_never_comes(open_world: OpenWorld, receiver: WebhookReceiver) -> None:
    environment = frozen(open_world, receiver)
    add(environment, "delay", delay_seconds=30, though_disabled=True)
    emit(environment)
    environment.webhooks.delete(AGENT, WEBHOOK)
    environment.deliveries.advance(30)
    assert (story(environment), receiver.requests) == (["started 1: failed (delay)"], [])


def test_a_delayed_retry_has_its_entry_from_the_moment_at_which_it_was_due(
    open_world: OpenWorld, receiver: WebhookReceiver
) -> None:
    environment = frozen(open_world, receiver)
    add(environment, "delay", attempt=2, delay_seconds=10)
    receiver.answer_next(500, 500)
    emit(environment)
    environment.deliveries.advance(1)
    assert story(environment) == ["started 1: failed", "started 2: pending (delay)"]
    environment.deliveries.advance(LONG)
    assert story(environment) == ["started 1: failed", "started 2: failed (delay)", "started 3: success"]
    assert seconds(environment) == [0, 11, 13]


def test_copies_end_with_a_delivery_that_never_left(open_world: OpenWorld) -> None:
    with started(HoldingReceiver()) as receiver:
        environment = running(open_world, receiver)
        environment.deliveries.emit(AGENT, STARTED)
        receiver.wait_for(1)
        add(environment, "repeat", copies=2)
        environment.deliveries.emit(AGENT, ENDED)
        environment.webhooks.toggle(AGENT, WEBHOOK)
        receiver.go_on.set()
        until_ended(environment, 4)
    assert story(environment) == ["started 1: success", *["ended 1: failed (repeat)"] * 3]
    assert len(receiver.requests) == 1


def test_what_is_delayed_ends_with_a_reset(open_world: OpenWorld, receiver: WebhookReceiver) -> None:
    environment = frozen(open_world, receiver)
    add(environment, "delay", delay_seconds=10)
    emit(environment)
    environment.reset()
    environment.freeze()
    environment.deliveries.advance(LONG)
    assert (story(environment), receiver.requests) == ([], [])


@pytest.mark.slow
def test_a_clock_that_is_frozen_or_set_free_forgets_nothing_that_waits_for_its_turn(
    open_world: OpenWorld, receiver: WebhookReceiver
) -> None:
    world = open_world(hook(receiver.url), hook(f"{receiver.url}/other", OTHER))
    environment = world.default
    for is_frozen in (True, False):
        if is_frozen:
            environment.freeze()
        receiver.answer_next(Answer(delay_seconds=0.1))
        for _ in range(3):
            environment.deliveries.emit(AGENT, STARTED)
        if is_frozen:
            environment.unfreeze()
        else:
            environment.freeze()
    until_ended(environment, 12)
    assert [each.status for each in attempts(environment)] == ["success"] * 12


def everything(environment: Environment) -> list[tuple[Any, ...]]:
    """What the log has of every attempt, but the real time that it took."""
    return [
        (
            each.id,
            each.occurrence.id,
            each.attempt,
            each.copy_of,
            each.created_at,
            each.ended_at,
            each.status,
            each.struck,
            each.outgoing,
            each.outcome and (each.outcome.status, each.outcome.error),
        )
        for each in attempts(environment)
    ]


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(5))
def test_two_runs_with_a_frozen_clock_and_the_same_seed_are_the_same(
    open_world: OpenWorld, receiver: WebhookReceiver, seed: int
) -> None:
    def run() -> tuple[list[tuple[Any, ...]], list[tuple[int, int]]]:
        hooks = [hook(f"{receiver.url}/{id}", id, events=[STARTED, ENDED], webhook_secret="s") for id in ("a", "b")]
        environment = open_world(*hooks, settings={"signature_scheme": "stripe", "seed": seed}).default
        environment.freeze(MOMENT)
        for action, details in DISTURBANCES:
            add(environment, action, probability=0.2, **details)
        for number in range(15):
            environment.deliveries.emit(AGENT, (STARTED, ENDED)[number % 2])
            environment.deliveries.advance(1)
        environment.deliveries.advance(LONG)
        return everything(environment), [(each.matched, each.struck) for each in environment.faults.all()]

    first = run()
    assert run() == first
    assert sum(struck for _, struck in first[1]) > 20


@pytest.mark.slow
def test_the_counts_of_copies_are_exact_under_load(open_world: OpenWorld, receiver: WebhookReceiver) -> None:
    environment = running(open_world, receiver)
    fault = add(environment, "repeat", times=7, copies=2, together=True)
    late = add(environment, "delay", times=5, delay_seconds=0.01)

    def work(_: int) -> None:
        for _ in range(10):
            environment.deliveries.emit(AGENT, STARTED)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(8)))
    until_ended(environment, 94)
    assert [(each.matched, each.struck) for each in (fault, late)] == [(80, 7), (73, 5)]
    assert len(receiver.requests) == len(attempts(environment)) == 80 + 14
