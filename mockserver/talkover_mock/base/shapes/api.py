"""Documents that the API answers about agents, campaigns, webhooks and logs."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal, TypedDict

from talkover_mock.base.shapes.values import (
    AgentStatus,
    AnyEvent,
    CampaignEvent,
    CampaignStatus,
    Count,
    DeliveryStatus,
    Direction,
    Event,
    HttpStatus,
    Id,
    Language,
    MaxRetries,
    Microseconds,
    Name,
    Ordinal,
    Seconds,
    ShortName,
    Timeout,
    Unsuccessful,
    Url,
    WebhookStatus,
)


class Agent(TypedDict):
    """The keys and their order are documented. A fixture gives what it likes of them; the rest has a default
    (assumed). Its further keys come last."""

    id: Id
    name: Name
    label: str | None
    description: str | None
    language: Language
    voice: Mapping[str, Any] | None
    initial_message: str | None
    interrupt_sensitivity: str
    conversation_speed: float
    initial_message_delay: Annotated[float, ("minimum", 0)]
    ask_if_human_present_on_idle: bool
    direction: Direction
    who_speaks_first: str
    current_status: AgentStatus
    is_sandbox: bool
    is_ready_to_publish: bool
    created_at: Seconds
    updated_at: Seconds
    trainings: Sequence[Any]
    actions: Sequence[Any]
    phone_numbers: Sequence[Any]


class AgentBrief(TypedDict):
    """An agent that was published or unpublished."""

    id: Id
    name: Name
    current_status: AgentStatus
    is_ready_to_publish: bool
    updated_at: Seconds


class AgentChanged(TypedDict):
    """An agent that was published or unpublished, shortly (documented)."""

    success: Literal[True]
    message: str
    data: AgentBrief


class Campaign(TypedDict):
    """The keys are documented; the further keys of a fixture come last."""

    id: Id
    name: Name
    description: str | None
    status: CampaignStatus
    campaign_type: str | None
    agent_id: Id
    created_at: Seconds
    updated_at: Seconds


class CampaignChanged(TypedDict):
    """The answer to a change of a campaign's status."""

    id: Id
    status: CampaignStatus
    updated_at: Seconds


class Webhook(TypedDict):
    """Exactly these keys in this order (documented). The secret and the delivery options are never answered (inferred).
    `status` is derived; `error` is set by a fixture only, and ends with the next toggle or update (assumed)."""

    id: Id
    agent_id: Id
    name: ShortName
    webhook_url: Url
    events: Annotated[Sequence[Event], ("minItems", 1)]
    timeout: Timeout
    """Seconds."""
    max_retries: MaxRetries
    enabled: bool
    created_at: Microseconds
    updated_at: Microseconds
    events_count: Ordinal
    status: WebhookStatus


# Webhooks of campaigns: each answer has a choice of keys (documented).


class UpdatedCampaignWebhook(TypedDict):
    """A campaign's webhook after an update."""

    id: Id
    events: Annotated[Sequence[CampaignEvent], ("minItems", 1)]
    include_call_events: bool
    updated_at: Microseconds


class _CampaignWebhook(TypedDict):
    id: Id
    campaign_id: Id
    name: ShortName
    events: Annotated[Sequence[CampaignEvent], ("minItems", 1)]
    enabled: bool
    include_call_events: bool


class ListedCampaignWebhook(_CampaignWebhook):
    """A campaign's webhook in a list."""

    webhook_url: Url


class CreatedCampaignWebhook(_CampaignWebhook):
    """A campaign's new webhook."""

    created_at: Microseconds


class CampaignWebhook(ListedCampaignWebhook):
    """A campaign's webhook as it is read."""

    timeout: Timeout
    max_retries: MaxRetries
    created_at: Microseconds


class ToggledCampaignWebhook(TypedDict):
    """A campaign's webhook after a toggle."""

    id: Id
    enabled: bool


class CampaignLogEntry(TypedDict):
    """A log entry of a campaign's webhook: one set of keys for every attempt (documented)."""

    id: Id
    event: AnyEvent
    attempt: Ordinal
    status: DeliveryStatus
    http_status: HttpStatus | None
    duration_ms: Count | None
    delivered_at: Seconds | None
    created_at: Seconds


# Logs


class _LogEntry(TypedDict):
    id: Id
    webhook_id: Id
    event: Event
    attempt: Ordinal
    created_at: Seconds


class Delivered(_LogEntry):
    """A log entry of an attempt that ended with 2xx (documented)."""

    status: Literal["success"]
    http_status: Annotated[int, ("minimum", 200), ("maximum", 299)]
    request_payload: Any
    """An object (documented), or what a template makes of it."""
    response_body: str
    response_headers: Mapping[str, str]
    duration_ms: Count
    delivered_at: Seconds


class Undelivered(_LogEntry):
    """A log entry of any other attempt (documented)."""

    status: Unsuccessful
    """A `retrying` one becomes `failed` when its next attempt starts."""
    http_status: HttpStatus | None
    error: str | None
    """The reason phrase, or why nothing answered."""
    duration_ms: Count | None
