"""Faults on the API's calls: which calls they strike, and the answer they give instead."""

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple, get_args

from talkover_mock.base.contents import ANY, Content
from talkover_mock.base.shapes.values import Action, CallMethod, Preset
from talkover_mock.dialect import errors
from talkover_mock.dialect.call_errors import InsufficientCredits
from talkover_mock.dialect.errors import ApiError

_ANSWERING = ("hang", "connection_reset", "truncated_body", "malformed_json")
HOLD, STALE = "hold", "stale"
ACTIONS: Sequence[str] = get_args(Action)

PRESETS: Mapping[Preset, Callable[[], ApiError]] = {
    "missing_token": errors.MissingToken,
    "invalid_token": errors.InvalidToken,
    "expired_token": errors.ExpiredToken,
    "agent_not_found": lambda: errors.AgentNotFound(""),
    "webhook_not_found": lambda: errors.WebhookNotFound("", ""),
    "rate_limited": lambda: errors.RateLimited(0, 60),
    "server_error": errors.ServerError,
    "maintenance": errors.Maintenance,
    "insufficient_credits": InsufficientCredits,
}
"""The documented error answers by the name of their preset."""
DELAY = "delay"
"""What a fault does that only lets time pass."""
KINDS: Sequence[str] = (*PRESETS, *ACTIONS, DELAY)
"""What a fault can do without an answer of its own, in one word."""


class Respond(NamedTuple):
    """An answer that the test defines; a body that is not a string is sent as JSON."""

    status: int
    headers: Mapping[str, str]
    body: Any


class CallFault(NamedTuple):
    """A fault on calls as a test asked for it. `delay_seconds` pass before anything else happens.

    With `apply` the operation happens and its answer is lost; otherwise the state stays untouched. The `headers` are
    further ones of a preset.
    """

    method: CallMethod | None = None
    path: str | None = None
    preset: Preset | None = None
    headers: Mapping[str, str] = MappingProxyType({})
    respond: Respond | None = None
    action: Action | None = None
    delay_seconds: float = 0.0
    apply: bool = False
    content: Content = ANY

    @property
    def replaces(self) -> bool:
        """Whether the fault's answer replaces the API's."""
        return bool(self.preset or self.respond or self.action in _ANSWERING)

    @property
    def kind(self) -> str:
        """What it does in one word: the preset, the action, `respond` or `delay`."""
        return self.preset or self.action or ("respond" if self.respond else DELAY)
