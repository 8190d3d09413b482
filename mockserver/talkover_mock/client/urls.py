"""URLs of a server and of its admin routes."""

from collections.abc import Mapping
from urllib.parse import quote, urlencode, urlsplit

from talkover_mock.client.bodies import json_bytes

__tracebackhide__ = True  # pytest shows the test's own line
_ERRORS = "backslashreplace"
"""How what UTF-8 can't carry is sent, such as a stray byte of a command line: the server's refusal shows it."""


def query_text(query: Mapping[str, object] | None) -> str:
    """A query string; a value of None is left out. Objects, arrays and the value of `json` are JSON."""
    texts = {key: _text(key, value) for key, value in (query or {}).items() if value is not None}
    return urlencode(texts, errors=_ERRORS)


def root_of(url: str) -> str:
    """The URL without a slash at its end. Raises ValueError if it is not HTTP, or leads to a part of the server."""
    if not _is_root(url):
        raise ValueError(f"expected the root of a server, such as http://127.0.0.1:7357 (got {url!r})")
    return url.rstrip("/")


def segment(name: object) -> str:
    """A name as one segment of a path. Raises ValueError for a name that would lead to another route."""
    if name in ("", ".", ".."):
        raise _no_name(name)
    return quote(text_of(name), safe="", errors=_ERRORS)


def text_of(name: object) -> str:
    """A name or an id. Raises ValueError for anything else, such as the record that has it."""
    if not isinstance(name, str):
        raise _no_name(name)
    return name


def _is_root(url: object) -> bool:
    try:
        parts = urlsplit(url if isinstance(url, str) else "")
    except ValueError:  # such as http://[
        return False
    is_part = any(f"{part}/" in f"{parts.path}/" for part in ("/api/v1", "/__admin"))
    is_alone = not (parts.query or parts.fragment or is_part)
    return parts.scheme in ("http", "https") and bool(parts.hostname) and is_alone


def _no_name(name: object) -> ValueError:
    keys = [key for key in ("id", "name") if isinstance(name, Mapping) and key in name]
    hint = f"; give its {keys[0]}" if keys else ""
    return ValueError(f"expected a name or an id (got {name!r:.80}){hint}")


def _text(key: str, value: object) -> str:
    if key == "json" or isinstance(value, Mapping | list):
        return json_bytes(value).decode()
    return str(value).lower() if isinstance(value, bool) else str(value)
