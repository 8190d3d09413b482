"""`talkover-mock listen`."""

import errno
import signal
from pathlib import Path
from threading import TIMEOUT_MAX

import click

from talkover_mock.base.words import brief
from talkover_mock.cli._ending import Handle, signals
from talkover_mock.cli._options import PortOption, host_to_listen_on, port_number, utf8_secret, wait_option, whole
from talkover_mock.cli._remote import Failed, Unexpected
from talkover_mock.cli._where import DEFAULT_PORT
from talkover_mock.cli._writing import keep, out_option
from talkover_mock.dialect.events import ALL_EVENTS
from talkover_mock.learning.hiding import said
from talkover_mock.learning.listening import Lesson, Listener
from talkover_mock.loading.mistakes import near_or_listed

_PORT = DEFAULT_PORT + 1


@click.command(name="listen")
@click.option(
    "--host",
    default="127.0.0.1",
    type=host_to_listen_on,
    metavar="HOST",
    show_default=True,
    help="Address to listen on.",
)
@click.option(
    "--port",
    cls=PortOption,
    default=_PORT,
    type=port_number,
    metavar="PORT",
    show_default=True,
    help="Port to listen on; 0 picks a free one.",
)
@click.option(
    "--secret",
    envvar="TALKOVER_MOCK_SECRET",
    callback=utf8_secret,
    show_envvar=True,
    metavar="SECRET",
    help="The webhook's secret, to find out how deliveries are signed. It is never printed or written.",
)
@out_option
@click.option("--event", metavar="EVENT", help="The event of payloads that do not name their event.")
@click.option("--keep-values", is_flag=True, help="Keep texts, names, numbers and tokens as they came.")
@click.option("--count", type=whole(1), metavar="N", help="End after N deliveries.")
@wait_option("the deliveries of --count; 0 waits for ever")
def command(
    host: str,
    port: int,
    secret: str | None,
    out: Path | None,
    event: str | None,
    keep_values: bool,
    count: int | None,
    wait: float,
) -> None:
    """Learn from the deliveries of the real API.

    Listens at a URL, which you give to a webhook of your account through a tunnel. Answers with 200 and prints a line
    for each request; only POST, PUT and PATCH teach something. A body that is too large or has no right length is
    refused with 413 or 400. With --secret, only deliveries that are signed with it teach something and count.

    At the end, after --count or Ctrl-C, prints what it has learned: settings and payloads for a fixture, the
    behaviours that are confirmed, refuted or not seen, and the keys that the mock does not send.

    Replaces tokens, phone numbers, names and free text, unless you keep them. The exit code is 1 if fewer deliveries
    than --count come within --wait, or if no delivery is signed with the secret.
    """
    if event is not None and event not in ALL_EVENTS:
        text = f"unknown event{near_or_listed(event, ALL_EVENTS)} (got {brief(event)})"
        raise click.BadParameter(text, param_hint="--event")
    listener = _listener((host, port), [secret] if secret else [], event)
    with signals() as handle:
        is_interrupted = _listen(listener, count or 0, wait, handle)
        lesson = Lesson(listener, secret, keeps_values=keep_values)
        try:
            for line in lesson.report():
                click.echo(said(line, secret))
        finally:  # also when nobody reads the report
            if listener.heard:
                keep(out, lesson.document, forgotten=lesson.judged)
            elif out:
                click.echo(f"nothing was learned: {out} is not written", err=True)
    if count and listener.came < count and not is_interrupted:
        raise Unexpected(f"{listener.came} of {count} deliveries came in {wait:g} seconds")
    if lesson.is_unverified:
        raise Unexpected("no delivery is signed with the secret")
    if out and not listener.heard and not is_interrupted:
        raise Unexpected(f"no delivery came in {wait:g} seconds")


def _listener(address: tuple[str, int], secrets: list[str], event: str | None) -> Listener:
    try:
        return Listener(address, secrets, event, lambda line: click.echo(said(line, next(iter(secrets), None))))
    except OSError as error:
        hint = "; --port 0 picks a free one" if error.errno == errno.EADDRINUSE else ""
        raise Failed(f"{error.strerror}{hint}") from None


def _listen(listener: Listener, count: int, seconds: float, handle: Handle) -> bool:
    """Listens until enough has come, the time is over, or a signal comes; tells whether one came.

    From then on signals are ignored: what was learned is written in a moment.
    """
    listener.wanted = count
    try:
        handle(signal.default_int_handler)
        listener.start()
        click.echo(listener.url)
        listener.done.wait(min(seconds, TIMEOUT_MAX) or None)
    except KeyboardInterrupt:
        return True
    finally:
        handle(signal.SIG_IGN)
        listener.stop()
    return False
