"""URLs of a server and of its admin routes."""

from collections.abc import Mapping
from urllib.parse import quote, urlencode, urlsplit

from talkover_mock.client.bodies import json_bytes

__tracebackhide__ = True  # pytest shows the test's own line


def query_text(query: Mapping[str, object] | None) -> str:
    """A query string; a value of None is left out. Objects, arrays and the value of `json` are JSON."""
    return urlencode({key: _text(key, value) for key, value in (query or {}).items() if value is not None})


def root_of(url: str) -> str:
    """The URL without a slash at its end. Raises ValueError if it is not HTTP, or leads to a part of the server."""
    parts = urlsplit(url)
    is_part = any(f"{part}/" in f"{parts.path}/" for part in ("/api/v1", "/__admin"))
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment or is_part:
        raise ValueError(f"expected the root of a server, such as http://127.0.0.1:7357 (got {url!r})")
    return url.rstrip("/")


def segment(name: str) -> str:
    """A name as one segment of a path. Raises ValueError for a name that would lead to another route."""
    if name in ("", ".", ".."):
        raise ValueError(f"expected a name or an id (got {name!r})")
    return quote(name, safe="")


def _text(key: str, value: object) -> str:
    if key == "json" or isinstance(value, Mapping | list):
        return json_bytes(value).decode()
    return str(value).lower() if isinstance(value, bool) else str(value)
