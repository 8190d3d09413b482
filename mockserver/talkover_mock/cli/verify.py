"""`talkover-mock verify`."""

from typing import Any

import click

from talkover_mock.cli import deliveries, requests
from talkover_mock.cli._options import refuse_both, wait_option, whole
from talkover_mock.cli._remote import Remote, Unexpected, against_server
from talkover_mock.cli._search import What, filters_of

_LOGS: dict[str, Any] = {"requests": requests, "deliveries": deliveries}
_EXAMPLE = "`talkover-mock verify requests method=PATCH 'path=*/toggle' --times 1 --wait 5`"


@click.command(name="verify")
@click.argument("of", type=click.Choice(tuple(_LOGS)))
@click.argument("filters", nargs=-1, metavar="[KEY=VALUE]...")
@click.option("--times", type=whole(0), metavar="N", help="Expect exactly N.")
@click.option("--min", "least", type=whole(0), metavar="N", help="Expect at least N.  [default: 1]")
@click.option("--max", "most", type=whole(0), metavar="N", help="Expect at most N.")
@wait_option("the expected number; with --max or --times 0, the whole time passes")
@against_server
def command(
    remote: Remote,
    of: What,
    filters: tuple[str, ...],
    times: int | None,
    least: int | None,
    most: int | None,
    wait: float,
) -> None:
    """Check the requests or deliveries of a running server.

    Shows the matches; or, if there are too few or too many, the nearest, with exit code 1. The filters are those of
    `talkover-mock requests` and `talkover-mock deliveries`.
    """
    if times is not None:
        refuse_both("--times", {"--min": least, "--max": most})
    log = _LOGS[of]
    wanted = filters_of(filters, log.FILTERS)
    with remote.client() as client:
        try:
            found = client.verify(of, wanted, wait, times=times, min=least, max=most)
        except AssertionError as error:
            raise Unexpected(str(error)) from None
    remote.show(found, log.COLUMNS, [log.row(each) for each in found], f"no {of}")
