"""One isolated environment: its state, clock, deliveries, journal, faults, snapshots, and the baseline of its reset."""

from collections.abc import Callable, Mapping
from copy import copy
from datetime import datetime
from functools import cache
from threading import RLock
from typing import Any

from talkover_mock.base.changes import Changes
from talkover_mock.base.clock import Clock
from talkover_mock.deliveries.calling import Calling
from talkover_mock.deliveries.campaigning import Campaigning
from talkover_mock.deliveries.faults import DeliveryFault, Struck
from talkover_mock.deliveries.lookups import Lookups
from talkover_mock.deliveries.messages import sent_by
from talkover_mock.deliveries.operations import Deliveries
from talkover_mock.deliveries.records import Delivery
from talkover_mock.deliveries.sharing import Sharing
from talkover_mock.dialect.scenarios import Scenario
from talkover_mock.dialect.settings import Settings
from talkover_mock.environments.activity import Activity
from talkover_mock.environments.call_faults import STALE, CallFault
from talkover_mock.environments.documents import Documents
from talkover_mock.environments.faults import Fault, Faults, Limits
from talkover_mock.environments.journal import Journal
from talkover_mock.environments.rate_limit import RateLimit
from talkover_mock.environments.schedules import APART, Disturbances, Schedule
from talkover_mock.environments.snapshots import Snapshot, Snapshots
from talkover_mock.loading.fixture import EnvironmentFixture
from talkover_mock.state.agents import Agents
from talkover_mock.state.calls import Calls
from talkover_mock.state.campaigns import Campaigns
from talkover_mock.state.records import Agent, Call, Campaign, Webhook
from talkover_mock.state.store import Baseline, State
from talkover_mock.state.stubs import Stubs
from talkover_mock.state.webhooks import Webhooks

_MOST_ERRORS = 100
_FEW_WAITS = 20


