"""A request's input as Laravel reads it: unreadable input counts as no input (measured), with a note for the client."""

import json
import re
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple, NoReturn

_WHITESPACE = (
    "\t\n\v\f\r\x1c\x1d\x1e\x1f \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000\ufeff\u200b"
)
"""The trimmed characters (measured): Unicode's white space, the byte order mark, the zero-width space."""
MOST_LEVELS = 100
"""Levels of lists and objects, one within another."""
MOST_BYTES = 4 * 1024 * 1024
"""The bytes of a body that is read; what takes no input, such as a toggle, may have a larger one."""
MOST_VALUES = 250_000
"""The values in a JSON body, each with many times its own bytes in memory."""
_NUMBER = re.compile("0|[1-9][0-9]{0,17}")
_DEEPEST_KEY = 64
"""PHP's `max_input_nesting_level`."""
_FORM_KEY = re.compile(r"([^\[]+)((?:\[[^\]]*\])+)")
_STEP = re.compile(r"\[(?:\s?|([^\]]+))\]", re.ASCII)
"""A key in brackets; white space of one character is no key."""
_COMPRESSED = {
    b"\x1f\x8b": "gzip",
    b"\x28\xb5\x2f\xfd": "zstd",
    b"\x78\x01": "deflate",
    b"\x78\x9c": "deflate",
}
"""The first bytes of compressed bodies, with which no text begins."""
_ENCODINGS = ("gzip", "x-gzip", "deflate", "br", "zstd", "compress")
_FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")


class Input(NamedTuple):
    """The fields of a request; `note` says in one sentence which input was ignored, and why."""

    fields: Mapping[str, Any] = MappingProxyType({})
    note: str = ""


class _Unreadable(Exception):
    """A body that is not a JSON object; the text says why."""


def from_json(body: bytes) -> Input:
    """Reads a body whose content type is JSON."""
    if not body:
        return Input()
    try:
        return Input(_cleaned(_json_object(body)))
    except _Unreadable as error:
        return Input(note=f"the body {error} and was ignored; send a JSON object")


def from_form(pairs: Iterable[tuple[str, str]], body: bytes = b"") -> Input:
    """Reads a form or a query string: `events[]=a` and `headers[0][key]=b` make lists and objects, as in PHP.

    Names are read as PHP 8.2 reads them; a field without one is dropped.
    """
    fields = _Array()
    for key, value in pairs:
        steps = _steps(key)
        if steps:
            _put(fields, steps, value)
    note = "the body looks like JSON but was sent, and so read, as a form; send Content-Type: application/json"
    listed = {key: _lists(value) for key, value in fields.items()}
    return Input(_cleaned(listed), note if looks_like_json(body) else "")


def unreadable(kind: str) -> Input:
    """The input of a form that can't be parsed: no fields, and a note."""
    return Input(note=f"the body can't be read as {kind} and was ignored; check its boundary and that it is complete")


def ignored(content_type: str, body: bytes) -> Input:
    """The input of a body of another content type: no fields, and a note."""
    if not body:
        return Input()
    sent = f"with Content-Type {content_type}" if content_type else "without a Content-Type"
    case = " in lower case" if is_json(content_type.lower()) else ""
    return Input(note=f"the body was sent {sent} and was ignored; send Content-Type: application/json{case}")


def too_large() -> Input:
    """The input of a body over the limit: no fields, and a note."""
    return Input(note=f"the body is larger than {MOST_BYTES} bytes, the limit of this mock, and was ignored")


def compression(body: bytes, encoding: str = "") -> str:
    """The name of the compression of a body, by its first bytes or by its Content-Encoding; empty for a plain body."""
    by_bytes = next((name for start, name in _COMPRESSED.items() if body.startswith(start)), "")
    named = encoding.strip().lower()
    return by_bytes or (named if body and named in _ENCODINGS else "")


def compressed(how: str) -> Input:
    """The input of a compressed body: no fields, and a note."""
    return Input(note=f"the body is compressed ({how}) and was ignored; send it plain, without Content-Encoding")


