"""The contents of the page: the latest records of each kind, and a version that changes with any of them."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from talkover_mock.deliveries.records import Delivery
from talkover_mock.environments.environment import Environment
from talkover_mock.environments.faults import Fault
from talkover_mock.environments.journal import Exchange
from talkover_mock.environments.snapshots import Snapshot
from talkover_mock.state.records import Agent, Call, Webhook

MOST_EXCHANGES, MOST_DELIVERIES, MOST_ATTEMPTS = 50, 30, 150
MOST_AGENTS, MOST_WEBHOOKS, MOST_SNAPSHOTS, MOST_CALLS = 100, 200, 100, 20


@dataclass(frozen=True, slots=True)
class Contents:
    """Records as the environment keeps them: cheap to gather, since an open page asks again and again for changes."""

    agents: Sequence[tuple[Agent, Sequence[Webhook]]]
    agents_in_all: int
    more_webhooks: int
    """The number of webhooks of these agents that are not shown."""
    exchanges: Sequence[Exchange]
    exchanges_in_all: int
    deliveries: Sequence[Sequence[Delivery]]
    """The attempts of each event at each webhook, oldest first."""
    deliveries_in_all: int
    calls: Sequence[Call]
    """The latest, newest first."""
    calls_in_all: int
    scenarios: Sequence[str]
    faults: Sequence[Fault[Any]]
    snapshots: Sequence[Snapshot]
    more_snapshots: int
    now: datetime
    offset: timedelta
    is_frozen: bool
    errors: Sequence[str]
    environments: Sequence[str]
    """The names of all environments."""

    def version(self, start: str = "") -> str:
        """A digest that changes with anything shown but the running time; `start` distinguishes runs of the server."""
        basis: tuple[Any, ...] = (
            [(agent.id, agent.name, [_basis(each) for each in webhooks]) for agent, webhooks in self.agents],
            (self.agents_in_all, self.more_webhooks, self.exchanges_in_all, self.deliveries_in_all, len(self.errors)),
            [(exchange.number, exchange.moment, exchange.under_way) for exchange in self.exchanges],
            [[(each.id, each.status, each.struck) for each in attempts] for attempts in self.deliveries],
            (self.calls_in_all, [(call.id, call.status, call.updated_at) for call in self.calls], self.scenarios),
            [(fault.id, fault.spec, fault.limits, fault.seen, fault.struck) for fault in self.faults],
            (self.more_snapshots, [(snapshot.name, snapshot.taken_at) for snapshot in self.snapshots]),
            self.now if self.is_frozen else self.offset,
            self.environments,
            start,
        )
        return hashlib.blake2b(repr(basis).encode(errors="backslashreplace"), digest_size=12).hexdigest()


def contents_of(environment: Environment, names: Iterable[str]) -> Contents:
    agents, more_webhooks = _agents(environment)
    exchanges = environment.journal.log.watch(lambda _: True).items
    deliveries = environment.deliveries.log.watch(lambda _: True).items
    calls, calls_in_all = environment.calls.latest(MOST_CALLS)
    snapshots = environment.snapshots.all()
    return Contents(
        agents=agents,
        agents_in_all=len(environment.agent_ids()),
        more_webhooks=more_webhooks,
        exchanges=exchanges[-MOST_EXCHANGES:],
        exchanges_in_all=len(exchanges) + environment.journal.log.dropped,
        deliveries=_by_event(deliveries[-MOST_ATTEMPTS:])[-MOST_DELIVERIES:],
        deliveries_in_all=len(deliveries) + environment.deliveries.log.dropped,
        calls=calls,
        calls_in_all=calls_in_all,
        scenarios=list(environment.calling.scenarios),
        faults=list(environment.faults.all()),
        snapshots=snapshots[-MOST_SNAPSHOTS:],
        more_snapshots=max(0, len(snapshots) - MOST_SNAPSHOTS),
        now=environment.clock.moment(),
        offset=environment.clock.offset,
        is_frozen=environment.clock.is_frozen,
        errors=list(environment.errors),
        environments=list(names),
    )


def _agents(environment: Environment) -> tuple[list[tuple[Agent, list[Webhook]]], int]:
    """The first agents with their first webhooks, and the number of further webhooks of these agents."""
    found: list[tuple[Agent, list[Webhook]]] = []
    room, more = MOST_WEBHOOKS, 0
    for agent_id in environment.agent_ids()[:MOST_AGENTS]:
        ids, agent = environment.webhook_ids(agent_id), environment.agent(agent_id)
        webhooks = [webhook for id in islice(ids, room) if (webhook := environment.webhook(id))]
        if agent:
            found.append((agent, webhooks))
        room, more = room - len(webhooks), more + max(0, len(ids) - room)
    return found, more


def _by_event(deliveries: Sequence[Delivery]) -> list[list[Delivery]]:
    """Groups deliveries: one group holds all attempts to send one event to one webhook."""
    found: dict[tuple[str, str], list[Delivery]] = {}
    for delivery in deliveries:
        found.setdefault((delivery.occurrence.id, delivery.webhook_id), []).append(delivery)
    return list(found.values())


def _basis(webhook: Webhook) -> tuple[object, ...]:
    return webhook.id, webhook.name, webhook.webhook_url, webhook.events, webhook.status, webhook.updated_at
