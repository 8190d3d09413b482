"""The client's tests run over both of its transports."""

from collections.abc import Iterator

import pytest

from talkover_mock.admin.harness import Harness
from talkover_mock.api.app import ApiApplication
from talkover_mock.client import MockServer
from talkover_mock.environments.world import World
from talkover_mock.web.server import Server


@pytest.fixture(params=["over HTTP", "in process"])
def mock(request: pytest.FixtureRequest, server: Server, world: World) -> Iterator[MockServer]:
    """The harness's client for the default environment of `server`."""
    harness = Harness(world, ApiApplication(world).operations, server.url) if request.param == "in process" else None
    with MockServer(server.url, harness=harness) as client:
        yield client
