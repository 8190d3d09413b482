"""The command `talkover-mock`: each subcommand is a module here, imported when it is called; the default port is in
_where.py, the options that commands share in _options.py, how they ask a running server in _remote.py.
It may import every wing; no wing imports it.
A check of the server or an operation on an environment never belongs here: a command reads, asks and prints.
"""

import importlib
import pkgutil
from keyword import iskeyword
from typing import cast

import click

from talkover_mock import __version__
from talkover_mock.base.ending import INTERRUPTED
from talkover_mock.base.words import brief, near_or_all


class _Commands(click.Group):
    """Finds subcommands by the names of modules, so that `check` does not import the server."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(found.name.rstrip("_") for found in pkgutil.iter_modules(__path__) if found.name[0] != "_")

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self.list_commands(ctx):
            return None
        module = f"{cmd_name}_" if iskeyword(cmd_name) else cmd_name
        return cast(click.Command, importlib.import_module(f"{__name__}.{module}").command)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0]
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError:
            ctx.fail(f"no command is named {brief(name)}{near_or_all(name, self.list_commands(ctx))}")

    def invoke(self, ctx: click.Context) -> object:
        """Ends with 2 when the reader of the output has gone, and as any program after Ctrl-C.

        Click ends with 1 then, which is a check that failed.
        """
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            raise SystemExit(click.UsageError.exit_code) from None
        except KeyboardInterrupt:
            raise SystemExit(INTERRUPTED) from None


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="talkover-mock")
def main() -> None:
    """A stand-in for the Talkover webhook API, for integration tests."""
