"""The routes of a webhook's deliveries: send a test, read the log, retry a log entry."""

import json
from typing import cast

from talkover_mock.api.input import api_input, page_of
from talkover_mock.api.routes.webhooks import WEBHOOK
from talkover_mock.api.routing import Api
from talkover_mock.base.headers import joined
from talkover_mock.base.moments import to_seconds
from talkover_mock.base.shapes.api import Delivered, Undelivered
from talkover_mock.base.shapes.values import Event, Unsuccessful
from talkover_mock.deliveries.records import Delivery, Outcome
from talkover_mock.web.answers import Answer, api_answer
from talkover_mock.web.request import MockRequest


def register(api: Api) -> None:
    api.route("POST", WEBHOOK + "/test", _test, is_quick=False)
    api.route("GET", WEBHOOK + "/logs", _logs, is_quick=False)
    api.route("POST", WEBHOOK + "/logs/<log_id>/retry", _retry, is_quick=False)


def _test(request: MockRequest, agent_id: str, webhook_id: str) -> Answer:
    """Sends a test (documented), also when the webhook is disabled (assumed). The request's body is ignored."""
    outcome = request.environment.deliveries.test(agent_id, webhook_id)
    if not outcome.successful:
        body = {"success": False, "message": f"Webhook test failed: {_failure(outcome)}"}
        return api_answer(body, request.environment.settings.failed_test_status)
    data = {"status_code": outcome.status, "response_time": outcome.duration_ms}
    return api_answer({"success": True, "message": "Test webhook sent successfully", "data": data})


def _logs(request: MockRequest, agent_id: str, webhook_id: str) -> Answer:
    """Lists log entries (documented), newest first (inferred from a sample)."""
    query = api_input(request)
    entries, per_page = request.environment.deliveries.logs(agent_id, webhook_id, query)
    page, pagination = page_of(entries, per_page, query)
    return api_answer({"success": True, "data": [_entry(each) for each in page], "pagination": pagination})


def _retry(request: MockRequest, agent_id: str, webhook_id: str, log_id: str) -> Answer:
    """Queues one more attempt (documented), and no further ones after it (assumed)."""
    queued = request.environment.deliveries.retry(agent_id, webhook_id, log_id)
    data = {"log_id": queued.id, "original_log_id": log_id, "queued_at": to_seconds(queued.created_at)}
    return api_answer({"success": True, "message": "Webhook retry queued successfully", "data": data})


def _failure(outcome: Outcome) -> str:
    """`HTTP 500 Internal Server Error`, or the reason why no answer came."""
    return f"HTTP {outcome.status} {outcome.error}" if outcome.http_status else str(outcome.error)


def _entry(delivery: Delivery) -> Delivered | Undelivered:
    """A log entry: one set of keys for a delivered attempt, another for a failed or pending one (documented)."""
    outcome = delivery.outcome or Outcome()
    event = cast(Event, delivery.occurrence.event)  # one that a test emitted as unknown is not documented either
    if delivery.outgoing and delivery.ended_at and outcome.successful and outcome.status:
        return {
            "id": delivery.id,
            "webhook_id": delivery.webhook_id,
            "event": event,
            "attempt": delivery.attempt,
            "status": "success",
            "http_status": outcome.status,
            "request_payload": json.loads(delivery.outgoing.body),
            "response_body": outcome.body,
            "response_headers": joined(outcome.headers),
            "duration_ms": outcome.duration_ms,
            "delivered_at": to_seconds(delivery.ended_at),
            "created_at": to_seconds(delivery.created_at),
        }
    return {
        "id": delivery.id,
        "webhook_id": delivery.webhook_id,
        "event": event,
        "attempt": delivery.attempt,
        "status": cast(Unsuccessful, delivery.status),
        "http_status": outcome.http_status,
        "error": outcome.error,
        "duration_ms": outcome.duration_ms if delivery.ended else None,
        "created_at": to_seconds(delivery.created_at),
    }
