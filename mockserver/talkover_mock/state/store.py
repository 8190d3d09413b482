"""Copy-on-write state: a baseline that environments share, and the changes of each environment."""

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any, Generic, NamedTuple, TypeVar, cast

from talkover_mock.dialect.scenarios import Scenario
from talkover_mock.dialect.settings import DEFAULTS, Settings
from talkover_mock.state.records import Agent, Call, Campaign, LogEntry, Owners, Stub, Webhook

V = TypeVar("V")

_REMOVED: Any = object()
_MOST_CHANGES = 500
"""Changes that a copy takes along; a table with more of them first makes a new base to share."""
_MOST_DELETED = 1_000
MOST_CALLS = 10_000
"""Calls of an environment; one more drops the oldest."""


class Table(Generic[V]):
    """A mapping by id that shares `base`, never changes it, and keeps only its own changes.

    Records come in the order of the base, then of their addition; one that was removed and is put again comes last.
    The cost of a new table, and so of a reset, does not depend on the size of the base.
    """

    __slots__ = ("_base", "_changes", "_more")

    def __init__(self, base: Mapping[str, V]) -> None:
        self._base = base
        self._more = 0
        """The number of records beyond that of the base."""
        self._changes: dict[str, V] = {}

    def get(self, key: str) -> V | None:
        found = self._changes.get(key)
        if found is None:
            return self._base.get(key)
        return None if found is _REMOVED else found

    def put(self, key: str, value: V) -> bool:
        """Puts a record, new or known, and returns whether it is new."""
        if self._changes.get(key) is _REMOVED:  # its old place is no longer its own: one copy for all that are removed
            self._rebase()
        is_new = key not in self
        self._more += is_new
        self._changes[key] = value
        return is_new

    def remove(self, key: str) -> None:
        self._more -= key in self
        if key in self._base:
            self._changes[key] = _REMOVED
        else:
            self._changes.pop(key, None)

    def is_unchanged(self, base: Mapping[str, V]) -> bool:
        """Whether the table still is what it was when it was made on the base."""
        return self._base is base and not self._changes

    def copy(self) -> "Table[V]":
        """An independent table with the same records. Copies only the changes; many changes become a new base first."""
        if len(self._changes) > _MOST_CHANGES:
            self._rebase()
        copy = Table(self._base)
        copy._changes, copy._more = dict(self._changes), self._more
        return copy

    def _rebase(self) -> None:
        """Makes a base of the records as they are. The new base comes first: some look up without a lock."""
        self._base = {key: cast(V, self.get(key)) for key in self}
        self._changes, self._more = {}, 0

    def __contains__(self, key: Any) -> bool:
        return self.get(key) is not None

    def __iter__(self) -> Iterator[str]:
        for key in self._base:
            if self._changes.get(key) is not _REMOVED:
                yield key
        for key in self._changes:
            if key not in self._base:
                yield key

    def values(self) -> Iterator[V]:
        return (cast(V, self.get(key)) for key in self)

    def __len__(self) -> int:
        return len(self._base) + self._more


class Baseline(NamedTuple):
    """The start of one environment, given by its fixture. Shared by every environment opened from it; never changed."""

    agents: Mapping[str, Agent] = MappingProxyType({})
    webhooks: Mapping[str, Webhook] = MappingProxyType({})
    webhook_ids: Mapping[str, tuple[str, ...]] = MappingProxyType({})
    """The ids of the webhooks of an agent or campaign by its id, oldest first."""
    cache_clears: Mapping[str, int] = MappingProxyType({})
    """By agent id: the number of webhook operations that have cleared the agent's cache."""
    settings: Settings = DEFAULTS
    logs: tuple[LogEntry, ...] = ()
    """The entries of the delivery log at the start and after a reset."""
    stubs: Mapping[str, Stub] = MappingProxyType({})
    """The answers to calls that the mock does not emulate, by operation."""
    calls: Mapping[str, Call] = MappingProxyType({})
    scenarios: Mapping[str, Scenario] = MappingProxyType({})
    """The scenarios beside the built-in ones, by name."""
    campaigns: Mapping[str, Campaign] = MappingProxyType({})
    payloads: Mapping[str, Any] = MappingProxyType({})
    """The payloads that take the place of the mock's own, by event."""


