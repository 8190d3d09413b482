"""`--out`, the file of the commands that learn from an account, and what they print without it."""

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from talkover_mock.cli._options import PathType
from talkover_mock.cli._remote import Failed
from talkover_mock.learning.writing import CannotWrite, check_path, text_of, write


def _checked(_: click.Context, __: click.Parameter, path: Path | None) -> Path | None:
    """Refuses a path before anything is learned. Raises BadParameter."""
    try:
        if path:
            check_path(path)
    except CannotWrite as error:
        raise click.BadParameter(str(error)) from None
    return path


out_option = click.option(
    "--out",
    type=PathType(dir_okay=False, path_type=Path),
    callback=_checked,
    envvar="TALKOVER_MOCK_OUT",
    show_envvar=True,
    metavar="FILE",
    help="Write a fixture to FILE. If listen, import or conformance has written FILE before, adds to it; any other "
    "file that exists is refused.",
)


def keep(
    out: Path | None, document: Mapping[str, Any], notes: Sequence[str] = (), forgotten: Collection[str] = ()
) -> None:
    """Writes the fixture, or prints it where there is no file or it can't be written: nothing that came gets lost.

    The file loses the `forgotten` settings, which an earlier run has learned.
    """
    try:
        if out:
            write(out, document, notes, forgotten)
            click.echo(f"written to {out}", err=True)
        else:
            click.echo(text_of(document, notes), nl=False)
    except CannotWrite as error:
        click.echo(text_of(document, notes), nl=False)
        raise Failed(str(error)) from None
