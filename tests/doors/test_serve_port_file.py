"""`--port-file`: only a port file is ever replaced or removed, whatever the path leads to and however it starts."""

import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.doors.test_serve import USAGE, Launch, end, errors, launch, refusal, url_of

__all__ = ["errors", "launch"]

pytestmark = pytest.mark.slow
OF_THE_USER = "agents: []\n"


def user_file(path: Path) -> None:
    path.write_text(OF_THE_USER)


def long_digits(path: Path) -> None:
    path.write_text("1" * 11)


def link_to_a_file(path: Path) -> None:
    (path.parent / "other").write_text("1\n")
    path.symlink_to("other")


def hanging_link(path: Path) -> None:
    path.symlink_to("nowhere")


NO_PORT_FILES: dict[Callable[[Path], object], str] = {
    user_file: "it does not hold a port",
    long_digits: "it does not hold a port",
    link_to_a_file: "it is a symbolic link",
    hanging_link: "it is a symbolic link",
    os.mkfifo: "it is a pipe",
}


def contents(folder: Path) -> dict[str, tuple[int, str]]:
    """Everything in a folder: the kind of each entry, and the text of each file."""
    return {
        path.name: (stat.S_IFMT(path.lstat().st_mode), path.read_text() if path.is_file() else "")
        for path in folder.iterdir()
    }


@pytest.mark.parametrize(("make", "why"), NO_PORT_FILES.items(), ids=lambda each: getattr(each, "__name__", ""))
@pytest.mark.parametrize("fixtures", [(), ("--fixtures", "nowhere.yaml")], ids=["a start", "a failing start"])
def test_what_is_no_port_file_is_refused_and_stays(
    make: Callable[[Path], object], why: str, fixtures: tuple[str, ...], tmp_path: Path
) -> None:
    make(tmp_path / "mine.yaml")
    before = contents(tmp_path)
    said = refusal(tmp_path, "--port", "0", "--port-file", "mine.yaml", *fixtures)
    remedy = "nothing was changed. Give --port-file another path"
    assert said == f"{USAGE}mine.yaml is no port file, since {why}; {remedy}\n"
    assert contents(tmp_path) == before


@pytest.mark.parametrize("device", [each for each in ("/dev/null", "/dev/full", "/dev/zero") if Path(each).exists()])
def test_a_device_is_refused_and_stays(device: str, tmp_path: Path) -> None:
    said = refusal(tmp_path, "--port", "0", "--port-file", device)
    assert said.startswith(f"{USAGE}{device} is no port file, since it is a device or a socket; ")
    assert stat.S_ISCHR(Path(device).lstat().st_mode)


def test_a_folder_is_refused(tmp_path: Path) -> None:
    said = refusal(tmp_path, "--port", "0", "--port-file", str(tmp_path))
    assert said.splitlines()[-1].endswith(f"File '{tmp_path}' is a directory.")


def test_an_empty_file_stays_while_a_start_fails_and_is_replaced_by_one_that_succeeds(
    launch: Launch, tmp_path: Path
) -> None:
    """As `mktemp` makes it."""
    port_file = tmp_path / "port.txt"
    port_file.touch()
    refusal(tmp_path, "--port", "0", "--port-file", "port.txt", "--fixtures", "nowhere.yaml")
    assert port_file.read_text() == ""
    process = launch("--port-file", "port.txt")
    assert url_of(process).endswith(":" + port_file.read_text().rstrip())
    end(process)
    assert not port_file.exists()


def test_a_file_beside_the_port_file_is_nobodys_business(launch: Launch, tmp_path: Path) -> None:
    (tmp_path / "port.txt.part").write_text(OF_THE_USER)
    process = launch("--port-file", "port.txt")
    url_of(process)
    end(process)
    assert {path.name for path in tmp_path.iterdir()} == {"port.txt.part", "standard-error"}
    assert (tmp_path / "port.txt.part").read_text() == OF_THE_USER


def test_a_file_that_took_the_place_of_the_port_file_stays(launch: Launch, tmp_path: Path) -> None:
    process = launch("--port-file", "port.txt")
    url_of(process)
    (tmp_path / "port.txt").write_text(OF_THE_USER)
    end(process)
    assert (tmp_path / "port.txt").read_text() == OF_THE_USER
