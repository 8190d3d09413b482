"""One isolated world: its own agents and webhooks, its own clock, and the baseline it goes back to."""

from threading import RLock
from typing import Any

from mockserver.clock import Clock
from mockserver.mistakes import Source
from mockserver.records import Agent, Webhook
from mockserver.seed import to_baseline, to_document
from mockserver.store import Baseline, State
from mockserver.webhooks import Webhooks


class Environment:
    """Shares `baseline` with others and keeps only what changes. Every method is atomic."""

    __slots__ = ("_lock", "_state", "baseline", "clock", "errors", "expired_tokens", "name", "tokens", "webhooks")

    def __init__(
        self, name: str, baseline: Baseline, tokens: tuple[str, ...], expired_tokens: tuple[str, ...], clock: Clock
    ) -> None:
        self.name, self.baseline = name, baseline
        self.tokens, self.expired_tokens = tokens, expired_tokens
        self.clock = clock
        self.errors: list[str] = []
        """Tracebacks of crashes of the mock itself while it answered this environment."""
        self._lock = RLock()
        self._state = State(baseline)
        self.webhooks = Webhooks(self._state, self._lock, self.clock)

    def reset(self) -> None:
        """Back to the baseline; costs the same however large that is."""
        self.replace(self.baseline)

    def document(self) -> dict[str, Any]:
        """The state as a fixture."""
        with self._lock:
            return to_document(self._state)

    def replace(self, baseline: Baseline) -> None:
        """Another state; a reset still goes back to the environment's own baseline."""
        with self._lock:
            self._state.reset(baseline)

    def merge(self, source: Source) -> None:
        """Lays a fixture over the state by id. Raises FixtureError, and then nothing has changed."""
        with self._lock:
            self._state.merge(to_baseline(source, over=self._state))

    def agent(self, id: str) -> Agent | None:
        with self._lock:
            return self._state.agents.get(id)

    def webhook(self, id: str) -> Webhook | None:
        with self._lock:
            return self._state.webhooks.get(id)

    def agent_ids(self) -> list[str]:
        with self._lock:
            return list(self._state.agents)

    def webhook_ids(self, agent_id: str) -> list[str]:
        with self._lock:
            return list(self._state.webhook_ids.get(agent_id) or ())
