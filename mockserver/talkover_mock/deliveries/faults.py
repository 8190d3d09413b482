"""Faults on deliveries: which attempts they strike, and what they do to them."""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from talkover_mock.base import patterns
from talkover_mock.base.contents import ANY, Content, Sent
from talkover_mock.state.records import Webhook

ACTIONS: Mapping[str, Sequence[str]] = {
    "lose_answer": (),
    "timeout": ("sent",),
    "refused": (),
    "unresolved": (),
    "repeat": ("copies", "delay_seconds", "together", "replay"),
    "overlap": (),
    "delay": ("delay_seconds", "though_disabled"),
    "drop": (),
    "bad_signature": (),
    "tampered": (),
    "skewed": ("seconds",),
}
"""Each action on deliveries with the details that it takes."""
ON_TESTS = ("lose_answer", "timeout", "refused", "unresolved", "bad_signature", "tampered", "skewed")
"""The actions that strike the test of a webhook too, which is sent once, and at once, since a caller waits for it."""
DETAILS = tuple(dict.fromkeys(detail for details in ACTIONS.values() for detail in details))
"""The details of all actions."""
MATCH = ("event", "webhook_id", "agent_id", "url", "attempt")
"""The attributes of an attempt that a fault may ask for."""


class DeliveryFault(NamedTuple):
    """A fault on deliveries as a test asked for it; `*` in `event` and `url` stands for any text.

    With `sent` the whole request goes out before the attempt times out. `delay_seconds` pass before a delayed attempt,
    or before each copy, on the environment's clock. Copies that are `together` are under way at the same time as the
    attempt that they repeat. With `though_disabled` a delayed attempt arrives at a webhook that was disabled meanwhile.
    """

    action: str
    event: str | None = None
    webhook_id: str | None = None
    agent_id: str | None = None
    url: str | None = None
    attempt: int | None = None
    sent: bool = False
    copies: int = 1
    delay_seconds: float = 0.0
    together: bool = False
    replay: bool = False
    """Whether a copy is the old bytes and headers, instead of being made and signed anew."""
    though_disabled: bool = False
    seconds: float = 0.0
    """How many seconds the clock of a skewed signature is fast."""
    content: Content = ANY

    @property
    def kind(self) -> str:
        return self.action

    def matches(self, event: str, attempt: int, webhook: Webhook, sent: Callable[[], Sent | None]) -> bool:
        """Whether it may strike this attempt to send an event to a webhook. `sent` makes the content of the request."""
        return (
            self.webhook_id in (None, webhook.id)
            and self.agent_id in (None, webhook.agent_id)
            and self.attempt in (None, attempt)
            and (self.event is None or patterns.matches(event, self.event))
            and (self.url is None or patterns.matches(webhook.webhook_url, self.url))
            and (self.content.is_any or ((made := sent()) is not None and self.content.is_in(made)))
        )

    def signer(self, webhook: Webhook) -> Webhook:
        """The webhook with the secret that signs; a bad signature comes also to a webhook without a secret."""
        if self.action != "bad_signature":
            return webhook
        return webhook._replace(webhook_secret=f"not {webhook.webhook_secret or 'signed'}")


NO_FAULT = DeliveryFault("")
"""The fault that does nothing."""


class Struck(NamedTuple):
    """The fault that struck an attempt, by its name and as it was asked for."""

    name: str
    fault: DeliveryFault
