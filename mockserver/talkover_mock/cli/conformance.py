"""`talkover-mock conformance`."""

from collections.abc import Callable, Iterable
from contextlib import closing
from functools import partial
from pathlib import Path

import click

from talkover_mock.cli._ending import signals
from talkover_mock.cli._options import filled
from talkover_mock.cli._remote import Failed
from talkover_mock.cli._where import url_option
from talkover_mock.cli._writing import keep, out_option
from talkover_mock.dialect.behaviours import conformance
from talkover_mock.learning.agreeing import defaults_of, setting_of, settings_of, who_differs
from talkover_mock.learning.asking import AskedServer, CannotRun
from talkover_mock.learning.hiding import said
from talkover_mock.learning.probing import SCRATCH_NAME, Result, check_agent, look_around, run, scratch
from talkover_mock.learning.redacting import without_secrets

_DIFFERS = 1
_Tell = Callable[[str], None]
"""Prints a line without the token."""


@click.command(name="conformance")
@url_option
@click.option(
    "--token",
    type=filled("a token"),
    default="talq_conformance",
    envvar="TALKOVER_MOCK_TOKEN",
    metavar="TOKEN",
    show_envvar=True,
    show_default="a made-up one, for the default environment of a mock server",
    help="The bearer token to ask with.",
)
@click.option(
    "--write-to",
    envvar="TALKOVER_MOCK_WRITE_TO",
    metavar="AGENT_ID",
    show_envvar=True,
    help="Also ask the probes that write: on a webhook that is made at this agent and deleted at the end.",
)
@out_option
def command(url: str, token: str, write_to: str | None, out: Path | None) -> None:
    """Ask a server whether it answers as this mock does.

    The server may be the vendor's or a mock. Without --write-to, the command only sends GET, HEAD and OPTIONS. It
    compares statuses, headers, keys, their order, types and texts, but no values. For each difference it says who
    differs, and which settings make the mock agree; --out writes them into a fixture. The exit code is 1 if an answer
    differs, and 2 if the probes can't be asked.
    """
    with closing(AskedServer(url, token)) as server, signals() as handle:
        handle(server.stop)
        server.tell = partial(click.echo, err=True)
        try:
            results = _ask(server, write_to, lambda line: click.echo(said(line, token)))
        except CannotRun as error:
            raise Failed(said(str(error) + _left_by(server), token)) from None
        except KeyboardInterrupt:
            raise Failed(said(f"interrupted{_left_by(server)}", token)) from None
        settings = settings_of(results, has_refused=server.has_refused)
    differ = [each for each in results if each.differences]
    left_out = [each for each in results if each.left_out]
    agree = len(results) - len(differ) - len(left_out)
    unasked = sum(1 for each in conformance().behaviours for probe in each.probes) - len(results)
    click.echo(f"{agree} of {len(results)} probes agree, {len(differ)} differ, {len(left_out)} were left out")
    if unasked:
        click.echo(f"{unasked} were not asked, since they write: --write-to AGENT_ID asks them")
    for name, value in settings.items():
        click.echo(f"setting: {name}: {str(value).lower()} makes the mock agree")
    if out and (settings or out.exists()):
        keep(out, {"settings": settings} if settings else {}, forgotten=defaults_of(results))
    elif out:
        click.echo(f"no setting would make a difference: {out} is not written", err=True)
    if server.made or server.is_unsure:
        raise Failed(said(f"the probes have ended{_left_by(server)}", token))
    raise SystemExit(_DIFFERS if differ else 0)


def _left_by(server: AskedServer) -> str:
    """The end of an error's text: what is left in the account."""
    left = ", ".join(server.made)
    said = f"; left in the account: {left}; delete it by hand" if left else ""
    unsure = f"; look in the account for webhooks named {SCRATCH_NAME}, and delete them by hand"
    return said + (unsure if server.is_unsure else "")


def _ask(server: AskedServer, write_to: str | None, tell: _Tell) -> list[Result]:
    found = look_around(server)
    for line in found.said:
        tell(line)
    if write_to:
        check_agent(server, write_to)
    results = _shown(run(server, conformance(), found.ids, found.kinds, writing=False), tell)
    if write_to:
        with scratch(server, write_to) as ids:
            tell(f"webhook {ids['webhook']}: made at agent {write_to} to write to, and deleted at the end")
            results += _shown(run(server, conformance(), ids, found.kinds, writing=True), tell)
    return results


def _shown(results: Iterable[Result], tell: _Tell) -> list[Result]:
    """Prints each probe that differs or is left out as it ends."""
    kept = []
    for each in results:
        kept.append(each)
        asked = f"{each.probe.ask.method} {each.probe.ask.path}"
        if each.left_out:
            tell(f"left out: {asked}, since {each.left_out}")
        for difference in each.differences:
            came = difference._replace(came=without_secrets(difference.came))
            tell(f"differs: {asked}: {came}")
            tell(f"  {each.behaviour.text} ({each.behaviour.basis})")
        if each.differences:
            setting = setting_of(each)
            remedy = f"; the setting {setting[0]}: {setting[1]} makes the mock agree" if setting else ""
            tell(f"  {who_differs(each)}{remedy}")
    return kept
