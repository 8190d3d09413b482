"""`talkover-mock requests`."""

from collections.abc import Mapping
from contextlib import suppress

import click

from talkover_mock.base.shapes.admin import Request
from talkover_mock.cli._options import wait_option, whole
from talkover_mock.cli._remote import Remote, against_server, aligned, cell
from talkover_mock.cli._search import CONTENT, search_of
from talkover_mock.client import MockServer

COLUMNS = ("#", "AT", "METHOD", "STATUS", "MS", "PATH", "REASON")
FILTERS = (
    "method",
    "path (with *)",
    "status (404, 4xx, none or held)",
    "operation",
    "unmatched",
    "fault",
    "by",
    "since",
    "after",
    *CONTENT,
)
"""The filters of the admin route, with remarks for the help."""
_FOLLOW_SECONDS = 5
_WIDTHS = (5, 12, 7, 6, 7, 60)


@click.command(
    name="requests",
    help=f"""Show the API requests that a running server has received.

    Filters are {", ".join(FILTERS)}. The last three are JSON, such as json='{{"enabled": true}}'.
    """,
)
@click.argument("filters", nargs=-1, metavar="[KEY=VALUE]...")
@wait_option("--expect-count")
@click.option("--expect-count", type=whole(0), metavar="N", help="Exit with 1 unless there are exactly N requests.")
@click.option("--follow", is_flag=True, help="Show each request as it comes, until Ctrl-C.")
@against_server
def command(remote: Remote, filters: tuple[str, ...], wait: float, expect_count: int | None, follow: bool) -> None:
    if follow and (wait or expect_count is not None):
        raise click.UsageError("--follow runs until Ctrl-C and does not count; give either --follow or --expect-count")
    wanted = search_of("requests", filters, FILTERS, wait, expect_count)
    if not follow:
        return wanted.show(remote, COLUMNS, row)
    with remote.client() as client:
        _follow(remote, client, wanted.filters)


def _follow(remote: Remote, client: MockServer, filters: Mapping[str, str]) -> None:
    """Shows a line for each request until Ctrl-C, which is the normal end."""
    after: object = filters.get("after", 0)
    last = 0
    with suppress(KeyboardInterrupt):
        while True:
            found = client.search("requests", {**filters, "after": after}, min=1, wait=_FOLLOW_SECONDS)
            for each in found["requests"]:
                after = last = each["number"]
                remote.show_line(each, aligned([cell(value) for value in row(each)], _WIDTHS))
            if last and not found["satisfied"] and not client.search("requests", {"after": last - 1})["requests"]:
                after = last = 0  # a reset: numbers begin again


def row(exchange: Request) -> tuple[object, ...]:
    """A request as a row of the table."""
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
