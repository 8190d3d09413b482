"""The rules of fields for requests and fixtures: limits are documented, texts and coercions measured on Laravel."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from talkover_mock.dialect.urls import is_url

_INTEGER = re.compile(r"[+-]?(0|[1-9][0-9]{0,17})")
_NUMERIC = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?")
"""The texts that PHP takes for numbers."""
_SIZED = (str, list, dict)
_EMPTY: Sequence[Any] = ("", [], {})
"""What the rule `required` takes for a missing text (measured on Laravel 9 to 11)."""


class Invalid(Exception):
    """A value that breaks a rule: `texts` for the field itself, `entries` for other names, such as `events.1`.

    `values` holds the stored values of valid fields, and the defaults of invalid ones.
    """

    def __init__(
        self,
        *texts: str,
        entries: Mapping[str, Sequence[str]] | None = None,
        values: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(*texts)
        self.texts = texts
        self.entries = entries or {}
        self.values = values or {}


Rule = Callable[[str, Any], Any]
"""Takes the field's name and a value that is not null; returns the stored value, or raises Invalid."""


class Field(NamedTuple):
    """One field: `rule` reads its value, `schema` is the same rule as JSON Schema for editors."""

    name: str
    rule: Rule
    schema: Mapping[str, Any]
    required: bool = False
    default: Any = None


def label(name: str) -> str:
    """A field's name in a text: underscores become spaces, except in a path such as `events.1`."""
    return name if "." in name else name.replace("_", " ")


def required_text(name: str) -> str:
    return f"The {label(name)} field is required."


def text(limit: int, required: bool = False) -> Rule:
    return _text_rule(limit, required, lambda value: type(value) is str, "string")


def url(limit: int) -> Rule:
    return _text_rule(limit, True, is_url, "valid URL")


def _text_rule(limit: int, required: bool, fits: Callable[[Any], bool], kind: str) -> Rule:
    def rule(name: str, value: Any) -> str:
        if type(value) is str and len(value) <= limit and (value or not required) and fits(value):
            return value  # at once, since a fixture has thousands
        if required and value in _EMPTY:
            raise Invalid(required_text(name))
        texts = [] if fits(value) else [f"The {label(name)} must be a {kind}."]
        if type(value) in _SIZED and len(value) > limit:
            texts.append(f"The {label(name)} must not be greater than {limit} characters.")
        raise Invalid(*texts)

    return rule


def integer(low: int, high: int) -> Rule:
    def rule(name: str, value: Any) -> int:
        if type(value) is int and low <= value <= high:
            return value
        number = _to_integer(value)
        size = _size(value)
        texts = [] if number is not None else [f"The {label(name)} must be an integer."]
        if not low <= size <= high:
            texts.append(f"The {label(name)} must be between {low} and {high}.")
        if number is None or texts:
            raise Invalid(*texts)
        return number

    return rule


def boolean(name: str, value: Any) -> bool:
    if value is True or value is False:
        return value
    if type(value) in (int, str) and value in (1, 0, "1", "0"):
        return value in (1, "1")
    raise Invalid(f"The {label(name)} field must be true or false.")


def choice(*options: str) -> Rule:
    def rule(name: str, value: Any) -> str:
        if type(value) is str and value in options:
            return value
        raise Invalid(f"The selected {label(name)} is invalid.")

    return rule


def events_of(known: Iterable[str]) -> Rule:
    """The rule that reads one or more available events.

    The text for `[]` is documented; false too has the size 0 (measured).
    """
    among = frozenset(known)

    def rule(name: str, value: Any) -> tuple[str, ...]:
        if type(value) is list and value and _are_among(among, value):
            return tuple(value)
        entries = _entries(value)
        texts = [f"The {label(name)} must be an array."] if entries is None else []
        if not entries and (entries is not None or value is False):
            texts.append(f"The {label(name)} field must contain at least 1 items.")
        if entries is None or texts:
            raise Invalid(*texts)
        found = {key: _trimmed(event) for key, event in entries.items()}
        wrong = [key for key, event in found.items() if type(event) is not str or event not in among]
        if wrong:
            raise Invalid(entries={f"{name}.{key}": [f"The selected {name}.{key} is invalid."] for key in wrong})
        return tuple(found.values())

    return rule


