"""One isolated world: its own agents and webhooks, its own clock, and the baseline it goes back to."""

from collections.abc import Sequence
from threading import RLock
from typing import Any

from mockserver.agents import Agents
from mockserver.clock import Clock
from mockserver.ids import IdSource
from mockserver.mistakes import Source
from mockserver.rate_limit import RateLimit
from mockserver.records import Agent, Webhook
from mockserver.sections import Section
from mockserver.seed import EnvironmentSeed, to_baseline, to_document
from mockserver.settings import Settings
from mockserver.store import Records, State
from mockserver.webhooks import Webhooks


class Environment:
    """Shares `baseline` with others and keeps only what changes. Every method is atomic."""

    __slots__ = (
        *("_lock", "_sections", "_state", "agents", "baseline", "clock", "errors", "expired_tokens"),
        *("name", "rate_limit", "tokens", "webhooks"),
    )

    def __init__(self, name: str, seed: EnvironmentSeed, clock: Clock, sections: Sequence[Section] = ()) -> None:
        self.name, self.baseline = name, seed.baseline
        self.tokens, self.expired_tokens = seed.tokens, seed.expired_tokens
        self.clock = clock
        self._sections = sections
        self.errors: list[str] = []
        """Tracebacks of crashes of the mock itself while it answered this environment."""
        self._lock = RLock()
        self._state = State(self.baseline)
        self.agents = Agents(self._state, self._lock)
        self.webhooks = Webhooks(self._state, self._lock, self.clock)
        self.rate_limit = RateLimit(self.clock.now)

    @property
    def settings(self) -> Settings:
        return self._state.settings

    def reset(self) -> None:
        """Back to the baseline: state, ids and rate limit. Costs the same however large that is."""
        with self._lock:
            self._state.reset(self.baseline)
            self.webhooks.ids = IdSource(self.settings.seed)
            self.rate_limit.reset()

    def document(self) -> dict[str, Any]:
        """The state as a fixture."""
        with self._lock:
            return to_document(self._state)

    def replace(self, source: Source) -> None:
        """Another state; a reset still goes back to the environment's own baseline.

        Settings that the fixture does not give stay. Raises FixtureError, and then nothing has changed.
        """
        with self._lock:
            seed = self.settings.seed
            self._state.reset(to_baseline(source, self._sections, settings=self.settings))
            self._reseed(seed)

    def merge(self, source: Source) -> None:
        """Lays a fixture over the state by id. Raises FixtureError, and then nothing has changed."""
        with self._lock:
            seed = self.settings.seed
            self._state.merge(to_baseline(source, self._sections, self._state, self.settings))
            self._reseed(seed)

    def _reseed(self, before: int) -> None:
        """Another seed gives other ids; the same one goes on where it was."""
        if self.settings.seed != before:
            self.webhooks.ids = IdSource(self.settings.seed)

    def records(self, section: Section) -> Records:
        """What a family keeps in a section of its own."""
        return Records(self._state, section.key, self._lock)

    def agent(self, id: str) -> Agent | None:
        with self._lock:
            return self._state.agents.get(id)

    def webhook(self, id: str) -> Webhook | None:
        with self._lock:
            return self._state.webhooks.get(id)

    def was_deleted(self, webhook_id: str) -> bool:
        """Whether the webhook is among those that have been deleted lately."""
        with self._lock:
            return webhook_id in self._state.deleted

    def agent_ids(self) -> list[str]:
        with self._lock:
            return list(self._state.agents)

    def webhook_ids(self, agent_id: str) -> list[str]:
        with self._lock:
            return list(self._state.webhook_ids.get(agent_id) or ())
