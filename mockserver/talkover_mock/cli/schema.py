"""`talkover-mock schema`."""

import json

import click

from talkover_mock.loading.schema import fixture_schema


@click.command(name="schema")
def command() -> None:
    """Print the JSON Schema of fixture files.

    With the schema, editors complete and check fixtures.
    """
    click.echo(json.dumps(fixture_schema(), indent=2))
