"""A run of the pytest plugin goes on when another client closes the environments that its tests have opened."""

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
    environment = talkover_mock_server.open_environment()
    yield environment
    ENDED.append(environment.close())

def test_unreadable(opened):
    opened.requests = None
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
    unreadable = "the journal can't be read: TypeError(\"'NoneType' object is not callable\")"
    assert [text for heading, title, text in parts(result) if title == "API calls to the mock server"] == [[unreadable]]


def test_events_that_cannot_be_read_hide_no_request(folder: pytest.Pytester) -> None:
    folder.makepyfile(HINTED)
    run(folder).assert_outcomes(passed=1)
