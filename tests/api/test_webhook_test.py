"""`POST …/test`: sends the documented payload once, and says what came of it."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from flask.testing import FlaskClient

from talkover_mock.environments.environment import Environment
from talkover_mock.environments.world import World
from talkover_mock.receiver import Answer, WebhookReceiver
from tests.support.disturbed import add
from tests.support.documented import AGENT, API_HEADERS, TOGGLE, TOKEN, UNKNOWN, WEBHOOK
from tests.support.stories import MOMENT, WAIT, attempts, hook, impatient

OpenWorld = Callable[..., World]
TEST = TOGGLE.replace("/toggle", "/test")
NOWHERE = "http://127.0.0.1:1/webhook"
"""Refuses every connection."""
PAYLOAD = (
    '{"event":"webhook.test","agent_id":"9fbef0b7-8d4e-4a08-9207-66c22155721d","agent_name":"My Agent",'
    '"webhook_id":"9fcafbf2-7593-44d6-8cd7-1b221beba62a","webhook_name":"My Webhook",'
    '"timestamp":"2025-09-03T23:50:15.000Z","test":true}'
)


@pytest.fixture
def world(open_world: OpenWorld, receiver: WebhookReceiver) -> World:
    headers = [{"key": "X-Team", "value": "calls"}]
    world = open_world(hook(receiver.url, webhook_secret="secret", http_method="PUT", custom_headers=headers))
    world.default.freeze(MOMENT)
    return world


@pytest.fixture
def environment(world: World) -> Environment:
    return world.default


@pytest.mark.parametrize("enabled", [True, False])
def test_the_documented_payload_is_really_sent_also_when_the_webhook_is_disabled(
    http: FlaskClient, environment: Environment, receiver: WebhookReceiver, enabled: bool
) -> None:
    environment.webhooks.update(AGENT, WEBHOOK, {"enabled": enabled})
    receiver.answer_next(Answer(201, delay_seconds=0.05))
    answer = http.post(TEST, headers=TOKEN)
    took = answer.get_json()["data"]["response_time"]
    assert answer.status_code == 200
    assert {name: answer.headers[name] for name in API_HEADERS} == API_HEADERS
    assert type(took) is int
    assert 50 <= took < 5000
    assert answer.text == (
        '{"success":true,"message":"Test webhook sent successfully","data":'
        f'{{"status_code":201,"response_time":{took}}}}}'
    )
    (request,) = receiver.requests
    assert (request.method, request.path, request.body.decode()) == ("PUT", "/webhook", PAYLOAD)
    assert (request.headers["x-team"], request.is_signed_with("secret")) == ("calls", True)


def test_a_body_of_the_request_is_ignored(http: FlaskClient, receiver: WebhookReceiver) -> None:
    answer = http.post(TEST, headers=TOKEN, json={"url": "http://localhost:1/elsewhere", "event": "x"})
    assert answer.get_json()["success"] is True
    assert [request.body.decode() for request in receiver.requests] == [PAYLOAD]


@pytest.mark.parametrize(
    ("status", "message"),
    [
        (500, "HTTP 500 Internal Server Error"),
        (404, "HTTP 404 Not Found"),
        (302, "HTTP 302 Found"),
        (429, "HTTP 429 Too Many Requests"),
    ],
)
def test_an_answer_that_is_no_success_is_told(
    http: FlaskClient, receiver: WebhookReceiver, status: int, message: str
) -> None:
    receiver.answer_next(status)
    answer = http.post(TEST, headers=TOKEN)
    assert answer.status_code == 200
    assert answer.text == f'{{"success":false,"message":"Webhook test failed: {message}"}}'
    assert len(receiver.requests) == 1


def test_a_receiver_that_is_not_there_is_told(http: FlaskClient, environment: Environment) -> None:
    environment.webhooks.update(AGENT, WEBHOOK, {"webhook_url": NOWHERE})
    assert http.post(TEST, headers=TOKEN).text == (
        '{"success":false,"message":"Webhook test failed: Connection refused"}'
    )


def test_a_receiver_that_does_not_answer_in_time_is_told(
    http: FlaskClient, world: World, receiver: WebhookReceiver
) -> None:
    world.open(impatient(hook(receiver.url), timeout=0.05), token="talq_hasty")
    receiver.answer_next(Answer(delay_seconds=60))
    answer = http.post(TEST, headers={"Authorization": "Bearer talq_hasty"})
    assert answer.text == '{"success":false,"message":"Webhook test failed: Connection timeout"}'


STRUCK = {
    "lose_answer": ("Webhook test failed: Connection timeout", 1),
    "timeout": ("Webhook test failed: Connection timeout", 0),
    "refused": ("Webhook test failed: Connection refused", 0),
    "unresolved": ("Webhook test failed: Could not resolve host", 0),
    "bad_signature": ("Test webhook sent successfully", 1),
    "tampered": ("Test webhook sent successfully", 1),
}
"""By the action of a fault, what the API says of the test, and how often it arrives."""


@pytest.mark.parametrize("action", STRUCK)
def test_a_fault_on_deliveries_strikes_the_test_once(
    http: FlaskClient, environment: Environment, receiver: WebhookReceiver, action: str
) -> None:
    fault = add(environment, action, event="webhook.test", times=1)
    message, arrived = STRUCK[action]
    assert http.post(TEST, headers=TOKEN).get_json()["message"] == message
    assert [request.is_signed_with("secret") for request in receiver.requests] == [action == "lose_answer"] * arrived
    assert http.post(TEST, headers=TOKEN).get_json()["message"] == "Test webhook sent successfully"
    assert [each.struck and each.struck.name for each in attempts(environment)] == [fault.name, None]


@pytest.mark.parametrize("action", ["repeat", "overlap", "delay", "drop"])
def test_a_fault_that_would_hold_up_the_tests_caller_does_not_strike(
    http: FlaskClient, environment: Environment, receiver: WebhookReceiver, action: str
) -> None:
    fault = add(environment, action, delay_seconds=5 * (action == "delay"))
    assert http.post(TEST, headers=TOKEN).get_json()["success"] is True
    assert (fault.matched, receiver.events) == (0, ["webhook.test"])


@pytest.mark.parametrize("status", [400, 422, 502])
def test_a_fixture_may_choose_the_status_of_a_failed_test(
    open_world: OpenWorld, status: int, http: FlaskClient, world: World, receiver: WebhookReceiver
) -> None:
    other = open_world(hook(NOWHERE), settings={"failed_test_status": status}).default
    world.open(other, token="talq_other")
    answer = http.post(TEST, headers={"Authorization": "Bearer talq_other"})
    assert answer.status_code == status
    assert answer.text == '{"success":false,"message":"Webhook test failed: Connection refused"}'
    receiver.answer_next(201)
    assert http.post(TEST, headers=TOKEN).status_code == 200


@pytest.mark.parametrize("status", [200, 500])
def test_a_test_is_neither_logged_nor_retried_and_the_harness_sees_it(
    http: FlaskClient, environment: Environment, receiver: WebhookReceiver, status: int
) -> None:
    receiver.answer_next(status)
    http.post(TEST, headers=TOKEN)
    environment.deliveries.advance(3600)
    assert http.get(TOGGLE.replace("/toggle", "/logs"), headers=TOKEN).get_json()["data"] == []
    assert len(receiver.requests) == 1
    (seen,) = attempts(environment)
    assert (seen.is_test, seen.status) == (True, "success" if status == 200 else "failed")


@pytest.mark.parametrize(
    ("path", "headers", "status", "message"),
    [
        (TEST.replace(AGENT, UNKNOWN), {}, 401, "Missing Bearer Token"),
        (TEST.replace(AGENT, UNKNOWN), TOKEN, 404, "Agent not found in this environment."),
        (TEST.replace(WEBHOOK, UNKNOWN), TOKEN, 404, "Webhook not found."),
    ],
)
def test_nothing_is_sent_when_a_check_refuses(
    http: FlaskClient, receiver: WebhookReceiver, path: str, headers: dict[str, str], status: int, message: str
) -> None:
    answer = http.post(path, headers=headers)
    assert (answer.status_code, answer.get_json()["message"]) == (status, message)
    assert not receiver.requests


def test_a_reset_ends_a_test_that_hangs_and_leaves_nothing_of_it(
    http: FlaskClient, environment: Environment, receiver: WebhookReceiver
) -> None:
    receiver.answer_next(Answer(delay_seconds=60))
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(http.post, TEST, headers=TOKEN)
        receiver.wait_for(1)
        environment.reset()
        assert answer.result(WAIT).text.startswith('{"success":false,"message":"Webhook test failed: ')
    assert attempts(environment) == []


def test_a_test_in_an_environment_that_has_closed_is_not_sent(
    environment: Environment, receiver: WebhookReceiver
) -> None:
    environment.close()
    assert not environment.deliveries.test(AGENT, WEBHOOK).successful
    assert not attempts(environment)
    assert not receiver.requests
