"""Faults in the client's words: the name of a preset or an action, and the answer of a struck call."""

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Any, get_args

from talkover_mock.client.types import Action, FaultDetails, Preset


def new_fault(name: str | None, details: Mapping[str, object]) -> dict[str, object]:
    """The JSON that adds a fault. Raises ValueError for an unknown name, and TypeError for an unknown keyword."""
    presets, actions, known = get_args(Preset), get_args(Action), FaultDetails.__annotations__
    for key in details:
        if key not in known:
            raise TypeError(f"add_fault() has no keyword {key!r}{_nearest_or_all(key, known)}")
    if name not in (None, *presets, *actions):
        raise ValueError(f"no preset or action is named {name!r}{_nearest_or_all(str(name), (*presets, *actions))}")
    return {"action" if name in actions else "preset": name, **details}


def fault_answer(fault: Mapping[str, Any]) -> str:
    """The answer of a struck call: `maintenance`, `hang`, `respond 418` or `delay 0.5 s`."""
    answer = f"respond {fault['respond']['status']}" if fault["respond"] else f"delay {fault['delay_seconds']:g} s"
    return str(fault["preset"] or fault["action"] or answer)


def _nearest_or_all(word: str, known: Iterable[str]) -> str:
    near = get_close_matches(word, known, n=1)
    return f"; did you mean {near[0]}?" if near else f"; expected one of {', '.join(known)}"
