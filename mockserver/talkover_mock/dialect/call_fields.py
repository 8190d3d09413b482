"""The fields, statuses and numbers of calls."""

import json
import re
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, get_args

from talkover_mock.base.shapes.values import PHONE_PATTERN, CallStatus, Direction
from talkover_mock.dialect.fields import boolean_field, choice_field, integer_field, option_field, text_field
from talkover_mock.dialect.rules import Field, Invalid, Rule, choice, label, text

ACTIVE: Sequence[CallStatus] = ("initiated", "ringing", "answered")
"""The statuses of a call that is not over."""
STATUSES: Sequence[str] = get_args(CallStatus)
DIRECTIONS: Sequence[str] = get_args(Direction)
STATUS_AFTER: Mapping[str, CallStatus] = {
    "event_phone_call_started": "ringing",
    "event_phone_call_connected": "answered",
    "event_phone_call_ended": "completed",
    "event_phone_call_did_not_connect": "no-answer",
    "event_phone_call_error": "failed",
}
"""The status that an event gives its call (assumed); other events leave it as it is."""
CALLER = "+12025550100"
"""The number that calls are placed from when the agent has none (assumed); it is reserved for fiction."""
CALLED = "+12025550123"
"""The number of a played call that has none."""
MOST_OBJECT_BYTES = 976 * 1024
"""The bytes of an object as JSON; less than what an event may hold."""
_INTERNATIONAL = re.compile(PHONE_PATTERN)
_AMERICAN = re.compile(r"\+1?([0-9]{3})([0-9]{3})([0-9]{4})")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def is_international(number: object) -> bool:
    """Whether the value is a number in international format: a plus, then 2 to 15 digits, the first not 0."""
    return isinstance(number, str) and _INTERNATIONAL.fullmatch(number) is not None


def formatted(number: str) -> str:
    """`(123) 456-7890` for a number of ten digits, with or without a 1 before them; any other stays (assumed)."""
    found = _AMERICAN.fullmatch(number)
    return f"({found[1]}) {found[2]}-{found[3]}" if found else number


def phone(name: str, value: Any) -> str:
    if is_international(value):
        return str(value)
    raise Invalid(f'The {label(name)} must be a text in international format, such as "+1234567890".')


def an_object(name: str, value: Any) -> dict[str, Any]:
    """Reads an object of a bounded size. An empty list is PHP's empty object."""
    if value == []:
        return {}
    if type(value) is not dict:
        raise Invalid(f"The {label(name)} must be an array.")
    return bounded(name, value)


def bounded(name: str, value: dict[str, Any]) -> dict[str, Any]:
    """The object, if an event can hold it."""
    if len(json.dumps(value, default=str, skipkeys=True)) > MOST_OBJECT_BYTES:
        raise Invalid(f"The {label(name)} must not be greater than {MOST_OBJECT_BYTES // 1024} kilobytes.")
    return value


def _day(name: str, value: Any) -> date:
    try:
        return date.fromisoformat(value if type(value) is str and _DATE.fullmatch(value) else "")
    except ValueError:
        raise Invalid(f"The {label(name)} must be a valid date.") from None


def _optional(name: str, rule: Rule, schema: Mapping[str, Any], default: Any = None) -> Field:
    return Field(name, rule, schema, default=default)


_OBJECT: Mapping[str, Any] = {"type": "object"}
_PHONE: Mapping[str, Any] = {"type": "string", "pattern": f"^{_INTERNATIONAL.pattern}$"}
_DAY: Mapping[str, Any] = {"type": "string", "format": "date"}

PLACE_FIELDS: Sequence[Field] = (
    _optional("payload", an_object, _OBJECT),
    _optional("context", an_object, _OBJECT),
    integer_field("delay_seconds", 0, 3600, default=0),
    boolean_field("is_testing", default=False),
)
"""The fields of a call that is placed, beside its number, whose errors have a shape of their own."""

END_FIELDS: Sequence[Field] = (text_field("call_sid", 255, required=True),)

CALL_FILTERS: Sequence[Field] = (
    option_field("status", *STATUSES),
    option_field("direction", *DIRECTIONS),
    text_field("agent_id", 255),
    _optional("date_from", _day, _DAY),
    _optional("date_to", _day, _DAY),
    text_field("search", 255),
    integer_field("per_page", 1, 100, default=20),
)
"""The filters of the lists of calls (documented; the limits of the texts are assumed)."""

PLAYED_FIELDS: Sequence[Field] = (
    _optional("to", phone, {**_PHONE, "default": CALLED}, CALLED),
    _optional("from", phone, {**_PHONE, "default": CALLER}, CALLER),
    choice_field("direction", *reversed(DIRECTIONS)),
    boolean_field("is_testing", default=False),
    _optional("payload", an_object, _OBJECT),
    _optional("context", an_object, _OBJECT),
)
"""What a test may say of the call that a scenario is played at."""

CALL_FIELDS: Sequence[Field] = (
    Field("agent_id", text(100), {"type": "string", "minLength": 1, "maxLength": 100}, required=True),
    Field("to", phone, _PHONE, required=True),
    *PLAYED_FIELDS[1:],
    _optional("status", choice(*STATUSES), {"enum": list(STATUSES), "default": "completed"}, "completed"),
    integer_field("duration", 0, 86_400, default=0),
)
"""The fields of a call in a fixture, beside its id and its times."""
