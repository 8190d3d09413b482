"""Makes a fixture's payload of one that came: placeholders for what the mock knows, stand-ins for the rest."""

import json
import re
from collections.abc import Iterator, Mapping
from datetime import datetime, timezone
from typing import Any

from talkover_mock.base.moments import to_moment
from talkover_mock.deliveries.messages import TEST_EVENT
from talkover_mock.dialect.call_fields import DIRECTIONS, STATUS_AFTER
from talkover_mock.dialect.events import ALL_EVENTS, EVENTS
from talkover_mock.dialect.placeholders import PLACEHOLDER, TIME_FORMS
from talkover_mock.learning.hiding import renamed
from talkover_mock.learning.redacting import is_harmless, is_secret_key, key_stand_in, stand_in

_HUMPS = re.compile("(?<=[a-z0-9])(?=[A-Z])")
_ALWAYS: Mapping[str, str] = {
    "agent_id": "agent.id",
    "agent_name": "agent.name",
    "agent_label": "agent.label",
    "webhook_id": "webhook.id",
    "webhook_name": "webhook.name",
    "campaign_id": "campaign.id",
    "campaign_name": "campaign.name",
    "call_id": "call.id",
    "call_sid": "call.id",
    "event_id": "event_id",
    "message_id": "event_id",
    "delivery_id": "event_id",
}
"""The placeholder for the text under a key; the key's name is joined to that of the mapping around it."""
_NUMBERS = ("duration", "duration_seconds", "call_duration", "call_duration_seconds", "call_seconds")
_OTHER_SIDE = {"to": "call.to", "call_to": "call.to", "to_number": "call.to"}
_OWN_SIDE = {"from": "call.from", "call_from": "call.from", "from_number": "call.from"}
_TIME_KEY = re.compile("(^|_)(timestamp|time|date|at|on|ts|created|occurred|sent)$")
_EVENT_KEY = re.compile("(event|type|topic|kind)$", re.IGNORECASE)
_MAIN_TIMES = ("timestamp", "time", "occurred_at", "sent_at", "event_time", "created_at")
_UNIX, _UNIX_MILLISECONDS = (10**9, 10**10), (10**12, 10**13)
_DEEPEST = 3


def event_of(document: Any, headers: Mapping[str, str]) -> str | None:
    """The event that a payload is about: under `event` or a key like it, anywhere near its top, or else in a header."""
    first = document.get("event") if isinstance(document, dict) else None
    texts = sorted(_texts("", document, _DEEPEST), key=lambda pair: not _EVENT_KEY.search(pair[0]))
    for each in (first, *(text for _, text in texts), *headers.values()):
        if isinstance(each, str) and (each in ALL_EVENTS or each == TEST_EVENT):
            return each
    return None


def _texts(key: str, value: Any, depth: int) -> Iterator[tuple[str, str]]:
    """The texts with their keys; those of the context are the user's own."""
    if isinstance(value, str):
        yield key, value
    elif depth and isinstance(value, (dict, list)):
        for own, each in value.items() if isinstance(value, dict) else ((key, each) for each in value):
            if own != "context":
                yield from _texts(own, each, depth - 1)


def payload_of(document: Mapping[str, Any], event: str, *, keeps_values: bool) -> dict[str, Any]:
    """The payload that makes the mock send what came, for any agent, webhook and call.

    A payload of a call without a context gets a place for one: it comes in every event of the call (documented).
    """
    made: dict[str, Any] = _Making(document, event, keeps_values).value((), document)
    has_place = event not in EVENTS or "context" in made or "{{context}}" in json.dumps(made)
    return made if has_place else {**made, "context": "{{context}}"}


