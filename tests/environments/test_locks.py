"""The purpose of an environment's locks: no operation is seen half done. Each test fails without its lock."""

from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from functools import partial
from threading import RLock

import pytest

from talkover_mock.admin.guard import Guard
from talkover_mock.admin.routes import environments as routes_module
from talkover_mock.app import create_app
from talkover_mock.base.refusals import Missing
from talkover_mock.base.signals import Signal
from talkover_mock.deliveries import calling as calling_module
from talkover_mock.dialect.errors import WebhookNotFound
from talkover_mock.environments import documents as documents_module
from talkover_mock.environments import environment as environment_module
from talkover_mock.environments import faults as faults_module
from talkover_mock.environments import rate_limit as rate_limit_module
from talkover_mock.environments import world as world_module
from talkover_mock.environments.call_faults import CallFault
from talkover_mock.environments.environment import Environment
from talkover_mock.environments.faults import Limits
from talkover_mock.environments.rate_limit import RateLimit
from talkover_mock.environments.world import World
from talkover_mock.loading import fixture as fixture_module
from talkover_mock.loading.fixture import Fixture, read_fixture
from talkover_mock.loading.mistakes import Source
from talkover_mock.state import store as store_module
from talkover_mock.state import webhooks as webhooks_module
from talkover_mock.state.records import Call
from tests.support.documented import AGENT, WEBHOOK
from tests.support.frozen import RIGHT, Time, frozen_world
from tests.support.turns import errors_in, every_turn

STATE = (webhooks_module, store_module)


def environment() -> Environment:
    """One with the documented webhook."""
    return frozen_world(Time()).default


@pytest.mark.slow
def test_of_four_deletes_of_one_webhook_exactly_one_succeeds() -> None:
    def delete(environment: Environment) -> None:
        environment.webhooks.delete(AGENT, WEBHOOK)

    for each, results in every_turn(environment, delete, delete, *STATE, looks=3):
        assert errors_in(results) == [WebhookNotFound] * 3
        assert each.documents.whole()["agents"][0]["cache_clears"] == 1


@pytest.mark.slow
def test_two_toggles_leave_a_webhook_as_it_was() -> None:
    def toggle(environment: Environment) -> bool:
        return environment.webhooks.toggle(AGENT, WEBHOOK).enabled

    for each, results in every_turn(environment, toggle, toggle, *STATE):
        assert sorted(map(str, results)) == ["False", "True"]
        assert each.documents.whole()["agents"][0]["cache_clears"] == 2


@pytest.mark.slow
def test_two_updates_of_different_fields_are_both_kept() -> None:
    def update(environment: Environment, **fields: object) -> None:
        environment.webhooks.update(AGENT, WEBHOOK, fields)

    turns = every_turn(environment, partial(update, name="Other"), partial(update, timeout=60), *STATE)
    for each, results in turns:
        webhook = each.webhooks.find(AGENT, WEBHOOK)
        assert (errors_in(results), webhook.name, webhook.timeout) == ([], "Other", 60)


@pytest.mark.slow
def test_two_webhooks_that_are_created_have_ids_of_their_own_and_are_both_listed() -> None:
    def create(environment: Environment) -> str:
        return environment.webhooks.create(AGENT, RIGHT).id

    for each, results in every_turn(environment, create, create, *STATE):
        assert len({WEBHOOK, *results}) == 3
        assert {webhook.id for webhook in each.webhooks.of(AGENT)} == {WEBHOOK, *results}


OTHER_STATE = Source(
    "fixture",
    "",
    {
        "settings": {"seed": 7},
        "agents": [{"id": AGENT, "name": "Other", "webhooks": [{"id": "other", **RIGHT}]}, {"id": "more", "name": "B"}],
    },
)


def changed_environment() -> Environment:
    """One whose state is neither its baseline nor its snapshot."""
    one = environment()
    one.snapshots.take("before")
    one.webhooks.create(AGENT, RIGHT)
    one.webhooks.toggle(AGENT, WEBHOOK)
    return one


CHANGES: dict[str, Callable[[Environment], object]] = {
    "reset": lambda environment: environment.reset(),
    "replace": lambda environment: environment.documents.replace(OTHER_STATE),
    "merge": lambda environment: environment.documents.merge(OTHER_STATE),
    "restore": lambda environment: environment.restore_snapshot("before"),
    "create": lambda environment: environment.webhooks.create(AGENT, RIGHT),
    "delete": lambda environment: environment.webhooks.delete(AGENT, WEBHOOK),
}


