"""Why a path is none of the API's, and which one is near."""

import re
from collections.abc import Collection
from difflib import get_close_matches
from urllib.parse import quote

from flask import Flask

from talkover_mock.web.routes import ADMIN, API

_MOST_STEPS = 20
"""Of a path for which it is worth to look for what is near."""


_NO_ROUTE = f"no route has this path; the API stands under {API}, the harness's routes under {ADMIN}"


def encoded_path(path: str) -> str:
    return quote(path, safe="/:@!$&'()*+,;=~")


def near_route(app: Flask, path: str) -> str:
    """Why a path that looks right is not."""
    if path.count("/") > _MOST_STEPS:
        return _NO_ROUTE
    adapter = app.url_map.bind("")
    if "//" in path and adapter.allowed_methods(re.sub("//+", "/id/", path)):
        return "an id is missing where the path has a double slash"
    words = {word for rule in app.url_map.iter_rules() for word in rule.rule.split("/") if word and "<" not in word}
    single, prefixed = re.sub("//+", "/", path), re.sub("^(/+(api|v[0-9]+)(?=/))*", API, path, flags=re.IGNORECASE)
    for fixed, why in (
        (single, "a double slash is not one slash"),
        (_spelled(path, words, cutoff=1), "paths are case-sensitive"),
        (prefixed, f"the API stands under {API}"),
        (_spelled(path, words), "no route has this path"),
        (re.sub("//+", "/", _spelled(prefixed, words)), f"the API stands under {API}"),
    ):
        if fixed != path and adapter.allowed_methods(fixed):
            return f"{why}; did you mean {quote(fixed)}?"
    return _NO_ROUTE


def _spelled(path: str, words: Collection[str], cutoff: float = 0.75) -> str:
    """The path with every step that is near to a word of the routes replaced by that; 1 is the same but for case."""
    steps = path.split("/")
    return "/".join("".join(get_close_matches(step.lower(), words, 1, cutoff)) or step for step in steps)
