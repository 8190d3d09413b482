"""Finds out how a delivery is signed: tries every scheme, header, prefix and encoding against the secret."""

import base64
import hashlib
import hmac
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import islice, product
from typing import Any, NamedTuple

from talkover_mock.dialect.signing import SCHEMES, Scheme, sign
from talkover_mock.learning.hiding import hidden
from talkover_mock.learning.redacting import without_secrets

Headers = Sequence[tuple[str, str]]
_PREFIX = re.compile("[A-Za-z0-9_-]{0,20}[=:,]?")
"""A prefix that may be learned; what is longer or has more parts may be a key's name, a token or a time."""
_BETWEEN = {"stripe": ",", "standard": " "}
"""What stands between several signatures of a header, of which one is made with the former secret."""
_MOST_MESSAGES = 60
"""What may be signed, of one delivery: anybody can send headers to a tunnel."""
_SURE = 8
"""The characters of a secret that no header has by chance."""
_ID_NAME = re.compile("(^|[-_])id$", re.IGNORECASE)
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
        if hidden(name, secret) != name:
            continue
        signed_at = _TIME.match(value)
        for scheme in SCHEMES:
            start = signed_at[0] if scheme == "stripe" and signed_at else ""
            seconds = signed_at[1] if start and signed_at else time if _NUMBER.fullmatch(time) else "0"
            signature = sign(Scheme(scheme, ""), secret, body, int(seconds), id)[""].removeprefix(start)
            for each in value[len(start) :].split(_BETWEEN.get(scheme)) if scheme in _BETWEEN else [value]:
                prefix = each.removesuffix(signature)
                if each.endswith(signature) and _is_plain(prefix, secret) and (start or scheme != "stripe"):
                    yield Fit(scheme, name, prefix)


def _is_plain(prefix: str, secret: str) -> bool:
    """Whether a prefix is one of a scheme, such as `sha256=`, and tells nothing else."""
    return bool(_PREFIX.fullmatch(prefix)) and without_secrets(hidden(prefix, secret)) == prefix


def signing_headers(headers: Headers) -> list[str]:
    """The names of the headers that look like a signature's, as they may be shown."""
    return [without_secrets(name) for name, _ in headers if _SIGNING.search(name)]


def near_fit(headers: Headers, body: bytes, secrets: Sequence[str]) -> str:
    """How a delivery is signed in a way that no setting of the mock has, in words; empty if that is not found."""
    messages = list(islice(_messages(headers, body), _MOST_MESSAGES))
    found = (_told(headers, made, secret) for secret in secrets for made in _made(messages, secret))
    return next(filter(None, found), "") or next(filter(None, (_with_secret(headers, each) for each in secrets)), "")


def _with_secret(headers: Headers, secret: str) -> str:
    """Which header has the secret itself, in words: whoever sends it has it. Empty where none has."""
    name = next((name for name, value in headers if hidden(value, secret) != value), "")
    return f"{name} has the secret itself" if name and len(secret) >= _SURE else ""


def _made(messages: Sequence[tuple[str, bytes]], secret: str) -> Iterator[tuple[str, str]]:
    """The signatures that a secret makes, with their words."""
    for key, of_key in _keys(secret):
        for what, message in messages:
            for algorithm in ("sha256", "sha1", "sha512"):
                digest = hmac.new(key, message, getattr(hashlib, algorithm)).digest()
                for encoding, encode in _ENCODINGS.items():
                    yield encode(digest), f"{encoding} HMAC-{algorithm.upper()} of {what}{of_key}"


def _told(headers: Headers, made: tuple[str, str], secret: str) -> str:
    """Which header has the signature that was made, in words; empty where none has."""
    signature, words = made
    for name, value in headers:
        if signature in value:
            is_alone = value.endswith(signature) and _is_plain(value.removesuffix(signature), secret)
            return f"{name} has the {words}{'' if is_alone else ', and more than a prefix around it'}"
    return ""


def _messages(headers: Headers, body: bytes) -> Iterator[tuple[str, bytes]]:
    """What may be signed, with its words: the body, also after a time and an id of the headers."""
    yield "the body", body
    times = [(name, number[0].encode()) for name, value in headers if (number := _NUMBER.search(value))]
    ids = [(name, value.encode(errors="surrogateescape")) for name, value in headers if _ID_NAME.search(name)]
    for name, time in times:
        yield f"the time of {name}, a dot and the body", time + b"." + body
        yield f"the time of {name} and the body", time + body
    for (of_id, id), (of_time, time) in product(ids, times):
        yield f"{of_id}, the time of {of_time} and the body, with dots", b".".join((id, time, body))


def _keys(secret: str) -> Iterator[tuple[bytes, str]]:
    """The keys that a secret may be, with their words."""
    yield secret.encode(errors="surrogateescape"), ""
    with suppress(ValueError):
        yield base64.b64decode(secret.removeprefix("whsec_"), validate=True), ", with the secret decoded from base64"
    if secret.startswith("whsec_"):
        yield secret.removeprefix("whsec_").encode(), ", with the secret without whsec_"