@pytest.mark.slow
@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_a_state_is_never_seen_half_changed(change: Callable[[Environment], object]) -> None:
    def document(environment: Environment) -> object:
        return environment.documents.whole()

    before = changed_environment().documents.whole()
    for each, (_, seen) in every_turn(changed_environment, change, document, *STATE, environment_module):
        assert seen in (before, each.documents.whole())


@pytest.mark.slow
def test_settings_that_come_while_a_state_is_replaced_are_not_lost() -> None:
    def give(environment: Environment) -> None:
        environment.documents.merge(Source("fixture", "", {"settings": {"plan": "professional"}}))

    def replace(environment: Environment) -> None:
        environment.documents.replace(Source("fixture", "", {"agents": []}))

    for each, results in every_turn(changed_environment, replace, give, documents_module, fixture_module):
        assert (results, each.settings.plan) == ([None, None], "professional")


@pytest.mark.slow
def test_a_snapshot_holds_no_state_that_is_half_changed() -> None:
    def take(environment: Environment) -> object:
        return environment.snapshots.take("now")

    def replace(environment: Environment) -> object:
        environment.documents.replace(OTHER_STATE)
        return None

    before = environment().documents.whole()
    for each, results in every_turn(environment, take, replace, store_module, environment_module):
        assert errors_in(results) == []
        after = each.documents.whole()
        each.restore_snapshot("now")
        assert each.documents.whole() in (before, after)


def with_mine() -> World:
    """A world in which the token `talq_mine` opens an environment."""
    world = frozen_world(Time())
    world.open(world.default, "mine", "talq_mine")
    return world


def without_mine() -> World:
    """A world in which that environment has been closed."""
    world = with_mine()
    world.close("mine")
    return world


def name_by_token(world: World) -> str:
    return world.by_token("talq_mine").name


def close_mine(world: World) -> str:
    return world.close("mine").name


def open_mine(world: World) -> str:
    return world.open(world.default, "mine", "talq_mine").name


CLOSED = "the token belonged to environment mine, which has been closed"
while_it_opens_or_closes = pytest.mark.parametrize(
    ("prepare", "change"), [(with_mine, close_mine), (without_mine, open_mine)], ids=["close", "open"]
)


@while_it_opens_or_closes
def test_a_token_never_opens_the_default_environment_while_its_own_opens_or_closes(
    prepare: Callable[[], World], change: Callable[[World], str]
) -> None:
    for _, (changed, seen) in every_turn(prepare, change, name_by_token, world_module):
        assert (changed, str(seen) in ("mine", CLOSED)) == ("mine", True)


def test_a_token_that_is_looked_up_never_opens_the_default_environment() -> None:
    for prepare, change in ((with_mine, close_mine), (without_mine, open_mine)):
        for _, (seen, changed) in every_turn(prepare, name_by_token, change, world_module):
            assert (changed, str(seen) in ("mine", CLOSED)) == ("mine", True)


def test_an_environment_is_closed_once() -> None:
    for _, results in every_turn(with_mine, close_mine, close_mine, world_module):
        assert (results.count("mine"), errors_in(results)) == (1, [Missing])


def test_a_name_and_a_token_are_given_once() -> None:
    def open_it(world: World, token: str) -> object:
        return world.open(world.default, "mine", token).name

    turns = every_turn(
        lambda: frozen_world(Time()), partial(open_it, token="a"), partial(open_it, token="b"), world_module
    )
    for _, results in turns:
        assert (results.count("mine"), len(errors_in(results))) == (1, 1)


def named(name: str) -> Fixture:
    """A fixture whose agent has this name."""
    return read_fixture([Source("fixture", "", {"agents": [{"id": AGENT, "name": name}]})])


def open_by_http(world: World) -> object:
    return create_app(world, Guard()).test_client().post("/__admin/environments", json={"name": "mine"}).status_code


def follow_second(world: World) -> object:
    return world.follow(named("Second"))


@pytest.mark.slow
def test_an_environment_that_opens_while_a_fixture_is_edited_follows_later_edits() -> None:
    def names(world: World) -> list[str]:
        agents = [each.agent(AGENT) for each in world.environments.values()]
        return [agent.name for agent in agents if agent]

    for change, look in ((open_by_http, follow_second), (follow_second, open_by_http)):
        for world, results in every_turn(lambda: World(named("First")), change, look, world_module, routes_module):
            assert sorted(map(str, results)) == ["201", "[]"]
            assert names(world) == ["Second", "Second"]
            world.follow(named("Third"))
            assert names(world) == ["Third", "Third"]


