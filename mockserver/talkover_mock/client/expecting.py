"""The client's methods that search an environment's calls, deliveries and events, and expect how many there are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal, cast, overload

from talkover_mock.base.shapes.admin import FoundDeliveries, FoundEvents, FoundRequests, Request
from talkover_mock.base.shapes.deliveries import Delivery, EmittedEvent, SkippedDelivery
from talkover_mock.client.searching import Searching
from talkover_mock.client.transport import Transport
from talkover_mock.client.types import (
    CallFilters,
    DeliveryFilters,
    EventFilters,
    OtherCallFilters,
    OtherDeliveryFilters,
)

if TYPE_CHECKING:
    from typing_extensions import Unpack

__tracebackhide__ = True  # pytest shows the test's own line


class Expecting:
    """Searches of one environment; an unmet expectation is an AssertionError that shows what was nearest."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self._searching = Searching(transport)

    def requests(
        self, *, min: int | None = None, max: int | None = None, wait: float = 0, **filters: Unpack[CallFilters]
    ) -> list[Request]:
        """The API calls so far, oldest first, after waiting up to `wait` seconds for `min` to `max` calls.

        Filters are method, path (with *), status (404 or 4xx), operation, unmatched, fault, by, since, after; json (a
        part of the body), headers and query (values with *). Raises AssertionError, with the nearest calls, when there
        were too few or too many.
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
    ) -> list[Request]:
        """Returns the calls with this method and path (with *): exactly `times` calls, or at least one.

        Returns as soon as there are enough calls, after `wait` seconds at the most. Raises AssertionError with the
        nearest calls.
        """
        wanted = {"method": method, "path": path, **filters}
        return self._searching.expect("requests", wanted, 1 if times is None else times, times, wait, soon=bool(times))

    def assert_not_requested(
        self, method: str, path: str, *, wait: float = 0, **filters: Unpack[OtherCallFilters]
    ) -> None:
        """Checks that no such call comes for `wait` seconds. Raises AssertionError with the nearest calls."""
        self._searching.expect("requests", {"method": method, "path": path, **filters}, None, 0, wait)

    def clear_requests(self) -> None:
        """Forgets the calls so far."""
        self._transport.call("DELETE", "requests")

    @overload
    def deliveries(
        self, *, min: int | None = None, max: int | None = None, wait: float = 0, **filters: Unpack[DeliveryFilters]
    ) -> list[Delivery]: ...
    @overload
    def deliveries(
        self,
        *,
        status: Literal["skipped"],
        min: int | None = None,
        max: int | None = None,
        wait: float = 0,
        **filters: Unpack[OtherDeliveryFilters],
    ) -> list[SkippedDelivery]: ...
    def deliveries(
        self, *, min: int | None = None, max: int | None = None, wait: float = 0, **filters: Any
    ) -> list[Delivery] | list[SkippedDelivery]:
        """The attempts so far, oldest first, after waiting up to `wait` seconds for `min` to `max` ended attempts.

        Filters are agent_id, campaign_id, webhook_id, event, event_id, status, attempt, url (with *), fault, since;
        json (a part of the body), headers and query (values with *). Raises AssertionError, with the nearest attempts,
        when there were too few or too many.
        """
        return self._searching.expect("deliveries", filters, min, max, wait)

    def clear_deliveries(self) -> None:
        """Forgets the events, and the attempts that have ended."""
        self._transport.call("DELETE", "deliveries")

    def events(self, **filters: Unpack[EventFilters]) -> list[EmittedEvent]:
        """The events so far, oldest first: `deliveries` has the latest attempt for each webhook that got the event,
        `skipped` has the other webhooks of its agent or campaign with the reasons.

        Filters are agent_id, campaign_id, event, event_id, since.
        """
        return self.search("events", filters)["events"]

    @overload
    def search(
        self, what: Literal["requests"], filters: Mapping[str, object], **waiting: float | None
    ) -> FoundRequests: ...
    @overload
    def search(
        self, what: Literal["deliveries"], filters: Mapping[str, object], **waiting: float | None
    ) -> FoundDeliveries: ...
    @overload
    def search(
        self, what: Literal["events"], filters: Mapping[str, object], **waiting: float | None
    ) -> FoundEvents: ...
    def search(
        self, what: str, filters: Mapping[str, object], **waiting: float | None
    ) -> FoundRequests | FoundDeliveries | FoundEvents:
        """The server's whole answer for `requests`, `deliveries` or `events`: with `satisfied`, `count` and `dropped`.

        `waiting` has min, max and wait.
        """
        return cast(FoundRequests | FoundDeliveries | FoundEvents, self._searching.search(what, filters, **waiting))
