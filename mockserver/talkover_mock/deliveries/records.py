"""What deliveries are made of: frozen records, replaced and never changed."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Any, NamedTuple


class Occurrence(NamedTuple):
    """Something that happened at an agent; `extra` is what the trigger adds to the payload."""

    id: str
    agent_id: str
    event: str
    moment: datetime
    call: Mapping[str, Any] = MappingProxyType({})
    context: Mapping[str, Any] | None = None
    extra: Mapping[str, Any] = MappingProxyType({})


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
