"""The pytest fixtures `talkover_mock_server`, `talkover_mock`, `talkover_mock_shared` and `webhook_receiver`.

If no test uses them, the plugin costs nothing: it imports the rest of the package when a fixture is first used.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from talkover_mock.client import MockServer
    from talkover_mock.environments.journal import Exchange
    from talkover_mock.loading.fixture import Fixture
    from talkover_mock.local import Fixtures, Local
    from talkover_mock.receiver import WebhookReceiver

    Strays = Callable[[], Sequence[Exchange]]

_USED: pytest.StashKey[tuple[MockServer, Strays]] = pytest.StashKey()
"""A test's environment, and the function that gives the calls that came with no environment's token."""
_LOCAL: pytest.StashKey[Local] = pytest.StashKey()
"""The server that the run has started."""


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("talkover_mock", "Talkover mock server")
    group.addoption(
        "--talkover-mock-url",
        metavar="URL",
        help="use a running mock server, such as a container, instead of starting one",
    )
    parser.addini(
        "talkover_mock_fixtures",
        "fixture files and folders that every test's environment starts with (default: the built-in fixture)",
        type="paths",
    )


@pytest.fixture(scope="session")
def talkover_mock_fixtures(pytestconfig: pytest.Config) -> list[Path]:
    """The fixture files and folders, from the ini value of this name. Override it to compute them."""
    return list(pytestconfig.getini("talkover_mock_fixtures"))


@pytest.fixture(scope="session")
def talkover_mock_server(pytestconfig: pytest.Config, talkover_mock_fixtures: Fixtures) -> Iterator[MockServer]:
    """The server of this run: started once on a free port, or the running server of `--talkover-mock-url`.

    Every test's environment is a fresh copy of its default environment. If the run has started the server, the default
    environment has a token of its own, so that a wrong token opens nothing.
    """
    url = pytestconfig.getoption("talkover_mock_url")
    if url:
        yield from _running_server(url, talkover_mock_fixtures)
    else:
        yield from _own_server(talkover_mock_fixtures, pytestconfig)


@pytest.fixture
def talkover_mock(request: pytest.FixtureRequest, talkover_mock_server: MockServer) -> Iterator[MockServer]:
    """An environment for this test alone: `.url`, `.api_url`, `.token`, `.headers`, `.state()`, `.reset()` …

    Fails the test for a crash of the server itself, with its traceback, and for calls to paths that the API does not
    have, unless the test calls `talkover_mock.allow_unmatched()`.
    """
    environment = talkover_mock_server.open_environment()
    strays = _begin(request, environment)
    yield environment
    closed = environment.close()
    _check(environment, closed["errors"], closed["unmatched"], strays)


@pytest.fixture
def talkover_mock_shared(request: pytest.FixtureRequest, talkover_mock_server: MockServer) -> Iterator[MockServer]:
    """The environment of `talkover_mock_server`, reset for this test: for an application that is started once.

    Fails the test as `talkover_mock` does.
    """
    talkover_mock_server.reset()
    talkover_mock_server.allows_unmatched = False
    strays = _begin(request, talkover_mock_server)
    yield talkover_mock_server
    local = request.config.stash.get(_LOCAL, None)
    unmatched = talkover_mock_server.requests(unmatched=True)
    _check(talkover_mock_server, local.crashes() if local else [], unmatched, strays)


def _begin(request: pytest.FixtureRequest, environment: MockServer) -> Strays:
    """Remembers the environment for the report. Strays on a running server may be those of others: none are kept."""
    local = request.config.stash.get(_LOCAL, None)
    strays: Strays = local.strays_from_now() if local else tuple
    request.node.stash[_USED] = (environment, strays)
    return strays


def _check(environment: MockServer, errors: list[str], unmatched: list[dict[str, Any]], strays: Strays) -> None:
    from talkover_mock.pytest_report import lines, presented

    _fail_for_crashes(errors)
    unmatched = [*unmatched, *presented([each for each in strays() if each.is_unmatched])]
    if unmatched and not environment.allows_unmatched:
        found = "\n  ".join(lines(unmatched))
        text = "the test made calls to paths that the API does not have (talkover_mock.allow_unmatched() allows them):"
        pytest.fail(f"{text}\n  {found}", pytrace=False)


def _fail_for_crashes(errors: list[str]) -> None:
    if errors:
        pytest.fail("the mock server itself failed:\n" + "\n".join(errors), pytrace=False)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Adds the calls of a failing test, and of its fixtures, to its report."""
    report = yield
    used = item.stash.get(_USED, None)
    if report.failed and report.when != "teardown" and used is not None:
        from talkover_mock.pytest_report import sections

        environment, strays = used
        report.sections += sections(environment, strays())
    return report


@pytest.fixture
def webhook_receiver() -> Iterator[WebhookReceiver]:
    """A receiver of webhooks on a free port: `.url`, `.requests`, `.events`, `.answer_next(500)`, `.wait_for(2)` …"""
    from talkover_mock.receiver import running_receiver

    with running_receiver() as receiver:
        yield receiver


def _own_server(fixtures: Fixtures, config: pytest.Config) -> Iterator[MockServer]:
    from talkover_mock.local import serving

    with serving(_fixture(fixtures)) as local:
        config.stash[_LOCAL] = local
        yield local.client
    _fail_for_crashes(local.crashes())


def _running_server(url: str, fixtures: Fixtures) -> Iterator[MockServer]:
    import os

    from talkover_mock.client import MockServer

    try:
        client = MockServer(url, admin_token=os.environ.get("TALKOVER_MOCK_ADMIN_TOKEN"))
    except ValueError as error:
        raise pytest.fail.Exception(f"--talkover-mock-url: {error}", pytrace=False) from None
    with client:
        _check_it_answers(client)
        if not fixtures:
            yield client
            return
        environment = client.open_environment(fixture=_document(fixtures))
        yield environment
        _fail_for_crashes(environment.close()["errors"])


def _check_it_answers(client: MockServer) -> None:
    """Fails with one paragraph, instead of one traceback for each layer of a refused connection."""
    import requests

    from talkover_mock.client import MockServerError

    try:
        client.health()
    except (requests.RequestException, MockServerError) as error:
        text = (
            f"--talkover-mock-url {client.url}: no mock server can be used there ({_first_cause(error)}). "
            "Start one with `talkover-mock serve`, or leave the option out: then pytest starts its own. If the "
            "server asks for an admin token, put it into the variable TALKOVER_MOCK_ADMIN_TOKEN."
        )
        raise pytest.fail.Exception(text, pytrace=False) from None


def _first_cause(error: BaseException) -> BaseException:
    while error.__context__:
        error = error.__context__
    return error


def _document(fixtures: Fixtures) -> dict[str, Any]:
    """The default environment of all fixtures as one JSON document."""
    from talkover_mock.loading.writer import baseline_document

    return baseline_document(_fixture(fixtures)["default"].baseline)


def _fixture(fixtures: Fixtures) -> Fixture:
    from talkover_mock.loading.mistakes import FixtureError
    from talkover_mock.local import fixture_of

    try:
        return fixture_of(fixtures)
    except FixtureError as error:
        text = f"the fixtures of the mock server have mistakes:\n{error}"
        raise pytest.fail.Exception(text, pytrace=False) from None