@pytest.mark.slow
def test_after_a_reset_while_a_fixture_is_edited_the_environment_is_as_edited() -> None:
    def logged(number: int) -> Fixture:
        webhook = {**RIGHT, "id": WEBHOOK, "logs": [{"id": f"log-{number}", "event": "event_action"}]}
        agent = {"id": AGENT, "name": f"Agent {number}", "webhooks": [webhook]}
        return read_fixture([Source("fixture", "", {"agents": [agent]})])

    def follow(world: World) -> object:
        return world.follow(logged(2))

    def reset(world: World) -> object:
        world.default.reset()
        return None

    for change, look in ((reset, follow), (follow, reset)):
        for world, results in every_turn(lambda: World(logged(1)), change, look, world_module, environment_module):
            agent = world.default.agent(AGENT)
            assert agent
            assert (results.count([]), results.count(None)) == (1, 1)
            assert (agent.name, [each.id for each in world.default.deliveries.log.all()]) == ("Agent 2", ["log-2"])


def test_two_calls_at_once_are_both_counted() -> None:
    now = datetime(2025, 9, 3, tzinfo=timezone.utc)

    def count(limit: RateLimit) -> int:
        return limit.count("token", 100).used

    for each, results in every_turn(lambda: RateLimit(RLock(), lambda: now), count, count, rate_limit_module):
        assert sorted(map(str, results)) == ["1", "2"]
        assert each.peek("token", 100).used == 2


def test_two_calls_on_both_sides_of_a_second_are_both_counted() -> None:
    def limit() -> RateLimit:
        time = Time()

        def now() -> datetime:
            time.advance(1)
            return time()

        return RateLimit(RLock(), now)

    def count(limit: RateLimit) -> int:
        return limit.count("token", 100).used

    for each, _ in every_turn(limit, count, count, rate_limit_module):
        assert each.peek("token", 100).used == 2


def test_a_fault_that_is_to_strike_once_strikes_once() -> None:
    def with_fault() -> Environment:
        one = environment()
        one.faults.add(CallFault(action="connection_reset"), Limits(times=1))
        return one

    def strike(environment: Environment) -> bool:
        return environment.faults.strike(CallFault, lambda _: True) is not None

    for each, results in every_turn(with_fault, strike, strike, faults_module):
        assert sorted(map(str, results)) == ["False", "True"]
        assert [(fault.matched, fault.struck) for fault in each.faults.all()] == [(2, 1)]


def test_two_faults_that_are_set_at_once_are_both_there_under_their_own_ids() -> None:
    def add(environment: Environment) -> str:
        return environment.faults.add(CallFault(preset="maintenance")).id

    def remove_first(environment: Environment) -> str:
        environment.faults.remove("fault-1")
        return "removed"

    for each, results in every_turn(environment, add, add, faults_module):
        assert sorted(map(str, results)) == ["fault-1", "fault-2"]
        assert sorted(fault.id for fault in each.faults.all()) == ["fault-1", "fault-2"]

    def with_fault() -> Environment:
        one = environment()
        add(one)
        return one

    for change, look in ((add, remove_first), (remove_first, add)):
        for each, _ in every_turn(with_fault, change, look, faults_module):
            assert [fault.id for fault in each.faults.all()] == ["fault-2"]


def test_a_wait_for_a_fault_misses_no_strike() -> None:
    def with_fault() -> Environment:
        one = environment()
        one.faults.add(CallFault(preset="maintenance"))
        return one

    def strike(environment: Environment) -> object:
        return environment.faults.strike(CallFault, lambda _: True)

    def wait(environment: Environment) -> object:
        return environment.faults.expect("fault-1", 1)[1]

    for each, (_, reached) in every_turn(with_fault, strike, wait, faults_module):
        assert isinstance(reached, Signal)
        assert (reached.is_set, each.faults.find("fault-1").reached) == (True, {})


def test_a_scenario_plays_at_no_call_that_a_reset_has_taken() -> None:
    def calling() -> Environment:
        worlds.append(frozen_world(Time(), {"call_scenario": "answered"}))
        return worlds[-1].default

    def place(environment: Environment) -> Call:
        return environment.calling.place(AGENT, {"to": "+12025550101"})

    worlds: list[World] = []
    seen = set()
    for each, _ in every_turn(calling, place, Environment.reset, calling_module):
        is_there = "calls" in each.documents.whole()
        each.deliveries.advance(None)
        assert (each.clock.offset > timedelta()) == is_there
        seen.add(is_there)
    assert seen == {True, False}
    for world in worlds:
        world.stop()
