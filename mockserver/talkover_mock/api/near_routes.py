"""Why a path is no route of the API, and which one is near."""

import re
from collections.abc import Collection
from urllib.parse import quote

from talkover_mock.base.words import near_word
from talkover_mock.web.routes import ADMIN, API, Routes

_MOST_STEPS = 20
"""Steps of a path beyond which nothing near is looked for."""
_NO_ROUTE = f"no route has this path; the API stands under {API}, the harness's routes under {ADMIN}"


def encoded_path(path: str) -> str:
    """A decoded path as it travels."""
    return quote(path, safe="/:@!$&'()*+,;=~")


def near_route(routes: Routes, path: str) -> str:
    """Why a path that looks right is not, with the path that is."""
    if path.count("/") > _MOST_STEPS:
        return _NO_ROUTE
    if path.startswith("//"):
        return f"a double slash is not one slash; did you mean {quote('/' + path.lstrip('/'))}?"
    if "//" in path and routes.match(re.sub("//+", "/id/", path)):
        return "an id is missing where the path has a double slash"
    first, *rest = path.strip("/").split("/")
    if near_word(first, [ADMIN[1:]]):
        return f"no route has this path; did you mean {quote('/'.join([ADMIN, *rest]))}?"
    words = routes.words()
    single, prefixed = re.sub("//+", "/", path), re.sub("^(/+(api|v[0-9]+)(?=/))*", API, path, flags=re.IGNORECASE)
    for fixed, why in (
        (single, "a double slash is not one slash"),
        (_spelled(path, words, cutoff=1), "paths are case-sensitive"),
        (prefixed, f"the API stands under {API}"),
        (_spelled(path, words), "no route has this path"),
        (re.sub("//+", "/", _spelled(prefixed, words)), f"the API stands under {API}"),
    ):
        if fixed != path and routes.match(fixed):
            return f"{why}; did you mean {quote(fixed)}?"
    return _NO_ROUTE


def _spelled(path: str, words: Collection[str], cutoff: float = 0.75) -> str:
    """The path with every step that is near to a word of the routes replaced by that; 1 is the same but for case."""
    return "/".join(near_word(step.lower(), words, cutoff) or step for step in path.split("/"))
