"""One client of a soak: random operations on an agent of its own, each compared with a model of that agent."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, timezone
from random import Random
from typing import Any

from talkover_mock.base.shapes.state import Agent
from talkover_mock.base.shapes.values import Event
from talkover_mock.client import MockServer
from tests.soak.api import AddedFault, ApiClient, Called, random_faults
from tests.soak.family import campaign_of, delete_an_agent, use_campaign
from tests.soak.receiver import CountingReceiver
from tests.support import model
from tests.support.model import Answer, Json

EVENTS: Sequence[Event] = ("event_phone_call_started", "event_phone_call_ended")
MOMENT = datetime(2025, 9, 3, 23, 50, 15, tzinfo=timezone.utc)
"""The time of the clock in the rounds in which it is frozen."""
NOBODY = "nobody"
NO_ROUND = -1
_MOST_WEBHOOKS = 6
_WAIT = 60.0


def webhook(id: str, url: str, **fields: Any) -> Json:
    return {"id": id, "name": id, "webhook_url": url, "events": list(EVENTS), **fields}


class SoakClient:
    """Owns one agent of an environment which it shares with another client, and a model of that agent."""

    def __init__(self, server: MockServer, agent: str, receiver: CountingReceiver, choice: Random) -> None:
        self._server, self.agent, self._choice = server, agent, choice
        self._urls = [f"{receiver.root}/{server.name}/{agent}/{how}" for how in ("ok", "ok", "slow", "fails")]
        self.fixture = {"id": agent, "name": f"Agent {agent}", "webhooks": [self._given(n) for n in range(3)]}
        self.campaign = campaign_of(agent, self._urls[0])
        self.model = model.World({"agents": [self.fixture], "campaigns": [self.campaign]})
        self.api = ApiClient(server, agent)
        self.round = 0
        self.still = True
        """Whether the clock is frozen in this round, so that the moment of everything is known."""
        self.others_agent = NOBODY
        """One that exists, but in another environment."""
        self.expected: set[tuple[str, str]] = set()
        """The event and the webhook of each delivery that must be in the log."""
        self.tests: Counter[str] = Counter()
        self.retries: set[str] = set()
        self.snapshots: set[str] = set()
        self.steps: Counter[str] = Counter()
        self._made = 0

    def begin_round(self, number: int, still: bool) -> None:
        """Nothing is left of the last one but the state."""
        self.round, self.still = number, still
        self.api.calls, self.api.faults = [], []
        self.expected, self.tests, self.retries = set(), Counter(), set()

    def close(self) -> None:
        self.api.close()
        self._server.disconnect()

    def step(self) -> None:
        """One operation, and the check that it did what the model does."""
        name = self._choice.choices([*STEPS], [*STEPS.values()])[0]
        self.steps[name] += 1
        getattr(self, f"_{name}")()

    # The API

    def _list(self) -> None:
        found = self.api.call("GET")
        if not isinstance(found, AddedFault):
            assert (found[0], found[1]["data"]["webhooks"]) == (200, self.model.listed(self.agent))

    def _read(self) -> None:
        if id := self._any():
            self._compare(self.api.call("GET", f"/{id}"), lambda _: self.model.read(self.agent, id))

    def _toggle(self) -> None:
        if not (id := self._any()):
            return
        found = self.api.call("PATCH", f"/{id}/toggle")
        if isinstance(found, AddedFault) and found.spec.get("apply"):
            self.model.toggle(self.agent, id, MOMENT)  # it happened, and its answer was lost
        self._compare(found, lambda body: self.model.toggle(self.agent, id, self._moment(body)))

    def _create(self) -> None:
        if len(self._webhooks()) < _MOST_WEBHOOKS:
            fields = {"name": "Created", "webhook_url": self._url(), "events": [*EVENTS], **self._fields()}
            found = self.api.call("POST", body=fields)
            self._compare(
                found, lambda body: self.model.create(self.agent, body["data"]["id"], fields, self._moment(body))
            )

    def _update(self) -> None:
        if id := self._any():
            fields = self._fields()
            found = self.api.call("PUT", f"/{id}", fields)
            self._compare(found, lambda body: self.model.update(self.agent, id, fields, self._moment(body)))

    def _delete(self) -> None:
        if id := self._any():
            self._compare(self.api.call("DELETE", f"/{id}"), lambda _: self.model.delete(self.agent, id))

    def _miss(self) -> None:
        """Nobody's webhook, and the agent of another environment."""
        self._compare(self.api.call("GET", f"/{NOBODY}"), lambda _: Answer(404, model.NO_WEBHOOK))
        found = self.api.call("GET", root=f"/api/v1/agents/{self.others_agent}/webhooks")
        self._compare(found, lambda _: Answer(404, model.NO_AGENT))

    def _test(self) -> None:
        if id := self._any():
            found = self.api.call("POST", f"/{id}/test")
            if not isinstance(found, AddedFault) or found.spec.get("apply"):
                self.tests[id] += 1
            if not isinstance(found, AddedFault):
                fails = self._webhooks()[id]["webhook_url"].endswith("/fails")
                assert (found[0], found[1]["success"]) == (200, not fails), found

    def _retry(self) -> None:
        if not (id := self._any()):
            return
        failed = self._server.deliveries(webhook_id=id, status="failed")
        entry = next((each["id"] for each in failed if not each["test"]), None)
        found = self.api.call("POST", f"/{id}/logs/{entry or NOBODY}/retry")
        if isinstance(found, AddedFault):
            return
        assert found[0] == (404 if entry is None else 200 if self._webhooks()[id]["enabled"] else 422), found
        if found[0] == 200:
            self.retries.add(found[1]["data"]["log_id"])

    def _logs(self) -> None:
        if id := self._any():
            found = self.api.call("GET", f"/{id}/logs?per_page=100")
            if not isinstance(found, AddedFault):
                assert {each["webhook_id"] for each in found[1]["data"]} <= {id}

    def _phone(self) -> None:
        """A call that two requests end: its end is told once, to the webhooks that want to know."""
        body = {"to": "+1234567890", "context": {"round": self.round}}
        found = self.api.call("POST", "/call", body, self.api.agent_root)
        if isinstance(found, AddedFault):
            return
        if self.model.agents[self.agent].get("current_status") == "draft":
            assert (found[0], found[1]["error"]["code"]) == (400, "AGENT_INACTIVE"), found
            return
        assert found[0] == 200, found
        end = {"call_sid": found[1]["data"]["id"]}
        ends = [self.api.call("POST", "/end-call", end, self.api.agent_root) for _ in range(2)]
        assert [each[0] for each in ends if not isinstance(each, AddedFault)] in ([], [200], [200, 409]), ends
        events = self._server.events(agent_id=self.agent, event=EVENTS[1])
        told = [each for each in events if each["call_id"] == end["call_sid"]]
        assert len(told) == any(not isinstance(each, AddedFault) for each in ends)
        wanted = [each["id"] for each in self._webhooks().values() if each["enabled"] and EVENTS[1] in each["events"]]
        for event in told:
            assert sorted(each["webhook_id"] for each in event["deliveries"]) == sorted(wanted)
            self.expected |= {(event["event_id"], id) for id in wanted}

    def _publish(self) -> None:
        """The agent is unpublished, or published again."""
        verb, status = self._choice.choice((("unpublish", "draft"), ("publish", "published"), ("publish", "published")))
        found = self.api.call("POST", f"/{verb}", root=self.api.agent_root)
        self._compare(found, lambda body: self.model.set_status(self.agent, f"{verb}ed", status, self._moment(body)))

    def _agent(self) -> None:
        """An agent beside the own one, which is deleted with its webhook, but not during its call."""
        delete_an_agent(self._server, self.api, f"gone-of-{self.agent}", self._given(0, "gone"))

    def _campaign(self) -> None:
        """A webhook of the campaign is toggled, the campaign's status is changed, or an event happens at it."""
        self.expected |= use_campaign(self._server, self.api, self.model, self._choice, self.round)

    # The harness

    def _event(self) -> None:
        event, wait = self._choice.choice(EVENTS), self._choice.choice((0, 0, _WAIT))
        found = self._server.emit(self.agent, event, data={"round": self.round}, wait=wait)
        wanted = [each["id"] for each in self._webhooks().values() if each["enabled"] and event in each["events"]]
        assert sorted(each["webhook_id"] for each in found) == sorted(wanted)
        self.expected |= {(each["event_id"], each["webhook_id"]) for each in found}
        if found and self._choice.random() < 0.3:
            self._server.deliveries(event_id=found[0]["event_id"], attempt=1, min=len(found), wait=_WAIT)

    def _wait(self) -> None:
        """For all that this client has done, and for what nobody does."""
        found = self._server.requests(path=f"*/agents/{self.agent}/*", min=len(self.api.calls), wait=_WAIT)
        assert [recorded(each) for each in found] == self.api.calls
        self._server.requests(max=0, wait=0.01, path=f"*/agents/{self.agent}/{NOBODY}")

    def _fault(self) -> None:
        if len(self.api.faults) > 2:
            self.api.remove_fault(self._choice.choice(self.api.faults))
        else:
            self.api.add_fault(next(random_faults(self._choice, self.still)))

    def _snapshot(self) -> None:
        """Taken, listed and deleted; restoring one would be the other client's business too."""
        name = f"{self.agent}-{self._choice.randrange(3)}"
        if name in self.snapshots:
            self._server.delete_snapshot(name)
        else:
            assert self._server.snapshot(name)["agents"] >= 2
        self.snapshots ^= {name}
        names = {each["name"] for each in self._server.snapshots()}
        assert {each for each in names if each.startswith(self.agent)} == self.snapshots

    def _state(self) -> None:
        assert self._mine() == self._modelled()

    def _merge(self) -> None:
        id = self._any() if self._choice.random() < 0.7 else None
        self._made += 1
        given = {"id": id, **self._fields()} if id else self._given(self._made, prefix="merged")
        if not id and len(self._webhooks()) >= _MOST_WEBHOOKS:
            return
        fixture = {"agents": [{"id": self.agent, "webhooks": [given]}]}
        merged = self._server.merge_state(fixture)
        assert self.model.merge(fixture)
        assert next(each for each in merged["agents"] if each["id"] == self.agent) == self._modelled()

    def _clock(self) -> None:
        if not self.still:
            move = self._choice.randrange(4)
            if move == 0:
                self._server.freeze()
            elif move == 1:
                self._server.unfreeze()
            else:
                self._server.advance(self._choice.choice((0, 0.01, 2)))

    def _open(self) -> None:
        """An environment beside this one, which has nothing of what happened here, and is closed while it sends."""
        opened = self._server.open_environment(from_=self._server.name)
        try:
            [mine] = [each for each in opened.state()["agents"] if each["id"] == self.agent]
            assert mine["webhooks"] == model.World({"agents": [self.fixture]}).document()["agents"][0]["webhooks"]
            assert (opened.requests(), opened.deliveries(), opened.faults()) == ([], [], [])
            opened.emit(self.agent, EVENTS[0], data={"round": NO_ROUND}, wait=0)
        finally:
            assert opened.close()["errors"] == []

    # What they are made of

    def _moment(self, body: Json) -> datetime:
        """When the answer says that it happened; what the clock says when it is frozen."""
        assert "data" in body, body
        return MOMENT if self.still else datetime.fromisoformat(body["data"]["updated_at"].replace("Z", "+00:00"))

    def _compare(self, found: tuple[int, Any] | AddedFault, expected: Any) -> None:
        """An answer with the model's, which is asked only when the API did something."""
        if not isinstance(found, AddedFault):
            assert found[0] != 422, found
            assert found == expected(found[1])

    def _webhooks(self) -> dict[str, Json]:
        webhooks: dict[str, Json] = self.model.agents[self.agent]["webhooks"]
        return webhooks

    def _any(self) -> str | None:
        return self._choice.choice([*self._webhooks()]) if self._webhooks() else None

    def _mine(self) -> Agent:
        return self._server.agent(self.agent)

    def _modelled(self) -> Json:
        agent: Json
        [agent] = self.model.document()["agents"]
        return agent

    def _url(self) -> str:
        return self._choice.choice((*self._urls, "https://example.com/captured"))

    def _given(self, number: int, prefix: str = "webhook") -> Json:
        return webhook(f"{self.agent}-{prefix}-{number}", self._url(), enabled=self._choice.random() < 0.7)

    def _fields(self) -> Json:
        some = {
            "name": f"Name {self._choice.randrange(9)}",
            "webhook_url": self._url(),
            "events": self._choice.choice((list(EVENTS), list(EVENTS[:1]))),
            "max_retries": self._choice.randint(0, 2),
            "webhook_secret": self._choice.choice(("secret", None)),
            "enabled": self._choice.random() < 0.7,
        }
        return {name: some[name] for name in self._choice.sample([*some], self._choice.randint(1, 3))}


STEPS = {"list": 8, "read": 8, "toggle": 12, "create": 6, "update": 8, "delete": 4, "miss": 3, "test": 2, "retry": 3}
STEPS |= {
    "phone": 4,
    "publish": 3,
    "agent": 3,
    "campaign": 6,
    "logs": 3,
    "event": 14,
    "wait": 4,
    "fault": 4,
    "snapshot": 4,
    "state": 3,
    "merge": 4,
    "clock": 6,
    "open": 2,
}
"""The operations, and how often they are chosen."""


def recorded(row: Mapping[str, Any]) -> Called:
    """A row of the journal."""
    return Called(row["method"], row["path"], row["status"], row["fault"] and row["fault"].split(" ")[0])
