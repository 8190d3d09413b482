"""`events` and `deliveries`: emit an event, and see every attempt with its exact bytes and headers."""

from collections.abc import Mapping
from typing import Any

from talkover_mock.admin import search as filters
from talkover_mock.admin.bodies import admin_answer, json_object
from talkover_mock.admin.checks import A_JSON_VALUE, is_json, refuse_unknown_keys, required_of, seconds_in, value_of
from talkover_mock.admin.problems import Problem
from talkover_mock.admin.routing import Admin
from talkover_mock.admin.search import Filter
from talkover_mock.base.headers import joined
from talkover_mock.base.history import Found
from talkover_mock.base.moments import to_milliseconds
from talkover_mock.base.words import brief, near_or_all
from talkover_mock.deliveries.messages import TEST_EVENT
from talkover_mock.deliveries.operations import Emitted
from talkover_mock.deliveries.records import Delivery
from talkover_mock.dialect.errors import AgentNotFound
from talkover_mock.dialect.events import EVENTS
from talkover_mock.environments.environment import Environment
from talkover_mock.environments.explain import explain, explain_unknown_webhook
from talkover_mock.web.answers import Answer
from talkover_mock.web.request import MockRequest
from talkover_mock.web.waiting import Waiting

_PAYLOAD_KEYS = ("call", "context", "data")
_EVENT_KEYS = ("agent_id", "event", *_PAYLOAD_KEYS, "wait")
_STATUSES = ("pending", "success", "failed", "retrying")

FILTERS: Mapping[str, Filter[Delivery]] = {
    "agent_id": filters.text(lambda delivery: delivery.occurrence.agent_id),
    "webhook_id": filters.text(lambda delivery: delivery.webhook_id),
    "event": filters.one_of("event", (*EVENTS, TEST_EVENT), lambda delivery: delivery.occurrence.event),
    "event_id": filters.text(lambda delivery: delivery.occurrence.id),
    "status": filters.one_of("status", _STATUSES, lambda delivery: delivery.status),
    "attempt": filters.number("attempt", lambda delivery: delivery.attempt),
    "url": filters.with_stars(lambda delivery: delivery.outgoing.url if delivery.outgoing else None),
    "since": filters.since(lambda delivery: delivery.created_at),
}


def register(admin: Admin) -> None:
    admin.route("POST", "/events", _emit)
    admin.route("GET", "/deliveries", _read)
    admin.route("DELETE", "/deliveries", _clear)


def _emit(request: MockRequest, environment: Environment) -> Answer | Waiting:
    wanted = _checked(json_object(request))
    wait = seconds_in(0 if wanted.get("wait") is None else wanted["wait"], "wait")
    try:
        emitted = environment.deliveries.emit(
            wanted["agent_id"], wanted["event"], wanted.get("call"), wanted.get("context"), wanted.get("data")
        )
    except AgentNotFound as error:
        raise Problem(404, "No such agent", explain(error, environment, request.world)) from None
    return _emitted(emitted, wait)


def _read(request: MockRequest, environment: Environment) -> Answer | Waiting:
    wanted = filters.search_of(request, FILTERS)
    _check_ids(request, environment)
    return filters.found_answer("deliveries", environment.deliveries.log, wanted, present)


def _clear(_: MockRequest, environment: Environment) -> Answer:
    return admin_answer({"deleted": environment.deliveries.clear()})


def present(delivery: Delivery) -> dict[str, Any]:
    """One attempt as JSON; `request` is null until it is sent, `response` is null without an answer."""
    outgoing, outcome = delivery.outgoing, delivery.outcome
    return {
        "id": delivery.id,
        "event_id": delivery.occurrence.id,
        "agent_id": delivery.occurrence.agent_id,
        "webhook_id": delivery.webhook_id,
        "event": delivery.occurrence.event,
        "attempt": delivery.attempt,
        "status": delivery.status,
        "test": delivery.is_test,
        "captured": bool(outcome and outcome.captured),
        "captured_because": outcome.captured if outcome else None,
        "error": outcome.error if outcome else None,
        "duration_ms": outcome.duration_ms if outcome else None,
        "created_at": to_milliseconds(delivery.created_at),
        "ended_at": to_milliseconds(delivery.ended_at) if delivery.ended_at else None,
        "request": {
            "method": outgoing.method,
            "url": outgoing.url,
            "headers": joined(outgoing.headers),
            **({"headers_not_sent": list(outgoing.unsent)} if outgoing.unsent else {}),
            "body": outgoing.body.decode(),
        }
        if outgoing
        else None,
        "response": {
            "status": outcome.status,
            "headers": joined(outcome.headers),
            "body": outcome.body,
            "body_cut": outcome.cut,
        }
        if outcome and outcome.status
        else None,
    }


def _emitted(emitted: Emitted, wait: float) -> Answer | Waiting:
    """The deliveries of the event and the skipped webhooks; after a wait, with the results of the first attempts."""

    def is_first_attempt(delivery: Delivery) -> bool:
        return delivery.occurrence is emitted.occurrence and delivery.attempt == 1

    def show(found: Found[Delivery]) -> Answer:
        body = {
            "event_id": emitted.occurrence.id,
            "call_id": emitted.occurrence.call.get("id"),
            "finished": found.satisfied,
            "deliveries": [present(each) for each in found.items],
            "skipped": [{"webhook_id": webhook.id, "reason": reason} for webhook, reason in emitted.skipped],
        }
        return admin_answer(body)

    wanted = filters.Search(is_first_attempt, len(emitted.deliveries), None, wait)
    return filters.answer_found(emitted.log, wanted, show)


def _check_ids(request: MockRequest, environment: Environment) -> None:
    """Raises Problem 422 for an id that no record has or had: a typo must not look like "no delivery"."""
    for id in request.query_values("agent_id"):
        if not (environment.agent(id) or id in environment.baseline.agents):
            raise Problem(422, "Unknown agent", explain(AgentNotFound(id), environment, request.world))
    for id in request.query_values("webhook_id"):
        was_there = id in environment.baseline.webhooks or environment.was_deleted(id)
        if not (environment.webhook(id) or was_there or environment.deliveries.has_called(id)):
            raise Problem(422, "Unknown webhook", explain_unknown_webhook(id, environment))


def _checked(wanted: dict[str, Any]) -> dict[str, Any]:
    """The body of a request that emits an event. Raises Problem 422."""
    refuse_unknown_keys(wanted, _EVENT_KEYS)
    an_agent = "the id of the agent at which the event is emitted"
    required_of(wanted, "agent_id", lambda v: isinstance(v, str), an_agent)
    event = wanted.get("event")
    if not isinstance(event, str) or event not in EVENTS:
        known = tuple(EVENTS)
        detail = f"event must be one of the {len(known)} events (got {brief(event)}){near_or_all(event, known)}"
        raise Problem(422, "Unknown event", detail, events=known)
    for key in _PAYLOAD_KEYS:
        value_of(wanted, key, None, lambda v: isinstance(v, dict), "an object")
        value_of(wanted, key, None, is_json, A_JSON_VALUE)
    return wanted
