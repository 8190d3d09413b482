"""`deliveries`: every attempt with its exact bytes and headers, and sending one again."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeVar, cast, get_args

from talkover_mock.admin import contents
from talkover_mock.admin import search as filters
from talkover_mock.admin.bodies import admin_answer, json_object
from talkover_mock.admin.checks import flag_of, refuse_unknown_keys, seconds_in, url_pattern
from talkover_mock.admin.problems import Problem
from talkover_mock.admin.routing import Admin
from talkover_mock.admin.search import Filter, Log
from talkover_mock.base.contents import Sent
from talkover_mock.base.headers import joined
from talkover_mock.base.history import Found
from talkover_mock.base.moments import to_milliseconds
from talkover_mock.base.shapes import deliveries as shapes
from talkover_mock.base.shapes.values import DeliveryStatus
from talkover_mock.deliveries.log import SKIPPED, Emitted
from talkover_mock.deliveries.messages import TEST_EVENT
from talkover_mock.deliveries.records import Delivery, Occurrence, Outcome, Outgoing
from talkover_mock.dialect.errors import AgentNotFound, CampaignNotFound
from talkover_mock.dialect.events import ALL_EVENTS
from talkover_mock.environments.environment import Environment
from talkover_mock.environments.explain import explain, explain_unknown_webhook
from talkover_mock.state.records import Webhook
from talkover_mock.web.answers import Answer
from talkover_mock.web.request import MockRequest
from talkover_mock.web.waiting import Waiting

T = TypeVar("T")
PENDING: DeliveryStatus = "pending"
_STATUSES = (*get_args(DeliveryStatus), "captured", SKIPPED)


def _status(value: str) -> Callable[[Delivery], bool]:
    """Matches deliveries by status; one that was captured is a success too. Raises Problem 422."""
    known: Filter[Delivery] = filters.one_of("status", _STATUSES, lambda delivery: delivery.status)
    matches = known(value)
    return lambda delivery: matches(delivery) or delivery.shown_status == value


def _url(value: str) -> Callable[[Delivery], bool]:
    """Matches deliveries by the URL to which they were sent. Raises Problem 422 for a pattern that no URL has."""
    known: Filter[Delivery] = filters.with_stars(lambda each: each.outgoing.url if each.outgoing else None)
    return known(url_pattern(value, "url"))


def _content(delivery: Delivery) -> Sent | None:
    return delivery.outgoing.sent if delivery.outgoing else None


FILTERS: Mapping[str, Filter[Delivery]] = {
    "agent_id": filters.text(lambda delivery: delivery.occurrence.agent_id),
    "campaign_id": filters.text(lambda delivery: delivery.campaign_id),
    "webhook_id": filters.text(lambda delivery: delivery.webhook_id),
    "event": filters.one_of("event", (*ALL_EVENTS, TEST_EVENT), lambda delivery: delivery.occurrence.event),
    "event_id": filters.text(lambda delivery: delivery.occurrence.id),
    "status": _status,
    "attempt": filters.number("attempt", lambda delivery: delivery.attempt),
    "url": _url,
    "fault": filters.fault_id(lambda delivery: delivery.struck.name if delivery.struck else ""),
    "since": filters.since(lambda delivery: delivery.created_at),
    **contents.filters_for(_content),
}


def register(admin: Admin) -> None:
    admin.route("GET", "/deliveries", _read, query=None)
    admin.route("DELETE", "/deliveries", _clear)
    admin.route("POST", "/deliveries/<id>/redeliver", _redeliver)


def _read(request: MockRequest, environment: Environment) -> Answer | Waiting:
    log, query = log_of(request.query(), filters.BOUNDS, request, environment), dict(request.query())
    if "min" in query or "max" in query:
        refuse_to_count(query.get("status"))
    return log.search(request)


def refuse_to_count(status: object) -> None:
    """Raises Problem 422 for a status of attempts that have not ended: there would always seem to be none."""
    if status == PENDING:
        detail = "attempts that are pending are shown, but not counted; search without min, max and times"
        raise Problem(422, "Bad status", f"{detail}, or settle and search for another status")


def log_of(
    given: Sequence[tuple[str, str]], others: Sequence[str], request: MockRequest, environment: Environment
) -> Log[Any]:
    """The environment's deliveries that what is given asks for; see `filters.matching`."""
    known = with_unknown_events(FILTERS, given, environment, lambda delivery: delivery.occurrence.event, TEST_EVENT)
    matches = filters.matching(given, known, others)
    check_ids(request, environment, given)
    if ("status", SKIPPED) in given:
        return _skipped(environment, matches, filters.beginning(given, known))
    log, begins = environment.deliveries.log, filters.beginning(given, known)
    return Log("deliveries", log, matches, lambda items: [present(each) for each in items], begins=begins)