class _Making:
    def __init__(self, document: Mapping[str, Any], event: str, keeps_values: bool) -> None:
        self._event, self._keeps = event, keeps_values
        self._moment = _main_moment(document)
        self._known: dict[str, str] = {}
        """The placeholders of texts that were found under a name, for the same text under any other."""
        self.value((), document)

    def value(self, path: tuple[str, ...], value: Any) -> Any:
        name = _name(path)
        if path and (name == "context" or path[-1] == "context") and (isinstance(value, dict) or value == []):
            return "{{context}}"
        if isinstance(value, dict):
            return self._mapping(path, value)
        if isinstance(value, list):
            return [self.value(path, each) for each in value]
        placeholder = self._placeholder(path, name, value)
        if placeholder:
            return f"{{{{{placeholder}}}}}"
        if self._keeps:
            return PLACEHOLDER.sub(lambda found: f"{{ {found[0][1:]}", value) if isinstance(value, str) else value
        return stand_in(path[-1] if path else "", value, is_secret=any(map(is_secret_key, path)))

    def _mapping(self, path: tuple[str, ...], value: Mapping[str, Any]) -> dict[str, Any]:
        keys = list(value) if self._keeps else renamed(list(value), key_stand_in)
        return {key: self.value((*path, own), each) for key, (own, each) in zip(keys, value.items(), strict=True)}

    def _placeholder(self, path: tuple[str, ...], name: str, value: Any) -> str:
        """The placeholder of a value that the mock knows; empty for any other value."""
        if isinstance(value, bool):
            return "call.is_testing" if name in ("is_testing", "call_is_testing") else ""
        if isinstance(value, str):
            return self._of_text(path, name, value)
        if isinstance(value, int) and name in _NUMBERS:
            return "call.duration"
        return self._of_time(name, value) if isinstance(value, int) else ""

    def _of_text(self, path: tuple[str, ...], name: str, value: str) -> str:
        if value == self._event:
            return "event"
        found = _ALWAYS.get(name) or self._known.get(value) or self._of_call(name, value)
        if not found and name == "id" and len(path) == 1 and value:
            found = "event_id"
        if found and value and found.partition(".")[0] != "event" and (is_harmless(value) or name in _ALWAYS):
            self._known.setdefault(value, found)
        return found or self._of_time(name, value)

    def _of_call(self, name: str, value: str) -> str:
        if name in ("direction", "call_direction"):
            return "call.direction" if value in DIRECTIONS else ""
        if name in ("status", "call_status"):
            return "call.status" if value == STATUS_AFTER.get(self._event, "answered") else ""
        sides = {**_OTHER_SIDE, **_OWN_SIDE}
        return sides.get(name, "") if value[:1] == "+" else ""

    def _of_time(self, name: str, value: str | int) -> str:
        moment = _moment(name, value)
        if moment is None or self._moment is None or abs((moment - self._moment).total_seconds()) >= 1:
            return ""
        form = next((form for form, write in TIME_FORMS.items() if write(moment) == value), None)
        return "timestamp" if form == "milliseconds" else f"time.{form}" if form else ""


def _name(path: tuple[str, ...]) -> str:
    """The key in lower case, with that of the mapping around it where that is an agent's, a webhook's or a call's."""
    words = [_HUMPS.sub("_", key).lower().replace("-", "_") for key in path[-2:]]
    if len(words) == 2 and words[0] in ("agent", "webhook", "campaign", "call", "event"):
        return "_".join(words)
    return words[-1] if words else ""


def _moment(name: str, value: str | int) -> datetime | None:
    """The moment that a value under a name of times stands for, if it does."""
    if not _TIME_KEY.search(name):
        return None
    if isinstance(value, str):
        return to_moment(value)
    if _UNIX[0] <= value < _UNIX[1]:
        return datetime.fromtimestamp(value, timezone.utc)
    if _UNIX_MILLISECONDS[0] <= value < _UNIX_MILLISECONDS[1]:
        return datetime.fromtimestamp(value // 1000, timezone.utc).replace(microsecond=value % 1000 * 1000)
    return None


def _main_moment(document: Mapping[str, Any]) -> datetime | None:
    """When the event happened: the time under the likeliest key at the top, or the first one below that."""
    found = [(_name(path), moment) for path, moment in _moments((), document)]
    by_name = dict(reversed(found))
    return next((by_name[name] for name in _MAIN_TIMES if name in by_name), found[0][1] if found else None)


def _moments(path: tuple[str, ...], value: Any) -> Iterator[tuple[tuple[str, ...], datetime]]:
    if isinstance(value, dict):
        for key, each in value.items():
            if key != "context":
                yield from _moments((*path, key), each)
    elif isinstance(value, (str, int)) and not isinstance(value, bool):
        moment = _moment(_name(path), value)
        if moment:
            yield path, moment
