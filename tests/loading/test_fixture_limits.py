"""Fixtures that can't be read, or are too much to read: a mistake each time, and no wait."""

import os
import resource
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from talkover_mock.base.real_time import RealTime
from talkover_mock.base.words import printable
from talkover_mock.loading.files import FixtureFiles, load
from talkover_mock.loading.fixture import to_baseline
from talkover_mock.loading.mistakes import FixtureError
from tests.loading.test_fixture_mistakes import HOOK
from tests.support.fixture_documents import source

TOO_LARGE = "is larger than 64 MB, the most that a fixture file may have"
SPECIAL = "is a pipe, socket or device; of a folder, only regular files are read"


def error_of(*paths: str | Path) -> FixtureError:
    with pytest.raises(FixtureError) as caught:
        load(paths)
    return caught.value


@pytest.mark.parametrize("path", ["n" * 300, "a/" * 3000 + "a", "n\0ul"], ids=["a long name", "a long path", "a null"])
def test_a_path_that_no_file_can_have(path: str) -> None:
    assert str(error_of(path)).startswith(f"{printable(path)}: can't be read: ")


def test_an_unreadable_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder inside of an unreadable one: root reads everything, so that the test has to pretend."""

    def stat(path: Path, **_: object) -> object:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "stat", stat)
    assert str(error_of(tmp_path / "closed")) == f"{tmp_path}/closed: can't be read: Permission denied"


def test_a_pipe_in_a_folder_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.yaml")
    (tmp_path / "device.json").symlink_to("/dev/zero")
    (tmp_path / "right.yaml").write_text(HOOK)
    assert str(error_of(tmp_path)).split("\n") == [
        f"{tmp_path}/device.json: {SPECIAL}",
        f"{tmp_path}/pipe.yaml: {SPECIAL}",
    ]


def test_a_file_that_becomes_a_pipe_or_a_device_is_not_read_again(tmp_path: Path) -> None:
    file = tmp_path / "right.yaml"
    file.write_text(HOOK)
    files = FixtureFiles([file])
    loaded = files.load(lambda fixture: fixture)
    file.unlink()
    file.symlink_to("/dev/null")  # a pipe would never end
    with pytest.raises(FixtureError, match="is a pipe, socket or device now, which is read at the start only"):
        files.load(lambda fixture: fixture)
    file.unlink()
    file.write_text(HOOK)
    assert files.load(lambda fixture: fixture) == loaded


def test_a_file_in_a_folder_that_is_a_dangling_link(tmp_path: Path) -> None:
    (tmp_path / "gone.yaml").symlink_to("nowhere")
    assert str(error_of(tmp_path)) == f"{tmp_path}/gone.yaml: can't be read: No such file or directory"


def test_a_file_without_end() -> None:
    assert str(error_of("/dev/zero")) == f"/dev/zero: {TOO_LARGE}"


@pytest.mark.slow
def test_a_file_that_is_too_large(tmp_path: Path) -> None:
    path = tmp_path / "large.yaml"
    with path.open("wb") as file:
        file.truncate((64 << 20) + 1)
    assert str(error_of(path)) == f"{path}: {TOO_LARGE}"


@pytest.mark.slow
def test_the_command_tells_the_first_hundred_mistakes_and_the_number_of_all(tmp_path: Path) -> None:
    path = tmp_path / "f.yaml"
    path.write_text("agents:\n" + "- {id: a}\n" * 30_000)
    command = [sys.executable, "-m", "talkover_mock", "check", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    told = done.stderr.splitlines()
    assert (done.returncode, done.stdout, len(told)) == (2, "", 102)
    assert told[99:] == [
        f"{path}:52: agents[50].name: The name field is required.",
        "and 59899 more",
        "59999 mistakes in the fixtures",
    ]


def test_mistakes_of_several_files_are_counted_together(tmp_path: Path) -> None:
    (tmp_path / "1.yaml").write_text("a: [")
    (tmp_path / "2.yaml").write_text("agents:\n" + "- {}\n" * 150)
    error = error_of(tmp_path)
    assert (len(error.mistakes), error.count) == (100, 151)
    assert str(error).endswith("\nand 51 more")


def test_many_mistakes_in_a_body() -> None:
    with pytest.raises(FixtureError) as caught:
        to_baseline(source({"agents": [{}] * 500}))
    assert (len(caught.value.mistakes), caught.value.count) == (100, 500)


def large(mistake: str) -> str:
    """About 5 MB, with one mistake at the end."""
    hook = HOOK[HOOK.index("      - id: one") :].replace("id: one", "webhook_secret: " + "s" * 100)
    return HOOK + hook * 25_000 + f"        {mistake}\n"


@pytest.mark.slow
def test_one_mistake_in_a_large_file_costs_little_more_than_reading_it(tmp_path: Path) -> None:
    """Of 9 MB, with nodes instead of events, it took seven times as long, and 900 MB."""
    path, right = tmp_path / "wrong.yaml", tmp_path / "right.yaml"
    path.write_text(large("timeout: 3"))
    right.write_text(large("timeout: 5"))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    def seconds(action: Callable[[], object]) -> float:
        start = RealTime.perf_counter()
        action()
        return RealTime.perf_counter() - start

    bare = seconds(lambda: load([right]))
    loaded = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    found = list[FixtureError]()
    assert seconds(lambda: found.append(error_of(path))) < 3 * bare + 1
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - loaded < (loaded - before) / 2 + 50_000
    last = path.read_text().count("\n")
    assert str(found[0]).startswith(f"{path}:{last}: agents[0].webhooks[25000].timeout: ")
