"""Reasons for refused fields: the texts of the rules with the given values and similar known ones."""

from collections.abc import Mapping, Sequence
from itertools import islice
from typing import Any

from talkover_mock.base.words import brief, digits, near_or_all, nearest
from talkover_mock.dialect.events import ALL_EVENTS, EVENTS

Path = tuple[str | int, ...]
"""The keys and indexes that lead to a value in a document."""

_SECRETS = ("webhook_secret",)
"""Fields whose values never appear in an answer (inferred from a sample), and therefore not in its reason."""


_MOST_EXPLAINED = 20
MISSING = object()
"""Stands for an absent value in messages."""


def steps_of(name: str) -> Path:
    """The path of a field's name: `events.1` gives `("events", 1)`."""
    numbers = ((step, digits(step)) for step in name.split("."))
    return tuple(step if number is None else number for step, number in numbers)


def value_at(data: Any, steps: Path) -> Any:
    """The value at a path, or MISSING."""
    for step in steps:
        try:
            data = data[step]
        except (LookupError, TypeError):
            return MISSING
    return data


def explained(body: Mapping[str, Any], errors: Mapping[str, Sequence[str]]) -> str:
    """The reason for a request's first refused fields, with the given values and similar events."""
    first = [_explained(body, name, texts) for name, texts in islice(errors.items(), _MOST_EXPLAINED)]
    more = len(errors) - len(first)
    return "; ".join([*first, *([f"and {more} more"] if more else [])])


def _explained(body: Mapping[str, Any], name: str, texts: Sequence[str]) -> str:
    value = MISSING if name in _SECRETS else value_at(body, steps_of(name))
    got = "" if value is MISSING else f" (got {brief(value)}{near_event(name, value)})"
    return f"{name}: {' '.join(texts).removesuffix('.')}{got}"


def near_event(name: str, value: object) -> str:
    """A hint at the known event most similar to a refused one at `events.N`, or at those who have the event."""
    return (_only_of_others(value) or nearest(value, ALL_EVENTS)) if name.startswith("events.") else ""


def no_event_of(known: Sequence[str], event: object) -> str:
    """What is wrong with an event that is none of the known ones, which are those of agents or of campaigns."""
    hint = _only_of_others(event) or near_or_all(event, known)
    return f"event must be one of the {len(known)} events (got {brief(event)}){hint}"


def _only_of_others(event: object) -> str:
    """Says of a refused event that only agents have it, or only campaigns; empty for what is no event of the API."""
    if event not in ALL_EVENTS:
        return ""
    return f"; only {'agents have' if event in EVENTS else 'campaigns have'} this event"
