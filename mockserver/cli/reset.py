"""`mockserver reset`."""

import click

from mockserver.cli._remote import Remote, against_server


@click.command(name="reset")
@against_server
def command(remote: Remote) -> None:
    """Bring an environment of a running server back to its fixture."""
    with remote.client() as client:
        client.reset()
    remote.show_line({"reset": True}, "reset")
