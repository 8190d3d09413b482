"""`mockserver serve`."""

import errno
import gc
import re
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime, timezone
from pathlib import Path
from types import FrameType

import click
from flask import Flask

from mockserver.admin.guard import Guard
from mockserver.api import sections
from mockserver.app import create_app
from mockserver.cli._errors import BadFixture
from mockserver.errors import FixtureError
from mockserver.fixture_files import default_fixture, load
from mockserver.seed import Seed
from mockserver.server import Server
from mockserver.world import MOST_KEPT, World

_HOST = re.compile(r"[a-z0-9._-]+|[0-9a-f:]*:[0-9a-f:.]*:[0-9a-f:.]*")


def _host_names(_: click.Context, __: click.Parameter, values: tuple[str, ...]) -> tuple[str, ...]:
    """Hosts as the URLs of webhooks name them: in lower case, without scheme, port or path."""
    hosts = tuple(value.strip("[]").lower().rstrip(".") for value in values)
    for value, host in zip(values, hosts, strict=True):
        if not _HOST.fullmatch(host):
            raise click.BadParameter(f"{value!r} is no host; give a name or an address alone, such as example.com")
    return hosts


@click.command(name="serve")
@click.option(
    "--fixtures",
    multiple=True,
    type=click.Path(),  # several in the variable are separated as in PATH
    metavar="PATH",
    envvar="MOCKSERVER_FIXTURES",
    help="A fixture file or a folder of them; may be repeated.  [default: the built-in one]",
)
@click.option("--host", default="127.0.0.1", envvar="MOCKSERVER_HOST", show_default=True, help="Address to listen on.")
@click.option(
    "--port",
    default=7357,
    type=click.IntRange(0, 65535),
    envvar="MOCKSERVER_PORT",
    show_default=True,
    help="Port to listen on; 0 picks a free one.",
)
@click.option(
    "--port-file",
    type=click.Path(dir_okay=False, path_type=Path),
    envvar="MOCKSERVER_PORT_FILE",
    help="Write the port to this file once the server is ready.",
)
@click.option(
    "--admin-token",
    envvar="MOCKSERVER_ADMIN_TOKEN",
    metavar="TOKEN",
    help="Ask for this token in X-Mockserver-Admin-Token on the admin routes.",
)
@click.option("--no-admin", is_flag=True, envvar="MOCKSERVER_NO_ADMIN", help="Serve the API without the admin routes.")
@click.option(
    "--allow-host",
    multiple=True,
    metavar="NAME",
    envvar="MOCKSERVER_ALLOW_HOST",
    help="A further host name under which the admin routes answer; may be repeated, * is any.",
)
@click.option(
    "--deliver-to",
    multiple=True,
    callback=_host_names,
    metavar="HOST",
    envvar="MOCKSERVER_DELIVER_TO",
    help="A host beyond this machine and its neighbours that deliveries really go to; may be repeated.",
)
@click.option(
    "--keep",
    default=MOST_KEPT,
    type=click.IntRange(1),
    envvar="MOCKSERVER_KEEP",
    show_default=True,
    help="How many deliveries each environment keeps.",
)
def command(
    fixtures: tuple[str, ...],
    host: str,
    port: int,
    port_file: Path | None,
    admin_token: str | None,
    no_admin: bool,
    allow_host: tuple[str, ...],
    deliver_to: tuple[str, ...],
    keep: int,
) -> None:
    """Serve the API. The URL is the one line on standard output, written when it answers."""
    _on_signal(lambda *_: sys.exit(0))
    _remove(port_file)  # one that a crash left would name a port before there is a server
    world = World(_load(fixtures), sections(), deliver_to=deliver_to, most_kept=keep)
    guard = None if no_admin else Guard(host, allow_host, admin_token)
    server = _listen(create_app(world, guard, _log, admin_at_once=False), host, port)
    _on_signal(lambda *_: server.stop_soon())
    try:
        with _port_in(port_file, server.port):
            click.echo(server.url)
            gc.freeze()  # what is loaded stays: no later collection need walk it
            server.serve()
    finally:
        server.stop()


def _on_signal(handler: Callable[[int, FrameType | None], object]) -> None:
    signal.signal(signal.SIGTERM, handler)
    signal.signal(signal.SIGINT, handler)


def _load(fixtures: Sequence[str]) -> Seed:
    try:
        return load(fixtures or [default_fixture()], sections())
    except FixtureError as error:
        raise BadFixture(error) from None


def _listen(app: Flask, host: str, port: int) -> Server:
    try:
        return Server(app, host, port, _log)
    except OSError as error:
        hint = "; --port 0 picks a free one" if error.errno == errno.EADDRINUSE else ""
        what = (error.strerror or str(error)).partition(" (while attempting")[0]
        raise click.UsageError(f"can't listen on {host}:{port}: {what}{hint}") from None


@contextmanager
def _port_in(port_file: Path | None, port: int) -> Iterator[None]:
    """The port file for as long as the server runs."""
    if port_file is None:
        yield
        return
    _write_whole(port_file, f"{port}\n")
    try:
        yield
    finally:
        _remove(port_file)


def _write_whole(path: Path, text: str) -> None:
    """The file appears whole: who waits for it never reads half of it."""
    unfinished = path.parent / f"{path.name}.part"
    try:
        unfinished.write_text(text)
        unfinished.replace(path)
    except OSError as error:
        _remove(unfinished)
        raise click.UsageError(f"can't write the port file {path}: {error.strerror}") from None


def _remove(path: Path | None) -> None:
    if path:
        with suppress(OSError):
            path.unlink()


def _log(line: str) -> None:
    moment = datetime.now(timezone.utc).isoformat(timespec="milliseconds")[:-6]
    with suppress(OSError):  # whoever read the log has gone; answers go on
        sys.stderr.write(f"{moment}Z {line}\n")
