"""The pytest fixtures `mockserver_server`, `mockserver` and `webhook_receiver`.

A run that takes none pays for none: what they need is imported when they are first asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from mockserver.client import MockServer
    from mockserver.local import Fixtures
    from mockserver.receiver import WebhookReceiver
    from mockserver.records import Exchange
    from mockserver.seed import Seed
    from mockserver.world import World

    Strays = Callable[[], Sequence[Exchange]]

_ENVIRONMENT: pytest.StashKey[MockServer] = pytest.StashKey()
"""That of a test, once it has one."""
_STRAYS: pytest.StashKey[Strays] = pytest.StashKey()
"""Tells a test's calls that came with no environment's token."""
_WORLD: pytest.StashKey[World] = pytest.StashKey()
"""That of the run's own server."""
_MOST_SHOWN = 100
"""How many calls a report shows."""


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
def mockserver_server(pytestconfig: pytest.Config, mockserver_fixtures: Fixtures) -> Iterator[MockServer]:
    """The server of this run: started once on a free port, or the one of `--mockserver-url`.

    Its default environment is what every test's environment is a fresh copy of. Of a server that the run has started
    it has a token of its own, so that a wrong token opens nothing.
    """
    url = pytestconfig.getoption("mockserver_url")
    if url:
        yield from _running_server(url, mockserver_fixtures)
    else:
        yield from _own_server(mockserver_fixtures, pytestconfig)


@pytest.fixture
def mockserver(request: pytest.FixtureRequest, mockserver_server: MockServer) -> Iterator[MockServer]:
    """An environment for this test alone: `.url`, `.api_url`, `.token`, `.headers`, `.state()`, `.reset()` …

    Fails the test for what it can't have meant: a crash of the server itself, with its traceback, and calls that no
    route of the API took, unless the test says `mockserver.allow_unmatched()`.
    """
    request.node.stash[_STRAYS] = strays = _strays_from_now(request.config)
    request.node.stash[_ENVIRONMENT] = environment = mockserver_server.open_environment()
    yield environment
    closed = environment.close()
    _fail_for_crashes(closed["errors"])
    unmatched = [*closed["unmatched"], *_unmatched(strays())]
    if unmatched and not environment.allows_unmatched:
        _fail_for_unmatched(unmatched)


def _strays_from_now(config: pytest.Config) -> Strays:
    """Calls without a token or with one that opens nothing. A server that runs already has those of others too."""
    world = config.stash.get(_WORLD, None)
    if world is None:
        return tuple
    default, before = world.default, world.default.journal.count

    def is_stray(exchange: Exchange) -> bool:
        token = exchange.request_headers.get("HTTP_AUTHORIZATION", "").partition(" ")[2].strip()
        return exchange.number > before and token not in default.tokens

    return lambda: default.journal.watch(is_stray).items


def _unmatched(strays: Sequence[Exchange]) -> list[dict[str, Any]]:
    from mockserver.admin.requests import present

    return [present(each) for each in strays if each.is_unmatched]


def _fail_for_crashes(errors: list[str]) -> None:
    if errors:
        pytest.fail("the mock server itself failed:\n" + "\n".join(errors), pytrace=False)


def _fail_for_unmatched(requests: list[dict[str, Any]]) -> None:
    from mockserver.client.expectations import line

    lines = "\n  ".join(map(line, requests[-_MOST_SHOWN:]))
    text = f"the test made calls that no route of the API takes (mockserver.allow_unmatched() lets it):\n  {lines}"
    pytest.fail(text, pytrace=False)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """The report of a failing test has the calls that it made, and those of its fixtures."""
    report = yield
    environment = item.stash.get(_ENVIRONMENT, None)
    if report.failed and report.when != "teardown" and environment is not None:
        report.sections.append(("API calls to the mock server", _journal(environment)))
        strays = item.stash[_STRAYS]()
        if strays:
            from mockserver.admin.requests import present

            title = "API calls to the mock server with no token of an environment"
            report.sections.append((title, _lines([present(each) for each in strays])))
    return report


def _journal(environment: MockServer) -> str:
    """The latest calls. Never the reason why a report fails."""
    try:
        return _lines(environment.requests()) or "none"
    except Exception as error:
        return f"the journal can't be read: {error!r}"


def _lines(calls: list[dict[str, Any]]) -> str:
    from mockserver.client.expectations import line

    before = [f"({len(calls) - _MOST_SHOWN} before these)"] if len(calls) > _MOST_SHOWN else []
    return "\n".join([*before, *map(line, calls[-_MOST_SHOWN:])])


@pytest.fixture
def webhook_receiver() -> Iterator[WebhookReceiver]:
    """A receiver of webhooks on a free port: `.url`, `.requests`, `.events`, `.answer_next(500)`, `.wait_for(2)` …"""
    from mockserver.receiver import running_receiver

    with running_receiver() as receiver:
        yield receiver


def _own_server(fixtures: Fixtures, config: pytest.Config) -> Iterator[MockServer]:
    from mockserver.local import serving

    with serving(_seed(fixtures)) as (client, world):
        config.stash[_WORLD] = world
        yield client
    _fail_for_crashes(world.default.errors)


def _running_server(url: str, fixtures: Fixtures) -> Iterator[MockServer]:
    import os

    from mockserver.client import MockServer

    try:
        client = MockServer(url, admin_token=os.environ.get("MOCKSERVER_ADMIN_TOKEN"))
    except ValueError as error:
        raise pytest.fail.Exception(f"--mockserver-url: {error}", pytrace=False) from None
    with client:
        _check_it_answers(client)
        if not fixtures:
            yield client
            return
        environment = client.open_environment(fixture=_document(fixtures))
        yield environment
        _fail_for_crashes(environment.close()["errors"])


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


def _document(fixtures: Fixtures) -> dict[str, Any]:
    """The default environment of all the fixtures, as one that can travel."""
    from mockserver.seed import to_document
    from mockserver.store import State

    return to_document(State(_seed(fixtures)["default"].baseline))


def _seed(fixtures: Fixtures) -> Seed:
    from mockserver.errors import FixtureError
    from mockserver.local import seed_of

    try:
        return seed_of(fixtures)
    except FixtureError as error:
        text = f"the fixtures of the mock server have mistakes:\n{error}"
        raise pytest.fail.Exception(text, pytrace=False) from None
