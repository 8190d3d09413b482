"""Scenarios: what happens on a call, and when. The vendor documents nothing of it, so that all of this is assumed."""

import re
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple

from talkover_mock.base.shapes.values import CallStatus, Event
from talkover_mock.dialect.call_fields import STATUSES, an_object
from talkover_mock.dialect.events import EVENTS
from talkover_mock.dialect.rules import Field, Invalid, choice, label

_MOST_SECONDS = 86_400
_TIME = re.compile(r"([0-9]{1,8}(?:\.[0-9]{1,6})?)(ms|s|m|)")
_SECONDS_OF = {"ms": 0.001, "s": 1, "m": 60, "": 1}


class Step(NamedTuple):
    """An event of a scenario, `after` seconds after the step before it.

    `data` holds further keys of its payload. `status` is the call's from then on, in the place of the event's own.
    """

    after: float
    event: Event
    data: Mapping[str, Any] = MappingProxyType({})
    status: CallStatus | None = None


Scenario = Sequence[Step]
_STARTED = Step(1, "event_phone_call_started")
_CONNECTED = Step(4, "event_phone_call_connected")
_TALKING = Step(1, "event_conversation_started")
_ENDED = Step(1, "event_phone_call_ended")

SCENARIOS: Mapping[str, Scenario] = {
    "answered": (_STARTED, _CONNECTED, _TALKING, Step(50, "event_conversation_ended"), _ENDED),
    "no_answer": (_STARTED, Step(30, "event_phone_call_did_not_connect")),
    "voicemail": (
        _STARTED,
        _CONNECTED,
        Step(2, "event_voicemail_detected"),
        Step(10, "event_voicemail_message_left"),
        _ENDED,
    ),
    "dropped": (_STARTED, _CONNECTED, _TALKING, Step(20, "event_phone_call_disconnected"), _ENDED),
    "agent_failed": (
        _STARTED,
        _CONNECTED,
        _TALKING,
        Step(10, "event_action_failed"),
        Step(1, "event_phone_call_error"),
    ),
}
"""The built-in scenarios. They begin after a second: the client that has placed the call has its answer by then."""


def seconds(name: str, value: Any) -> float:
    """Reads a span of time: a number of seconds, or a text such as `4s`, `500ms` or `2m`."""
    found = _TIME.fullmatch(value) if type(value) is str else None
    number = float(found[1]) * _SECONDS_OF[found[2]] if found else value
    if type(number) in (int, float) and 0 <= number <= _MOST_SECONDS:
        return int(number) if float(number).is_integer() else number
    raise Invalid(f"The {label(name)} must be a number of seconds from 0 to {_MOST_SECONDS}, or a text such as 4s.")


_TIME_SCHEMA = {
    "type": ["number", "string"],
    "minimum": 0,
    "maximum": _MOST_SECONDS,
    "pattern": f"^{_TIME.pattern}$",
    "default": 0,
}

STEP_FIELDS: Sequence[Field] = (
    Field("after", seconds, _TIME_SCHEMA, default=0.0),
    Field("event", choice(*EVENTS), {"enum": list(EVENTS)}, required=True),
    Field("data", an_object, {"type": "object"}, default={}),
    Field("status", choice(*STATUSES), {"enum": list(STATUSES)}),
)
"""The keys of a step in a fixture."""
