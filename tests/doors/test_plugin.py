"""The pytest plugin, in runs of its own."""

import errno
import os
import platform
import re
import socket
import sys
from http import HTTPStatus

import pytest
import requests

from talkover_mock import local, probe, pytest_plugin, pytest_report, pytest_watching
from talkover_mock.admin.guard import Guard
from talkover_mock.app import create_app
from talkover_mock.environments.world import World
from talkover_mock.web.server import Server
from tests.support.documented import AGENT, TOGGLE, WEBHOOK
from tests.support.peers import Peer
from tests.support.receivers import SECRET, careful, listening
from tests.support.rows import each_row

pytestmark = pytest.mark.slow
IMPORTED = (local, probe, pytest_report, pytest_watching, requests)
"""What the plugin and its users import late: a run inside of this one forgets what it was the first to import."""
WAIT = 60
"""Seconds that one run may take."""
TOGGLES = f"""\
import pytest
import requests

@pytest.mark.parametrize("number", range(4))
def test_toggle(talkover_mock, number):
    answer = requests.patch(talkover_mock.url + {TOGGLE!r}, headers=talkover_mock.headers)
    assert answer.json()["message"] == "Webhook enabled"
    assert talkover_mock.webhook({WEBHOOK!r})["enabled"] is True
"""
"""Four tests that pass only where each has a world of its own."""
MINE = """\
def test_mine(talkover_mock):
    assert [agent["name"] for agent in talkover_mock.state()["agents"]] == ["Mine"]
"""
"""A test that passes only on the fixture `mine.yaml`."""
CRASH = f"""\
import pytest
import requests
from talkover_mock.state.webhooks import Webhooks

@pytest.fixture
def broken(monkeypatch):
    def toggle(*_):
        raise ZeroDivisionError("of our own making")
    monkeypatch.setattr(Webhooks, "toggle", toggle)

def toggle(talkover_mock):
    assert requests.patch(talkover_mock.url + {TOGGLE!r}, headers=talkover_mock.headers).status_code == 500
"""
"""A server whose toggle crashes."""


