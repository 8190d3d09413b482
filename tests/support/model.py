"""A plain model of the API: nested dicts and the documented rules, and nothing of the package."""

from collections.abc import Mapping
from copy import deepcopy
from datetime import datetime
from typing import Any, NamedTuple

Json = dict[str, Any]
Webhook = dict[str, Any]

NO_AGENT = {"success": False, "message": "Agent not found in this environment."}
NO_WEBHOOK = {"success": False, "message": "Webhook not found."}
NO_CAMPAIGN = {"success": False, "message": "Campaign not found"}
CHANGES = {
    "draft": ("active", "cancelled"),
    "active": ("paused", "completed", "cancelled"),
    "paused": ("active", "completed", "cancelled"),
}
"""The statuses that may follow a campaign's."""
OF_CAMPAIGN = {
    "list": ("id", "campaign_id", "name", "webhook_url", "events", "enabled", "include_call_events"),
    "create": ("id", "campaign_id", "name", "events", "enabled", "include_call_events", "created_at"),
    "update": ("id", "events", "include_call_events", "updated_at"),
    "toggle": ("id", "enabled"),
}
"""The keys of a campaign's webhook in the answers of its routes."""
REQUIRED = ("name", "webhook_url", "events")
DEFAULTS: Json = {
    "webhook_secret": None,
    "timeout": 30,
    "max_retries": 3,
    "enabled": True,
    "http_method": "POST",
    "authorization_scheme": "none",
    "custom_headers": [],
    "payload_templates": {},
}
NEW_CALL: Json = {
    "from": "+12025550100",
    "direction": "outbound",
    "duration": 0,
    "is_testing": False,
    "payload": None,
    "context": None,
}
GIVEN = "2025-01-01T00:00:00Z"
"""When a fixture's record was created, if the fixture does not say."""


class Answer(NamedTuple):
    """What a client gets."""

    status: int
    body: Json


def moment(now: datetime) -> str:
    return now.strftime("%Y-%m-%dT%H:%M:%SZ")


def shown(agent_id: str, webhook: Webhook) -> Json:
    """The twelve documented keys."""
    status = "active" if webhook["enabled"] else "disabled"
    return {
        "id": webhook["id"],
        "agent_id": agent_id,
        **{key: webhook[key] for key in ("name", "webhook_url", "events", "timeout", "max_retries", "enabled")},
        **{key: webhook[key].replace("Z", ".000000Z") for key in ("created_at", "updated_at")},
        "events_count": len(webhook["events"]),
        "status": "error" if webhook["in_error"] else status,
    }


