"""`talkover-mock reset`."""

import click

from talkover_mock.cli._remote import Remote, against_server


@click.command(name="reset")
@against_server
def command(remote: Remote) -> None:
    """Reset an environment to its baseline.

    That is usually the state in its fixture. Requests, deliveries, faults and the time of the clock go; snapshots stay.
    """
    with remote.client() as client:
        done = client.reset()
    remote.show_line(done, f"reset environment {done['environment']}")
    if "note" in done:
        remote.add_line(done["note"])
