"""Hides the token or the secret that a command was given in all that the command prints and writes."""

import base64
import json
import re
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any
from urllib.parse import quote

from talkover_mock.base.addresses import without_password
from talkover_mock.base.words import printable

TEXT = "redacted"
_SHORTEST = 4
"""The characters of a secret that is looked for inside words; a shorter one stands in many words by chance."""
_LONG = 8
"""From here on, a secret of letters only is no usual word, such as `data`, which may also be a key."""


def said(text: str, secret: str | None) -> str:
    """A line as it is printed: without the secret, without passwords in URLs, and without control characters."""
    return printable(without_password(hidden(text, secret)))


def hidden(text: str, secret: str | None) -> str:
    """The text without the secret, also where that is escaped for JSON or a URL, or written in base64."""
    return _pattern(secret).sub(TEXT, text) if secret else text


def without(value: Any, secret: str | None) -> Any:
    """The value without the secret in its texts and keys, whatever that looks like."""
    if not secret:
        return value
    if isinstance(value, Mapping):
        keys = list(value)
        if not _is_word(secret):
            keys = renamed(keys, lambda key, _: hidden(key, secret))
        return {key: without(each, secret) for key, each in zip(keys, value.values(), strict=True)}
    if isinstance(value, list):
        return [without(each, secret) for each in value]
    if isinstance(value, str):
        return hidden(value, secret)
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool) and str(value) == secret
    return type(value)() if is_number else value


def renamed(keys: Sequence[str], rename: Callable[[str, int], str]) -> list[str]:
    """The keys by their new names, for which `rename` also gets their number; no two become the same."""
    names = [rename(key, i) for i, key in enumerate(keys, 1)]
    taken = {key for key, name in zip(keys, names, strict=True) if key == name}
    found = []
    for i, (key, name) in enumerate(zip(keys, names, strict=True), 1):
        own = f"{name}_{i}" if name != key and name in taken else name
        while name != key and own in taken:
            own += "_"
        taken.add(own)
        found.append(own)
    return found


def _is_word(secret: str) -> bool:
    return len(secret) < _SHORTEST or (len(secret) < _LONG and secret.isalpha())


@lru_cache(maxsize=8)
def _pattern(secret: str) -> re.Pattern[str]:
    """What finds the secret in each of its forms."""
    if _is_word(secret):
        return re.compile(rf"(?<!\w){re.escape(secret)}(?!\w)", re.IGNORECASE)
    content = secret.encode(errors="surrogateescape")
    encoded = (base64.b64encode(content), base64.urlsafe_b64encode(content))
    forms = {
        secret,
        secret.removeprefix("whsec_"),
        quote(secret, safe="", errors="surrogateescape"),
        json.dumps(secret)[1:-1],
        json.dumps(secret).replace("/", "\\/")[1:-1],
        json.dumps(secret, ensure_ascii=False)[1:-1],
        *(each.decode().rstrip("=") for each in encoded),
    }
    by_length = sorted((form for form in forms if len(form) >= _SHORTEST), key=len, reverse=True)
    return re.compile("|".join(map(re.escape, by_length)), re.IGNORECASE)
