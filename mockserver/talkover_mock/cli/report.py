"""`talkover-mock report`."""

import click

from talkover_mock.base.words import printable_lines
from talkover_mock.cli._remote import Remote, against_server


@click.command(name="report")
@against_server
def command(remote: Remote) -> None:
    """Show what has happened at a running server.

    Prints the calls, events, deliveries, faults and a frozen clock, in a pipe too as text: for the log of a failing
    test.
    """
    with remote.client() as client:
        if remote.as_json:
            sections = [{"title": title, "text": text} for title, text in client.report_sections()]
            return remote.show(sections, (), ())
        click.echo(printable_lines(client.report()), nl=False)
