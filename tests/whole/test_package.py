"""What `make dist` makes, a wheel and a source distribution: they hold what they must, install, and serve."""

import re
import sys
import tarfile
import zipfile
from importlib import metadata
from pathlib import Path

import pytest
import requests

from talkover_mock import __version__
from talkover_mock.admin.routes.about import description as described
from tests.conftest import ROOT
from tests.support.documented import TOGGLE, TOKEN
from tests.support.installed import Installed, fresh_environment, run, serving

pytestmark = pytest.mark.slow


def test_both_are_fit_for_an_index(built: tuple[Path, Path], tmp_path: Path) -> None:
    run([sys.executable, "-m", "twine", "check", "--strict", *map(str, built)], tmp_path, {})


def test_the_archive_has_what_building_needs(built: tuple[Path, Path]) -> None:
    with tarfile.open(built[0]) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    needed = {
        "setup.cfg",
        "pyproject.toml",
        "README.md",
        "LICENSE",
        "fixtures/default.yaml",
        "mockserver/talkover_mock/py.typed",
    }
    assert needed <= names


def test_the_archive_installs_and_serves(built: tuple[Path, Path], installed: Installed, tmp_path: Path) -> None:
    environment = fresh_environment(tmp_path / "venv", installed.packages)
    run(["pip", "install", str(built[0])], tmp_path, environment)
    with serving(["talkover-mock", "serve", "--port", "0"], tmp_path, environment) as url:
        assert requests.patch(url + TOGGLE, headers=TOKEN, timeout=10).json()["message"] == "Webhook enabled"


def test_the_wheel_holds_the_package_and_its_fixtures_and_nothing_else(installed: Installed) -> None:
    with zipfile.ZipFile(installed.wheel) as wheel:
        found = {name for name in wheel.namelist() if ".dist-info/" not in name}
    source = ROOT / "mockserver"
    package = {path.relative_to(source).as_posix() for path in (source / "talkover_mock").rglob("*.py")}
    fixtures = {f"talkover_mock/fixtures/{path.name}" for path in (ROOT / "fixtures").glob("*.yaml")}
    folders = (source / "talkover_mock" / name for name in ("static", "templates"))
    page = {path.relative_to(source).as_posix() for folder in folders for path in folder.iterdir()}
    data = {f"talkover_mock/{name}" for name in ("conformance.yaml", "openapi.yaml", "py.typed")}
    assert found == {*package, *page, *fixtures, *data}


def test_an_installed_wheel_serves_its_default_fixture_and_its_description(
    installed: Installed, tmp_path: Path
) -> None:
    with serving(["talkover-mock", "serve", "--port", "0"], tmp_path, installed.environment) as url:
        assert requests.patch(url + TOGGLE, headers=TOKEN, timeout=10).json()["message"] == "Webhook enabled"
        description = requests.get(f"{url}/__admin/openapi.yaml", timeout=10)
        page = [requests.get(f"{url}/__admin/{name}", timeout=10).status_code for name in ("", "page.css", "page.js")]
    assert page == [200, 200, 200]
    assert description.content.decode() == described()


def test_an_installed_wheel_gives_pytest_its_fixtures(installed: Installed, tmp_path: Path) -> None:
    (tmp_path / "test_mine.py").write_text(
        "import requests\n"
        "def test_toggle(talkover_mock):\n"
        f"    answer = requests.patch(talkover_mock.url + {TOGGLE!r}, headers=talkover_mock.headers)\n"
        "    assert answer.json()['message'] == 'Webhook enabled'\n"
    )
    assert "1 passed" in run(["python", "-m", "pytest", "-W", "error"], tmp_path, installed.environment)


def test_versions_agree(installed: Installed, tmp_path: Path) -> None:
    version = __version__
    assert metadata.version("talkover-mock") == version
    assert f"-{version}-" in installed.wheel.name
    assert run(["talkover-mock", "--version"], tmp_path, installed.environment) == f"talkover-mock, version {version}\n"
    headings = re.findall("^## (.*)$", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert headings[0] == "Unreleased" or re.fullmatch(rf"{re.escape(version)} \(\d{{4}}-\d\d-\d\d\)", headings[0])
