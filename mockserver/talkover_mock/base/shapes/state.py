"""The state of an environment, as a fixture gives it, with every value written out."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal, TypedDict

from talkover_mock.base.shapes.values import (
    AnyEvent,
    AuthorizationScheme,
    CallStatus,
    CampaignEvent,
    CampaignStatus,
    Count,
    DeliveryJson,
    Direction,
    Event,
    HeaderName,
    HeaderText,
    HttpMethod,
    Id,
    MaxRetries,
    Name,
    OwnStatus,
    PhoneNumber,
    Plan,
    Seconds,
    SignatureScheme,
    StubMethod,
    Timeout,
    Url,
    VisibleName,
    VisibleText,
)


class Header(TypedDict):
    """A custom header of a webhook."""

    key: VisibleText
    value: VisibleText


class _InError(TypedDict, total=False):
    status: Literal["error"]
    """Derived; only this one is written out."""


class _Webhook(_InError):
    id: Id
    name: VisibleName
    webhook_url: Url
    webhook_secret: Annotated[str, ("maxLength", 255)] | None
    timeout: Timeout
    """Seconds."""
    max_retries: MaxRetries
    enabled: bool
    http_method: HttpMethod
    authorization_scheme: AuthorizationScheme
    custom_headers: Sequence[Header]
    payload_templates: Mapping[str, Any]
    """By the name of an event."""
    created_at: Seconds
    updated_at: Seconds


class AgentWebhook(_Webhook):
    """A webhook of an agent, with its secret and its delivery options."""

    events: Annotated[Sequence[Event], ("minItems", 1)]


class CampaignWebhook(_Webhook):
    """A webhook of a campaign, with its secret and its delivery options."""

    events: Annotated[Sequence[CampaignEvent], ("minItems", 1)]
    include_call_events: bool


class _OfACampaign(TypedDict, total=False):
    include_call_events: bool


class Webhook(_Webhook, _OfACampaign):
    """A webhook of an agent or of a campaign, with its secret and its delivery options."""

    events: Sequence[AnyEvent]


class _OfAnAgent(TypedDict, total=False):
    created_at: Seconds
    updated_at: Seconds


class Agent(_OfAnAgent):
    """An agent with its webhooks; further keys are those that the fixture gives."""

    id: Id
    name: Name
    cache_clears: Count
    """Operations that cleared the agent's cache."""
    webhooks: Sequence[AgentWebhook]


class Campaign(TypedDict):
    """A campaign with its webhooks; further keys are those that the fixture gives."""

    id: Id
    name: Name
    status: CampaignStatus
    agent_id: Id
    webhooks: Sequence[CampaignWebhook]


_From = TypedDict("_From", {"from": PhoneNumber})
"""`from` is a word of Python's own, which no key of a class may be."""


class Call(_From):
    """A call as the state has it; `started_at` is when it begins and, once answered, when that was."""

    id: Id
    agent_id: Id
    to: PhoneNumber
    direction: Direction
    status: CallStatus
    duration: Count
    """Seconds; 0 until it has ended (assumed)."""
    is_testing: bool
    payload: Mapping[str, Any] | None
    context: Mapping[str, Any] | None
    created_at: Seconds
    started_at: Seconds
    updated_at: Seconds


class _OfAStep(TypedDict, total=False):
    data: Annotated[Mapping[str, Any], ("minProperties", 1)]
    status: CallStatus


class Step(_OfAStep):
    """An event of a scenario, `after` seconds after the one before it."""

    after: Annotated[float, ("minimum", 0), ("maximum", 86400)]
    event: Event


class Stub(TypedDict):
    """A body that is a text is sent as it is, and anything else as JSON."""

    method: StubMethod
    path: Annotated[str, ("pattern", r"^/api(/([A-Za-z0-9_.~%-]+|\{[A-Za-z_]+\}))+$")]
    status: OwnStatus
    headers: Mapping[HeaderName, HeaderText]
    body: Any


class Overrides(TypedDict, total=False):
    """Settings that differ from their defaults."""

    plan: Plan
    rate_limit: Annotated[int, ("minimum", 1), ("maximum", 1_000_000)]
    enforce_rate_limit: bool
    create_status: Literal[200, 201]
    failed_test_status: OwnStatus
    signature_scheme: SignatureScheme
    signature_header: Annotated[str, ("pattern", "^[A-Za-z0-9_-]{1,100}$")]
    signature_prefix: Annotated[str, ("maxLength", 100)]
    retry_schedule: Annotated[Sequence[Annotated[float, ("minimum", 0), ("maximum", 86_400)]], ("minItems", 1)]
    delivery_json: DeliveryJson
    payload_envelope: bool
    call_scenario: Annotated[str, ("maxLength", 100)]
    seed: Count


class BeforeAgents(TypedDict, total=False):
    """What a state begins with."""

    variables: Literal[False]
    """Where a text holds a `$`: a file of the state is then read without variables."""
    settings: Overrides
    stubs: Sequence[Stub]
    scenarios: Annotated[Mapping[Id, Annotated[Sequence[Step], ("minItems", 1)]], ("minProperties", 1)]
    payloads: Annotated[Mapping[AnyEvent, Mapping[str, Any]], ("minProperties", 1)]
    """By their events, with placeholders."""


class AfterAgents(TypedDict, total=False):
    """What a state ends with."""

    campaigns: Annotated[Sequence[Campaign], ("minItems", 1)]
    calls: Annotated[Sequence[Call], ("minItems", 1)]


class Part(TypedDict, total=False):
    """One agent, or one campaign with one webhook, of a state."""

    variables: Literal[False]
    agents: Sequence[Agent]
    campaigns: Sequence[Campaign]


class State(BeforeAgents, AfterAgents):
    """A fixture with every value written out."""

    agents: Sequence[Agent]
