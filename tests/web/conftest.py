"""What tests of the server share."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from talkover_mock.web.server import Server


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


@pytest.fixture
def started(log: list[str]) -> Iterator[Callable[[Any], Server]]:
    """Starts a server of any application, whose refusals are in the log, and stops it after the test."""
    with ExitStack() as stack:

        def start(app: Any) -> Server:
            server = Server(app, log=log.append)
            stack.callback(server.stop)
            server.start()
            return server

        yield start
