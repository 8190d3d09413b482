"""Environments with a schedule, as their client sees them: an order of deliveries follows from a seed."""

from typing import Any

import pytest

from talkover_mock.base.shapes.admin import Schedule
from talkover_mock.client import MockServer, MockServerError
from talkover_mock.receiver import WebhookReceiver
from tests.doors.conftest import IN_PROCESS, OVER_HTTP
from tests.support.delivering import ENDED, STARTED, WAIT
from tests.support.disturbed import HoldingReceiver, started
from tests.support.documented import AGENT, WEBHOOK
from tests.support.rows import each_row

NOTES = {"late", "again", "again, at the same time", "answer lost"}
SEEDS = range(30)


def story(mock: MockServer, receiver: WebhookReceiver, schedule: Any) -> Schedule:
    """A call under a schedule, to its end: the schedule as it went, and the receiver has what it got."""
    receiver.clear()
    environment = mock.open_environment(schedule=schedule)
    fields = {"id": WEBHOOK, "name": "Mine", "webhook_url": receiver.url, "events": [STARTED, ENDED]}
    environment.replace_state({"agents": [{"id": AGENT, "name": "Mine", "webhooks": [{**fields, "enabled": True}]}]})
    for event in (STARTED, ENDED, ENDED):
        environment.emit(AGENT, event, call={"id": "one"})
    environment.settle()
    return environment.close()["schedule"]


@pytest.mark.slow
def test_the_order_follows_from_the_seed_and_is_told(mock: MockServer, receiver: WebhookReceiver) -> None:
    orders = []
    for seed in SEEDS:
        schedule = story(mock, receiver, seed)
        names = [each.partition(" (")[0] for each in schedule["order"]]
        assert names == [event.removeprefix("event_phone_") for event in receiver.events]
        assert story(mock, receiver, {"seed": seed}) == schedule
        orders.append(tuple(schedule["order"]))
    assert len(set(orders)) > len(SEEDS) / 3
    assert {each.partition(" (")[2].rstrip(")") for order in orders for each in order} >= NOTES | {""}


@pytest.mark.slow
def test_a_slow_receiver_changes_neither_the_order_nor_the_times(mock: MockServer) -> None:
    def attempts(seed: int, is_slow: bool) -> list[Any]:
        with started(HoldingReceiver()) as receiver:
            environment = mock.open_environment(schedule=seed)
            environment.freeze("2025-09-03T23:50:15Z")
            environment.set_webhook(WEBHOOK, webhook_url=receiver.url, events=[STARTED], enabled=True)
            if not is_slow:
                receiver.go_on.set()
            for number in range(8):
                environment.emit(AGENT, STARTED, call={"id": f"call-{number}"}, wait=0 if is_slow else WAIT)
            receiver.go_on.set()
            environment.settle()
            environment.close()
            return [(each.json["call_id"], each.json["timestamp"]) for each in receiver.requests]

    for seed in range(8):
        assert attempts(seed, is_slow=True) == attempts(seed, is_slow=False), seed


def test_a_clock_that_is_set_back_makes_no_retry_late(mock: MockServer) -> None:
    with started(HoldingReceiver()) as receiver:
        receiver.answer_next(500)
        environment = mock.open_environment(schedule={"seed": 1, "only": []})
        environment.set_webhook(WEBHOOK, webhook_url=receiver.url, events=[STARTED], enabled=True)
        environment.emit(AGENT, STARTED, wait=0)
        receiver.wait_for(1)
        environment.freeze("2020-01-01T00:00:00Z")
        receiver.go_on.set()
        environment.deliveries(min=1, status="retrying", wait=WAIT)
        environment.advance(seconds=10)
        assert [each["created_at"][:4] for each in environment.deliveries(min=2, wait=WAIT)][1:] == ["2020"]
        environment.close()


@pytest.mark.slow
def test_every_event_arrives_and_no_two_are_the_same_bytes(mock: MockServer, receiver: WebhookReceiver) -> None:
    for seed in SEEDS:
        story(mock, receiver, seed)
        bodies = {each.body: each.event for each in receiver.requests}
        assert sorted(bodies.values()) == [ENDED, ENDED, STARTED]
        times = sorted(each.json["timestamp"] for each in receiver.requests)
        assert len(set(times)) == len(bodies)


