"""The purpose of an environment's lock for deliveries: none is lost, and none goes out at a wrong time."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from datetime import datetime, timezone
from threading import Event, RLock
from time import monotonic
from typing import Any

import pytest

from talkover_mock.base import history as history_module
from talkover_mock.base.clock import Clock
from talkover_mock.base.refusals import Conflict, Missing
from talkover_mock.deliveries import operations as operations_module
from talkover_mock.deliveries import outbox as outbox_module
from talkover_mock.deliveries.attempts import Attempt
from talkover_mock.deliveries.outbox import Outbox
from talkover_mock.deliveries.records import Delivery, Occurrence, Outcome
from talkover_mock.deliveries.sharing import Sharing
from talkover_mock.dialect.ids import IdSource
from talkover_mock.environments import environment as environment_module
from talkover_mock.environments.environment import Environment
from talkover_mock.environments.world import World
from talkover_mock.receiver import Answer, WebhookReceiver
from talkover_mock.state.store import State
from tests.support.documented import AGENT, WEBHOOK
from tests.support.fixture_documents import baseline
from tests.support.fixture_documents import fixture as one_agent
from tests.support.fixture_documents import hook as a_webhook
from tests.support.peers import Peer, peers
from tests.support.stories import STARTED, WAIT, attempts, emit, hook, statuses
from tests.support.turns import errors_in, every_turn

LATER = datetime(2400, 1, 1, tzinfo=timezone.utc)


@pytest.mark.slow
@pytest.mark.parametrize("to", [None, datetime(2000, 1, 1, tzinfo=timezone.utc)], ids=["unfreeze", "freeze"])
def test_an_attempt_that_fails_while_the_clock_goes_back_is_retried_after_its_pause(
    open_world: Callable[..., World], to: datetime | None
) -> None:
    """When the clock goes back by centuries, a retry that was scheduled before comes as much earlier, and no other."""

    def answer_500(peer: Peer, connection: Any) -> None:
        peer.read_request(connection)
        assert go.wait(WAIT)
        connection.sendall(b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n")

    def under_way() -> Environment:
        go.clear()
        peer.connected.clear()
        one = open_world(hook(peer.url), settings={"retry_schedule": [3600]}).default
        one.freeze(LATER)
        one.deliveries.emit(AGENT, STARTED)
        assert peer.connected.wait(WAIT)
        return one

    def fail(environment: Environment) -> None:
        go.set()
        deadline = monotonic() + WAIT
        while statuses(environment) != ["retrying"]:
            assert monotonic() < deadline

    def go_back(environment: Environment) -> None:
        if to:
            environment.freeze(to)
        else:
            environment.unfreeze()

    go = Event()
    with peers() as start:
        peer = start(answer_500)
        for each, results in every_turn(under_way, go_back, fail, environment_module, patience=0.05):
            assert errors_in(results) == []
            each.freeze()
            each.deliveries.advance(3500)
            assert statuses(each) == ["retrying"]
            each.deliveries.advance(200)
            assert statuses(each) == ["failed", "retrying"]
        go.set()  # for the last one, whose clock went back undisturbed


def nearly_full(open_world: Callable[..., World], receiver: WebhookReceiver) -> Callable[[], Environment]:
    """Makes environments in which an attempt is under way, behind which the next one waits."""
    receiver.answer_always(Answer(delay_seconds=1800))

    def begin() -> Environment:
        receiver.clear()
        one = open_world(hook(receiver.url), most_kept=1).default
        one.deliveries.emit(AGENT, STARTED)
        receiver.wait_for(1)
        return one

    return begin


@pytest.mark.slow
def test_when_one_more_delivery_fits_two_events_at_once_queue_one(
    open_world: Callable[..., World], receiver: WebhookReceiver
) -> None:
    def emit(environment: Environment) -> int:
        return len(environment.deliveries.emit(AGENT, STARTED).deliveries)

    begin = nearly_full(open_world, receiver)
    for each, results in every_turn(begin, emit, emit, operations_module, outbox_module):
        assert (results.count(1), errors_in(results)) == (1, [Conflict])
        each.close()


@pytest.mark.slow
def test_when_one_more_delivery_fits_two_at_once_are_sent_again_once(
    open_world: Callable[..., World], receiver: WebhookReceiver
) -> None:
    def send_again(environment: Environment) -> int:
        return len(environment.deliveries.redeliver(attempts(environment)[-1].id).deliveries)

    for each, results in every_turn(
        nearly_full(open_world, receiver), send_again, send_again, operations_module, outbox_module
    ):
        [refused] = errors_in(results)
        assert (results.count(1), refused in {Conflict, Missing}) == (1, True)  # the log keeps one, too
        each.close()


class Claiming:
    """A webhook's first delivery is under way, and its second one is due."""

    def __init__(self) -> None:
        self.lock = RLock()
        state = State(baseline(one_agent(a_webhook(id="webhook", events=[STARTED]))))
        self.outbox = Outbox(state, self.lock, Clock(), IdSource("deliveries", 0), Sharing(lambda _: None, (), 100))
        occurrence = Occurrence("event", "agent", STARTED, LATER)
        for id in ("first", "second"):
            self.outbox.queue(Delivery(id, "webhook", occurrence, 1, LATER))
        first = self.outbox.claim()
        assert isinstance(first, Attempt)
        self.first = first

    def claim(self) -> str | None:
        claimed = self.outbox.claim()
        return claimed.scheduled.delivery.id if isinstance(claimed, Attempt) else None

    def end_the_first(self) -> str | None:
        self.outbox.finish(self.first, Outcome(status=200), None)
        return None


