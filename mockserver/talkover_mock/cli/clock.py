"""`talkover-mock clock`."""

import click

from talkover_mock.cli._arguments import refuse_both
from talkover_mock.cli._numbers import seconds
from talkover_mock.cli._remote import Remote, against_server


@click.command(name="clock")
@click.option("--freeze", "moment", metavar="NOW", help="Stand still, at 2025-09-03T23:19:51Z or at `now`.")
@click.option("--advance", type=seconds, metavar="SECONDS", help="Move on, and send every delivery that falls due.")
@click.option("--release", is_flag=True, help="Back to the real time.")
@against_server
def command(remote: Remote, moment: str | None, advance: float | None, release: bool) -> None:
    """Show an environment's clock, freeze it, move it, let it go."""
    if release:
        refuse_both("--release", {"--freeze": moment, "--advance": advance})
    with remote.client() as client:
        if release:
            client.unfreeze()
        if moment is not None:
            client.freeze(None if moment == "now" else moment)
        if advance is not None:
            client.advance(advance)
        clock = client.clock()
    remote.show(clock, ("NOW", "FROZEN"), [(clock["now"], clock["frozen"])], "")
