"""What the client's methods take, for editors and type checkers."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Literal, TypedDict

Preset = Literal[
    "missing_token",
    "invalid_token",
    "expired_token",
    "agent_not_found",
    "webhook_not_found",
    "rate_limited",
    "server_error",
    "maintenance",
]
Action = Literal["hang", "connection_reset", "truncated_body", "malformed_json"]
Moment = str | datetime
"""`2025-09-03T23:19:51Z`; without a zone it is UTC."""


class OtherCallFilters(TypedDict, total=False):
    """Of calls beside method and path. None is any."""

    status: int | str | None
    operation: str | None
    unmatched: bool | None
    fault: str | None
    since: Moment | None
    after: int | None


class CallFilters(OtherCallFilters, total=False):
    """Of calls; `path` may have `*`."""

    method: str | None
    path: str | None


class DeliveryFilters(TypedDict, total=False):
    """Of deliveries; `url` may have `*`. None is any."""

    agent_id: str | None
    webhook_id: str | None
    event: str | None
    event_id: str | None
    status: Literal["pending", "success", "failed", "retrying"] | None
    attempt: int | None
    url: str | None
    since: Moment | None


class Match(TypedDict, total=False):
    """The calls that a fault strikes; `*` in `path` stands for anything."""

    method: str | None
    path: str | None


class Respond(TypedDict, total=False):
    """An answer of one's own."""

    status: int
    headers: Mapping[str, str]
    body: Any


class FaultDetails(TypedDict, total=False):
    """What a fault does instead of a preset, whom it strikes, and how often; docs/faults.md has all of it."""

    match: Match
    respond: Respond
    action: Action
    delay_ms: int
    times: int | None
    after: int
    probability: float
    seed: int | None
    apply: bool


class WebhookFields(TypedDict, total=False):
    """As a fixture gives them."""

    name: str
    webhook_url: str
    webhook_secret: str | None
    events: Sequence[str]
    timeout: int
    max_retries: int
    enabled: bool
    http_method: Literal["POST", "PUT", "PATCH"]
    authorization_scheme: str
    custom_headers: Sequence[Mapping[str, str]]
    payload_templates: Mapping[str, Any]
    created_at: str
    updated_at: str
    status: str | None
