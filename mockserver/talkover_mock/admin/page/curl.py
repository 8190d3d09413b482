"""Requests as curl commands: repeats of journal entries, and examples that the page proposes."""

import json
import re
import shlex
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from talkover_mock.base.headers import HEADER_NAME

_OF_CURL = ("Host", "Content-Length", "Connection", "Accept-Encoding", "Transfer-Encoding")
"""Headers that curl sends by itself."""
_PLAIN = re.compile(r"[\w*.-]+", re.ASCII)


def again(exchange: Mapping[str, Any], url: str) -> str:
    """The command that repeats an exchange, given as `requests.present` shows it. Its token stays masked.

    The shell replaces the masked token by the variable TOKEN if that is set.
    """
    request = exchange["request"]
    headers = [
        _header(name, value)
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


def line(method: str, url: str, headers: Mapping[str, str], body: object = None) -> str:
    """A request as a command to paste. The shell fills in the variables in its headers."""
    given = [f'-H "{name}: {value}"' for name, value in headers.items()]
    if body is not None:
        given += ["-H 'Content-Type: application/json'", f"-d {shlex.quote(json.dumps(body))}"]
    verb = "" if method == "GET" else f"-X {method} "
    return " \\\n  ".join([f"curl {verb}{shlex.quote(url)}", *given])


def _header(name: str, value: str) -> str:
    if name != "Authorization":
        return f"-H {shlex.quote(f'{name}: {value}')}"
    scheme, _, masked = value.partition(" ")
    if scheme.lower() != "bearer" or not _PLAIN.fullmatch(masked):
        return f"-H {shlex.quote(f'{name}: {value}')}"
    return f'-H "Authorization: Bearer ${{TOKEN:-{masked}}}"'


def _encoded(path: str) -> str:
    """A path and its query as they travel; only the path was decoded before."""
    bare, mark, query = path.partition("?")
    return quote(bare, safe="/:@!$&'()*+,;=~") + mark + quote(query, safe="/:@!$&'()*+,;=~?%[]")
