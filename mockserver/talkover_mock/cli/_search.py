"""The parts that `requests` and `deliveries` share: filters, an expected count, and the message when it is not met."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import click

from talkover_mock.base.words import brief, near_or_all
from talkover_mock.cli._options import json_value, pairs
from talkover_mock.cli._remote import Remote, Unexpected
from talkover_mock.client import MockServer
from talkover_mock.client.expectations import expected, nearest

Searched = Literal["requests", "deliveries"]
CONTENT = ("json", "headers", "query")
"""The filters whose values are JSON."""


@dataclass(frozen=True)
class Search:
    """A search of `requests` or `deliveries`: its filters, and how many must match within `wait` seconds."""

    what: Searched
    filters: Mapping[str, Any]
    wait: float
    count: int | None

    def show(self, remote: Remote, columns: Sequence[str], row: Callable[[Any], Sequence[object]]) -> None:
        """Shows the matches. Raises Unexpected when there are more or fewer than expected."""
        with remote.client() as client:
            found: Mapping[str, Any] = client.search(self.what, self.filters, **self._bounds(), wait=self.wait)
            problem = self._problem(client, found["count"])
        remote.show(found[self.what], columns, [row(each) for each in found[self.what]], f"no {self.what}")
        if problem:
            raise Unexpected(problem)

    def _bounds(self) -> dict[str, int]:
        """The bounds that make the server wait: until the count is reached, or, for 0, until the time is up."""
        if self.count is None:
            return {}
        return {"min": self.count} if self.count else {"max": 0}

    def _problem(self, client: MockServer, got: int) -> str:
        """The message of an unexpected count, in the words of the pytest fixture; empty for the expected count."""
        if self.count in (None, got):
            return ""
        wanted = expected(self.what, self.filters, self.count, self.count, self.wait)
        every: Mapping[str, Any] = client.search(self.what, {})
        return f"expected {wanted}, got {got}; {nearest(self.what, self.filters, every[self.what])}"


def search_of(what: Searched, given: Sequence[str], known: Sequence[str], wait: float, count: int | None) -> Search:
    """The search of a command's arguments and options; `known` are the filters with remarks. Raises UsageError."""
    filters, names = pairs(given, "status=404"), [each.partition(" ")[0] for each in known]
    for key in filters:
        if key in ("min", "max", "wait"):
            raise click.UsageError(f"{key} is no filter here; use --expect-count and --wait")
        if key not in names:
            raise click.UsageError(f"unknown filter {brief(key)}{near_or_all(key, names)}")
    wanted = {key: json_value(key, value) if key in CONTENT else value for key, value in filters.items()}
    if wait and count is None:
        raise click.UsageError("--wait waits for the number that --expect-count gives")
    return Search(what, wanted, wait, count)
