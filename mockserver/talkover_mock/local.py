"""A mock server in this process: for scripts, and for test suites that do not run under pytest."""

import os
import secrets
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from talkover_mock.admin.guard import Guard
from talkover_mock.admin.harness import Harness
from talkover_mock.app import create_wsgi_app
from talkover_mock.base.addresses import check_hosts, check_port
from talkover_mock.client import MockServer
from talkover_mock.environments.world import World
from talkover_mock.loading.files import default_fixture, load
from talkover_mock.loading.fixture import DEFAULT, Fixture
from talkover_mock.probe import probe
from talkover_mock.web.server import Server

__all__ = ["running_mockserver"]

Fixtures = str | Path | Sequence[str | Path]
"""A fixture file or folder, or several."""


class Local(NamedTuple):
    """A server in this process: the client of its default environment, and its world."""

    client: MockServer
    world: World

    def crashes(self) -> list[str]:
        """The tracebacks of the mock's own crashes in open environments; each traceback is returned once."""
        found: list[str] = []
        for environment in self.world.environments.values():
            with suppress(IndexError):  # one by one: another thread may report a crash at any moment
                while True:
                    found.append(environment.errors.pop(0))
        return found


@contextmanager
def running_mockserver(
    fixtures: Fixtures = (), *, port: int = 0, deliver_to: Sequence[str] = ()
) -> Iterator[MockServer]:
    """Runs a server until the end of the `with`, on a free port or on `port`, and gives the client of it.

    The server serves `fixtures`, or the built-in fixture. If the default environment has no `tokens`, it gets a token
    of its own, so that a wrong token opens nothing. `deliver_to` names hosts outside this machine and its network to
    which deliveries are really sent. Raises FixtureError with every mistake, ValueError for what is no port or
    no list of hosts, and OSError for a taken port.
    """
    check_port(port)
    check_hosts(deliver_to)
    with serving(fixture_of(fixtures), port, deliver_to) as local:
        yield local.client


def fixture_of(fixtures: Fixtures) -> Fixture:
    """Loads fixtures, or the built-in fixture. Raises FixtureError."""
    given: object = fixtures or [default_fixture()]
    if isinstance(given, (str, bytes, os.PathLike, Mapping)) or not isinstance(given, Iterable):
        given = [given]
    return load(given)


@contextmanager
def serving(fixture: Fixture, port: int = 0, deliver_to: Sequence[str] = ()) -> Iterator[Local]:
    """Runs a server as `running_mockserver` does, for a loaded fixture. Raises OSError."""
    fixture = _with_a_token(fixture)
    world = World(fixture, deliver_to=deliver_to)
    app = create_wsgi_app(world, Guard())
    server = Server(app, port=port)
    world.own_ports.add(server.port)
    harness = Harness(world, server.url)
    server.start()
    try:
        with MockServer(server.url, fixture[DEFAULT].tokens[0], harness=harness, prober=probe) as client:
            yield Local(client, world)
    finally:
        world.stop()
        server.stop()


def _with_a_token(fixture: Fixture) -> Fixture:
    """Gives the default environment a token, if it has none: it would accept any token, and hide a test's typo."""
    default = fixture[DEFAULT]
    return {**fixture, DEFAULT: default._replace(tokens=default.tokens or (f"talq_{secrets.token_hex(12)}",))}
