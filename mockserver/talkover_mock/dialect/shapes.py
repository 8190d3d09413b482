"""Compares an answer with its shape: keys in their order, types and texts, and never a value (see conformance.yaml)."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from talkover_mock.base.words import brief

_ID = re.compile("[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
_SECONDS = "[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}"


def _written(pattern: str) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, str) and re.fullmatch(pattern, value) is not None


_TYPES: Mapping[str, Callable[[Any], bool]] = {
    "text": lambda value: isinstance(value, str),
    "integer": lambda value: type(value) is int,
    "number": lambda value: type(value) in (int, float),
    "boolean": lambda value: isinstance(value, bool),
    "null": lambda value: value is None,
    "object": lambda value: isinstance(value, dict),
    "list": lambda value: isinstance(value, list),
    "any": lambda _: True,
    "uuid": _written(_ID.pattern),
    "seconds": _written(_SECONDS + "Z"),
    "milliseconds": _written(_SECONDS + r"\.[0-9]{3}Z"),
    "microseconds": _written(_SECONDS + r"\.000000Z"),
}
_KINDS = ("null", "boolean", "integer", "number", "text", "list", "object")
MORE = "..."
"""As the last key of a shape: further keys may follow."""


class Difference(NamedTuple):
    """Where an answer differs from its shape; the value that came is not told, but for a text in a text's place."""

    place: str
    expected: str
    came: str

    def __str__(self) -> str:
        return f"{self.place}: expected {self.expected}, came {self.came}"


def differences(shape: Any, found: Any, shapes: Mapping[str, Any], place: str = "body") -> list[Difference]:
    """The differences of a value from its shape; empty when there are none. `shapes` are those that have a name."""
    if isinstance(shape, str) and is_type(shape):
        return _of_type(shape[1:-1].split("|"), found, shapes, place)
    if isinstance(shape, Mapping):
        return _of_object(shape, found, shapes, place)
    if isinstance(shape, list):
        return _of_list(shape, found, shapes, place)
    if type(shape) is type(found) and shape == found:
        return []
    is_text = isinstance(shape, str) and isinstance(found, str)
    return [Difference(place, brief(shape), brief(found) if is_text or type(found) is bool else kind_of(found))]


def is_type(shape: Any) -> bool:
    """Whether a shape is the name of a type or of a shape, such as `<text|null>`, and no text itself."""
    return isinstance(shape, str) and re.fullmatch(r"<[a-z|]+>", shape) is not None


def kind_of(value: Any) -> str:
    """The JSON type of a value, in a word."""
    return next(kind for kind in _KINDS if _TYPES[kind](value))


def _of_type(names: Sequence[str], found: Any, shapes: Mapping[str, Any], place: str) -> list[Difference]:
    wrong: list[Difference] = []
    for name in names:
        if name not in _TYPES:
            wrong = differences(shapes[name], found, shapes, place)
            if not wrong:
                return []
        elif _TYPES[name](found):
            return []
    return wrong if len(names) == 1 and wrong else [Difference(place, " or ".join(names), kind_of(found))]


def _of_object(shape: Mapping[str, Any], found: Any, shapes: Mapping[str, Any], place: str) -> list[Difference]:
    if not isinstance(found, dict):
        return [Difference(place, "object", kind_of(found))]
    wanted = [key for key in shape if key != MORE]
    came = [*found][: len(wanted)] if MORE in shape else [*found]
    if came != wanted:
        return [Difference(place, f"the keys {', '.join(wanted)}", ", ".join(came) or "none")]
    return [each for key in wanted for each in differences(shape[key], found[key], shapes, f"{place}.{key}")]


def _of_list(shape: Sequence[Any], found: Any, shapes: Mapping[str, Any], place: str) -> list[Difference]:
    if not isinstance(found, list):
        return [Difference(place, "list", kind_of(found))]
    if len(shape) == 1 and is_type(shape[0]):
        shape = [shape[0]] * len(found)
    if len(shape) != len(found):
        return [Difference(place, f"{len(shape)} in the list", str(len(found)))]
    pairs = zip(shape, found, strict=True)
    return [each for i, (one, other) in enumerate(pairs) for each in differences(one, other, shapes, f"{place}[{i}]")]
