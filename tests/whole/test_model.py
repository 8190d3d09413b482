"""Random operations of several clients over several environments agree with a plain model after every step."""

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from talkover_mock.admin.guard import Guard
from talkover_mock.app import create_app
from talkover_mock.environments.world import World
from talkover_mock.loading.fixture import read_fixture
from tests.support import model
from tests.support.fixture_documents import hook, source
from tests.support.model import Answer, Json

pytestmark = pytest.mark.slow
FIXTURES: dict[str, Json] = {
    "default": {
        "agents": [
            {
                "id": "alpha",
                "name": "Alpha",
                "webhooks": [hook(id="w1"), hook(id="w2", status="error", created_at="2024-02-03T04:05:06Z")],
            },
            {"id": "beta", "name": "Beta", "label": "B", "webhooks": []},
        ],
        "campaigns": [
            {
                "id": "spring",
                "name": "Spring",
                "agent_id": "beta",
                "webhooks": [hook(id="c1", events=["campaign.paused"])],
            },
            {"id": "autumn", "name": "Autumn", "agent_id": "alpha", "webhooks": []},
        ],
    },
    "staging": {"agents": [{"id": "alpha", "name": "Alpha of staging", "webhooks": [hook(id="w3", enabled=False)]}]},
    "production": {"agents": [{"id": "gamma", "name": "Gamma", "webhooks": [hook(id="w1"), hook(id="w4")]}]},
}
TOKENS = {"talq_a": "default", "talq_b": "default", "talq_c": "staging", "talq_d": "production"}
MISSING = Answer(404, {"success": False, "message": "Agent not found"})
INVALID_TOKEN = {"error": "UNAUTHORIZED", "message": "Invalid or missing authentication token", "status_code": 401}

GOOD: dict[str, list[tuple[Any, Any]]] = {
    "name": [("New", "New"), (" Trimmed\n", "Trimmed"), ("é" * 255, "é" * 255)],
    "webhook_url": [("http://xy/y", "http://xy/y"), (" ftp://user:p@host:99 ", "ftp://user:p@host:99")],
    "events": [(["event_action"], ["event_action"]), (["event_recording", "event_action"],) * 2],
    "webhook_secret": [("s", "s"), (None, None), ("", None)],
    "timeout": [(5, 5), ("120", 120), (30.0, 30), (None, 30)],
    "max_retries": [(0, 0), ("+10", 10), (True, 1), ("", 3)],
    "enabled": [(True, True), (False, False), (0, False), ("1", True), (None, True)],
    "http_method": [("PUT", "PUT"), ("PATCH", "PATCH"), (None, "POST")],
    "authorization_scheme": [("bearer", "bearer"), (None, "none")],
    "custom_headers": [([{"key": "a", "value": "b"}],) * 2, ([], []), (None, [])],
    "payload_templates": [({"event_action": {"id": "{{call.id}}"}},) * 2, ({}, {}), (None, {})],
}
"""By field: what is sent, and what is stored of it."""
BAD: dict[str, list[tuple[Any, str]]] = {
    "name": [(None, "The name field is required."), (5, "The name must be a string.")],
    "webhook_url": [("x", "The webhook url must be a valid URL."), ("", "The webhook url field is required.")],
    "events": [
        ([], "The events field must contain at least 1 items."),
        ("event_action", "The events must be an array."),
    ],
    "timeout": [(4, "The timeout must be between 5 and 120.")],
    "max_retries": [(5.5, "The max retries must be an integer.")],
    "enabled": [("true", "The enabled field must be true or false.")],
    "http_method": [("post", "The selected http method is invalid.")],
}

_fields = st.fixed_dictionaries({}, optional={name: st.sampled_from(pairs) for name, pairs in GOOD.items()})
_required = st.fixed_dictionaries({name: st.sampled_from(GOOD[name]) for name in model.REQUIRED})
_wrong = st.fixed_dictionaries({}, optional={name: st.sampled_from(pairs) for name, pairs in BAD.items()}).filter(len)
_of_campaign = st.sampled_from([["campaign.started"], ["event_recording", "campaign_call.failed"]])
_unlisted = st.fixed_dictionaries(
    {}, optional={name: st.sampled_from(pairs) for name, pairs in GOOD.items() if name != "events"}
)
_campaigns = st.sampled_from(["spring", "spring", "autumn", "unknown"])
_clients = st.sampled_from([*TOKENS])
_picks = st.integers(0, 19)
_complete = st.sampled_from([True, True, True, False])
_webhook = st.tuples(st.sampled_from(["alpha", "alpha", "beta", "gamma"]), _fields, _complete, st.sampled_from("ec "))
_named = st.dictionaries(st.sampled_from(["alpha", "beta", "gamma"]), st.sampled_from(["A", "B", ""]), max_size=2)
_webhooks = st.dictionaries(st.sampled_from(["w1", "w2", "w3", "n1", "n2"]), _webhook, max_size=3)


