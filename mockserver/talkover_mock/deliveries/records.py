"""The records of deliveries: immutable, replaced instead of changed."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Any, Literal, NamedTuple

from talkover_mock.base.contents import Sent
from talkover_mock.base.shapes.values import DeliveryStatus, HttpMethod
from talkover_mock.base.words import status_word
from talkover_mock.deliveries.faults import NO_FAULT, DeliveryFault, Struck


class Occurrence(NamedTuple):
    """An event that was emitted at an agent or, with `campaign_id`, at a campaign of that agent.

    `extra` holds further keys for the payload.
    """

    id: str
    agent_id: str
    event: str
    moment: datetime
    call: Mapping[str, Any] = MappingProxyType({})
    context: Mapping[str, Any] | None = None
    extra: Mapping[str, Any] = MappingProxyType({})
    size: int = 0
    """About the bytes of call, context and extra as JSON."""
    campaign_id: str | None = None
    payload: Mapping[str, Any] | None = None
    """The fixture's payload of the event, with placeholders; None for the mock's own."""

    @property
    def call_id(self) -> Any:
        """The id of the event's call, which a test may give as it likes; None without a call."""
        return self.call.get("id")


class Outgoing(NamedTuple):
    """A request as it is sent; `timeout` is in seconds, for connecting, sending and the whole answer.

    `unsent` names the custom headers that the sender sets itself.
    """

    method: HttpMethod
    url: str
    headers: Sequence[tuple[str, str]]
    body: bytes
    timeout: float
    unsent: Sequence[str] = ()

    @property
    def sent(self) -> Sent:
        """The request's content."""
        return Sent(self.headers, self.url.partition("#")[0].partition("?")[2], self.body)


class Outcome(NamedTuple):
    """The result of a request: an answer (`status`), or the reason of the failure in a few words (`error`).

    `duration_ms` is real time. `captured` says why the request was not sent; an answer is then the mock's own.
    `cut` says that the answer's body was longer than `body`, `lost` that the sender never saw the answer.
    """

    status: int | None = None
    error: str | None = None
    headers: Sequence[tuple[str, str]] = ()
    body: str = ""
    duration_ms: int = 0
    captured: str | None = None
    cut: bool = False
    lost: bool = False

    @property
    def size(self) -> int:
        """The characters of the answer."""
        return len(self.body) + sum(len(name) + len(value) for name, value in self.headers)

    @property
    def answered_by(self) -> str:
        """Whose the answer is: `mock` or `receiver`."""
        return "mock" if self.captured else "receiver"

    @property
    def http_status(self) -> int | None:
        """The status as the API's log has it: none of an answer that was lost."""
        return None if self.lost else self.status

    @property
    def successful(self) -> bool:
        return self.status is not None and 200 <= self.status < 300 and not self.lost


class Delivery(NamedTuple):
    """One attempt to send an occurrence to a webhook: the API's log entry, together with the exact bytes.

    `status` is `pending` (queued), `success`, `failed`, or `retrying` (failed, another attempt is scheduled).
    `outgoing` is None until the attempt is sent, `outcome` and `ended_at` are None until it has ended. `copy_of` is the
    delivery that this one repeats. `campaign_id` is the webhook's, which may be deleted by now.
    """

    id: str
    webhook_id: str
    occurrence: Occurrence
    attempt: int
    created_at: datetime
    status: DeliveryStatus | Literal["skipped"] = "pending"
    is_test: bool = False
    outgoing: Outgoing | None = None
    outcome: Outcome | None = None
    ended_at: datetime | None = None
    struck: Struck | None = None
    copy_of: str | None = None
    campaign_id: str | None = None
    arrival: int = 0
    """The number of its row in order of arrival: all attempts to send an event to a webhook have the same."""

    @property
    def is_logged(self) -> bool:
        """Whether the API's log has it: no test, and no delivery that a fault has dropped."""
        return not self.is_test and self.fault.action != "drop"

    @property
    def fault(self) -> DeliveryFault:
        """What the fault does that struck it."""
        return self.struck.fault if self.struck else NO_FAULT

    @property
    def is_problem(self) -> bool:
        """Whether it has not been successful, or not yet."""
        return self.status != "success"

    @property
    def shown_status(self) -> str:
        """The status for people; `captured` is one of them."""
        return status_word(self.status, self.outcome and self.outcome.captured)

    @property
    def size(self) -> int:
        """The size of both bodies, of the answer's headers, and of the event's data, in bytes."""
        sent = len(self.outgoing.body) if self.outgoing else 0
        return self.occurrence.size + sent + (self.outcome.size if self.outcome else 0)

    @property
    def ended(self) -> bool:
        return self.status != "pending"
