"""Checks whether a delivery's signature matches its webhook's secret and the bytes that were sent."""

import re
from dataclasses import dataclass

from talkover_mock.deliveries.messages import signature
from talkover_mock.deliveries.records import Delivery, Outgoing
from talkover_mock.environments.environment import Environment
from talkover_mock.state.records import Webhook


@dataclass(frozen=True, slots=True)
class Check:
    """The result for people; `genuine` is None without a signature to compare, `header` and `value` show it."""

    genuine: bool | None
    text: str
    header: str = ""
    value: str = ""


def check(delivery: Delivery, environment: Environment) -> Check | None:
    """Checks the signature with the webhook's current secret. None for a delivery that has not been sent."""
    outgoing, webhook = delivery.outgoing, environment.webhook(delivery.webhook_id)
    if outgoing is None:
        return None
    if delivery.fault.action == "bad_signature" and delivery.struck:
        return Check(False, f"Not genuine: {delivery.struck.name} struck.")
    if webhook is None:
        return Check(None, "Can't be checked: the webhook and its secret are deleted.")
    if not webhook.webhook_secret:
        return Check(None, "Not signed: the webhook has no secret.")
    return _compared(delivery, outgoing, webhook, environment)


def _compared(delivery: Delivery, outgoing: Outgoing, webhook: Webhook, environment: Environment) -> Check:
    signed_at = _signed_at(outgoing) or int(delivery.created_at.timestamp())
    expected = signature(delivery.occurrence, webhook, environment.settings, outgoing.body, signed_at)
    sent = {name.lower(): value for name, value in outgoing.headers}
    header = expected[0][0]
    value = sent.get(header.lower(), "")
    if all(sent.get(name.lower()) == wanted for name, wanted in expected):
        text = f"Genuine: it matches the webhook's secret and these {len(outgoing.body)} bytes."
        return Check(True, text, header, value)
    text = "Not genuine: the webhook's secret has changed since, or a custom header has replaced the signature."
    if delivery.fault.action == "tampered" and delivery.struck:
        text = f"Not genuine: {delivery.struck.name} struck."
    return Check(False, text, header, value)


def _signed_at(outgoing: Outgoing) -> int | None:
    """The time in the signature, for schemes that sign the time too."""
    text = "\n".join(f"{name.lower()}: {value}" for name, value in outgoing.headers)
    found = re.search(r"^(?:webhook-timestamp: |[^:\n]+: t=)(-?[0-9]{1,11})", text, re.MULTILINE)
    return int(found[1]) if found else None
