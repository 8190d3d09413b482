"""Playing a scenario over HTTP: what is answered, what is refused, and what has been sent by then."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from flask.testing import FlaskClient

from talkover_mock.admin.guard import Guard
from talkover_mock.app import create_app
from talkover_mock.environments.world import World
from talkover_mock.loading.mistakes import Source
from talkover_mock.receiver import WebhookReceiver
from tests.support.calling import CALL, listed, world_with
from tests.support.disturbed import HoldingReceiver, started
from tests.support.documented import AGENT
from tests.support.rows import each_row
from tests.support.stories import MOMENT, STARTED, WAIT, hook

PLAY = "/__admin/scenarios/{}/play"


@pytest.fixture
def http() -> Iterator[FlaskClient]:
    """The documented agent with a call that is active and a call that is over."""
    world = world_with({**CALL, "id": "active", "status": "answered"}, CALL)
    yield create_app(world, Guard()).test_client()
    world.stop()


def play(http: FlaskClient, name: str = "no_answer", **body: Any) -> dict[str, Any]:
    answer = http.post(PLAY.format(name), json={"agent_id": AGENT, **body})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.get_json()
    return found


def test_a_new_call_has_what_is_given_of_it(http: FlaskClient) -> None:
    given = {"id": "mine", "to": "+4930123456", "from": "+4940123456", "direction": "inbound", "is_testing": True}
    played = play(http, call={**given, "payload": {"a": 1}}, context={"order": 7})
    assert played == {
        "scenario": "no_answer",
        "agent_id": AGENT,
        "call_id": "mine",
        "events": [STARTED, "event_phone_call_did_not_connect"],
        "seconds": 31,
    }
    call = http.get("/__admin/state").get_json()["calls"][-1]
    assert {key: call[key] for key in given} == given
    assert (call["payload"], call["context"], call["status"]) == ({"a": 1}, {"order": 7}, "initiated")


def test_a_new_call_needs_nothing(http: FlaskClient) -> None:
    id = play(http)["call_id"]
    assert (listed(http)[0]["id"], listed(http)[0]["direction"]) == (id, "outbound")
    assert play(http, call=None, context=None)["call_id"] != id


def test_an_active_call_goes_on(http: FlaskClient) -> None:
    assert play(http, call={"id": "active"})["call_id"] == "active"
    assert len(listed(http)) == 2


REFUSED: list[tuple[dict[str, Any], int, str]] = [
    ({"agent_id": None}, 422, "agent_id must be the id of the agent whose call it is (got null)"),
    ({"agent_id": "9"}, 404, 'no agent in environment default has the id "9"; there are 2, such as ' + AGENT),
    ({"calls": {}}, 422, 'unknown key "calls"; did you mean call?'),
    ({"call": {"number": 1}}, 422, 'unknown key "call.number"; expected one of id, to, from'),
    ({"call": []}, 422, "call must be an object of id, to, from, direction, is_testing, payload (got [])"),
    (
        {"call": {"to": "1"}},
        422,
        'call.to: The to must be a text in international format, such as "+1234567890" (got "1")',
    ),
    ({"call": {"direction": "in"}}, 422, 'call.direction: The selected direction is invalid (got "in")'),
    ({"call": {"id": "a b"}}, 422, "call.id must be up to 100 letters, digits"),
    ({"call": {"id": 5}}, 422, "call.id must be up to 100 letters, digits"),
    ({"context": "x"}, 422, 'context: The context must be an array (got "x")'),
    ({"call": {"id": "call-1"}}, 409, "the status of call call-1 is completed"),
    ({"agent_id": "other", "call": {"id": "active"}}, 409, f"call active belongs to agent {AGENT}"),
    ({"call": {"id": "other"}}, 409, '"other" is the id of an agent; give the call another one'),
]


@each_row(("body", "status", "detail"), REFUSED, ids=[detail[:40] for _, _, detail in REFUSED])
def test_what_is_refused(http: FlaskClient, body: dict[str, Any], status: int, detail: str) -> None:
    answer = http.post(PLAY.format("answered"), json={"agent_id": AGENT, **body})
    assert (answer.status_code, answer.get_json()["detail"][: len(detail)]) == (status, detail)
    assert len(listed(http)) == 2


def test_a_scenario_that_there_is_not(http: FlaskClient) -> None:
    answer = http.post(PLAY.format("voicemial"), json={"agent_id": AGENT})
    assert (answer.status_code, answer.get_json()["title"]) == (404, "No such scenario")
    assert answer.get_json()["detail"] == 'no scenario is named "voicemial"; did you mean voicemail?'


def test_on_a_frozen_clock_what_is_due_at_once_has_been_sent(
    open_world: Callable[..., World], receiver: WebhookReceiver
) -> None:
    world = open_world(hook(receiver.url), scenarios={"at_once": [{"event": STARTED}, {"after": 1, "event": STARTED}]})
    world.default.freeze(MOMENT)
    play(create_app(world, Guard()).test_client(), "at_once")
    assert len(receiver.requests) == 1


def test_a_reset_that_takes_the_scenario_while_it_is_played_changes_no_answer(open_world: Callable[..., World]) -> None:
    with started(HoldingReceiver()) as receiver, ThreadPoolExecutor(1) as pool:
        world = open_world(hook(receiver.url))
        world.default.documents.merge(Source("body", "", {"scenarios": {"mine": [{"event": STARTED}]}}))
        world.default.freeze(MOMENT)
        played = pool.submit(play, create_app(world, Guard()).test_client(), "mine")
        receiver.wait_for(1)
        world.default.reset()
        receiver.go_on.set()
        assert (played.result(WAIT)["events"], world.default.errors) == ([STARTED], [])
