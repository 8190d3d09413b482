"""The content of HTTP requests: a part of its JSON, its headers, and the values of its query."""

import json
import math
import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from types import MappingProxyType
from typing import Any, NamedTuple
from urllib.parse import parse_qsl

from talkover_mock.base import patterns
from talkover_mock.base.headers import joined
from talkover_mock.base.words import brief

_NUMBER = re.compile(r"-?[0-9]+([.][0-9]+)?([eE][-+]?[0-9]{1,6})?")
_MOST_LEVELS = 100
A_JSON_VALUE = f"JSON of at most {_MOST_LEVELS} levels; put dates and infinite numbers in quotes"
_NOTHING: Mapping[str, str] = MappingProxyType({})


class Sent(NamedTuple):
    """What a request has sent, apart from its method and path; `query` is encoded."""

    headers: Sequence[tuple[str, str]]
    query: str
    body: bytes


class Content(NamedTuple):
    """What a request must have sent; `*` in a value stands for any text."""

    json: Any = None
    """A part of the body; None for any body."""
    headers: Mapping[str, str] = _NOTHING
    """Values of headers by their names in any case."""
    query: Mapping[str, str | float] = _NOTHING
    """Values of the query's fields; one of several values of a field is enough. A number is equal in any form."""

    @property
    def is_any(self) -> bool:
        return self.json is None and not self.headers and not self.query

    def is_in(self, sent: Sent) -> bool:
        """Whether the request has sent it."""
        return (
            (not self.headers or _has_headers(sent.headers, self.headers))
            and (not self.query or _has_fields(sent.query, self.query))
            and (self.json is None or _has_json(sent.body, self.json))
        )


ANY = Content()


def is_part(part: Any, whole: Any) -> bool:
    """Whether JSON has a part: an object has its keys, and perhaps others; an array is as long, entry by entry."""
    if isinstance(part, dict):
        return isinstance(whole, dict) and all(key in whole and is_part(part[key], whole[key]) for key in part)
    if isinstance(part, list):
        return isinstance(whole, list) and len(part) == len(whole) and all(map(is_part, part, whole))
    if isinstance(part, bool) or isinstance(whole, bool):  # in Python, true is 1
        return part is whole
    return bool(part == whole)


def is_json(value: Any, levels: int = _MOST_LEVELS) -> bool:
    """Whether JSON can carry a value: YAML also has dates, infinite numbers and keys that are no strings."""
    if isinstance(value, dict):
        return all(isinstance(key, str) for key in value) and is_json(list(value.values()), levels)
    if isinstance(value, (list, tuple)):
        return levels > 0 and all(is_json(each, levels - 1) for each in value)
    return math.isfinite(value) if isinstance(value, float) else isinstance(value, str | int | None)


class GivenTwice(ValueError):
    """A key that an object of JSON has twice."""


def each_once(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    """The object of these pairs, for `json.loads`. Raises GivenTwice."""
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise GivenTwice(f"the key {brief(key)} is given twice")
        found[key] = value
    return found


def _has_json(body: bytes, part: Any) -> bool:
    try:
        return is_part(part, json.loads(body))
    except (ValueError, RecursionError):
        return False


def _has_headers(headers: Sequence[tuple[str, str]], wanted: Mapping[str, str]) -> bool:
    sent = joined([(name.lower(), value) for name, value in headers])
    return all(patterns.matches(sent.get(name.lower(), ""), wanted[name]) and name.lower() in sent for name in wanted)


def _has_fields(query: str, wanted: Mapping[str, str | float]) -> bool:
    sent = parse_qsl(query, keep_blank_values=True)
    return all(any(key == name and _is_value(value, wanted[name]) for key, value in sent) for name in wanted)


def _is_value(sent: str, wanted: str | float) -> bool:
    """Whether a value fits a pattern, or is a number: clients send `2` or `2.0`, and JSON has one number for both."""
    if isinstance(wanted, str):
        return patterns.matches(sent, wanted)
    return _NUMBER.fullmatch(sent) is not None and Decimal(sent) == Decimal(str(wanted))
