"""`talkover-mock check`."""

import click

from talkover_mock.base.words import number_of
from talkover_mock.cli._errors import BadFixture
from talkover_mock.loading.files import load
from talkover_mock.loading.mistakes import FixtureError


@click.command(name="check")
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
def command(paths: tuple[str, ...]) -> None:
    """Check fixture files and folders.

    Every mistake is told at once, and the exit code is 2 when there is any.
    """
    try:
        seed = load(paths)
    except FixtureError as error:
        raise BadFixture(error) from None
    for name, environment in seed.items():
        baseline = environment.baseline
        agents, webhooks = len(baseline.agents), len(baseline.webhooks)
        click.echo(f"{name}: {number_of(agents, 'agent')}, {number_of(webhooks, 'webhook')}")
