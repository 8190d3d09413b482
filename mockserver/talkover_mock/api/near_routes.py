"""Explains why a path is not a route of the API, and names the route that is near."""

import re
from collections.abc import Collection
from urllib.parse import quote

from talkover_mock.base.words import near_word
from talkover_mock.dialect.endpoints import API
from talkover_mock.web.routes import ADMIN, Routes, shown

_DOUBLE_SLASH = "the path has a double slash"
_MOST_STEPS = 20
"""Longer paths, in steps, get no suggestion."""
_PREFIX = f"API paths begin with {API}"
_NO_ROUTE = f"no route has this path; {_PREFIX}, admin paths with {ADMIN}"


def near_route(routes: Routes, path: str) -> str:
    """The reason why no route has a path, with the route that was probably meant."""
    if path.count("/") > _MOST_STEPS:
        return _NO_ROUTE
    if path.startswith("//"):
        return f"{_DOUBLE_SLASH}; did you mean {quote('/' + path.lstrip('/'))}?"
    if "//" in path and routes.match(re.sub("//+", "/id/", path)):
        return "an id is missing where the path has a double slash"
    first, *rest = path.strip("/").split("/")
    if near_word(first, [ADMIN[1:]]):
        return f"no route has this path; did you mean {quote('/'.join([ADMIN, *rest]))}?"
    words = routes.words()
    single, prefixed = re.sub("//+", "/", path), re.sub("^(/+(api|v[0-9]+)(?=/))*", API, path, flags=re.IGNORECASE)
    for fixed, why in (
        (single, _DOUBLE_SLASH),
        (_spelled(path, words, cutoff=1), "paths are case-sensitive"),
        (prefixed, _PREFIX),
        (_spelled(path, words), "no route has this path"),
        (re.sub("//+", "/", _spelled(prefixed, words)), _PREFIX),
    ):
        if fixed != path and routes.match(fixed):
            return f"{why}; did you mean {quote(fixed)}?"
    return _with_missing_steps(routes, prefixed.rstrip("/")) or _NO_ROUTE


def _with_missing_steps(routes: Routes, path: str) -> str:
    """The reason for a path that lacks a record of a route, such as the agent in `/api/v1/webhooks`; empty if none."""
    for route in routes:
        optional = re.sub("([^/]+)/<[^/]+>/", r"(?:\1/[^/]+/)?", route.path.removeprefix(f"{API}/"))
        if re.fullmatch(f"{API}/" + re.sub("<[^/]+>", "[^/]+", optional), path):
            return f"no route has this path; did you mean {shown(route.path)}?"
    return ""


def _spelled(path: str, words: Collection[str], cutoff: float = 0.75) -> str:
    """The path with every step replaced by the nearest word of the routes; `cutoff` 1 corrects only the case."""
    return "/".join(near_word(step.lower(), words, cutoff) or step for step in path.split("/"))
