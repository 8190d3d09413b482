"""`mockserver check`."""

import click

from mockserver.api import sections
from mockserver.cli._errors import BadFixture
from mockserver.errors import FixtureError
from mockserver.fixture_files import load


@click.command(name="check")
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
def command(paths: tuple[str, ...]) -> None:
    """Check fixture files and folders; exit code 2 with every mistake when something is wrong."""
    try:
        seed = load(paths, sections())
    except FixtureError as error:
        raise BadFixture(error) from None
    for name, environment in seed.items():
        baseline = environment.baseline
        click.echo(f"{name}: {len(baseline.agents)} agents, {len(baseline.webhooks)} webhooks")
