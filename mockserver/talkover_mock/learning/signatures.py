"""Finds out how a delivery is signed: tries every scheme, header, prefix and encoding against the secret."""

import base64
import hashlib
import hmac
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from talkover_mock.dialect.signing import SCHEMES, Scheme, sign

Headers = Sequence[tuple[str, str]]
_MOST_PREFIX = 100
"""The characters of a prefix that a fixture's settings take."""
_TIME = re.compile("t=([0-9]{1,12}),")
_NUMBER = re.compile("[0-9]{9,14}")
_ENCODINGS: Mapping[str, Callable[[bytes], str]] = {
    "hexadecimal": bytes.hex,
    "upper-case hexadecimal": lambda digest: digest.hex().upper(),
    "base64": lambda digest: base64.b64encode(digest).decode(),
    "base64 for URLs": lambda digest: base64.urlsafe_b64encode(digest).decode().rstrip("="),
}
_SIGNING = re.compile("signature|hmac|digest", re.IGNORECASE)


class Fit(NamedTuple):
    """One way of signing that agrees with what came; the header's name is written as it came."""

    scheme: str
    header: str
    prefix: str

    @property
    def settings(self) -> dict[str, Any]:
        """The settings of a fixture that make the mock sign so: only those that differ from the defaults."""
        usual = SCHEMES[self.scheme]
        is_usual = self.header in (usual.header, usual.header.lower())  # a proxy may have written it in lower case
        return {
            **({} if self.scheme == "hmac" else {"signature_scheme": self.scheme}),
            **({} if is_usual else {"signature_header": self.header}),
            **({} if self.prefix == usual.prefix else {"signature_prefix": self.prefix}),
        }


def best_fit(headers: Headers, body: bytes, secrets: Sequence[str]) -> Fit | None:
    """The way of signing with one of the secrets that needs the fewest settings; None if none of the schemes fits."""
    fits = [fit for secret in secrets for fit in _fits(headers, body, secret)]
    return min(fits, key=lambda fit: len(fit.settings), default=None)


def _fits(headers: Headers, body: bytes, secret: str) -> Iterator[Fit]:
    named = {name.lower(): value for name, value in headers}
    id, time = named.get("webhook-id", ""), named.get("webhook-timestamp", "")
    for name, value in headers:
        signed_at = _TIME.match(value)
        for scheme in SCHEMES:
            start = signed_at[0] if scheme == "stripe" and signed_at else ""
            seconds = signed_at[1] if start and signed_at else time if _NUMBER.fullmatch(time) else "0"
            signature = sign(Scheme(scheme, ""), secret, body, int(seconds), id)[""].removeprefix(start)
            prefix = value[len(start) :].removesuffix(signature)
            if value.endswith(signature) and len(prefix) <= _MOST_PREFIX and (start or scheme != "stripe"):
                yield Fit(scheme, name, prefix)


def signing_headers(headers: Headers) -> list[str]:
    """The names of the headers that look like a signature's."""
    return [name for name, _ in headers if _SIGNING.search(name)]


def near_fit(headers: Headers, body: bytes, secrets: Sequence[str]) -> str:
    """How a delivery is signed in a way that no setting of the mock has, in words; empty if that is not found."""
    messages = {"the body": body}
    for name, value in headers:
        number = _NUMBER.search(value)
        if number:
            messages[f"the time of {name}, a dot and the body"] = f"{number[0]}.".encode() + body
            messages[f"the time of {name} and the body"] = number[0].encode() + body
    for secret in secrets:
        for what, message in messages.items():
            for algorithm in ("sha256", "sha1", "sha512"):
                digest = hmac.new(secret.encode(), message, getattr(hashlib, algorithm)).digest()
                for encoding, encode in _ENCODINGS.items():
                    header = next((name for name, value in headers if encode(digest) in value), None)
                    if header:
                        return f"{header} has the {encoding} HMAC-{algorithm.upper()} of {what}"
    return ""
