"""The placeholders of payload templates: their form, and the values that they can name."""

import re
from collections.abc import Callable, Collection, Mapping
from datetime import datetime

from talkover_mock.base.moments import to_microseconds, to_milliseconds, to_seconds
from talkover_mock.base.words import near_word

PLACEHOLDER = re.compile(r"\{\{\s*([A-Za-z0-9_.-]+)\s*\}\}")
_WEBHOOK = ("id", "name")
_KNOWN = ("event", "timestamp", "webhook", *(f"webhook.{key}" for key in _WEBHOOK))
_CALL = ("call.id", "call.duration")
_OF_STATE = ("call.to", "call.from", "call.direction", "call.status", "call.is_testing", "call.payload")
"""What a call of the state has besides: no slips, however near they are to those."""
_OPEN = ("call", "context")
"""Values that a test gives when it emits an event; they may have any keys."""
_EXPECTED = "webhook.id, webhook.name, call.* or context.*"
TIME_FORMS: Mapping[str, Callable[[datetime], str | int]] = {
    "milliseconds": to_milliseconds,
    "seconds": to_seconds,
    "microseconds": to_microseconds,
    "offset": lambda moment: moment.isoformat(timespec="seconds"),
    "database": lambda moment: to_seconds(moment)[:-1].replace("T", " "),
    "unix": lambda moment: int(moment.timestamp()),
    "unix_milliseconds": lambda moment: int(moment.timestamp()) * 1000 + moment.microsecond // 1000,
}
"""How the moment of an event can be written in a payload, where `{{time.unix}}` stands for it."""
OF_PAYLOADS = ("event_id", *(f"time.{form}" for form in TIME_FORMS))
"""Names that the payloads of a fixture have beside those of a webhook's templates."""


def hint_at(name: str, owners: Mapping[str, Collection[str]], more: Collection[str] = ()) -> str:
    """A hint at the right name for a placeholder that names nothing; the empty text for one that names a value.

    `owners` has the keys of the webhook's `agent` and, if one owns the webhook, of its `campaign`; `more` are names
    beside those of every template. A key of `call` may be anything, except for a likely slip in `call.id` or
    `call.duration`.
    """
    first, *rest = name.split(".")
    if name in more:
        return ""
    if first in _OPEN:
        return _slip(name, rest) if first == "call" else ""
    keys = {**owners, "webhook": _WEBHOOK, "event": (), "timestamp": ()}.get(first)
    if keys is None:
        of_owners = [f"{owner}.{key}" for owner, keys in owners.items() for key in keys]
        near = near_word(name, (*_KNOWN, *owners, *_CALL, *_OPEN, *more, *of_owners))
    elif name in (*_KNOWN, *owners) or (first in owners and rest[0] in keys):
        return ""
    else:
        near_key = near_word(rest[0], tuple(keys))
        near = f"{first}.{near_key}" if near_key else "" if keys else first
    known = ("event", "timestamp", *more, *(f"{owner}.*" for owner in owners), _EXPECTED)
    return f"; did you mean {near}?" if near else f"; expected {', '.join(known)}"


def _slip(name: str, rest: list[str]) -> str:
    near = near_word(name, _CALL, cutoff=0.8) if len(rest) == 1 and name not in (*_CALL, *_OF_STATE) else ""
    is_slip = near and rest[0].lower()[:1] == near.removeprefix("call.")[:1]  # call.sid is a name of its own
    return f"; did you mean {near}?" if is_slip else ""
