"""The built package, and an environment that has it, once for all the tests that need them."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.installed import Installed, fresh_environment, packages_of, run, source_tree, variables_of

Once = Callable[[str, Callable[[Path], None]], Path]


@pytest.fixture(scope="session")
def once(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Once:
    """Makes what is in a folder of this name, unless another worker of this run has made it or is making it."""
    is_worker = hasattr(request.config, "workerinput")
    shared = tmp_path_factory.getbasetemp().parent if is_worker else tmp_path_factory.getbasetemp()

    def make(name: str, fill: Callable[[Path], None]) -> Path:
        folder, made = shared / name, shared / f"{name}-made"
        with _alone(shared / f"{name}-lock"):
            if not made.exists():
                folder.mkdir()
                fill(folder)
                made.touch()
        return folder

    return make


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Holds a lock among processes; a process that dies gives it back."""
    import fcntl  # not every system has it, and the tests that need this are left out there

    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


@pytest.fixture(scope="session")
def built(once: Once) -> tuple[Path, Path]:
    """The source distribution and the wheel."""

    def build(folder: Path) -> None:
        source = folder / "source"
        source.mkdir()
        command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(folder)]
        run(command, source_tree(source), {"PATH": str(Path(sys.executable).parent)})

    folder = once("dist", build)
    (archive,), (wheel,) = folder.glob("*.tar.gz"), folder.glob("*.whl")
    return archive, wheel


@pytest.fixture(scope="session")
def installed(built: tuple[Path, Path], once: Once) -> Installed:
    """The wheel in an environment of its own, beside pytest."""

    def install(folder: Path) -> None:
        run(["pip", "install", str(built[1]), "pytest"], folder, fresh_environment(folder / "venv"))

    venv = once("package", install) / "venv"
    return Installed(built[1], variables_of(venv), packages_of(venv))
