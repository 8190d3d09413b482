"""The pytest fixtures `mockserver_server` and `mockserver`.

A run that takes neither pays for neither: what they need is imported when they are first asked for.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from mockserver.client import MockServer
    from mockserver.seed import Seed


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("mockserver", "Talkover mock server")
    group.addoption(
        "--mockserver-url",
        metavar="URL",
        help="use the mock server that runs there, such as a container, instead of starting one",
    )
    parser.addini(
        "mockserver_fixtures",
        "fixture files and folders that every test's environment starts with (default: the built-in one)",
        type="paths",
    )


@pytest.fixture(scope="session")
def mockserver_fixtures(pytestconfig: pytest.Config) -> list[Path]:
    """The fixture files and folders, from the ini value of this name. Override it to compute them."""
    return list(pytestconfig.getini("mockserver_fixtures"))


@pytest.fixture(scope="session")
def mockserver_server(pytestconfig: pytest.Config, mockserver_fixtures: list[Path]) -> Iterator[MockServer]:
    """The server of this run: started once on a free port, or the one of `--mockserver-url`.

    Its default environment is what every test's environment is a fresh copy of.
    """
    url = pytestconfig.getoption("mockserver_url")
    if url:
        yield from _running_server(url, mockserver_fixtures)
    else:
        yield from _own_server(mockserver_fixtures)


@pytest.fixture
def mockserver(mockserver_server: MockServer) -> Iterator[MockServer]:
    """An environment for this test alone: `.url`, `.api_url`, `.token`, `.headers`, `.state()`, `.reset()` …

    Fails the test, with the traceback, if the server itself crashed while it answered.
    """
    environment = mockserver_server.open_environment()
    yield environment
    _fail_for(environment.close())


def _fail_for(errors: list[str]) -> None:
    if errors:
        pytest.fail("the mock server itself failed:\n" + "\n".join(errors), pytrace=False)


def _own_server(fixtures: list[Path]) -> Iterator[MockServer]:
    from mockserver.admin.guard import Guard
    from mockserver.api import sections
    from mockserver.app import create_app
    from mockserver.client import MockServer
    from mockserver.server import Server
    from mockserver.world import World

    world = World(_seed(fixtures), sections())
    server = Server(create_app(world, Guard()))
    server.start()
    try:
        with MockServer(server.url) as client:
            yield client
    finally:
        server.stop()
    _fail_for(world.default.errors)


def _running_server(url: str, fixtures: list[Path]) -> Iterator[MockServer]:
    import os

    from mockserver.client import MockServer

    with MockServer(url, admin_token=os.environ.get("MOCKSERVER_ADMIN_TOKEN")) as client:
        _check_it_answers(client)
        if not fixtures:
            yield client
            return
        environment = client.open_environment(fixture=_document(fixtures))
        yield environment
        environment.close()


def _check_it_answers(client: MockServer) -> None:
    """Fails with one paragraph, instead of every layer's own account of a refused connection."""
    import requests

    from mockserver.client import MockServerError

    try:
        client.health()
    except (requests.RequestException, MockServerError) as error:
        text = (
            f"--mockserver-url {client.url}: no mock server can be used there ({_first_cause(error)}). Start one with "
            "`mockserver serve`, or leave the option out: then pytest starts its own. The admin token of a server "
            "that asks for one belongs in the variable MOCKSERVER_ADMIN_TOKEN."
        )
        raise pytest.fail.Exception(text, pytrace=False) from None


def _first_cause(error: BaseException) -> BaseException:
    while error.__context__:
        error = error.__context__
    return error


def _document(fixtures: list[Path]) -> dict[str, Any]:
    """The default environment of all the fixtures, as one that can travel."""
    from mockserver.seed import to_document
    from mockserver.store import State

    return to_document(State(_seed(fixtures)["default"].baseline))


def _seed(fixtures: list[Path]) -> Seed:
    from mockserver.api import sections
    from mockserver.errors import FixtureError
    from mockserver.fixture_files import default_fixture, load

    try:
        return load(fixtures or [default_fixture()], sections())
    except FixtureError as error:
        text = f"the fixtures of the mock server have mistakes:\n{error}"
        raise pytest.fail.Exception(text, pytrace=False) from None
