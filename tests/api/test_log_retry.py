"""The retry of a log entry, as the vendor documents it: what it queues, and when it is refused."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient

from talkover_mock.environments.environment import Environment
from talkover_mock.environments.world import World
from talkover_mock.receiver import Answer, WebhookReceiver
from tests.support.documented import (
    AGENT,
    LOGS,
    NO_AGENT,
    NO_WEBHOOK,
    OTHER_AGENT,
    TOKEN,
    UNKNOWN,
    WEBHOOK,
    WEBHOOK_PATH,
)
from tests.support.reasons import REASON
from tests.support.stories import OTHER, STARTED, attempts, emit, two_webhooks

OpenWorld = Callable[..., World]
NO_LOG = '{"success":false,"message":"Log not found."}'
NOT_RETRIABLE = '{"success":false,"message":"Log cannot be retried","code":"LOG_NOT_RETRIABLE"}'
NO_TOKEN = '{"message":"Missing Bearer Token"}'


@pytest.fixture
def world(open_world: OpenWorld, receiver: WebhookReceiver) -> World:
    return two_webhooks(open_world, receiver.url)


@pytest.fixture
def environment(world: World) -> Environment:
    return world.default


def logs(http: FlaskClient) -> list[dict[str, Any]]:
    return list(http.get(LOGS, headers=TOKEN).get_json()["data"])


def retry_of(log_id: str, agent_id: str = AGENT, webhook_id: str = WEBHOOK) -> str:
    return f"/api/v1/agents/{agent_id}/webhooks/{webhook_id}/logs/{log_id}/retry"


def failed(environment: Environment, receiver: WebhookReceiver) -> str:
    """The id of a failed entry without a retry to come."""
    environment.webhooks.update(AGENT, WEBHOOK, {"max_retries": 0})
    receiver.answer_next(500)
    return emit(environment)[0].id


def test_a_retry_queues_a_single_attempt_more_and_the_entry_stays(
    http: FlaskClient, environment: Environment, receiver: WebhookReceiver
) -> None:
    old = failed(environment, receiver)
    environment.webhooks.update(AGENT, WEBHOOK, {"name": "Renamed", "http_method": "PATCH", "max_retries": 5})
    environment.deliveries.advance(90)
    receiver.answer_next(500)
    answer = http.post(retry_of(old), headers=TOKEN)
    environment.deliveries.advance(3600)
    new = logs(http)[0]["id"]
    assert answer.status_code == 200
    assert answer.text == (
        '{"success":true,"message":"Webhook retry queued successfully","data":'
        f'{{"log_id":"{new}","original_log_id":"{old}","queued_at":"2025-09-03T23:51:45Z"}}}}'
    )
    assert [(each["id"], each["attempt"], each["status"]) for each in logs(http)] == [
        (new, 2, "failed"),
        (old, 1, "failed"),
    ]
    first, _, second = receiver.requests  # the second went to the other webhook
    assert (second.method, second.json) == ("PATCH", {**first.json, "webhook_name": "Renamed"})


def of_success(environment: Environment, receiver: WebhookReceiver) -> str:
    receiver.answer_next(200)
    return emit(environment)[0].id


def of_retrying(environment: Environment, receiver: WebhookReceiver) -> str:
    receiver.answer_next(500)
    return emit(environment)[0].id


def of_pending(environment: Environment, receiver: WebhookReceiver) -> str:
    receiver.answer_always(Answer(delay_seconds=60))
    environment.deliveries.emit(AGENT, STARTED)
    receiver.wait_for(1)
    return attempts(environment)[0].id


def of_long_ago(environment: Environment, receiver: WebhookReceiver) -> str:
    id = failed(environment, receiver)
    environment.deliveries.advance(timedelta(days=30, seconds=1).total_seconds())
    return id


def of_a_disabled_webhook(environment: Environment, receiver: WebhookReceiver) -> str:
    id = failed(environment, receiver)
    environment.webhooks.toggle(AGENT, WEBHOOK)
    return id


def when_no_more_fit_into_the_queue(environment: Environment, receiver: WebhookReceiver) -> str:
    id = failed(environment, receiver)
    environment.deliveries._sharing = environment.deliveries._sharing._replace(most_kept=0)
    return id


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (of_success, "the log entry is success; only a failed one can be retried"),
        (of_retrying, "the log entry is retrying; only a failed one can be retried"),
        (of_pending, "the log entry is pending; only a failed one can be retried"),
        (of_long_ago, "the log entry is over 30 days old"),
        (of_a_disabled_webhook, "the webhook is disabled"),
        (when_no_more_fit_into_the_queue, "0 deliveries are queued, and 1 more would exceed the limit of 0"),
    ],
)
def test_an_entry_that_cannot_be_retried_is_refused_and_nothing_is_queued(
    http: FlaskClient,
    environment: Environment,
    receiver: WebhookReceiver,
    make: Callable[[Environment, WebhookReceiver], str],
    reason: str,
) -> None:
    id = make(environment, receiver)
    before = attempts(environment)
    answer = http.post(retry_of(id), headers=TOKEN)
    assert (answer.status_code, answer.text, answer.headers[REASON]) == (422, NOT_RETRIABLE, reason)
    assert attempts(environment) == before


def test_an_entry_of_exactly_30_days_is_still_retried(
    http: FlaskClient, environment: Environment, receiver: WebhookReceiver
) -> None:
    id = failed(environment, receiver)
    environment.deliveries.advance(timedelta(days=30).total_seconds())
    assert http.post(retry_of(id), headers=TOKEN).status_code == 200


def test_what_is_no_entry_of_this_webhook_is_not_found(
    http: FlaskClient, environment: Environment, receiver: WebhookReceiver
) -> None:
    id = failed(environment, receiver)
    receiver.answer_next(500)
    http.post(f"{WEBHOOK_PATH}/test", headers=TOKEN)
    test = attempts(environment)[-1]
    assert (test.is_test, test.status) == (True, "failed")
    for path in (retry_of(UNKNOWN), retry_of("1"), retry_of(id, webhook_id=OTHER), retry_of(test.id)):
        answer = http.post(path, headers=TOKEN)
        assert (answer.status_code, answer.text) == (404, NO_LOG)


@pytest.mark.parametrize(
    ("path", "headers", "status", "body"),
    [
        (retry_of(UNKNOWN, UNKNOWN, UNKNOWN), {}, 401, NO_TOKEN),
        (retry_of(UNKNOWN, UNKNOWN, UNKNOWN), TOKEN, 404, NO_AGENT),
        (retry_of(UNKNOWN, AGENT, UNKNOWN), TOKEN, 404, NO_WEBHOOK),
        (retry_of(UNKNOWN), TOKEN, 404, NO_LOG),
        (f"{LOGS}?per_page=0".replace(AGENT, OTHER_AGENT), {}, 401, NO_TOKEN),
        (f"{LOGS}?per_page=0".replace(AGENT, OTHER_AGENT), TOKEN, 404, NO_AGENT),
        (f"{LOGS}?per_page=0".replace(WEBHOOK, UNKNOWN), TOKEN, 404, NO_WEBHOOK),
    ],
)
def test_the_checks_run_in_the_order_of_the_contract(
    http: FlaskClient,
    environment: Environment,
    path: str,
    headers: dict[str, str],
    status: int,
    body: str,
) -> None:
    environment.webhooks.toggle(AGENT, WEBHOOK)  # so that the effect would be refused too
    answer = http.open(path, method="POST" if path.endswith("/retry") else "GET", headers=headers)
    assert (answer.status_code, answer.text) == (status, body)
