"""`/__admin/deliveries`: every attempt as it was, what is forgotten, and what is kept."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from flask.testing import FlaskClient

from talkover_mock.admin.guard import Guard
from talkover_mock.app import create_app
from talkover_mock.environments.world import World
from talkover_mock.receiver import Answer, WebhookReceiver
from tests.support.delivering import DELIVERIES, SECRET, STARTED, WAIT, delivering, emit, read
from tests.support.documented import AGENT, OTHER_AGENT, WEBHOOK

NOW = "2025-09-03T23:50:15.000Z"
BODY = (
    f'{{"event":"{STARTED}","agent_id":"{AGENT}","agent_name":"My Agent","webhook_id":"{WEBHOOK}",'
    f'"webhook_name":"My Webhook","timestamp":"{NOW}","call_id":"call-1","url":"http:\\/\\/x\\/\\u00e9"}}'
)


@pytest.fixture
def world(receiver: WebhookReceiver) -> Iterator[World]:
    world = delivering(receiver.url)
    yield world
    world.stop()


def only(http: FlaskClient) -> dict[str, Any]:
    [delivery] = read(http)["deliveries"]
    found: dict[str, Any] = delivery
    return found


def test_before_anything_happened_there_is_nothing(http: FlaskClient) -> None:
    assert read(http) == {"satisfied": True, "count": 0, "dropped": 0, "deliveries": []}


def test_an_attempt_is_shown_with_the_exact_request_and_answer(http: FlaskClient, receiver: WebhookReceiver) -> None:
    receiver.answer_next(Answer(201, "thanks, é", {"X-Seen": "1", "x-seen": "2"}))
    emitted = emit(http, call={"id": "call-1"}, data={"url": "http://x/é"})
    [received] = receiver.requests
    delivery = only(http)
    sent, answered, took = delivery.pop("request"), delivery.pop("response"), delivery.pop("duration_ms")
    assert delivery == {
        "id": emitted["deliveries"][0]["id"],
        "event_id": emitted["event_id"],
        "agent_id": AGENT,
        "webhook_id": WEBHOOK,
        "event": STARTED,
        "attempt": 1,
        "copy_of": None,
        "status": "success",
        "test": False,
        "captured": False,
        "captured_because": None,
        "error": None,
        "fault": None,
        "created_at": NOW,
        "ended_at": NOW,
    }
    assert 0 <= took < WAIT * 1000
    assert sent == {
        "method": "POST",
        "url": receiver.url,
        "headers": {
            "Host": urlsplit(receiver.url).netloc,
            "User-Agent": "Talkover-Webhooks",
            "Content-Length": str(len(BODY)),
            "Connection": "close",
            "Content-Type": "application/json",
            "Signature": received.headers["signature"],
            "X-Team": "calls, billing",
        },
        "body": BODY,
    }
    assert received.body == BODY.encode()
    assert received.is_signed_with(SECRET)
    assert {name.lower() for name in sent["headers"]} == set(received.headers)
    for name in ("server", "date"):
        assert answered["headers"].pop(name)
    headers = {"content-length": "10", "connection": "close", "x-seen": "1, 2"}
    assert answered == {"status": 201, "headers": headers, "body": "thanks, é", "body_cut": False}


def test_a_failure_is_shown_with_its_answer(http: FlaskClient, receiver: WebhookReceiver) -> None:
    receiver.answer_next(Answer(503, "later"))
    emit(http)
    delivery = only(http)
    assert (delivery["status"], delivery["error"]) == ("retrying", "Service Unavailable")
    assert (delivery["response"]["status"], delivery["response"]["body"]) == (503, "later")


def test_an_attempt_that_nobody_answered_has_a_request_and_no_response(
    http: FlaskClient, receiver: WebhookReceiver
) -> None:
    receiver.stop()
    emit(http)
    delivery = only(http)
    assert (delivery["status"], delivery["error"]) == ("retrying", "Connection refused")
    assert (delivery["request"]["url"], delivery["response"]) == (receiver.url, None)


def test_a_captured_attempt_has_its_exact_request_and_the_answer_of_the_mock(http: FlaskClient) -> None:
    emit(http, agent_id=OTHER_AGENT)
    delivery = only(http)
    assert (delivery["status"], delivery["captured"], delivery["duration_ms"]) == ("success", True, 0)
    assert delivery["captured_because"] == (
        "example.com is not on this machine or network; start with --deliver-to example.com to deliver there"
    )
    assert delivery["request"]["url"] == "https://example.com/hook?a=1"
    assert delivery["request"]["headers"]["Host"] == "example.com"
    assert delivery["request"]["body"].startswith(f'{{"event":"{STARTED}","agent_id":"{OTHER_AGENT}",')
    assert delivery["response"] == {"status": 200, "headers": {}, "body": "", "body_cut": False}


def test_a_host_that_was_let_out_is_not_captured(receiver: WebhookReceiver) -> None:
    url = receiver.url.replace("127.0.0.1", "127.1")  # for the mock a name like any other, for the system an address
    world = delivering(url, deliver_to=["127.1"])
    http = create_app(world, Guard()).test_client()
    emit(http)
    delivery = only(http)
    world.stop()
    assert delivery["captured"] is False
    assert [request.headers["host"] for request in receiver.requests] == [urlsplit(url).netloc]


def test_a_long_answer_is_cut(http: FlaskClient, receiver: WebhookReceiver) -> None:
    receiver.answer_next(Answer(200, "x" * 100_000))
    emit(http)
    response = only(http)["response"]
    assert (response["body"], response["body_cut"]) == ("x" * 65_536, True)


def test_deleting_forgets_what_has_ended_and_keeps_what_has_not(http: FlaskClient, receiver: WebhookReceiver) -> None:
    receiver.answer_next(200, 500, Answer(delay_seconds=1800))
    emit(http)
    emit(http)
    [pending] = emit(http, wait=0)["deliveries"]
    assert http.delete(DELIVERIES).get_json() == {"deleted": 2}
    assert read(http)["deliveries"] == [pending]
    assert http.delete(DELIVERIES).get_json() == {"deleted": 0}


def test_the_oldest_are_dropped_and_counted(receiver: WebhookReceiver) -> None:
    world = delivering(receiver.url, most_kept=2)
    http = create_app(world, Guard()).test_client()
    ids = [emit(http)["event_id"] for _ in range(5)]
    found = read(http)
    assert (found["dropped"], found["count"]) == (3, 2)
    assert [each["event_id"] for each in found["deliveries"]] == ids[3:]
    http.delete(DELIVERIES)
    assert read(http)["dropped"] == 0
    world.stop()


def test_an_environment_sees_its_own_deliveries(http: FlaskClient) -> None:
    http.post("/__admin/environments", json={"token": "talq_mine"})
    mine = {"Authorization": "Bearer talq_mine"}
    emit(http)
    assert http.get(DELIVERIES, headers=mine).get_json()["deliveries"] == []
    assert http.delete(DELIVERIES, headers=mine).get_json() == {"deleted": 0}
    assert read(http)["count"] == 1


def test_a_reset_forgets_every_delivery(http: FlaskClient, receiver: WebhookReceiver) -> None:
    receiver.answer_next(200, 500, Answer(delay_seconds=1800))
    for wait in (WAIT, WAIT, 0):
        emit(http, wait=wait)
    assert http.post("/__admin/reset").status_code == 200
    assert read(http) == {"satisfied": True, "count": 0, "dropped": 0, "deliveries": []}
