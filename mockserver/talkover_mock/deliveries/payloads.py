"""Fills in payload templates, and writes payloads as bytes exactly as PHP does."""

import json
import math
import re
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from talkover_mock.base.refusals import Unfit
from talkover_mock.dialect.inputs import is_list
from talkover_mock.dialect.placeholders import PLACEHOLDER

_INDEX = re.compile("[0-9]{1,9}")
_ABSENT: Any = object()
MOST_EVENT_BYTES = 1024 * 1024
"""The bytes of an event's call, of its context and of its further data, each about as JSON."""
MOST_BYTES = 4 * 1024 * 1024
"""The most bytes of a payload."""
_SMALLEST = 2
"""Bytes that any value takes at least, with its comma."""


class _Object(dict[str, Any]):
    """An object of `as_written`: it is sent as one, also if it is empty or its keys count from 0."""


class _Float(float):
    """A number of `as_written`: a whole one is sent with `.0`."""


class _Int(int):
    """A number of `as_written`: it is sent with all its digits."""


class TooLarge(Exception):
    """A payload exceeds its limit in bytes."""

    def __init__(self, most: int) -> None:
        super().__init__(f"The payload is larger than {most} bytes, the limit of this mock")


def to_bytes(payload: Any, style: str = "php") -> bytes:
    """The payload as JSON: as PHP's `json_encode` writes it (`php`), or compact UTF-8 without escapes (`plain`).

    Raises TooLarge, also before it writes what would take much memory.
    """
    size_of(payload)
    payload = _as_arrays(payload)
    text = _php(payload) if style == "php" else json.dumps(payload, separators=(",", ":"), ensure_ascii=False)
    body = text.encode()
    if len(body) > MOST_BYTES:
        raise TooLarge(MOST_BYTES)
    return body


def as_written(value: Any) -> Any:
    """The value, for `to_bytes` to write its objects and numbers as they stand there, and not as PHP keeps them.

    A payload of a fixture says what the vendor sends, who may have another language than PHP.
    """
    if isinstance(value, Mapping):
        return _Object({key: as_written(each) for key, each in value.items()})
    if isinstance(value, (list, tuple)):
        return [as_written(each) for each in value]
    if isinstance(value, float):
        return _Float(value)
    return _Int(value) if isinstance(value, int) and not isinstance(value, bool) else value


def render(template: Any, scope: Mapping[str, Any], leaves_out: bool = False) -> Any:
    """The template with its placeholders filled in, at any depth; placeholders in filled-in values stay as they are.

    A string that is one placeholder keeps the value's type; an unknown placeholder becomes the empty string, or with
    `leaves_out` its key is left out. Raises TooLarge as soon as the result would be.
    """
    return _Rendering(scope, leaves_out).render(template)


def size_of(value: Any, most: int = MOST_BYTES) -> int:
    """The size of a value, about that of its JSON. Raises TooLarge when it is over `most`, without looking further."""
    size, waiting = 0, [value]
    while waiting:
        each = waiting.pop()
        inner: Iterable[Any] = ()
        if isinstance(each, str):
            size += _length(each, most)
        elif isinstance(each, Mapping):
            size += 2 + sum(_length(str(key), most) + 2 for key in each)
            inner = each.values()
        elif isinstance(each, (list, tuple)):
            size += 2 + len(each)
            inner = each
        else:
            size += len(str(each))
        if size > most:
            raise TooLarge(most)
        waiting.extend(inner)
    return size


def size_of_event(*parts: Mapping[str, Any] | None) -> int:
    """The size of an event's data. Raises Unfit over the limit."""
    try:
        return sum(size_of(part or {}, MOST_EVENT_BYTES) for part in parts)
    except TooLarge:
        detail = f"call, context and data may each have {MOST_EVENT_BYTES} bytes at most"
        raise Unfit("The event is too large", detail) from None


def _length(text: str, most: int) -> int:
    """The characters of a string's JSON, where they matter: at most half of them are slashes and quotes."""
    if len(text) > most or (text.isascii() and text.isprintable()):
        return len(text) + 2
    return len(json.dumps(text))


