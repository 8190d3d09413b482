"""Events: which webhooks get one, how often, in which order, and by which configuration."""

from collections.abc import Callable
from typing import Any

import pytest
import requests

from talkover_mock.admin.problems import problem_of
from talkover_mock.base.refusals import Conflict
from talkover_mock.client import MockServer
from talkover_mock.dialect.errors import AgentNotFound
from talkover_mock.dialect.events import EVENTS
from talkover_mock.environments.environment import Environment
from talkover_mock.environments.schedules import Schedule
from talkover_mock.environments.world import World
from talkover_mock.loading.mistakes import Source
from talkover_mock.receiver import Answer, ReceivedRequest, WebhookReceiver, running_receiver
from tests.support.disturbed import HoldingReceiver, started
from tests.support.documented import AGENT, OTHER_AGENT, TOGGLE, WEBHOOK
from tests.support.stories import ENDED, MOMENT, OTHER, STARTED, WAIT, attempts, emit, hook, statuses

OpenWorld = Callable[..., World]
HUNG = Answer(delay_seconds=60)
"""Under way until the receiver stops, or whoever waits for it gives up."""


def environment_of(open_world: OpenWorld, *webhooks: dict[str, Any], **body: Any) -> Environment:
    """Its clock is frozen, so that what is sent goes out one by one."""
    environment = open_world(*webhooks, **body).default
    environment.freeze(MOMENT)
    return environment


def paths(receiver: WebhookReceiver) -> list[str]:
    return [request.path for request in receiver.requests]


def test_an_event_goes_once_to_each_enabled_webhook_that_lists_it_and_to_nobody_else(
    open_world: OpenWorld, receiver: WebhookReceiver
) -> None:
    other_agent = {"id": OTHER_AGENT, "name": "Other", "webhooks": [hook(f"{receiver.url}/other-agent", "o")]}
    same_agent = {"id": AGENT, "name": "My Agent", "webhooks": [hook(f"{receiver.url}/other-environment", "e")]}
    environment = environment_of(
        open_world,
        hook(f"{receiver.url}/first", "1"),
        hook(f"{receiver.url}/second", "2", events=[ENDED, STARTED]),
        hook(f"{receiver.url}/disabled", "3", enabled=False),
        hook(f"{receiver.url}/not-listed", "4", events=[ENDED]),
        hook(f"{receiver.url}/in-error", "5", status="error"),
        environments={"staging": {"tokens": ["talq_staging"], "agents": [other_agent, same_agent]}},
    )
    emitted = environment.deliveries.emit(AGENT, STARTED)
    environment.deliveries.advance(3600)
    assert paths(receiver) == ["/webhook/first", "/webhook/second", "/webhook/in-error"]
    assert [delivery.webhook_id for delivery in emitted.deliveries] == ["1", "2", "5"]
    assert [(each.id, why) for each, why in emitted.skipped] == [
        ("3", "it is disabled"),
        ("4", "it does not list the event"),
    ]


def test_each_of_the_22_events_reaches_who_asked_for_it(open_world: OpenWorld, receiver: WebhookReceiver) -> None:
    hooks = [hook(f"{receiver.url}/{event}", event, events=[event]) for event in EVENTS]
    environment = environment_of(open_world, *hooks)
    for event in EVENTS:
        emit(environment, event)
    assert paths(receiver) == [f"/webhook/{event}" for event in EVENTS]
    assert receiver.events == list(EVENTS)


def test_an_event_of_one_environment_does_not_happen_in_its_copy(
    open_world: OpenWorld, receiver: WebhookReceiver
) -> None:
    world = open_world(hook(receiver.url))
    copy = world.open(world.default.baseline)
    emit(world.default)
    assert (len(attempts(world.default)), len(attempts(copy)), len(receiver.requests)) == (1, 0, 1)


def test_no_event_happens_at_an_unknown_agent(open_world: OpenWorld, receiver: WebhookReceiver) -> None:
    environment = environment_of(open_world, hook(receiver.url))
    with pytest.raises(AgentNotFound):
        environment.deliveries.emit(OTHER_AGENT, STARTED)
    assert attempts(environment) == []


def test_a_webhook_that_is_toggled_off_gets_nothing_and_later_only_what_is_new(
    mock: MockServer, receiver: WebhookReceiver
) -> None:
    mock.set_webhook(WEBHOOK, webhook_url=receiver.url, enabled=True)

    def emitted(number: int) -> int:
        return len(mock.emit(AGENT, STARTED, data={"number": number}))

    def toggle() -> str:
        return str(requests.patch(mock.url + TOGGLE, headers=mock.headers, timeout=WAIT).json()["message"])

    mock.freeze()
    assert emitted(1) == 1
    assert (toggle(), emitted(2)) == ("Webhook disabled", 0)
    mock.advance(3600)
    assert (toggle(), emitted(3)) == ("Webhook enabled", 1)
    mock.advance(3600)
    assert [request.json["number"] for request in receiver.requests] == [1, 3]


