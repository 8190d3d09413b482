"""Checks the input of admin requests: each check takes an object and the path of a key, and raises Problem 422."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from talkover_mock.admin.problems import Problem
from talkover_mock.base.words import brief, near_or_all, nearest
from talkover_mock.dialect.urls import is_url_pattern

MOST_WAITING_SECONDS = 300
_NO_LIMIT = 2**63 - 1

Check = Callable[[Any], bool]


def refuse_unknown_keys(
    given: Mapping[str, Any], known: Sequence[str], where: str = "", deeper: Sequence[str] = ()
) -> None:
    """Raises Problem 422 for a key that is not in `known`; `where` is the path of the object, with a dot at its end.

    `deeper` are paths such as `match.json`, which the problem names for a key that belongs there.
    """
    for key in given:
        if key not in known:
            inner = next((path for path in deeper if path.rpartition(".")[2] == key), "")
            hint = f"; did you mean {inner}?" if inner else near_or_all(key, known or ["none"])
            raise Problem(422, "Unknown key", f"unknown key {brief(f'{where}{key}')}{hint}")


def refuse_in_query(query: Sequence[tuple[str, str]], known: Sequence[str]) -> None:
    """Raises Problem 422 for a key that is not in `known`, and for one that is given twice."""
    for key, value in query:
        refuse_unknown_keys({key: value}, known)
    refuse_twice(query)


def refuse_twice(query: Sequence[tuple[str, str]]) -> None:
    """Raises Problem 422 for a key that is given twice."""
    given: dict[str, str] = {}
    for key, value in query:
        if key in given:
            raise Problem(422, "Key given twice", f"{key} is given twice (got {brief(given[key])} and {brief(value)})")
        given[key] = value


def url_pattern(value: str, name: str) -> str:
    """A pattern for URLs, in which `*` is any text. Raises Problem 422 for one that no URL matches."""
    if not is_url_pattern(value):
        detail = f"{name} must be a whole URL such as https://example.com/hook; * matches anything (got {brief(value)})"
        raise Problem(422, "Bad value", f"{detail}; did you mean *{value.lstrip('*')}?")
    return value


def value_of(given: Mapping[str, Any], name: str, default: Any, check: Check, expected: str) -> Any:
    """The value of a key, or the default when the key is missing or null; see `required_of`."""
    return default if given.get(name.rpartition(".")[2]) is None else required_of(given, name, check, expected)


def required_of(given: Mapping[str, Any], name: str, check: Check, expected: str) -> Any:
    """The value of a key that must be there; `name` is its path, `expected` completes the sentence "it must be …"."""
    value = given.get(name.rpartition(".")[2])
    if not check(value):
        raise Problem(422, "Bad value", f"{name} must be {expected} (got {brief(value)})")
    return value


def text_of(given: Mapping[str, Any], name: str) -> str | None:
    """A string; None when it is missing."""
    text: str | None = value_of(given, name, None, lambda v: isinstance(v, str), "a string")
    return text


def object_of(given: Mapping[str, Any], key: str, known: Sequence[str]) -> dict[str, Any]:
    """An object with no other keys than the known ones; empty when it is missing."""
    found: dict[str, Any] = value_of(given, key, {}, lambda v: isinstance(v, dict), f"an object of {', '.join(known)}")
    refuse_unknown_keys(found, known, f"{key}.")
    return found


def whole_of(given: Mapping[str, Any], name: str, default: Any, *, least: int = 0, most: int = _NO_LIMIT) -> Any:
    """A whole number; 2.0 counts as one, as in JSON Schema."""
    found: Any = given.get(name.rpartition(".")[2])
    is_bounded = most < _NO_LIMIT or (_is_whole(found) and found > most)
    bounds = f" from {least} to {most}" if is_bounded else f", {least} or more"
    expected = f"a whole number{bounds}"
    value = value_of(given, name, default, lambda v: _is_whole(v) and least <= v <= most, expected)
    return int(value) if isinstance(value, float) else value


def choice_of(given: Mapping[str, Any], name: str, options: Sequence[str]) -> Any:
    """One of the options, or None when it is missing; the problem names the nearest option."""
    value = given.get(name.rpartition(".")[2])
    expected = f"one of {', '.join(options)}{nearest(value, options)}"
    return value_of(given, name, None, lambda v: isinstance(v, str) and v in options, expected)


def flag_of(given: Mapping[str, Any], name: str, default: bool) -> bool:
    """True or false."""
    return bool(value_of(given, name, default, lambda v: isinstance(v, bool), "true or false"))


def number_in(value: object, low: float, high: float) -> bool:
    """Whether a value is a number within the bounds; true and false are not numbers."""
    return isinstance(value, (int, float)) and not isinstance(value, bool) and low <= value <= high


def _is_whole(value: Any) -> bool:
    return type(value) is int or (isinstance(value, float) and value.is_integer())


def seconds_in(value: object, name: str) -> float:
    """A time to wait in seconds, given as a number or as text; none without a value."""
    if value is None:
        return 0
    try:
        number = float(value) if isinstance(value, (int, float, str)) and not isinstance(value, bool) else -1.0
    except ValueError:
        number = -1.0
    if not 0 <= number <= MOST_WAITING_SECONDS:
        detail = f"{name} must be a number of seconds from 0 to {MOST_WAITING_SECONDS} (got {brief(value)})"
        raise Problem(422, "Bad time to wait", detail)
    return number
