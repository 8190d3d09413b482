"""Deliveries by the hundred: nobody waits for a slow receiver, a crash stops nothing, and no limit is passed."""

import random
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import product

import pytest

from talkover_mock.deliveries import outbox
from talkover_mock.deliveries.sender import Sending
from talkover_mock.environments.environment import Environment
from talkover_mock.environments.world import World
from talkover_mock.receiver import Answer, WebhookReceiver
from tests.support.disturbed import DISTURBANCES, add
from tests.support.documented import AGENT, WEBHOOK
from tests.support.stories import STARTED, WAIT, attempts, emit, hook, statuses

OpenWorld = Callable[..., World]
HUNG = Answer(delay_seconds=60)
"""Until the receiver stops, or the sender gives up."""


def hooks(url: str, count: int, **fields: object) -> list[dict[str, object]]:
    return [hook(f"{url}/{number}", f"{number:03}", **fields) for number in range(count)]


@pytest.mark.slow
def test_a_receiver_that_hangs_delays_neither_another_webhook_nor_another_environment(
    open_world: OpenWorld, receiver: WebhookReceiver
) -> None:
    world = open_world(hook(receiver.url), hook(f"{receiver.url}/other", "other"))
    others = [world.open(world.default) for _ in range(30)]
    for environment in others:
        environment.webhooks.toggle(AGENT, WEBHOOK)
    receiver.answer_next(HUNG, HUNG)
    world.default.webhooks.update(AGENT, "other", {"webhook_url": f"{receiver.url}/hangs"})
    world.default.deliveries.emit(AGENT, STARTED)
    receiver.wait_for(2)
    for _ in range(3):
        for environment in others:
            environment.deliveries.emit(AGENT, STARTED)
    for environment in others:
        assert environment.deliveries.log.watch(lambda _: True, 3, None, WAIT).satisfied
    assert statuses(world.default) == ["pending", "pending"]


@pytest.mark.slow
def test_a_retry_is_made_in_time_while_another_receiver_hangs(open_world: OpenWorld, receiver: WebhookReceiver) -> None:
    world = open_world(hook(receiver.url), settings={"retry_schedule": [0.2]})
    other = world.open(world.default)
    receiver.answer_next(500, HUNG)
    emit(world.default)
    other.deliveries.emit(AGENT, STARTED)
    receiver.wait_for(3)
    assert world.default.deliveries.log.watch(lambda each: each.status == "success", 1, None, WAIT).satisfied


@pytest.mark.slow
def test_a_hundred_receivers_may_hang_at_once(open_world: OpenWorld, receiver: WebhookReceiver) -> None:
    world = open_world(*hooks(receiver.url, 100))
    other = world.open(world.default)
    receiver.answer_next(*[HUNG] * 100)
    world.default.deliveries.emit(AGENT, STARTED)
    receiver.wait_for(100)
    assert {each.status for each in emit(other)} == {"success"}
    assert Counter(statuses(world.default)) == {"pending": 100}


@pytest.mark.slow
def test_a_hundred_receivers_each_get_everything_once_and_in_order(
    open_world: OpenWorld, receiver: WebhookReceiver
) -> None:
    environment = open_world(*hooks(receiver.url, 100)).default
    for number in range(5):
        environment.deliveries.emit(AGENT, STARTED, extra={"number": number})
    assert environment.deliveries.log.watch(lambda _: True, 500, None, 60).satisfied
    came: dict[str, list[int]] = {}
    for request in receiver.requests:
        came.setdefault(request.path, []).append(request.json["number"])
    assert came == {f"/webhook/{number}": [0, 1, 2, 3, 4] for number in range(100)}


def crash_once(monkeypatch: pytest.MonkeyPatch, target: object, name: str) -> None:
    """The first call fails, as with a bug of the mock; the others work."""
    works, crashes = getattr(target, name), [ZeroDivisionError("a bug")]

    def call(*args: object) -> object:
        if crashes:
            raise crashes.pop()
        return works(*args)

    monkeypatch.setattr(target, name, call)


