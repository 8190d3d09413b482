"""Searches of an environment's calls and deliveries, and the error when they find too few or too many."""

from collections.abc import Mapping
from typing import Any, cast

from talkover_mock.client.errors import MockServerError, of_id
from talkover_mock.client.expectations import expected, folded, loop_hints, nearest
from talkover_mock.client.headers import with_headers
from talkover_mock.client.transport import Transport

__tracebackhide__ = True  # pytest shows the test's own line

Document = dict[str, Any]
_MOST_HINTS = 10


class Searching:
    """Searches of one environment."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def search(self, what: str, filters: Mapping[str, object], **waiting: float | None) -> Document:
        """See `MockServer.search`."""
        query = {**filters, **waiting}
        found = self._transport.call("GET", what, query=query, longer=waiting.get("wait") or 0)
        return {**found, what: [with_headers(each) for each in found[what]]}

    def part(self, **id: str) -> Document:
        """The agent of the state with this id, or the owner of this webhook. Raises KeyError with the nearest id."""
        try:
            [[found]] = self._transport.call("GET", "state", query=id).values()
        except MockServerError as error:
            raise of_id(error) from None
        return cast(Document, found)

    def expect(
        self,
        what: str,
        filters: Mapping[str, object],
        least: int | None,
        most: int | None,
        wait: float,
        soon: bool = False,
    ) -> list[Any]:
        """The `least` to `most` matching requests or deliveries. Raises AssertionError for another number.

        With `soon`, the wait ends at `least` matches; otherwise a wait with `most` takes the whole time, to see that
        no more come.
        """
        found = self.search(what, filters, min=least, max=None if soon else most, wait=wait or None)
        if not found["satisfied"] or (most is not None and found["count"] > most):
            wanted = expected(what, filters, least, most, wait)
            near = nearest(what, filters, self.search(what, {})[what])
            too_few = found["count"] < (least or 0)
            hints = self._hints(filters, found) if what == "deliveries" and too_few else []
            if what == "requests" and too_few and wait:
                hints = loop_hints()
            raise AssertionError("\n".join([f"expected {wanted}, got {found['count']}; {near}", *hints]))
        return cast(list[Any], found[what])

    def _hints(self, filters: Mapping[str, object], found: Document) -> list[str]:
        """Likely reasons for too few deliveries."""
        about = {key: filters.get(key) for key in ("agent_id", "campaign_id", "event", "event_id")}
        about = {key: value for key, value in about.items() if key != "event" or value != "webhook.test"}
        events = self.search("events", about)["events"] if not found["count"] else []
        hints = folded(
            f"webhook {each['webhook_id']} was skipped: {each['reason']}"
            for event in events
            for each in event["skipped"]
            if filters.get("webhook_id") in (None, each["webhook_id"])
        )
        hints = [*hints[-_MOST_HINTS:], *loop_hints()]
        if self._transport.call("GET", "clock")["frozen"]:
            hints.append("the clock is frozen: advance(seconds) sends what falls due on the way")
        return hints
