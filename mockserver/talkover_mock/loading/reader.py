"""Reads the agents of a fixture, and the webhooks of any owner: checks everything, remembers every mistake."""

import math
from collections.abc import Collection, Mapping
from datetime import date, datetime, timezone
from functools import partial
from types import NoneType
from typing import Any, TypeVar

from talkover_mock.base.moments import to_moment, to_seconds, to_utc
from talkover_mock.base.words import nearest
from talkover_mock.dialect.events import ALL_EVENTS, EVENTS
from talkover_mock.dialect.fields import AGENT_FIELDS, CAMPAIGN_WEBHOOK_FIELDS, WEBHOOK_FIELDS
from talkover_mock.dialect.ids import seeded_uuid
from talkover_mock.dialect.inputs import MOST_LEVELS
from talkover_mock.dialect.reasons import Path
from talkover_mock.dialect.rules import Field, Invalid, fields_of, label, required_text
from talkover_mock.dialect.scenarios import Scenario
from talkover_mock.loading.collected import Collected
from talkover_mock.loading.logs import LOG_KEYS, log_values
from talkover_mock.loading.mistakes import Mistakes, shown
from talkover_mock.loading.stubs import stub_of
from talkover_mock.loading.templates import check_events, check_headers, check_templates, keys_of_owners
from talkover_mock.loading.writer import webhook_document
from talkover_mock.state.names import ID, NAME_TEXT
from talkover_mock.state.records import AGENT_DEFAULTS, AGENT_TEXTS, Agent, Campaign, CampaignId, LogEntry, Webhook
from talkover_mock.state.store import State, Table
from talkover_mock.state.webhooks import fields_of_webhooks

T = TypeVar("T")
AGENT_KEYS = (*AGENT_DEFAULTS, "webhooks", "cache_clears")
_MORE_KEYS = ("created_at", "updated_at", "status", "logs")
WEBHOOK_KEYS = dict.fromkeys(["id", *(field.name for field in WEBHOOK_FIELDS), *_MORE_KEYS])
_CAMPAIGN_KEYS = dict.fromkeys(["id", *(field.name for field in CAMPAIGN_WEBHOOK_FIELDS), *_MORE_KEYS])

_ID_TEXT = f"must be a UUID, or {NAME_TEXT}"
_DEEPEST_SHOWN = 10
"""Steps of a path to a value that is nested too deeply."""
_AGENT_FIELDS = {field.name: field for field in AGENT_FIELDS}
_DERIVED = ("agent_id", "campaign_id", "events_count")
CREATED = datetime(2025, 1, 1, tzinfo=timezone.utc)
"""The creation time of a record whose fixture gives no time: equal at every start."""


