"""`talkover-mock serve`."""

import errno
import gc
import os
import signal
import socket
import sys
from asyncio import AbstractEventLoop
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from functools import partial
from pathlib import Path
from types import FrameType

import click
from click.core import ParameterSource

from talkover_mock.admin.guard import Guard
from talkover_mock.api.app import ApiApplication
from talkover_mock.app import create_wsgi_app
from talkover_mock.base.ending import ending_signals
from talkover_mock.base.words import brief
from talkover_mock.cli._log import LogWriter
from talkover_mock.cli._options import (
    BadFixture,
    PathType,
    PortOption,
    host_name,
    host_names,
    host_to_listen_on,
    port_number,
    whole,
)
from talkover_mock.cli._port_file import forget_stale, port_in
from talkover_mock.cli._watch import Watch, not_in_use
from talkover_mock.cli._where import DEFAULT_PORT
from talkover_mock.environments.world import MOST_KEPT, World
from talkover_mock.loading.files import FixtureFiles, default_fixture
from talkover_mock.loading.fixture import Fixture
from talkover_mock.loading.mistakes import FixtureError
from talkover_mock.web.origins import allowable
from talkover_mock.web.request_log import Log
from talkover_mock.web.server import Server, raise_file_limit


def _host_names_or_any(_: click.Context, __: click.Parameter, values: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(value if value == "*" else host_name(value) for value in values)


def _origins(_: click.Context, __: click.Parameter, values: tuple[str, ...]) -> tuple[str, ...]:
    """Origins as browsers send them: scheme, host and port, without a path. Raises BadParameter."""
    return tuple(map(_origin, values))


def _origin(value: str) -> str:
    """`*`, `null` or an origin. Raises BadParameter."""
    origin = allowable(value)
    if origin is None:
        raise click.BadParameter(f"{brief(value)} is no origin; give one such as https://app.example.com:8443")
    return origin


def _token(_: click.Context, __: click.Parameter, value: str | None) -> str | None:
    """Refuses a token that no header can carry. An empty variable means that no token is asked for.

    Raises BadParameter, which does not repeat the token: messages are kept in logs.
    """
    if value is not None and not value.strip():
        raise click.BadParameter(f"expected a token; without the option none is asked for (got {brief(value)})")
    if value is not None and not (value.isascii() and value.isprintable() and value == value.strip()):
        raise click.BadParameter("a header can't carry this token; give visible ASCII, without a space at its ends")
    return value


@click.command(name="serve")
@click.argument("paths", nargs=-1, metavar="[PATH]...", type=PathType())
@click.option(
    "--fixtures",
    multiple=True,
    type=PathType(),
    metavar="PATH",
    envvar="TALKOVER_MOCK_FIXTURES",
    show_envvar=True,
    show_default="the built-in fixture",
    help="A fixture file or folder, as PATH; may be repeated. PATH and --fixtures replace the variable, "
    f"in which {os.pathsep!r} separates several paths.",
)
@click.option(
    "--watch",
    is_flag=True,
    envvar="TALKOVER_MOCK_WATCH",
    show_envvar=True,
    help="Load fixtures again when their files change. A changed environment follows at its next reset.",
)
@click.option(
    "--host",
    default="127.0.0.1",
    type=host_to_listen_on,
    metavar="HOST",
    envvar="TALKOVER_MOCK_HOST",
    show_envvar=True,
    show_default=True,
    help="Address to listen on.",
)
@click.option(
    "--port",
    cls=PortOption,
    default=DEFAULT_PORT,
    type=port_number,
    metavar="PORT",
    envvar="TALKOVER_MOCK_PORT",
    show_envvar=True,
    show_default=True,
    help="Port to listen on; 0 picks a free one.",
)
@click.option(
    "--port-file",
    type=PathType(dir_okay=False, path_type=Path),
    envvar="TALKOVER_MOCK_PORT_FILE",
    show_envvar=True,
    help="Write the port to this file when the server is ready.",
)
@click.option(
    "--admin-token",
    callback=_token,
    metavar="TOKEN",
    envvar="TALKOVER_MOCK_ADMIN_TOKEN",
    show_envvar=True,
    help="Admin requests must have this token in X-Mockserver-Admin-Token. An empty variable counts as unset.",
)
@click.option(
    "--no-admin",
    is_flag=True,
    envvar="TALKOVER_MOCK_NO_ADMIN",
    show_envvar=True,
    help="Serve the API without the admin routes.",
)
@click.option(
    "--allow-host",
    multiple=True,
    callback=_host_names_or_any,
    metavar="NAME",
    envvar="TALKOVER_MOCK_ALLOW_HOST",
    show_envvar=True,
    help="Answer admin requests under this host name too; may be repeated, * allows any name. "
    "In the variable, spaces separate several names.",
)
@click.option(
    "--allow-origin",
    multiple=True,
    callback=_origins,
    metavar="ORIGIN",
    envvar="TALKOVER_MOCK_ALLOW_ORIGIN",
    show_envvar=True,
    help="Let web pages of this foreign origin call the API as other clients do; may be repeated, * allows any origin. "
    "Other foreign pages get copies of the environments. In the variable, spaces separate several origins.",
)
@click.option(
    "--deliver-to",
    multiple=True,
    callback=host_names,
    metavar="HOST",
    envvar="TALKOVER_MOCK_DELIVER_TO",
    show_envvar=True,
    help="Really deliver to this host outside the machine and its network; may be repeated. "
    "In the variable, spaces separate several hosts.",
)
@click.option(
    "--mask-tokens",
    is_flag=True,
    envvar="TALKOVER_MOCK_MASK_TOKENS",
    show_envvar=True,
    help="Mask the tokens of calls in the journal and on the page too. The log always masks them.",
)
@click.option(
    "--keep",
    default=MOST_KEPT,
    type=whole(1),
    metavar="N",
    envvar="TALKOVER_MOCK_KEEP",
    show_envvar=True,
    show_default=True,
    help="The number of requests, and of deliveries, that each environment keeps.",
)
def command(
    paths: tuple[str, ...],
    fixtures: tuple[str, ...],
    watch: bool,
    host: str,
    port: int,
    port_file: Path | None,
    admin_token: str | None,
    no_admin: bool,
    allow_host: tuple[str, ...],
    allow_origin: tuple[str, ...],
    deliver_to: tuple[str, ...],
    mask_tokens: bool,
    keep: int,
) -> None:
    """Serve the API with the fixture files and folders PATH.

    When the server answers, its URL is the only line on standard output.
    """
    forget_stale(port_file, host)
    files = FixtureFiles(_given(paths, fixtures) or [default_fixture()])
    make = partial(World, deliver_to=deliver_to, most_kept=keep, mask_tokens=mask_tokens)
    world = _load(files, make)
    asked = Guard(host, allow_host, admin_token, allow_origin)
    guard = None if no_admin else asked
    log = LogWriter()
    watching = Watch(world, files, log.write) if watch else None
    world.catch_up = (lambda: watching.look(again=True)) if watching else (lambda: not_in_use(files))
    raise_file_limit()
    server = _listen(create_wsgi_app(world, guard, log.write, asked.origins), host, port, log.write)
    world.own_ports.add(server.port)
    _on_signal(lambda *_: server.stop_soon())
    try:
        with _woken_by_signals(server.loop), port_in(port_file, server.port), watching or nullcontext():
            _tell(server.url)
            if guard and sys.stderr.isatty():
                click.echo(f"{server.url}/__admin/ is the page; Ctrl-C ends it", err=True)
            gc.freeze()  # loaded modules and fixtures stay: no later collection need walk them
            server.serve()
    finally:
        world.stop()
        server.stop()
        log.end()


def _on_signal(handler: Callable[[int, FrameType | None], object]) -> None:
    """Sets the handler of the signals that end the server: also of SIGHUP, unless `nohup` has it ignored."""
    for number in ending_signals():
        signal.signal(number, handler)


@contextmanager
def _woken_by_signals(loop: AbstractEventLoop) -> Iterator[None]:
    """Lets every signal end the loop's wait: the handler of one that comes just before it would run only after it."""
    woken, waking = socket.socketpair()
    with woken, waking:
        woken.setblocking(False)
        waking.setblocking(False)
        loop.add_reader(woken, woken.recv, 4096)
        signal.set_wakeup_fd(waking.fileno(), warn_on_full_buffer=False)
        try:
            yield
        finally:
            signal.set_wakeup_fd(-1)


def _tell(url: str) -> None:
    """Prints the URL. Raises UsageError where nobody could read it."""
    try:
        click.echo(url)
    except OSError as error:
        raise click.UsageError(f"can't write the URL to standard output: {error.strerror}") from None


class CannotListen(click.ClickException):
    """The system refuses the address: the command was used rightly, and its usage would hide the cause."""

    exit_code = 2


def _given(paths: Sequence[str], fixtures: Sequence[str]) -> Sequence[str]:
    """PATH and --fixtures together; the variable of --fixtures counts only without PATH."""
    source = click.get_current_context().get_parameter_source("fixtures")
    return paths if paths and source is ParameterSource.ENVIRONMENT else (*paths, *fixtures)


def _load(files: FixtureFiles, use: Callable[[Fixture], World]) -> World:
    try:
        return files.load(use)
    except FixtureError as error:
        raise BadFixture(error) from None


def _listen(app: ApiApplication, host: str, port: int, log: Log) -> Server:
    try:
        return Server(app, host, port, log)
    except OSError as error:
        hint = "; --port 0 picks a free one" if error.errno == errno.EADDRINUSE else ""
        what = (error.strerror or str(error)).partition(" (while attempting")[0]
        raise CannotListen(f"can't listen on {host}:{port}: {what}{hint}") from None
