"""One environment of a running server, from outside: every admin route as a method."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from http import HTTPStatus
from types import TracebackType
from typing import TYPE_CHECKING, cast

from talkover_mock.client.searching import Document, Emitted, Searching
from talkover_mock.client.transport import MockServerError, Transport, root_of, segment
from talkover_mock.client.types import (
    CallFilters,
    DeliveryFilters,
    FaultDetails,
    Moment,
    OtherCallFilters,
    Preset,
    WebhookFields,
)

if TYPE_CHECKING:
    from typing_extensions import Unpack

__tracebackhide__ = True  # pytest shows the test's own line
_LONG_SECONDS = 600.0


class MockServer:
    """Where the environment is, how to get in, and how to look inside.

    `url` is the server's root, `api_url` where the vendor's base URL goes, `token` the environment's, and
    `headers` what a request to the API needs. Without `token` it is the default environment's, which takes any token
    unless its fixture gives it some.
    """

    def __init__(
        self, url: str, token: str | None = None, name: str = "default", admin_token: str | None = None
    ) -> None:
        """Raises ValueError for what can't be the root of a server."""
        self.url = root_of(url)
        self.api_url = f"{self.url}/api/v1"
        self.token = token or "talq_default"
        self.name = name
        self.allows_unmatched = False
        self._admin_token = admin_token
        self._transport = Transport(self.url, token, admin_token)
        self._searching = Searching(self._transport)

    @property
    def headers(self) -> dict[str, str]:
        """A new dictionary each time, free to add to."""
        return {"Authorization": f"Bearer {self.token}"}

    def health(self) -> Document:
        return self._call("GET", "health")

    def assumptions(self) -> Document:
        """What is documented, measured and assumed, and what the fixture overrides."""
        return self._call("GET", "assumptions")

    def openapi(self) -> str:
        """The description of every route, as YAML."""
        return self._transport.text("openapi.yaml")

    # State

    def state(self) -> Document:
        """The environment's agents and webhooks, in the format of a fixture."""
        return self._call("GET", "state")

    def replace_state(self, fixture: Document) -> Document:
        """Another state; `reset` still goes back to the baseline. Returns the state."""
        return self._call("PUT", "state", fixture)

    def merge_state(self, fixture: Document) -> Document:
        """Lays a fixture over the state by id; what is not given stays. Returns the state."""
        return self._call("PATCH", "state", fixture)

    def set_webhook(self, webhook_id: str, **fields: Unpack[WebhookFields]) -> Document:
        """Changes a webhook behind the API's back: `set_webhook(id, webhook_url=receiver.url, enabled=True)`.

        Returns it as the state holds it. Raises KeyError.
        """
        agent_id = self._part(webhook_id=webhook_id)["id"]
        change = {"agents": [{"id": agent_id, "webhooks": [{"id": webhook_id, **fields}]}]}
        changed = self._transport.call("PATCH", "state", change, query={"webhook_id": webhook_id})
        return cast(Document, changed["agents"][0]["webhooks"][0])

    def agent(self, agent_id: str) -> Document:
        """One agent as the state holds it, with its webhooks. Raises KeyError."""
        return self._part(agent_id=agent_id)

    def webhook(self, webhook_id: str) -> Document:
        """One webhook as the state holds it, whichever agent's it is. Raises KeyError."""
        return cast(Document, self._part(webhook_id=webhook_id)["webhooks"][0])

    def _part(self, **id: str) -> Document:
        """The one agent of a part of the state. Raises KeyError with what is near."""
        try:
            return cast(Document, self._transport.call("GET", "state", query=id)["agents"][0])
        except MockServerError as error:
            if error.status != HTTPStatus.NOT_FOUND:
                raise
            raise KeyError(error.problem["detail"]) from None

    def reset(self) -> Document:
        """Back to the baseline: state, journal, faults, clock, ids, deliveries. Returns the `environment`'s name."""
        return self._call("POST", "reset")

    # Environments and snapshots

    def environments(self) -> list[Document]:
        return cast(list[Document], self._call("GET", "environments")["environments"])

    def environment(self, name: str) -> Document:
        """One of them: its name, its masked tokens, how many agents it has and how many crashes in it are kept."""
        return self._call("GET", f"environments/{segment(name)}")

    def open_environment(
        self,
        name: str | None = None,
        token: str | None = None,
        from_: str | None = None,
        fixture: Document | None = None,
    ) -> MockServer:
        """An isolated environment on this one's baseline, on that of `from_`, or on a fixture. `close` it after use."""
        wanted = {"name": name, "token": token, "from": from_, "fixture": fixture}
        opened = self._call("POST", "environments", wanted)
        return MockServer(self.url, opened["token"], opened["name"], self._admin_token)

    def close_environment(self, name: str) -> Document:
        """Ends an opened environment. Returns `errors`, the server's own crashes, and the `unmatched` calls."""
        return self._call("DELETE", f"environments/{segment(name)}")

    def close(self) -> Document:
        """Ends this environment, and the connection; see `close_environment`."""
        try:
            return self.close_environment(self.name)
        finally:
            self.disconnect()

    def snapshots(self) -> list[Document]:
        return cast(list[Document], self._call("GET", "snapshots")["snapshots"])

    def snapshot(self, name: str) -> Document:
        """Keeps the state as it is under a name. Returns its name, time, counts and digest."""
        return self._call("PUT", f"snapshots/{segment(name)}")

    def restore(self, name: str) -> Document:
        """The state as it was when the snapshot was taken."""
        return self._call("POST", f"snapshots/{segment(name)}/restore")

    def delete_snapshot(self, name: str) -> None:
        self._call("DELETE", f"snapshots/{segment(name)}")

    # Events, deliveries and the clock

    def emit(
        self,
        agent_id: str,
        event: str,
        *,
        call: Document | None = None,
        context: Document | None = None,
        data: Document | None = None,
        wait: float = 5.0,
    ) -> Emitted:
        """An event happens at an agent. Returns its deliveries, after waiting until each was attempted once.

        `wait` is in seconds at the most; with 0 they may still be pending. What is returned also tells which webhooks
        were `skipped`, and why.
        """
        wanted = {"agent_id": agent_id, "event": event, "call": call, "context": context, "data": data, "wait": wait}
        answer = self._call("POST", "events", wanted, longer=wait)
        self._searching.emitted = Emitted(answer["deliveries"], answer["skipped"])
        return self._searching.emitted

    def deliveries(
        self, *, min: int | None = None, max: int | None = None, wait: float = 0, **filters: Unpack[DeliveryFilters]
    ) -> list[Document]:
        """The attempts so far, oldest first, after waiting up to `wait` seconds for `min` to `max` that ended.

        Filters are agent_id, webhook_id, event, event_id, status, attempt, url (with *), since. Raises
        AssertionError, with the nearest, when there were too few or too many.
        """
        return self._searching.expect("deliveries", filters, min, max, wait)

    def clear_deliveries(self) -> None:
        """Forgets the attempts that have ended."""
        self._call("DELETE", "deliveries")

    def clock(self) -> Document:
        """`now` and whether it is `frozen`."""
        return self._call("GET", "clock")

    def freeze(self, now: Moment | None = None) -> None:
        """The environment's clock stands still, at `now` (such as 2025-09-03T23:19:51Z) or where it is.

        Every delivery that is due by a later `now` has been sent when this returns.
        """
        self._call("PUT", "clock", {"now": now and str(now)}, longer=_LONG_SECONDS if now else 0)

    def advance(self, seconds: float | timedelta) -> None:
        """Moves the clock. Every delivery that falls due on the way has been sent when this returns."""
        seconds = seconds.total_seconds() if isinstance(seconds, timedelta) else seconds
        self._call("POST", "clock/advance", {"seconds": seconds}, longer=_LONG_SECONDS)

    def unfreeze(self) -> None:
        """Back to the real time."""
        self._call("DELETE", "clock")

    # The journal and faults

    def requests(
        self, *, min: int | None = None, max: int | None = None, wait: float = 0, **filters: Unpack[CallFilters]
    ) -> list[Document]:
        """The API calls so far, oldest first, after waiting up to `wait` seconds for `min` to `max` of them.

        Filters are method, path (with *), status (404 or 4xx), operation, unmatched, fault, since, after. Raises
        AssertionError, with the nearest, when there were too few or too many.
        """
        return self._searching.expect("requests", filters, min, max, wait)

    def assert_requested(
        self,
        method: str,
        path: str,
        times: int | None = None,
        *,
        wait: float = 0,
        **filters: Unpack[OtherCallFilters],
    ) -> list[Document]:
        """The calls with this method and path (with *): exactly `times` of them, or at least one.

        Returns as soon as there are as many, after `wait` seconds at the most. Raises AssertionError with the nearest
        calls.
        """
        wanted = {"method": method, "path": path, **filters}
        return self._searching.expect("requests", wanted, 1 if times is None else times, times, wait, soon=bool(times))

    def assert_not_requested(
        self, method: str, path: str, *, wait: float = 0, **filters: Unpack[OtherCallFilters]
    ) -> None:
        """No such call comes, for `wait` seconds. Raises AssertionError with the nearest calls."""
        self._searching.expect("requests", {"method": method, "path": path, **filters}, None, 0, wait)

    def clear_requests(self) -> None:
        """Forgets the calls so far."""
        self._call("DELETE", "requests")

    def allow_unmatched(self) -> None:
        """Lets the test make calls that no route takes; otherwise the pytest fixture fails it for them."""
        self.allows_unmatched = True

    def faults(self) -> list[Document]:
        """Those in force, with how many requests each has `matched` and `struck`."""
        return cast(list[Document], self._call("GET", "faults")["faults"])

    def add_fault(self, preset: Preset | None = None, **spec: Unpack[FaultDetails]) -> Document:
        """`add_fault("maintenance", times=2)`, `add_fault(action="connection_reset", match={"path": "*/toggle"})`.

        The keys are match, respond, action, delay_ms, times, after, probability, seed, apply. Returns it with its id.
        """
        return self._call("POST", "faults", {"preset": preset, **spec})

    def remove_fault(self, id: str) -> None:
        self._call("DELETE", f"faults/{segment(id)}")

    def clear_faults(self) -> None:
        self._call("DELETE", "faults")

    def search(self, what: str, filters: Mapping[str, object], **waiting: float | None) -> Document:
        """`requests` or `deliveries` as the server tells them: with `satisfied`, `count` and `dropped`.

        `waiting` is min, max and wait.
        """
        return self._searching.search(what, filters, **waiting)

    def disconnect(self) -> None:
        """Ends the connection; the environment stays."""
        self._transport.close()

    def _call(self, method: str, path: str, body: object = None, longer: float = 0) -> Document:
        return self._transport.call(method, path, body, longer=longer)

    def __enter__(self) -> MockServer:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.disconnect()