class Reader:
    """Adds the records of one environment's fixture to `found`, laid over the records of `over` if given.

    `of_a_file` says that the fixture is a file: it is checked for slips that the API lets pass.
    """

    def __init__(
        self, mistakes: Mistakes, name: str, found: Collected, over: State | None = None, of_a_file: bool = False
    ) -> None:
        self.mistakes = mistakes
        self.name, self.found, self.over = name, found, over
        self.of_a_file, self.with_logs = of_a_file, True
        """`with_logs` allows delivery log entries, which are no part of a state."""
        self.scenarios_before: Mapping[str, Scenario] = {}
        """The scenarios that the environment has beside those of the fixture."""
        self._agents_before = len(over.agents) if over else 0
        self._moments: dict[str, datetime] = {}
        """Moments by their texts: a fixture repeats a few texts often."""

    def agent(self, path: Path, data: Any) -> None:
        """Reads one agent with its webhooks."""
        if type(data) is not dict:
            return self.mistakes.add(path, "must be a mapping with at least a name", data)
        if self.over:
            data = self._over_known_agent(path, self.over, data)
        name = self._agent_name(path, data.get("name"))
        moments = {key: self.moment(path, key, data) for key in ("created_at", "updated_at") if key in data}
        created = moments.get("created_at") or CREATED
        id = self.record_id(path, data, created, self.name, self._agents_before + len(self.found.agents))
        self.found.agents[id] = Agent(id, name, self._details(path, data, moments))
        self._cache_clears(path, id, data.get("cache_clears"))
        for i, webhook in enumerate(self.mistakes.list_at(path, data, "webhooks")):
            self.webhook((*path, "webhooks", i), self.found.agents[id], webhook)

    def stub(self, path: Path, data: Any) -> None:
        """Reads the answer to a call that the mock does not emulate."""
        stub = stub_of(self.mistakes, path, data, self.plain)
        if stub and (known := self.found.stubs.get(stub.key)):
            self.mistakes.add(path, f"there is a stub of {known.operation} already")
        elif stub:
            self.found.stubs[stub.key] = stub

    def _over_known_agent(self, path: Path, over: State, data: dict[str, Any]) -> dict[str, Any]:
        known = self.known(path, data, "an agent", over.agents)
        return {"name": known.name, **known.details, **data} if known else data

    def _agent_name(self, path: Path, name: object) -> str:
        if name is None or name == "":
            self.mistakes.add((*path, "name"), required_text("name"))
        elif type(name) is not str:
            self._not_a_text((*path, "name"), name)
        else:
            return name
        return ""

    def _not_a_text(self, path: Path, value: object) -> None:
        text = f"The {label(str(path[-1]))} must be a string."
        self.mistakes.add(path, text, value, self.mistakes.unquoted(value))

    def _cache_clears(self, path: Path, id: str, count: object) -> None:
        if type(count) is float and count.is_integer():  # 2.0 is an integer in JSON Schema
            count = int(count)
        if type(count) is int and count >= 0:
            self.found.cache_clears[id] = count
        elif count is not None:
            self.mistakes.add((*path, "cache_clears"), "must be a whole number, 0 or more", count)

    def _details(self, path: Path, agent: Mapping[Any, Any], moments: Mapping[str, datetime | None]) -> dict[str, Any]:
        details = {}
        for key, value in agent.items():
            if key in ("id", "name", "webhooks", "cache_clears") or (key in moments and value is None):
                continue
            near = "" if key in AGENT_KEYS else nearest(key, AGENT_KEYS, cutoff=0.8)
            if near:
                self.mistakes.add((*path, key), f"unknown key{near}")
            if key in AGENT_TEXTS and type(value) not in (str, NoneType):
                self._not_a_text((*path, key), value)
            elif value is not None and key in _AGENT_FIELDS:
                self._check(path, agent, _AGENT_FIELDS[key])
            details[key] = moments.get(key) if key in moments else value
        return dict(self.plain(path, details))

    def _check(self, path: Path, data: Mapping[Any, Any], field: Field) -> None:
        try:
            field.rule(field.name, data[field.name])
        except Invalid as invalid:
            wrong = Invalid(entries={field.name: invalid.texts})
            self.mistakes.add_invalid(path, data, wrong, AGENT_FIELDS)

    def plain(self, path: Path, value: Any, levels: int = MOST_LEVELS) -> Any:
        """The value as JSON can carry it: times become texts; a value that JSON does not have is a mistake.

        The levels count from the value, wherever it stands: those that the API takes fit into any fixture.
        """
        if not levels and isinstance(value, (dict, list)):
            return self.mistakes.add(path[:_DEEPEST_SHOWN], f"is nested too deeply; at most {MOST_LEVELS} levels")
        if isinstance(value, dict):
            for key in value:
                if not isinstance(key, str):
                    self.mistakes.add((*path, key), "a key must be a string; put it in quotes")
            return {str(key): self.plain((*path, key), each, levels - 1) for key, each in value.items()}
        if isinstance(value, list):
            return [self.plain((*path, i), each, levels - 1) for i, each in enumerate(value)]
        if isinstance(value, datetime):
            return self._plain_moment(path, value)
        if isinstance(value, date):
            return value.isoformat()
        if isinstance(value, bytes) or (isinstance(value, float) and not math.isfinite(value)):
            self.mistakes.add(path, "is not a JSON value; put it in quotes", value)
        return value

    def _plain_moment(self, path: Path, value: datetime) -> str:
        try:
            return to_seconds(to_utc(value))
        except OverflowError:
            self.mistakes.add(path, "is not within the years 1 to 9999 in UTC", value)
            return ""

    def known(self, path: Path, data: Mapping[str, Any], own: str, table: Table[T]) -> T | None:
        """The record of the state with the id; adds a mistake where that is one of another kind than its `own`."""
        id = data.get("id")
        if self.over is None or type(id) is not str:
            return None
        kind = self.over.kind_of(id)
        if kind not in ("", own):
            self.mistakes.add((*path, "id"), f"is the id of {kind}", id)
        return table.get(id)

    def webhook(self, path: Path, owner: Agent | Campaign, data: Any) -> None:
        """Reads one webhook of an agent or a campaign."""
        campaign = owner if isinstance(owner, Campaign) else None
        owner_id, agent_id = (CampaignId(owner.id), campaign.agent_id) if campaign else (owner.id, owner.id)
        fields, keys = fields_of_webhooks(owner_id), _CAMPAIGN_KEYS if campaign else WEBHOOK_KEYS
        if type(data) is not dict:
            return self.mistakes.add(path, "must be a mapping with name, webhook_url and events", data)
        if self.over:
            data = self._over_known_webhook(path, self.over, owner_id, data)
        self._check_webhook_keys(path, data, keys)
        try:
            values = fields_of(data, fields)
        except Invalid as invalid:
            self.mistakes.add_invalid(path, data, invalid, fields)
            values = {**invalid.values}
        if self.of_a_file and values["custom_headers"]:
            check_headers(self.mistakes, path, data["custom_headers"], values["custom_headers"])
        if data.get("payload_templates"):
            of_templates, given = (*path, "payload_templates"), data["payload_templates"]
            events = ALL_EVENTS if campaign else tuple(EVENTS)
            check_events(self.mistakes, of_templates, given, events)
            if self.of_a_file:
                listed = events if values.get("include_call_events") else values["events"]
                owned = partial(keys_of_owners, owner, self.found.agents)
                check = partial(check_templates, self.mistakes, of_templates, given, listed, owned)
                self.found.check_at_the_end(self.mistakes, check)  # a campaign's agent may come later
            values["payload_templates"] = self.plain(of_templates, values["payload_templates"])
        values["created_at"] = created = self.moment(path, "created_at", data) or CREATED
        values["updated_at"] = self.moment(path, "updated_at", data) or created
        siblings = self.found.webhook_ids.setdefault(owner.id, [])
        count = self._webhooks_before(owner_id) + len(siblings)
        values["id"] = id = self.record_id(path, data, created, owner.id, count)
        values["agent_id"], values["campaign_id"] = agent_id, campaign and campaign.id
        if "status" in data:
            values["in_error"] = self._in_error(path, data["status"], values["enabled"])
        siblings.append(id)
        if data.get("logs") is not None:
            self._logs((*path, "logs"), id, agent_id, self.mistakes.list_at(path, data, "logs"))
        self.found.webhooks[id] = Webhook(**values)

    def _logs(self, path: Path, webhook_id: str, agent_id: str, entries: list[Any]) -> None:
        if not self.with_logs:
            text = "is not part of a state; give it in a fixture file, or in the fixture of an opened environment"
            return self.mistakes.add(path, text)
        for i, data in enumerate(entries):
            of_entry = (*path, i)
            if self.mistakes.is_mapping(of_entry, data, LOG_KEYS):
                created = self.moment(of_entry, "created_at", data)
                id = None if data.get("id") is None else self.record_id(of_entry, data, CREATED, "", 0)
                values = log_values(self.mistakes, of_entry, data, created, self.plain)
                if values:
                    self.found.logs.append(LogEntry(id, webhook_id, agent_id, created, **values))

    def _webhooks_before(self, owner_id: str) -> int:
        return len(self.over.webhook_ids.get(owner_id) or ()) if self.over else 0

    def _over_known_webhook(self, path: Path, over: State, owner_id: str, data: dict[str, Any]) -> dict[str, Any]:
        known = self.known(path, data, "a webhook", over.webhooks)
        if known is None:
            return data
        if known.owner_id != owner_id:
            self.mistakes.add((*path, "id"), f"the webhook belongs to {known.owner}", known.id)
        if "enabled" in data and known.in_error:
            data = {"status": None, **data}
        return {**webhook_document(known), **data}

    def _check_webhook_keys(self, path: Path, data: Mapping[str, Any], keys: Collection[str]) -> None:
        for key in data:
            if key in keys:
                continue
            is_derived = key in _DERIVED
            text = "is derived from other keys; leave it out" if is_derived else f"unknown key{nearest(key, keys)}"
            self.mistakes.add((*path, key), text)

    def _in_error(self, path: Path, status: object, enabled: bool) -> bool:
        agreeing = "active" if enabled else "disabled"
        if status not in (agreeing, "error", None):
            text = f"must be error or left out (enabled makes it {agreeing})"
            self.mistakes.add((*path, "status"), text, status)
        return status == "error"

    def record_id(self, path: Path, data: Mapping[str, Any], created: datetime, seed: str, count: int) -> str:
        """The record's given id, or a generated id, which is equal at every start."""
        id = data.get("id")
        if id is None:
            return self._generated_id(path, created, seed, count)
        if type(id) is not str or not ID.fullmatch(id):
            self.mistakes.add((*path, "id"), _ID_TEXT, id, self.mistakes.unquoted(id, ID.fullmatch))
            return ""
        if id in self.found.places:
            source, first = self.found.places[id]
            self.mistakes.add((*path, "id"), f"is already the id of {shown(first)} in {source.file}", id)
        else:
            self.found.places[id] = (self.mistakes.source, path)
        return id

    def _generated_id(self, path: Path, created: datetime, seed: str, count: int) -> str:
        while True:
            id = seeded_uuid(created, f"{seed}/{count}", count)
            if not self._is_taken(id):
                self.found.places[id] = (self.mistakes.source, path)
                return id
            count += 1

    def _is_taken(self, id: str) -> bool:
        if id in self.found.places or id in self.found.given_ids:
            return True
        return self.over is not None and self.over.kind_of(id) != ""

    def moment(self, path: Path, key: str, data: Mapping[str, Any]) -> datetime | None:
        """The moment under a key, in whole seconds, as the API's database keeps times."""
        value = data.get(key)
        if value is None:
            return None
        if type(value) is str and value in self._moments:
            return self._moments[value]
        moment = to_moment(value)
        if moment is None:
            text = f"The {label(key)} is not a valid date, such as 2025-09-03T23:19:51Z."
            self.mistakes.add((*path, key), text, value)
            return None
        moment = moment.replace(microsecond=0)
        if type(value) is str:
            self._moments[value] = moment
        return moment
