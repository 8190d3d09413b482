"""How the command line says what is wrong: a message on standard error and exit code 2."""

import click

from talkover_mock.base.words import number_of
from talkover_mock.loading.mistakes import FixtureError


class BadFixture(click.ClickException):
    """Every mistake on a line of its own, then their number."""

    exit_code = 2

    def __init__(self, error: FixtureError) -> None:
        super().__init__(f"{error}\n{number_of(len(error.mistakes), 'mistake')} in the fixtures")

    def show(self, file: object = None) -> None:
        click.echo(self.message, err=True)
