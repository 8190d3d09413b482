"""`events`: emit an event, and see for each event which webhooks got it, and why the others did not."""

from collections.abc import Mapping, Sequence
from typing import Any

from talkover_mock.admin import search as filters
from talkover_mock.admin.bodies import admin_answer, json_object
from talkover_mock.admin.checks import flag_of, refuse_unknown_keys, required_of, value_of
from talkover_mock.admin.problems import Problem
from talkover_mock.admin.routes.deliveries import (
    after_attempts,
    check_ids,
    of_campaign,
    present,
    wait_of,
    with_unknown_events,
)
from talkover_mock.admin.routing import Admin
from talkover_mock.admin.search import Filter, Log
from talkover_mock.base.contents import A_JSON_VALUE, is_json
from talkover_mock.base.moments import to_milliseconds
from talkover_mock.base.shapes import deliveries as shapes
from talkover_mock.deliveries.log import Emitted
from talkover_mock.deliveries.records import Delivery
from talkover_mock.dialect.errors import AgentNotFound, CampaignNotFound
from talkover_mock.dialect.events import ALL_EVENTS, CAMPAIGN_EVENTS, EVENTS
from talkover_mock.dialect.reasons import no_event_of
from talkover_mock.environments.environment import Environment
from talkover_mock.environments.explain import explain
from talkover_mock.state.records import CampaignId
from talkover_mock.web.answers import Answer
from talkover_mock.web.request import MockRequest
from talkover_mock.web.waiting import Waiting

_PAYLOAD_KEYS = ("call", "context", "data")
_EVENT_KEYS = ("agent_id", "campaign_id", "event", "unknown", *_PAYLOAD_KEYS, "wait")
_LONGEST_NAME = 255

FILTERS: Mapping[str, Filter[Emitted]] = {
    "agent_id": filters.text(lambda emitted: emitted.occurrence.agent_id),
    "campaign_id": filters.text(lambda emitted: emitted.occurrence.campaign_id),
    "event": filters.one_of("event", ALL_EVENTS, lambda emitted: emitted.occurrence.event),
    "event_id": filters.text(lambda emitted: emitted.occurrence.id),
    "since": filters.since(lambda emitted: emitted.occurrence.moment),
}


def register(admin: Admin) -> None:
    admin.route("GET", "/events", _read, query=None)
    admin.route("POST", "/events", _emit)


def _read(request: MockRequest, environment: Environment) -> Answer | Waiting:
    given = request.query()
    known = with_unknown_events(FILTERS, given, environment, lambda emitted: emitted.occurrence.event)
    matches, begins = filters.matching(given, known, filters.BOUNDS), filters.beginning(given, known)
    check_ids(request, environment, given)
    events = environment.deliveries.events
    return Log("events", events, matches, lambda items: presented(items, environment), begins=begins).search(request)


def _emit(request: MockRequest, environment: Environment) -> Answer | Waiting:
    wanted = _checked(json_object(request))
    wait = wait_of(wanted)
    try:
        emitted = environment.deliveries.emit(
            _owner_of(wanted), wanted["event"], wanted.get("call"), wanted.get("context"), wanted.get("data")
        )
    except (AgentNotFound, CampaignNotFound) as error:
        title = "No such agent" if isinstance(error, AgentNotFound) else "No such campaign"
        raise Problem(404, title, explain(error, environment, request.world)) from None
    return _emitted(emitted, wait)


def _owner_of(wanted: Mapping[str, Any]) -> str:
    return wanted["agent_id"] if wanted.get("campaign_id") is None else CampaignId(wanted["campaign_id"])


def _emitted(emitted: Emitted, wait: float) -> Answer | Waiting:
    """The deliveries of the event and the skipped webhooks; after a wait, with the results of the first attempts."""

    def show(deliveries: list[shapes.Delivery], finished: bool) -> Answer:
        body: shapes.EmittedNow = {
            "event_id": emitted.occurrence.id,
            "call_id": emitted.occurrence.call_id,
            "finished": finished,
            "deliveries": deliveries,
            "skipped": _skipped(emitted),
        }
        return admin_answer(body)

    return after_attempts(emitted, wait, show)


def presented(events: Sequence[Emitted], environment: Environment) -> list[shapes.EmittedEvent]:
    """Events as JSON."""
    attempts = environment.deliveries.latest_attempts()
    return [_event(each, attempts) for each in events]


def _event(emitted: Emitted, attempts: Mapping[tuple[str, str], Delivery]) -> shapes.EmittedEvent:
    """One event as JSON, with the latest attempt of each delivery that is kept."""
    occurrence = emitted.occurrence
    latest = (attempts.get((occurrence.id, each.webhook_id)) for each in emitted.deliveries)
    return {
        "event_id": occurrence.id,
        "call_id": occurrence.call_id,
        "agent_id": occurrence.agent_id,
        **of_campaign(occurrence),
        "event": occurrence.event,
        "at": to_milliseconds(occurrence.moment),
        "deliveries": [_attempt(each) for each in latest if each],
        "skipped": _skipped(emitted),
    }


def _attempt(delivery: Delivery) -> shapes.Attempt:
    """The end of a delivery, without its bytes."""
    shown = present(delivery)
    return {
        "id": shown["id"],
        **of_campaign(delivery),
        "webhook_id": shown["webhook_id"],
        "attempt": shown["attempt"],
        "status": shown["status"],
        "captured_because": shown["captured_because"],
        "error": shown["error"],
        "fault": shown["fault"],
    }


def _skipped(emitted: Emitted) -> list[shapes.Skipped]:
    return [{**of_campaign(webhook), "webhook_id": webhook.id, "reason": reason} for webhook, reason in emitted.skipped]


def _checked(wanted: dict[str, Any]) -> dict[str, Any]:
    """The body of a request that emits an event. Raises Problem 422."""
    refuse_unknown_keys(wanted, _EVENT_KEYS)
    of_campaign = wanted.get("campaign_id") is not None
    if of_campaign and wanted.get("agent_id") is not None:
        raise Problem(422, "Bad value", "give agent_id or campaign_id, not both")
    kind = "campaign" if of_campaign else "agent"
    an_owner = f"the id of the {kind} at which the event is emitted"
    required_of(wanted, f"{kind}_id", lambda v: isinstance(v, str), an_owner)
    known = CAMPAIGN_EVENTS if of_campaign else tuple(EVENTS)
    event = wanted.get("event")
    if flag_of(wanted, "unknown", False):
        name = f"the name of an event, of at most {_LONGEST_NAME} characters"
        required_of(wanted, "event", lambda v: isinstance(v, str) and 0 < len(v) <= _LONGEST_NAME, name)
    elif not isinstance(event, str) or event not in known:
        raise Problem(422, "Unknown event", no_event_of(known, event), events=known)
    for key in _PAYLOAD_KEYS:
        value_of(wanted, key, None, lambda v: isinstance(v, dict), "an object")
        value_of(wanted, key, None, is_json, A_JSON_VALUE)
    return wanted