@pytest.mark.slow
def test_a_disturbance_that_is_left_out_moves_no_other(mock: MockServer, receiver: WebhookReceiver) -> None:
    many = next(found for seed in SEEDS if len((found := story(mock, receiver, seed))["struck"]) == 3)
    for number in many["struck"]:
        others = [each for each in many["struck"] if each != number]
        assert story(mock, receiver, {"seed": many["seed"], "only": others})["struck"] == others
    assert story(mock, receiver, {"seed": many["seed"], "only": []}) == {
        "seed": many["seed"],
        "only": [],
        "struck": [],
        "order": ["call_started", "call_ended", "call_ended"],
    }


def test_a_reset_begins_the_schedule_anew(mock: MockServer, receiver: WebhookReceiver) -> None:
    environment = mock.open_environment(schedule=1)
    orders = []
    for _ in range(2):
        environment.set_webhook(WEBHOOK, webhook_url=receiver.url, enabled=True)
        for event in (STARTED, ENDED):
            environment.emit(AGENT, event)
        environment.settle()
        orders.append(environment.environment(environment.name)["schedule"])
        environment.reset()
        assert environment.clock()["frozen"]
    assert orders[0] == orders[1] != environment.close()["schedule"]


def test_several_calls_are_told_apart(mock: MockServer, receiver: WebhookReceiver) -> None:
    environment = mock.open_environment(schedule={"seed": 0, "only": []})
    environment.set_webhook(WEBHOOK, webhook_url=receiver.url, enabled=True)
    for call in ("a", "b"):
        environment.emit(AGENT, STARTED, call={"id": call})
    assert environment.close()["schedule"]["order"] == ["call_started of call 1", "call_started of call 2"]


def test_a_fault_of_the_test_comes_first(mock: MockServer, receiver: WebhookReceiver) -> None:
    seed = next(seed for seed in SEEDS if "1" in story(mock, receiver, seed)["struck"])
    environment = mock.open_environment(schedule=seed)
    environment.set_webhook(WEBHOOK, webhook_url=receiver.url, enabled=True)
    fault = environment.add_fault("drop", on="deliveries", times=1)
    [dropped] = environment.emit(AGENT, STARTED)
    assert dropped["fault"] == f"{fault['id']} (drop)"
    assert environment.close()["schedule"]["struck"] == []


@pytest.mark.parametrize("mock", [IN_PROCESS, OVER_HTTP], indirect=True)
@pytest.mark.parametrize("is_frozen", [True, False])
def test_settling_sends_all_that_is_queued(mock: MockServer, receiver: WebhookReceiver, is_frozen: bool) -> None:
    mock.set_webhook(WEBHOOK, webhook_url=receiver.url, enabled=True)
    if is_frozen:
        mock.freeze("2025-09-03T23:19:51Z")
    mock.add_fault("delay", on="deliveries", event=STARTED, delay_seconds=4000, times=1)
    receiver.answer_next(500, 500)
    mock.emit(AGENT, STARTED)
    mock.settle()
    assert receiver.events == [STARTED] * 3
    assert [each["status"] for each in mock.deliveries(webhook_id=WEBHOOK)] == ["failed", "failed", "success"]
    assert mock.clock()["frozen"] == is_frozen
    if is_frozen:
        assert mock.clock()["now"] == "2025-09-04T00:26:34.000Z"


@each_row("schedule", [-1, "a", True, 1.5, {"seed": -1}, {"only": [3]}, {"only": "3"}, {"sed": 1}])
def test_what_is_no_schedule_is_refused(mock: MockServer, schedule: Any) -> None:
    with pytest.raises(MockServerError, match="schedule") as caught:
        mock.open_environment(schedule=schedule)
    assert caught.value.status == 422


@pytest.mark.slow
@each_row("id", [[1], {"a": 1}, 7, "one"])
def test_a_call_may_have_any_id(mock: MockServer, receiver: WebhookReceiver, id: object) -> None:
    environment = mock.open_environment(schedule={"seed": 3, "only": []})
    fields = {"id": WEBHOOK, "name": "Mine", "webhook_url": receiver.url, "events": [ENDED]}
    environment.replace_state({"agents": [{"id": AGENT, "name": "Mine", "webhooks": [fields]}]})
    for call in (id, "other", id):
        environment.emit(AGENT, ENDED, call={"id": call})
    environment.settle()
    expected = [f"call_ended of call {number}" for number in (1, 2, 1)]
    assert environment.close()["schedule"]["order"] == expected
