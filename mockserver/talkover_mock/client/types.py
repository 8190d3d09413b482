"""The arguments of the client's methods, for editors and type checkers."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Literal, TypedDict

from talkover_mock.base.shapes.values import (
    AuthorizationScheme,
    CampaignEvent,
    DeliveryJson,
    DeliveryStatus,
    Event,
    HttpMethod,
    Maker,
    SignatureScheme,
    WebhookStatus,
)

Moment = str | datetime
"""Such as `2025-09-03T23:19:51Z`; without a zone it is UTC."""
EMIT_WAIT_SECONDS = 5.0
"""How long `emit` waits for the first attempts unless it is told otherwise."""


class ContentFilters(TypedDict, total=False):
    """What a request must have sent: a part of its JSON, headers, fields of the query; these values may have `*`."""

    json: Any
    headers: Mapping[str, str | float] | None
    query: Mapping[str, str | float] | None


class OtherCallFilters(ContentFilters, total=False):
    """Filters of calls beside method and path. None matches any value."""

    status: int | str | None
    operation: str | None
    unmatched: bool | None
    fault: str | None
    by: Maker | None
    since: Moment | None
    after: int | None


class CallFilters(OtherCallFilters, total=False):
    """Filters of calls; `path` may have `*`."""

    method: str | None
    path: str | None


class OtherDeliveryFilters(ContentFilters, total=False):
    """Filters of deliveries beside the status; `url` may have `*`. None matches any value."""

    agent_id: str | None
    campaign_id: str | None
    webhook_id: str | None
    event: str | None
    event_id: str | None
    attempt: int | None
    url: str | None
    fault: str | None
    since: Moment | None


class DeliveryFilters(OtherDeliveryFilters, total=False):
    """Filters of deliveries that were made."""

    status: DeliveryStatus | Literal["captured"] | None


class EventFilters(TypedDict, total=False):
    """Filters of events. None matches any value."""

    agent_id: str | None
    campaign_id: str | None
    event: str | None
    event_id: str | None
    since: Moment | None


class OtherMatch(TypedDict, total=False):
    """What a fault strikes beside the headers: calls by method and path, deliveries by event to attempt.

    `*` in `path`, `event`, `url` and in values of `query` stands for any text.
    """

    method: str | None
    path: str | None
    event: str | None
    webhook_id: str | None
    agent_id: str | None
    url: str | None
    attempt: int | None
    json: Any
    query: Mapping[str, str | float] | None


class Match(OtherMatch, total=False):
    """What a fault strikes; values of `headers` may have `*`."""

    headers: Mapping[str, str | float] | None


class Respond(TypedDict, total=False):
    """An answer of the test's own."""

    status: int
    headers: Mapping[str, str]
    body: Any


class FaultDetails(OtherMatch, total=False):
    """A fault beside its name: what it strikes, what it does there, and how often; see docs/faults.md."""

    match: Match
    headers: Mapping[str, str]
    respond: Respond
    delay_seconds: float
    apply: bool
    sent: bool
    copies: int
    together: bool
    replay: bool
    though_disabled: bool
    seconds: float
    times: int | None
    after: int
    probability: float
    seed: int | None


class EmitDetails(TypedDict, total=False):
    """An event beside its agent and its name: further owners and parts of the payload, and seconds to wait."""

    campaign_id: str | None
    call: Mapping[str, Any] | None
    context: Mapping[str, Any] | None
    data: Mapping[str, Any] | None
    wait: float


class Schedule(TypedDict, total=False):
    """A seed, and the numbers of the only disturbances that strike; None for all."""

    seed: int
    only: Sequence[str] | None


class WebhookFields(TypedDict, total=False):
    """The keys of a webhook in a fixture."""

    name: str
    webhook_url: str
    webhook_secret: str | None
    events: Sequence[Event | CampaignEvent]
    timeout: int
    max_retries: int
    enabled: bool
    http_method: HttpMethod
    authorization_scheme: AuthorizationScheme
    custom_headers: Sequence[Mapping[str, str]]
    payload_templates: Mapping[str, Any]
    created_at: Moment
    updated_at: Moment
    status: WebhookStatus | None
    include_call_events: bool


class ProbeOptions(TypedDict, total=False):
    """The options of a probe: those of a webhook and of the settings for signatures, as a fixture has them.

    `event`, which may be one that the API does not have if it is `unknown`, and `data`, further keys, make the payload;
    `expect` has other expectations by the names of probes;
    `deliver_to` are hosts that may be called beside this machine and its network; `now` is the time of the signatures.
    """

    event: str | None
    unknown: bool | None
    data: Mapping[str, Any] | None
    expect: Mapping[str, str] | None
    http_method: HttpMethod | None
    custom_headers: Sequence[Mapping[str, str]] | None
    timeout: int | None
    signature_scheme: SignatureScheme | None
    signature_header: str | None
    signature_prefix: str | None
    delivery_json: DeliveryJson | None
    deliver_to: Sequence[str] | None
    now: Moment | None


class Probed(TypedDict):
    """A probe of a receiver: the status of each copy that was sent, and whether it was the expected one."""

    name: str
    expected: str
    statuses: Sequence[int | None]
    error: str | None
    passed: bool
    why: str


Prober = Callable[..., list[Probed]]
"""`talkover_mock.probe.probe`, which the client is given, since it imports nothing else of the package."""
