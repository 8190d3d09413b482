"""Faults on deliveries as JSON: reads the fault that a body asks for, and shows a fault."""

from collections.abc import Mapping, Sequence
from typing import Any, cast

from talkover_mock.admin import contents
from talkover_mock.admin.checks import (
    choice_of,
    flag_of,
    number_in,
    object_of,
    refuse_unknown_keys,
    required_of,
    text_of,
    url_pattern,
    value_of,
    whole_of,
)
from talkover_mock.admin.problems import Problem
from talkover_mock.admin.routes.deliveries import check_ids
from talkover_mock.base.shapes.faults import DeliveryDetails, DeliveryMatch
from talkover_mock.base.words import nearest
from talkover_mock.deliveries.faults import ACTIONS, DETAILS, MATCH, NO_FAULT, DeliveryFault
from talkover_mock.deliveries.messages import TEST_EVENT
from talkover_mock.dialect.events import ALL_EVENTS
from talkover_mock.environments.environment import Environment
from talkover_mock.web.request import MockRequest

_EVENTS = (*ALL_EVENTS, TEST_EVENT)
_MATCH = (*MATCH, *contents.KEYS)
_MOST_COPIES = 20
_LEAST_SECONDS = 0.001
_MOST_SECONDS = 30 * 24 * 3600
"""The delay of a delivery at least and at most; the clock of a test may skip it."""
_MOST_SKEW = 10 * 365 * 24 * 3600


def read(
    wanted: dict[str, Any], limits: Sequence[str], request: MockRequest, environment: Environment
) -> DeliveryFault:
    """The fault that a body asks for; `limits` are its keys that say how often. Raises Problem 422."""
    known = ("on", "match", "action", *DETAILS, *limits)
    refuse_unknown_keys(wanted, known, deeper=[f"match.{key}" for key in _MATCH])
    action = choice_of(wanted, "action", tuple(ACTIONS))
    if action is None:
        raise Problem(422, "No fault", f"give an action: {', '.join(ACTIONS)}", actions=list(ACTIONS))
    _refuse_other_details(wanted, action)
    match = object_of(wanted, "match", _MATCH)
    fault = DeliveryFault(
        action,
        event=value_of(match, "match.event", None, _is_event, _an_event(match)),
        webhook_id=text_of(match, "match.webhook_id"),
        agent_id=text_of(match, "match.agent_id"),
        url=_url(match),
        attempt=whole_of(match, "match.attempt", None, least=1),
        sent=flag_of(wanted, "sent", NO_FAULT.sent),
        copies=whole_of(wanted, "copies", NO_FAULT.copies, least=1, most=_MOST_COPIES),
        delay_seconds=_seconds(wanted, action),
        together=flag_of(wanted, "together", NO_FAULT.together),
        replay=flag_of(wanted, "replay", NO_FAULT.replay),
        though_disabled=flag_of(wanted, "though_disabled", NO_FAULT.though_disabled),
        seconds=_skew(wanted) if action == "skewed" else NO_FAULT.seconds,
        content=contents.content_of(match, "match."),
    )
    if fault.together and fault.delay_seconds:
        raise Problem(422, "Bad value", "copies that are together have no delay_seconds; give one of the two")
    check_ids(request, environment, [("agent_id", fault.agent_id), ("webhook_id", fault.webhook_id)])
    return fault


def present(fault: DeliveryFault) -> DeliveryDetails:
    """The fault with the details that its action takes."""
    match: DeliveryMatch = {
        "event": fault.event,
        "webhook_id": fault.webhook_id,
        "agent_id": fault.agent_id,
        "url": fault.url,
        "attempt": fault.attempt,
        **contents.present(fault.content),
    }
    details = {name: getattr(fault, name) for name in ACTIONS[fault.action]}
    return cast(DeliveryDetails, {"match": match, "action": fault.action, **details})


def _refuse_other_details(wanted: Mapping[str, Any], action: str) -> None:
    for detail in DETAILS:
        if wanted.get(detail) is not None and detail not in ACTIONS[action]:
            owners = [name for name, details in ACTIONS.items() if detail in details]
            raise Problem(422, "Bad value", f"{detail} belongs to {' and '.join(owners)}, not to {action}")


def _url(match: Mapping[str, Any]) -> str | None:
    url = text_of(match, "match.url")
    return None if url is None else url_pattern(url, "match.url")


def _seconds(wanted: Mapping[str, Any], action: str) -> float:
    """The delay: some time for an action that is nothing without."""
    least = _LEAST_SECONDS if action == "delay" else 0
    expected = f"a number of seconds from {least} to {_MOST_SECONDS}"
    given = {**wanted, "delay_seconds": 0.0} if action != "delay" and wanted.get("delay_seconds") is None else wanted
    seconds: float = required_of(given, "delay_seconds", lambda v: number_in(v, least, _MOST_SECONDS), expected)
    return seconds


def _skew(wanted: Mapping[str, Any]) -> float:
    expected = f"a number of seconds from -{_MOST_SKEW} to {_MOST_SKEW}, but not 0"
    skew: float = required_of(wanted, "seconds", lambda v: number_in(v, -_MOST_SKEW, _MOST_SKEW) and v != 0, expected)
    return skew


def _is_event(value: Any) -> bool:
    return isinstance(value, str) and (value in _EVENTS or "*" in value)


def _an_event(match: Mapping[str, Any]) -> str:
    near = nearest(match.get("event"), _EVENTS)
    return f"one of the {len(ALL_EVENTS)} events, {TEST_EVENT}, or a pattern with *{near}"
