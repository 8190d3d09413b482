"""Scenarios at calls: what happens and when, on both clocks, and what ends one that is under way."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient

from talkover_mock.admin.guard import Guard
from talkover_mock.app import create_app
from talkover_mock.base.refusals import Conflict, Missing
from talkover_mock.deliveries.faults import DeliveryFault
from talkover_mock.dialect.call_fields import PLAYED_FIELDS
from talkover_mock.dialect.events import EVENTS
from talkover_mock.dialect.rules import fields_of
from talkover_mock.dialect.scenarios import SCENARIOS
from talkover_mock.environments.environment import Environment
from talkover_mock.environments.faults import Limits
from talkover_mock.environments.schedules import Schedule, order_of
from talkover_mock.environments.world import World
from talkover_mock.receiver import WebhookReceiver
from talkover_mock.state.records import Call
from tests.support.calling import end, listed, placed
from tests.support.documented import AGENT, TOKEN, WEBHOOK
from tests.support.fixture_documents import source
from tests.support.stories import ENDED, MOMENT, STARTED, WAIT, hook

CONNECTED, RECORDING = "event_phone_call_connected", "event_recording"
OWN = {
    "short": [
        {"event": STARTED},
        {"after": "10s", "event": CONNECTED},
        {"after": 5, "event": ENDED},
        {"after": "1m", "event": RECORDING, "data": {"recording": "r-1"}},
    ],
    "busy": [{"after": 1, "event": "event_phone_call_did_not_connect", "status": "busy"}],
    "at_once": [{"event": STARTED}, {"event": CONNECTED}, {"event": ENDED}],
    "quick": [{"after": "20ms", "event": STARTED}, {"after": "20ms", "event": CONNECTED}],
}


@pytest.fixture
def world(open_world: Callable[..., World], receiver: WebhookReceiver) -> World:
    """An agent whose webhook gets every event; its clock is frozen."""
    webhook = hook(receiver.url, events=list(EVENTS))
    world = open_world(webhook, scenarios=OWN)
    world.default.freeze(MOMENT)
    return world


@pytest.fixture
def environment(world: World) -> Environment:
    return world.default


@pytest.fixture
def api(world: World) -> FlaskClient:
    return create_app(world, Guard()).test_client()


def play(environment: Environment, name: str, id: str | None = None, **values: Any) -> Call:
    filled = {**fields_of(values, PLAYED_FIELDS), "context": values.get("context")}
    return environment.calling.play(name, AGENT, id, filled)


def happened(environment: Environment) -> list[tuple[str, float]]:
    """The events so far, with the seconds since the start."""
    events = environment.deliveries.events.watch(lambda _: True).items
    return [(each.occurrence.event, (each.occurrence.moment - MOMENT).total_seconds()) for each in events]


def names(environment: Environment) -> list[str]:
    return [event for event, _ in happened(environment)]


def status(environment: Environment, id: str) -> str:
    call = environment.calls.get(id)
    assert call
    return call.status


AFTERWARDS = {
    "answered": "completed",
    "no_answer": "no-answer",
    "voicemail": "completed",
    "dropped": "completed",
    "agent_failed": "failed",
}


def times(name: str) -> list[tuple[str, float]]:
    seconds = 0.0
    found: list[tuple[str, float]] = []
    for step in SCENARIOS[name]:
        seconds += step.after
        found.append((step.event, seconds))
    return found


@pytest.mark.parametrize("name", SCENARIOS)
def test_a_built_in_scenario_happens_at_its_times_and_the_status_follows(environment: Environment, name: str) -> None:
    call = play(environment, name)
    assert status(environment, call.id) == "initiated"
    environment.deliveries.advance(60)
    assert happened(environment) == times(name)
    assert status(environment, call.id) == AFTERWARDS[name]
    environment.deliveries.advance(3600)
    assert happened(environment) == times(name)


def test_freezing_at_a_later_moment_lets_each_step_happen_at_its_own_time(environment: Environment) -> None:
    play(environment, "answered")
    environment.freeze(MOMENT + timedelta(seconds=60))
    assert happened(environment) == times("answered")
    assert (environment.clock.moment() - MOMENT).total_seconds() == 60


def test_the_built_in_scenarios_are_these_and_take_a_minute_at_most() -> None:
    assert SCENARIOS.keys() == AFTERWARDS.keys()
    assert {len(SCENARIOS[name]) > 1 and times(name)[-1][1] <= 60 for name in SCENARIOS} == {True}


def test_every_event_has_the_context_and_the_last_ones_the_duration(
    environment: Environment, receiver: WebhookReceiver
) -> None:
    call = play(environment, "short", context={"order": 7}, to="+4930123456")
    environment.deliveries.advance(100)
    sent = [request.json for request in receiver.requests]
    assert [each["event"] for each in sent] == [STARTED, CONNECTED, ENDED, RECORDING]
    assert {(each["call_id"], each["context"]["order"]) for each in sent} == {(call.id, 7)}
    assert [each.get("duration") for each in sent] == [None, None, 5, None]
    assert [each.get("recording") for each in sent] == [None, None, None, "r-1"]
    assert sent[0]["timestamp"] == "2025-09-03T23:50:15.000Z"
    assert sent[3]["timestamp"] == "2025-09-03T23:51:30.000Z"


def test_the_status_follows_step_by_step(environment: Environment) -> None:
    call = play(environment, "short")
    found = []
    for seconds in (0, 9, 1, 4, 1):
        environment.deliveries.advance(seconds)
        found.append(status(environment, call.id))
    assert found == ["ringing", "ringing", "answered", "answered", "completed"]


def test_a_step_may_say_the_status_itself(environment: Environment) -> None:
    call = play(environment, "busy")
    environment.deliveries.advance(1)
    assert status(environment, call.id) == "busy"


def test_what_is_due_at_once_happens_in_order(environment: Environment) -> None:
    play(environment, "at_once")
    environment.deliveries.advance(0)
    assert names(environment) == [STARTED, CONNECTED, ENDED]


@pytest.mark.slow
def test_several_calls_at_once_keep_apart(environment: Environment) -> None:
    calls = [play(environment, "answered", context={"number": number}) for number in range(20)]
    environment.deliveries.advance(60)
    events = environment.deliveries.events.watch(lambda _: True).items
    for number, call in enumerate(calls):
        mine = [each.occurrence for each in events if each.occurrence.call["id"] == call.id]
        assert [each.event for each in mine] == [step.event for step in SCENARIOS["answered"]]
        assert {each.context and each.context["number"] for each in mine} == {number}


def test_on_the_real_clock_it_happens_by_itself(environment: Environment) -> None:
    environment.unfreeze()
    began = datetime.now(MOMENT.tzinfo)
    play(environment, "quick")
    found = environment.deliveries.events.watch(lambda _: True, least=2, seconds=WAIT)
    assert [each.occurrence.event for each in found.items] == [STARTED, CONNECTED]
    assert (found.items[1].occurrence.moment - began).total_seconds() >= 0.04


# The setting


def test_placing_a_call_plays_the_scenario_of_the_settings(api: FlaskClient, environment: Environment) -> None:
    environment.documents.merge(source({"settings": {"call_scenario": "answered"}}))
    id = placed(api, context={"order": 7})
    assert (listed(api)[0]["status"], names(environment)) == ("initiated", [])
    environment.deliveries.advance(60)
    assert (listed(api)[0]["status"], listed(api)[0]["duration"], listed(api)[0]["id"]) == ("completed", 52, id)
    assert happened(environment) == times("answered")


def test_a_delay_comes_before_the_scenario(api: FlaskClient, environment: Environment) -> None:
    environment.documents.merge(source({"settings": {"call_scenario": "no_answer"}}))
    placed(api, delay_seconds=3600)
    environment.deliveries.advance(3600)
    assert names(environment) == []
    environment.deliveries.advance(31)
    assert happened(environment) == [(STARTED, 3601), ("event_phone_call_did_not_connect", 3631)]
    assert (listed(api)[0]["status"], listed(api)[0]["duration"]) == ("no-answer", 0)


# What ends one


def test_the_end_of_the_call_ends_its_scenario(api: FlaskClient, environment: Environment) -> None:
    call = play(environment, "answered")
    environment.deliveries.advance(10)
    assert end(api, call.id).status_code == 200
    environment.deliveries.advance(3600)
    assert names(environment) == [STARTED, CONNECTED, "event_conversation_started", ENDED]
    assert end(api, call.id).status_code == 409


def test_an_emitted_end_ends_it_too(environment: Environment) -> None:
    call = play(environment, "answered")
    environment.deliveries.advance(5)
    environment.deliveries.emit(AGENT, ENDED, {"id": call.id})
    environment.deliveries.advance(3600)
    assert names(environment) == [STARTED, CONNECTED, ENDED]


def test_a_call_that_its_scenario_has_ended_is_not_ended_again(api: FlaskClient, environment: Environment) -> None:
    call = play(environment, "short")
    environment.deliveries.advance(20)
    assert end(api, call.id).status_code == 409
    environment.deliveries.advance(60)
    assert names(environment) == [STARTED, CONNECTED, ENDED, RECORDING], "what comes after the end still comes"


def test_a_reset_ends_it(environment: Environment) -> None:
    play(environment, "answered")
    environment.deliveries.advance(5)
    environment.reset()
    environment.freeze(MOMENT)
    environment.deliveries.advance(3600)
    assert (names(environment), environment.calls.ids_of(AGENT)) == ([], [])
    assert environment.errors == []


def test_a_closed_environment_ends_it(world: World) -> None:
    opened = world.open(world.default.baseline, "mine")
    opened.freeze(MOMENT)
    play(opened, "answered")
    world.close("mine")
    opened.deliveries.advance(3600)
    assert (names(opened), opened.errors) == ([], [])


def _replace(environment: Environment, _: FlaskClient, __: Call) -> None:
    environment.documents.replace(source({"agents": [{"id": AGENT, "name": "My Agent"}]}))


def _restore(environment: Environment, _: FlaskClient, __: Call) -> None:
    environment.restore_snapshot("before")


def _delete(_: Environment, api: FlaskClient, call: Call) -> None:
    end(api, call.id)
    assert api.delete(f"/api/v1/agents/{AGENT}", headers=TOKEN).status_code == 200


@pytest.mark.parametrize("lose", [_replace, _restore, _delete])
def test_a_call_that_is_gone_ends_it(
    environment: Environment, api: FlaskClient, lose: Callable[[Environment, FlaskClient, Call], None]
) -> None:
    environment.snapshots.take("before")
    call = play(environment, "short")
    environment.deliveries.advance(1)
    lose(environment, api, call)
    before = names(environment)
    environment.deliveries.advance(3600)
    assert (names(environment), environment.errors) == (before, [])


def test_another_scenario_at_the_call_takes_its_place(environment: Environment) -> None:
    call = play(environment, "answered", context={"order": 7})
    environment.deliveries.advance(2)
    assert play(environment, "no_answer", call.id).id == call.id
    environment.deliveries.advance(3600)
    assert names(environment) == [STARTED, STARTED, "event_phone_call_did_not_connect"]


def test_a_call_that_is_known_keeps_its_context_unless_another_is_given(environment: Environment) -> None:
    call = play(environment, "answered", context={"order": 7})
    play(environment, "no_answer", call.id)
    environment.deliveries.advance(1)
    play(environment, "no_answer", call.id, context={"order": 8})
    environment.deliveries.advance(1)
    events = environment.deliveries.events.watch(lambda _: True).items
    assert [each.occurrence.context for each in events] == [{"order": 7}, {"order": 8}]


def test_a_new_call_may_have_an_id_of_the_test(environment: Environment) -> None:
    assert play(environment, "answered", "call-1").id == "call-1"
    environment.deliveries.advance(60)
    with pytest.raises(Conflict, match="the status of call call-1 is completed"):
        play(environment, "answered", "call-1")


def test_what_can_not_be_played(environment: Environment) -> None:
    environment.documents.merge(source({"agents": [{"id": "other", "name": "Other"}]}))
    call = play(environment, "answered")
    with pytest.raises(Missing, match='no scenario is named "anwsered"; did you mean answered'):
        play(environment, "anwsered")
    with pytest.raises(Conflict, match=f"call {call.id} belongs to agent {AGENT}"):
        environment.calling.play("answered", "other", call.id, fields_of({}, PLAYED_FIELDS) | {"context": None})


def test_a_step_that_finds_the_queue_full_comes_a_second_later(
    open_world: Callable[..., World], receiver: WebhookReceiver
) -> None:
    """The failing delivery waits for its retry, and there is no room for another."""
    world = open_world(hook(receiver.url, events=list(EVENTS)), most_kept=1, settings={"retry_schedule": [5]})
    environment = world.default
    environment.freeze(MOMENT)
    receiver.answer_next(500)
    play(environment, "no_answer")
    environment.deliveries.advance(1)
    play(environment, "no_answer", "second")
    environment.deliveries.advance(10)
    assert [(event, seconds) for event, seconds in happened(environment)] == [(STARTED, 6)]
    assert environment.errors == []


def test_a_play_ends_at_a_step_for_which_the_queue_is_too_small(
    open_world: Callable[..., World], receiver: WebhookReceiver
) -> None:
    both = [hook(receiver.url, id=id, events=list(EVENTS)) for id in (WEBHOOK, "another")]
    environment = open_world(*both, most_kept=1).default
    environment.freeze(MOMENT)
    play(environment, "answered")
    environment.deliveries.advance(None)
    assert (receiver.requests, happened(environment), environment.deliveries.queued) == ([], [], 0)


def test_plans_are_no_queued_deliveries(open_world: Callable[..., World], receiver: WebhookReceiver) -> None:
    world = open_world(hook(receiver.url), most_kept=1)
    world.default.freeze(MOMENT)
    for _ in range(5):
        play(world.default, "answered")
    world.default.deliveries.emit(AGENT, STARTED)
    world.default.deliveries.advance(0)
    assert len(receiver.requests) == 1


def test_deliveries_of_a_scenario_are_retried_like_others(environment: Environment, receiver: WebhookReceiver) -> None:
    receiver.answer_next(500)
    play(environment, "short")
    environment.deliveries.advance(100)
    times: Sequence[Mapping[str, Any]] = [request.json for request in receiver.requests]
    assert [each["event"] for each in times] == [STARTED, STARTED, CONNECTED, ENDED, RECORDING]


def test_a_step_behind_a_delivery_that_is_under_way_holds_up_nothing_behind_it(
    environment: Environment, receiver: WebhookReceiver
) -> None:
    """On a frozen clock all have their turn, one after another: what is due with a step comes after it."""
    environment.documents.merge(source({"scenarios": {"late": [{"after": 1, "event": ENDED}]}}))
    receiver.answer_next(500)
    environment.deliveries.emit(AGENT, STARTED)  # its retry is due with the steps
    for id in ("first", "second"):
        play(environment, "late", id)
    environment.deliveries.emit(AGENT, CONNECTED)
    environment.deliveries.advance(1)
    assert receiver.events == [STARTED, CONNECTED, STARTED, ENDED, ENDED]


def test_calls_are_numbered_as_their_events_were_emitted(world: World) -> None:
    environment = world.open(world.default.baseline, schedule=Schedule(1, only=[]))
    for id in "abc":
        if id == "b":
            environment.faults.add(DeliveryFault("delay", delay_seconds=60), Limits(times=1))
        environment.deliveries.emit(AGENT, STARTED, {"id": id})
    environment.deliveries.advance(None)
    order = order_of(environment.deliveries.log.all())
    assert order == ["call_started of call 1", "call_started of call 3", "call_started of call 2 (late)"]


def under_schedule(world: World, receiver: WebhookReceiver, seed: int) -> tuple[list[str], list[str], Call]:
    """The order, the disturbances and the call of a scenario that is played to its end."""
    receiver.clear()
    environment = world.open(world.default.baseline, "mine", schedule=Schedule(seed))
    call = play(environment, "short")
    environment.deliveries.advance(None)
    assert environment.deliveries.latest_attempts().keys() == {
        (each.occurrence.id, WEBHOOK) for each in environment.deliveries.events.all()
    }
    assert environment.errors == []
    played, order = environment.calls.get(call.id), order_of(environment.deliveries.log.all())
    world.close("mine")
    assert played
    assert environment.disturbances
    return order, environment.disturbances.struck, played


@pytest.mark.slow
def test_a_schedule_disturbs_the_deliveries_of_a_scenario(world: World, receiver: WebhookReceiver) -> None:
    orders = []
    for seed in range(20):
        order, struck, call = under_schedule(world, receiver, seed)
        assert under_schedule(world, receiver, seed)[:2] == (order, struck)
        assert (call.status, {each.event for each in receiver.requests}) == (
            "completed",
            {STARTED, CONNECTED, ENDED, RECORDING},
        )
        assert (len(receiver.requests) > 4 or any("late" in each for each in order)) == bool(struck)
        orders.append(tuple(order))
    assert len(set(orders)) > 10
