"""The clock of an environment: what follows it, and what happens while it is moved."""

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta, timezone
from itertools import count
from threading import Barrier
from time import monotonic

import pytest
from flask.testing import FlaskClient

from talkover_mock.app import create_app
from talkover_mock.base.clock import Clock
from talkover_mock.deliveries import advancing as advancing_module
from talkover_mock.environments import environment as environment_module
from talkover_mock.environments.environment import Environment
from talkover_mock.environments.world import World
from talkover_mock.receiver import Answer, WebhookReceiver
from tests.support.documented import AGENT, TOGGLE, TOKEN, WEBHOOK, WEBHOOK_PATH
from tests.support.stories import MOMENT, STARTED, WAIT, attempts, emit, hook, seconds_after, statuses
from tests.support.turns import every_turn

OpenWorld = Callable[..., World]
NEW_YEAR = datetime(2030, 1, 1, 12, 0, 0, 250_000, tzinfo=timezone.utc)


def ticking(start: datetime = MOMENT) -> Clock:
    """Each look at the time is a second later."""
    seconds = count()
    return Clock(lambda: start + timedelta(seconds=next(seconds)))


def seconds(clock: Clock) -> list[float]:
    """What two looks tell, in seconds after the moment."""
    return [(clock.moment() - MOMENT).total_seconds() for _ in range(2)]


def test_a_clock_runs_stands_still_is_moved_and_runs_on() -> None:
    clock = ticking()
    assert seconds(clock) == [0, 1]
    clock.freeze()
    assert (clock.is_frozen, seconds(clock)) == (True, [2, 2])
    clock.move_to(MOMENT + timedelta(seconds=90.5))
    assert (clock.is_frozen, seconds(clock)) == (True, [90.5, 90.5])
    clock.unfreeze()
    assert (clock.is_frozen, seconds(clock)) == (False, [3, 4])
    clock.move_to(MOMENT + timedelta(seconds=100))
    assert (clock.is_frozen, seconds(clock)) == (False, [101, 102])
    clock.freeze()
    assert seconds(clock) == [103, 103]
    clock.freeze(MOMENT)
    assert seconds(clock) == [0, 0]
    clock.unfreeze()
    assert seconds(clock) == [9, 10]


def test_records_are_kept_in_whole_seconds() -> None:
    clock = Clock(lambda: NEW_YEAR)
    assert (clock.moment(), clock.now()) == (NEW_YEAR, NEW_YEAR.replace(microsecond=0))


def test_every_time_of_an_environment_follows_its_clock(open_world: OpenWorld, receiver: WebhookReceiver) -> None:
    webhook = hook(receiver.url, webhook_secret="secret", max_retries=1)
    world = open_world(webhook, settings={"signature_scheme": "stripe", "rate_limit": 5})
    http = create_app(world).test_client()
    environment = world.default
    environment.freeze(NEW_YEAR)
    receiver.answer_next(500)
    emit(environment)
    environment.deliveries.advance(86_400)
    toggled = http.patch(TOGGLE, headers=TOKEN)
    logs = http.get(f"{WEBHOOK_PATH}/logs", headers=TOKEN).get_json()["data"]
    created = http.post(
        WEBHOOK_PATH.removesuffix(f"/{WEBHOOK}"),
        json={"name": "New", "webhook_url": receiver.url, "events": [STARTED]},
        headers=TOKEN,
    ).get_json()["data"]
    first, second = receiver.requests
    assert first.json["timestamp"] == second.json["timestamp"] == "2030-01-01T12:00:00.250Z"
    times = [re.sub(",.*", "", each.headers["stripe-signature"]) for each in (first, second)]
    assert times == [f"t={int(NEW_YEAR.timestamp())}", f"t={int(NEW_YEAR.timestamp()) + 1}"]
    assert toggled.get_json()["data"]["updated_at"] == created["created_at"] == "2030-01-02T12:00:00.000000Z"
    assert [(log["created_at"], log.get("delivered_at")) for log in logs] == [
        ("2030-01-01T12:00:01Z", "2030-01-01T12:00:01Z"),
        ("2030-01-01T12:00:00Z", None),
    ]
    assert toggled.headers["X-RateLimit-Reset"] == str(int(NEW_YEAR.timestamp()) + 86_400 + 60)
    assert [attempt.ended_at for attempt in attempts(environment)] == [NEW_YEAR, NEW_YEAR + timedelta(seconds=1)]


def test_the_log_of_a_manual_retry_and_a_test_follow_it_too(open_world: OpenWorld, receiver: WebhookReceiver) -> None:
    world = open_world(hook(receiver.url, max_retries=0))
    http = create_app(world).test_client()
    world.default.freeze(NEW_YEAR)
    receiver.answer_next(500)
    log_id = emit(world.default)[0].id
    world.default.deliveries.advance(30)
    queued = http.post(f"{WEBHOOK_PATH}/logs/{log_id}/retry", headers=TOKEN).get_json()["data"]
    world.default.deliveries.advance(0)
    http.post(f"{WEBHOOK_PATH}/test", headers=TOKEN)
    assert queued["queued_at"] == "2030-01-01T12:00:30Z"
    assert [request.json["timestamp"] for request in receiver.requests] == [
        "2030-01-01T12:00:00.250Z",
        "2030-01-01T12:00:00.250Z",
        "2030-01-01T12:00:30.250Z",
    ]


