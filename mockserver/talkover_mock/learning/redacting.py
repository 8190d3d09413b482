"""Stand-ins for what nobody may find in a file or on a screen: tokens, phone numbers, names and free text."""

import re
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import SplitResult, urlsplit

from talkover_mock.base.moments import to_moment
from talkover_mock.dialect.call_fields import CALLER
from talkover_mock.learning.hiding import TEXT, renamed

URL = "https://example.com/redacted"
EMAIL = "somebody@example.com"
_PHONE = re.compile(
    r"\+[\s(]*\d(?:[\s()./,_\u2010-\u2015-]{0,3}\d){6,40}(?!\d)"
    r"|(?<!\d)\(?\d(?:[\s()./\u2010-\u2015-]{0,3}\d){6,40}(?!\d)"
)
"""Digits of any script; commas and underscores only after a plus, or 1,000,000 would be one."""
_UUID = re.compile("[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_NO_PHONE = re.compile(f"({_UUID.pattern}|" r"(?<!\d)[12]\d{3}-[01]\d-[0-3]\d(?:[T ][0-9:.]+)?)", re.IGNORECASE)
"""UUIDs and dates, whose digits are no phone number's."""
_PREFIXED = r"(?:talq|sk|pk|whsec)_\S+|(?:Bearer|Basic) \S+"
_SURE_TOKEN = re.compile(rf"(?<![\w-])(?:{_PREFIXED})", re.IGNORECASE)
_TOKEN = re.compile(
    rf"(?<![\w-])(?:{_PREFIXED}|(?=[\w+/=-]{{0,100}}[0-9])(?=[\w+/=-]{{0,100}}[A-Za-z])[\w+=-]{{20,}})",
    re.IGNORECASE,
)
_EMAIL = re.compile(r"(?<![^\s@<>])[^\s@<>]+@[^\s@<>]+\.[A-Za-z]+")
_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]{0,30}://\S+")
_SECRET_KEY = re.compile(
    "secret|token|passw|passcode|passphrase|authorization|api[_-]?key|access[_-]?key|private[_-]?key|credential"
    "|signature|cookie|birth|(^|[_-])(pin|otp|pwd|ssn|cvv|cvc|dob)$",
    re.IGNORECASE,
)
_CHOICE_KEY = re.compile(
    "(^|_)(status|type|direction|reason|event|state|kind|role|language|locale|outcome|result|mode|method|format"
    "|currency|country|version|level|sensitivity|(status|error|reason|country|language|currency|response)_code)$"
    "|^who_speaks_first$",
    re.IGNORECASE,
)
"""Keys whose values are usually one of a few words."""
_NUMBERED_KEY = re.compile("(^|_)(status|version|level|(status|error|response)_code)$", re.IGNORECASE)
_LANGUAGE_KEY = re.compile("(^|_)(language|locale)$", re.IGNORECASE)
_ID_KEY = re.compile("(^|_)id$")
_OWN_ID_KEYS = ("id", "agent_id", "webhook_id", "campaign_id", "voice_id")
"""Keys of the API's own ids: digits there are no phone number."""
_CHOICE = re.compile(r"(?=.{1,40}\Z)[A-Za-z]+(?:[_.-][A-Za-z]+)*")
_NUMBER = re.compile(r"[0-9.]{1,6}")
_LANGUAGE = re.compile("[A-Za-z]{2,3}(?:[_-][A-Za-z0-9]{2,4}){0,2}")
_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,60}")
_MATRIX = re.compile(";[^/]*")
_LARGE = 1_000_000
"""Numbers from here on may be phone numbers, or numbers of customers and accounts."""


def without_secrets(text: str) -> str:
    """The text with a stand-in for each token, phone number and address of mail in it; its other words stay."""
    text = _TOKEN.sub(lambda found: found[0] if _UUID.fullmatch(found[0]) else TEXT, text)
    text = _EMAIL.sub(EMAIL, text)
    parts = _NO_PHONE.split(text)
    return "".join(part if i % 2 else _PHONE.sub(_caller, part) for i, part in enumerate(parts))


def is_harmless(text: str) -> bool:
    """Whether a text is a time or a UUID: it is kept."""
    return _UUID.fullmatch(text) is not None or (len(text) >= 10 and to_moment(text) is not None)