def disable(environment: Environment) -> None:
    environment.webhooks.toggle(AGENT, WEBHOOK)


def delete(environment: Environment) -> None:
    environment.webhooks.delete(AGENT, WEBHOOK)


@pytest.mark.parametrize("stop", [disable, delete])
@pytest.mark.parametrize("frozen", [True, False])
def test_what_waits_when_its_webhook_goes_is_dropped_and_never_comes_later(
    open_world: OpenWorld, stop: Callable[[Environment], None], frozen: bool
) -> None:
    with started(HoldingReceiver()) as receiver, running_receiver() as other:
        environment = environment_of(open_world, hook(receiver.url, max_retries=0), hook(other.url, "2"))
        if not frozen:
            environment.unfreeze()
        for _ in range(4):
            environment.deliveries.emit(AGENT, STARTED)
        receiver.wait_for(1)
        stop(environment)
        receiver.go_on.set()
        found = environment.deliveries.log.watch(lambda _: True, 8, None, WAIT)
        assert found.satisfied
        mine = [each for each in found.items if each.webhook_id == WEBHOOK]
        assert [(each.status, each.outcome and each.outcome.error) for each in mine] == [
            ("success", None),
            *[("failed", "Webhook disabled or deleted before it was sent")] * 3,
        ]
        assert [each.outgoing is None for each in mine] == [False, True, True, True]
        if stop is disable:
            disable(environment)
            emit(environment)
        assert (len(receiver.requests), len(other.requests)) == (1 + (stop is disable), 4 + (stop is disable))


CHANGES: list[tuple[dict[str, Any], Callable[[Any, ReceivedRequest], Any], Any, Any]] = [
    ({"webhook_url": "moved"}, lambda _, request: request.path, "/webhook", "/webhook/moved"),
    ({"http_method": "PUT"}, lambda _, request: request.method, "POST", "PUT"),
    ({"timeout": 77}, lambda delivery, _: delivery.outgoing.timeout, 30, 77),
    (
        {"custom_headers": [{"key": "X-New", "value": "yes"}]},
        lambda _, request: request.headers.get("x-new"),
        None,
        "yes",
    ),
    ({"webhook_secret": "new"}, lambda _, request: request.is_signed_with("new"), False, True),
    ({"name": "Renamed"}, lambda _, request: request.json.get("webhook_name"), "My Webhook", "Renamed"),
    (
        {"payload_templates": {STARTED: {"was": "{{event}}"}}},
        lambda _, request: request.json.get("was"),
        None,
        STARTED,
    ),
    ({"max_retries": 1}, lambda delivery, _: delivery.status, "failed", "failed"),
    ({"max_retries": 2}, lambda delivery, _: delivery.status, "failed", "retrying"),
    ({"events": [ENDED]}, lambda _, request: request.json["event"], STARTED, STARTED),
]
"""What is changed between two attempts, where it shows, and what the first and the second attempt show."""


@pytest.mark.parametrize(("change", "see", "first", "second"), CHANGES, ids=[str(each[0]) for each in CHANGES])
def test_an_attempt_uses_the_configuration_of_its_own_moment(
    open_world: OpenWorld,
    receiver: WebhookReceiver,
    change: dict[str, Any],
    see: Callable[[Any, ReceivedRequest], Any],
    first: Any,
    second: Any,
) -> None:
    environment = environment_of(open_world, hook(receiver.url, max_retries=3))
    receiver.answer_always(500)
    emit(environment)
    moved = {"webhook_url": f"{receiver.url}/{change['webhook_url']}"} if "webhook_url" in change else {}
    environment.webhooks.update(AGENT, WEBHOOK, {**change, **moved})
    environment.deliveries.advance(1)
    assert list(map(see, attempts(environment), receiver.requests)) == [first, second]


@pytest.mark.slow
def test_what_already_went_out_is_not_changed_by_an_update(open_world: OpenWorld, receiver: WebhookReceiver) -> None:
    environment = open_world(hook(receiver.url)).default
    receiver.answer_next(Answer(delay_seconds=0.1))
    environment.deliveries.emit(AGENT, STARTED)
    receiver.wait_for(1)
    environment.webhooks.update(AGENT, WEBHOOK, {"name": "Renamed", "webhook_url": "http://localhost:1/"})
    emit_ended = environment.deliveries.log.watch(lambda _: True, 1, None, WAIT).items[0]
    assert (emit_ended.status, emit_ended.outgoing and emit_ended.outgoing.url) == ("success", receiver.url)
    assert receiver.requests[0].json["webhook_name"] == "My Webhook"


