"""The option of the pytest plugin that keeps the environments of failed tests at a running server."""

import pytest

from talkover_mock.environments.environment import Environment
from talkover_mock.environments.world import World
from talkover_mock.web.server import Server
from tests.doors.test_plugin import CRASH, errors, folder, run, run_alone
from tests.doors.test_plugin_teardown import CALL, UNMATCHED, parts

__all__ = ["folder"]

pytestmark = pytest.mark.slow

KEEP = "--talkover-mock-keep-failed"
TITLE = "the page with what this test did to the mock server"
FAILING = """
@pytest.fixture
def broken_setup(talkover_mock):
    assert call(talkover_mock) == 500

@pytest.fixture
def broken_teardown(talkover_mock):
    yield
    raise ValueError

def test_passing(talkover_mock):
    assert call(talkover_mock) == 200

def test_failing(talkover_mock):
    assert call(talkover_mock) == 500

def test_failing_in_setup(broken_setup):
    pass

def test_unmatched(talkover_mock):
    assert call(talkover_mock, "/api/v1/nope") == 404

def test_allowed(talkover_mock):
    talkover_mock.allow_unmatched()
    assert call(talkover_mock, "/api/v1/nope") == 404

def test_failing_and_unmatched(talkover_mock):
    assert call(talkover_mock, "/api/v1/nope") == 200

@pytest.mark.xfail
def test_failing_as_expected(talkover_mock):
    assert call(talkover_mock) == 500

@pytest.mark.xfail(strict=True)
def test_passing_unexpectedly(talkover_mock):
    assert call(talkover_mock) == 200

def test_skipped(talkover_mock):
    pytest.skip("for a reason")

def test_failing_in_teardown_of_another(broken_teardown):
    pass

def test_failing_alone():
    raise ValueError

def test_failing_with_the_shared_one(talkover_mock_shared):
    raise ValueError
"""
KEPT = {
    "test_failing": ["test_failing"],
    "test_failing_in_setup": ["ERROR at setup of test_failing_in_setup"],
    "test_unmatched": ["ERROR at teardown of test_unmatched"],
    "test_failing_and_unmatched": ["ERROR at teardown of test_failing_and_unmatched", "test_failing_and_unmatched"],
    "test_passing_unexpectedly": ["test_passing_unexpectedly"],
}
"""The tests whose environments stay, each with the headings of the reports that have the address."""


def kept(world: World) -> dict[str, Environment]:
    """The environments that a run has left at the server, by the name of their test."""
    left = [each for name, each in world.environments.items() if name not in ("default", "staging", "production")]
    assert [world.state_of(each) for each in left] == ["failed, kept"] * len(left)
    return {each.title.rpartition("::")[2]: each for each in left}


def pages(result: pytest.RunResult) -> dict[str, list[str]]:
    """The reports that show the address of the page, by it."""
    found: dict[str, list[str]] = {}
    for heading, title, text in parts(result):
        if title == TITLE:
            [address] = text
            found.setdefault(address, []).append(heading)
    return found


def page_of(server: Server, environment: Environment) -> str:
    return f"{server.url}/__admin/?environment={environment.name}"


@pytest.mark.parametrize("workers", ["0", "1"])
def test_the_environment_of_a_failed_test_stays_and_its_report_has_the_page(
    workers: str, folder: pytest.Pytester, server: Server, world: World
) -> None:
    folder.makepyfile(CALL + FAILING)
    result = run_alone(folder, "--talkover-mock-url", server.url, KEEP, "-p", "xdist", "-n", workers)
    result.assert_outcomes(passed=4, failed=5, errors=4, xfailed=1, skipped=1)
    found = kept(world)
    assert pages(result) == {page_of(server, found[name]): headings for name, headings in KEPT.items()}
    assert set(found) == set(KEPT)
    assert [each.path for each in found["test_unmatched"].journal.log.all()] == ["/api/v1/nope"]
    assert sum(line == UNMATCHED for line in result.stdout.lines) == 2