def is_secret_key(key: str) -> bool:
    """Whether values under a key are never kept, whatever they look like."""
    return _SECRET_KEY.search(key) is not None


def key_stand_in(key: str, number: int) -> str:
    """The key, or a numbered one for a key that is data, such as a phone number."""
    return key if _KEY.fullmatch(key) and without_secrets(key) == key else f"key_{number}"


def stand_in(key: str, value: Any, *, is_secret: bool = False) -> Any:
    """A value of the same shape and types; `key` is where it stands. Times, ids, choices and small numbers stay.

    Of what is secret, and of what stands under a key of secrets, only booleans stay.
    """
    return _mapped(key, value, _leaf, is_secret)


def cleaned(key: str, value: Any) -> Any:
    """The value with its own words, but stand-ins for tokens, phone numbers and addresses of mail in them."""
    return _mapped(key, value, _cleaned_leaf, False)


def cleaned_url(url: str) -> str:
    """The URL without a name and password, with stand-ins for the values of its query and for tokens in its path."""
    try:
        parts = urlsplit(url)
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return URL
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname or ""
    steps = "/".join(without_secrets(_MATRIX.sub(f";{TEXT}", step)) for step in parts.path.split("/"))
    query = "&".join(map(_cleaned_pair, parts.query.split("&"))) if parts.query else ""
    return SplitResult(parts.scheme, host + port, steps, query, "").geturl()


def _mapped(key: str, value: Any, leaf: Callable[[str, Any], Any], is_secret: bool) -> Any:
    """The value with a stand-in for each text and number in it, and for each key that is data."""
    is_secret = is_secret or is_secret_key(key)
    if isinstance(value, Mapping):
        names = renamed(list(value), key_stand_in)
        return {
            name: _mapped(own, each, leaf, is_secret) for name, (own, each) in zip(names, value.items(), strict=True)
        }
    if isinstance(value, list):
        return [_mapped(key, each, leaf, is_secret) for each in value]
    if isinstance(value, bool) or value is None or value == "":
        return value
    if is_secret:
        return TEXT if isinstance(value, str) else type(value)()
    return leaf(key, value)


def _leaf(key: str, value: Any) -> Any:
    if not isinstance(value, str):
        return value if abs(value) < _LARGE else type(value)()
    if is_harmless(value):
        return value
    if _PHONE.fullmatch(value):
        return _caller(value)
    if _EMAIL.fullmatch(value):
        return EMAIL
    if _URL.fullmatch(value):
        return URL
    return value if _is_choice(key, value) and without_secrets(value) == value else TEXT


def _cleaned_leaf(key: str, value: Any) -> Any:
    if not isinstance(value, str):
        return value if abs(value) < _LARGE * 100 else type(value)()
    if is_harmless(value):
        return value
    if _ID_KEY.search(key):
        return _cleaned_id(key, value)
    parts = _URL.split(value)
    urls = [cleaned_url(found[0]) for found in _URL.finditer(value)]
    return "".join(without_secrets(part) + url for part, url in zip(parts, [*urls, ""], strict=True))


def _cleaned_id(key: str, id: str) -> str:
    """The id, if it is no token, address of mail or phone number; the API's own ids may be any digits."""
    is_phone = id[:1] == "+" or key not in _OWN_ID_KEYS
    if is_phone and _PHONE.fullmatch(id):
        return _caller(id)
    return _EMAIL.sub(EMAIL, _SURE_TOKEN.sub(TEXT, id))


def _is_choice(key: str, text: str) -> bool:
    """Whether a text is one of the few words, or the number of a version or status, that its key has."""
    is_number = _NUMBERED_KEY.search(key) and _NUMBER.fullmatch(text)
    is_language = _LANGUAGE_KEY.search(key) and _LANGUAGE.fullmatch(text)
    return bool(is_number or is_language or (_CHOICE_KEY.search(key) and _CHOICE.fullmatch(text)))


def _cleaned_pair(pair: str) -> str:
    name, equals, _ = pair.partition("=")
    return f"{without_secrets(name)}={TEXT}" if equals else TEXT


def _caller(phone: re.Match[str] | str) -> str:
    return CALLER if phone[0][0] == "+" else CALLER[1:]
