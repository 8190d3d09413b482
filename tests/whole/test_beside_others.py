"""Beside MockServer's own client, and in projects that call something of theirs `mockserver`: the name is not ours."""

from pathlib import Path

import pytest

from talkover_mock import __version__
from tests.support.documented import TOGGLE
from tests.support.installed import Installed, fresh_environment, run

pytestmark = pytest.mark.slow

OURS, THEIRS = "talkover-mock", "mockserver-client"
TEST_OF_OURS = f"""\
import requests

def test_ours(talkover_mock, webhook_receiver):
    answer = requests.patch(talkover_mock.url + {TOGGLE!r}, headers=talkover_mock.headers)
    assert answer.json()["message"] == "Webhook enabled"
    assert requests.post(webhook_receiver.url, json={{"event": "event_action"}}).status_code == 200
    assert webhook_receiver.events == ["event_action"]
"""
TEST_OF_BOTH = """\
import mockserver as theirs
from urllib.parse import urlsplit

def test_both(talkover_mock, webhook_receiver, monkeypatch, request):
    monkeypatch.setenv("MOCKSERVER_HOST", "127.0.0.1")
    monkeypatch.setenv("MOCKSERVER_PORT", str(urlsplit(webhook_receiver.url).port))
    client = request.getfixturevalue("mockserver")
    assert type(client) is theirs.MockServerClient
    paths = [each.path for each in webhook_receiver.requests]
    assert paths == ["/mockserver/status", "/mockserver/reset"]
"""
"""Their fixture `mockserver` with a server that answers 200 to everything, which is enough for it."""
IMPORT_OF_THEIRS = "import mockserver, mockserver.pytest_plugin; print(mockserver.MockServerClient.__module__)"
DAMAGE = """\
import base64, hashlib, sys
from importlib import metadata

files = [file for file in metadata.files(sys.argv[1]) if file.hash]
assert files
for file in files:
    path = file.locate()
    found = hashlib.new(file.hash.mode, path.read_bytes()).digest() if path.exists() else b""
    if base64.urlsafe_b64encode(found).decode().rstrip("=") != file.hash.value:
        print(file)
"""
"""Prints the files of a distribution that are missing, or are not those that it was installed with."""


class Site:
    """A virtual environment for both distributions."""

    def __init__(self, folder: Path, wheel: Path, dependencies: Path) -> None:
        self._folder = folder
        self._environment = fresh_environment(folder / "venv", dependencies)
        self._wheels = {OURS: str(wheel), THEIRS: THEIRS}

    def install(self, name: str) -> None:
        self.run("pip", "install", self._wheels[name])

    def uninstall(self, name: str) -> None:
        self.run("pip", "uninstall", "-y", name)

    def run(self, *command: str) -> str:
        return run(list(command), self._folder, self._environment)

    def check(self, *names: str) -> None:
        """Fails unless each of the distributions works and has every file that it came with."""
        for name in names:
            assert self.run("python", "-c", DAMAGE, name) == ""
        if THEIRS in names:
            assert self.run("python", "-W", "error", "-c", IMPORT_OF_THEIRS) == "mockserver.client\n"
        if OURS in names:
            assert self.run("talkover-mock", "--version") == f"talkover-mock, version {__version__}\n"
            tests = [TEST_OF_OURS, TEST_OF_BOTH][: len(names)]
            (self._folder / "test_mine.py").write_text("\n".join(tests))
            # Their client never closes its event loop, of which Python warns when the loop is collected.
            options = ["-W", "error", "-W", "ignore::pytest.PytestUnraisableExceptionWarning"][: 2 * len(names)]
            assert f"{len(tests)} passed" in self.run("python", "-m", "pytest", *options)


def test_both_work_side_by_side_and_uninstalling_either_leaves_the_other_whole(
    built: tuple[Path, Path], installed: Installed, tmp_path: Path
) -> None:
    """One after the other, in both orders, and each goes while the other stays."""
    site = Site(tmp_path, built[1], installed.packages)
    site.install(THEIRS)
    site.install(OURS)
    site.check(OURS, THEIRS)
    site.uninstall(THEIRS)
    site.check(OURS)
    site.install(THEIRS)
    site.check(OURS, THEIRS)
    site.uninstall(OURS)
    site.check(THEIRS)


@pytest.mark.parametrize("path", ["mockserver.py", "mockserver/__init__.py", "tests/mockserver.py"])
def test_a_project_imports_a_mockserver_of_its_own(installed: Installed, tmp_path: Path, path: str) -> None:
    module = tmp_path / path
    module.parent.mkdir(exist_ok=True)
    module.write_text("MINE = True\n")
    folder = tmp_path / "tests" if path.startswith("tests/") else tmp_path
    (folder / "test_mine.py").write_text(f"import mockserver\nassert mockserver.MINE\n{TEST_OF_OURS}")
    assert "1 passed" in run(["python", "-m", "pytest", "-W", "error"], tmp_path, installed.environment)
