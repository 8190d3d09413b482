"""One environment of a soak: two clients that work at once, and what must be true when both have stopped."""

from collections import Counter
from collections.abc import Sequence
from random import Random
from threading import Barrier, BrokenBarrierError
from time import monotonic

from talkover_mock.base.shapes.deliveries import Delivery
from talkover_mock.client import MockServer
from tests.soak.client import MOMENT, SoakClient, recorded
from tests.soak.family import GONE_AGENTS
from tests.soak.receiver import Arrival, CountingReceiver, sent

_STEPS_A_ROUND = 25
_PATIENCE = 120.0
_LONG = 1_000
"""Seconds after which no retry is outstanding."""


class SoakEnvironment:
    """Runs rounds. After each it is compared with the models; then it may be reset, or taken back to a snapshot."""

    def __init__(self, admin: MockServer, number: int, receiver: CountingReceiver, choice: Random) -> None:
        self.name, self._receiver, self._choice = f"soak-{number}", receiver, choice
        self._server, *servers = (MockServer(admin.url, f"talq_{self.name}", self.name) for _ in range(3))
        agents = [f"{self.name}-{letter}" for letter in "ab"]
        self.clients = [
            SoakClient(server, agent, receiver, Random(choice.random()))  # noqa: S311
            for server, agent in zip(servers, agents, strict=True)
        ]
        self._settings = {"retry_schedule": [0.01, 0.02], "seed": number + 1}
        fixture = {
            "agents": [each.fixture for each in self.clients],
            "campaigns": [each.campaign for each in self.clients],
            "settings": self._settings,
        }
        admin.open_environment(self.name, self._server.token, fixture=fixture).disconnect()
        self._mark()
        self._round = self._rounds_left = 0
        self._was_interrupted = False
        self._end = 0.0
        self._barrier = Barrier(2, self._between_rounds, _PATIENCE)
        self._begin_round()

    def meet(self, agent: str) -> None:
        """Tells the clients of an agent that is in another environment."""
        for client in self.clients:
            client.others_agent = agent

    def prepare(self, rounds: int, end: float) -> None:
        """What the next run is: so many rounds, or fewer when the time is up."""
        self._rounds_left, self._end = rounds, end

    def run(self, client: SoakClient) -> None:
        """One client's rounds; the other's run in another thread. Raises AssertionError."""
        try:
            while self._rounds_left:
                for _ in range(_STEPS_A_ROUND):
                    client.step()
                self._barrier.wait()
        except BrokenBarrierError:
            raise RuntimeError(f"{self.name}: the other client has failed, or took too long") from None
        except BaseException:
            self._barrier.abort()
            raise

    def close(self) -> None:
        """Raises AssertionError when the server itself has failed."""
        closed = self._server.close()
        assert (closed["errors"], closed["unmatched"]) == ([], [])

    def disconnect(self) -> None:
        for client in self.clients:
            client.close()
        self._server.disconnect()

    def _between_rounds(self) -> None:
        """Runs in one of the threads, while the other waits."""
        self._check_nothing_comes_late()
        self._check_state()
        self._check_journal()
        self._check_faults()
        self._was_interrupted = self._choice.random() < 0.3
        if self._was_interrupted:
            self._reset()  # whatever is under way
            self._received()
        else:
            self._settle()
            self._check_deliveries()
            self._choice.choice((self._reset, self._restore, self._mark, self._replace))()
        self._check_state()
        self._check_nothing_is_left()
        self._rounds_left = self._rounds_left - 1 if monotonic() < self._end else 0
        self._begin_round()

    def _begin_round(self) -> None:
        self._round += 1
        still = self._round % 2 == 1
        if still:
            self._server.freeze(MOMENT.isoformat())
        else:
            self._server.unfreeze()
        for client in self.clients:
            client.begin_round(self._round, still)

    # What is done

    def _reset(self) -> None:
        self._server.reset()
        for client in self.clients:
            client.model.reset()

    def _mark(self) -> None:
        """A snapshot, and copies of the models."""
        snapshot = self._server.snapshot("mark")
        models = [each.model for each in self.clients]
        owners = [owner for each in models for owner in (*each.agents.values(), *each.campaigns.values())]
        assert snapshot["webhooks"] == sum(len(owner["webhooks"]) for owner in owners)
        self._marked = [each.model.copied() for each in self.clients]
        self._forget()

    def _restore(self) -> None:
        self._server.restore("mark")
        for client, marked in zip(self.clients, self._marked, strict=True):
            client.model.put_back(marked)
        self._forget()

    def _replace(self) -> None:
        """What the admin API tells of the state is a fixture that leads to it."""
        self._server.replace_state(self._server.state())
        self._forget()

    def _forget(self) -> None:
        self._server.clear_requests()
        self._server.clear_deliveries()
        self._server.remove_faults()

    def _settle(self) -> None:
        """Everything that is queued has been sent, and every retry too."""
        self._server.freeze()
        self._server.advance(_LONG)

    # What must be true

    def _check_state(self) -> None:
        documents = [each.model.document() for each in self.clients]
        modelled = {key: [record for each in documents for record in each[key]] for key in ("agents", "campaigns")}
        state = self._server.state()
        state.pop("calls", None)  # nobody's model: each is checked when it is made
        assert state == {**modelled, "settings": self._settings}

    def _check_nothing_is_left(self) -> None:
        assert (self._server.requests(), self._server.deliveries(), self._server.faults()) == ([], [], [])

    def _check_journal(self) -> None:
        found = self._server.search("requests", {})
        assert found["dropped"] == 0
        rows = [recorded(each) for each in found["requests"]]
        for client in self.clients:
            assert [each for each in rows if f"/{client.agent}/" in f"{each.path}/"] == client.api.calls
        mine = {f"/api/v1/agents/{each.agent}/" for each in self.clients}
        strange = (f"/api/v1/agents/{self.clients[0].others_agent}/webhooks", "/api/v1/campaigns/", GONE_AGENTS)
        others = {each.path for each in rows if not any(each.path.startswith(one) for one in mine)}
        assert {path for path in others if not path.startswith(strange)} == set()

    def _check_faults(self) -> None:
        faults = {each.id: (each.matched, each.struck) for client in self.clients for each in client.api.faults}
        assert {each["id"]: (each["matched"], each["struck"]) for each in self._server.faults()} == faults

    def _check_deliveries(self) -> None:
        found = self._server.search("deliveries", {})
        assert found["dropped"] == 0
        came: Counter[Arrival] = Counter()
        for row in found["deliveries"]:
            came += self._checked(row)
        received = self._received()
        assert came == received, f"only logged: {came - received}, only received: {received - came}"
        for client in self.clients:
            _check_attempts(client, [each for each in found["deliveries"] if each["agent_id"] == client.agent])
        assert {each["agent_id"] for each in found["deliveries"]} <= {each.agent for each in self.clients}

    def _received(self) -> Counter[Arrival]:
        return self._receiver.collect(self.name, self._round) + self._receiver.collect(self.name, None)

    def _check_nothing_comes_late(self) -> None:
        """Of the round before, there is at most what was under way to each webhook when it was interrupted."""
        late = Counter(webhook for _, webhook, _ in self._receiver.collect(self.name, self._round - 1).elements())
        assert max(late.values(), default=0) <= self._was_interrupted, late

    def _checked(self, row: Delivery) -> Counter[Arrival]:
        """A row is of this round and ended as its receiver answers; what the receiver must have got of it."""
        request = row["request"]
        if request is None:
            return Counter()
        fails = request["url"].endswith("/fails")
        assert row["status"] == ("failed" if fails else "success"), row
        assert row["test"] or f'"round":{self._round}}}' in request["body"], row
        if row["captured"]:
            return Counter()
        assert f"/{self.name}/{row['agent_id']}/" in request["url"]
        return Counter([sent(row, request["url"], request["body"])])


def _check_attempts(client: SoakClient, rows: Sequence[Delivery]) -> None:
    """Each event came once to each webhook that was to get it, in attempts that follow one another."""
    attempts: dict[tuple[str, str], list[int]] = {}
    for row in rows:
        if not row["test"] and row["id"] not in client.retries:
            attempts.setdefault((row["event_id"], row["webhook_id"]), []).append(row["attempt"])
    assert attempts.keys() == client.expected
    assert all(numbers == [*range(1, len(numbers) + 1)] for numbers in attempts.values())
    assert Counter(each["webhook_id"] for each in rows if each["test"]) == client.tests
    assert {each["id"] for each in rows if each["id"] in client.retries} == client.retries
