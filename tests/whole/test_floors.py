"""Modules import only from floors below them, at the top of the file."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import ROOT

FLOORS = (
    {"__init__", "client", "receiver", "words"},
    {"errors", "clock", "ids", "events", "builder", "inputs", "rate_limit", "assumptions"},
    {"signing", "payloads", "targets", "pump", "history", "faults", "patterns"},
    {"records", "rules", "documents"},
    {"fields", "sender"},
    {"settings"},
    {"store", "mistakes", "messages", "journal"},
    {"collected", "agents", "webhooks", "outbox"},
    {"reader", "delivery"},
    {"seed", "schema"},
    {"fixture_files", "environment"},
    {"world"},
    {"answers", "explain"},
    {"wire", "strikes", "recording"},
    {"routing"},
    {"api", "admin"},
    {"app"},
    {"server"},
    {"local", "reporting"},
    {"cli", "pytest_plugin"},
    {"__main__"},
)
"""From the ground up. A package is one floor; its modules may import each other, as long as there is no cycle."""

PACKAGE = ROOT / "mockserver"
MODULES = sorted(PACKAGE.rglob("*.py"))
MAY_IMPORT_LATE = {PACKAGE / "pytest_plugin.py"}
NAMES = [str(path.relative_to(PACKAGE)) for path in MODULES]


def floor(module: str) -> int:
    """The floor of `mockserver.<module>`, which may name something within that module."""
    first = module.split(".", maxsplit=1)[0]
    found = [number for number, names in enumerate(FLOORS) if first in names]
    assert found, f"{module} stands on no floor; give it one in this test"
    return found[0]


def imports(path: Path) -> Iterator[str]:
    """What a module imports of the package, without `mockserver.`; the package itself is `__init__`."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "mockserver":
            inner = (node.module or "").removeprefix("mockserver").lstrip(".")
            yield from [inner] if inner else [_module_or_package(alias.name) for alias in node.names]
        elif isinstance(node, ast.Import):
            yield from (n.name.removeprefix("mockserver.") for n in node.names if n.name.startswith("mockserver."))


def _module_or_package(name: str) -> str:
    return name if (PACKAGE / name).is_dir() or (PACKAGE / f"{name}.py").exists() else "__init__"


@pytest.mark.parametrize("path", MODULES, ids=NAMES)
def test_a_module_imports_only_from_below(path: Path) -> None:
    module = path.relative_to(PACKAGE).with_suffix("").as_posix().replace("/", ".")
    for imported in imports(path):
        same_package = "." in module and imported.split(".")[0] == module.split(".")[0]
        assert same_package or floor(imported) < floor(module), f"{module} imports {imported}"


@pytest.mark.parametrize("path", [path for path in MODULES if path not in MAY_IMPORT_LATE])
def test_no_import_stands_inside_a_function(path: Path) -> None:
    functions = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.FunctionDef)]
    late = [node for each in functions for node in ast.walk(each) if isinstance(node, ast.Import | ast.ImportFrom)]
    assert not [ast.unparse(node) for node in late]


@pytest.mark.parametrize("path", MODULES, ids=NAMES)
def test_a_module_says_what_it_is_and_fits_one_sitting(path: Path) -> None:
    source = path.read_text()
    assert ast.get_docstring(ast.parse(source))
    assert source.count("\n") <= 300


def test_serving_does_not_pay_for_the_client() -> None:
    program = "import sys, mockserver.cli.serve; print('requests' in sys.modules)"
    assert subprocess.check_output([sys.executable, "-c", program], text=True) == "False\n"
