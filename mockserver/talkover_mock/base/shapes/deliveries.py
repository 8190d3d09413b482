"""Deliveries and events, as the admin routes answer them."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal, TypedDict

from talkover_mock.base.shapes.values import (
    Count,
    DeliveryStatus,
    EventName,
    HttpMethod,
    HttpStatus,
    Id,
    Milliseconds,
    Ordinal,
    StruckBy,
    Url,
    WhySkipped,
)


class Unsent(TypedDict, total=False):
    """The custom headers that the sender sets itself."""

    headers_not_sent: Annotated[Sequence[str], ("minItems", 1)]
    """The custom headers that the sender sets itself, where there are any."""


class Sent(Unsent):
    """The request of a delivery."""

    method: HttpMethod
    url: Url
    headers: Mapping[str, str]
    body: str
    """The exact bytes, which are UTF-8."""


class Received(TypedDict):
    """The answer of a receiver."""

    status: HttpStatus
    headers: Mapping[str, str]
    body: str
    """At most 64 KiB of it."""
    body_cut: bool


class OfACampaign(TypedDict, total=False):
    """The owner, if that is a campaign."""

    campaign_id: Id
    """Its owner, if that is a campaign."""


class Attempt(OfACampaign):
    """How an attempt ended, without its bytes."""

    id: Id
    """Also that of the entry in the API's log."""
    webhook_id: Id
    attempt: Ordinal
    status: DeliveryStatus
    captured_because: str | None
    error: str | None
    fault: StruckBy | None
    """The one that struck."""


class Delivery(Attempt):
    """One attempt to send an event, or the test, to a webhook."""

    event_id: Id
    agent_id: Id
    event: EventName
    copy_of: Id | None
    """The delivery that it repeats."""
    test: bool
    captured: bool
    """Whether nothing left this machine: the mock itself answered, unless a fault kept it from that."""
    duration_ms: Count | None
    created_at: Milliseconds
    ended_at: Milliseconds | None
    request: Sent | None
    """What was sent; null until then."""
    response: Received | None
    """null where nothing answered."""


class SkippedDelivery(OfACampaign):
    """A delivery that was never made; the keys are those of the others."""

    id: None
    event_id: Id
    agent_id: Id
    webhook_id: Id | None
    """null where the agent has no webhook."""
    event: EventName
    attempt: Literal[0]
    copy_of: None
    status: Literal["skipped"]
    test: Literal[False]
    captured: Literal[False]
    captured_because: None
    error: str | None
    """Why it was skipped."""
    fault: None
    duration_ms: Literal[0]
    created_at: Milliseconds
    ended_at: None
    request: None
    response: None


class Skipped(OfACampaign):
    """A webhook that did not get an event."""

    webhook_id: Id
    reason: WhySkipped


class EmittedNow(TypedDict):
    """What an event led to."""

    event_id: Id
    call_id: Any
    """The given one, or one that was made up."""
    finished: bool
    """Whether every first attempt has ended."""
    deliveries: Sequence[Delivery]
    skipped: Sequence[Skipped]


class EmittedEvent(OfACampaign):
    """An event, with the latest attempt for each webhook that got it, and the reason for each other webhook."""

    event_id: Id
    call_id: Any
    """The given one, or one that was made up."""
    agent_id: Id
    event: EventName
    at: Milliseconds
    deliveries: Sequence[Attempt]
    skipped: Sequence[Skipped]