def is_json(content_type: str) -> bool:
    """Whether Laravel takes a content type for JSON: it contains `/json` or `+json`, in lower case."""
    return "/json" in content_type or "+json" in content_type


def is_form(content_type: str, method: str) -> bool:
    """Whether PHP parses a form of this content type: multipart only in a POST, none in a GET."""
    kind = content_type.partition(";")[0].strip().lower()
    return (kind == _FORMS[0] and method not in ("GET", "HEAD")) or (kind == _FORMS[1] and method == "POST")


def _json_object(body: bytes) -> dict[str, Any]:
    if sum(map(body.count, (b",", b"[", b"{"))) > MOST_VALUES:
        raise _Unreadable(f"has more than {MOST_VALUES} values, the limit of this mock,")
    try:
        data = json.loads(body.decode(), parse_constant=_no_constant)
        json.dumps(data, ensure_ascii=False, allow_nan=False).encode()  # refuses half surrogate pairs and 1e999
        deep = _depth_exceeds(data, MOST_LEVELS)
    except (ValueError, RecursionError) as error:
        raise _Unreadable(f"is not JSON ({error})") from None
    if deep:
        raise _Unreadable(f"is nested more than {MOST_LEVELS} levels deep")
    if not isinstance(data, dict):
        raise _Unreadable(f"is {_article(data)}, not a JSON object,")
    return data


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a JSON value")


def _depth_exceeds(data: Any, levels: int) -> bool:
    """Whether lists and objects nest more than `levels` deep; works without recursion."""
    layer = [data]
    for _ in range(levels + 1):
        layer = [each for value in layer for each in _children(value)]
        if not layer:
            return False
    return True


def _children(value: Any) -> Iterable[Any]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()


def _article(data: object) -> str:
    kinds = {list: "a list", str: "a string", bool: "a boolean", type(None): "null"}
    return kinds.get(type(data), "a number")


def _cleaned(value: Any) -> Any:
    """The value with every string trimmed, and null for an empty one, at any depth (measured)."""
    if type(value) is str:
        return value.strip(_WHITESPACE) or None
    if type(value) is dict:
        return {key: _cleaned(each) for key, each in value.items()}
    if type(value) is list:
        return [_cleaned(each) for each in value]
    return value


def looks_like_json(body: bytes) -> bool:
    return body.lstrip()[:1] in (b"{", b"[")


def _steps(key: str) -> list[str]:
    """Splits `headers[0][key]` into `headers`, `0`, `key`; nothing for a key that PHP drops.

    A bracket that is never closed belongs to the name, where it becomes an underscore as dots and spaces do; what
    follows the last bracket is dropped.
    """
    key = key.partition("\0")[0].lstrip(" ")
    found = _FORM_KEY.match(key)
    name, brackets = found.groups() if found else (key, "")
    if not key or key[0] == "[" or brackets.count("]") > _DEEPEST_KEY:
        return []
    return [re.sub(r"[. \[]", "_", name), *_STEP.findall(brackets)]


class _Array(dict[str, Any]):
    """PHP's array: an empty key becomes the number after the largest."""

    next = 0

    def key(self, step: str) -> str:
        key = step or str(self.next)
        if _NUMBER.fullmatch(key):
            self.next = max(self.next, int(key) + 1)
        return key


def _put(fields: _Array, steps: list[str], value: str) -> None:
    """Puts a value under its steps; a later value replaces an earlier one."""
    *inner, last = steps
    for step in inner:
        key = fields.key(step)
        below = fields.get(key)
        if not isinstance(below, _Array):
            below = fields[key] = _Array()
        fields = below
    fields[fields.key(last)] = value


def _lists(value: Any) -> Any:
    """Turns objects that PHP takes for lists into lists."""
    if not isinstance(value, dict):
        return value
    inner = {key: _lists(each) for key, each in value.items()}
    return list(inner.values()) if is_list(inner) else inner


def is_list(array: Iterable[str]) -> bool:
    """Whether the keys of a PHP array count from 0: PHP has one kind of array for lists and objects (measured)."""
    return all(key == str(i) for i, key in enumerate(array))
