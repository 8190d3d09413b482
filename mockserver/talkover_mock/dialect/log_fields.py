"""The fields of a delivery log entry that a fixture gives."""

from collections.abc import Mapping, Sequence
from typing import Any

from talkover_mock.dialect.call_fields import bounded
from talkover_mock.dialect.events import ALL_EVENTS
from talkover_mock.dialect.fields import integer_field
from talkover_mock.dialect.rules import Field, Invalid, choice, integer, label, mapping, text

_MOST_BODY = 65_536


def _headers(name: str, value: Any) -> dict[str, str]:
    if type(value) is dict and all(type(key) is str and type(each) is str for key, each in value.items()):
        return {**value}
    raise Invalid(f"The {label(name)} must be a mapping of names to texts.")


def _event_object(name: str, value: Any) -> dict[str, Any]:
    """A retry sends it again, as an event has it."""
    return bounded(name, mapping(name, value))


_OBJECT: Mapping[str, Any] = {"type": "object"}

LOG_ENTRY_FIELDS: Sequence[Field] = (
    Field("event", choice(*ALL_EVENTS), {"enum": list(ALL_EVENTS)}, required=True),
    integer_field("attempt", 1, 1000, default=1),
    Field("status", choice("success", "failed"), {"enum": ["success", "failed"]}),
    Field("http_status", integer(100, 599), {"type": "integer", "minimum": 100, "maximum": 599}),
    Field("error", text(255), {"type": "string", "maxLength": 255}),
    integer_field("duration_ms", 0, 3_600_000, default=0),
    Field("response_body", text(_MOST_BODY), {"type": "string", "maxLength": _MOST_BODY}),
    Field("response_headers", _headers, {**_OBJECT, "additionalProperties": {"type": "string"}}),
    Field("call", _event_object, _OBJECT),
    Field("context", _event_object, _OBJECT),
)