def numbers(receiver: WebhookReceiver, path: str = "/webhook") -> list[int]:
    return [request.json["number"] for request in receiver.requests if request.path == path]


@pytest.mark.slow
def test_the_deliveries_of_one_webhook_go_out_one_after_another_in_order(
    open_world: OpenWorld, receiver: WebhookReceiver
) -> None:
    environment = open_world(hook(receiver.url), hook(f"{receiver.url}/2", "2")).default
    receiver.answer_next(*[Answer(delay_seconds=0.05)] * 3)
    for number in range(40):
        environment.deliveries.emit(AGENT, STARTED, extra={"number": number})
    assert environment.deliveries.log.watch(lambda _: True, 80, None, WAIT).satisfied
    assert numbers(receiver) == numbers(receiver, "/webhook/2") == list(range(40))


@pytest.mark.slow
def test_while_the_clock_stands_still_those_of_all_webhooks_do(
    open_world: OpenWorld, receiver: WebhookReceiver
) -> None:
    environment = environment_of(open_world, *[hook(f"{receiver.url}/{id}", id) for id in "abc"])
    receiver.answer_next(Answer(delay_seconds=0.05), 200, Answer(delay_seconds=0.05))
    for number in range(5):
        environment.deliveries.emit(AGENT, STARTED, extra={"number": number})
    environment.deliveries.advance(0)
    came = [(request.json["number"], request.path[-1]) for request in receiver.requests]
    assert came == [(number, id) for number in range(5) for id in "abc"]


@pytest.mark.parametrize("frozen_first", [True, False])
def test_what_waits_goes_out_in_order_when_the_clock_is_frozen_or_let_go_meanwhile(
    open_world: OpenWorld, frozen_first: bool
) -> None:
    with started(HoldingReceiver()) as receiver:
        environment = open_world(hook(receiver.url)).default
        if frozen_first:
            environment.freeze()
        for number in range(5):
            environment.deliveries.emit(AGENT, STARTED, extra={"number": number})
        receiver.wait_for(1)
        if frozen_first:
            environment.unfreeze()
        else:
            environment.freeze()
        receiver.go_on.set()
        emit(environment, number=5)
    assert numbers(receiver) == list(range(6))
    assert statuses(environment) == ["success"] * 6


def test_an_event_is_refused_whole_when_more_would_wait_than_is_kept(
    open_world: OpenWorld, receiver: WebhookReceiver
) -> None:
    environment = open_world(hook(receiver.url), hook(f"{receiver.url}/2", "2"), most_kept=7).default
    receiver.answer_always(HUNG)
    for _ in range(4):  # of each webhook's four, one is under way and three wait
        environment.deliveries.emit(AGENT, STARTED)
        receiver.wait_for(2)
    with pytest.raises(Conflict) as refused:
        environment.deliveries.emit(AGENT, STARTED)
    assert (problem := problem_of(refused.value)) is not None
    assert problem.status == 409
    assert refused.value.detail == "6 deliveries are queued, and 2 more would exceed the limit of 7"
    assert len(receiver.requests) == 2


def test_a_refused_event_moves_no_clock_and_uses_no_id_up(open_world: OpenWorld) -> None:
    world = open_world(hook("http://127.0.0.1:9/"), hook("http://127.0.0.1:9/", OTHER), most_kept=1)
    environment, same = (world.open(world.default.baseline, schedule=Schedule(1)) for _ in range(2))
    before = environment.clock.moment()
    with pytest.raises(Conflict):
        environment.deliveries.emit(AGENT, STARTED)
    assert environment.clock.moment() == before
    assert environment.deliveries.ids.new(MOMENT) == same.deliveries.ids.new(MOMENT)


def test_a_seed_that_comes_back_makes_no_id_twice(open_world: OpenWorld, receiver: WebhookReceiver) -> None:
    environment = open_world(hook(receiver.url)).default
    environment.freeze(MOMENT)
    [first] = emit(environment)
    for seed in (1, 0):
        environment.documents.merge(Source("settings", "", {"settings": {"seed": seed}}))
    [second] = emit(environment)
    assert first.id != second.id
    assert [each.id for each in attempts(environment)] == [first.id, second.id]
