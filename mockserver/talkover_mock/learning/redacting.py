"""Stand-ins for what nobody may find in a file or on a screen: tokens, phone numbers, names and free text."""

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import SplitResult, urlsplit

from talkover_mock.base.moments import to_moment
from talkover_mock.dialect.call_fields import CALLER
from talkover_mock.dialect.placeholders import PLACEHOLDER

TEXT = "redacted"
URL = "https://example.com/redacted"
EMAIL = "somebody@example.com"
_PHONE = re.compile(r"(?:(?<![\w-])|(?<=%2B)|(?<=%2b))\+?\(?[0-9](?:[\s()./\u2010-\u2015-]{0,3}[0-9]){6,40}(?![\w-])")
_UUID = re.compile("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_TOKEN = re.compile(
    r"(?<![\w-])(?:(?:talq|sk|pk|whsec)_\S+|(?:Bearer|Basic) \S+"
    r"|(?=[\w+/=-]*[0-9])(?=[\w+/=-]*[A-Za-z])[\w+=-]{20,})",
    re.IGNORECASE,
)
_EMAIL = re.compile(r"[^\s@<>]+@[^\s@<>]+\.[A-Za-z]+")
_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://\S+")
_SECRET_KEY = re.compile(
    "secret|token|password|passwd|authorization|api_?key|credential|signature|(^|_)(pin|otp)$", re.IGNORECASE
)
_CHOICE_KEY = re.compile(
    "(^|_)(status|type|direction|reason|event|state|kind|role|language|locale|outcome|result|mode|method|format"
    "|currency|country|code|version|level|sensitivity|first)$",
    re.IGNORECASE,
)
"""Keys whose values are usually one of a few words."""
_ID_KEY = re.compile("(^|_)id$")
_CHOICE = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,39}|[0-9.]{1,6}")
_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,60}")
_DIGITS = re.compile("[0-9]{5}")
_SHORTEST = 8
"""The characters of a secret that is looked for: a shorter one stands in any text by chance."""
_LARGE = 1_000_000
"""Numbers from here on may be phone numbers, or numbers of customers and accounts."""


def without_secrets(text: str) -> str:
    """The text with a stand-in for each token, phone number and address of mail in it; its other words stay."""
    text = _TOKEN.sub(lambda found: found[0] if _UUID.fullmatch(found[0]) else TEXT, text)
    text = _EMAIL.sub(EMAIL, text)
    return _PHONE.sub(lambda found: CALLER if found[0][0] == "+" else CALLER[1:], text)


def without(value: Any, secret: str | None) -> Any:
    """The value without a known secret, whatever that looks like; placeholders stay."""
    if secret is None or len(secret) < _SHORTEST:
        return value
    if isinstance(value, Mapping):
        return {without(key, secret): without(each, secret) for key, each in value.items()}
    if isinstance(value, list):
        return [without(each, secret) for each in value]
    is_text = isinstance(value, str) and not PLACEHOLDER.fullmatch(value)
    return value.replace(secret, TEXT) if is_text else value


def is_harmless(text: str) -> bool:
    """Whether a text is a time or a UUID: it is kept."""
    return _UUID.fullmatch(text) is not None or (len(text) >= 10 and to_moment(text) is not None)


def is_secret_key(key: str) -> bool:
    """Whether values under a key are never kept, whatever they look like."""
    return _SECRET_KEY.search(key) is not None


def key_stand_in(key: str, number: int) -> str:
    """The key, or a numbered one for a key that is data, such as a phone number."""
    return key if _KEY.fullmatch(key) and without_secrets(key) == key else f"key_{number}"


def stand_in(key: str, value: Any) -> Any:
    """A value of the same shape and types; `key` is where it stands. Times, ids, choices and small numbers stay."""
    if isinstance(value, Mapping):
        return {key_stand_in(name, i): stand_in(name, each) for i, (name, each) in enumerate(value.items(), 1)}
    if isinstance(value, list):
        return [stand_in(key, each) for each in value]
    if isinstance(value, str):
        return _text(key, value)
    if isinstance(value, bool) or value is None:
        return value
    return value if abs(value) < _LARGE else type(value)()


def cleaned(key: str, value: Any) -> Any:
    """The value with its own words, but stand-ins for tokens, phone numbers and addresses of mail in them."""
    if isinstance(value, Mapping):
        return {key_stand_in(name, i): cleaned(name, each) for i, (name, each) in enumerate(value.items(), 1)}
    if isinstance(value, list):
        return [cleaned(key, each) for each in value]
    if isinstance(value, str):
        is_kept = _ID_KEY.search(key) or is_harmless(value)
        return TEXT if value and is_secret_key(key) else value if is_kept else without_secrets(value)
    is_phone = isinstance(value, int) and _PHONE.fullmatch(str(value)) and abs(value) >= _LARGE * 100
    return 0 if is_phone else value


def cleaned_url(url: str) -> str:
    """The URL without a name and password, with stand-ins for the values of its query and for tokens in its path."""
    try:
        parts = urlsplit(url)
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return URL
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname or ""
    steps = "/".join(without_secrets(step) for step in parts.path.split("/"))
    query = "&".join(f"{pair.partition('=')[0]}={TEXT}" for pair in parts.query.split("&")) if parts.query else ""
    return SplitResult(parts.scheme, host + port, steps, query, "").geturl()


def _text(key: str, text: str) -> str:
    if not text or (not is_secret_key(key) and is_harmless(text)):
        return text
    if is_secret_key(key):
        return TEXT
    if _PHONE.fullmatch(text):
        return CALLER if text[0] == "+" else CALLER[1:]
    if _EMAIL.fullmatch(text):
        return EMAIL
    if _URL.fullmatch(text):
        return URL
    is_choice = _CHOICE_KEY.search(key) and _CHOICE.fullmatch(text) and not _DIGITS.search(text)
    return text if is_choice and without_secrets(text) == text else TEXT
