"""What tests share: worlds, applications and servers, and a detector of what they leave behind."""

import gc
import logging
import os
import sys
import threading
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack, suppress
from functools import cache
from logging.handlers import BufferingHandler
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from talkover_mock.admin.guard import Guard
from talkover_mock.app import create_app
from talkover_mock.client import MockServer
from talkover_mock.environments.world import World
from talkover_mock.loading.files import load
from talkover_mock.loading.fixture import Fixture
from talkover_mock.receiver import WebhookReceiver, running_receiver
from talkover_mock.web.server import Server
from tests.support.quick_apps import remember_what_is_compiled
from tests.support.stories import world_of
from tests.support.systems import left_out

if TYPE_CHECKING:
    from tests.support.browser import Browser

ROOT = Path(__file__).parent.parent
FIXTURES = ROOT / "fixtures"

remember_what_is_compiled()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files of slow tests come first, so that no worker has a long one left when the others are at their end."""
    with_quick = {item.path for item in items if item.get_closest_marker("slow") is None}
    items.sort(key=lambda item: item.path in with_quick)


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """What is imported and collected stays: the garbage collector need not look through it, then or later.

    Hypothesis asks the collector about objects while it is imported, and so comes before they are frozen or not at all.
    """
    gc.disable()
    collected = yield
    gc.enable()
    if "hypothesis" in sys.modules:
        gc.collect()
        gc.freeze()
    return collected


def pytest_pycollect_makemodule(module_path: Path, parent: pytest.Collector) -> pytest.Module | None:
    """Leaves out what this system can't run."""
    return left_out(module_path, parent)


_DESCRIPTORS = Path("/proc/self/fd")
_HAS_DESCRIPTORS = _DESCRIPTORS.exists()
_LEAKY = ("socket:", "pipe:", "anon_inode:")
"""What the system calls sockets, pipes and the likes of polls."""


def _connections() -> set[tuple[str, str]]:
    """The open connections, pipes and polls of this process, as far as the system tells: the number and the name."""
    found = set[tuple[str, str]]()
    for entry in os.scandir(_DESCRIPTORS) if _HAS_DESCRIPTORS else ():
        with suppress(OSError):  # closed meanwhile
            found.add((entry.name, os.readlink(entry.path)))  # noqa: PTH115  # a path of its own for each takes longer
    return {each for each in found if each[1].startswith(_LEAKY)}


@pytest.fixture(autouse=True)
def _no_leaks() -> Iterator[None]:
    """Every test ends with the threads and the connections that it began with."""
    threads, connections = set(threading.enumerate()), _connections()
    yield
    for thread in set(threading.enumerate()) - threads:
        thread.join(timeout=5)
    assert set(threading.enumerate()) <= threads, "the test left a thread"
    if _connections() - connections:
        gc.collect()  # what nobody can reach any more is closed, and a warning of it fails the run
        assert not _connections() - connections, "the test left a connection, a pipe or a poll"


@pytest.fixture(scope="session", autouse=True)
def _no_settings_from_outside() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("TALKOVER_MOCK_")]:
            patch.delenv(name)
        yield


@cache
def shipped() -> Fixture:
    """The shipped fixtures: the default environment, staging and production. Worlds leave a fixture as it is."""
    return load([FIXTURES])


@pytest.fixture
def world() -> Iterator[World]:
    """A world with the shipped fixtures."""
    world = World(shipped())
    yield world
    world.stop()


@pytest.fixture
def log() -> list[str]:
    """The lines that `app` has logged."""
    return []


@pytest.fixture
def logged() -> Iterator[list[logging.LogRecord]]:
    """What libraries log as a warning or worse."""
    kept = BufferingHandler(capacity=10_000)
    kept.setLevel(logging.WARNING)
    logging.getLogger().addHandler(kept)
    yield kept.buffer
    logging.getLogger().removeHandler(kept)


@pytest.fixture
def app(world: World, log: list[str]) -> Flask:
    return create_app(world, Guard(), log.append)


@pytest.fixture
def http(app: Flask) -> FlaskClient:
    """Requests without a socket."""
    return app.test_client()


@pytest.fixture
def serve() -> Iterator[Callable[[Flask], Server]]:
    """Starts servers, and stops them after the test."""
    with ExitStack() as stack:

        def start(app: Flask) -> Server:
            server = Server(app.wsgi_app)  # answered as `serve` does: what is quick on the event loop
            stack.callback(server.stop)
            world: World | None = app.extensions.get("talkover_mock")
            if world:
                world.own_ports.add(server.port)
                stack.callback(world.stop)
            server.start()
            return server

        yield start


@pytest.fixture
def server(app: Flask, serve: Callable[[Flask], Server]) -> Server:
    """A server of `app`, answering."""
    return serve(app)


@pytest.fixture
def mock(server: Server) -> Iterator[MockServer]:
    """The harness's client for the default environment of `server`."""
    with MockServer(server.url) as client:
        yield client


@pytest.fixture
def receiver() -> Iterator[WebhookReceiver]:
    """Where webhooks may lead: it keeps what it gets, and answers as it is told."""
    with running_receiver() as receiver:
        yield receiver


@pytest.fixture
def open_world() -> Iterator[Callable[..., World]]:
    """Opens worlds with these webhooks, see `world_of`, and stops them after the test."""
    with ExitStack() as stack:

        def start(*webhooks: dict[str, Any], **options: Any) -> World:
            world = world_of(*webhooks, **options)
            stack.callback(world.stop)
            return world

        yield start


@pytest.fixture(scope="session")
def window() -> Iterator["Browser"]:
    """One browser for all tests that need it."""
    from tests.support.browser import running_browser

    with running_browser() as browser:
        yield browser


@pytest.fixture
def browser(window: "Browser") -> Iterator["Browser"]:
    """Ends on an empty page, so that no request of the test's own stays open."""
    window.complaints()
    yield window
    window.driver.get("about:blank")
