"""The fields of the API's requests and of fixtures, each declared once with its rule, its schema and its default."""

from collections.abc import Collection, Mapping, Sequence
from typing import get_args

from talkover_mock.base.shapes.values import (
    AgentStatus,
    AuthorizationScheme,
    CampaignStatus,
    Direction,
    HttpMethod,
    Language,
)
from talkover_mock.dialect.events import ALL_EVENTS, CAMPAIGN_EVENTS, EVENTS
from talkover_mock.dialect.rules import (
    Field,
    boolean,
    choice,
    events_of,
    headers,
    integer,
    mapping,
    number,
    templates_of,
    text,
    url,
)


def text_field(name: str, limit: int, required: bool = False) -> Field:
    least = {"minLength": 1} if required else {}
    return Field(name, text(limit, required), {"type": "string", **least, "maxLength": limit}, required)


def integer_field(name: str, low: int, high: int, default: int) -> Field:
    schema = {"type": "integer", "minimum": low, "maximum": high, "default": default}
    return Field(name, integer(low, high), schema, default=default)


def boolean_field(name: str, default: bool) -> Field:
    return Field(name, boolean, {"type": "boolean", "default": default}, default=default)


def choice_field(name: str, *options: str) -> Field:
    return Field(name, choice(*options), {"enum": list(options), "default": options[0]}, default=options[0])


def option_field(name: str, *options: str) -> Field:
    """As `choice_field`, without a default."""
    return Field(name, choice(*options), {"enum": list(options)})


_HEADER_SCHEMA = {
    "type": "object",
    "required": ["key", "value"],
    "properties": {"key": {"type": "string", "minLength": 1}, "value": {"type": "string", "minLength": 1}},
}

_URL_SCHEMA = {
    "type": "string",
    "format": "uri",
    "pattern": r"^[A-Za-z][A-Za-z0-9.+-]*://[^\s/?#]{2,}([/?#]\S*)?$",
    "maxLength": 500,
}


def _webhook_fields(listed: Collection[str], sent: Collection[str]) -> tuple[Field, ...]:
    """The fields of a webhook that can list some events, and be sent others too."""
    return (
        text_field("name", 255, required=True),
        Field("webhook_url", url(500), _URL_SCHEMA, required=True),
        text_field("webhook_secret", 255),
        Field(
            "events",
            events_of(listed),
            {"type": "array", "minItems": 1, "items": {"enum": list(listed)}},
            required=True,
        ),
        integer_field("timeout", 5, 120, default=30),
        integer_field("max_retries", 0, 10, default=3),
        boolean_field("enabled", default=True),
        choice_field("http_method", *get_args(HttpMethod)),
        choice_field("authorization_scheme", *get_args(AuthorizationScheme)),
        Field("custom_headers", headers, {"type": "array", "items": _HEADER_SCHEMA}, default=()),
        Field(
            "payload_templates",
            templates_of(sent),
            {"type": "object", "propertyNames": {"enum": list(sent)}},
            default={},
        ),
    )


WEBHOOK_FIELDS: Sequence[Field] = _webhook_fields(EVENTS, EVENTS)
"""The fields of a webhook in create, update and fixtures, in the order in which errors are reported."""

CAMPAIGN_WEBHOOK_FIELDS: Sequence[Field] = (
    *_webhook_fields(CAMPAIGN_EVENTS, ALL_EVENTS),
    boolean_field("include_call_events", default=False),
)
"""The fields of a webhook of a campaign."""

LANGUAGES: Sequence[str] = get_args(Language)
"""The languages of an agent (documented)."""

AGENT_FIELDS: Sequence[Field] = (
    option_field("language", *LANGUAGES),
    Field("voice", mapping, {"type": "object"}),
    Field("conversation_speed", number, {"type": "number"}),
)
"""The keys of an agent whose types are documented in other words than text; a fixture may give null too."""

AGENT_FILTERS: Sequence[Field] = (
    option_field("status", *get_args(AgentStatus)),
    option_field("direction", *get_args(Direction)),
    text_field("search", 255),
    integer_field("per_page", 1, 100, default=20),
)
"""The filters of the list of agents (documented; the limit of `search` is assumed)."""

LOG_FILTERS: Sequence[Field] = (integer_field("per_page", 1, 100, default=25),)
"""The filters of a webhook's log (documented)."""

CAMPAIGN_STATUSES: Sequence[str] = get_args(CampaignStatus)
CAMPAIGN_CHANGES: Mapping[str, Mapping[str, str]] = {
    "draft": {"active": "campaign.started", "cancelled": "campaign.updated"},
    "active": {"paused": "campaign.paused", "completed": "campaign.completed", "cancelled": "campaign.updated"},
    "paused": {"active": "campaign.started", "completed": "campaign.completed", "cancelled": "campaign.updated"},
}
"""The statuses that may follow each status (documented), with the event of the change (assumed)."""

STATUS_FIELDS: Sequence[Field] = (
    Field("status", choice(*CAMPAIGN_STATUSES), {"enum": list(CAMPAIGN_STATUSES)}, required=True),
)
CAMPAIGN_FILTERS: Sequence[Field] = (
    option_field("status", *CAMPAIGN_STATUSES),
    integer_field("per_page", 1, 100, default=20),
)
"""The filters of the list of campaigns (assumed)."""
CAMPAIGN_FIELDS: Sequence[Field] = (
    text_field("name", 255, required=True),
    text_field("agent_id", 100, required=True),
    choice_field("status", *CAMPAIGN_STATUSES),
    Field("description", text(65_536), {"type": "string"}),
    Field("campaign_type", text(255), {"type": "string", "maxLength": 255}),
)
"""The fields of a campaign in a fixture, beside its id and its times; it may have other keys."""
