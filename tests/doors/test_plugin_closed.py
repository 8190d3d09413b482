"""A run of the pytest plugin goes on when another client closes the environments that its tests have opened."""

import re

import pytest

from talkover_mock.client import MockServer
from tests.doors.test_plugin import folder, run
from tests.doors.test_plugin_teardown import parts

__all__ = ["folder"]

pytestmark = pytest.mark.slow

CLOSED = """
import pytest
import requests

OPENED = {}

@pytest.fixture(scope="session", autouse=True)
def opened(talkover_mock_server):
    OPENED.update({name: talkover_mock_server.open_environment(name) for name in ("one", "two", "three", "four")})
    return talkover_mock_server.opened

def close(name):
    assert requests.delete(f"{OPENED[name].url}/__admin/environments/{name}").ok

def test_closing():
    close("one")

def test_after_it(opened):
    assert {*opened} & {*OPENED} == {"two", "three", "four"}

def test_failing():
    close("two")
    raise ValueError("of its own")

def test_after_the_failing_one(opened):
    assert {*opened} & {*OPENED} == {"three", "four"}

def test_a_second_closing_forgets_too(opened, talkover_mock_server):
    for name, end in {"three": OPENED["three"].close, "four": lambda: OPENED["four"].mark_environment("four")}.items():
        close(name)
        with pytest.raises(Exception, match="^404 No such environment"):
            end()
        assert name not in opened

def test_with_an_environment_of_its_own(talkover_mock):
    assert talkover_mock.state()["agents"]
"""
UNREADABLE = """
import pytest

ENDED = []

@pytest.fixture
def opened(talkover_mock_server):
    environment = talkover_mock_server.open_environment("mine")
    yield environment
    environment.name = "mine"
    ENDED.append(environment.close())

def test_unreadable(opened):
    opened.name = None
    raise ValueError("of its own")

def test_after_it():
    assert len(ENDED) == 1
"""

HINTED = """
import pytest

def test_what_came_is_told(talkover_mock, webhook_receiver):
    talkover_mock.events = None
    with pytest.raises(AssertionError, match="^expected 1 request .*, got 0\\n.*\\nthe journal can't be read: "):
        webhook_receiver.wait_for(1, 0)
"""


@pytest.mark.parametrize("is_running", [True, False])
def test_an_environment_that_another_client_closes_is_forgotten(
    is_running: bool, folder: pytest.Pytester, mock: MockServer
) -> None:
    folder.makepyfile(CLOSED)
    result = run(folder, *(["--talkover-mock-url", mock.url] if is_running else []))
    result.assert_outcomes(passed=5, failed=1)
    result.stdout.fnmatch_lines(["E*ValueError: of its own"])
    result.stdout.no_fnmatch_line("*the journal can't be read*")


def test_an_environment_that_cannot_be_read_ends_neither_the_run_nor_the_fixtures_lives(
    folder: pytest.Pytester,
) -> None:
    folder.makepyfile(UNREADABLE)
    result = run(folder)
    result.assert_outcomes(passed=1, failed=1, errors=1)
    unreadable = "the journal can't be read: AttributeError(\"'NoneType' object has no attribute 'partition'\")"
    assert [text for heading, title, text in parts(result) if title == "API calls to the mock server"] == [[unreadable]]


def test_events_that_cannot_be_read_hide_no_request(folder: pytest.Pytester) -> None:
    folder.makepyfile(HINTED)
    run(folder).assert_outcomes(passed=1)


GONE = """
import requests

def close(mock):
    assert requests.delete(f"{mock.url}/__admin/environments/{mock.name}").ok

def test_itself(talkover_mock):
    talkover_mock.close()

def test_another_client(talkover_mock):
    close(talkover_mock)

def test_failing(talkover_mock):
    close(talkover_mock)
    raise ValueError("of its own")
"""
OF_THE_RUN = """
def test_closing(talkover_mock, talkover_mock_server):
    close(talkover_mock_server)

def test_next(talkover_mock):
    pass

def test_shared(talkover_mock_shared):
    pass
"""
CLOSED_MEANWHILE = "the environment of this {0}, NAME, was closed while the {0} went on"


@pytest.mark.parametrize("arguments", [[], ["url"], ["url", "--talkover-mock-keep-failed"]])
def test_a_test_whose_environment_is_closed_is_told_so_in_one_sentence(
    arguments: list[str], folder: pytest.Pytester, mock: MockServer
) -> None:
    folder.makepyfile(GONE)
    result = run(folder, *[f"--talkover-mock-url={mock.url}" if each == "url" else each for each in arguments])
    result.assert_outcomes(passed=2, failed=1, errors=3)
    assert said(result, " at teardown of ") == [CLOSED_MEANWHILE.format("test")] * 3


def test_a_run_whose_environment_is_closed_is_told_so_by_each_later_test(
    folder: pytest.Pytester, mock: MockServer
) -> None:
    folder.makepyfile(GONE.partition("def test_")[0] + OF_THE_RUN)
    result = run(folder, f"--talkover-mock-url={mock.url}")
    result.assert_outcomes(passed=1, errors=3)
    assert said(result, "ERROR at ") == [CLOSED_MEANWHILE.format("run")] * 3


def said(result: pytest.RunResult, where: str) -> list[str]:
    """The lines about errors there, but for sections; the name of an environment differs from run to run."""
    texts = [text for heading, title, text in parts(result) if where in heading and not title]
    return [re.sub("environment-[0-9]+", "NAME", line) for text in texts for line in text if line]
