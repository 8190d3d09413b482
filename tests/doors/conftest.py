"""The client's tests run over both of its transports; programs that tests start end on Ctrl-C."""

import signal
from collections.abc import Iterator

import pytest

from talkover_mock.admin.harness import Harness
from talkover_mock.client import MockServer
from talkover_mock.environments.world import World
from talkover_mock.web.server import Server

OVER_HTTP, IN_PROCESS = "over HTTP", "in process"


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Runs the tests of the client over both transports; commands always speak HTTP."""
    if "mock" in metafunc.fixturenames and metafunc.module.__name__.startswith("tests.doors.test_client"):
        metafunc.parametrize("mock", [OVER_HTTP, IN_PROCESS], indirect=True)


@pytest.fixture
def mock(request: pytest.FixtureRequest, server: Server, world: World) -> Iterator[MockServer]:
    """The harness's client for the default environment of `server`."""
    in_process = getattr(request, "param", OVER_HTTP) == IN_PROCESS
    harness = Harness(world, server.url) if in_process else None
    with MockServer(server.url, harness=harness) as client:
        yield client


@pytest.fixture(scope="session", autouse=True)
def _ctrl_c() -> Iterator[None]:
    """A run in the background inherits that SIGINT is ignored, as `nohup make test &` does; what it starts must not."""
    before = signal.getsignal(signal.SIGINT)
    if before is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)
