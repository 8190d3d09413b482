"""The records of an environment: frozen, replaced and never changed."""

import re
from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any, NamedTuple, cast
from urllib.parse import unquote

from talkover_mock.base.shapes import api
from talkover_mock.base.shapes.values import (
    AuthorizationScheme,
    CallStatus,
    CampaignStatus,
    DeliveryStatus,
    Direction,
    HttpMethod,
    StubMethod,
    WebhookStatus,
)
from talkover_mock.dialect.call_fields import ACTIVE, STATUS_AFTER

AGENT_DEFAULTS: api.Agent = {
    "id": "",
    "name": "",
    "label": None,
    "description": None,
    "language": "en-US",
    "voice": None,
    "initial_message": None,
    "interrupt_sensitivity": "medium",
    "conversation_speed": 1.0,
    "initial_message_delay": 0,
    "ask_if_human_present_on_idle": False,
    "direction": "inbound",
    "who_speaks_first": "agent",
    "current_status": "published",
    "is_sandbox": False,
    "is_ready_to_publish": True,
    "created_at": "2025-01-01T00:00:00Z",
    "updated_at": "2025-01-01T00:00:00Z",
    "trainings": (),
    "actions": (),
    "phone_numbers": (),
}
"""The keys of an agent in their order (documented), with the values of absent ones (assumed, of documented types)."""


_OWN = ("id", "name", "created_at", "updated_at", "voice")
AGENT_TEXTS = frozenset(
    key for key, default in AGENT_DEFAULTS.items() if isinstance(default, str | None) and key not in _OWN
)
"""The keys of an agent, beside its id, name and times, whose values are texts or null."""


class Agent(NamedTuple):
    """A voice agent. `details` holds the other keys of its fixture, in their order."""

    id: str
    name: str
    details: Mapping[str, Any] = MappingProxyType({})

    def full(self) -> api.Agent:
        """Every documented key in its order, then the other keys of the fixture."""
        full = cast(api.Agent, {**AGENT_DEFAULTS, **self.details, "id": self.id, "name": self.name})
        if "updated_at" not in self.details:
            full["updated_at"] = full["created_at"]
        return full


class CampaignId(str):
    """The id of a campaign where an operation takes the id of an owner of webhooks; a plain text is an agent's."""

    __slots__ = ()


CAMPAIGN_DEFAULTS: api.Campaign = {
    "id": "",
    "name": "",
    "description": None,
    "status": "draft",
    "campaign_type": None,
    "agent_id": "",
    "created_at": "2025-01-01T00:00:00Z",
    "updated_at": "2025-01-01T00:00:00Z",
}
"""The keys of a campaign in their order (documented), with the values of absent ones (assumed)."""


class Campaign(NamedTuple):
    """A campaign, whose calls an agent makes. `details` holds the other keys of its fixture, in their order."""

    id: str
    name: str
    agent_id: str
    status: CampaignStatus
    details: Mapping[str, Any] = MappingProxyType({})

    def full(self) -> api.Campaign:
        """Every documented key in its order, then the other keys of the fixture."""
        own = {"id": self.id, "name": self.name, "agent_id": self.agent_id, "status": self.status}
        full = cast(api.Campaign, {**CAMPAIGN_DEFAULTS, **self.details, **own})
        if "updated_at" not in self.details:
            full["updated_at"] = full["created_at"]
        return full


class Owners(NamedTuple):
    """The agent of a webhook, and the campaign where one owns it."""

    agent: Agent
    campaign: Campaign | None


