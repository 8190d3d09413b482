"""`mockserver environments`."""

import click

from mockserver.cli._arguments import refuse_both
from mockserver.cli._remote import Remote, against_server

COLUMNS = ("NAME", "TOKENS", "AGENTS", "ERRORS")


@click.command(name="environments")
@click.option("--open", "opened", metavar="NAME", help="Open an isolated copy under this name; its token is shown.")
@click.option("--close", "closed", metavar="NAME", help="Close an environment that was opened.")
@against_server
def command(remote: Remote, opened: str | None, closed: str | None) -> None:
    """List the environments of a running server, open one, close one."""
    if closed is not None:
        refuse_both("--close", {"--open": opened})
    with remote.client() as client:
        if closed is not None:
            client.close_environment(closed)
        if opened is not None:
            with client.open_environment(opened) as environment:
                found = {"name": environment.name, "token": environment.token}
            return remote.show(found, ("NAME", "TOKEN"), [tuple(found.values())], "")
        environments = client.environments()
    rows = [(each["name"], ", ".join(each["tokens"]) or "any", each["agents"], each["errors"]) for each in environments]
    remote.show(environments, COLUMNS, rows, "")
