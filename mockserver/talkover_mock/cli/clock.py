"""`talkover-mock clock`."""

import click

from talkover_mock.cli._options import BARE, refuse_both, seconds
from talkover_mock.cli._remote import Remote, against_server


@click.command(name="clock")
@click.option(
    "--freeze",
    is_flag=False,
    flag_value=BARE,
    metavar="[NOW]",
    help="Freeze the clock at a moment such as 2025-09-03T23:19:51Z; without NOW, at the present time.",
)
@click.option(
    "--advance", type=seconds, metavar="SECONDS", help="Advance the clock, and send deliveries that fall due."
)
@click.option("--settle", is_flag=True, help="Advance the clock until every queued delivery has been sent.")
@click.option("--unfreeze", is_flag=True, help="Unfreeze the clock: return to the real time.")
@against_server
def command(remote: Remote, freeze: str | None, advance: float | None, settle: bool, unfreeze: bool) -> None:
    """Show, freeze, advance or unfreeze an environment's clock."""
    if unfreeze:
        refuse_both("--unfreeze", {"--freeze": freeze, "--advance": advance, "--settle": settle or None})
    with remote.client() as client:
        if unfreeze:
            client.unfreeze()
        if freeze is not None:
            client.freeze(None if freeze == BARE else freeze)
        if advance is not None:
            client.advance(advance)
        if settle:
            client.settle()
        clock = client.clock()
    remote.show(clock, ("NOW", "FROZEN"), [(clock["now"], clock["frozen"])], "")
