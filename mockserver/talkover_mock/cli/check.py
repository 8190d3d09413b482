"""`talkover-mock check`."""

import click

from talkover_mock.base.words import number_of
from talkover_mock.cli._options import BadFixture, PathType
from talkover_mock.loading.files import load
from talkover_mock.loading.mistakes import FixtureError


@click.command(name="check")
@click.argument("paths", nargs=-1, required=True, type=PathType(), metavar="PATH...")
def command(paths: tuple[str, ...]) -> None:
    """Check fixture files and folders.

    Reports all mistakes at once. If there is a mistake, the exit code is 2.
    """
    try:
        fixture = load(paths)
    except FixtureError as error:
        raise BadFixture(error) from None
    for name, environment in fixture.items():
        baseline = environment.baseline
        agents, webhooks = len(baseline.agents), len(baseline.webhooks)
        click.echo(f"{name}: {number_of(agents, 'agent')}, {number_of(webhooks, 'webhook')}")