def sent(fields: dict[str, tuple[Any, Any]]) -> Json:
    return {name: pair[0] for name, pair in fields.items()}


def stored(fields: dict[str, tuple[Any, Any]]) -> Json:
    return {name: pair[1] for name, pair in fields.items()}


class ClientsMachine(RuleBasedStateMachine):
    """Clients hold tokens; each acts on agents and webhooks of its own environment, and on those of others."""

    @initialize()
    def begin(self) -> None:
        self.now = datetime(2025, 9, 3, 23, 19, 51, tzinfo=timezone.utc)
        tokens = {name: [token for token in TOKENS if TOKENS[token] == name] for name in FIXTURES}
        default, *others = [{**FIXTURES[name], "tokens": tokens[name]} for name in FIXTURES]
        document = {**default, "environments": dict(zip([*FIXTURES][1:], others, strict=True))}
        self.world = World(read_fixture([source(document)]), time=lambda: self.now)
        self.http = create_app(self.world, Guard()).test_client()
        self.models = {name: model.World(fixture) for name, fixture in FIXTURES.items()}

    def teardown(self) -> None:
        self.world.stop()

    def ask(self, client: str, method: str, path: str, body: object = None) -> Answer:
        headers = {"Authorization": f"Bearer {client}"}
        answer = self.http.open(path, method=method, headers=headers, json=body)
        return Answer(answer.status_code, answer.get_json())

    def call(self, client: str, method: str, agent: str, rest: str = "", body: object = None) -> Answer:
        return self.ask(client, method, f"/api/v1/agents/{agent}/webhooks{rest}", body)

    def world_of(self, client: str) -> model.World:
        return self.models[TOKENS[client]]

    def target(self, client: str, pick: int) -> tuple[str, str]:
        """The ids of an agent and a webhook: mostly the client's own, else any that some environment has, or none."""
        own, every = _hooks(self.world_of(client)), [each for world in self.models.values() for each in _hooks(world)]
        strange = [*every, ("unknown", "unknown")]
        agent, id = own[pick % len(own)] if own and pick % 5 else strange[pick % len(strange)]
        return agent, strange[pick % len(strange)][1] if pick in (11, 12) else id

    def at_campaign(self, client: str, method: str, campaign: str, rest: str = "", body: object = None) -> Answer:
        return self.ask(client, method, f"/api/v1/campaigns/{campaign}/webhooks{rest}", body)

    def target_at(self, client: str, campaign: str, pick: int) -> str:
        """The id of a webhook of the campaign, or of none."""
        ids = [*self.world_of(client).campaigns.get(campaign, {"webhooks": ()})["webhooks"]]
        return str(ids[pick % len(ids)]) if ids and pick % 5 else "unknown"

    @rule(seconds=st.sampled_from([1, 59, 86_400]))
    def wait(self, seconds: int) -> None:
        self.now += timedelta(seconds=seconds)

    @rule(client=_clients, pick=_picks, required=_required, fields=_fields)
    def create(self, client: str, pick: int, required: Any, fields: Any) -> None:
        world, given, (agent, _) = self.world_of(client), {**fields, **required}, self.target(client, pick)
        answer = self.call(client, "POST", agent, body={**sent(given), "unknown": 1})
        if expected := world.missing(agent):
            assert answer == expected
            return
        id = answer.body["data"]["id"]
        others = [other for each in world.agents.values() for other in each["webhooks"]]
        assert id not in others
        assert all(other < id for other in others if len(other) == len(id)), "ids sort by their creation"
        assert answer == world.create(agent, id, stored(given), self.now)

    @rule(client=_clients, pick=_picks, fields=_fields)
    def update(self, client: str, pick: int, fields: Any) -> None:
        world, (agent, id) = self.world_of(client), self.target(client, pick)
        answer = self.call(client, "PUT", agent, f"/{id}", sent(fields))
        assert answer == (world.missing(agent, id) or world.update(agent, id, stored(fields), self.now))

    @rule(client=_clients, pick=_picks, required=_required, wrong=_wrong, creates=st.booleans())
    def send_what_is_wrong(self, client: str, pick: int, required: Any, wrong: Any, creates: bool) -> None:
        agent, webhook_id = self.target(client, pick)
        id = None if creates else webhook_id
        body = {**sent(required), **sent(wrong)}
        answer = self.call(client, *(("POST", agent, "") if id is None else ("PUT", agent, f"/{id}")), body)
        errors = {name: [wrong[name][1]] for name in BAD if name in wrong}
        refused = Answer(422, {"message": "The given data was invalid.", "errors": errors})
        assert answer == (self.world_of(client).missing(agent, id) or refused)

    @rule(client=_clients, pick=_picks)
    def toggle(self, client: str, pick: int) -> None:
        world, (agent, id) = self.world_of(client), self.target(client, pick)
        answer = self.call(client, "PATCH", agent, f"/{id}/toggle")
        assert answer == (world.missing(agent, id) or world.toggle(agent, id, self.now))

    @rule(client=_clients, pick=_picks)
    def delete(self, client: str, pick: int) -> None:
        world, (agent, id) = self.world_of(client), self.target(client, pick)
        assert self.call(client, "DELETE", agent, f"/{id}") == (world.missing(agent, id) or world.delete(agent, id))

    @rule(client=_clients, pick=_picks)
    def read(self, client: str, pick: int) -> None:
        world, (agent, id) = self.world_of(client), self.target(client, pick)
        assert self.call(client, "GET", agent, f"/{id}") == (world.missing(agent, id) or world.read(agent, id))

    @rule(client=_clients, pick=_picks, verb=st.sampled_from([("publish", "published"), ("unpublish", "draft")]))
    def publish_or_unpublish(self, client: str, pick: int, verb: tuple[str, str]) -> None:
        world, (agent, _) = self.world_of(client), self.target(client, pick)
        answer = self.ask(client, "POST", f"/api/v1/agents/{agent}/{verb[0]}")
        expected = world.set_status(agent, f"{verb[0]}ed", verb[1], self.now) if agent in world.agents else MISSING
        assert answer == expected

    @rule(client=_clients, pick=_picks)
    def delete_an_agent(self, client: str, pick: int) -> None:
        world, (agent, _) = self.world_of(client), self.target(client, pick)
        answer = self.ask(client, "DELETE", f"/api/v1/agents/{agent}")
        assert answer == (world.delete_agent(agent) if agent in world.agents else MISSING)

    @rule(client=_clients, pick=_picks, to=st.sampled_from(["+1234567890", "+4930123456"]))
    def place_a_call(self, client: str, pick: int, to: str) -> None:
        world, (agent, _) = self.world_of(client), self.target(client, pick)
        answer = self.ask(client, "POST", f"/api/v1/agents/{agent}/call", {"to": to})
        id = answer.body.get("data", {}).get("id", "")
        assert answer == world.place(agent, id, to, self.now)

    @rule(client=_clients, pick=_picks)
    def end_a_call(self, client: str, pick: int) -> None:
        world, (agent, _) = self.world_of(client), self.target(client, pick)
        calls = [(each["agent_id"], id) for world in self.models.values() for id, each in world.calls.items()]
        agent, id = calls[pick % len(calls)] if calls and pick % 5 else (agent, "unknown")
        answer = self.ask(client, "POST", f"/api/v1/agents/{agent}/end-call", {"call_sid": id})
        assert answer == world.end(agent, id, self.now)

    @rule(client=_clients, campaign=_campaigns, events=_of_campaign, included=st.booleans(), fields=_unlisted)
    def create_at_a_campaign(self, client: str, campaign: str, events: list[str], included: bool, fields: Any) -> None:
        world, more = self.world_of(client), {"events": events, "include_call_events": included}
        given = {name: GOOD[name][0] for name in model.REQUIRED} | fields
        answer = self.at_campaign(client, "POST", campaign, body={**sent(given), **more})
        id = answer.body.get("data", {}).get("id", "")
        missing = world.missing_of_campaign(campaign)
        assert answer == (missing or world.of_campaign("create", campaign, id, self.now, {**stored(given), **more}))

    @rule(client=_clients, campaign=_campaigns, pick=_picks, fields=_unlisted)
    def update_at_a_campaign(self, client: str, campaign: str, pick: int, fields: Any) -> None:
        world, id = self.world_of(client), self.target_at(client, campaign, pick)
        answer = self.at_campaign(client, "PUT", campaign, f"/{id}", sent(fields))
        missing = world.missing_of_campaign(campaign, id)
        assert answer == (missing or world.of_campaign("update", campaign, id, self.now, stored(fields)))

    @rule(client=_clients, campaign=_campaigns, pick=_picks, what=st.sampled_from(["toggle", "toggle", "delete"]))
    def toggle_or_delete_at_a_campaign(self, client: str, campaign: str, pick: int, what: str) -> None:
        world, id = self.world_of(client), self.target_at(client, campaign, pick)
        method, rest = ("PATCH", f"/{id}/toggle") if what == "toggle" else ("DELETE", f"/{id}")
        answer = self.at_campaign(client, method, campaign, rest)
        assert answer == (world.missing_of_campaign(campaign, id) or world.of_campaign(what, campaign, id, self.now))

    @rule(client=_clients, campaign=_campaigns, status=st.sampled_from(["draft", *model.CHANGES["active"], "active"]))
    def set_the_status_of_a_campaign(self, client: str, campaign: str, status: str) -> None:
        world = self.world_of(client)
        answer = self.ask(client, "PATCH", f"/api/v1/campaigns/{campaign}/status", {"status": status})
        assert answer == (world.missing_of_campaign(campaign) or world.set_campaign_status(campaign, status, self.now))

    @rule(agent=st.sampled_from(["alpha", "unknown"]), method=st.sampled_from(["GET", "POST"]))
    def call_with_a_token_that_nobody_has(self, agent: str, method: str) -> None:
        assert self.call("talq_nobody", method, agent, body={}) == Answer(401, INVALID_TOKEN)

    @rule(client=_clients)
    def reset(self, client: str) -> None:
        answer = self.ask(client, "POST", "/__admin/reset")
        assert answer == Answer(200, {"environment": TOKENS[client], "reset": True})
        self.world_of(client).reset()

    @rule(client=_clients, method=st.sampled_from(["PUT", "PATCH"]), named=_named, webhooks=_webhooks)
    def write_the_state(self, client: str, method: str, named: dict[str, str], webhooks: dict[str, Any]) -> None:
        raw, read = (_document(named, webhooks, part) for part in (sent, stored))
        world = self.world_of(client)
        right = world.replace(read) if method == "PUT" else world.merge(read)
        assert self.ask(client, method, "/__admin/state", raw).status == (200 if right else 422)

    @rule(client=_clients, method=st.sampled_from(["PUT", "PATCH"]), agent=st.sampled_from(["alpha", "beta"]))
    def write_a_state_with_a_mistake(self, client: str, method: str, agent: str) -> None:
        webhooks = [hook(id="w8"), hook(id="w9", timeout=3)]
        raw = {"agents": [{"id": agent, "name": "Wrong", "webhooks": webhooks}]}
        answer = self.ask(client, method, "/__admin/state", raw)
        assert (answer.status, len(answer.body["errors"])) == (422, 1)

    @invariant()
    def everything_is_as_in_the_model(self) -> None:
        for client in ("talq_b", "talq_c", "talq_d"):
            world = self.world_of(client)
            assert self.ask(client, "GET", "/__admin/state") == Answer(200, world.document())
            agents = self.ask(client, "GET", "/api/v1/agents").body["data"]
            assert [(agent["id"], agent["name"]) for agent in agents] == [
                (agent["id"], agent["name"]) for agent in world.agents.values()
            ]
            for agent in world.agents:
                assert self.call(client, "GET", agent).body["data"]["webhooks"] == world.listed(agent)
            for campaign in world.campaigns:
                found = self.at_campaign(client, "GET", campaign).body["data"]["webhooks"]
                assert found == world.listed_of_campaign(campaign)


def _hooks(world: model.World) -> list[tuple[str, str]]:
    """The ids of every agent and each of its webhooks; an agent without any stands there too."""
    return [(agent, id) for agent in world.agents for id in world.agents[agent]["webhooks"] or ("none",)]


def _document(named: dict[str, str], webhooks: dict[str, Any], part: Any) -> Json:
    """A fixture of the agents that are named and of those whose webhooks are given; an empty name is left out."""
    agents = {id: {"id": id, **({"name": name} if name else {}), "webhooks": []} for id, name in named.items()}
    for id, (agent, fields, complete, more) in webhooks.items():
        filled = {**{name: GOOD[name][0] for name in model.REQUIRED}, **fields} if complete else fields
        extra = {"e": {"status": "error"}, "c": {"created_at": "2025-03-04T05:06:07Z"}}.get(more, {})
        owner: Any = agents.setdefault(agent, {"id": agent, **({"name": "C"} if complete else {}), "webhooks": []})
        owner["webhooks"].append({"id": id, **part(filled), **extra})
    return {"agents": list(agents.values())}


TestClients = ClientsMachine.TestCase
TestClients.settings = settings(
    max_examples=20, stateful_step_count=30, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
