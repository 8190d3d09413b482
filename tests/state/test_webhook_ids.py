"""The ids of new webhooks, and the order in which webhooks are listed."""

import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta, timezone

import pytest
from flask.testing import FlaskClient

from talkover_mock.app import create_app
from talkover_mock.environments.world import World
from talkover_mock.loading.fixture import read_fixture
from talkover_mock.loading.mistakes import Source
from tests.support.documented import AGENT, TOKEN, WEBHOOK
from tests.support.frozen import RIGHT, WEBHOOKS, Time, created, frozen_world, listed


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def world(time: Time) -> World:
    return frozen_world(time)


def moment_of(id: str) -> datetime:
    return datetime(1970, 1, 1, tzinfo=timezone.utc) + timedelta(microseconds=(uuid.UUID(id).int >> 80) * 10)


def test_ids_are_ordered_uuids_that_tell_when_they_were_made(http: FlaskClient, time: Time) -> None:
    ids = []
    for _ in range(20):
        id = created(http)
        assert (str(uuid.UUID(id)), uuid.UUID(id).version, uuid.UUID(id).variant) == (id, 4, uuid.RFC_4122)
        assert abs(moment_of(id) - time.moment) < timedelta(milliseconds=1)
        ids.append(id)
        time.advance(len(ids) % 2)  # every other one is made at the same moment as the one before
    assert ids == sorted(set(ids))
    assert listed(http) == [WEBHOOK, *ids]


def test_ids_are_the_same_after_a_reset_and_in_another_world_of_the_same_seed(http: FlaskClient, world: World) -> None:
    first = [created(http) for _ in range(3)]
    world.default.reset()
    assert listed(http) == [WEBHOOK]
    assert [created(http) for _ in range(3)] == first
    again = create_app(frozen_world(Time(), {"seed": 0})).test_client()
    assert [created(again) for _ in range(3)] == first
    other = create_app(frozen_world(Time(), {"seed": 1})).test_client()
    assert not {created(other) for _ in range(3)} & set(first)


def test_an_id_is_never_given_twice_also_when_its_webhook_is_gone(http: FlaskClient) -> None:
    first = created(http)
    http.delete(f"{WEBHOOKS}/{first}", headers=TOKEN)
    assert created(http) != first


def test_the_list_is_oldest_first_whatever_the_order_of_the_fixture_and_of_updates(time: Time) -> None:
    webhooks = [
        {"id": "newest", **RIGHT, "created_at": "2025-09-03T10:00:00Z"},
        {"id": "oldest", **RIGHT, "created_at": "2025-09-01T10:00:00Z"},
        {"id": "middle", **RIGHT, "created_at": "2025-09-02T10:00:00Z"},
        {"id": "middle-too", **RIGHT, "created_at": "2025-09-02T10:00:00Z"},
    ]
    agents = [{"id": AGENT, "name": "A", "webhooks": webhooks}]
    http = create_app(World(read_fixture([Source("fixture", "", {"agents": agents})]), time=time)).test_client()
    fresh = created(http)
    http.put(f"{WEBHOOKS}/oldest", json={"name": "Changed"}, headers=TOKEN)
    http.patch(f"{WEBHOOKS}/middle/toggle", headers=TOKEN)
    assert listed(http) == ["oldest", "middle", "middle-too", "newest", fresh]


def test_many_clients_at_once_lose_no_webhook(http: FlaskClient, world: World) -> None:
    def client(_: int) -> list[str]:
        return [world.default.webhooks.create(AGENT, RIGHT).id for _ in range(50)]

    with ThreadPoolExecutor(8) as pool:
        ids = sorted(id for some in pool.map(client, range(8)) for id in some)
    assert len(set(ids)) == 400
    assert listed(http) == [WEBHOOK, *ids]
    assert world.default.documents.whole()["agents"][0]["cache_clears"] == 400
