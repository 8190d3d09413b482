"""The parts that commands against a running server share: options, the client, output and errors."""

import json
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import wraps
from http import HTTPStatus
from typing import Any

import click
import requests

from talkover_mock.base.addresses import without_password
from talkover_mock.base.words import printable, printable_lines
from talkover_mock.cli._options import filled
from talkover_mock.cli._where import REMEDY, url_option
from talkover_mock.client import MockServer, MockServerError
from talkover_mock.client.errors import NO_ADMIN, NO_MOCK, MissingKey, first_cause


class _Told(click.ClickException):
    """An error whose text may quote a server."""

    def format_message(self) -> str:
        return printable_lines(without_password(self.message))


class Failed(_Told):
    """An error of wrong use, of a refusing server, or of a server that does not answer."""

    exit_code = 2


class Unexpected(_Told):
    """The error of an expectation that was not met."""

    exit_code = 1


@dataclass(frozen=True)
class Output:
    """How to show what a command has found."""

    as_json: bool

    @property
    def prints_json(self) -> bool:
        """True with --json, and when standard output is no terminal."""
        return self.as_json or not sys.stdout.isatty()

    def show(self, data: object, columns: Sequence[str], rows: Sequence[Sequence[object]], empty: str = "") -> None:
        """Prints JSON or a table; `empty` is the text of a table without rows."""
        if self.prints_json:
            click.echo(json.dumps(data, indent=2))
        else:
            click.echo(table(columns, rows) if rows else empty)

    def show_line(self, data: object, line: str) -> None:
        """Prints one row of a growing table, or one line of JSON."""
        click.echo(json.dumps(data) if self.prints_json else line)

    def add_line(self, line: str) -> None:
        """Prints a remark: below a table, or on standard error, so that standard output is JSON alone."""
        click.echo(printable(line), err=self.prints_json)


@dataclass(frozen=True)
class Remote(Output):
    """A running server, and how to show its answers."""

    url: str
    token: str | None

    @contextmanager
    def client(self) -> Iterator[MockServer]:
        """A client whose errors, of the server and of the network, become one message. Raises Failed."""
        try:
            with MockServer(self.url, self.token, admin_token=os.environ.get("TALKOVER_MOCK_ADMIN_TOKEN")) as client:
                yield client
        except MockServerError as error:
            raise Failed(self._refusal(error)) from None
        except (requests.ConnectionError, requests.Timeout) as error:
            raise Failed(f"{self.url} does not answer ({first_cause(error)}); {REMEDY}") from None
        except (requests.RequestException, UnicodeError) as error:
            raise Failed(f"{self.url} can't be asked: {error}") from None
        except ValueError as error:  # of what was given, not of the server
            raise Failed(str(error)) from None

    def _refusal(self, error: MockServerError) -> str:
        """The server's words, or that it has no admin routes."""
        if error.status == HTTPStatus.NOT_FOUND and not error.is_of_admin:
            return f"{self.url} {NO_ADMIN} ({error})"
        return str(error)


json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON, also in a terminal.")


def against_server(command: Callable[..., None]) -> Callable[..., None]:
    """Adds the options of every command against a running server; the command gets them as a `Remote`."""

    @wraps(command)
    def with_remote(url: str, token: str | None, as_json: bool, **options: Any) -> None:
        try:
            command(Remote(as_json, url, token), **options)
        except MissingKey as error:
            raise Failed(f"{NO_MOCK}: {error}") from None
        except KeyError as error:
            raise Failed(f"{NO_MOCK}: a record of {url} lacks the key {error}") from None

    for option in (
        json_option,
        click.option(
            "--token",
            type=filled("a token; without the option, the default environment is meant"),
            envvar="TALKOVER_MOCK_TOKEN",
            metavar="TOKEN",
            show_envvar=True,
            show_default="the default environment",
            help="The token of the environment to act on. The variable TALKOVER_MOCK_ADMIN_TOKEN has the admin token.",
        ),
        url_option,
    ):
        with_remote = option(with_remote)
    return with_remote


def table(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """A table whose columns are as wide as their cells; the last column has no width."""
    lines = [columns, *([cell(value) for value in row] for row in rows)]
    widths = [max(len(line[i]) for line in lines) for i in range(len(columns) - 1)]
    return "\n".join(aligned(line, widths) for line in lines)


def aligned(line: Sequence[str], widths: Sequence[int]) -> str:
    """One line of a table; `widths` are those of all columns but the last."""
    return "  ".join([*map(str.ljust, line, widths), line[-1]]).rstrip()


def cell(value: object) -> str:
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return printable(str(value))
