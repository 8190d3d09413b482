"""Fills in payload templates, and writes payloads as bytes exactly as PHP does."""

import json
import math
import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from talkover_mock.dialect.placeholders import PLACEHOLDER

_INDEX = re.compile("[0-9]{1,9}")
_MISSING = ""


def to_bytes(payload: Any, style: str = "php") -> bytes:
    """The payload as JSON: as PHP's `json_encode` writes it (`php`), or compact UTF-8 without escapes (`plain`)."""
    if style == "php":
        return _php(payload).encode()
    return json.dumps(payload, separators=(",", ":"), ensure_ascii=False).encode()


def render(template: Any, scope: Mapping[str, Any]) -> Any:
    """The template with its placeholders filled in, at any depth; placeholders in filled-in values stay as they are.

    A string that is one placeholder keeps the value's type; an unknown placeholder becomes the empty string.
    """
    if isinstance(template, Mapping):
        return {key: render(each, scope) for key, each in template.items()}
    if isinstance(template, (list, tuple)):
        return [render(each, scope) for each in template]
    if not isinstance(template, str):
        return template
    whole = PLACEHOLDER.fullmatch(template)
    if whole:
        return _look_up(scope, whole[1])
    return PLACEHOLDER.sub(lambda found: _text(_look_up(scope, found[1])), template)


def _look_up(scope: Mapping[str, Any], path: str) -> Any:
    found: Any = scope
    for step in path.split("."):
        if isinstance(found, Mapping) and step in found:
            found = found[step]
        elif isinstance(found, (list, tuple)) and _INDEX.fullmatch(step) and int(step) < len(found):
            found = found[int(step)]
        else:
            return _MISSING
    return found


def _text(value: Any) -> str:
    """A value as it stands inside a longer string."""
    if value is None:
        return ""
    if isinstance(value, float):
        return _php_float(value)
    return value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))


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
    if isinstance(value, int) and _BEYOND_PHP < abs(value) < _BEYOND_FLOAT:
        return _php_float(float(value))
    return json.dumps(value)


def _key(key: Any) -> str:
    return key if isinstance(key, str) else json.dumps(key)


def _php_text(text: str) -> str:
    """A string as PHP writes it: slashes are escaped; the character 127, which `json.dumps` escapes, is not."""
    parts = [json.dumps(part)[1:-1] for part in text.split("\x7f")]
    return '"' + "\x7f".join(parts).replace("/", "\\/") + '"'


_BEYOND_PHP, _BEYOND_FLOAT = 1 << 63, 1 << 1023
"""PHP's whole numbers have 64 bits; PHP reads larger numbers as floats."""


def _php_float(value: float) -> str:
    """A float as PHP writes it: up to 17 digits before the point in full, a whole one without `.0`; else `1.0e+17`."""
    if not math.isfinite(value):
        return "0"  # PHP refuses such a number or, told to go on, writes 0
    if value.is_integer() and abs(value) < 1e17:
        return f"{Decimal(repr(value)):.0f}"
    mantissa, exponent, power = repr(value).partition("e")
    if not exponent:
        return mantissa
    return f"{mantissa}{'' if '.' in mantissa else '.0'}e{int(power):+d}"
