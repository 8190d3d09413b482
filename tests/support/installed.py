"""Fresh virtual environments, and the program running in them. Nothing here needs a network."""

import os
import re
import shutil
import subprocess
import sys
import venv
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.conftest import ROOT

WHEELS = Path(sys.prefix) / "wheels"
"""What `make` has built of everything that the package needs."""


class Installed(NamedTuple):
    """The package, installed in an environment that no test may change."""

    wheel: Path
    environment: Mapping[str, str]
    """The variables under which the environment's programs come first."""
    packages: Path
    """The folder of what is installed."""


def fresh_environment(folder: Path, dependencies: Path | None = None) -> dict[str, str]:
    """A virtual environment in which `pip` works; returns the variables under which its programs come first.

    The `pip` is this environment's own, told to work on that one: installing another takes seconds. It has what another
    environment has in the folder of `dependencies`, all but this package.
    """
    if not WHEELS.is_dir():
        pytest.fail(f"there are no wheels in {WHEELS}; `make test` builds them")
    venv.create(folder, symlinks=True)
    pip = folder / "bin" / "pip"
    pip.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m pip --python "{folder}/bin/python" "$@"\n')
    pip.chmod(0o755)
    for package in without_own(dependencies) if dependencies else ():
        (packages_of(folder) / package.name).symlink_to(package)
    return variables_of(folder)


def variables_of(environment: Path) -> dict[str, str]:
    """The variables under which the programs of a virtual environment come first."""
    kept = {name: os.environ[name] for name in ("HOME", "LANG", "TMPDIR") if name in os.environ}
    path = f"{environment / 'bin'}{os.pathsep}{os.environ['PATH']}"
    settings = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(WHEELS), "PIP_QUIET": "1"}
    lazily = {"PIP_NO_COMPILE": "0"}  # "no" to the option's own "no", as pip has it: few modules are ever imported
    return {**kept, "PATH": path, **settings, **lazily}


def without_own(packages: Path) -> list[Path]:
    """What a folder of packages has but this one."""
    return [package for package in packages.iterdir() if not package.name.startswith("talkover_mock")]


def packages_of(environment: Path) -> Path:
    """Where a virtual environment has what is installed."""
    [found] = environment.glob("lib/python*/site-packages")
    return found


def source_tree(folder: Path) -> Path:
    """A copy of what a checkout holds, so that a build leaves nothing in it."""
    for name in ("setup.cfg", "pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, folder)
    for name in ("mockserver", "fixtures"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
    return folder


def run(command: list[str] | str, folder: Path, environment: Mapping[str, str]) -> str:
    """What a command prints; a string goes through the shell. Fails with everything it said."""
    done = subprocess.run(
        command,
        cwd=folder,
        env=environment,
        shell=isinstance(command, str),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{command} ended with {done.returncode}:\n{done.stdout}{done.stderr}"
    return done.stdout


needs_actionlint = pytest.mark.skipif(sys.platform != "linux", reason="setup.cfg installs actionlint on Linux only")


def lint_workflow(path: Path) -> None:
    """Fails with what actionlint finds in a workflow, and shellcheck in its scripts."""
    variables = {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    run(["actionlint", str(path)], ROOT, variables)


@contextmanager
def serving(command: list[str], folder: Path, environment: Mapping[str, str]) -> Iterator[str]:
    """The URL of a server that runs as `command`; it must end with 0."""
    with subprocess.Popen(command, cwd=folder, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        try:
            url = process.stdout.readline().strip()
            assert re.fullmatch(r"http://127\.0\.0\.1:\d+", url)
            yield url
        finally:
            process.terminate()
            process.wait()
    assert process.returncode == 0
