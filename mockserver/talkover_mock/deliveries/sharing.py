"""The parts that an outbox is given: some by the world, for all, and some by its environment."""

from collections.abc import Callable, Container, Sequence
from typing import Any, NamedTuple

from talkover_mock.base.changes import Changes
from talkover_mock.deliveries.faults import Struck
from talkover_mock.deliveries.lookups import Lookups
from talkover_mock.deliveries.records import Delivery, Outgoing
from talkover_mock.deliveries.sender import Sending
from talkover_mock.state.records import Webhook


class Sharing(NamedTuple):
    """Tells an outbox who may be called, how much is kept, what wakes the pump, and who hears of a crash.

    `own_ports` are those of the mock itself, which is not called. With `capture`, a reason, nothing is sent at all.
    `report` takes the traceback, and `strike` finds the fault that hits an attempt which is due: these two, `lookups`
    and `changes` are each environment's own.
    """

    wake: Callable[[Any], None]
    deliver_to: Sequence[str]
    most_kept: int
    own_ports: Container[int] = ()
    report: Callable[[str], None] = lambda _: None
    lookups: Lookups | None = None
    capture: str = ""
    strike: Callable[[Delivery, Webhook], Struck | None] = lambda *_: None
    changes: Changes | None = None

    def sending(self, webhook: Webhook) -> Sending:
        """A request to the webhook, whose headers and body are still to be made."""
        outgoing = Outgoing(webhook.http_method, webhook.webhook_url, (), b"", webhook.timeout)
        return Sending(outgoing, self.deliver_to, self.own_ports, self.lookups or Lookups(), self.capture)
