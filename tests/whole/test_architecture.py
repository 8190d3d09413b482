"""docs/architecture.md and the charters are true: files, names, the import line, and what is public."""

import ast
import importlib
import re
import shutil
import subprocess
from collections.abc import Iterator
from functools import cache
from importlib import metadata
from pathlib import Path

import pytest

from talkover_mock.loading.files import default_fixture
from tests.conftest import ROOT
from tests.support.rows import each_row
from tests.whole.test_wings import LINE, MODULES, PACKAGE, tree

DOCS = ROOT / "docs"
TEXT = (DOCS / "architecture.md").read_text()
CONTRIBUTING, SECURITY = [(DOCS / name).read_text() for name in ("CONTRIBUTING.md", "SECURITY.md")]
ENDINGS = "py|md|yaml|toml|cfg"


def section(heading: str, text: str = TEXT) -> str:
    [found] = re.findall(rf"^## {heading}\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)
    return str(found)


def rows(heading: str, text: str = TEXT) -> list[list[str]]:
    """The cells of a section's table, without its head."""
    lines = [line for line in section(heading, text).splitlines() if line.startswith("|")]
    return [line.strip("| ").split(" | ") for line in lines[2:]]


def in_code(text: str) -> list[str]:
    return re.findall(r"`([^`\n]+)`", text)


def names_of(body: list[ast.stmt]) -> Iterator[tuple[str, ast.stmt]]:
    """The names that statements define, each with its statement."""
    for node in body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.name, node
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            yield from ((name.id, node) for each in targets for name in ast.walk(each) if isinstance(name, ast.Name))


@cache
def names_in(path: Path) -> dict[str, ast.stmt]:
    return dict(names_of(tree(path).body))


def defines(path: Path, name: str) -> bool:
    """Whether a file defines a name such as `Parser`, or `Parser.feed`."""
    outer, _, inner = name.partition(".")
    found = names_in(path).get(outer)
    body = found.body if isinstance(found, ast.ClassDef) else []
    return found is not None and (not inner or inner in dict(names_of(body)))


def file_of(name: str) -> Path | None:
    return next((path for folder in (PACKAGE, ROOT, DOCS) if (path := folder / name).exists()), None)


def test_every_file_and_folder_exists() -> None:
    for text in (TEXT, CONTRIBUTING):
        named = [each.partition("::")[0] for each in in_code(text)]
        paths = [each for each in named if re.fullmatch(rf"\.?[\w./-]+(\.({ENDINGS})|/)", each)]
        assert paths
        assert [path for path in paths if file_of(path) is None] == []


@pytest.mark.slow
def test_every_name_is_defined_where_the_page_says() -> None:
    placed = [each.split("::") for each in in_code(TEXT + SECURITY) if "::" in each]
    wrong = [f"{file}::{name}" for file, name in placed if not defines(file_of(file) or PACKAGE, name)]
    assert (wrong, len(placed) > 50) == ([], True)


@pytest.mark.slow
def test_every_class_that_is_named_alone_exists() -> None:
    alone = {each for each in in_code(TEXT) if re.fullmatch(r"[A-Z][a-z]+\w*(\.\w+)?", each)}
    missing = [name for name in alone if not any(defines(path, name) for path in MODULES.values())]
    assert (missing, len(alone) > 10) == ([], True)


def test_the_layout_shows_every_wing_with_modules_that_exist() -> None:
    lines = re.findall(r"^    (\w+)/ +[^:/\n]+: ([\w/ ]+)$", section("The layout"), re.MULTILINE)
    wings = {path.parent.name for path in PACKAGE.glob("*/__init__.py")}
    assert {wing for wing, _ in lines} == wings - {"cli", "client"}
    names = [f"{wing}/{name}" for wing, modules in lines for name in modules.split()]
    assert [name for name in names if not (PACKAGE / (name if name[-1] == "/" else f"{name}.py")).exists()] == []


def test_the_import_line_is_the_one_that_is_kept() -> None:
    assert f"\n    {LINE}\n" in TEXT


def test_every_target_of_make_is_there() -> None:
    targets = re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    readme = (ROOT / "README.md").read_text()
    named = {each.split()[1] for each in in_code(readme + CONTRIBUTING) if re.fullmatch("make [a-z]+.*", each)}
    assert named - {*targets} == set()
    assert {"quick", "test", "lowest", "bench", "soak"} <= named


@pytest.mark.skipif(not shutil.which("make"), reason="needs make")
def test_make_run_says_where_the_command_is() -> None:
    said = subprocess.run(
        ["make", "--no-print-directory", "-n", "run"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    *_, word, command = said.splitlines()
    assert word.startswith("echo ")
    assert f"{command.removesuffix(' serve')} --help" in word


# What is public

PUBLIC = {in_code(door)[0] if door[0] == "`" else door: in_code(names) for door, names in rows("What is public")}


def fixtures_of(path: Path) -> list[str]:
    """The functions that a file decorates as fixtures of pytest."""
    return [
        name
        for name, node in names_of(tree(path).body)
        if isinstance(node, ast.FunctionDef) and any("fixture" in ast.unparse(each) for each in node.decorator_list)
    ]


@each_row("door", ["talkover_mock.client", "talkover_mock.receiver", "talkover_mock.local", "talkover_mock.probe"])
def test_a_door_opens_to_what_is_public(door: str) -> None:
    module = importlib.import_module(door)
    assert sorted(module.__all__) == PUBLIC[door]
    assert [name for name in module.__all__ if not hasattr(module, name)] == []


def test_the_other_doors_are_there() -> None:
    assert [name for name, _ in names_of(tree(PACKAGE / "__init__.py").body)] == PUBLIC["talkover_mock"]
    assert sorted(fixtures_of(PACKAGE / "pytest_plugin.py")) == PUBLIC["talkover_mock.pytest_plugin"]
    points = [f"{each.name} = {each.value}" for each in metadata.distribution("talkover-mock").entry_points]
    assert sorted(points) == sorted(PUBLIC["entry points, and `python -m talkover_mock`"])
    assert "talkover_mock.__main__" in MODULES


def test_the_package_data_is_there() -> None:
    folder, *names = PUBLIC["package data"]
    assert default_fixture().parent.name == folder.strip("/")
    assert [name for name in names if not (PACKAGE / name).exists()] == []


# The charters

WHERE = {
    "cli/_where.py": "DEFAULT_PORT = ",
    "dialect/rules.py": "must be between",
    "base/headers.py": "def masked(token",
    "environments/world.py": "MOST_KEPT = ",
    "deliveries/attempts.py": "settings.retry_schedule",
    "deliveries/sender.py": "USER_AGENT = ",
    "api/fault_answers.py": '"connection_reset"',
    "loading/schema.py": "https://json-schema.org/",
}
"""What a stranger looks for, by the file where it stands."""


def test_the_charters_lead_a_stranger_to_the_file() -> None:
    for file, text in WHERE.items():
        wing, name = file.split("/")
        assert text in (PACKAGE / file).read_text()
        assert name in (ast.get_docstring(tree(PACKAGE / wing / "__init__.py")) or "")


def test_every_file_that_a_charter_names_is_there() -> None:
    for folder in PACKAGE.glob("*/"):
        init = folder / "__init__.py"
        names = re.findall(r"\b\w+\.py\b|\b\w+/", ast.get_docstring(tree(init)) or "") if init.exists() else []
        assert [name for name in names if not (folder / name).exists()] == [], folder
