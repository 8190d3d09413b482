"""One isolated world: its own agents and webhooks, its own clock, and the baseline it goes back to."""

from collections.abc import Callable
from datetime import datetime
from threading import RLock
from typing import Any, NamedTuple

from talkover_mock.base.clock import Clock
from talkover_mock.base.refusals import Conflict, Missing, Unfit
from talkover_mock.base.words import brief
from talkover_mock.deliveries.operations import Deliveries
from talkover_mock.deliveries.outbox import Sharing
from talkover_mock.dialect.settings import Settings
from talkover_mock.environments.faults import Faults
from talkover_mock.environments.journal import Journal
from talkover_mock.environments.rate_limit import RateLimit
from talkover_mock.loading.fixture import EnvironmentSeed, to_baseline
from talkover_mock.loading.mistakes import Source
from talkover_mock.loading.writer import to_document, to_part
from talkover_mock.state.agents import Agents
from talkover_mock.state.names import ID, NAME_TEXT
from talkover_mock.state.records import Agent, Webhook
from talkover_mock.state.store import State
from talkover_mock.state.webhooks import Webhooks

MOST_SNAPSHOTS = 10_000
_MOST_ERRORS = 100


class Snapshot(NamedTuple):
    """A named copy of the state, which shares with it what neither changes."""

    name: str
    taken_at: datetime
    state: State


class Environment:
    """Shares `baseline` with others and keeps only what changes. Every method is atomic."""

    __slots__ = (
        *("_lock", "_state", "agents", "baseline", "clock", "deliveries", "errors"),
        *("_snapshots", "expired_tokens", "faults", "journal", "name", "rate_limit", "tokens", "webhooks"),
    )

    def __init__(self, name: str, seed: EnvironmentSeed, clock: Clock, sharing: Sharing) -> None:
        self.name, self.baseline = name, seed.baseline
        self.tokens, self.expired_tokens = seed.tokens, seed.expired_tokens
        self.clock = clock
        self.errors: list[str] = []
        """Tracebacks of crashes of the mock itself while it answered or delivered for this environment."""
        self._lock = RLock()
        self._state = State(self.baseline)
        self.agents = Agents(self._state, self._lock)
        self.webhooks = Webhooks(self._state, self._lock, self.clock)
        self.rate_limit = RateLimit(self.clock.now)
        self.journal = Journal(self._lock, sharing.most_kept)
        self.faults = Faults(self._lock, self.settings.seed)
        self._snapshots: dict[str, Snapshot] = {}
        sharing = sharing._replace(report=self.report)
        self.deliveries = Deliveries(self._state, self._lock, self.clock, self.webhooks, sharing)

    @property
    def settings(self) -> Settings:
        return self._state.settings

    def reset(self) -> None:
        """Back to the baseline: state, ids, clock, deliveries, journal, faults, rate limit; snapshots stay.

        Costs the same however large the baseline is.
        """
        with self._lock:
            self._state.reset(self.baseline)
            self.clock.release()
            self.webhooks.ids.restart(self.settings.seed)
            self.deliveries.reset()
            self.rate_limit.reset()
            self.journal.reset()
            self.faults.reset(self.settings.seed)

    def close(self) -> None:
        """Ends every delivery that is under way, and every wait."""
        self.deliveries.close()
        self.journal.close()
        self.faults.close()

    def take_snapshot(self, name: str) -> Snapshot:
        """Keeps the state as it is under a name, in the place of what had it. Raises Unfit, Conflict."""
        if not ID.fullmatch(name):
            raise Unfit("Bad name", f"a name is {NAME_TEXT} (got {brief(name)})")
        with self._lock:
            if name not in self._snapshots and len(self._snapshots) >= MOST_SNAPSHOTS:
                raise Conflict("Too many snapshots", f"{MOST_SNAPSHOTS} are kept, which is the limit; delete some")
            self._snapshots[name] = Snapshot(name, self.clock.moment(), self._state.copy())
            return self._snapshots[name]

    def restore_snapshot(self, name: str) -> Snapshot:
        """The state as it was. Raises Missing."""
        with self._lock:
            snapshot, seed = self._snapshot(name), self.settings.seed
            self._state.restore(snapshot.state)
            self._reseed(seed)
        return snapshot

    def delete_snapshot(self, name: str) -> Snapshot:
        """Raises Missing."""
        with self._lock:
            snapshot = self._snapshot(name)
            del self._snapshots[name]
        return snapshot

    def snapshots(self) -> list[Snapshot]:
        """By the time of their names' first use."""
        with self._lock:
            return list(self._snapshots.values())

    def _snapshot(self, name: str) -> Snapshot:
        if name not in self._snapshots:
            known = ", ".join(self._snapshots) or "none"
            raise Missing("No such snapshot", f"no snapshot is named {brief(name)}; there are {known}")
        return self._snapshots[name]

    def freeze(self, moment: datetime | None = None, gave_up: Callable[[], bool] = lambda: False) -> None:
        """The clock stands still, at `moment` or where it is. Returns when what is due by a later one has been sent."""
        with self._lock:
            before = self.clock.moment()
            self.clock.freeze(moment)
            self.deliveries.clock_was_set(before)
            if self.clock.moment() > before and moment:
                self.deliveries.wait_until_settled(gave_up)

    def unfreeze(self) -> None:
        """Back to the real time; deliveries due by now are sent."""
        with self._lock:
            before = self.clock.moment()
            self.clock.release()
            self.deliveries.clock_was_set(before)

    def report(self, crash: str) -> None:
        """Keeps the traceback of a crash: the first ninety-nine, and always the latest."""
        self.errors[_MOST_ERRORS - 1 :] = [crash]

    def document(self) -> dict[str, Any]:
        """The state as a fixture."""
        with self._lock:
            return to_document(self._state)

    def part(self, agent_id: str) -> dict[str, Any] | None:
        """One agent with its webhooks as a fixture; None when there is none."""
        with self._lock:
            agent = self._state.agents.get(agent_id)
            return to_part(self._state, agent) if agent else None

    def part_of_webhook(self, webhook_id: str) -> dict[str, Any] | None:
        """One webhook under its agent as a fixture; None when there is none."""
        with self._lock:
            webhook = self._state.webhooks.get(webhook_id)
            agent = self._state.agents.get(webhook.agent_id) if webhook else None
            return to_part(self._state, agent, webhook) if agent else None

    def replace(self, source: Source) -> None:
        """Another state; a reset still goes back to the environment's own baseline.

        Settings that the fixture does not give stay. Raises FixtureError, and then nothing has changed.
        """
        baseline = to_baseline(source, settings=self.settings)
        with self._lock:
            seed = self.settings.seed
            self._state.reset(baseline)
            self._reseed(seed)

    def merge(self, source: Source) -> None:
        """Lays a fixture over the state by id. Raises FixtureError, and then nothing has changed."""
        with self._lock:
            seed = self.settings.seed
            self._state.merge(to_baseline(source, self._state, self.settings))
            self._reseed(seed)

    def _reseed(self, before: int) -> None:
        """Another seed gives other ids and other chances; the same one goes on where it was."""
        if self.settings.seed != before:
            self.webhooks.ids.restart(self.settings.seed)
            self.deliveries.ids.restart(self.settings.seed)
            self.faults.reseed(self.settings.seed)

    def agent(self, id: str) -> Agent | None:
        """Without the lock, which one look needs not: the others ask here whose an unknown id is."""
        return self._state.agents.get(id)

    def webhook(self, id: str) -> Webhook | None:
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