def _are_among(known: frozenset[str], entries: Iterable[Any]) -> bool:
    try:
        return known.issuperset(entries)
    except TypeError:  # an entry is a list or an object
        return False


def headers(name: str, value: Any) -> tuple[tuple[str, str], ...]:
    """Reads entries with a key and a value; both are required strings. Errors come rule by rule (measured)."""
    entries = _entries(value)
    if entries is None:
        raise Invalid(f"The {label(name)} must be an array.")
    wrong: dict[str, list[str]] = {}
    parts: list[list[Any]] = []
    for part in ("key", "value"):
        found = {
            f"{name}.{key}.{part}": _trimmed(entry.get(part)) if type(entry) is dict else None
            for key, entry in entries.items()
        }
        for path, given in found.items():
            if given is None or given in _EMPTY:
                wrong[path] = [required_text(path)]
            elif type(given) is not str:
                wrong[path] = [f"The {path} must be a string."]
        parts.append(list(found.values()))
    if wrong:
        raise Invalid(entries=wrong)
    return tuple(zip(*parts, strict=True))


def templates_of(known: Iterable[str]) -> Rule:
    """The rule that reads templates by event; unknown events, and so all entries of a list, are dropped."""
    among = frozenset(known)

    def rule(name: str, value: Any) -> dict[str, Any]:
        entries = _entries(value)
        if entries is None:
            raise Invalid(f"The {label(name)} must be an array.")
        return {key: each for key, each in entries.items() if key in among}

    return rule


def _entries(value: Any) -> dict[Any, Any] | None:
    """The entries of a list or an object by key: PHP has one kind of array for both (measured on Laravel 9 to 11)."""
    if type(value) is list:
        return dict(enumerate(value))
    return value if type(value) is dict else None


def mapping(name: str, value: Any) -> dict[str, Any]:
    if type(value) is dict:
        return value
    raise Invalid(f"The {label(name)} must be a mapping.")


def number(name: str, value: Any) -> int | float:
    if type(value) in (int, float):
        return value  # type: ignore[no-any-return]
    raise Invalid(f"The {label(name)} must be a number.")


def fields_of(
    body: Mapping[str, Any], fields: Sequence[Field], over: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """The stored value of every field, defaults included. Raises Invalid with *all* texts, in order.

    Strings are trimmed; null and the empty string count as absent (measured). With `over`, the stored values of a
    record, a field that `body` does not name keeps its value.
    """
    values: dict[str, Any] = {}
    wrong: dict[str, Sequence[str]] = {}
    wrong_entries: dict[str, Sequence[str]] = {}
    for name, rule, _, required, default in fields:
        value = body.get(name)
        if type(value) is str:
            value = value.strip() or None
        if value is not None:
            try:
                values[name] = rule(name, value)
            except Invalid as error:
                values[name] = default
                if error.texts:
                    wrong[name] = error.texts
                wrong_entries.update(error.entries)
        elif over is not None and name not in body:
            values[name] = over[name]
        else:
            values[name] = default
            if required:
                wrong[name] = [required_text(name)]
    if wrong or wrong_entries:
        raise Invalid(entries={**wrong, **wrong_entries}, values=values)
    return values


def _trimmed(value: Any) -> Any:
    return value.strip() if type(value) is str else value


def _to_integer(value: Any) -> int | None:
    """PHP's FILTER_VALIDATE_INT, which accepts 30, "30", "+30", 5.0 and true; not "5.0", "030", 5.5 or false."""
    if value is True:
        return 1
    if type(value) is int:
        return value if -(1 << 63) <= value < 1 << 63 else None
    if type(value) is float:
        return int(value) if value.is_integer() and abs(value) < 1e15 else None
    if type(value) is str and _INTEGER.fullmatch(value):
        return int(value)
    return None


def _size(value: Any) -> float:
    """The size that Laravel's `between` compares: a number's value, a list's length, else the length as a string."""
    if type(value) in (int, float):
        return value  # type: ignore[no-any-return]
    if type(value) in (list, dict):
        return len(value)
    if type(value) is bool:
        return 1 if value else 0
    text = str(value)  # for example a fixture's date
    return float(text) if _NUMERIC.fullmatch(text) else len(text)