@pytest.fixture
def folder(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """Where the runs happen, with fixture files in it and without the other plugins that happen to be installed."""
    (pytester.path / "mine.yaml").write_text("agents: [{name: Mine}]\n")
    (pytester.path / "bad.yaml").write_text("agents: []\nenviroments: {}\n")
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    monkeypatch.delenv("PYTEST_XDIST_WORKER", raising=False)
    return pytester


def run(folder: pytest.Pytester, *arguments: str) -> pytest.RunResult:
    """A run inside of this one, which costs no start of Python; every warning is an error."""
    return folder.runpytest_inprocess("-W", "error", *arguments, plugins=[pytest_plugin])


def run_alone(folder: pytest.Pytester, *arguments: str) -> pytest.RunResult:
    """The same in a process of its own, with the plugin by the name of its entry point."""
    return folder.runpytest_subprocess("-W", "error", "-p", "talkover_mock", *arguments, timeout=WAIT)


def errors(result: pytest.RunResult) -> list[str]:
    """What pytest shows under ERRORS: its headings, and the lines below them."""
    text = result.stdout.str().partition(" ERRORS ")[2].partition(" short test summary ")[0]
    return [line for line in text.splitlines() if line.strip("= ")]


def test_each_test_has_an_environment_of_its_own(folder: pytest.Pytester) -> None:
    folder.makepyfile(TOGGLES)
    run(folder).assert_outcomes(passed=4)


@pytest.mark.parametrize("given", ["'mine.yaml'", "(Path('mine.yaml'),)"])
def test_fixtures_are_a_path_or_several(given: str, folder: pytest.Pytester) -> None:
    fixture = f"@pytest.fixture(scope='session')\ndef talkover_mock_fixtures():\n    return {given}\n"
    folder.makepyfile("import pytest\nfrom pathlib import Path\n" + fixture + MINE)
    run(folder).assert_outcomes(passed=1)


def test_each_worker_of_xdist_has_a_server_of_its_own(folder: pytest.Pytester) -> None:
    folder.makepyfile(TOGGLES)
    run_alone(folder, "-p", "xdist", "-n", "2").assert_outcomes(passed=4)


def test_an_environment_has_the_name_of_its_test_as_its_title(folder: pytest.Pytester) -> None:
    folder.makepyfile(
        """
        import pytest

        TEXTS = ["short", "x" * 600]

        @pytest.mark.parametrize("text", TEXTS, ids=TEXTS)
        def test_title(talkover_mock, text):
            mine = talkover_mock.environment(talkover_mock.name)
            title = f"{__file__.rpartition('/')[2]}::test_title[{text}]"
            assert mine["title"] == (title if text == "short" else title[:497] + "...")
        """
    )
    run(folder).assert_outcomes(passed=2)


def test_an_environment_says_where_it_is_and_can_be_changed(folder: pytest.Pytester) -> None:
    folder.makepyfile(
        f"""
        def test_it(talkover_mock, talkover_mock_server):
            assert talkover_mock.url == talkover_mock_server.url
            assert talkover_mock.api_url == talkover_mock.url + "/api/v1"
            assert talkover_mock.headers == {{"Authorization": "Bearer " + talkover_mock.token}}
            before = talkover_mock.state()
            talkover_mock.merge_state({{"agents": [{{"id": {AGENT!r}, "name": "Other"}}]}})
            assert talkover_mock.agent({AGENT!r})["name"] == "Other"
            assert talkover_mock.replace_state({{"agents": []}}) == {{"agents": []}}
            talkover_mock.reset()
            assert talkover_mock.state() == before == talkover_mock_server.state()
        """
    )
    run(folder).assert_outcomes(passed=1)


@pytest.mark.parametrize("workers", ["0", "2"])
def test_a_running_server_is_used_and_left_as_it_was(
    workers: str, folder: pytest.Pytester, server: Server, world: World
) -> None:
    before = world.default.documents.whole()
    folder.makepyfile(TOGGLES + f"    assert talkover_mock.url == {server.url!r}\n")
    run_alone(folder, "--talkover-mock-url", server.url, "-p", "xdist", "-n", workers).assert_outcomes(passed=4)
    assert list(world.environments) == ["default", "staging", "production"]
    assert world.default.documents.whole() == before


SHARED = TOGGLES.replace("talkover_mock", "talkover_mock_shared").replace("range(4)", "range(20)")


@pytest.mark.parametrize("workers", ["0", "2"])
def test_each_worker_shares_an_environment_of_its_own_at_a_running_server(
    workers: str, folder: pytest.Pytester, server: Server, world: World
) -> None:
    before = world.default.documents.whole()
    folder.makepyfile(SHARED)
    run_alone(folder, "--talkover-mock-url", server.url, "-p", "xdist", "-n", workers).assert_outcomes(passed=20)
    assert list(world.environments) == ["default", "staging", "production"]
    assert (world.default.documents.whole(), world.default.journal.position) == (before, (0, 0))


def test_a_running_server_is_given_the_fixtures_of_the_run(
    folder: pytest.Pytester, server: Server, world: World
) -> None:
    folder.makepyfile(MINE)
    result = run(folder, "--talkover-mock-url", server.url, "-o", "talkover_mock_fixtures=mine.yaml")
    result.assert_outcomes(passed=1)
    assert list(world.environments) == ["default", "staging", "production"]


@pytest.mark.parametrize("is_running", [True, False])
def test_a_receiver_is_examined_at_any_server(is_running: bool, folder: pytest.Pytester, server: Server) -> None:
    with listening(careful()) as place:
        folder.makepyfile(f"def test_it(talkover_mock):\n    talkover_mock.probe({place.url!r}, {SECRET!r})\n")
        run(folder, *(["--talkover-mock-url", server.url] if is_running else [])).assert_outcomes(passed=1)
    assert len(place.requests) == 17


def test_fixtures_come_from_the_ini_file_and_are_relative_to_it(folder: pytest.Pytester) -> None:
    folder.makeini("[pytest]\ntalkover_mock_fixtures = mine.yaml")
    folder.mkdir("sub").joinpath("test_mine.py").write_text(MINE)
    run(folder, "sub").assert_outcomes(passed=1)


def test_fixtures_can_be_computed(folder: pytest.Pytester) -> None:
    folder.makeini("[pytest]\ntalkover_mock_fixtures = bad.yaml")
    folder.makeconftest(
        """
        import pytest

        @pytest.fixture(scope="session")
        def talkover_mock_fixtures(pytestconfig):
            return [pytestconfig.rootpath / "mine.yaml"]
        """
    )
    folder.makepyfile(MINE)
    run(folder).assert_outcomes(passed=1)


def test_mistakes_in_fixtures_are_told_and_nothing_else(folder: pytest.Pytester) -> None:
    folder.makepyfile(TOGGLES)
    result = run(folder, "-o", "talkover_mock_fixtures=bad.yaml nowhere.yaml")
    assert end_of(result) == [
        "the fixtures of the mock server have mistakes:",
        f"{folder.path / 'nowhere.yaml'}: can't be read: No such file or directory",
        f"{folder.path / 'bad.yaml'}:2: enviroments: unknown key; did you mean environments?",
    ]


@pytest.mark.parametrize(
    ("fixtures", "shown"), [("5", ["5"]), ("['nowhere', 3]", ["3", "nowhere"]), ("b'x'", ["b'x'"])]
)
def test_a_fixture_of_no_paths_ends_the_run(fixtures: str, shown: list[str], folder: pytest.Pytester) -> None:
    folder.makeconftest(
        f"""
        import pytest

        @pytest.fixture(scope="session")
        def talkover_mock_fixtures():
            return {fixtures}
        """
    )
    folder.makepyfile(TOGGLES)
    title, *mistakes = end_of(run(folder))
    assert title == "the fixtures of the mock server have mistakes:"
    assert [each.partition(": ")[0] for each in mistakes] == shown


def end_of(result: pytest.RunResult) -> list[str]:
    """What ended the run, before any test."""
    result.assert_outcomes()
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    [text] = re.findall(r"^! _pytest.outcomes.Exit: (.*) !$", result.stdout.str(), re.MULTILINE | re.DOTALL)
    return str(text).splitlines()


def test_a_worker_of_xdist_tells_of_mistakes_once(folder: pytest.Pytester) -> None:
    folder.makepyfile(TOGGLES)
    result = run_alone(folder, "-o", "talkover_mock_fixtures=bad.yaml", "-p", "xdist", "-n", "1")
    result.assert_outcomes(errors=1)
    assert result.ret == pytest.ExitCode.INTERRUPTED
    assert [line.partition(":")[0] for line in errors(result)[1:]] == [
        f"[gw0] {sys.platform} -- Python {platform.python_version()} {sys.executable}",
        "the fixtures of the mock server have mistakes",
        str(folder.path / "bad.yaml"),
    ]


UNREACHABLE = (
    "--talkover-mock-url {url}: no mock server can be used there ({reason}). Start one with `talkover-mock serve`, "
    "or leave the option out: then pytest starts its own. If the server asks for an admin token, put it into the "
    "variable TALKOVER_MOCK_ADMIN_TOKEN."
)


def test_a_url_where_nobody_answers_is_one_paragraph(folder: pytest.Pytester) -> None:
    folder.makepyfile(MINE)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        result = run(folder, "--talkover-mock-url", url)
    reason = f"[Errno {errno.ECONNREFUSED}] {os.strerror(errno.ECONNREFUSED)}"
    assert end_of(result) == [UNREACHABLE.format(url=url, reason=reason)]


def test_an_admin_token_that_cannot_be_sent_is_not_printed(
    folder: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TALKOVER_MOCK_ADMIN_TOKEN", "mine\n")
    folder.makepyfile(MINE)
    url = "http://127.0.0.1:1"
    [text] = end_of(run(folder, "--talkover-mock-url", url))
    assert text.startswith("--talkover-mock-url: no header can carry the admin token: it must be text on one line, ")
    assert text.endswith(" (commands and the pytest plugin have it from TALKOVER_MOCK_ADMIN_TOKEN)")


def test_what_is_no_root_of_a_server_is_one_line(folder: pytest.Pytester) -> None:
    folder.makepyfile(MINE)
    result = run(folder, "--talkover-mock-url", "localhost:7357")
    expected = "expected the root of a server, such as http://127.0.0.1:7357 (got 'localhost:7357')"
    assert end_of(result) == [f"--talkover-mock-url: {expected}"]


def test_an_empty_url_does_not_stand_for_a_server_of_the_run(folder: pytest.Pytester) -> None:
    folder.makepyfile(MINE)
    result = run(folder, "--talkover-mock-url", "")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    text = '--talkover-mock-url needs a URL, such as http://127.0.0.1:7357 (got "")'
    assert [line for line in result.stderr.lines if line] == [f"ERROR: {text}"]


NO_ADMIN = (
    "--talkover-mock-url {url} has no admin routes: it runs with --no-admin, or this is not the root of a mock server"
)


def test_a_server_without_admin_routes_is_one_line(folder: pytest.Pytester, world: World) -> None:
    server = Server(create_app(world))
    server.start()
    try:
        folder.makepyfile(MINE)
        result = run(folder, "--talkover-mock-url", server.url)
    finally:
        server.stop()
    assert end_of(result) == [NO_ADMIN.format(url=server.url)]


@each_row(
    ("status", "body", "shown"),
    [
        (404, b"<html>not here</html>", NO_ADMIN),
        (502, b"<html>no upstream</html>", UNREACHABLE.replace("{reason}", "502 Bad Gateway")),
        (200, b"<html>welcome</html>", UNREACHABLE.replace("{reason}", "200 Not the answer of a mock server")),
        (200, b"{}", UNREACHABLE.replace("{reason}", "{url}/__admin/clock answers without the key 'now'")),
    ],
)
def test_a_server_of_another_kind_is_named_without_its_pages(
    status: int, body: bytes, shown: str, folder: pytest.Pytester
) -> None:
    folder.makepyfile(MINE)

    def answer(_: Peer, connection: socket.socket) -> None:
        assert connection.recv(1 << 16).endswith(b"\r\n\r\n")
        head = f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\nContent-Length: {len(body)}\r\n\r\n"
        connection.sendall(head.encode() + body)

    with Peer(answer) as other:
        result = run(folder, "--talkover-mock-url", other.url)
    assert end_of(result) == [shown.format(url=other.url)]


@pytest.mark.parametrize(("token", "outcome"), {"": {}, "secret": {"passed": 4}}.items())
def test_an_admin_token_comes_from_its_variable(
    token: str, outcome: dict[str, int], folder: pytest.Pytester, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = Server(create_app(world, Guard(token="secret")))
    server.start()
    monkeypatch.setenv("TALKOVER_MOCK_ADMIN_TOKEN", token)
    try:
        folder.makepyfile(TOGGLES)
        run(folder, "--talkover-mock-url", server.url).assert_outcomes(**outcome)
    finally:
        server.stop()


@pytest.mark.parametrize("fixture", ["talkover_mock", "talkover_mock_server"])
def test_a_crash_of_the_server_fails_the_run_with_its_traceback(fixture: str, folder: pytest.Pytester) -> None:
    folder.makepyfile(CRASH + f"\ndef test_crash(broken, {fixture}):\n    toggle({fixture})\n")
    result = run(folder)
    result.assert_outcomes(passed=1, errors=1)
    heading, title, trace, *_, last = errors(result)
    assert heading.strip("_ ") == "ERROR at teardown of test_crash"
    assert (title, trace) == ("the mock server itself failed:", "Traceback (most recent call last):")
    assert last == "ZeroDivisionError: of our own making"


def test_a_run_that_takes_no_fixture_imports_nothing_for_it(folder: pytest.Pytester) -> None:
    folder.makepyfile(
        """
        import sys

        def test_it():
            assert not {"flask", "requests", "httptools", "werkzeug", "yaml", "click"} & set(sys.modules)
            assert {name for name in sys.modules if name.startswith("talkover_mock")} == {
                "talkover_mock", "talkover_mock.pytest_plugin", "talkover_mock.base", "talkover_mock.base.real_time",
                "talkover_mock.pytest_hushing", "talkover_mock.pytest_importing", "talkover_mock.pytest_keeping",
                "talkover_mock.pytest_schedules",
            }
        """
    )
    run_alone(folder).assert_outcomes(passed=1)


def test_pytest_rewrites_the_asserts_of_tests_but_looks_for_none_in_the_package(folder: pytest.Pytester) -> None:
    folder.makepyfile(
        """
        import sys
        from importlib.machinery import SourceFileLoader

        def test_it(talkover_mock):
            loaders = {name: sys.modules[name].__loader__ for name in sys.modules if name.startswith("talkover_mock.")}
            others = {name for name, loader in loaders.items() if not isinstance(loader, SourceFileLoader)}
            assert others == {"talkover_mock.pytest_plugin", "talkover_mock.pytest_importing"}
            assert len(loaders) > 100
            word = "ab"
            assert word == "abc"
        """
    )
    result = run_alone(folder)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["E*AssertionError: assert 'ab' == 'abc'"])


def test_a_run_against_a_running_server_imports_no_server(folder: pytest.Pytester, server: Server) -> None:
    folder.makepyfile(
        """
        import sys

        def test_it(talkover_mock):
            assert not {"flask", "talkover_mock.web.server", "werkzeug"} & set(sys.modules)
        """
    )
    run_alone(folder, "--talkover-mock-url", server.url).assert_outcomes(passed=1)


def test_help_names_the_option_and_the_ini_value(folder: pytest.Pytester) -> None:
    result = run(folder, "--help")
    assert result.ret == 0
    assert "--talkover-mock-url=URL" in result.stdout.str()
    assert "talkover_mock_fixtures (paths):" in result.stdout.str()