def test_ten_retries_over_minutes_run_in_no_time_and_in_order(open_world: OpenWorld, receiver: WebhookReceiver) -> None:
    environment = open_world(hook(receiver.url, max_retries=10)).default
    environment.freeze(MOMENT)
    receiver.answer_always(500)
    begin = monotonic()
    emit(environment)
    environment.deliveries.advance(181)
    assert monotonic() - begin < 5
    assert seconds_after(MOMENT, environment) == [0, 1, 3, 7, 15, 31, 61, 91, 121, 151, 181]
    assert environment.clock.moment() == MOMENT + timedelta(seconds=181)


def test_the_retries_of_several_webhooks_are_made_in_the_order_in_which_they_fall_due(
    open_world: OpenWorld, receiver: WebhookReceiver
) -> None:
    environment = open_world(*[hook(f"{receiver.url}/{id}", id, max_retries=3) for id in "ab"]).default
    environment.freeze(MOMENT)
    receiver.answer_always(500)
    emit(environment)
    environment.deliveries.advance(0.5)
    emit(environment)
    environment.deliveries.advance(60)
    assert seconds_after(MOMENT, environment) == [
        *[0, 0, 0.5, 0.5],
        *[1, 1, 1.5, 1.5],
        *[3, 3, 3.5, 3.5, 7, 7, 7.5, 7.5],
    ]
    assert "".join(request.path[-1] for request in receiver.requests) == "abababababababab"


def test_advancing_sends_what_has_fallen_due_before_it_returns_and_nothing_later(
    open_world: OpenWorld, receiver: WebhookReceiver
) -> None:
    environment = open_world(hook(receiver.url)).default
    environment.freeze(MOMENT)
    receiver.answer_always(500)
    environment.deliveries.emit(AGENT, STARTED)
    counts = []
    for step in (0, 0.999, 0.001, 1.999, 0.001, 3.999, 0.001, 3600):
        environment.deliveries.advance(step)
        counts.append(len(receiver.requests))
    assert counts == [1, 1, 2, 2, 3, 3, 4, 4]


def test_freezing_at_a_later_moment_sends_what_has_fallen_due_by_then(
    open_world: OpenWorld, receiver: WebhookReceiver
) -> None:
    environment = open_world(hook(receiver.url)).default
    environment.freeze(MOMENT)
    receiver.answer_next(500)
    emit(environment)
    environment.freeze(NEW_YEAR)
    environment.deliveries.advance(0)
    assert statuses(environment) == ["failed", "success"]
    assert attempts(environment)[1].created_at == MOMENT + timedelta(seconds=1)
    assert environment.clock.moment() == NEW_YEAR


def test_a_running_clock_can_be_advanced_and_runs_on_from_there(
    open_world: OpenWorld, receiver: WebhookReceiver
) -> None:
    environment = open_world(hook(receiver.url, max_retries=10)).default
    receiver.answer_always(500)
    begin, real = environment.clock.moment(), monotonic()
    emit(environment)
    environment.deliveries.advance(200)
    passed = (environment.clock.moment() - begin).total_seconds()
    assert 200 <= passed <= 200 + (monotonic() - real) + 0.01
    assert statuses(environment) == ["failed"] * 11
    assert not environment.clock.is_frozen
    environment.unfreeze()
    assert (environment.clock.moment() - begin).total_seconds() < 100


def test_two_advances_at_once_both_count(open_world: OpenWorld, receiver: WebhookReceiver) -> None:
    environment = open_world(hook(receiver.url, max_retries=10)).default
    environment.freeze(MOMENT)
    receiver.answer_always(500)
    emit(environment)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(environment.deliveries.advance, [50, 50, 50, 50]))
    assert environment.clock.moment() == MOMENT + timedelta(seconds=200)
    assert seconds_after(MOMENT, environment) == [0, 1, 3, 7, 15, 31, 61, 91, 121, 151, 181]


@pytest.mark.slow
def test_events_during_an_advance_are_sent_and_nothing_hangs(open_world: OpenWorld, receiver: WebhookReceiver) -> None:
    environment = open_world(hook(receiver.url, max_retries=1), hook(f"{receiver.url}/2", "2", max_retries=1)).default
    environment.freeze(MOMENT)
    receiver.answer_next(*[500] * 20)
    together = Barrier(2)

    def advance() -> None:
        together.wait(WAIT)
        for _ in range(30):
            environment.deliveries.advance(1)

    with ThreadPoolExecutor(1) as pool:
        advancing = pool.submit(advance)
        together.wait(WAIT)
        for _ in range(30):
            environment.deliveries.emit(AGENT, STARTED)
        advancing.result(WAIT)
    environment.deliveries.advance(10)
    assert environment.clock.moment() == MOMENT + timedelta(seconds=40)
    assert len(attempts(environment)) == len(receiver.requests) == 80
    assert sorted(set(statuses(environment))) == ["failed", "success"]
    assert statuses(environment).count("failed") == 20