class Environment:
    """Keeps only its changes to `baseline`, which environments may share. Every method is atomic."""

    __slots__ = (
        *("_state", "agents", "baseline", "calling", "calls", "campaigning", "campaigns"),
        *("changes", "clock", "closed", "deliveries", "disturbances", "documents", "errors"),
        *("expired_tokens", "faults", "for_pages", "journal", "journal_start", "lock", "name"),
        *("rate_limit", "snapshots", "stubs", "title", "tokens", "webhooks"),
    )

    def __init__(
        self,
        name: str,
        fixture: EnvironmentFixture,
        clock: Clock,
        sharing: Sharing,
        schedule: Schedule | None = None,
    ) -> None:
        self.name, self.baseline = name, fixture.baseline
        self.tokens, self.expired_tokens = fixture.tokens, fixture.expired_tokens
        self.clock = clock
        self.for_pages: Environment | None = None
        """The copy for foreign web pages, see World.for_page."""
        self.title = ""
        """The words of whoever opened it, such as the name of a test; empty where there are none."""
        self.journal_start: tuple[int, int] | None = None
        """The position of the default environment's journal when it was opened; None for one of the fixture."""
        self.errors: list[str] = []
        """Tracebacks of the mock's own crashes while it answered or delivered for this environment."""
        self._begin_schedule(schedule)
        self.closed = False
        self.lock, self.changes = RLock(), Changes()
        """The lock that every method takes: whoever holds it finds no change between two of them."""
        self._state = State(self.baseline)
        self.agents = Agents(self._state, self.lock, self.clock)
        self.webhooks = Webhooks(self._state, self.lock, self.clock)
        self.calls = Calls(self._state, self.lock, self.clock)
        self.campaigns = Campaigns(self._state, self.lock, self.clock)
        self.stubs = Stubs(self._state, self.lock)
        self.rate_limit = RateLimit(self.lock, self.clock.moment)
        self.journal = Journal(self.lock, sharing.most_kept, self.changes)
        self.faults = Faults(self.lock, self.settings.seed, self.changes)
        self.documents = Documents(self._state, self.lock, self._reseed)
        self.snapshots = Snapshots(self._state, self.lock, self.clock)
        sharing = sharing._replace(report=self.report, lookups=Lookups(), strike=self._strike, changes=self.changes)
        self.deliveries = Deliveries(self._state, self.lock, self.clock, self.webhooks, sharing)
        self.campaigning = Campaigning(self.lock, self.campaigns, self.deliveries)
        self.calling = Calling(self._state, self.lock, self.calls, self.deliveries)
        if self.baseline.logs:
            self.deliveries.reset(self.baseline.logs)

    @property
    def is_calm(self) -> bool:
        """Whether a call has no fault to meet and few waits to tell: nothing that may hold an event loop up."""
        return not self.faults.has(CallFault) and self.journal.log.waits <= _FEW_WAITS

    @property
    def activity(self) -> Activity:
        """All that has happened here, as one list."""
        return Activity(self.lock, self.changes, self.journal, self.deliveries)

    def note_change(self) -> None:
        """Notes that something may have changed of which no row tells, such as the state or the clock."""
        with self.lock:
            self.changes.note()

    @property
    def settings(self) -> Settings:
        return self._state.settings

    def reset(self) -> None:
        """Goes back to the baseline: state, ids, clock, deliveries, journal, faults, rate limit; snapshots stay.

        A large baseline costs no more than a small one. The copy for foreign web pages ends. An environment that
        was closed while the reset waited stays closed, as if the reset had come before.
        """
        self.end_for_pages()
        with self.lock:
            if self.closed:
                return
            baseline = self.baseline  # an edited fixture may replace it at any time
            self._state.reset(baseline)
            self.clock.unfreeze()
            self._begin_schedule(self.disturbances.schedule if self.disturbances else None)
            self.webhooks.ids.restart(self.settings.seed)
            self.calls.ids.restart(self.settings.seed)
            self.deliveries.reset(baseline.logs)
            self.calling.reset()
            self.rate_limit.reset()
            self.journal.reset()
            self.faults.reset(self.settings.seed)

    def follow(self, before: Baseline) -> bool:
        """Goes to its baseline, which has just been edited: at once, and True, if nobody has changed the state.

        Otherwise the next reset does. Journal, faults, clock and deliveries stay. Given log entries are replaced while
        the log holds no others.
        """
        with self.lock:
            baseline = self.baseline
            if self.closed:
                return True
            if not (self._state.is_unchanged(before) or self._state.is_unchanged(baseline)):  # a reset may be faster
                return False
            seed = self.settings.seed
            self._state.reset(baseline)
            self._reseed(seed)
            if before.logs != baseline.logs and self.deliveries.has_only_given():
                self.deliveries.reset(baseline.logs)
            self.changes.note()
        self.end_for_pages()
        return True

    def _begin_schedule(self, schedule: Schedule | None) -> None:
        """A schedule begins, or begins anew, on a frozen clock."""
        self.disturbances = Disturbances(schedule) if schedule else None
        if schedule:
            self.clock.apart = APART
            self.clock.freeze(self.clock.now())

    def _strike(self, delivery: Delivery, webhook: Webhook) -> Struck | None:
        """The fault that hits an attempt which is due: one that a test has added, or else one of the schedule."""
        sent = cache(lambda: sent_by(delivery.occurrence, webhook, self._state, self.clock.moment()))
        struck = self.faults.strike_delivery(delivery, webhook, sent)
        return struck or (self.disturbances.strike(delivery) if self.disturbances else None)

    def close(self) -> None:
        """Ends every delivery under way, and every wait, for good."""
        with self.lock:
            self.closed = True
        self.end_for_pages()
        self.deliveries.close()
        self.journal.close()
        self.faults.close()

    def end_for_pages(self) -> None:
        """Closes the copy for foreign web pages; the next page gets a new one."""
        copy, self.for_pages = self.for_pages, None
        if copy:
            copy.close()

    def restore_snapshot(self, name: str) -> Snapshot:
        """Makes the snapshot's state the current one. Raises Missing."""
        with self.lock:
            seed = self.settings.seed
            snapshot = self.snapshots.restore(name)
            self._reseed(seed)
        return snapshot

    def freeze(self, moment: datetime | None = None, gave_up: Callable[[], bool] = lambda: False) -> None:
        """Freezes the clock at `moment` or where it is; a later moment is reached by advancing it."""
        with self.lock:
            before = self.deliveries.now()
            self.clock.freeze(min(moment or before, before))
            frozen = self.deliveries.clock_was_set(before)
        if moment and moment > before:
            self.deliveries.advance_to(moment, frozen, gave_up)

    def play(
        self, name: str, agent_id: str, id: str | None, values: Mapping[str, Any], gave_up: Callable[[], bool]
    ) -> tuple[Call, Scenario]:
        """Begins a scenario, see `Calling.play`. On a frozen clock, what is due at once is sent before it returns."""
        with self.lock:
            played = self.calling.play(name, agent_id, id, values)
            if self.clock.is_frozen:
                self.deliveries.wait_until_settled(gave_up)
        return played

    def unfreeze(self) -> None:
        """Sets the clock back to real time, and sends the deliveries that are due by then."""
        with self.lock:
            before = self.deliveries.now()
            self.clock.unfreeze()
            self.deliveries.clock_was_set(before)

    def add_fault(self, spec: CallFault | DeliveryFault, limits: Limits) -> Fault[CallFault | DeliveryFault]:
        """Adds a fault. Raises Conflict at the limit."""
        with self.lock:
            is_stale = isinstance(spec, CallFault) and spec.action == STALE
            return self.faults.add(spec, limits, self._state.copy() if is_stale else None)

    def as_of(self, state: State) -> "Environment":
        """This environment with an earlier state, to read from; it shares all else."""
        then = copy(self)
        then._state = state
        then.agents = Agents(state, self.lock, self.clock)
        then.webhooks = Webhooks(state, self.lock, self.clock)
        then.calls = Calls(state, self.lock, self.clock)
        then.campaigns = Campaigns(state, self.lock, self.clock)
        then.deliveries = self.deliveries.as_of(then.webhooks)
        return then

    def report(self, crash: str) -> None:
        """Keeps the traceback of a crash: the first 99, and the latest."""
        self.errors[_MOST_ERRORS - 1 :] = [crash]

    def _reseed(self, before: int) -> None:
        """Restarts ids and chances when the seed has changed."""
        if self.settings.seed != before:
            self.webhooks.ids.restart(self.settings.seed)
            self.calls.ids.restart(self.settings.seed)
            self.deliveries.ids.restart(self.settings.seed)
            self.faults.reseed(self.settings.seed)

    def agent(self, id: str) -> Agent | None:
        """Reads without the lock: one look-up is atomic. Other environments call this to explain an unknown id."""
        return self._state.agents.get(id)

    def campaign(self, id: str) -> Campaign | None:
        return self._state.campaigns.get(id)

    def webhook(self, id: str) -> Webhook | None:
        return self._state.webhooks.get(id)

    def was_deleted(self, webhook_id: str) -> bool:
        """Whether the webhook is among the latest deleted ones."""
        with self.lock:
            return webhook_id in self._state.deleted

    def agent_ids(self) -> list[str]:
        with self.lock:
            return list(self._state.agents)

    def campaign_ids(self) -> list[str]:
        with self.lock:
            return list(self._state.campaigns)

    def webhook_ids(self, owner_id: str) -> list[str]:
        with self.lock:
            return list(self._state.webhook_ids.get(owner_id) or ())
