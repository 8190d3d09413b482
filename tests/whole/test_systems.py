"""Every test module that uses what only some systems have is known for it, and left out elsewhere."""

import ast
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.support import systems

TESTS = ROOT / "tests"
MODULES = {path.relative_to(TESTS).with_suffix("").as_posix(): path for path in TESTS.rglob("test_*.py")}
NOT_EVERYWHERE = {
    *("fcntl", "resource", "pty", "termios"),
    *("os.fork", "os.mkfifo", "os.killpg", "os.get_blocking", "os.openpty", "signal.pthread_kill", "SIGHUP"),
}
MARKS = (
    "/proc/",
    "/dev/",
    '"sh"',
    '"bash"',
    "tests.support.installed import fresh_environment",
    "tests.support.everyday import",
)


def used(path: Path) -> set[str]:
    """What a module uses of what not every system has."""
    text = path.read_text()
    found = {mark for mark in MARKS if mark in text}
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module} & {f"tests.{name.replace('/', '.')}" for name in systems.NEEDS}
        if isinstance(node, ast.Import | ast.ImportFrom):
            found |= {alias.name for alias in node.names} & NOT_EVERYWHERE
        elif isinstance(node, ast.Attribute):
            found |= {ast.unparse(node)} & NOT_EVERYWHERE
    return found


@pytest.mark.slow
def test_modules_that_cannot_run_everywhere_are_named() -> None:
    assert systems.NEEDS.keys() <= MODULES.keys()
    found = {name: used(path) for name, path in MODULES.items() if name not in systems.NEEDS}
    own = Path(__file__).stem
    assert {name: uses for name, uses in found.items() if uses and not name.endswith(own)} == {}, (
        "name it in tests/support/systems.py::NEEDS"
    )


def test_a_module_is_left_out_with_a_reason(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(systems.HAS, systems.POSIX, False)
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")  # of the other plugins that happen to be installed
    pytester.makeconftest("from tests.conftest import pytest_pycollect_makemodule")
    web = pytester.mkdir("web")
    (web / "test_forks.py").write_text("import there_is_no_such_module\n")
    (web / "test_mine.py").write_text("def test_it() -> None: pass\n")
    result = pytester.runpytest_inprocess("-rs")
    result.assert_outcomes(passed=1, skipped=1)
    result.stdout.fnmatch_lines([f"SKIPPED*needs {systems.POSIX}"])