@pytest.mark.slow
@pytest.mark.parametrize("settle", [False, True], ids=["advanced", "settled"])
def test_who_sets_the_clock_while_it_is_advanced_has_the_last_word(
    settle: bool, open_world: OpenWorld, receiver: WebhookReceiver
) -> None:
    environment = open_world(hook(receiver.url)).default
    environment.freeze(MOMENT)
    receiver.answer_next(500, Answer(500, delay_seconds=0.3))
    emit(environment)
    with ThreadPoolExecutor(1) as pool:
        advancing = pool.submit(environment.deliveries.advance, None if settle else 10)
        receiver.wait_for(2)
        environment.freeze(MOMENT - timedelta(days=1))
        advancing.result(WAIT)
    assert environment.clock.moment() == MOMENT - timedelta(days=1)
    assert statuses(environment) == ["failed", "retrying"]
    environment.deliveries.advance(10)
    assert statuses(environment) == ["failed", "failed", "success"]


@pytest.mark.slow
def test_a_clock_that_is_unfrozen_while_it_is_advanced_shows_the_real_time(
    open_world: OpenWorld, receiver: WebhookReceiver
) -> None:
    environment = open_world(hook(receiver.url)).default
    environment.freeze()
    receiver.answer_next(Answer(delay_seconds=0.3))
    environment.deliveries.emit(AGENT, STARTED)
    with ThreadPoolExecutor(1) as pool:
        advancing = pool.submit(environment.deliveries.advance, 86_400)
        receiver.wait_for(1)
        environment.unfreeze()
        advancing.result(WAIT)
    assert (environment.clock.is_frozen, environment.clock.offset) == (False, timedelta())


@pytest.mark.slow
@pytest.mark.parametrize("end", [Environment.reset, Environment.unfreeze], ids=["reset", "unfrozen"])
def test_whenever_a_reset_or_an_unfreezing_comes_no_frozen_time_is_left(
    end: Callable[[Environment], None], open_world: OpenWorld
) -> None:
    for environment, _ in every_turn(
        lambda: open_world(hook("http://127.0.0.1:9/")).default,
        lambda environment: environment.freeze(NEW_YEAR + timedelta(days=365_000)),
        end,
        environment_module,
        advancing_module,
    ):
        assert environment.clock.is_frozen or environment.clock.offset == timedelta()


def test_the_clocks_of_environments_are_their_own(open_world: OpenWorld, receiver: WebhookReceiver) -> None:
    world = open_world(hook(receiver.url))
    other = world.open(world.default.baseline)
    world.default.freeze(NEW_YEAR)
    other.freeze(MOMENT)
    world.default.deliveries.advance(60)
    assert [each.clock.moment() for each in (world.default, other)] == [NEW_YEAR + timedelta(seconds=60), MOMENT]


def test_the_window_of_the_rate_limit_moves_with_the_clock(open_world: OpenWorld, receiver: WebhookReceiver) -> None:
    world = open_world(hook(receiver.url), settings={"rate_limit": 2, "enforce_rate_limit": True})
    http = create_app(world).test_client()
    world.default.freeze(NEW_YEAR)
    assert [_call(http) for _ in range(3)] == [(200, "1", 60), (200, "0", 60), (429, "0", 60)]
    world.default.deliveries.advance(59)
    assert _call(http) == (429, "0", 60)
    world.default.deliveries.advance(1)
    assert _call(http) == (200, "1", 120)


def _call(http: FlaskClient) -> tuple[int, str, int]:
    """Status, calls that remain, and when the window ends in seconds after New Year."""
    answer = http.get(WEBHOOK_PATH, headers=TOKEN)
    reset = int(answer.headers["X-RateLimit-Reset"]) - int(NEW_YEAR.timestamp())
    return answer.status_code, answer.headers["X-RateLimit-Remaining"], reset


@pytest.mark.parametrize("frozen", [True, False])
def test_a_reset_gives_the_real_time_back(open_world: OpenWorld, receiver: WebhookReceiver, frozen: bool) -> None:
    environment = open_world(hook(receiver.url)).default
    if frozen:
        environment.freeze(NEW_YEAR)
    environment.deliveries.advance(86_400 * 365)
    environment.reset()
    assert not environment.clock.is_frozen
    assert abs(datetime.now(timezone.utc) - environment.clock.moment()) < timedelta(seconds=10)


@pytest.mark.parametrize("seconds", [0, None], ids=["by no time", "as far as it must"])
def test_a_running_clock_that_has_nothing_to_reach_stays_the_real_time(open_world: OpenWorld, seconds: float) -> None:
    environment = open_world().default
    environment.deliveries.advance(seconds)
    assert environment.clock.offset == timedelta()
