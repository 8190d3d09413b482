"""Faults in the client's words: the JSON that adds one."""

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import Any, get_args

from talkover_mock.base.shapes.values import Action, DeliveryAction, On, Preset
from talkover_mock.client.types import FaultDetails, OtherMatch

_NAMES = {"calls": (*get_args(Preset), *get_args(Action)), "deliveries": get_args(DeliveryAction)}


def new_fault(name: str | None, on: str, details: Mapping[str, Any]) -> dict[str, object]:
    """The JSON that adds a fault. Raises ValueError for an unknown name, and TypeError for an unknown keyword."""
    known = FaultDetails.__annotations__
    for key in details:
        if key not in known:
            raise TypeError(f"add_fault() has no keyword {key!r}{_nearest_or_all(key, [*known])}")
    _check_name(name, on)
    flat = OtherMatch.__annotations__
    rest = {key: value for key, value in details.items() if key != "match" and key not in flat}
    given = details.get("match") or {}
    if not isinstance(given, Mapping):
        raise ValueError(f'match must be a dictionary, such as {{"path": "*/toggle"}} (got {given!r:.80})')
    match = {**given, **{key: details[key] for key in flat if key in details}}
    kind = "preset" if name in get_args(Preset) else "action"
    return {"on": on, kind: name, "match": match, **rest}


def _check_name(name: str | None, on: str) -> None:
    if on not in get_args(On):
        raise ValueError(f"on must be one of {', '.join(get_args(On))} (got {on!r})")
    if name is None or name in _NAMES[on]:
        return
    for other, names in _NAMES.items():
        if name in names:
            raise ValueError(f"{name} strikes {other}: add on={other!r}")
    raise ValueError(f"no preset or action is named {name!r}{_nearest_or_all(name, _NAMES[on])}")


def _nearest_or_all(word: object, known: Sequence[str]) -> str:
    near = get_close_matches(str(word), known, n=1)
    return f"; did you mean {near[0]}?" if near else f"; expected one of {', '.join(known)}"
