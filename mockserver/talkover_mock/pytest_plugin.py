"""The pytest fixtures `talkover_mock_server`, `talkover_mock`, `talkover_mock_shared` and `webhook_receiver`.

If no test uses them, the plugin costs nothing: it imports the rest of the package when a fixture is first used, except
for the real clock and four small modules of hooks.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import pytest

from talkover_mock import pytest_importing, pytest_keeping, pytest_schedules  # noqa: F401  # importing comes first
from talkover_mock.base import real_time  # noqa: F401  # takes the real clock before a test can freeze time

if TYPE_CHECKING:
    from talkover_mock.client import MockServer
    from talkover_mock.loading.fixture import Fixture
    from talkover_mock.local import Fixtures
    from talkover_mock.pytest_watching import Call, Meanwhile, Run
    from talkover_mock.receiver import WebhookReceiver

_RUN: pytest.StashKey[Run] = pytest.StashKey()
"""The server of the run, once a test has used it."""
_USED: pytest.StashKey[tuple[MockServer, Meanwhile]] = pytest.StashKey()
"""A test's environment, and the calls that come to others meanwhile."""
_BEGUN: pytest.StashKey[Mapping[str, int]] = pytest.StashKey()
"""For each environment that tests have opened themselves, the latest call before this test."""


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("talkover_mock", "Talkover mock server")
    group.addoption(
        "--talkover-mock-url",
        metavar="URL",
        help="use a running mock server, such as a container, instead of starting one",
    )
    pytest_schedules.add_options(group)
    pytest_keeping.add_options(parser, group)
    parser.addini(
        "talkover_mock_fixtures",
        "fixture files and folders that every test's environment starts with (default: the built-in fixture)",
        type="paths",
    )


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("talkover_mock_url") == "":  # such as a shell's variable that is not set
        raise pytest.UsageError('--talkover-mock-url needs a URL, such as http://127.0.0.1:7357 (got "")')
    config.pluginmanager.register(pytest_schedules, "talkover_mock_schedules")
    config.pluginmanager.register(pytest_keeping, "talkover_mock_keeping")


@pytest.fixture(scope="session")
def talkover_mock_fixtures(pytestconfig: pytest.Config) -> list[Path]:
    """The fixture files and folders, from the ini value of this name. Override it to compute them."""
    return list(pytestconfig.getini("talkover_mock_fixtures"))


@pytest.fixture(scope="session")
def talkover_mock_server(request: pytest.FixtureRequest, talkover_mock_fixtures: Fixtures) -> Iterator[MockServer]:
    """The server of this run: started once on a free port, or the running server of `--talkover-mock-url`.

    Every test's environment is a fresh copy of this one. A server that the run has started gives it a token of its own,
    so that a wrong token opens nothing; at a running server it is an environment that the run opens and closes.
    """
    url, unusable = request.config.getoption("talkover_mock_url"), ""
    try:
        if url:
            yield from _running_server(url, talkover_mock_fixtures, request.config)
        else:
            yield from _own_server(talkover_mock_fixtures, request.config)
    except _Unusable as error:
        unusable = str(error)
    if unusable:
        _end_the_run(request.session, unusable)


@pytest.fixture
def talkover_mock(request: pytest.FixtureRequest, talkover_mock_server: MockServer) -> Iterator[MockServer]:
    """An environment for this test alone: `.url`, `.api_url`, `.token`, `.headers`, `.state()`, `.reset()` …

    Fails the test for a crash of the server itself, with its traceback, and for calls to paths that the API does not
    have, unless the test calls `talkover_mock.allow_unmatched()`.
    """
    run = request.config.stash[_RUN]
    scheduled = pytest_schedules.scheduled(request.node)
    with run.needs(talkover_mock_server):
        environment = talkover_mock_server.open_environment(schedule=scheduled.schedule, title=request.node.nodeid)
    run.managed.add(environment.name)
    meanwhile = _begin(request, environment)
    pytest_keeping.begin(request.node, environment)
    yield environment
    with run.needs(environment), pytest_keeping.ending(request.node, environment) as ended:
        scheduled.ended = ended.get("schedule")
        run.managed.discard(environment.name)
        _check(environment, ended["errors"], ended["unmatched"], meanwhile)


@pytest.fixture
def talkover_mock_shared(request: pytest.FixtureRequest, talkover_mock_server: MockServer) -> Iterator[MockServer]:
    """The environment of `talkover_mock_server`, reset for this test: for an application that is started once.

    Fails the test as `talkover_mock` does.
    """
    from talkover_mock.pytest_watching import added

    run = request.config.stash[_RUN]
    with run.needs(talkover_mock_server):
        talkover_mock_server.reset()
        before = run.unmatched(talkover_mock_server)
    talkover_mock_server.allows_unmatched = False
    meanwhile = _begin(request, talkover_mock_server)
    yield talkover_mock_server
    with run.needs(talkover_mock_server):
        unmatched = added(before, run.unmatched(talkover_mock_server))
    _check(talkover_mock_server, run.local.crashes() if run.local else [], unmatched, meanwhile)


def _begin(request: pytest.FixtureRequest, environment: MockServer) -> Meanwhile:
    """Remembers the environment for the report."""
    meanwhile = request.config.stash[_RUN].meanwhile()
    request.node.stash[_USED] = (environment, meanwhile)
    return meanwhile


def _check(environment: MockServer, errors: Sequence[str], unmatched: Sequence[Call], meanwhile: Meanwhile) -> None:
    _fail_for_crashes(errors)
    if not environment.allows_unmatched:
        _fail_for_unmatched([*unmatched, *meanwhile.unmatched()])


