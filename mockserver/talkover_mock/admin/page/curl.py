"""Requests as curl commands: repeats of journal entries, and examples that the page proposes."""

import json
import shlex
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from talkover_mock.base.headers import HEADER_NAME

_OF_CURL = ("Host", "Content-Length", "Connection", "Accept-Encoding", "Transfer-Encoding")
"""Headers that curl sends by itself."""


def again(exchange: Mapping[str, Any], url: str, masks: bool = False) -> str:
    """The command that repeats an exchange, given as `requests.present_whole` shows it.

    With `masks` its token is masked: a masked token would open the default environment, so the shell has to know the
    whole one.
    """
    request = exchange["request"]
    headers = [
        from_variable(name, "TOKEN", "Bearer ") if masks and _is_bearer(name, value) else header(name, value)
        for name, value in request["headers"].items()
        if name not in _OF_CURL and HEADER_NAME.fullmatch(name)
    ]
    body = request["body"]
    if body and "Content-Type" not in request["headers"]:
        headers.append("-H Content-Type:")
    verb = "-I" if exchange["method"] == "HEAD" else f"-X {shlex.quote(exchange['method'])}"
    parts = [f"curl -g {verb} {shlex.quote(url + _encoded(exchange['path']))}", *headers]
    if body:
        parts.append(f"--data-raw {shlex.quote(body)}")
    return " \\\n  ".join(parts)


def line(method: str, url: str, headers: Sequence[str], body: object = None) -> str:
    """A request as a command to paste, with `headers` from `header` and `from_variable`."""
    given = [*headers]
    if body is not None:
        given += ["-H 'Content-Type: application/json'", f"-d {shlex.quote(json.dumps(body))}"]
    verb = "" if method == "GET" else f"-X {method} "
    return " \\\n  ".join([f"curl {verb}{shlex.quote(url)}", *given])


def header(name: str, value: str) -> str:
    """A header as it is."""
    return f"-H {shlex.quote(f'{name}: {value}')}"


def from_variable(name: str, variable: str, before: str = "") -> str:
    """A header with a secret that the page does not show: without the variable the shell sends nothing."""
    return f'-H "{name}: {before}${{{variable}:?set it to the whole token}}"'


def _is_bearer(name: str, value: str) -> bool:
    return name == "Authorization" and value[:7].lower() == "bearer "


def _encoded(path: str) -> str:
    """A path and its query as they travel; only the path was decoded before."""
    bare, mark, query = path.partition("?")
    return quote(bare, safe="/:@!$&'()*+,;=~") + mark + quote(query, safe="/:@!$&'()*+,;=~?%[]")
