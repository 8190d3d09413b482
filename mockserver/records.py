"""What an environment holds: frozen records, replaced and never changed."""

from collections.abc import Mapping, Sequence
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


class Occurrence(NamedTuple):
    """Something that happened at an agent; `extra` is what the trigger adds to the payload."""

    id: str
    agent_id: str
    event: str
    moment: datetime
    call: Mapping[str, Any] = MappingProxyType({})
    context: Mapping[str, Any] | None = None
    extra: Mapping[str, Any] = MappingProxyType({})


class Exchange(NamedTuple):
    """One API request with the answer it got. `number` counts the environment's, from 1; `path` has the query.

    `operation` is the route that matched. Without an answer, `status` is None. Bodies are cut to what is kept; the
    sizes are those of the whole. Names of headers are as they came from the server.
    """

    number: int
    moment: datetime
    method: str
    path: str
    operation: str | None
    status: int | None
    duration_ms: float
    reason: str
    fault: str
    request_headers: Mapping[str, str]
    request_body: bytes
    request_size: int
    response_headers: Mapping[str, str]
    response_body: bytes
    response_size: int

    @property
    def size(self) -> int:
        """The bytes of what may be large in it."""
        return len(self.request_body) + len(self.response_body) + sum(map(len, self.request_headers.values()))

    @property
    def is_unmatched(self) -> bool:
        """Whether no route answered: the path or the method is none of the API's. OPTIONS is asked of every path."""
        is_answer_to_options = self.method == "OPTIONS" and (self.status != 404 or self.fault)
        return self.operation is None and not is_answer_to_options


class Outgoing(NamedTuple):
    """A request as it is sent; `timeout` in seconds, for connecting, sending and the whole answer."""

    method: str
    url: str
    headers: Sequence[tuple[str, str]]
    body: bytes
    timeout: float


class Outcome(NamedTuple):
    """What came of a request: an answer (`status`), or an `error`, the reason in a few words.

    `duration_ms` is real time. `captured` says why nothing was sent; the answer is then the mock's own.
    `cut`: the answer's body was longer.
    """

    status: int | None = None
    error: str | None = None
    headers: Sequence[tuple[str, str]] = ()
    body: str = ""
    duration_ms: int = 0
    captured: str | None = None
    cut: bool = False

    @property
    def successful(self) -> bool:
        return self.status is not None and 200 <= self.status < 300


class Delivery(NamedTuple):
    """One attempt to send an occurrence to a webhook: the API's log entry, with the exact bytes beside it.

    `status` is `pending` (queued), `success`, `failed`, or `retrying` (failed, another attempt is due).
    `outgoing` is missing until it is sent, `outcome` and `ended_at` until it has ended.
    """

    id: str
    webhook_id: str
    occurrence: Occurrence
    attempt: int
    created_at: datetime
    status: str = "pending"
    is_test: bool = False
    outgoing: Outgoing | None = None
    outcome: Outcome | None = None
    ended_at: datetime | None = None

    @property
    def size(self) -> int:
        """The bytes of its bodies."""
        return (len(self.outgoing.body) if self.outgoing else 0) + (len(self.outcome.body) if self.outcome else 0)

    @property
    def ended(self) -> bool:
        return self.status != "pending"


def joined(headers: Sequence[tuple[str, str]]) -> dict[str, str]:
    """The headers by name; one that stands twice has both values, as HTTP allows."""
    found: dict[str, str] = {}
    for name, value in headers:
        found[name] = f"{found[name]}, {value}" if name in found else value
    return found