def _fail_for_unmatched(calls: Sequence[Call]) -> None:
    from talkover_mock.admin.lines import lines

    if calls:
        found = "\n  ".join(lines(calls))
        text = "the test made calls that no route of the mock answers (talkover_mock.allow_unmatched() allows them):"
        pytest.fail(f"{text}\n  {found}", pytrace=False)


def _fail_for_crashes(errors: Sequence[str]) -> None:
    if errors:
        pytest.fail("the mock server itself failed:\n" + "\n".join(errors), pytrace=False)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Remembers which calls the environments have that tests have opened themselves."""
    run = item.config.stash.get(_RUN, None)
    if run:
        item.stash[_BEGUN] = run.begin()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item) -> Generator[None, None, None]:
    """Fails the test for unmatched calls to environments that tests have opened themselves, also at its teardown."""
    run = item.config.stash.get(_RUN, None)
    try:
        unmatched = run.take_unmatched() if run else []
    finally:
        yield  # fixtures end in any case
    _fail_for_unmatched([*unmatched, *run.take_unmatched()] if run else [])


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Adds to the report of a failing test what it and its fixtures did to the mock server."""
    report = yield
    run = item.config.stash.get(_RUN, None)
    is_verdict = pytest_schedules.scheduled(item).verdict is not None
    if report.failed and report.when != "teardown" and run is not None and not is_verdict:
        report.sections += _sections(item, run)
    return report


def _sections(item: pytest.Item, run: Run) -> list[tuple[str, str]]:
    from talkover_mock.pytest_report import guarded, sections

    environment, meanwhile = item.stash.get(_USED, (None, None))
    found = sections(environment) if environment else []
    others = guarded(lambda: run.sections(item.stash.get(_BEGUN, {}), environment, meanwhile))
    return found + others


@pytest.fixture
def webhook_receiver(request: pytest.FixtureRequest) -> Iterator[WebhookReceiver]:
    """A receiver of webhooks on a free port: `.url`, `.requests`, `.events`, `.answer_next(500)`, `.wait_for(2)` …"""
    from talkover_mock.receiver import running_receiver

    with running_receiver() as receiver:
        receiver.hint = lambda: _hint(request.node)
        receiver.settings = lambda: _settings(request.node)
        yield receiver


def _settings(item: pytest.Item) -> dict[str, Any]:
    """The settings of the test's environment that differ from their defaults; none without an environment."""
    environment, _ = item.stash.get(_USED, (None, None))
    return dict(environment.assumptions()["overrides"]) if environment else {}


def _hint(item: pytest.Item) -> str:
    """Why a receiver may have got nothing: the events of the test's environment, and a loop that stood still."""
    from talkover_mock.client.loops import loop_hints
    from talkover_mock.pytest_report import events_text

    environment, _ = item.stash.get(_USED, (None, None))
    events = (events_text(environment) or "no event has been emitted") if environment else ""
    return "\n".join([*([f"the events of the mock server:\n{events}"] if events else []), *loop_hints()])


def _own_server(fixtures: Fixtures, config: pytest.Config) -> Iterator[MockServer]:
    from talkover_mock.base.collector import collector_paused

    with collector_paused():
        from talkover_mock.local import serving
        from talkover_mock.pytest_watching import Run

    with serving(_fixture(fixtures)) as local:
        config.stash[_RUN] = Run(local.client, local.client, local, set(), {})
        yield local.client
    del config.stash[_RUN]
    _fail_for_crashes(local.crashes())


def _running_server(url: str, fixtures: Fixtures, config: pytest.Config) -> Iterator[MockServer]:
    import os

    from talkover_mock.client import MockServer
    from talkover_mock.probe import probe
    from talkover_mock.pytest_watching import Run

    try:
        client = MockServer(url, admin_token=os.environ.get("TALKOVER_MOCK_ADMIN_TOKEN"), prober=probe)
    except ValueError as error:
        raise _Unusable(f"--talkover-mock-url: {error}") from None
    with client:
        _check_it_answers(client)
        environment = client.open_environment(fixture=_document(fixtures) if fixtures else None)
        config.stash[_RUN] = run = Run(environment, client, None, {environment.name}, {})
        yield environment
        del config.stash[_RUN]
        with run.needs(environment):
            _fail_for_crashes(environment.close()["errors"])


class _Unusable(Exception):
    """No test can have its server; the text says why."""


def _end_the_run(session: pytest.Session, text: str) -> NoReturn:
    """Ends the run instead of failing each of its tests with the same text; a worker of xdist fails one test."""
    if hasattr(session.config, "workerinput"):
        session.shouldfail = "the mock server can't be used"
        pytest.fail(text, pytrace=False)
    pytest.exit(text, returncode=pytest.ExitCode.USAGE_ERROR)


def _check_it_answers(client: MockServer) -> None:
    """Fails with one paragraph, instead of one traceback for each layer of a refused connection."""
    import requests

    from talkover_mock.client.errors import NO_ADMIN, MissingKey, MockServerError, first_cause

    try:
        client.clock()["now"]  # health would answer without admin routes, or with a wrong admin token
    except (requests.RequestException, MockServerError, MissingKey) as error:
        foreign = error if isinstance(error, MockServerError) and not error.is_of_admin else None
        if foreign and foreign.status == 404:
            raise _Unusable(f"--talkover-mock-url {client.url} {NO_ADMIN}") from None
        why = f"{foreign.status} {foreign.problem['title']!s:.80}" if foreign else first_cause(error)
        text = (
            f"--talkover-mock-url {client.url}: no mock server can be used there ({why}). "
            "Start one with `talkover-mock serve`, or leave the option out: then pytest starts its own. If the "
            "server asks for an admin token, put it into the variable TALKOVER_MOCK_ADMIN_TOKEN."
        )
        raise _Unusable(text) from None


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
        raise _Unusable(text) from None