class Webhook(NamedTuple):
    """A webhook with its configuration. `timeout` in seconds; the times are aware UTC in whole seconds.

    The defaults stand in `dialect.fields.WEBHOOK_FIELDS`. A webhook of a campaign has that campaign's agent.
    """

    id: str
    agent_id: str
    name: str
    webhook_url: str
    events: tuple[str, ...]
    created_at: datetime
    updated_at: datetime
    webhook_secret: str | None
    timeout: int
    max_retries: int
    enabled: bool
    http_method: HttpMethod
    authorization_scheme: AuthorizationScheme
    custom_headers: tuple[tuple[str, str], ...]
    payload_templates: Mapping[str, Any]
    in_error: bool = False
    campaign_id: str | None = None
    include_call_events: bool = False

    @property
    def owner_id(self) -> str:
        """The campaign, or else the agent."""
        return self.agent_id if self.campaign_id is None else CampaignId(self.campaign_id)

    @property
    def owner(self) -> str:
        """The owner in words, such as `agent 42`."""
        return f"{'agent' if self.campaign_id is None else 'campaign'} {self.owner_id}"

    @property
    def status(self) -> WebhookStatus:
        """`active`, `disabled` or `error` (documented in the vendor's schema); only a fixture sets `error`."""
        if self.in_error:
            return "error"
        return "active" if self.enabled else "disabled"


class Call(NamedTuple):
    """A phone call of an agent. `duration` is in seconds, and 0 until it has ended; the times are in whole seconds.

    `started_at` is when the call begins, and once it is answered, when that was. `context` comes back in its events.
    """

    id: str
    agent_id: str
    to: str
    from_: str
    direction: Direction
    status: CallStatus
    duration: int
    is_testing: bool
    payload: Mapping[str, Any] | None
    context: Mapping[str, Any] | None
    created_at: datetime
    started_at: datetime
    updated_at: datetime

    @property
    def is_active(self) -> bool:
        return self.status in ACTIVE

    def after(self, event: str, told: Mapping[str, Any], now: datetime) -> "Call":
        """The call after an event, with what is `told` of it or else what the event means; one that is over stays."""
        status: CallStatus | None = told.get("status") or STATUS_AFTER.get(event)
        if status is None or not self.is_active:
            return self
        started = now if status == "answered" != self.status else self.started_at
        duration = told.get("duration")
        if status in ACTIVE or duration is None:
            duration = self.seconds_until(now) if status == "completed" else 0
        return self._replace(status=status, duration=duration, started_at=started, updated_at=now)

    def shown(self) -> dict[str, Any]:
        """The call as payload templates see it."""
        keys = ("id", "to", "from_", "direction", "status", "duration", "is_testing", "payload")
        return {key.rstrip("_"): getattr(self, key) for key in keys}

    def seconds_until(self, now: datetime) -> int:
        """Whole seconds since it started; 0 before."""
        return max(0, int((now - self.started_at).total_seconds()))


def stub_key(operation: str) -> str:
    """What two stubs of the same calls have in common: the names of their ids do not matter."""
    return re.sub("{.*?}", "{}", operation)


class Stub(NamedTuple):
    """The answer to one method of a path that the mock does not emulate. The path has its ids in braces.

    A body that is not a string is sent as JSON.
    """

    method: StubMethod
    path: str
    status: int
    headers: Mapping[str, str]
    body: Any

    @property
    def operation(self) -> str:
        """`POST /api/v1/agents/{agent_id}/callback`."""
        return f"{self.method} {self.path}"

    @property
    def key(self) -> str:
        return stub_key(self.operation)

    @property
    def ids(self) -> list[bool]:
        """For each step of the path, whether it is an id. The stub with the least list answers: fixed steps first."""
        return [step[:1] == "{" for step in self.path.split("/")]

    def is_at(self, path: str) -> bool:
        """Whether the path of a call is the stub's."""
        own, given = self.path.split("/"), path.rstrip("/").split("/")
        return len(own) == len(given) and all(
            b if a[:1] == "{" else unquote(a) == b for a, b in zip(own, given, strict=True)
        )


class LogEntry(NamedTuple):
    """An attempt in the delivery log that a fixture gives. Without `created_at` it is made at the start or reset."""

    id: str | None
    webhook_id: str
    agent_id: str
    created_at: datetime | None
    event: str
    attempt: int
    status: DeliveryStatus
    http_status: int | None
    error: str | None
    duration_ms: int
    response_body: str | None
    response_headers: Mapping[str, str] | None
    call: Mapping[str, Any] | None
    context: Mapping[str, Any] | None
