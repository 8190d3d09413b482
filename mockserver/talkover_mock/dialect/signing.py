"""Signatures of deliveries: pure functions of the secret, the exact bytes, the time and the id."""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping
from typing import NamedTuple


class Scheme(NamedTuple):
    """A signature scheme: `name` chooses the computation, `header` carries the signature after `prefix`."""

    name: str
    header: str
    prefix: str = ""


SCHEMES: Mapping[str, Scheme] = {
    scheme.name: scheme
    for scheme in (
        Scheme("hmac", "Signature"),
        Scheme("github", "X-Hub-Signature-256", "sha256="),
        Scheme("stripe", "Stripe-Signature", "v1="),
        Scheme("standard", "webhook-signature", "v1,"),
        Scheme("shopify", "X-Shopify-Hmac-Sha256"),
    )
}
"""The schemes by name. `hmac` is the default: the vendor documents only "a signature header"."""


def sign(scheme: Scheme, secret: str, body: bytes, timestamp: int, id: str) -> dict[str, str]:
    """The headers that sign `body`, with the signature's own header first.

    `timestamp` is in Unix seconds, `id` is the message's id. `stripe` also signs the timestamp, `standard` both.
    """
    key = secret.encode()
    if scheme.name == "stripe":
        return {scheme.header: f"t={timestamp},{scheme.prefix}{_hex(key, f'{timestamp}.'.encode() + body)}"}
    if scheme.name == "standard":
        signature = _base64(_standard_key(secret), f"{id}.{timestamp}.".encode() + body)
        return {scheme.header: scheme.prefix + signature, "webhook-id": id, "webhook-timestamp": str(timestamp)}
    if scheme.name == "shopify":
        return {scheme.header: scheme.prefix + _base64(key, body)}
    return {scheme.header: scheme.prefix + _hex(key, body)}


def _hex(key: bytes, message: bytes) -> str:
    return hmac.new(key, message, hashlib.sha256).hexdigest()


def _base64(key: bytes, message: bytes) -> str:
    return base64.b64encode(hmac.digest(key, message, "sha256")).decode()


def _standard_key(secret: str) -> bytes:
    """The key of a Standard Webhooks secret: base64, with or without `whsec_`; another text is the key itself."""
    try:
        return base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    except (binascii.Error, ValueError):
        return secret.encode()