@pytest.mark.parametrize(("target", "name"), [(Sending, "run"), (outbox, "struck_message")])
def test_a_crash_is_reported_to_its_environment_ends_its_entry_and_stops_nothing(
    open_world: OpenWorld, receiver: WebhookReceiver, monkeypatch: pytest.MonkeyPatch, target: object, name: str
) -> None:
    world = open_world(hook(receiver.url, max_retries=0))
    environment = world.open(world.default)
    crash_once(monkeypatch, target, name)
    environment.freeze()
    first, second = emit(environment)[0], emit(environment)[0]
    environment.deliveries.advance(1)
    assert (first.status, first.outcome and first.outcome.error) == ("failed", "The mock itself failed")
    assert (second.status, len(receiver.requests)) == ("success", 1)
    assert [crash.splitlines()[-1] for crash in environment.errors] == ["ZeroDivisionError: a bug"]
    assert world.default.errors == []


def test_the_errors_of_an_environment_are_bounded_and_end_with_the_latest(open_world: OpenWorld) -> None:
    environment = open_world().default
    for number in range(250):
        environment.report(str(number))
    assert environment.errors == [*map(str, range(99)), "249"]


def test_no_more_is_kept_than_was_asked_for_and_the_rest_is_counted(
    open_world: OpenWorld, receiver: WebhookReceiver
) -> None:
    environment = open_world(hook(receiver.url), most_kept=10).default
    for number in range(25):
        emit(environment, number=number)
    assert [each.occurrence.extra["number"] for each in attempts(environment)] == list(range(15, 25))
    assert environment.deliveries.log.dropped == 15
    environment.reset()
    assert (environment.deliveries.log.dropped, len(attempts(environment))) == (0, 0)


@pytest.mark.slow
def test_what_was_dropped_while_it_was_under_way_is_still_delivered_and_counted(
    open_world: OpenWorld, receiver: WebhookReceiver
) -> None:
    environment = open_world(*hooks(receiver.url, 3), most_kept=2).default
    receiver.answer_next(Answer(delay_seconds=0.1))
    with pytest.raises(Exception, match="0 deliveries are queued, and 3 more would exceed the limit of 2"):
        environment.deliveries.emit(AGENT, STARTED)
    environment.webhooks.delete(AGENT, "002")
    environment.deliveries.emit(AGENT, STARTED)
    receiver.wait_for(2)
    environment.deliveries.emit(AGENT, STARTED)
    assert environment.deliveries.log.watch(lambda _: True, 2, None, WAIT).satisfied
    receiver.wait_for(4)


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2, 3, 4])
def test_whatever_happens_at_once_everything_ends(open_world: OpenWorld, receiver: WebhookReceiver, seed: int) -> None:
    """Threads do all that can be done, in any order; at the end nothing is pending, stuck or broken."""
    world = open_world(*hooks(receiver.url, 4, max_retries=2), settings={"retry_schedule": [0.01, 0.02]})
    environments = [world.default, world.open(world.default)]
    for environment, (action, details) in product(environments, DISTURBANCES if seed % 2 else ()):
        add(environment, action, probability=0.1, **details)

    def act(number: int) -> None:
        choice = random.Random(f"{seed}/{number}")  # noqa: S311
        for _ in range(60):
            environment, step = choice.choice(environments), choice.randrange(10)
            if step < 4:
                environment.deliveries.emit(AGENT, STARTED)
            elif step == 4:
                receiver.answer_next(*choice.choices([200, 500], k=4))
            else:
                STEPS[step - 5](environment, choice)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(act, range(4)))
    for environment in environments:
        environment.freeze()
        environment.deliveries.advance(60)
        assert set(statuses(environment)) <= {"success", "failed"}
        assert environment.errors == []


STEPS: Sequence[Callable[[Environment, random.Random], object]] = (
    lambda environment, _: environment.freeze(),
    lambda environment, _: environment.unfreeze(),
    lambda environment, choice: environment.deliveries.advance(choice.choice([0, 0.01, 1])),
    lambda environment, choice: environment.webhooks.toggle(AGENT, f"{choice.randrange(4):03}"),
    lambda environment, choice: environment.reset() if choice.random() < 0.2 else None,
)
