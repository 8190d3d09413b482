"""A user's test suite with our fixture, against one with pytest-httpserver, as whole runs of pytest."""

import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from benchmarks.bare import ANSWER
from benchmarks.figures import Figure, LeftOut, Sample, duration, interleaved, ratio_of, seconds, short, typical
from benchmarks.programs import environment
from talkover_mock.local import running_mockserver

_ROUNDS, _TESTS, _SINGLE_ROUNDS = 9, 500, 15
_PATH = "/agents/9fbef0b7-8d4e-4a08-9207-66c22155721d/webhooks/9fcafbf2-7593-44d6-8cd7-1b221beba62a/toggle"

_OURS = """\
import pytest
import requests

@pytest.mark.parametrize("number", range({tests}))
def test_toggle(talkover_mock, number):
    answer = requests.patch(talkover_mock.api_url + "{path}", headers=talkover_mock.headers)
    assert answer.json()["message"] == "Webhook enabled"
"""
_THEIRS = """\
import pytest
import requests

ANSWER = {answer}

@pytest.mark.parametrize("number", range({tests}))
def test_toggle(httpserver, number):
    httpserver.expect_request("/api/v1{path}", method="PATCH").respond_with_json(ANSWER)
    url = httpserver.url_for("/api/v1{path}")
    answer = requests.patch(url, headers={{"Authorization": "Bearer talq_benchmark"}})
    assert answer.json()["message"] == "Webhook enabled"
"""


def measure() -> Iterator[Figure]:
    with running_mockserver() as mock:
        fixture = lambda: typical(lambda: seconds(lambda: mock.open_environment().close()), 200)  # noqa: E731
        yield duration("open and close an environment in process", 0.2, fixture)
    if not find_spec("pytest_httpserver"):
        raise LeftOut("pytest-httpserver is not installed; `make bench` does it")
    with TemporaryDirectory() as folder:
        many = interleaved(_run(folder, "ours", _TESTS), _run(folder, "theirs", _TESTS), _ROUNDS)
        remark = f"; {short(median(ours for ours, _ in many) / _quickest(many))} x of its quickest round"
        yield ratio_of("500 tests with a toggle, against pytest-httpserver", 0.9, many, remark)
        yield _difference(interleaved(_run(folder, "ours", 1), _run(folder, "theirs", 1), _SINGLE_ROUNDS))


def _difference(rounds: list[tuple[float, float]]) -> Figure:
    quickest = _quickest(rounds)
    mine = median(ours for ours, _ in rounds)
    remark = f"{short(mine * 1000)} ms and, in its quickest round, {short(quickest * 1000)} ms"
    differences = [ours - quickest for ours, _ in rounds]
    return Figure("one test, minus one with pytest-httpserver", differences, 0.12, "s", remark)


def _quickest(rounds: list[tuple[float, float]]) -> float:
    """The other's best: in most rounds its server needs half a second more to stop, which is no merit of ours."""
    return min(theirs for _, theirs in rounds)


def _run(folder: str, whose: str, tests: int) -> Sample:
    """A run outside this project's settings, with the one plugin that its user has."""
    plugin, text = {"ours": ("talkover_mock", _OURS), "theirs": ("pytest_httpserver", _THEIRS)}[whose]
    file = Path(folder, f"test_{whose}_{tests}.py")
    file.write_text(text.format(tests=tests, path=_PATH, answer=ANSWER))
    command = [sys.executable, "-m", "pytest", "-q", "-p", plugin, "-p", "no:cacheprovider", file.name]
    settings = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTHONPYCACHEPREFIX": str(Path(folder, "compiled"))}

    def run() -> None:
        done = subprocess.run(
            command, cwd=folder, env={**environment(), **settings}, capture_output=True, text=True, check=False
        )
        if f"{tests} passed" not in done.stdout:
            raise RuntimeError(f"{' '.join(command)} ended with {done.returncode}:\n{done.stdout}{done.stderr}")

    return lambda: seconds(run)