def _skipped(
    environment: Environment, matches: Callable[[Delivery], bool], begins: Callable[[Delivery], bool]
) -> Log[Emitted]:
    """The deliveries that were never made. What is counted, and waited for, are their events."""

    def presented(events: Sequence[Emitted]) -> Sequence[shapes.SkippedDelivery]:
        return [_present_missed(each) for emitted in events for each in emitted.missed() if matches(each)]

    def has_missed(emitted: Emitted) -> bool:
        return any(map(matches, emitted.missed()))

    def is_behind(emitted: Emitted) -> bool:
        return any(map(begins, emitted.missed()))

    events = environment.deliveries.events
    return Log("deliveries", events, has_missed, presented, lambda: events.dropped_rows, is_behind)


def everything(environment: Environment, status: object) -> Sequence[Mapping[str, Any]]:
    """The deliveries that were never made, for that status and if there are any; else the attempts that are kept."""
    skipped = _skipped(environment, filters.anything, filters.anything).all() if status == SKIPPED else ()
    return skipped or [present(each) for each in environment.deliveries.log.all()]


def _clear(_: MockRequest, environment: Environment) -> Answer:
    return admin_answer({"deleted": environment.deliveries.clear()})


def with_unknown_events(
    known: Mapping[str, Filter[T]],
    given: Sequence[tuple[str, str]],
    environment: Environment,
    read: Callable[[T], str],
    *more: str,
) -> Mapping[str, Filter[T]]:
    """The filters, of which `event` also takes the names outside of the API's that were emitted."""
    if dict(given).get("event") in (None, *ALL_EVENTS):
        return known
    names = (*ALL_EVENTS, *more, *environment.deliveries.unknown_events())
    return {**known, "event": filters.one_of("event", names, read)}


def _redeliver(request: MockRequest, environment: Environment, id: str) -> Answer | Waiting:
    wanted = json_object(request)
    refuse_unknown_keys(wanted, ("replay", "wait"))
    replay, wait = flag_of(wanted, "replay", False), wait_of(wanted)
    emitted = environment.deliveries.redeliver(id, replay)
    queued = present(emitted.deliveries[0])

    def show(deliveries: list[shapes.Delivery], _: bool) -> Answer:
        """The new delivery; as it was queued, if the log has forgotten it meanwhile."""
        return admin_answer(next((each for each in deliveries if each["id"] == queued["id"]), queued))

    return after_attempts(emitted, wait, show)


def wait_of(wanted: Mapping[str, Any]) -> float:
    """The seconds that a body wants to wait for attempts."""
    return seconds_in(wanted.get("wait"), "wait")


def after_attempts(
    emitted: Emitted, wait: float, show: Callable[[list[shapes.Delivery], bool], Answer]
) -> Answer | Waiting:
    """What `show` makes of the deliveries, with those that faults add, and of whether every attempt has ended.

    It waits for the attempts, but not for an attempt that a fault delays.
    """
    awaited = {each.id for each in emitted.awaited}
    every = {each.id for each in emitted.deliveries} | awaited

    def is_awaited(delivery: Delivery) -> bool:
        return delivery.id in awaited

    def shown(found: Found[Delivery]) -> Answer:
        event_id = emitted.occurrence.id
        log = emitted.log.watch(lambda delivery: delivery.id in every and delivery.occurrence.id == event_id)
        return show([present(each) for each in log.items], found.satisfied)

    return filters.answer_found(emitted.log, filters.Search(is_awaited, len(awaited), None, wait), shown)


