"""The types for users: mypy and pyright, both strict, find nothing in a suite that uses everything, and it passes."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from talkover_mock import client
from tests.conftest import ROOT
from tests.doors.test_plugin import run

pytestmark = pytest.mark.slow
TEXT = (ROOT / "tests" / "support" / "typed_suite.py").read_text()
SOURCE = str(ROOT / "mockserver")
BIN = Path(sys.executable).parent
STRICT = {"typeCheckingMode": "strict", "reportUnnecessaryTypeIgnoreComment": "error", "extraPaths": [SOURCE]}


MYPY = [str(BIN / "mypy"), "--strict", "--cache-dir=cache"]
PYRIGHT = [str(BIN / "basedpyright"), "--pythonpath", sys.executable]
"""The package has pyright with its own node; the one that is called pyright downloads itself when it is first run."""


@pytest.mark.parametrize("checker", [MYPY, PYRIGHT], ids=["mypy", "pyright"])
def test_a_strict_checker_finds_nothing_but_the_slips(checker: list[str], tmp_path: Path) -> None:
    """In a folder of its own, where the checkers have no configuration but the test's.

    In one run: of the suite as it is, and of one whose slips nothing hides.
    """
    lines = TEXT.splitlines()
    (tmp_path / "pyrightconfig.json").write_text(json.dumps(STRICT))
    (tmp_path / "hidden.py").write_text(TEXT)
    (tmp_path / "shown.py").write_text("\n".join(line.partition("  # type: ignore")[0] for line in lines) + "\n")
    checked = subprocess.run(
        [*checker, "hidden.py", "shown.py"],
        cwd=tmp_path,
        env={**os.environ, "MYPYPATH": SOURCE},
        capture_output=True,
        text=True,
        check=False,
    )
    slips = {("shown", str(number)) for number, line in enumerate(lines, 1) if "# type: ignore" in line}
    found = set(re.findall(r"(\w+)\.py:(\d+):.*error", checked.stdout))
    assert found == slips != set(), checked.stdout + checked.stderr


def test_the_suite_passes(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    monkeypatch.delenv("PYTEST_XDIST_WORKER", raising=False)
    pytester.makepyfile(TEXT)
    run(pytester).assert_outcomes(passed=TEXT.count("\ndef test_") + TEXT.count("@pytest.mark.parametrize"))


def test_the_suite_uses_every_type() -> None:
    assert [name for name in client.__all__ if f"    {name},\n" not in TEXT] == []
    unused = [name for name in client.__all__ if TEXT.count(name) < 2]
    assert unused == []
