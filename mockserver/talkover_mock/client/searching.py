"""Searches of an environment's calls and deliveries, and what is expected of them."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, cast

from talkover_mock.client.errors import MockServerError, of_id
from talkover_mock.client.headers import with_headers
from talkover_mock.client.loops import loop_hints
from talkover_mock.client.transport import Transport
from talkover_mock.client.urls import text_of

__tracebackhide__ = True  # pytest shows the test's own line

Document = dict[str, Any]
_NO_FILTERS = ("of", "times", "min", "max", "wait")


class Searching:
    """Searches of one environment."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def search(self, what: str, filters: Mapping[str, object], **waiting: float | None) -> Document:
        """See `MockServer.search`."""
        _check_filters(filters)
        query = {**filters, **waiting}
        found = self._transport.call("GET", what, query=query, longer=waiting.get("wait") or 0)
        return {**found, what: [with_headers(each) for each in found[what]]}

    def part(self, **id: str) -> Document:
        """The agent of the state with this id, or the owner of this webhook. Raises KeyError with the nearest id."""
        query = {key: text_of(value) for key, value in id.items()}
        try:
            part = self._transport.call("GET", "state", query=query)
        except MockServerError as error:
            raise of_id(error) from None
        [found] = part.get("agents") or part["campaigns"]
        return cast(Document, found)

    def verify(self, of: str, filters: Mapping[str, object], wait: float = 0, **bounds: int | None) -> list[Document]:
        """See `MockServer.verify`."""
        _check_filters(filters)
        wanted = {**filters, "of": of, **bounds, "wait": wait}
        try:
            found = self._transport.call("POST", "verify", wanted, longer=wait)
        except MockServerError as error:
            if error.status != HTTPStatus.CONFLICT:
                raise
            too_few = error.problem["count"] < (bounds.get("times") or bounds.get("min") or 0)
            hints = loop_hints() if too_few and (wait or of == "deliveries") else []
            raise AssertionError("\n".join([error.problem["detail"], *hints])) from None
        return [with_headers(each) for each in found[of]]


def _check_filters(filters: object) -> None:
    """Raises TypeError for no dictionary, and for an argument in it, which the argument's own value would replace."""
    if not isinstance(filters, Mapping):
        raise TypeError(f'expected filters as a dictionary, such as {{"path": "*/toggle"}} (got {filters!r:.80})')
    for key in _NO_FILTERS:
        if key in filters:
            raise TypeError(f"{key} is no filter, but an argument of `verify`")
