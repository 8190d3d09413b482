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

        Filters are method, path (with *), status (404, 4xx, none, held), operation, unmatched, fault, by, since, after;
        json (a part of the body), headers and query (values with *). Raises AssertionError, with the nearest calls,
        when there were too few or too many.
        """
        return self._found("requests", filters, min, max, wait)

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
        return self.verify("requests", {"method": method, "path": path, **filters}, wait, times=times)

    def assert_not_requested(
        self, method: str, path: str, *, wait: float = 0, **filters: Unpack[OtherCallFilters]
    ) -> None:
        """Checks that no such call comes for `wait` seconds. Raises AssertionError with the nearest calls."""
        self.verify("requests", {"method": method, "path": path, **filters}, wait, max=0)

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
        return self._found("deliveries", filters, min, max, wait)

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
    def verify(
        self,
        of: Literal["requests"],
        filters: Mapping[str, object],
        wait: float = 0,
        *,
        times: int | None = None,
        min: int | None = None,
        max: int | None = None,
    ) -> list[Request]: ...
    @overload
    def verify(
        self,
        of: Literal["deliveries"],
        filters: Mapping[str, object],
        wait: float = 0,
        *,
        times: int | None = None,
        min: int | None = None,
        max: int | None = None,
    ) -> list[Delivery]: ...
    def verify(
        self,
        of: Literal["requests", "deliveries"],
        filters: Mapping[str, object],
        wait: float = 0,
        *,
        times: int | None = None,
        min: int | None = None,
        max: int | None = None,
    ) -> list[Request] | list[Delivery]:
        """Returns what matches: exactly `times` calls or deliveries, or `min` to `max`, or at least one.

        Waits `wait` seconds at the most: with `times` until there are enough, with `max` or `times=0` the whole time.
        Raises AssertionError, with the nearest.
        """
        return cast(
            list[Request] | list[Delivery],
            self._searching.verify(of, filters, wait, times=times, min=min, max=max),
        )

    def report(self) -> str:
        """What has happened in the environment, as the report of a failing test has it in pytest."""
        return self._transport.text("report", "text/plain")

    def report_sections(self, after: int = 0) -> list[tuple[str, str]]:
        """The titles and the texts of the report; of the calls, those with larger numbers than `after`."""
        found = self._transport.call("GET", "report", query={"format": "json", "after": after})
        return [(each["title"], each["text"]) for each in found["sections"]]

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

    def _found(
        self,
        what: Literal["requests", "deliveries"],
        filters: Mapping[str, object],
        least: int | None,
        most: int | None,
        wait: float,
    ) -> list[Any]:
        if least is None and most is None:
            return cast(list[Any], self._searching.search(what, filters, wait=wait or None)[what])
        return self._searching.verify(what, filters, wait, min=least, max=most)
