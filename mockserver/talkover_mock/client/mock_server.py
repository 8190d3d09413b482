"""The client of one environment of a server: every admin route as a method."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from types import TracebackType
from typing import TYPE_CHECKING, Any, cast

from talkover_mock.base.shapes.admin import (
    Assumptions,
    ClosedEnvironment,
    Environment,
    Health,
    MarkedEnvironment,
    Reset,
    Snapshot,
    SnapshotBrief,
)
from talkover_mock.base.shapes.state import Agent, State, Webhook
from talkover_mock.base.shapes.values import EnvironmentMark
from talkover_mock.client.bodies import check_fixture
from talkover_mock.client.emitting import Emitting
from talkover_mock.client.errors import MockServerError, of_id
from talkover_mock.client.faulting import Faulting
from talkover_mock.client.probing import examine
from talkover_mock.client.timing import Timing
from talkover_mock.client.transport import Harness, transport_to
from talkover_mock.client.types import (
    Probed,
    ProbeOptions,
    Prober,
    Schedule,
    WebhookFields,
)
from talkover_mock.client.urls import root_of, segment

if TYPE_CHECKING:
    from typing_extensions import Unpack

__tracebackhide__ = True  # pytest shows the test's own line


class MockServer(Timing, Faulting, Emitting):
    """One environment: its addresses, its token, and the admin routes that show and change it.

    `url` is the server's root, and `api_url` takes the place of the vendor's base URL. `token` opens the environment,
    and `headers` carry it to the API. A client without `token` is that of the default environment, which accepts any
    bearer token unless its fixture gives it `tokens`.
    """

    def __init__(
        self,
        url: str,
        token: str | None = None,
        name: str = "default",
        admin_token: str | None = None,
        harness: Harness | None = None,
        prober: Prober | None = None,
    ) -> None:
        """Raises ValueError for a URL that can't be the root of a server, or a token that no header can carry.

        `harness` has the admin routes of a server that this process has started; without it they are asked over HTTP.
        `prober` is `talkover_mock.probe.probe`, for the method of that name.
        """
        self.url = root_of(url)
        self.api_url = f"{self.url}/api/v1"
        self.token = token or "talq_default"
        self.name = name
        self.allows_unmatched = False
        self._given_token = token
        self._admin_token, self._harness, self._prober = admin_token, harness, prober
        self.opened: dict[str, MockServer] = {}
        """By name, the environments that this client, or one of `opened`, has opened and neither closed nor marked."""
        self.slips: list[ClosedEnvironment] = []
        """What closing those has told of unmatched calls that they do not allow; the pytest plugin takes it."""
        super().__init__(transport_to(self.url, token, admin_token, harness))

    @property
    def headers(self) -> dict[str, str]:
        """The headers of an API request; a new dictionary each time."""
        return {"Authorization": f"Bearer {self.token}"}

    def health(self) -> Health:
        return cast(Health, self._call("GET", "health"))

    def assumptions(self) -> Assumptions:
        """The behaviours with how sure each is, and the settings that the fixture overrides."""
        return cast(Assumptions, self._call("GET", "assumptions"))

    def openapi(self) -> str:
        """The OpenAPI description of every route, as YAML."""
        return self._transport.text("openapi.yaml", "application/yaml")

    # State

    def state(self) -> State:
        """The environment's agents and webhooks, in the format of a fixture."""
        return cast(State, self._call("GET", "state"))

    def replace_state(self, fixture: Mapping[str, Any]) -> State:
        """Replaces the state; `reset` still goes back to the baseline. Returns the state."""
        check_fixture(fixture)
        return cast(State, self._call("PUT", "state", fixture))

    def merge_state(self, fixture: Mapping[str, Any]) -> State:
        """Merges a fixture into the state by id; keys that it does not give stay. Returns the state."""
        check_fixture(fixture)
        return cast(State, self._call("PATCH", "state", fixture))

    def set_webhook(self, webhook_id: str, **fields: Unpack[WebhookFields]) -> Webhook:
        """Changes a webhook without an API call: `set_webhook(id, webhook_url=receiver.url, enabled=True)`.

        Returns the webhook as the state holds it. Raises KeyError for an unknown id.
        """
        try:
            return cast(Webhook, self._call("PATCH", f"webhooks/{segment(webhook_id)}", fields))
        except MockServerError as error:
            raise of_id(error) from None

    def agent(self, agent_id: str) -> Agent:
        """One agent as the state holds it, with its webhooks. Raises KeyError for an unknown id."""
        return cast(Agent, self._searching.part(agent_id=agent_id))

    def webhook(self, webhook_id: str) -> Webhook:
        """One webhook, of any agent or campaign, as the state holds it. Raises KeyError for an unknown id."""
        return cast(Webhook, self._searching.part(webhook_id=webhook_id)["webhooks"][0])

    def reset(self) -> Reset:
        """Resets state, journal, faults, clock, ids and deliveries to the baseline. Returns the `environment` name."""
        return cast(Reset, self._call("POST", "reset"))

    # Environments and snapshots

    def environments(self, find: str | None = None) -> list[Environment]:
        """All environments, or those with the text of `find` in their name or title."""
        found = self._transport.call("GET", "environments", query={"find": find})
        return cast(list[Environment], found["environments"])

    def environment(self, name: str) -> Environment:
        """The name of an environment, its title and masked tokens, and its numbers of agents and of kept crashes."""
        return cast(Environment, self._of_opened("GET", name))

    def open_environment(
        self,
        name: str | None = None,
        token: str | None = None,
        from_: str | None = None,
        fixture: Mapping[str, Any] | None = None,
        schedule: int | Schedule | None = None,
        title: str | None = None,
    ) -> MockServer:
        """Opens an isolated environment on this one's baseline, that of `from_`, or a fixture. `close` it after use.

        A `schedule`, which is a seed, disturbs its deliveries: see docs/pytest.md. People find it by its `title`.
        """
        if fixture is not None:
            check_fixture(fixture)
        wanted = {"name": name, "token": token, "from": from_, "fixture": fixture, "schedule": schedule, "title": title}
        opened = self._call("POST", "environments", wanted)
        client = MockServer(self.url, opened["token"], opened["name"], self._admin_token, self._harness, self._prober)
        client.opened, client.slips = self.opened, self.slips
        self.opened[client.name] = client
        return client

    def mark_environment(self, name: str, state: EnvironmentMark = "failed") -> MarkedEnvironment:
        """Marks an opened environment, which stays for people, as one whose test has failed; `open` takes that back.

        Returns what `close_environment` does. The server keeps 20 such environments: one more closes the first one.
        """
        marked = cast(MarkedEnvironment, self._of_opened("PATCH", name, {"state": state}))
        if state == "failed":
            self.opened.pop(name, None)
        return marked

    def close_environment(self, name: str) -> ClosedEnvironment:
        """Closes an opened environment. Returns `errors`, the server's own crashes, `unmatched` calls, `schedule`."""
        closed = cast(ClosedEnvironment, self._of_opened("DELETE", name))
        environment = self.opened.pop(name, None)
        if environment and closed["unmatched"] and not environment.allows_unmatched:
            self.slips.append(closed)
        return closed

    def close(self) -> ClosedEnvironment:
        """Closes this environment, and the connection; see `close_environment`."""
        try:
            return self.close_environment(self.name)
        finally:
            self.disconnect()

    def snapshots(self) -> list[SnapshotBrief]:
        return cast(list[SnapshotBrief], self._call("GET", "snapshots")["snapshots"])

    def snapshot(self, name: str) -> Snapshot:
        """Takes a snapshot: keeps a copy of the state under a name. Returns its name, time, counts and digest."""
        return cast(Snapshot, self._call("PUT", f"snapshots/{segment(name)}"))

    def restore(self, name: str) -> Snapshot:
        """Brings back the state of a snapshot."""
        return cast(Snapshot, self._call("POST", f"snapshots/{segment(name)}/restore"))

    def delete_snapshot(self, name: str) -> None:
        self._call("DELETE", f"snapshots/{segment(name)}")

    # Calls to unknown paths, and the receiver

    def allow_unmatched(self) -> None:
        """Allows calls to paths that the API does not have; otherwise the pytest fixture fails the test for them."""
        self.allows_unmatched = True

    def probe(self, url: str, secret: str, **options: Unpack[ProbeOptions]) -> list[Probed]:
        """Examines the receiver at `url` with right and wrong deliveries, signed as this environment signs at its time.

        Further keywords are expect, event, unknown, data, http_method, custom_headers, timeout, signature_scheme,
        signature_header, signature_prefix, delivery_json, deliver_to, now; see docs/deliveries.md. Returns the
        probes with their answers. Raises AssertionError with each probe that was answered otherwise than expected,
        ValueError for a wrong option or a URL that may not be called, and ConnectionError if nothing answers.
        """
        settings = {**self.assumptions()["overrides"], "now": self.clock()["now"]}
        return examine(self._prober, url, secret, settings, options)

    def disconnect(self) -> None:
        """Closes the connection; the environment stays open."""
        self._transport.close()

    def _call(self, method: str, path: str, body: object = None) -> dict[str, Any]:
        return self._transport.call(method, path, body)

    def _of_opened(self, method: str, name: str, body: object = None) -> dict[str, Any]:
        """The answer about an environment, which is forgotten if another client has closed it."""
        try:
            return self._call(method, f"environments/{segment(name)}", body)
        except MockServerError as error:
            if error.status == HTTPStatus.NOT_FOUND:
                self.opened.pop(name, None)
            raise

    def __reduce__(self) -> tuple[type[MockServer], tuple[object, ...]]:
        """A copy, such as that of a spawned process, asks over HTTP, and has opened no environment."""
        return type(self), (self.url, self._given_token, self.name, self._admin_token, None, self._prober)

    def __repr__(self) -> str:
        return f"<MockServer {self.name} at {self.url}>"

    def __enter__(self) -> MockServer:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.disconnect()
