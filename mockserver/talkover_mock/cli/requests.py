"""`talkover-mock requests`."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from time import monotonic
from typing import Literal

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
_FOLLOW_SECONDS = 1
_EARLY = 0.9
"""The part of a wait before whose end only a reset ends it."""
_LASTING: Sequence[Literal["number", "at", "method", "path"]] = ("number", "at", "method", "path")
"""What a request has from its beginning on."""
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
    """Shows a line for each request until Ctrl-C, which is the normal end.

    A reset begins a new journal, whose numbers begin again: it is then shown from its first request on.
    """
    after: object = filters.get("after", 0)
    latest: Request | None = None
    with suppress(KeyboardInterrupt):
        while True:
            began = monotonic()
            found = client.search("requests", {**filters, "after": after}, min=1, wait=_FOLLOW_SECONDS)
            is_early = not found["satisfied"] and monotonic() - began < _FOLLOW_SECONDS * _EARLY
            came = new = found["requests"]
            rest = client.search("requests", {"after": latest["number"] - 1})["requests"] if latest else new
            if is_early or (latest and not _goes_on(rest, latest)):
                after = 0
                new = rest = client.search("requests", {**filters, "after": after})["requests"]
                came = [*(each for each in came if not any(_are_same(each, other) for other in new)), *new]
            for each in came:
                remote.show_line(each, aligned([cell(value) for value in row(each)], _WIDTHS))
            after = new[-1]["number"] if new else after
            latest = rest[-1] if rest else None


def _goes_on(rest: Sequence[Request], latest: Request) -> bool:
    """Whether the journal is that of `latest`, where `rest` begins, or behind it if it is kept no longer."""
    return bool(rest) and (rest[0]["number"] > latest["number"] or _are_same(rest[0], latest))


def _are_same(one: Request, other: Request) -> bool:
    """Whether both are one request, which may have ended meanwhile. On a frozen clock only their durations differ."""
    has_ended = not (one["under_way"] or other["under_way"])
    is_other = has_ended and one["duration_ms"] != other["duration_ms"]
    return not is_other and all(one[key] == other[key] for key in _LASTING)


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
