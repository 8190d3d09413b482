"""Beside the libraries that replace time, HTTP, files, sockets and threads in users' tests: docs/pytest.md has them."""

import re
import shutil
import sys
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.conftest import ROOT
from tests.support import everyday
from tests.support.installed import Installed, run, serving
from tests.whole.test_docs_tables import under

pytestmark = pytest.mark.slow
SURROUNDINGS = Path(sys.prefix) / "surroundings"
"""Where `make` has installed all the libraries."""

BEGINNING = """\
import asyncio, contextlib, pathlib, pytest, re, requests
from everyday import *
from talkover_mock.client import MockServer

@pytest.fixture
def is_own(request):
    "Whether the run has started the server."
    return not request.config.getoption("talkover_mock_url")

def raises_if(condition, *arguments, **options):
    return pytest.raises(*arguments, **options) if condition else contextlib.nullcontext()

"""
EVERYTHING = """
def test_everything(talkover_mock, webhook_receiver{fixture}):
    {needs}
    everything(talkover_mock, webhook_receiver)
"""
WITHOUT = """
{decorator}
def test_a_call_without_it_does_not_arrive(talkover_mock{fixture}):
    with pytest.raises(Exception):
        toggle(talkover_mock)
    assert talkover_mock.requests() == []
"""
FIRST = """
{decorator}
def test_the_first_use_of_the_mock(request, is_own):
    mock = request.getfixturevalue("talkover_mock")
    everything(mock, request.getfixturevalue("webhook_receiver"))
    assert mock.clock()["now"].startswith("2030-01-01") == is_own
"""
"""The package is imported, and the server started, while time stands still."""
CLIENT = """
{decorator}
def test_the_first_client_of_the_run(talkover_mock, is_own{fixture}):
    with raises_if(is_own, ImportError, match="replaces HTTP, .* `import talkover_mock.client.remote` at the top"):
        MockServer(talkover_mock.url)
"""
RECORDED = """
@vcr.use_cassette("recorded.yaml", record_mode="once")
def test_calls_are_recorded(talkover_mock):
    environment = talkover_mock.open_environment()
    toggle(environment)
    environment.close()

def test_only_the_applications_calls_were_recorded():
    [uri] = re.findall("uri: (.*)", pathlib.Path("recorded.yaml").read_text())
    assert uri.endswith("/toggle")
    assert not pathlib.Path("cassette.yaml").exists()
"""
FILES = """
def test_what_the_server_reads(talkover_mock, fs):
    for path in ("", "page.css", "page.js", "openapi.yaml"):
        assert requests.get(talkover_mock.url + "/__admin/" + path, headers=talkover_mock.headers).status_code == 200
"""
LOOP = """
def test_a_loop_in_the_thread_of_the_test(talkover_mock, is_own):
    coroutine = asyncio.sleep(0)
    with raises_if(is_own, RuntimeError, match="running event loop"), contextlib.closing(coroutine):
        asyncio.run(coroutine)
"""
BEFORE = {"freezegun": FIRST, "time-machine": FIRST, "responses": CLIENT, "requests-mock": CLIENT, "vcrpy": CLIENT}
AFTER = {"vcrpy": RECORDED, "pyfakefs": FILES, "gevent": LOOP, "eventlet": LOOP}
GREEN = """\
import warnings

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # a library's words about itself
    import {module}
    {active}
"""


class Library(NamedTuple):
    """A row of the table: the library, the code that makes it active, and the code for the application's calls."""

    name: str
    active: str
    needs: str
    imports: str

    @property
    def is_option(self) -> bool:
        return self.active.startswith("--")

    @property
    def is_decorator(self) -> bool:
        return self.active.startswith("@")

    @property
    def is_fixture(self) -> bool:
        return self.active.isidentifier()

    @property
    def is_of_a_test(self) -> bool:
        """Whether it is active in a test alone, not in the whole run."""
        return self.is_decorator or self.is_fixture

    def conftest(self) -> str:
        """The library's lines of `conftest.py`, where it is active in the whole run without an option."""
        if self.is_option or self.is_of_a_test:
            return ""
        return GREEN.format(module=self.active.rpartition(".")[0], active=self.active)

    def program(self) -> str:
        """A file of tests."""
        decorator, needs = (self.active if self.is_decorator else "", "" if self.is_option else self.needs)
        fixture = f", {self.active}" if self.is_fixture else ""
        imports = f"import {decorator[1:].partition('.')[0]}\n" if decorator else ""
        is_argument = re.match(r"\w+=", needs)
        with_it = f"{decorator.removesuffix(')')}, {needs})" if is_argument else decorator
        every = EVERYTHING.format(fixture=fixture, needs="pass" if is_argument else needs or "pass")
        others = [BEFORE.get(self.name, ""), WITHOUT if needs else "", AFTER.get(self.name, "")]
        before, without, after = (each.format(decorator=decorator, fixture=fixture) for each in others)
        return f"{BEGINNING}{imports}{self.imports}\n{before}\n{with_it}{every}{without}{after}"


def libraries() -> Iterator[Library]:
    section = under("## Beside other libraries", (ROOT / "docs" / "pytest.md").read_text())
    for name, active, needs in re.findall(r"^\| ([\w-]+) \| (.*`.*) \| (.*) \|$", section, re.MULTILINE):
        code, *further = re.findall("`(.*?)`", needs) or [""]
        yield Library(name, re.findall("`(.*?)`", active)[0], code, "\n".join(further))


LIBRARIES = list(libraries())
GROUPS = {
    "what is active in a test": [library for library in LIBRARIES if library.is_of_a_test],
    **{library.name: [library] for library in LIBRARIES if not library.is_of_a_test},
}
"""Libraries that can be in one run, by what they are called."""


@pytest.fixture(scope="module")
def environment(installed: Installed) -> dict[str, str]:
    """The variables of the shared environment, with all the libraries in a folder beside it."""
    assert SURROUNDINGS.is_dir(), "`make test` installs the libraries"
    return {**installed.environment, "PYTHONPATH": str(SURROUNDINGS)}


@pytest.fixture(scope="module")
def running(installed: Installed, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a server in a process of its own."""
    with serving(
        ["talkover-mock", "serve", "--port", "0"], tmp_path_factory.mktemp("running"), installed.environment
    ) as url:
        yield url


def run_beside(libraries: list[Library], folder: Path, environment: Mapping[str, str], *options: str) -> None:
    """Runs the tests of libraries, each in a file of its own, in one run."""
    folder.mkdir()
    (folder / "conftest.py").write_text("".join(library.conftest() for library in libraries))
    shutil.copy(everyday.__file__, folder)
    needed = list[str]()
    for library in libraries:
        (folder / f"test_{library.name.replace('-', '_')}.py").write_text(library.program())
        if library.is_option:
            needed += [library.active, library.needs]
    run(["pytest", "-W", "error", *options, *needed], folder, environment)
    if needed:
        command = " ".join(["!", "pytest", *options, needed[0]])
        assert "SocketBlockedError" in run(command, folder, environment)


@pytest.mark.parametrize("group", GROUPS.values(), ids=GROUPS)
def test_it_works_beside(group: list[Library], environment: dict[str, str], running: str, tmp_path: Path) -> None:
    """Each with a server of its own, where the first use of the mock is tried too, and all with a running server.

    In several runs at once, which mostly wait.
    """
    with ThreadPoolExecutor(3) as pool:
        runs = [pool.submit(run_beside, [library], tmp_path / library.name, environment) for library in group]
        options = ("--talkover-mock-url", running)
        runs.append(pool.submit(run_beside, group, tmp_path / "running", environment, *options))
    for each in runs:
        each.result()
