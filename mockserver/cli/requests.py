"""`mockserver requests`."""

from contextlib import suppress
from typing import Any

import click

from mockserver.cli._numbers import seconds, whole
from mockserver.cli._remote import Remote, against_server, aligned, cell, check_count, counted, search_filters
from mockserver.client import MockServer

COLUMNS = ("#", "AT", "METHOD", "STATUS", "MS", "PATH", "REASON")
_FOLLOW_SECONDS = 5
_WIDTHS = (5, 12, 7, 6, 7, 60)


@click.command(name="requests")
@click.argument("filters", nargs=-1, metavar="[KEY=VALUE]...")
@click.option("--wait", type=seconds, default=0, metavar="SECONDS", help="Wait so long for --expect-count of them.")
@click.option("--expect-count", type=whole(0), metavar="N", help="Exit with 1 unless there are exactly N.")
@click.option("--follow", is_flag=True, help="Go on and show each request as it comes, until Ctrl-C.")
@against_server
def command(remote: Remote, filters: tuple[str, ...], wait: float, expect_count: int | None, follow: bool) -> None:
    """Show the API requests that a running server has got.

    Filters are method, path (with *), status (404 or 4xx), operation, unmatched, fault, since, after.
    """
    if follow and (wait or expect_count is not None):
        raise click.UsageError("--follow goes on until Ctrl-C, and does not count; leave it out to --expect-count")
    wanted = search_filters(filters, wait, expect_count)
    with remote.client() as client:
        if follow:
            return _follow(remote, client, wanted)
        found = client.search("requests", wanted, **counted(expect_count), wait=wait)
    remote.show(found["requests"], COLUMNS, [_row(each) for each in found["requests"]], "no requests")
    check_count(expect_count, "requests", found)


def _follow(remote: Remote, client: MockServer, filters: dict[str, str]) -> None:
    """A line for each, until Ctrl-C, which is how it is meant to end."""
    after: object = filters.get("after", 0)
    last = 0
    with suppress(KeyboardInterrupt):
        while True:
            found = client.search("requests", {**filters, "after": after}, min=1, wait=_FOLLOW_SECONDS)
            for each in found["requests"]:
                after = last = each["number"]
                remote.show_line(each, aligned([cell(value) for value in _row(each)], _WIDTHS))
            if last and not found["satisfied"] and not client.search("requests", {"after": last - 1})["requests"]:
                after = last = 0  # a reset: numbers begin again


def _row(exchange: dict[str, Any]) -> tuple[object, ...]:
    milliseconds = f"{exchange['duration_ms']:.1f}"
    return (
        exchange["number"],
        exchange["at"][11:23],
        exchange["method"],
        exchange["status"],
        milliseconds,
        exchange["path"],
        exchange["reason"] or "",
    )
