"""Keeps the environments of failed tests at a running server, for people who look at them on its page.

The plugin registers this module. It is imported in every run, so it imports nothing else of the package.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from talkover_mock.pytest_schedules import scheduled

if TYPE_CHECKING:
    from talkover_mock.base.shapes.admin import ClosedEnvironment, MarkedEnvironment
    from talkover_mock.client import MockServer

_OPTION = "--talkover-mock-keep-failed"
_NAME = "talkover_mock_keep_failed"
_HELP = "at a running server, keep the environment of a test that fails, for the server's page"
_TITLE = "the page with what this test did to the mock server"
_PAGE: pytest.StashKey[str] = pytest.StashKey()
"""The address of a test's environment on the page; empty for one that closes in any case."""
_FAILED: pytest.StashKey[bool] = pytest.StashKey()


def add_options(parser: pytest.Parser, group: pytest.OptionGroup) -> None:
    group.addoption(_OPTION, action="store_true", help=_HELP)
    parser.addini(_NAME, f"{_HELP}; without effect where pytest starts the server", type="bool")


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption(_NAME) and not config.getoption("talkover_mock_url"):
        text = "needs --talkover-mock-url: a server that pytest starts ends with the run, so no environment can stay"
        raise pytest.UsageError(f"{_OPTION} {text}")
    try:
        config.getini(_NAME)
    except (ValueError, pytest.UsageError) as error:
        raise pytest.UsageError(f"the ini value {_NAME} must be true or false: {error}") from None


def begin(item: pytest.Item, environment: MockServer) -> None:
    """Remembers the environment of a test, if it stays when the test fails."""
    config, page = item.config, f"{environment.url}/__admin/?environment={environment.name}"
    keeps = config.getoption("talkover_mock_url") and (config.getoption(_NAME) or config.getini(_NAME))
    item.stash[_PAGE] = page if keeps and scheduled(item).is_shown else ""
    item.stash[_FAILED] = False


@contextmanager
def ending(item: pytest.Item, environment: MockServer) -> Iterator[ClosedEnvironment | MarkedEnvironment]:
    """Closes the environment, or keeps it if the test or the body of the `with` fails. Gives what a closing tells."""
    if not item.stash[_PAGE]:
        yield environment.close()
        return
    try:
        ended = environment.mark_environment(environment.name, "open")
    except BaseException:  # nothing stays of one that is closed
        item.stash[_PAGE] = ""
        environment.disconnect()
        raise
    try:
        yield ended
    except BaseException:
        item.stash[_FAILED] = True
        raise
    finally:
        if item.stash[_FAILED]:
            environment.mark_environment(environment.name)
            environment.disconnect()
        else:
            item.stash[_PAGE] = ""
            environment.close()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Notes a failure, and adds the address of the page to its report."""
    report = yield
    if report.failed and (page := item.stash.get(_PAGE, "")):
        item.stash[_FAILED] = True
        report.sections.append((_TITLE, page))
    return report
