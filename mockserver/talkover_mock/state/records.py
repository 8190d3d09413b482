"""What an environment holds: frozen records, replaced and never changed."""

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any, NamedTuple

AGENT_DEFAULTS: Mapping[str, Any] = {
    "id": "",
    "name": "",
    "label": None,
    "description": None,
    "language": "en-US",
    "voice": "default",
    "initial_message": None,
    "interrupt_sensitivity": "medium",
    "conversation_speed": "normal",
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
"""The keys of an agent in their order (documented), with what they are when a fixture does not say (assumed)."""


class Agent(NamedTuple):
    """A voice agent. `details` are the further keys that its fixture gave, in their order."""

    id: str
    name: str
    details: Mapping[str, Any] = MappingProxyType({})

    def full(self) -> dict[str, Any]:
        """Every documented key in its order, then what else the fixture gave."""
        full = {**AGENT_DEFAULTS, **self.details, "id": self.id, "name": self.name}
        if "updated_at" not in self.details:
            full["updated_at"] = full["created_at"]
        return full


class Webhook(NamedTuple):
    """A webhook with its configuration. `timeout` in seconds; the times are aware UTC in whole seconds."""

    id: str
    agent_id: str
    name: str
    webhook_url: str
    events: tuple[str, ...]
    created_at: datetime
    updated_at: datetime
    webhook_secret: str | None = None
    timeout: int = 30
    max_retries: int = 3
    enabled: bool = True
    http_method: str = "POST"
    authorization_scheme: str = "none"
    custom_headers: tuple[tuple[str, str], ...] = ()
    payload_templates: Mapping[str, Any] = MappingProxyType({})
    in_error: bool = False

    @property
    def status(self) -> str:
        """`active`, `disabled`, or `error`, which only a fixture sets (documented in the vendor's schema)."""
        if self.in_error:
            return "error"
        return "active" if self.enabled else "disabled"
