"""Names and values of HTTP headers."""

import re
from collections.abc import Sequence
from functools import partial
from typing import NamedTuple

JSON, HTML, TEXT = "application/json", "text/html", "text/plain"
"""Media types that a client may ask for."""
_BEARER = "bearer "
SERVERS_HEADERS = (
    "connection",
    "content-length",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "te",
    "trailers",
    "transfer-encoding",
    "upgrade",
)
"""Headers that only the server can set: they say where an answer ends, and whether the connection stays open."""
NOT_IN_HEADER = re.compile(r"[\x00-\x08\x0a-\x1f\x7f\ud800-\udfff]")
"""What no value of a header can hold: control characters but the tab, and what is no UTF-8."""
HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")


TOKEN_HEADERS = ("Authorization", "Proxy-Authorization")
"""Headers that carry the tokens of calls."""
_TOKEN_NAMES = {name.lower().encode() for name in TOKEN_HEADERS}


class Head(NamedTuple):
    """The headers of a request as they came, with their names in lower case; `size` is their bytes."""

    headers: Sequence[tuple[bytes, bytes]]
    size: int

    def texts(self) -> dict[str, str]:
        """The headers by name, such as `User-Agent`."""
        return joined([(name.decode("latin-1").title(), value.decode("latin-1")) for name, value in self.headers])

    def without_tokens(self) -> "Head":
        """The headers with the tokens masked."""
        return self._replace(
            headers=[
                (name, masked_header(value.decode("latin-1")).encode("latin-1") if name in _TOKEN_NAMES else value)
                for name, value in self.headers
            ]
        )


def masked_header(authorization: str) -> str:
    """The value of a header with the token in it masked."""
    scheme, _, token = authorization.partition(" ")
    return f"{scheme} {masked(token.strip())}" if token else masked(scheme)


def joined(headers: Sequence[tuple[str, str]]) -> dict[str, str]:
    """The headers by name; the values of a repeated name are joined by a comma, as HTTP allows."""
    found: dict[str, str] = {}
    for name, value in headers:
        found[name] = f"{found[name]}, {value}" if name in found else value
    return found


def bearer_token(authorization: str) -> str | None:
    """The token of an `Authorization` header: what follows its last `Bearer `, up to a comma; None without any.

    Measured on Laravel 9 to 11 (`Basic Bearer x` is `x`, `Bearer a,b` is `a`), and the scheme in any case on 11.
    """
    value = authorization.strip()  # as HTTP servers do
    start = value.lower().rfind(_BEARER)
    return value[start + len(_BEARER) :].partition(",")[0] or None if start >= 0 else None


def masked(token: str | None) -> str:
    """The first and last characters of a token: enough to tell tokens apart, too few to use one."""
    if not token:
        return "-"
    if len(token) > 12:
        return f"{token[:5]}***{token[-2:]}"
    return f"{token[:2]}***" if len(token) > 5 else "***"


def header_text(text: str, most: int = 1000) -> str:
    """The text as a header's value: visible ASCII on one line, at most `most` characters."""
    if text.isascii() and text.isprintable():
        return text[:most]
    line = " ".join(text.split()).encode("ascii", "backslashreplace").decode()
    return re.sub("[^ -~]", lambda found: f"\\x{ord(found[0]):02x}", line)[:most]


def are_headers(value: object) -> bool:
    """Whether a value has names of headers, each with a text on one line."""
    return isinstance(value, dict) and all(
        isinstance(name, str) and HEADER_NAME.fullmatch(name) and isinstance(text, str) and _is_line(text)
        for name, text in value.items()
    )


def _is_line(text: str) -> bool:
    return text.isprintable() and text.isascii()


def preferred(accept: str, *kinds: str) -> str:
    """The media type to which an `Accept` header gives the highest quality; the first of equal types."""
    return max(kinds, key=partial(_quality, accept))


def _quality(accept: str, wanted: str) -> float:
    """The quality that an `Accept` header gives a media type; 0 when it does not name the type."""
    named = re.findall(r"([\w.+-]+/[\w.+-]+)\s*(?:;\s*q=([01](?:\.[0-9]{0,3})?))?", accept.lower())
    return max((float(value or 1) for kind, value in named if kind == wanted), default=0.0)
