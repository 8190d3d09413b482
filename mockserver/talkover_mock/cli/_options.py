"""Options and arguments: the types of their values, how they are read, and how a mistake in them is reported."""

from __future__ import annotations

import json
import math
import os
import re
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

import click

from talkover_mock.base.addresses import LAST_PORT, check_host
from talkover_mock.base.contents import A_JSON_VALUE, each_once, is_json
from talkover_mock.base.words import brief, number_of

if TYPE_CHECKING:
    from talkover_mock.loading.mistakes import FixtureError

Command = TypeVar("Command", bound=Callable[..., Any])

_HOST = re.compile(r"[a-z0-9._-]+|[0-9a-f:]*:[0-9a-f:.]*:[0-9a-f:.]*")
BARE = "\0"
"""The value of an option that was given without its optional value: no argument can hold this character."""


class BadFixture(click.ClickException):
    """Mistakes in fixtures: the first 100, one a line on standard error, then the number of all."""

    exit_code = 2

    def __init__(self, error: FixtureError) -> None:
        super().__init__(f"{error}\n{number_of(error.count, 'mistake')} in the fixtures")

    def show(self, file: object = None) -> None:
        click.echo(self.message, err=True)


def whole(least: int, most: int | None = None) -> Callable[[str], int]:
    """An option type for whole numbers in a range; the type raises BadParameter."""
    expected = f"a whole number, {least} or more" if most is None else f"a number from {least} to {most}"

    def number(text: str) -> int:
        try:
            found = int(text)
        except ValueError:
            found = least - 1
        if found < least or (most is not None and found > most):
            raise click.BadParameter(f"expected {expected} (got {brief(text)})")
        return found

    return number


class PathType(click.Path):
    """A path. The empty text is none: a variable that a shell left empty never stands for the current folder."""

    def convert(
        self, value: str | os.PathLike[str], param: click.Parameter | None, ctx: click.Context | None
    ) -> str | bytes | os.PathLike[str]:
        if value == "":
            wanted = 'a path; "." is the current folder' if self.dir_okay else "the path of a file"
            self.fail(f'expected {wanted} (got "")', param, ctx)
        return super().convert(value, param, ctx)


def filled(expected: str) -> Callable[[str], str]:
    """An option type for texts. The empty one is none: a variable that a shell left empty never stands for a default.

    The type raises BadParameter.
    """

    def text(given: str) -> str:
        if not given:
            raise click.BadParameter(f'expected {expected} (got "")')
        return given

    return text


open_option = click.option(
    "--open",
    "opened",
    type=filled("a name"),
    metavar="NAME",
    help="Open an isolated copy under this name, and print its token.",
)


def host_to_listen_on(text: str) -> str:
    """An option type for hosts to listen on; raises BadParameter."""
    try:
        check_host(text)
    except ValueError as error:
        raise click.BadParameter(str(error)) from None
    return text


def host_names(_: click.Context, __: click.Parameter, values: tuple[str, ...]) -> tuple[str, ...]:
    """The hosts of an option that may be repeated. Raises BadParameter."""
    return tuple(map(host_name, values))


def host_name(text: str) -> str:
    """A host as URLs name it: in lower case, without scheme, port or path. Raises BadParameter."""
    host = text.strip("[]").lower().rstrip(".")
    if not _HOST.fullmatch(host):
        several = "; for several, repeat the option, or put spaces between them in the variable" if "," in text else ""
        detail = f"{brief(text)} is no host; give a name or an address alone, such as example.com{several}"
        raise click.BadParameter(detail)
    return host


def port_number(text: str) -> int:
    """An option type for ports; raises BadParameter."""
    return whole(0, LAST_PORT)(text)


class PortOption(click.Option):
    """The option --port. Its variable may be no port: Kubernetes sets it to the address of a service of that name."""

    def resolve_envvar_value(self, ctx: click.Context) -> str | None:
        """The value of the variable; None for an address, which counts as unset."""
        return port_or_none(super().resolve_envvar_value(ctx))


def port_or_none(value: str | None) -> str | None:
    """The value of the port's variable; None if it is unset, empty, or an address such as `tcp://10.0.0.1:7357`."""
    return None if not value or "://" in value else value


def seconds(text: str) -> float:
    """An option type for spans of time; raises BadParameter. The server refuses a span that is too long."""
    try:
        found = float(text)
    except ValueError:
        found = math.nan
    if not math.isfinite(found):
        raise click.BadParameter(f"expected a number of seconds (got {brief(text)})")
    return found


def seconds_to_wait(text: str) -> float:
    """An option type for a wait, which may be 0; raises BadParameter."""
    found = seconds(text)
    if found < 0:
        raise click.BadParameter(f"expected a number of seconds, 0 or more (got {brief(text)})")
    return found


def utf8_secret(_: click.Context, __: click.Parameter, secret: str | None) -> str | None:
    """The secret as the API keeps it, which trims texts: one that was read from a file may end with a line break.

    Refuses one that no signature can be made with. Raises BadParameter.
    """
    secret = (secret or "").strip()
    try:
        secret.encode()
    except UnicodeError:
        raise click.BadParameter("the secret is not UTF-8") from None
    return secret or None


def refuse_both(one: str, others: Mapping[str, object]) -> None:
    """Refuses options that contradict the option `one`, which was given; None is an option that was not given.

    Raises UsageError.
    """
    for other, value in others.items():
        if value is not None:
            raise click.UsageError(f"{one} and {other} contradict each other; give one, or run the command twice")


def pairs(given: Sequence[str], example: str) -> dict[str, str]:
    """Reads arguments of the form `key=value`, such as `example`. Raises UsageError."""
    found = {}
    for each in given:
        key, equals, value = each.partition("=")
        if not (key and equals):
            raise click.UsageError(f"expected key=value, such as {example} (got {brief(each)})")
        if key in found:
            raise click.UsageError(f"{key} is given twice")
        found[key] = value
    return found


def wait_option(what: str, default: float = 0) -> Callable[[Command], Command]:
    """`--wait`: how many seconds a command waits for something."""
    shown = f"{default:g}" if default else None
    help = f"The longest time to wait for {what}."
    return click.option(
        "--wait", type=seconds_to_wait, default=default, show_default=shown, metavar="SECONDS", help=help
    )


def json_value(name: str, text: str | None) -> Any:
    """The value of an option that is JSON. Raises BadParameter."""
    try:
        found = None if text is None else json.loads(text, object_pairs_hook=each_once, parse_constant=_no_number)
        is_fit = is_json(found)
    except ValueError as error:
        raise click.BadParameter(f'expected JSON, such as \'{{"id": "call-1"}}\': {error}', param_hint=name) from None
    except RecursionError:
        is_fit = False
    if not is_fit:
        raise click.BadParameter(f"expected {A_JSON_VALUE} (got {brief(text)})", param_hint=name)
    return found


def _no_number(text: str) -> NoReturn:
    """Raises ValueError for NaN and Infinity, which Python reads and JSON does not have."""
    raise ValueError(f"JSON has no {text}")
