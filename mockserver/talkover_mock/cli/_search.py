"""The parts that `requests` and `deliveries` share: filters, an expected count, and the message when it is not met."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, cast

import click

from talkover_mock.base.words import brief, near_or_all
from talkover_mock.cli._options import json_value, pairs
from talkover_mock.cli._remote import Remote, Unexpected
from talkover_mock.client import MockServer

What = Literal["requests", "deliveries"]
CONTENT = ("json", "headers", "query")
"""The filters whose values are JSON."""


@dataclass(frozen=True)
class Search:
    """A search of `requests` or `deliveries`: its filters, and how many must match within `wait` seconds."""

    what: What
    filters: Mapping[str, Any]
    wait: float
    count: int | None

    def show(self, remote: Remote, columns: Sequence[str], row: Callable[[Any], Sequence[object]]) -> None:
        """Shows the matches. Raises Unexpected when there are more or fewer than expected."""
        problem = ""
        with remote.client() as client:
            try:
                found = self._expected(client)
            except AssertionError as error:
                problem, found = str(error), self._all(client)
        remote.show(found, columns, [row(each) for each in found], f"no {self.what}")
        if problem:
            raise Unexpected(problem)

    def _expected(self, client: MockServer) -> Sequence[Any]:
        """The matches. Raises AssertionError when there are more or fewer than expected."""
        if self.count is None:
            return self._all(client)
        return client.verify(self.what, self.filters, self.wait, times=self.count)

    def _all(self, client: MockServer) -> Sequence[Any]:
        found: Mapping[str, Any] = client.search(self.what, self.filters)
        return cast(Sequence[Any], found[self.what])


def search_of(what: What, given: Sequence[str], known: Sequence[str], wait: float, count: int | None) -> Search:
    """The search of a command's arguments and options. Raises UsageError."""
    filters = filters_of(given, known, "--expect-count and --wait")
    if wait and count is None:
        raise click.UsageError("--wait needs --expect-count, the number to wait for")
    return Search(what, filters, wait, count)


def filters_of(
    given: Sequence[str], known: Sequence[str], bounds: str = "--times, --min, --max and --wait"
) -> Mapping[str, Any]:
    """The filters of a command's arguments; `known` are the filters with remarks. Raises UsageError."""
    filters, names = pairs(given, "status=404"), [each.partition(" ")[0] for each in known]
    for key in filters:
        if key in ("min", "max", "wait"):
            raise click.UsageError(f"{key} is no filter here; use {bounds}")
        if key not in names:
            raise click.UsageError(f"unknown filter {brief(key)}{near_or_all(key, names)}")
    return {key: json_value(key, value) if key in CONTENT else value for key, value in filters.items()}
