"""What an environment holds: frozen records, replaced and never changed."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Agent:
    """A voice agent. `details` are the further keys that its fixture gave, in their order."""

    id: str
    name: str
    details: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Webhook:
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
    payload_templates: Mapping[str, Any] = field(default_factory=dict)
    in_error: bool = False

    @property
    def status(self) -> str:
        """`active`, `disabled`, or `error`, which only a fixture sets (documented in the vendor's schema)."""
        if self.in_error:
            return "error"
        return "active" if self.enabled else "disabled"
