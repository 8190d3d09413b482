"""The wheel: it holds what it must, and serves from a fresh environment."""

import re
import zipfile
from importlib import metadata
from pathlib import Path

import pytest
import requests

import mockserver
from tests.conftest import ROOT
from tests.documented import TOGGLE, TOKEN
from tests.installed import fresh_environment, run, serving, source_tree


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    """The wheel, and the variables of an environment that it is installed in."""
    folder = tmp_path_factory.mktemp("package")
    environment = fresh_environment(folder / "venv")
    source = folder / "source"
    source.mkdir()
    run(["pip", "wheel", "--no-deps", "--wheel-dir", str(folder), str(source_tree(source))], folder, environment)
    (wheel,) = folder.glob("*.whl")
    run(["pip", "install", str(wheel), "pytest"], folder, environment)
    return wheel, environment


def test_the_wheel_holds_the_package_and_its_fixtures_and_nothing_else(installed: tuple[Path, dict[str, str]]) -> None:
    with zipfile.ZipFile(installed[0]) as wheel:
        found = {name for name in wheel.namelist() if ".dist-info/" not in name}
    package = {path.relative_to(ROOT).as_posix() for path in (ROOT / "mockserver").rglob("*.py")}
    fixtures = {f"mockserver/fixtures/{path.name}" for path in (ROOT / "fixtures").glob("*.yaml")}
    assert found == {*package, *fixtures, "mockserver/openapi.yaml", "mockserver/py.typed"}


def test_an_installed_wheel_serves_its_default_fixture_and_its_description(
    installed: tuple[Path, dict[str, str]], tmp_path: Path
) -> None:
    with serving(["mockserver", "serve", "--port", "0"], tmp_path, installed[1]) as url:
        assert requests.patch(url + TOGGLE, headers=TOKEN, timeout=10).json()["message"] == "Webhook enabled"
        description = requests.get(f"{url}/__admin/openapi.yaml", timeout=10)
    assert description.content == (ROOT / "mockserver" / "openapi.yaml").read_bytes()


def test_an_installed_wheel_gives_pytest_its_fixtures(installed: tuple[Path, dict[str, str]], tmp_path: Path) -> None:
    (tmp_path / "test_mine.py").write_text(
        "import requests\n"
        "def test_toggle(mockserver):\n"
        f"    answer = requests.patch(mockserver.url + {TOGGLE!r}, headers=mockserver.headers)\n"
        "    assert answer.json()['message'] == 'Webhook enabled'\n"
    )
    assert "1 passed" in run(["python", "-m", "pytest", "-W", "error"], tmp_path, installed[1])


def test_versions_agree(installed: tuple[Path, dict[str, str]], tmp_path: Path) -> None:
    version = mockserver.__version__
    assert metadata.version("talkover-mockserver") == version
    assert f"-{version}-" in installed[0].name
    assert run(["mockserver", "--version"], tmp_path, installed[1]) == f"mockserver, version {version}\n"
    headings = re.findall("^## (.*)$", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert headings[0] == "Unreleased" or headings[0].startswith(version)
