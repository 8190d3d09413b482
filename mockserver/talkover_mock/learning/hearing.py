"""One delivery that came: its event and payload, how it is signed, and how its JSON is written."""

import json
import math
import zlib
from collections.abc import Sequence
from typing import Any, NamedTuple

from talkover_mock.deliveries.payloads import MOST_BYTES, TooLarge, as_written, to_bytes
from talkover_mock.dialect.inputs import compression
from talkover_mock.dialect.settings import SETTING_FIELDS
from talkover_mock.learning.payloads import event_of
from talkover_mock.learning.signatures import Fit, Headers, best_fit, near_fit, signing_headers
from talkover_mock.receiver import ReceivedRequest

STYLES: Sequence[str] = next(field.schema["enum"] for field in SETTING_FIELDS if field.name == "delivery_json")
"""The ways of writing JSON that the mock has."""


_DEEPEST = 80
"""The levels of a payload; a fixture has little more."""


class Heard(NamedTuple):
    """A delivery. `document` is None of a body that is no JSON object: nothing is learned from it.

    `fit` is how it is signed with the secret, `near` a way of signing that the mock does not have, in words.
    """

    event: str | None
    document: dict[str, Any] | None
    size: int
    headers: Headers
    styles: frozenset[str]
    fit: Fit | None
    near: str
    packing: str = ""
    """How the body is compressed; `size` is that of the plain body, where it could be made."""

    @property
    def line(self) -> str:
        """The delivery in a line, without any of its values."""
        packed = f" ({self.packing})" if self.packing else ""
        if self.document is None:
            return f"{self.size} bytes{packed} without a JSON object: nothing to learn"
        named = ", ".join(sorted(signing_headers(self.headers)))
        unknown = f"{named} not verified" if named else "without a header of a signature"
        signed = f"signed ({self.fit.scheme}, {self.fit.header})" if self.fit else self.near or unknown
        styles = " or ".join(sorted(self.styles)) or "written in a third way"
        return f"{self.event or 'no known event'}, {self.size} bytes{packed}, {signed}, JSON {styles}"

    @property
    def is_signed(self) -> bool:
        """Whether it is signed with the secret, also in a way that the mock does not have."""
        return self.fit is not None or bool(self.near)


def hear(request: ReceivedRequest, secrets: Sequence[str], event: str | None) -> Heard:
    """Reads a request; `event` is that of a payload that names none."""
    packing = compression(request.body, request.headers.get("content-encoding", ""))
    plain = _plain_body(request.body, packing) if packing else request.body
    document, headers = _object_of(plain), request.raw_headers
    if document is None:
        return Heard(None, None, len(plain), headers, frozenset(), None, "", packing)
    bodies = (request.body, plain) if packing else (plain,)  # a sender may sign before or after it compresses
    fit = next(filter(None, (best_fit(headers, body, secrets) for body in bodies)), None)
    near = "" if fit else next(filter(None, (near_fit(headers, body, secrets) for body in bodies)), "")
    found = event_of(document, request.headers) or event
    return Heard(found, document, len(plain), headers, _styles(document, plain), fit, near, packing)


def _plain_body(body: bytes, packing: str) -> bytes:
    """The body of gzip or deflate; as it came where it can't be read, or is larger than any payload."""
    reading = zlib.decompressobj(zlib.MAX_WBITS | (0 if packing == "deflate" else 16))
    try:
        plain = reading.decompress(body, MOST_BYTES + 1)
    except zlib.error:
        return body
    return plain if reading.eof and len(plain) <= MOST_BYTES else body


def _object_of(body: bytes) -> dict[str, Any] | None:
    """The JSON object that a fixture could hold; None for any other body."""
    try:
        document = json.loads(body) if len(body) <= MOST_BYTES else None
    except (ValueError, RecursionError):
        return None
    return document if isinstance(document, dict) and _is_plain(document, _DEEPEST) else None


def _is_plain(value: Any, levels: int) -> bool:
    """Whether a value has no more levels, and no number that JSON does not have."""
    if isinstance(value, (dict, list)):
        inner = value.values() if isinstance(value, dict) else value
        return levels > 0 and all(_is_plain(each, levels - 1) for each in inner)
    return not isinstance(value, float) or math.isfinite(value)


def _styles(document: Any, body: bytes) -> frozenset[str]:
    """The ways of writing that give these bytes, of a payload of a fixture."""
    return frozenset(style for style in STYLES if _written(as_written(document), style) == body)


def _written(document: Any, style: str) -> bytes:
    try:
        return to_bytes(document, style)
    except (TooLarge, RecursionError, UnicodeError):
        return b""