def present(delivery: Delivery) -> shapes.Delivery:
    """One attempt as JSON; `request` is null until it is sent, `response` is null without an answer."""
    outgoing, outcome = delivery.outgoing, delivery.outcome
    return {
        "id": delivery.id,
        "event_id": delivery.occurrence.id,
        "agent_id": delivery.occurrence.agent_id,
        **of_campaign(delivery),
        "webhook_id": delivery.webhook_id,
        "event": delivery.occurrence.event,
        "attempt": delivery.attempt,
        "copy_of": delivery.copy_of,
        "status": cast(DeliveryStatus, delivery.status),
        "test": delivery.is_test,
        "captured": bool(outcome and outcome.captured),
        "captured_because": outcome.captured if outcome else None,
        "error": outcome.error if outcome else None,
        "fault": delivery.struck.name if delivery.struck else None,
        "duration_ms": outcome.duration_ms if outcome else None,
        "created_at": to_milliseconds(delivery.created_at),
        "ended_at": to_milliseconds(delivery.ended_at) if delivery.ended_at else None,
        "request": _sent(outgoing) if outgoing else None,
        "response": _received(outcome, outcome.status) if outcome and outcome.status else None,
    }


def _present_missed(delivery: Delivery) -> shapes.SkippedDelivery:
    """A delivery that was never made, with the reason as its error."""
    outcome = delivery.outcome
    return {
        "id": None,
        "event_id": delivery.occurrence.id,
        "agent_id": delivery.occurrence.agent_id,
        **of_campaign(delivery),
        "webhook_id": delivery.webhook_id or None,
        "event": delivery.occurrence.event,
        "attempt": 0,
        "copy_of": None,
        "status": SKIPPED,
        "test": False,
        "captured": False,
        "captured_because": None,
        "error": outcome.error if outcome else None,
        "fault": None,
        "duration_ms": 0,
        "created_at": to_milliseconds(delivery.created_at),
        "ended_at": None,
        "request": None,
        "response": None,
    }


def _sent(outgoing: Outgoing) -> shapes.Sent:
    unsent: shapes.Unsent = {"headers_not_sent": list(outgoing.unsent)} if outgoing.unsent else {}
    return {
        "method": outgoing.method,
        "url": outgoing.url,
        "headers": joined(outgoing.headers),
        **unsent,
        "body": outgoing.body.decode(),
    }


def _received(outcome: Outcome, status: int) -> shapes.Received:
    return {
        "status": status,
        "headers": joined(outcome.headers),
        "body": outcome.body,
        "body_cut": outcome.cut,
    }


def of_campaign(owned: Delivery | Occurrence | Webhook) -> shapes.OfACampaign:
    """The id of the campaign that owns it, as a key; nothing for an agent's."""
    return {} if owned.campaign_id is None else {"campaign_id": owned.campaign_id}


def check_ids(request: MockRequest, environment: Environment, given: Iterable[tuple[str, str | None]]) -> None:
    """Raises Problem 422 for an id that no record has or had: a typo must not look like "no delivery"."""
    for key, id in given:
        if id:
            _check_id(key, id, request, environment)


def _check_id(key: str, id: str, request: MockRequest, environment: Environment) -> None:
    if key == "agent_id" and not (environment.agent(id) or id in environment.baseline.agents):
        raise Problem(422, "Unknown agent", explain(AgentNotFound(id), environment, request.world))
    if key == "campaign_id" and not (environment.campaign(id) or id in environment.baseline.campaigns):
        raise Problem(422, "Unknown campaign", explain(CampaignNotFound(id), environment, request.world))
    if key == "webhook_id":
        was_there = id in environment.baseline.webhooks or environment.was_deleted(id)
        if not (environment.webhook(id) or was_there or environment.deliveries.has_called(id)):
            raise Problem(422, "Unknown webhook", explain_unknown_webhook(id, environment))
