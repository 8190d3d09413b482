"""Why a field was refused: the texts of its rules, with the value that came and the known one that is near."""

from collections.abc import Mapping, Sequence
from typing import Any

from talkover_mock.base.words import brief, nearest
from talkover_mock.dialect.events import EVENTS
from talkover_mock.dialect.rules import Invalid

Path = tuple[str | int, ...]

_SECRETS = ("webhook_secret",)
"""Fields whose values never appear in an answer (documented), and so not in its reason."""


MISSING = object()
"""Stands for a value that is not there, in messages."""


def steps_of(name: str) -> Path:
    """The path of a rule's field: `events.1` is `("events", 1)`."""
    return tuple(int(step) if step.isdigit() else step for step in name.split("."))


def value_at(data: Any, steps: Path) -> Any:
    """What stands at a path, or MISSING."""
    for step in steps:
        try:
            data = data[step]
        except (LookupError, TypeError):
            return MISSING
    return data


def explained(body: Mapping[str, Any], invalid: Invalid) -> str:
    """What is wrong with a request's fields, with the values that came and the events that are near."""
    return "; ".join(_explained(body, name, texts) for name, texts in invalid.entries.items())


def _explained(body: Mapping[str, Any], name: str, texts: Sequence[str]) -> str:
    value = MISSING if name in _SECRETS else value_at(body, steps_of(name))
    got = "" if value is MISSING else f" (got {brief(value)}{near_event(name, value)})"
    return f"{name}: {' '.join(texts).removesuffix('.')}{got}"


def near_event(name: str, value: object) -> str:
    """The known event that is near to an unknown one at `events.N`."""
    return nearest(value, tuple(EVENTS)) if name.startswith("events.") else ""
