"""A mock server in this process: for scripts, and for test suites that do not run under pytest."""

import secrets
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from talkover_mock.admin.guard import Guard
from talkover_mock.app import create_wsgi_app
from talkover_mock.client import MockServer
from talkover_mock.environments.journal import Exchange
from talkover_mock.environments.world import World
from talkover_mock.loading.files import default_fixture, load
from talkover_mock.loading.fixture import DEFAULT, Seed
from talkover_mock.web.server import Server

Fixtures = str | Path | Sequence[str | Path]
"""A fixture file or folder, or several."""


class Local(NamedTuple):
    """A server in this process: the client of its default environment, and what it serves."""

    client: MockServer
    world: World

    def strays_from_now(self) -> Callable[[], Sequence[Exchange]]:
        """Tells the calls from now on that came without a token, or with one that opens nothing."""
        default = self.world.default
        resets, number = default.journal.position

        def is_stray(exchange: Exchange) -> bool:
            token = exchange.request_headers.get("HTTP_AUTHORIZATION", "").partition(" ")[2].strip()
            is_new = exchange.number > number or default.journal.position[0] > resets
            return is_new and token not in default.tokens

        return lambda: default.journal.log.watch(is_stray).items

    def crashes(self) -> list[str]:
        """The tracebacks of the mock's own crashes in the environments that are open, each of them once."""
        found: list[str] = []
        for environment in self.world.environments.values():
            found += environment.errors
            environment.errors.clear()
        return found


@contextmanager
def running_mockserver(
    fixtures: Fixtures = (), *, port: int = 0, deliver_to: Sequence[str] = ()
) -> Iterator[MockServer]:
    """The client of a server that runs until the end of the `with`, on a free port of this machine or on `port`.

    It serves `fixtures`, or the built-in one. Without `tokens` in them the default environment has one of its own,
    so that a wrong token opens nothing. `deliver_to` are hosts beyond this machine and its neighbours that deliveries
    really go to. Raises FixtureError with every mistake, and OSError for a taken port.
    """
    with serving(seed_of(fixtures), port, deliver_to) as local:
        yield local.client


def seed_of(fixtures: Fixtures) -> Seed:
    """What the fixtures, or the built-in one, describe. Raises FixtureError."""
    paths = [fixtures] if isinstance(fixtures, (str, Path)) else fixtures
    return load(paths or [default_fixture()])


@contextmanager
def serving(seed: Seed, port: int = 0, deliver_to: Sequence[str] = ()) -> Iterator[Local]:
    """The same for what has been read already. Raises OSError."""
    seed = _with_a_token(seed)
    world = World(seed, deliver_to=deliver_to)
    server = Server(create_wsgi_app(world, Guard()), port=port)
    world.own_ports.add(server.port)
    server.start()
    try:
        with MockServer(server.url, seed[DEFAULT].tokens[0]) as client:
            yield Local(client, world)
    finally:
        world.stop()
        server.stop()


def _with_a_token(seed: Seed) -> Seed:
    """The default environment would take any token, and hide a test's slip in its own."""
    default = seed[DEFAULT]
    return {**seed, DEFAULT: default._replace(tokens=default.tokens or (f"talq_{secrets.token_hex(12)}",))}