class State:
    """The tables of one environment. The caller holds the environment's lock."""

    __slots__ = (
        "agents",
        "cache_clears",
        "calls",
        "campaigns",
        "deleted",
        "payloads",
        "scenarios",
        "settings",
        "stubs",
        "webhook_ids",
        "webhooks",
    )

    def __init__(self, baseline: Baseline) -> None:
        self.reset(baseline)

    def reset(self, baseline: Baseline) -> None:
        self.agents = Table(baseline.agents)
        self.webhooks = Table(baseline.webhooks)
        self.webhook_ids = Table(baseline.webhook_ids)
        self.cache_clears = Table(baseline.cache_clears)
        self.calls, self.stubs = Table(baseline.calls), Table(baseline.stubs)
        self.campaigns = Table(baseline.campaigns)
        self.settings, self.scenarios, self.payloads = baseline.settings, baseline.scenarios, baseline.payloads
        self.deleted: dict[str, None] = {}
        """The ids of the webhooks removed last, to explain why they are not found."""

    def is_unchanged(self, baseline: Baseline) -> bool:
        """Whether nobody has changed anything since the baseline was taken: `webhook_ids` change with the webhooks.

        A webhook that comes and goes leaves its table as it was, but has cleared the agent's cache.
        """
        tables = ("agents", "webhooks", "cache_clears", "calls", "stubs", "campaigns")
        wholes = ("settings", "scenarios", "payloads")
        records = all(getattr(self, name).is_unchanged(getattr(baseline, name)) for name in tables)
        return records and all(getattr(self, name) == getattr(baseline, name) for name in wholes)

    def copy(self) -> "State":
        """An independent state with the same records, for a snapshot or its restoration."""
        copy = State(Baseline())
        copy.agents, copy.webhooks = self.agents.copy(), self.webhooks.copy()
        copy.webhook_ids, copy.cache_clears = self.webhook_ids.copy(), self.cache_clears.copy()
        copy.calls, copy.stubs = self.calls.copy(), self.stubs.copy()
        copy.campaigns = self.campaigns.copy()
        copy.settings, copy.scenarios, copy.payloads = self.settings, self.scenarios, self.payloads
        copy.deleted = dict(self.deleted)
        return copy

    def restore(self, snapshot: "State") -> None:
        copy = snapshot.copy()
        for name in State.__slots__:
            setattr(self, name, getattr(copy, name))

    def merge(self, changes: Baseline) -> None:
        """Puts every record of `changes`, new or known; a new webhook goes to the end of its owner's list."""
        for agent in changes.agents.values():
            self.agents.put(agent.id, agent)
        for campaign in changes.campaigns.values():
            self.put_campaign(campaign)
        for webhook in changes.webhooks.values():
            self.put_webhook(webhook)
        for agent_id, count in changes.cache_clears.items():
            self.cache_clears.put(agent_id, count)
        for stub in changes.stubs.values():
            self.stubs.put(stub.key, stub)
        for call in changes.calls.values():
            self.put_call(call)
        self.settings, self.scenarios, self.payloads = changes.settings, changes.scenarios, changes.payloads

    def owner_of(self, webhook: Webhook) -> Agent | Campaign:
        """The campaign or the agent of a webhook of the state, which is removed with it."""
        return self.campaigns.get(webhook.campaign_id or "") or cast(Agent, self.agents.get(webhook.agent_id))

    def kind_of(self, id: str) -> str:
        """The kind of the record with this id, such as `an agent`; empty where there is none."""
        tables: Mapping[str, Table[Any]] = {
            "an agent": self.agents,
            "a webhook": self.webhooks,
            "a campaign": self.campaigns,
            "a call": self.calls,
        }
        return next((kind for kind, table in tables.items() if id in table), "")

    def put_webhook(self, webhook: Webhook) -> None:
        if self.webhooks.put(webhook.id, webhook):
            siblings = self.webhook_ids.get(webhook.owner_id) or ()
            self.webhook_ids.put(webhook.owner_id, (*siblings, webhook.id))

    def remove_webhook(self, webhook: Webhook) -> None:
        siblings = self.webhook_ids.get(webhook.owner_id) or ()
        self.webhook_ids.put(webhook.owner_id, tuple(id for id in siblings if id != webhook.id))
        self.webhooks.remove(webhook.id)
        self.deleted[webhook.id] = None
        if len(self.deleted) > _MOST_DELETED:
            del self.deleted[next(iter(self.deleted))]

    def remove_agent(self, agent: Agent) -> None:
        """Removes the agent with everything that belongs to it."""
        campaigns = self.campaigns_of(agent.id)
        owner_ids = (agent.id, *(campaign.id for campaign in campaigns))
        for webhook in [each for owner_id in owner_ids for each in self.webhooks_of(owner_id)]:
            self.remove_webhook(webhook)
        for campaign in campaigns:
            self.webhook_ids.remove(campaign.id)
            self.campaigns.remove(campaign.id)
        for call in self.calls_of(agent.id):
            self.calls.remove(call.id)
        for table in (self.webhook_ids, self.cache_clears, self.agents):
            table.remove(agent.id)

    def webhooks_of(self, owner_id: str) -> list[Webhook]:
        """The webhooks of one agent or campaign, oldest first."""
        ids = self.webhook_ids.get(owner_id) or ()
        return [cast(Webhook, self.webhooks.get(id)) for id in ids]

    def put_campaign(self, campaign: Campaign) -> None:
        """Puts a campaign; its webhooks follow it to another agent."""
        self.campaigns.put(campaign.id, campaign)
        for webhook in self.webhooks_of(campaign.id):
            if webhook.agent_id != campaign.agent_id:
                self.webhooks.put(webhook.id, webhook._replace(agent_id=campaign.agent_id))

    def campaigns_of(self, agent_id: str) -> list[Campaign]:
        """The campaigns of one agent, oldest first."""
        return [campaign for campaign in self.campaigns.values() if campaign.agent_id == agent_id]

    def put_call(self, call: Call) -> None:
        self.calls.put(call.id, call)
        if len(self.calls) > MOST_CALLS:
            self.calls.remove(next(iter(self.calls)))

    def calls_of(self, agent_id: str) -> list[Call]:
        """The calls of one agent, oldest first."""
        return [call for call in self.calls.values() if call.agent_id == agent_id]

    def owners_of(self, webhook: Webhook, agent_id: str) -> Owners | None:
        """The owners of a webhook, for an event of the agent; None without that agent."""
        agent = self.agents.get(agent_id)
        return agent and Owners(agent, self.campaigns.get(webhook.campaign_id or ""))

    def call_of(self, agent_id: str, id: object) -> Call | None:
        """The agent's call with this id; None for any other value."""
        call = self.calls.get(id) if isinstance(id, str) else None
        return call if call and call.agent_id == agent_id else None

    def clear_cache(self, agent_id: str) -> None:
        self.cache_clears.put(agent_id, (self.cache_clears.get(agent_id) or 0) + 1)