def test_a_delivery_that_is_due_as_the_one_before_it_ends_goes_out() -> None:
    for each, (claimed, _) in every_turn(Claiming, Claiming.claim, Claiming.end_the_first, outbox_module):
        assert [claimed, each.claim()].count("second") == 1


@pytest.mark.slow
def test_an_event_that_comes_while_deliveries_are_forgotten_is_kept(
    open_world: Callable[..., World], receiver: WebhookReceiver
) -> None:
    def with_history() -> Environment:
        receiver.answer_always(200)
        one = open_world(hook(receiver.url)).default
        for _ in range(3):
            emit(one)
        receiver.answer_always(Answer(delay_seconds=1800))
        return one

    def forget(environment: Environment) -> int:
        return environment.deliveries.clear()

    def come(environment: Environment) -> int:
        return len(environment.deliveries.emit(AGENT, STARTED).deliveries)

    for each, results in every_turn(with_history, forget, come, operations_module, history_module):
        assert results == [3, 1]
        assert len(attempts(each)) == 1


@pytest.mark.slow
def test_closing_an_environment_stops_every_test_that_is_under_way(
    open_world: Callable[..., World], receiver: WebhookReceiver
) -> None:
    """A test that has been stopped ends at once, and must not disturb the stopping of the others."""
    receiver.answer_always(Answer(delay_seconds=1800))

    def under_way() -> tuple[Environment, list[Future[Outcome]]]:
        receiver.clear()
        one = open_world(hook(receiver.url)).default
        tests = [pool.submit(one.deliveries.test, AGENT, WEBHOOK) for _ in range(3)]
        receiver.wait_for(3)
        return one, tests

    def close(prepared: tuple[Environment, list[Future[Outcome]]]) -> None:
        prepared[0].close()

    def look(prepared: tuple[Environment, list[Future[Outcome]]]) -> None:
        wait(prepared[1], 0.02)

    with ThreadPoolExecutor(3) as pool:
        for (_, tests), results in every_turn(under_way, close, look, outbox_module, patience=0.02):
            assert errors_in(results) == []
            assert [test.result(WAIT).status for test in tests] == [None] * 3
        wait(tests)