def test_without_the_option_nothing_stays(folder: pytest.Pytester, server: Server, world: World) -> None:
    folder.makepyfile(CALL + FAILING)
    result = run(folder, "--talkover-mock-url", server.url)
    result.assert_outcomes(passed=4, failed=5, errors=4, xfailed=1, skipped=1)
    assert (kept(world), pages(result)) == ({}, {})


def test_a_crash_of_the_mock_is_a_failure_too(
    folder: pytest.Pytester, server: Server, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def crash(*_: object) -> None:
        raise ZeroDivisionError("of our own making")

    monkeypatch.setattr("talkover_mock.state.webhooks.Webhooks.toggle", crash)
    folder.makepyfile(CRASH + "\ndef test_crash(talkover_mock):\n    toggle(talkover_mock)\n")
    result = run(folder, "--talkover-mock-url", server.url, KEEP)
    result.assert_outcomes(passed=1, errors=1)
    assert errors(result)[1] == "the mock server itself failed:"
    assert list(pages(result)) == [page_of(server, kept(world)["test_crash"])]


@pytest.mark.parametrize("value", ["true", "false"])
def test_the_ini_value_asks_for_it_at_a_running_server(
    value: str, folder: pytest.Pytester, server: Server, world: World
) -> None:
    folder.makeini(f"[pytest]\ntalkover_mock_keep_failed = {value}")
    folder.makepyfile("def test_failing(talkover_mock):\n    raise ValueError")
    run(folder, "--talkover-mock-url", server.url).assert_outcomes(failed=1)
    assert list(kept(world)) == (["test_failing"] if value == "true" else [])


def test_the_ini_value_changes_nothing_where_pytest_starts_the_server(folder: pytest.Pytester) -> None:
    folder.makeini("[pytest]\ntalkover_mock_keep_failed = true")
    folder.makepyfile("def test_failing(talkover_mock):\n    raise ValueError")
    result = run(folder)
    result.assert_outcomes(failed=1)
    assert pages(result) == {}


@pytest.mark.parametrize("workers", [(), ("-p", "xdist", "-n", "1")], ids=["alone", "workers"])
def test_the_option_without_a_running_server_is_wrong_use(workers: tuple[str, ...], folder: pytest.Pytester) -> None:
    folder.makepyfile("def test_it():\n    pass")
    result = run_alone(folder, KEEP, *workers)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    text = "needs --talkover-mock-url: a server that pytest starts ends with the run, so no environment can stay"
    assert [line for line in result.stderr.lines if line] == [f"ERROR: {KEEP} {text}"]


def test_an_ini_value_that_is_neither_ends_the_run_and_is_named(folder: pytest.Pytester) -> None:
    folder.makeini("[pytest]\ntalkover_mock_keep_failed = maybe")
    folder.makepyfile("def test_it(talkover_mock):\n    pass")
    result = run(folder)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    text = "the ini value talkover_mock_keep_failed must be true or false: invalid truth value 'maybe'"
    assert [line for line in result.stderr.lines if line] == [f"ERROR: {text}"]


SCHEDULED = """
import pytest

@pytest.mark.talkover_mock_schedules(3)
def test_under_schedules_only(talkover_mock):
    assert talkover_mock.environment(talkover_mock.name)["schedule"]["only"] == []

@pytest.mark.talkover_mock_schedules(3)
def test_in_any_case(talkover_mock):
    raise ValueError
"""


def test_of_many_schedules_the_undisturbed_run_is_kept(folder: pytest.Pytester, server: Server, world: World) -> None:
    """A report names the schedule of any other failure, under which the test fails again."""
    folder.makepyfile(SCHEDULED)
    arguments = ("--talkover-mock-url", server.url, KEEP)
    result = run(folder, *arguments)
    result.assert_outcomes(failed=2)
    assert list(kept(world)) == ["test_in_any_case"]
    assert list(pages(result).values()) == [["test_in_any_case"]]
    run(folder, *arguments, "--talkover-mock-schedule", "1:", "-k", "only").assert_outcomes(passed=1)
    run(folder, *arguments, "--talkover-mock-schedule", "1", "-k", "only").assert_outcomes(failed=1)
    assert list(kept(world)) == ["test_in_any_case", "test_under_schedules_only"]
