"""Writes the state of an environment as a fixture document."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar, cast

from talkover_mock.base.moments import to_seconds
from talkover_mock.base.shapes import state as shapes
from talkover_mock.base.shapes.values import AnyEvent
from talkover_mock.dialect.scenarios import Step
from talkover_mock.loading.stubs import stub_document
from talkover_mock.loading.variables import VARIABLES
from talkover_mock.state.records import Agent, Call, Campaign, LogEntry, Webhook
from talkover_mock.state.store import Baseline, State
from talkover_mock.state.webhooks import fields_of_webhooks

D = TypeVar("D", bound=Mapping[str, Any])


def webhook_document(webhook: Webhook) -> shapes.Webhook:
    """A webhook as a fixture gives it."""
    fields = fields_of_webhooks(webhook.owner_id)
    document = {"id": webhook.id, **{field.name: getattr(webhook, field.name) for field in fields}}
    document["events"] = list(webhook.events)
    document["custom_headers"] = [{"key": key, "value": value} for key, value in webhook.custom_headers]
    document["created_at"] = to_seconds(webhook.created_at)
    document["updated_at"] = to_seconds(webhook.updated_at)
    if webhook.in_error:
        document["status"] = webhook.status
    return cast(shapes.Webhook, document)


def call_document(call: Call) -> shapes.Call:
    """A call as a fixture gives it."""
    values = {name.rstrip("_"): value for name, value in call._asdict().items()}
    times = {name: to_seconds(values[name]) for name in ("created_at", "started_at", "updated_at")}
    return cast(shapes.Call, {**values, **times})


def step_document(step: Step) -> shapes.Step:
    """A step of a scenario as a fixture gives it; `after` is a number of seconds."""
    document: shapes.Step = {"after": step.after, "event": step.event}
    if step.data:
        document["data"] = step.data
    if step.status:
        document["status"] = step.status
    return document


def log_document(entry: LogEntry) -> dict[str, Any]:
    """A log entry as a fixture gives it."""
    given = {name: value for name, value in entry._asdict().items() if value is not None}
    created = {"created_at": to_seconds(entry.created_at)} if entry.created_at else {}
    return {name: given[name] for name in given if name not in ("webhook_id", "agent_id")} | created


def baseline_document(baseline: Baseline) -> dict[str, Any]:
    """The baseline as a fixture, with its log entries."""
    document: dict[str, Any] = {**to_document(State(baseline))}
    owners = (*document["agents"], *document.get("campaigns", ()))
    webhooks = {webhook["id"]: webhook for owner in owners for webhook in owner["webhooks"]}
    for entry in baseline.logs:
        webhooks[entry.webhook_id].setdefault("logs", []).append(log_document(entry))
    return document


def to_document(state: State) -> shapes.State:
    """The state as a fixture, without log entries; reading it gives the same state."""
    settings, stubs = state.settings.overrides(), [stub_document(each) for each in state.stubs.values()]
    scenarios = {name: [step_document(step) for step in steps] for name, steps in state.scenarios.items()}
    calls = [call_document(call) for call in state.calls.values()]
    campaigns = [_campaign_document(each, state.webhooks_of(each.id)) for each in state.campaigns.values()]
    agents = [_agent_document(state, agent, state.webhooks_of(agent.id)) for agent in state.agents.values()]
    before: shapes.BeforeAgents = {}
    if settings:
        before["settings"] = settings
    if stubs:
        before["stubs"] = stubs
    if scenarios:
        before["scenarios"] = scenarios
    if state.payloads:
        before["payloads"] = cast(dict[AnyEvent, Any], dict(state.payloads))
    after: shapes.AfterAgents = {}
    if campaigns:
        after["campaigns"] = campaigns
    if calls:
        after["calls"] = calls
    document: shapes.State = {**before, "agents": agents, **after}
    return _marked(document)


def to_part(state: State, agent: Agent) -> shapes.Part:
    """One agent of the state as a fixture."""
    part: shapes.Part = {"agents": [_agent_document(state, agent, state.webhooks_of(agent.id))]}
    return _marked(part)


def to_part_of_webhook(state: State, webhook: Webhook) -> shapes.Part:
    """One webhook of the state under its agent or campaign as a fixture."""
    owner = state.owner_of(webhook)
    if isinstance(owner, Campaign):
        part: shapes.Part = {"campaigns": [_campaign_document(owner, [webhook])]}
    else:
        part = {"agents": [_agent_document(state, owner, [webhook])]}
    return _marked(part)


def digest(document: Mapping[str, Any]) -> str:
    """A short text that is equal for equal documents and differs for others."""
    return hashlib.blake2b(json.dumps(document).encode(), digest_size=16).hexdigest()


def _marked(document: D) -> D:
    """The document; if it holds a `$`, with the key by which a file of it is read as it stands, without variables."""
    return cast(D, {VARIABLES: False, **document}) if "$" in json.dumps(document) else document


def _agent_document(state: State, agent: Agent, webhooks: Sequence[Webhook]) -> shapes.Agent:
    document = {
        "id": agent.id,
        "name": agent.name,
        **agent.details,
        "cache_clears": state.cache_clears.get(agent.id) or 0,
        "webhooks": [webhook_document(webhook) for webhook in webhooks],
    }
    return cast(shapes.Agent, document)


def _campaign_document(campaign: Campaign, webhooks: Sequence[Webhook]) -> shapes.Campaign:
    own = {"id": campaign.id, "name": campaign.name, "status": campaign.status, "agent_id": campaign.agent_id}
    document = {**own, **campaign.details, "webhooks": [webhook_document(webhook) for webhook in webhooks]}
    return cast(shapes.Campaign, document)