class _Rendering:
    """Fills templates in, and counts the result while it grows; each value is looked up and measured once."""

    def __init__(self, scope: Mapping[str, Any], leaves_out: bool) -> None:
        self._scope, self._leaves_out, self._left = scope, leaves_out, MOST_BYTES
        self._values: dict[str, tuple[Any, int]] = {}
        self._texts: dict[str, str] = {}

    def render(self, template: Any) -> Any:
        self._count(_SMALLEST)
        if isinstance(template, Mapping):
            self._count(sum(_length(key, MOST_BYTES) for key in template))
            kept = {key: self.render(each) for key, each in template.items() if not self._is_left_out(each)}
            return _Object(kept) if isinstance(template, _Object) else kept
        if isinstance(template, (list, tuple)):
            return [self.render(each) for each in template]
        if not isinstance(template, str):
            return template
        whole = PLACEHOLDER.fullmatch(template)
        if whole:
            return self._value(whole[1])
        self._count(_length(template, MOST_BYTES))
        return PLACEHOLDER.sub(lambda found: self._text(found[1]), template)

    def _is_left_out(self, template: Any) -> bool:
        whole = PLACEHOLDER.fullmatch(template) if self._leaves_out and isinstance(template, str) else None
        return whole is not None and _look_up(self._scope, whole[1]) is _ABSENT

    def _value(self, path: str) -> Any:
        if path not in self._values:
            value = _look_up(self._scope, path)
            value = "" if value is _ABSENT else value
            self._values[path] = value, size_of(value)
        value, size = self._values[path]
        self._count(size)
        return value

    def _text(self, path: str) -> str:
        value = self._value(path)
        if path not in self._texts:
            self._texts[path] = _text(value)
        return self._texts[path]

    def _count(self, size: int) -> None:
        self._left -= size
        if self._left < 0:
            raise TooLarge(MOST_BYTES)


def _look_up(scope: Mapping[str, Any], path: str) -> Any:
    found: Any = scope
    for step in path.split("."):
        if isinstance(found, Mapping) and step in found:
            found = found[step]
        elif isinstance(found, (list, tuple)) and _INDEX.fullmatch(step) and int(step) < len(found):
            found = found[int(step)]
        else:
            return _ABSENT
    return found


def _text(value: Any) -> str:
    """A value as it stands inside a longer string."""
    if value is None:
        return ""
    if isinstance(value, (int, float)):
        return _php(value)
    return value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))


def _as_arrays(value: Any) -> Any:
    """The value after PHP has kept it as arrays: an empty object, or one whose keys count from 0, is a list (measured).

    The cases were written by PHP 8.2: `json_encode(json_decode($text, true))`.
    """
    if isinstance(value, Mapping):
        kept = {key: _as_arrays(each) for key, each in value.items()}
        return list(kept.values()) if is_list(kept) and not isinstance(value, _Object) else kept
    return [_as_arrays(each) for each in value] if isinstance(value, (list, tuple)) else value


def _php(value: Any) -> str:
    """The value as PHP's `json_encode` writes it (measured on PHP 8.2, as are the numbers below)."""
    if isinstance(value, str):
        return _php_text(value)
    if isinstance(value, Mapping):
        return "{" + ",".join(f"{_php_text(_key(key))}:{_php(each)}" for key, each in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ",".join(map(_php, value)) + "]"
    if isinstance(value, float):
        return _php_float(value)
    if isinstance(value, int) and _is_beyond_php(value) and not isinstance(value, _Int):
        return _php_float(float(value))
    return json.dumps(value)


def _is_beyond_php(value: int) -> bool:
    """PHP's whole numbers have 64 bits; PHP reads larger numbers as floats."""
    return not -(1 << 63) <= value < 1 << 63 and abs(value) < _BEYOND_FLOAT


def _key(key: Any) -> str:
    return key if isinstance(key, str) else json.dumps(key)


def _php_text(text: str) -> str:
    """A string as PHP writes it: slashes are escaped; the character 127, which `json.dumps` escapes, is not."""
    parts = [json.dumps(part)[1:-1] for part in text.split("\x7f")]
    return '"' + "\x7f".join(parts).replace("/", "\\/") + '"'


_BEYOND_FLOAT = 1 << 1023
"""Whole numbers from here on are written with all their digits: the largest of them are no floats."""


def _php_float(value: float) -> str:
    """A float as PHP writes it: up to 17 digits before the point in full, a whole one without `.0`; else `1.0e+17`."""
    if not math.isfinite(value):
        return "0"  # PHP refuses such a number or, told to go on, writes 0
    if value.is_integer() and abs(value) < 1e17:
        return f"{Decimal(repr(value)):.0f}{'.0' if isinstance(value, _Float) else ''}"
    mantissa, exponent, power = repr(value).partition("e")
    if not exponent:
        return mantissa
    return f"{mantissa}{'' if '.' in mantissa else '.0'}e{int(power):+d}"
