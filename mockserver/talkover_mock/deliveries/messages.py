"""Builds the request that tells a webhook of an event: payload or template, exact bytes, signature, headers."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from talkover_mock.base.contents import Sent
from talkover_mock.base.moments import to_milliseconds
from talkover_mock.deliveries.payloads import TooLarge, as_written, render, to_bytes
from talkover_mock.deliveries.records import Delivery, Occurrence, Outgoing
from talkover_mock.deliveries.sender import not_replaced, outgoing
from talkover_mock.dialect.call_fields import PLAYED_FIELDS, STATUS_AFTER
from talkover_mock.dialect.placeholders import TIME_FORMS
from talkover_mock.dialect.settings import Settings
from talkover_mock.dialect.signing import SCHEMES, sign
from talkover_mock.state.records import Owners, Webhook
from talkover_mock.state.store import State

TEST_EVENT = "webhook.test"
CALL_ENDED = "event_phone_call_ended"
_CALL = {**{field.name: field.default for field in PLAYED_FIELDS if field.name != "context"}, "duration": 0}
"""What a payload of the fixture shows of a call that the event does not tell."""


def message(occurrence: Occurrence, owners: Owners, webhook: Webhook, settings: Settings, signed_at: int) -> Outgoing:
    """The request as `owners`, `webhook` and `settings` configure it; `signed_at` is in Unix seconds.

    Raises TooLarge.
    """
    body = to_bytes(_payload(occurrence, owners, webhook, settings), settings.delivery_json)
    return signed(occurrence, webhook, settings, body, signed_at)


def struck_message(delivery: Delivery, owners: Owners, webhook: Webhook, settings: Settings, now: datetime) -> Outgoing:
    """The message of a delivery, as the fault that struck it leaves it. Raises TooLarge."""
    fault = delivery.fault
    signer, signed_at = fault.signer(webhook), int(now.timestamp() + fault.seconds)
    outgoing = message(delivery.occurrence, owners, signer, settings, signed_at)
    return tampered(outgoing) if fault.action == "tampered" else outgoing


def sent_by(occurrence: Occurrence, webhook: Webhook, state: State, moment: datetime) -> Sent | None:
    """The content of the request, made at this moment; None if it can't be made."""
    owners = state.owners_of(webhook, occurrence.agent_id)
    try:
        made = message(occurrence, owners, webhook, state.settings, int(moment.timestamp())) if owners else None
    except TooLarge:
        return None
    return made.sent if made else None


def signed(occurrence: Occurrence, webhook: Webhook, settings: Settings, body: bytes, signed_at: int) -> Outgoing:
    """The request with this body, and the signature of a time in Unix seconds."""
    own = [("Content-Type", "application/json"), *signature(occurrence, webhook, settings, body, signed_at)]
    custom = webhook.custom_headers
    headers = [*not_replaced(own, custom), *custom]  # two custom headers of one name are both sent
    return outgoing(webhook.http_method, webhook.webhook_url, headers, body, webhook.timeout)


def tampered(outgoing: Outgoing) -> Outgoing:
    """The request with a body that changed after signing. JSON stays JSON, since a careless receiver reads it."""
    body = outgoing.body
    if body.endswith(b"}"):
        body = body[:-1] + (b"," if body[:-1] != b"{" else b"") + b'"tampered":true}'
    else:
        body += b" "
    headers = [(name, str(len(body)) if name == "Content-Length" else value) for name, value in outgoing.headers]
    return outgoing._replace(body=body, headers=tuple(headers))


def _payload(occurrence: Occurrence, owners: Owners, webhook: Webhook, settings: Settings) -> Any:
    """The event in its envelope (assumed), or the webhook's template for it, which replaces all of it (assumed).

    A payload of the fixture takes the envelope's place. Without either, only what the vendor's pages show is left:
    the call's id, its duration and its context.
    """
    envelope = {
        "event": occurrence.event,
        "agent_id": owners.agent.id,
        "agent_name": owners.agent.name,
        **({"campaign_id": webhook.campaign_id} if webhook.campaign_id else {}),
        "webhook_id": webhook.id,
        "webhook_name": webhook.name,
        "timestamp": to_milliseconds(occurrence.moment),
    }
    if occurrence.event == TEST_EVENT:
        return {**envelope, "test": True, **occurrence.extra}
    template = webhook.payload_templates.get(occurrence.event)
    if template is not None:
        return render(template, _scope(envelope, occurrence, owners, webhook))
    if occurrence.payload is not None:
        scope = _wider(_scope(envelope, occurrence, owners, webhook), occurrence)
        payload = render(as_written(occurrence.payload), scope, leaves_out=True)
        payload.update(occurrence.extra)
        return payload
    is_about_no_call = webhook.campaign_id is not None and not occurrence.call
    tail: dict[str, Any] = {} if is_about_no_call else {"call_id": occurrence.call_id}
    if occurrence.event == CALL_ENDED:
        tail["duration"] = occurrence.call.get("duration", 0)
    if occurrence.context is not None:
        tail["context"] = occurrence.context
    return {**(envelope if settings.payload_envelope else {}), **tail, **occurrence.extra}


def _scope(envelope: dict[str, Any], occurrence: Occurrence, owners: Owners, webhook: Webhook) -> dict[str, Any]:
    """The values that placeholders can name; the webhook's secret is not among them."""
    return {
        "event": envelope["event"],
        "timestamp": envelope["timestamp"],
        **{kind: owner.full() for kind, owner in owners._asdict().items() if owner},
        "webhook": {"id": webhook.id, "name": webhook.name},
        "call": occurrence.call,
        "context": occurrence.context or {},
    }


def _wider(scope: Mapping[str, Any], occurrence: Occurrence) -> dict[str, Any]:
    """The values that placeholders of a fixture's payloads can name; those that the event lacks are not there."""
    call = {**_CALL, "status": STATUS_AFTER.get(occurrence.event, "answered"), **occurrence.call}
    wider = {
        **scope,
        "event_id": occurrence.id,
        "time": {form: write(occurrence.moment) for form, write in TIME_FORMS.items()},
        "call": call if occurrence.call else {},
        "context": occurrence.context,
    }
    return {name: value for name, value in wider.items() if value is not None}


def signature(
    occurrence: Occurrence, webhook: Webhook, settings: Settings, body: bytes, signed_at: int
) -> Sequence[tuple[str, str]]:
    """The headers that sign the body, the signature first; empty when the webhook has no secret."""
    if not webhook.webhook_secret:
        return ()
    usual = SCHEMES[settings.signature_scheme]
    prefix = usual.prefix if settings.signature_prefix is None else settings.signature_prefix
    scheme = usual._replace(header=settings.signature_header or usual.header, prefix=prefix)
    return tuple(sign(scheme, webhook.webhook_secret, body, signed_at, occurrence.id).items())
