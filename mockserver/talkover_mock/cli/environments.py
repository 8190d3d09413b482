"""`talkover-mock environments`."""

from typing import Any

import click

from talkover_mock.base.shapes.admin import Environment
from talkover_mock.base.words import brief
from talkover_mock.cli._options import open_option, refuse_both
from talkover_mock.cli._remote import Failed, Remote, against_server
from talkover_mock.client import MockServer, MockServerError

COLUMNS = ("NAME", "STATE", "TOKENS", "AGENTS", "ERRORS", "TITLE")


@click.command(name="environments")
@open_option
@click.option("--close", "closed", metavar="NAME", help="Close the opened environment with this name.")
@click.option("--find", metavar="TEXT", help="List only environments with this text in their name or title.")
@against_server
def command(remote: Remote, opened: str | None, closed: str | None, find: str | None) -> None:
    """List, open or close environments of a running server."""
    if closed is not None:
        refuse_both("--close", {"--open": opened, "--find": find})
    if opened is not None:
        refuse_both("--open", {"--find": find})
    with remote.client() as client:
        if closed is not None:
            _close(client, closed)
        if opened is not None:
            with client.open_environment(opened) as environment:
                found = {"name": environment.name, "token": environment.token}
            return remote.show(found, ("NAME", "TOKEN"), [tuple(found.values())], "")
        environments = client.environments(find)
    empty = f"no environment has {brief(find)} in its name or title"
    remote.show(environments, COLUMNS, [_row(each) for each in environments], empty)


def _row(environment: Environment) -> tuple[object, ...]:
    named: dict[str, Any] = {
        **environment,
        "tokens": ", ".join(environment["tokens"]) or "any",
        "title": environment["title"] or "",
    }
    return tuple(named[column.lower()] for column in COLUMNS)


def _close(client: MockServer, name: str) -> None:
    """Closes an environment. Raises Failed for an unknown name, in the words of the command line."""
    try:
        client.close_environment(name)
    except MockServerError as error:
        if error.problem.get("title") != "No such environment":
            raise
        raise Failed(f"no environment is named {brief(name)}; `talkover-mock environments` lists them") from None
