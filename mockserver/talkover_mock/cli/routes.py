"""`talkover-mock routes`."""

import click

from talkover_mock.cli._options import BadFixture, PathType
from talkover_mock.cli._remote import table
from talkover_mock.dialect.endpoints import ENDPOINTS
from talkover_mock.loading.files import load
from talkover_mock.loading.mistakes import FixtureError
from talkover_mock.web.routes import shown


@click.command(name="routes")
@click.argument("paths", nargs=-1, type=PathType(), metavar="[PATH]...")
def command(paths: tuple[str, ...]) -> None:
    """List the routes of the API: emulated, stubbed or known.

    Also lists the stubs of the fixture files and folders PATH. The vendor documents a known route; the mock answers it
    with 501.
    """
    try:
        fixture = load(paths) if paths else {}
    except FixtureError as error:
        raise BadFixture(error) from None
    stubs = [(stub, name) for name, each in fixture.items() for stub in each.baseline.stubs.values()]
    rows = []
    for each in ENDPOINTS:
        names = [name for stub, name in stubs if each.takes(stub.method, stub.path)]
        state = "emulated" if each.is_emulated else f"stubbed in {', '.join(names)}" if names else "known"
        rows.append((each.method, shown(each.path), state))
    for stub, name in stubs:
        if not any(each.takes(stub.method, stub.path) for each in ENDPOINTS):
            rows.append((stub.method, stub.path, f"stubbed in {name}, not documented"))
    click.echo(table(("METHOD", "PATH", "STATE"), rows))
