"""`talkover-mock import`."""

from contextlib import closing
from functools import partial
from pathlib import Path

import click

from talkover_mock.base.words import number_of
from talkover_mock.cli._options import filled
from talkover_mock.cli._remote import Failed
from talkover_mock.cli._where import root
from talkover_mock.cli._writing import keep, out_option
from talkover_mock.learning.asking import AskedServer, CannotRun
from talkover_mock.learning.hiding import said
from talkover_mock.learning.importing import Account


@click.command(name="import")
@click.argument("url", callback=root)
@click.option(
    "--token",
    type=filled("a token"),
    required=True,
    envvar="TALKOVER_MOCK_TOKEN",
    metavar="TOKEN",
    show_envvar=True,
    help="The bearer token of the account's environment. It is never printed or written.",
)
@out_option
@click.option("--redact", is_flag=True, help="Replace names, URLs and all other texts too.")
def command(url: str, token: str, out: Path | None, redact: bool) -> None:
    """Make a fixture from an account.

    Reads the agents, the campaigns and their webhooks from the API at URL, with GET only, page by page, and no faster
    than the rate limit allows. What the API does not tell, such as secrets and custom headers, is left out and listed
    at the top of the fixture. Tokens and phone numbers are replaced.
    """
    with closing(AskedServer(url, token, paces=True)) as server:
        server.tell = partial(click.echo, err=True)
        account = Account(server, redacts=redact)
        try:
            document = account.read()
        except CannotRun as error:
            raise Failed(said(str(error), token)) from None
        except KeyboardInterrupt:
            raise Failed("interrupted; nothing is written") from None
    for note in account.notes:
        click.echo(said(note, token), err=True)
    keep(out, document, [said(note, token) for note in account.notes])
    agents, campaigns = document["agents"], document.get("campaigns", [])
    count = sum(len(each["webhooks"]) for each in (*agents, *campaigns))
    counted = [number_of(len(agents), "agent"), number_of(len(campaigns), "campaign"), number_of(count, "webhook")]
    click.echo(", ".join(counted), err=True)
