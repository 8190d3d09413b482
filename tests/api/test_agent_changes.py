"""Agents that are published, unpublished and deleted, and what goes with a deleted one."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask.testing import FlaskClient

from talkover_mock.admin.guard import Guard
from talkover_mock.app import create_app
from talkover_mock.environments.world import World
from talkover_mock.receiver import WebhookReceiver
from tests.support.calling import end, placed
from tests.support.documented import AGENT, NO_AGENT, TOKEN, UNKNOWN
from tests.support.frozen import ONE, WEBHOOKS, Time, compact, frozen_world
from tests.support.stories import attempts, emit, two_webhooks

PATH = f"/api/v1/agents/{AGENT}"
NOT_FOUND = '{"success":false,"message":"Agent not found"}'


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def frozen(time: Time) -> Iterator[FlaskClient]:
    world = frozen_world(time)
    yield create_app(world, Guard()).test_client()
    world.stop()


def changed(verb: str, status: str) -> str:
    data = {
        "id": AGENT,
        "name": "My Agent",
        "current_status": status,
        "is_ready_to_publish": True,
        "updated_at": "2025-09-03T23:19:51Z",
    }
    return compact({"success": True, "message": f"Agent {verb} successfully", "data": data})


def read(http: FlaskClient) -> dict[str, Any]:
    found: dict[str, Any] = http.get(PATH, headers=TOKEN).get_json()["data"]
    return found


def test_unpublish_and_publish_to_the_byte(frozen: FlaskClient, time: Time) -> None:
    answer = frozen.post(f"{PATH}/unpublish", headers=TOKEN)
    assert (answer.status_code, answer.text) == (200, changed("unpublished", "draft"))
    assert (read(frozen)["current_status"], read(frozen)["updated_at"]) == ("draft", "2025-09-03T23:19:51Z")
    answer = frozen.post(f"{PATH}/publish", headers=TOKEN)
    assert (answer.status_code, answer.text) == (200, changed("published", "published"))
    time.advance(60)
    assert frozen.post(f"{PATH}/publish", headers=TOKEN).text == changed("published", "published")
    assert list(read(frozen)) == list(frozen.get("/api/v1/agents", headers=TOKEN).get_json()["data"][0])


def test_the_status_is_part_of_the_state_and_a_reset_takes_it_back(http: FlaskClient) -> None:
    http.post(f"{PATH}/unpublish", headers=TOKEN)
    assert http.get("/__admin/state").get_json()["agents"][0]["current_status"] == "draft"
    drafts = http.get("/api/v1/agents?status=draft", headers=TOKEN).get_json()["data"]
    assert AGENT in [agent["id"] for agent in drafts]
    http.post("/__admin/reset")
    assert read(http)["current_status"] == "published"


def test_a_deleted_agent_is_gone_with_its_webhooks(frozen: FlaskClient) -> None:
    answer = frozen.delete(PATH, headers=TOKEN)
    assert (answer.status_code, answer.text) == (200, '{"success":true,"message":"Agent deleted successfully"}')
    for path, text in ((PATH, NOT_FOUND), (WEBHOOKS, NO_AGENT), (ONE, NO_AGENT)):
        again = frozen.get(path, headers=TOKEN)
        assert (again.status_code, again.text) == (404, text)
        assert again.headers["X-Mockserver-Reason"].endswith("a reset brings it back")
    assert frozen.get("/__admin/state").get_json() == {"agents": []}
    frozen.post("/__admin/reset")
    assert [len(agent["webhooks"]) for agent in frozen.get("/__admin/state").get_json()["agents"]] == [1]


def test_an_agent_with_an_active_call_stays(frozen: FlaskClient) -> None:
    id = placed(frozen)
    answer = frozen.delete(PATH, headers=TOKEN)
    expected = '{"success":false,"message":"Cannot delete agent while it has active calls."}'
    assert (answer.status_code, answer.text) == (409, expected)
    assert answer.headers["X-Mockserver-Reason"] == f"the agent has 1 active call, such as {id}; end them"
    end(frozen, id)
    assert frozen.delete(PATH, headers=TOKEN).status_code == 200
    assert frozen.get("/__admin/state").get_json() == {"agents": []}, "its calls are gone too"


def test_an_agent_of_the_same_id_begins_anew(frozen: FlaskClient) -> None:
    frozen.patch(f"{ONE}/toggle", headers=TOKEN)
    frozen.delete(PATH, headers=TOKEN)
    frozen.patch("/__admin/state", json={"agents": [{"id": AGENT, "name": "Second"}]})
    expected = {"id": AGENT, "name": "Second", "cache_clears": 0, "webhooks": []}
    assert frozen.get("/__admin/state").get_json() == {"agents": [expected]}


def test_a_retry_of_a_deleted_agent_is_never_sent(open_world: Callable[..., World], receiver: WebhookReceiver) -> None:
    world = two_webhooks(open_world, receiver.url)
    receiver.answer_next(500, 500)
    emit(world.default)
    create_app(world).test_client().delete(PATH, headers=TOKEN)
    world.default.deliveries.advance(3600)
    assert len(receiver.requests) == 2
    assert {each.status for each in attempts(world.default)} == {"failed"}


@pytest.mark.parametrize(("method", "path"), [("DELETE", ""), ("POST", "/publish"), ("POST", "/unpublish")])
def test_an_unknown_agent_is_not_found(http: FlaskClient, method: str, path: str) -> None:
    answer = http.open(f"/api/v1/agents/{UNKNOWN}{path}", method=method, headers=TOKEN)
    assert (answer.status_code, answer.text) == (404, NOT_FOUND)
