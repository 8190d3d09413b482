"""Sending a delivery again on demand: which one, what of it is the same, and when there is nothing to send."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from flask.testing import FlaskClient

from talkover_mock.admin.guard import Guard
from talkover_mock.app import create_app
from talkover_mock.base.refusals import Conflict, Missing
from talkover_mock.environments.environment import Environment
from talkover_mock.receiver import Answer, WebhookReceiver
from tests.support.disturbed import HoldingReceiver, OpenWorld, add, frozen, running, started, story
from tests.support.documented import AGENT, TOKEN, WEBHOOK
from tests.support.stories import MOMENT, STARTED, WAIT, attempts, emit, hook

LOGS = f"/api/v1/agents/{AGENT}/webhooks/{WEBHOOK}/logs"


def redeliver(environment: Environment, id: str, replay: bool = False) -> None:
    """Sends it again, and returns when that has ended."""
    emitted = environment.deliveries.redeliver(id, replay)
    awaited = {each.id for each in emitted.awaited}
    assert emitted.log.watch(lambda each: each.id in awaited and each.ended, len(awaited), None, WAIT).satisfied


@pytest.mark.parametrize("opened", [frozen, running])
def test_any_delivery_is_sent_again_as_the_same_event(
    open_world: OpenWorld, receiver: WebhookReceiver, opened: object
) -> None:
    environment = (frozen if opened is frozen else running)(open_world, receiver, max_retries=0)
    receiver.answer_next(200, 500)
    for _ in range(2):
        emit(environment)
    for each in attempts(environment):
        redeliver(environment, each.id)
    first, failed, again, failed_again = attempts(environment)
    assert [each.status for each in (first, failed, again, failed_again)] == ["success", "failed", "success", "success"]
    assert (again.occurrence, again.attempt, again.copy_of) == (first.occurrence, 1, first.id)
    assert (failed_again.occurrence, failed_again.copy_of) == (failed.occurrence, failed.id)
    bodies = [each.body for each in receiver.requests]
    assert bodies[:2] == bodies[2:]


@pytest.mark.parametrize("replay", [False, True])
def test_it_is_made_anew_or_is_the_old_bytes_and_headers(
    open_world: OpenWorld, receiver: WebhookReceiver, replay: bool
) -> None:
    world = open_world(hook(receiver.url, webhook_secret="secret"), settings={"signature_scheme": "stripe"})
    environment = world.default
    environment.freeze(MOMENT)
    [first] = emit(environment)
    environment.deliveries.advance(600)
    environment.webhooks.update(AGENT, WEBHOOK, {"name": "Renamed", "webhook_url": f"{receiver.url}/new"})
    redeliver(environment, first.id, replay)
    old, new = receiver.requests
    assert (new == old) is replay
    assert (new.headers["stripe-signature"] == old.headers["stripe-signature"]) is replay
    assert (new.path, new.json["webhook_name"]) == (
        ("/webhook", "My Webhook") if replay else ("/webhook/new", "Renamed")
    )


def test_it_is_a_single_attempt_and_goes_to_a_disabled_webhook_too(
    open_world: OpenWorld, receiver: WebhookReceiver
) -> None:
    environment = frozen(open_world, receiver)
    [first] = emit(environment)
    environment.webhooks.toggle(AGENT, WEBHOOK)
    receiver.answer_next(500)
    redeliver(environment, first.id)
    environment.deliveries.advance(3600)
    assert story(environment) == ["started 1: success", "started 1: failed"]
    assert len(receiver.requests) == 2


def test_what_a_fault_has_dropped_can_be_sent_after_all_and_a_fault_may_strike_it(
    open_world: OpenWorld, receiver: WebhookReceiver
) -> None:
    environment = frozen(open_world, receiver)
    add(environment, "drop", times=1)
    [dropped] = emit(environment)
    redeliver(environment, dropped.id)
    add(environment, "repeat", times=1)
    redeliver(environment, dropped.id)
    assert story(environment) == [
        "started 1: failed (drop)",
        "started 1: success",
        *["started 1: success (repeat)"] * 2,
    ]
    with pytest.raises(Conflict, match="no request was made of it, so there are no old bytes to replay"):
        environment.deliveries.redeliver(dropped.id, replay=True)


def test_a_test_is_sent_again_as_a_test_which_no_fault_drops(open_world: OpenWorld, receiver: WebhookReceiver) -> None:
    world = open_world(hook(receiver.url))
    environment, http = world.default, create_app(world, Guard()).test_client()
    fault = add(environment, "drop")
    environment.deliveries.test(AGENT, WEBHOOK)
    redeliver(environment, attempts(environment)[0].id)
    assert receiver.events == ["webhook.test", "webhook.test"]
    assert receiver.requests[0].body == receiver.requests[1].body
    assert (fault.matched, [each.is_test for each in attempts(environment)]) == (0, [True, True])
    assert http.get(LOGS, headers=TOKEN).get_json()["data"] == []


@pytest.mark.slow
def test_one_that_is_under_way_is_sent_again_behind_it(open_world: OpenWorld, receiver: WebhookReceiver) -> None:
    environment = running(open_world, receiver)
    receiver.answer_next(Answer(delay_seconds=0.1))
    emitted = environment.deliveries.emit(AGENT, STARTED)
    receiver.wait_for(1)
    redeliver(environment, emitted.deliveries[0].id)
    assert story(environment) == ["started 1: success", "started 1: success"]


def test_the_log_of_the_api_has_it_like_any_other_attempt(http: FlaskClient) -> None:
    http.patch(f"/api/v1/agents/{AGENT}/webhooks/{WEBHOOK}/toggle", headers=TOKEN)
    emitted = http.post("/__admin/events", json={"agent_id": AGENT, "event": STARTED, "wait": WAIT}).get_json()
    [first] = emitted["deliveries"]
    answer = http.post(f"/__admin/deliveries/{first['id']}/redeliver", json={"wait": WAIT})
    assert answer.status_code == 200
    again = answer.get_json()
    assert (again["copy_of"], again["status"], again["event_id"]) == (first["id"], "success", first["event_id"])
    entries = http.get(LOGS, headers=TOKEN).get_json()["data"]
    assert [each["id"] for each in entries] == [again["id"], first["id"]]
    assert entries[0].keys() == entries[1].keys()


def test_without_a_wait_it_is_answered_at_once(open_world: OpenWorld, receiver: WebhookReceiver) -> None:
    world = open_world(hook(receiver.url))
    http = create_app(world, Guard()).test_client()
    [first] = emit(world.default)
    add(world.default, "delay", delay_seconds=60)
    url = f"/__admin/deliveries/{first.id}/redeliver"
    for body in (None, {}, {"wait": 300}):
        answer = http.post(url, json=body).get_json()
        assert (answer["status"], answer["fault"]) == ("pending", "fault-1 (delay)")


def test_a_delivery_that_a_reset_takes_during_the_wait_is_answered_as_it_was_queued(open_world: OpenWorld) -> None:
    with started(HoldingReceiver(2)) as receiver, ThreadPoolExecutor(1) as pool:
        world = open_world(hook(receiver.url))
        http = create_app(world, Guard()).test_client()
        [first] = emit(world.default)
        url = f"/__admin/deliveries/{first.id}/redeliver"
        sent_again = pool.submit(lambda: http.post(url, json={"wait": 300}).get_json())
        receiver.wait_for(2)
        world.default.reset()
        receiver.go_on.set()
        answer = sent_again.result(WAIT)
    assert (answer.get("copy_of"), answer["status"], world.default.errors) == (first.id, "pending", [])


def test_there_must_be_something_to_send(open_world: OpenWorld, receiver: WebhookReceiver) -> None:
    environment = open_world(hook(receiver.url), most_kept=1).default
    with pytest.raises(Missing, match='no delivery that is kept has the id "nope"'):
        environment.deliveries.redeliver("nope")
    [first] = emit(environment)
    receiver.answer_always(Answer(delay_seconds=60))
    environment.deliveries.redeliver(first.id)
    receiver.wait_for(2)
    environment.deliveries.redeliver(attempts(environment)[-1].id)
    with pytest.raises(Conflict, match="1 deliveries are queued, and 1 more would exceed the limit of 1"):
        environment.deliveries.redeliver(attempts(environment)[-1].id)
    environment.webhooks.delete(AGENT, WEBHOOK)
    with pytest.raises(Conflict, match="its webhook is deleted"):
        environment.deliveries.redeliver(attempts(environment)[-1].id)
