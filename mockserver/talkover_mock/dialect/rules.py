"""The rules of fields for requests and fixtures: limits are documented, texts and coercions measured on Laravel."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from talkover_mock.dialect.events import EVENTS

_KNOWN_EVENTS = frozenset(EVENTS)
_INTEGER = re.compile(r"[+-]?(0|[1-9][0-9]{0,17})")
_NUMERIC = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?")
"""The texts that PHP takes for numbers."""
_URL = re.compile(
    r"""[a-z][a-z0-9.+-]* ://
    (?: [\w.~!$&'()*+,;=:%-]+ @ )?
    (?: \[ [0-9a-f:.]+ \] | [\w.-]+ ) (?: : [0-9]+ )?
    (?: / [\w.~!$&'()*+,;=:@/-]* (?: %[0-9a-f]{2} [\w.~!$&'()*+,;=:@/-]* )* )?
    (?: \? [\w.~!$&'()*+,;=:@/?\[\]-]* (?: %[0-9a-f]{2} [\w.~!$&'()*+,;=:@/?\[\]-]* )* )?
    (?: \# [\w.~!$&'()*+,;=:@/?-]* (?: %[0-9a-f]{2} [\w.~!$&'()*+,;=:@/?-]* )* )?""",
    re.IGNORECASE | re.VERBOSE,
)


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


def text(limit: int) -> Rule:
    def rule(name: str, value: Any) -> str:
        if type(value) is not str:
            raise Invalid(f"The {label(name)} must be a string.")
        if len(value) > limit:
            raise Invalid(_too_long(name, limit))
        return value

    return rule


def url(limit: int) -> Rule:
    def rule(name: str, value: Any) -> str:
        valid = type(value) is str and _URL.fullmatch(value)
        if valid and len(value) <= limit:
            return str(value)
        texts = [] if valid else [f"The {label(name)} must be a valid URL."]
        if type(value) is str and len(value) > limit:
            texts.append(_too_long(name, limit))
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


def events(name: str, value: Any) -> tuple[str, ...]:
    """Reads a list of one or more available events. The text for `[]` is documented; `{}` is PHP's empty list."""
    if type(value) is not list and value != {}:
        raise Invalid(f"The {label(name)} must be an array.")
    if not value:
        raise Invalid(f"The {label(name)} field must contain at least 1 items.")
    try:
        if _KNOWN_EVENTS.issuperset(value):
            return tuple(value)
    except TypeError:  # an entry is a list or an object
        pass
    value = [_trimmed(event) for event in value]
    wrong = [i for i, event in enumerate(value) if type(event) is not str or event not in _KNOWN_EVENTS]
    if wrong:
        raise Invalid(entries={f"{name}.{i}": [f"The selected {name}.{i} is invalid."] for i in wrong})
    return tuple(value)


def headers(name: str, value: Any) -> tuple[tuple[str, str], ...]:
    """Reads a list of `{key, value}` objects; both are required strings."""
    if type(value) is not list:
        raise Invalid(f"The {label(name)} must be an array.")
    entries: dict[str, list[str]] = {}
    pairs = []
    for i, header in enumerate(value):
        pair = []
        for key in ("key", "value"):
            part = _trimmed(header.get(key)) if type(header) is dict else None
            if part in (None, ""):
                entries[f"{name}.{i}.{key}"] = [required_text(f"{name}.{i}.{key}")]
            elif type(part) is not str:
                entries[f"{name}.{i}.{key}"] = [f"The {name}.{i}.{key} must be a string."]
            else:
                pair.append(part)
        pairs.append(tuple(pair))
    if entries:
        raise Invalid(entries=entries)
    return tuple((key, value) for key, value in pairs)


def templates(name: str, value: Any) -> dict[str, Any]:
    """Reads an object of templates by event; unknown events are dropped. An empty list is PHP's empty object."""
    if type(value) is dict:
        return value if value.keys() <= _KNOWN_EVENTS else {key: value[key] for key in value if key in _KNOWN_EVENTS}
    if value == []:
        return {}
    raise Invalid(f"The {label(name)} must be an array.")


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


def _too_long(name: str, limit: int) -> str:
    return f"The {label(name)} must not be greater than {limit} characters."


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