class World:
    """One environment: agents by id, each with its webhooks by id, both in the order in which they came."""

    def __init__(self, fixture: Json) -> None:
        self.agents: dict[str, Json] = {}
        self.calls: dict[str, Json] = {}
        """As `GET /__admin/state` has them, by id, in the order in which they were placed."""
        self.campaigns: dict[str, Json] = {}
        """By id, each with its webhooks by id."""
        assert self.replace(fixture)
        self._baseline = self.copied()

    def copied(self) -> tuple[dict[str, Json], dict[str, Json]]:
        """The agents and the campaigns, to be put back."""
        return deepcopy((self.agents, self.campaigns))

    def put_back(self, copied: tuple[dict[str, Json], dict[str, Json]]) -> None:
        self.agents, self.campaigns = deepcopy(copied)

    def reset(self) -> None:
        self.put_back(self._baseline)
        self.calls = {}

    def replace(self, fixture: Json) -> bool:
        """Whether the fixture is right; nothing changes when it is not."""
        replaced = self._apply({}, fixture)
        if replaced:
            self.calls, self.campaigns = {}, {}
            for given in fixture.get("campaigns", ()):
                webhooks = {
                    each["id"]: _laid_over(None, {"include_call_events": False, **each}) for each in given["webhooks"]
                }
                self.campaigns[given["id"]] = {"status": "draft", **given, "webhooks": webhooks}
        return replaced

    def merge(self, fixture: Json) -> bool:
        return self._apply(deepcopy(self.agents), fixture)

    def _apply(self, agents: dict[str, Json], fixture: Json) -> bool:
        owners = {id: agent_id for agent_id, agent in agents.items() for id in agent["webhooks"]}
        for given in fixture["agents"]:
            agent = agents.setdefault(given["id"], {"id": given["id"], "cache_clears": 0, "webhooks": {}})
            agent.update({key: value for key, value in given.items() if key != "webhooks"})
            if "name" not in agent or any(
                owners.get(each["id"], agent["id"]) != agent["id"] for each in given["webhooks"]
            ):
                return False
            for each in given["webhooks"]:
                laid = _laid_over(agent["webhooks"].get(each["id"]), each)
                if laid is None:
                    return False
                agent["webhooks"][each["id"]] = laid
        self.agents = agents
        return True

    def document(self) -> Json:
        """The state as it is served."""
        agents = [{**agent, "webhooks": [*map(_document, _values(agent))]} for agent in self.agents.values()]
        campaigns = [{**each, "webhooks": [*map(_document, _values(each))]} for each in self.campaigns.values()]
        more = {"campaigns": campaigns, "calls": [*self.calls.values()]}
        return {"agents": agents, **{key: records for key, records in more.items() if records}}

    def listed(self, agent_id: str) -> list[Json]:
        """Oldest first."""
        webhooks = sorted(_values(self.agents[agent_id]), key=lambda webhook: str(webhook["created_at"]))
        return [shown(agent_id, webhook) for webhook in webhooks]

    def missing(self, agent_id: str, webhook_id: str | None = None) -> Answer | None:
        """The documented 404, if it is one."""
        if agent_id not in self.agents:
            return Answer(404, NO_AGENT)
        if webhook_id is not None and webhook_id not in self.agents[agent_id]["webhooks"]:
            return Answer(404, NO_WEBHOOK)
        return None

    def create(self, agent_id: str, id: str, fields: Json, now: datetime) -> Answer:
        self._create(agent_id, id, fields, now)
        return self._answer("Webhook created successfully", agent_id, id)

    def read(self, agent_id: str, id: str) -> Answer:
        return Answer(200, {"success": True, "data": shown(agent_id, self.agents[agent_id]["webhooks"][id])})

    def update(self, agent_id: str, id: str, fields: Json, now: datetime) -> Answer:
        self._update(agent_id, id, fields, now)
        return self._answer("Webhook updated successfully", agent_id, id)

    def toggle(self, agent_id: str, id: str, now: datetime) -> Answer:
        return self._answer(self._toggle(agent_id, id, now), agent_id, id)

    def delete(self, agent_id: str, id: str) -> Answer:
        del self.agents[agent_id]["webhooks"][id]
        self.agents[agent_id]["cache_clears"] += 1
        return Answer(200, {"success": True, "message": "Webhook deleted successfully"})

    def set_status(self, agent_id: str, verb: str, status: str, now: datetime) -> Answer:
        agent = self.agents[agent_id]
        if agent.get("current_status", "published") != status:
            agent |= {"current_status": status, "updated_at": moment(now)}
        updated = agent.get("updated_at", agent.get("created_at", GIVEN))
        data = {"id": agent_id, "name": agent["name"], "current_status": status, "is_ready_to_publish": True}
        body = {"success": True, "message": f"Agent {verb} successfully", "data": {**data, "updated_at": updated}}
        return Answer(200, body)

    def delete_agent(self, agent_id: str) -> Answer:
        mine = [call for call in self.calls.values() if call["agent_id"] == agent_id]
        if any(call["status"] == "initiated" for call in mine):
            return Answer(409, {"success": False, "message": "Cannot delete agent while it has active calls."})
        del self.agents[agent_id]
        self.calls = {id: call for id, call in self.calls.items() if call not in mine}
        self.campaigns = {id: each for id, each in self.campaigns.items() if each["agent_id"] != agent_id}
        return Answer(200, {"success": True, "message": "Agent deleted successfully"})

    def place(self, agent_id: str, id: str, to: str, now: datetime) -> Answer:
        agent = self.agents.get(agent_id)
        if agent is None:
            error = {"code": "AGENT_NOT_FOUND", "message": "Voice agent not found", "details": {"agent_id": agent_id}}
            return Answer(404, {"error": error})
        if agent.get("current_status", "published") == "draft":
            error = {"code": "AGENT_INACTIVE", "message": "Agent is not published", "details": {"agent_id": agent_id}}
            return Answer(400, {"error": error})
        times = dict.fromkeys(("created_at", "started_at", "updated_at"), moment(now))
        shown_too = {"id": id, "agent_id": agent_id, "to": to, "status": "initiated"}
        self.calls[id] = {**NEW_CALL, **shown_too, **times}
        return Answer(200, {"success": True, "data": {**shown_too, "created_at": moment(now)}})

    def end(self, agent_id: str, id: str, now: datetime) -> Answer:
        if agent_id not in self.agents:
            return Answer(404, {"success": False, "message": "Agent not found"})
        call = self.calls.get(id)
        if call is None or call["agent_id"] != agent_id:
            return Answer(404, {"success": False, "message": "Call not found for this agent"})
        if call["status"] != "initiated":
            return Answer(409, {"success": False, "message": "Call is not active", "code": "CALL_NOT_ACTIVE"})
        started = datetime.fromisoformat(call["started_at"].replace("Z", "+00:00"))
        duration = max(0, int((now - started).total_seconds()))
        self.calls[id] = {**call, "status": "completed", "duration": duration, "updated_at": moment(now)}
        ended = {"id": id, "status": "completed", "ended_at": moment(now), "ended_reason": "ended_by_api"}
        return Answer(200, {"success": True, "data": ended})

    def missing_of_campaign(self, campaign_id: str, webhook_id: str | None = None) -> Answer | None:
        """The documented 404, if it is one."""
        if campaign_id not in self.campaigns:
            return Answer(404, NO_CAMPAIGN)
        if webhook_id is not None and webhook_id not in self.campaigns[campaign_id]["webhooks"]:
            return Answer(404, NO_WEBHOOK)
        return None

    def of_campaign(self, what: str, campaign_id: str, id: str, now: datetime, fields: Json | None = None) -> Answer:
        """Creates, updates, toggles or deletes a webhook of a campaign."""
        said = {}
        if what == "create":
            self._create(campaign_id, id, {"include_call_events": False, **(fields or {})}, now)
        elif what == "update":
            self._update(campaign_id, id, fields or {}, now)
        elif what == "toggle":
            said = {"message": self._toggle(campaign_id, id, now)}
        else:
            del self.campaigns[campaign_id]["webhooks"][id]
            return Answer(200, {"success": True, "message": "Campaign webhook deleted"})
        return Answer(200, {"success": True, **said, "data": self._shown(what, campaign_id, id)})

    def listed_of_campaign(self, campaign_id: str) -> list[Json]:
        """Oldest first."""
        webhooks = sorted(_values(self.campaigns[campaign_id]), key=lambda webhook: str(webhook["created_at"]))
        return [self._shown("list", campaign_id, webhook["id"]) for webhook in webhooks]

    def set_campaign_status(self, campaign_id: str, status: str, now: datetime) -> Answer:
        campaign = self.campaigns[campaign_id]
        before = campaign["status"]
        if status not in CHANGES.get(before, ()):
            message = f"Cannot transition from {before} to {status} status"
            return Answer(400, {"success": False, "message": message})
        campaign |= {"status": status, "updated_at": moment(now)}
        data = {key: campaign[key] for key in ("id", "status", "updated_at")}
        body = {"success": True, "message": "Campaign status updated successfully", "data": data}
        return Answer(200, body)

    def _shown(self, what: str, campaign_id: str, id: str) -> Json:
        webhook = self.campaigns[campaign_id]["webhooks"][id]
        times = {key: webhook[key].replace("Z", ".000000Z") for key in ("created_at", "updated_at")}
        return {key: {**webhook, **times, "campaign_id": campaign_id}[key] for key in OF_CAMPAIGN[what]}

    def _owner(self, owner_id: str) -> Json:
        return self.campaigns.get(owner_id) or self.agents[owner_id]

    def _create(self, owner_id: str, id: str, fields: Json, now: datetime) -> None:
        webhook = {"id": id, **DEFAULTS, **fields, "in_error": False}
        self._put(owner_id, {**webhook, "created_at": moment(now), "updated_at": moment(now)})

    def _update(self, owner_id: str, id: str, fields: Json, now: datetime) -> None:
        webhook = self._owner(owner_id)["webhooks"][id]
        changed = {**webhook, **fields, "in_error": webhook["in_error"] and not fields}
        if changed != webhook:
            changed["updated_at"] = moment(now)
        self._put(owner_id, changed)

    def _toggle(self, owner_id: str, id: str, now: datetime) -> str:
        webhook = self._owner(owner_id)["webhooks"][id]
        enabled = not webhook["enabled"]
        self._put(owner_id, {**webhook, "enabled": enabled, "in_error": False, "updated_at": moment(now)})
        return "Webhook enabled" if enabled else "Webhook disabled"

    def _put(self, owner_id: str, webhook: Webhook) -> None:
        self._owner(owner_id)["webhooks"][webhook["id"]] = webhook
        if owner_id in self.agents:
            self.agents[owner_id]["cache_clears"] += 1

    def _answer(self, message: str, agent_id: str, id: str) -> Answer:
        return Answer(200, {"success": True, "message": message, **self._data(agent_id, id)})

    def _data(self, agent_id: str, id: str) -> Json:
        return {"data": shown(agent_id, self.agents[agent_id]["webhooks"][id])}


def _values(agent: Json) -> list[Webhook]:
    return list(agent["webhooks"].values())


def _document(webhook: Webhook) -> Json:
    """A webhook as the state has it: the status is there only when it is an error."""
    document = {key: value for key, value in webhook.items() if key != "in_error"}
    return {**document, "status": "error"} if webhook["in_error"] else document


def _laid_over(known: Webhook | None, given: Mapping[str, Any]) -> Webhook | None:
    """A webhook of a fixture over the one with its id; nothing when it lacks a field that it needs."""
    fields = {key: value for key, value in given.items() if key != "status"}
    if known is None:
        if not all(key in given for key in REQUIRED):
            return None
        created = given.get("created_at", GIVEN)
        known = {**DEFAULTS, "created_at": created, "updated_at": created, "in_error": False}
    kept = known["in_error"] and "enabled" not in given
    return {**known, **fields, "in_error": given.get("status") == "error" or kept}
