"""Faults on calls and on deliveries, as they are shown."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, TypedDict

from talkover_mock.base.shapes.values import (
    Action,
    AnyEvent,
    CallMethod,
    Count,
    DeliveryAction,
    EventPattern,
    Fraction,
    HeaderName,
    HeaderText,
    Ordinal,
    OwnStatus,
    Preset,
)


class Limited(TypedDict):
    """How often a fault strikes."""

    times: Ordinal | None
    """null is for ever."""
    after: Count
    """So many get by first."""
    probability: Fraction
    seed: Count | None
    """Of the probability's dice."""


class Counts(TypedDict):
    """How often a fault has struck."""

    matched: Count
    """How many calls or deliveries it has matched."""
    struck: Count
    """How many of them it has changed."""


class _Active(Limited, Counts):
    id: Annotated[str, ("pattern", "^fault-[1-9][0-9]*$")]


class AskedContent(TypedDict, total=False):
    """The content that a request must have sent, where the fault asks for some."""

    json: Any
    """A part of the body's JSON."""
    headers: Mapping[HeaderName, str]
    """Values of headers; `*` stands for anything."""
    query: Mapping[str, str]
    """Values of the query; `*` stands for anything."""


class CallMatch(AskedContent):
    """The calls that it strikes; null is any."""

    method: CallMethod | None
    path: Annotated[str, ("pattern", r"^(\*|/\*|/api/\*|/api/v1/)")] | None
    """Whole, without the query; `*` stands for anything."""


class Answered(TypedDict):
    """An answer that a test gives; a body that is a text is sent as it is, and anything else as JSON."""

    status: OwnStatus
    headers: Mapping[HeaderName, HeaderText]
    body: Any


class CallDetails(TypedDict):
    """What a fault on calls strikes, and what it does there."""

    match: CallMatch
    preset: Preset | None
    headers: Mapping[HeaderName, HeaderText]
    respond: Answered | None
    action: Action | None
    delay_seconds: Annotated[float, ("minimum", 0), ("maximum", 600)]
    apply: bool


class CallFault(CallDetails, _Active):
    """A fault on calls."""

    on: Literal["calls"]


class DeliveryMatch(AskedContent):
    """The attempts that it strikes; null is any. `*` in `event` and `url` stands for anything."""

    event: AnyEvent | Literal["webhook.test"] | EventPattern | None
    webhook_id: str | None
    agent_id: str | None
    url: str | None
    attempt: Annotated[int, ("minimum", 1), ("maximum", 2**63 - 1)] | None


class _OfAnAction(TypedDict, total=False):
    sent: bool
    copies: Annotated[int, ("minimum", 1), ("maximum", 20)]
    delay_seconds: Annotated[float, ("minimum", 0), ("maximum", 2_592_000)]
    together: bool
    replay: bool
    though_disabled: bool
    seconds: float


class DeliveryDetails(_OfAnAction):
    """What a fault on deliveries strikes, and what it does there, with the keys that belong to its action."""

    match: DeliveryMatch
    action: DeliveryAction


class DeliveryFault(DeliveryDetails, _Active):
    """With the keys that belong to its action."""

    on: Literal["deliveries"]


Fault = CallFault | DeliveryFault
