"""Requests as curl commands: repeats of what was sent, and examples that the page proposes."""

import json
import re
import shlex
from collections.abc import Mapping, Sequence
from string import punctuation
from typing import NamedTuple
from urllib.parse import quote

from talkover_mock.base.headers import HEADER_NAME

_OF_CURL = ("Host", "Content-Length", "Connection", "Accept-Encoding", "Transfer-Encoding")
"""Headers that curl sends by itself."""
_SAFE = "/:@!$&'()*+,;=~"
_DOTS = re.compile(r"/(\.|%2e){1,2}(/|$)", re.IGNORECASE)
"""The steps of a path that curl takes away."""
_ORIGIN = re.compile(r"\w+://[^/?#]*")
_CHANGED = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
"""What a page or a terminal changes, or takes for a command."""
_ESCAPED = re.compile(r"^-|[\\%!\x00-\x1f\x7f-\x9f\ud800-\udfff]")
"""What means something to printf, what a page or a terminal changes, and the sign of bash's history."""
_ESCAPES = {"\\": r"\\", "%": "%%", "\n": r"\n", "\r": r"\r", "\t": r"\t"}
_MOST_ARGUMENT = 100_000
"""The bytes of a body that an argument may hold; Linux refuses more than 128 KiB."""


class Request(NamedTuple):
    """A request as it was sent; `body` is what the mock has kept of the `size` bytes."""

    method: str
    url: str
    headers: Mapping[str, bytes]
    body: bytes
    size: int


def again(request: Request, masked: Mapping[str, str]) -> str:
    """The command that repeats a request.

    `masked` are the names of headers with masked tokens, each with the variable of the shell that has to hold the whole
    token: a masked one would open the default environment.
    """
    method, url, headers, body, size = request
    if method == "HEAD":
        body, size = b"", 0  # which curl can't send
    verb = "-I" if method == "HEAD" else f"-X {shlex.quote(method)}"
    as_is = " --path-as-is" if _DOTS.search(url.partition("?")[0]) else ""
    parts = [f"curl -g{as_is} {verb} {shlex.quote(url)}"]
    for name, value in headers.items():
        if name not in _OF_CURL and HEADER_NAME.fullmatch(name):
            variable = masked.get(name.title())
            parts.append(from_variable(name, variable, _scheme(value)) if variable else header(name, value))
    if size and "Content-Type" not in headers:
        parts.append("-H Content-Type:")
    before = ""
    if size > len(body):
        kept = f"The mock has kept {len(body):,} of the {size:,} bytes of the body"
        before = f"# {kept}. Set BODY to the name of a file with the whole body.\n"
        parts.append('--data-binary "@${BODY:?set it to the name of a file with the whole body}"')
    elif body and (text := _unchanged(body)) and size <= _MOST_ARGUMENT:
        parts.append(f"--data-raw {shlex.quote(text)}")
    elif body:
        before = f"printf {_format(body)} |\n"
        parts.append("--data-binary @-")
    return before + " \\\n  ".join(parts)


def line(method: str, url: str, headers: Sequence[str], body: object = None) -> str:
    """A request as a command to paste, with `headers` from `header` and `from_variable`."""
    given = [*headers]
    if body is not None:
        given += ["-H 'Content-Type: application/json'", f"-d {shlex.quote(json.dumps(body))}"]
    verb = "" if method == "GET" else f"-X {method} "
    return " \\\n  ".join([f"curl {verb}{shlex.quote(url)}", *given])


def header(name: str, value: bytes) -> str:
    """A header as it is."""
    whole = name.encode() + b": " + value
    text = _unchanged(whole)
    return f'-H "$(printf {_format(whole)})"' if text is None else f"-H {shlex.quote(text)}"


def from_variable(name: str, variable: str, before: str = "") -> str:
    """A header with a secret that the page does not show: without the variable the shell sends nothing."""
    return f'-H "{name}: {before}${{{variable}:?set it to the whole token}}"'


def of_call(root: str, target: str) -> str:
    """The URL of a call: its path was decoded, its query is as it came."""
    path, mark, query = target.partition("?")
    return root + quote(path, safe=_SAFE) + mark + quote(query, safe=punctuation)


def of_webhook(url: str) -> str:
    """A webhook's URL as its deliveries send it: what is encoded already stays."""
    origin = found[0] if (found := _ORIGIN.match(url)) else ""
    path, mark, query = url[len(origin) :].partition("#")[0].partition("?")
    return origin + quote(path, safe=f"{_SAFE}%") + mark + quote(query, safe=f"{_SAFE}?%[]")


def _scheme(value: bytes) -> str:
    """The word before a token, with the space between them; empty without one."""
    scheme, space, _ = value.partition(b" ")
    return f"{scheme.decode()} " if space and scheme.isalnum() else ""


def _unchanged(sent: bytes) -> str | None:
    """The bytes as text; None if they are no text, or one that does not stay as it is on its way to a shell."""
    try:
        text = sent.decode()
    except UnicodeDecodeError:
        return None
    return None if _CHANGED.search(text) else text


def _format(sent: bytes) -> str:
    """The bytes as a format for the shell's own printf, which takes any length."""
    text = sent.decode(errors="surrogateescape")
    return shlex.quote(_ESCAPED.sub(lambda found: _escape(found[0]), text))


def _escape(character: str) -> str:
    octal = "".join(f"\\{byte:03o}" for byte in character.encode(errors="surrogateescape"))
    return _ESCAPES.get(character, octal)
