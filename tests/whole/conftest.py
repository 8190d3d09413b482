"""The built package, and an environment that has it, once for all the tests that need them."""

import sys
from pathlib import Path

import pytest

from tests.support.installed import fresh_environment, run, source_tree


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The source distribution and the wheel."""
    folder = tmp_path_factory.mktemp("dist")
    source = folder / "source"
    source.mkdir()
    environment = {"PATH": str(Path(sys.executable).parent)}
    run([sys.executable, "-m", "build", "--no-isolation", "--outdir", str(folder)], source_tree(source), environment)
    (archive,), (wheel,) = folder.glob("*.tar.gz"), folder.glob("*.whl")
    return archive, wheel


@pytest.fixture(scope="session")
def installed(built: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    """The wheel, and the variables of an environment that it is installed in. No test may change the environment."""
    folder = tmp_path_factory.mktemp("package")
    environment = fresh_environment(folder / "venv")
    run(["pip", "install", str(built[1]), "pytest"], folder, environment)
    return built[1], environment
