"""The wings of the house: each imports only from its left, nothing imports late, every module fits one sitting."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from talkover_mock.api import FAMILIES
from tests.conftest import ROOT

pytestmark = pytest.mark.slow
LINE = "base < dialect < state < {loading | deliveries} < environments < web < {api | admin} < app < doors"
"""A wing imports only from the left of itself; wings in braces do not import each other."""
DOORS = (
    *("learning", "local", "probe", "examining", "cli", "__main__"),
    *("pytest_hushing", "pytest_keeping", "pytest_plugin", "pytest_report", "pytest_schedules", "pytest_watching"),
)
ALONE = ("client", "receiver")
"""These import nothing of the package but themselves and the types of `base.shapes`."""
RECEIVERS = ("talkover_mock.base.addresses", "talkover_mock.base.headers", "talkover_mock.base.receiving")
"""What the receiver imports too: its HTTP and its checks, which import nothing of the package themselves."""

PACKAGE = ROOT / "mockserver" / "talkover_mock"
MODULES = {
    ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts).removesuffix(".__init__"): path
    for path in sorted(PACKAGE.rglob("*.py"))
}
LATE = {
    "talkover_mock.__main__",  # the handlers of signals come before the imports
    "talkover_mock.pytest_plugin",  # a run that uses no fixture must not pay for the imports
    "talkover_mock.client.transport",  # requests takes longer to import than all else
    "talkover_mock.probe",  # few runs of tests probe a receiver
    "talkover_mock.app",  # the admin side is imported when its first request comes
}
_FLOORS = [words.strip(" {}").split(" | ") for words in LINE.split(" < ")]


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


def wing(module: str) -> str:
    """The wing of a module: its folder, `app`, or `doors`."""
    name = module.split(".")[1] if "." in module else ""
    return "doors" if name in DOORS else name


def floor(name: str) -> int:
    return next(number for number, names in enumerate(_FLOORS) if name in names)


def statements(node: ast.AST) -> Iterator[ast.AST]:
    """The statements below a node, however deep: imports are among them, and to look at every expression takes long."""
    for blocks in ("body", "orelse", "finalbody", "handlers", "cases"):
        for each in getattr(node, blocks, ()):
            yield each
            yield from statements(each)


def imports(path: Path) -> Iterator[str]:
    """The modules of the package that a file imports."""
    for node in statements(tree(path)):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "talkover_mock":
            names = [f"{node.module}.{alias.name}" for alias in node.names]
            yield from (name if name in MODULES else str(node.module) for name in names)
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name.split(".")[0] == "talkover_mock")


def is_allowed(importer: str, imported: str) -> bool:
    one, other = wing(importer), wing(imported)
    if other in {one, ""}:  # the package itself holds only the version
        return True
    if one in ALONE:
        is_receivers = importer == "talkover_mock.receiver" and imported in RECEIVERS
        return is_receivers or imported.startswith("talkover_mock.base.shapes.")
    if one == "doors":
        return True
    return other not in (*ALONE, "doors") and floor(other) < floor(one)


def test_every_wing_imports_only_from_its_left() -> None:
    wrong = [
        f"{module} imports {imported}"
        for module, path in MODULES.items()
        for imported in imports(path)
        if module != "talkover_mock" and not is_allowed(module, imported)
    ]
    assert wrong == []


def test_no_circle_of_modules() -> None:
    below = {module: {each for each in imports(path) if each != module} for module, path in MODULES.items()}
    while free := {module for module, others in below.items() if not others & below.keys()}:
        below = {module: others for module, others in below.items() if module not in free}
    assert below == {}


def test_no_import_stands_inside_a_function() -> None:
    late = [
        f"{module}: {ast.unparse(node)}"
        for module, path in MODULES.items()
        if module not in LATE
        for function in statements(tree(path))
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef)
        for node in statements(function)
        if isinstance(node, ast.Import | ast.ImportFrom)
    ]
    assert late == []


def test_every_module_says_what_it_is_and_has_at_most_300_lines() -> None:
    assert [module for module, path in MODULES.items() if not ast.get_docstring(tree(path))] == []
    assert [module for module, path in MODULES.items() if path.read_text().count("\n") > 300] == []


def test_a_wing_holds_its_charter_and_nothing_else() -> None:
    folders = [path.parent for path in MODULES.values() if path.name == "__init__.py" and path.parent != PACKAGE]
    doors = {"cli", "client"}
    listed = {"api"}  # its families
    for folder in folders:
        body = tree(folder / "__init__.py").body
        assert folder.name in doors | listed or len(body) == 1, folder


def test_nothing_imports_the_package_by_the_path_of_its_source() -> None:
    """From a checkout `mockserver` is a namespace, in which every module would be there a second time."""
    sources = [path for name in ("mockserver", "tests", "benchmarks") for path in (ROOT / name).rglob("*.py")]
    pattern = "mockserver" + ".talkover_mock"
    assert [path for path in sources if pattern in path.read_text()] == []


def test_a_family_of_endpoints_is_one_file_and_every_file_is_listed() -> None:
    """Whoever adds a family writes its file and lists it, and touches nothing else."""
    files = {module for module in MODULES if module.startswith("talkover_mock.api.routes.")}
    assert files == {family.__name__ for family in FAMILIES}
    for family in FAMILIES:
        importers = [module for module, path in MODULES.items() if family.__name__ in imports(path)]
        assert set(importers) - files == {"talkover_mock.api"}


def test_serving_does_not_pay_for_the_client() -> None:
    program = "import sys, talkover_mock.cli.serve; print('requests' in sys.modules)"
    assert subprocess.check_output([sys.executable, "-c", program], text=True) == "False\n"
