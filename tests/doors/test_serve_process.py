"""`talkover-mock serve` among other processes: signals at any moment, closed and full streams, terminals and pipes."""

import fcntl
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from signal import SIGHUP, SIGINT, SIGTERM
from subprocess import PIPE, Popen
from time import monotonic, sleep
from typing import Any

import pytest
import requests

from tests.doors.test_serve import A_SECOND, WAIT, end, url_of

pytestmark = pytest.mark.slow
SERVE = [sys.executable, "-m", "talkover_mock", "serve", "--port", "0"]
MOMENTS = [each / 25 for each in range(10)]
"""Seconds after the handlers are there: from the first import until the server answers."""


def test_the_handlers_come_before_the_imports() -> None:
    code = "import sys, talkover_mock.__main__; print(*{'click', 'asyncio', 'talkover_mock.cli'} & {*sys.modules})"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "\n"


@contextmanager
def running(command: list[str], **options: Any) -> Iterator["Popen[str]"]:
    """A process that is killed if the test has not ended it."""
    with Popen(command, **options) as process:
        try:
            yield process
        finally:
            process.kill()


def wait_for_handlers(pid: int) -> None:
    """Returns as soon as the process has a handler for SIGTERM."""
    end_at = monotonic() + WAIT
    while monotonic() < end_at:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
        caught = next(int(line.split()[1], 16) for line in lines if line.startswith("SigCgt:"))
        if caught >> (SIGTERM - 1) & 1:
            return
        sleep(0.001)
    pytest.fail("the process has set no handler")


@pytest.mark.slow
@pytest.mark.parametrize("number", [SIGTERM, SIGINT, SIGHUP])
def test_a_signal_at_any_moment_of_the_start_ends_it_with_0_and_without_a_word(
    number: signal.Signals, tmp_path: Path
) -> None:
    ended = []
    for moment in MOMENTS[:: 1 if number == SIGTERM else 2]:
        with running([*SERVE, "--port-file", "port.txt"], cwd=tmp_path, stdout=PIPE, stderr=PIPE, text=True) as process:
            wait_for_handlers(process.pid)
            sleep(moment)
            process.send_signal(number)
            _, said = process.communicate(timeout=WAIT)
        ended.append((process.returncode, said, [path.name for path in tmp_path.iterdir()]))
    assert ended == [(0, "", [])] * len(ended)


LATE = """\
import runpy, signal, sys, threading
def end_it():
    sys.stdin.readline()
    signal.pthread_kill(threading.get_ident(), signal.SIGTERM)
threading.Thread(target=end_it, daemon=True).start()
runpy.run_module("talkover_mock", run_name="__main__")
"""


def test_a_signal_that_does_not_interrupt_the_wait_ends_it_too() -> None:
    """As one that comes just before the wait; here another thread gets it, which the system may choose."""
    command = [sys.executable, "-c", LATE, *SERVE[3:]]
    with running(command, stdin=PIPE, stdout=PIPE, stderr=PIPE, text=True) as process:
        url_of(process)
        _, said = process.communicate("now\n", timeout=A_SECOND)
    assert (process.returncode, said) == (0, "")


def namespace() -> list[str]:
    """The command that makes a program process 1 of a namespace of its own."""
    command = ["unshare", "--map-root-user", "--fork", "--pid", "--kill-child"]
    if not shutil.which("unshare") or subprocess.run([*command, "true"], capture_output=True, check=False).returncode:
        pytest.skip("this system allows no namespace of processes (unshare --pid)")
    return command


def child_of(pid: int) -> int:
    end_at = monotonic() + WAIT
    while monotonic() < end_at:
        found = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        if found:
            return int(found[0])
        sleep(0.001)
    pytest.fail("the namespace has no process")


@pytest.mark.slow
@pytest.mark.parametrize("number", [SIGTERM, SIGINT])
def test_as_process_1_no_signal_is_lost(number: signal.Signals, tmp_path: Path) -> None:
    command, ended = namespace(), []
    for moment in MOMENTS[::3]:
        with running([*command, *SERVE], cwd=tmp_path, stdout=PIPE, stderr=PIPE, text=True) as process:
            first = child_of(process.pid)
            wait_for_handlers(first)
            sleep(moment)
            os.kill(first, number)
            _, said = process.communicate(timeout=WAIT)
        ended.append((process.returncode, said))
    assert ended == [(0, "")] * len(ended)


def test_an_interrupted_check_has_not_succeeded(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "slow.yaml")
    command = [sys.executable, "-m", "talkover_mock", "check", "slow.yaml"]
    with running(command, cwd=tmp_path, stdout=PIPE, stderr=PIPE, text=True) as process:
        writer = os.open(tmp_path / "slow.yaml", os.O_WRONLY)
        process.send_signal(SIGINT)
        _, said = process.communicate(timeout=WAIT)
        os.close(writer)
    assert process.returncode != 0
    assert "Traceback" not in said


TAKE_TERMINAL = (
    "import fcntl, os, sys, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0); os.execv(sys.argv[1], sys.argv[1:])"
)


def test_a_terminal_that_closes_ends_it(tmp_path: Path) -> None:
    terminal, inner = os.openpty()

    command = [sys.executable, "-c", TAKE_TERMINAL, *SERVE, "--port-file", "port.txt"]
    streams = {"stdin": inner, "stdout": PIPE, "stderr": inner}
    with running(command, cwd=tmp_path, text=True, start_new_session=True, **streams) as it:
        os.close(inner)
        url_of(it)
        assert (tmp_path / "port.txt").exists()
        os.close(terminal)
        assert it.wait(timeout=A_SECOND) == 0
    assert list(tmp_path.iterdir()) == []


def test_under_nohup_a_terminal_that_closes_is_nothing_to_it(tmp_path: Path) -> None:
    with running(["nohup", *SERVE], cwd=tmp_path, stdout=PIPE, stderr=PIPE, text=True) as process:
        url = url_of(process)
        process.send_signal(SIGHUP)
        assert requests.get(f"{url}/api/v1/health", timeout=WAIT).ok
        end(process)


def shell(line: str, folder: Path) -> AbstractContextManager["Popen[str]"]:
    """Runs `serve` with the redirections of a line of shell."""
    return running(["sh", "-c", f'exec "$@" {line}', "sh", *SERVE], cwd=folder, stdout=PIPE, stderr=PIPE, text=True)


@pytest.mark.parametrize("line", ["2>&-", "2>/dev/full", "<&-", "<&- 2>&-"])
def test_without_standard_error_or_input_it_serves(line: str, tmp_path: Path) -> None:
    with shell(line, tmp_path) as process:
        assert requests.get(f"{url_of(process)}/api/v1/health", timeout=WAIT).text == '{"status":"ok"}'
        assert end(process) == ""


def test_without_standard_output_the_port_file_tells_where_it_serves(tmp_path: Path) -> None:
    port_file = tmp_path / "port.txt"
    with shell("--port-file port.txt <&- >&- 2>&-", tmp_path) as process:
        end_at = monotonic() + WAIT
        while not port_file.exists() and monotonic() < end_at:
            sleep(0.01)
        url = f"http://127.0.0.1:{port_file.read_text().strip()}"
        assert requests.get(f"{url}/api/v1/health", timeout=WAIT).ok
        end(process)


def test_a_url_that_nobody_can_read_is_said_so(tmp_path: Path) -> None:
    with shell("--port-file port.txt >/dev/full", tmp_path) as process:
        _, said = process.communicate(timeout=WAIT)
    assert process.returncode == 2
    assert said.splitlines()[-1] == "Error: can't write the URL to standard output: No space left on device"
    assert "Traceback" not in said
    assert list(tmp_path.iterdir()) == []


def test_a_closed_pipe_for_the_url_is_said_so(tmp_path: Path) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with running(SERVE, cwd=tmp_path, stdout=writing, stderr=PIPE, text=True) as process:
        os.close(writing)
        _, said = process.communicate(timeout=WAIT)
    assert process.returncode == 2
    assert said.splitlines()[-1] == "Error: can't write the URL to standard output: Broken pipe"


@pytest.mark.parametrize("line", ["--fixtures nowhere.yaml", "--port 99999", "--nonsense"])
@pytest.mark.parametrize("stream", ["2>&-", "2>/dev/full", ">&- 2>&-"])
def test_a_message_that_nobody_can_read_keeps_its_exit_code(line: str, stream: str, tmp_path: Path) -> None:
    with shell(f"{line} {stream}", tmp_path) as process:
        assert process.communicate(timeout=WAIT) == ("", "")
    assert process.returncode == 2


@pytest.mark.parametrize("command", ["schema", "--help"])
def test_output_that_a_full_disk_does_not_take_is_said_so(command: str) -> None:
    line = ["sh", "-c", 'exec "$@" >/dev/full', "sh", sys.executable, "-m", "talkover_mock", command]
    done = subprocess.run(line, capture_output=True, text=True, check=False, timeout=WAIT)
    assert (done.returncode, done.stderr) == (2, "Error: can't write the output: No space left on device\n")


def limited(files: int, folder: Path) -> AbstractContextManager["Popen[str]"]:
    """Runs `serve` where the system lets it open so many files."""
    command = ["sh", "-c", f'ulimit -n {files} && exec "$@"', "sh", *SERVE]
    return running(command, cwd=folder, stdout=PIPE, stderr=PIPE, text=True)


def test_with_few_descriptors_it_answers_several_clients_at_once(tmp_path: Path) -> None:
    with limited(100, tmp_path) as process, ExitStack() as stack:
        url = url_of(process)
        clients = [stack.enter_context(requests.Session()) for _ in range(20)]
        for _ in range(2):  # each keeps its connection
            assert {client.get(f"{url}/api/v1/health", timeout=WAIT).status_code for client in clients} == {200}
        assert clients[0].get(f"{url}/__admin/state", timeout=WAIT).ok
        end(process)


def test_with_too_few_descriptors_it_says_so(tmp_path: Path) -> None:
    with limited(20, tmp_path) as process:
        _, said = process.communicate(timeout=WAIT)
    expected = "the system lets this process open 20 files, and a server needs 32 (ulimit -n)"
    assert (process.returncode, said.splitlines()[-1]) == (2, f"Error: can't listen on 127.0.0.1:0: {expected}")


def test_standard_error_is_left_as_it_was_inherited_and_shared(tmp_path: Path) -> None:
    """A neighbour that writes more than the pipe holds waits for its reader, and loses nothing."""
    reading, writing = os.pipe()
    flags = fcntl.fcntl(writing, fcntl.F_GETFL)
    with ExitStack() as stack:
        process = stack.enter_context(running(SERVE, cwd=tmp_path, stdout=PIPE, stderr=writing, text=True))
        url = url_of(process)
        neighbour = stack.enter_context(running(["seq", "1", "50000"], stdout=writing))
        for _ in range(20):  # the pipe is full of the neighbour's lines: nobody reads
            assert requests.get(f"{url}/{'x' * 800}", timeout=WAIT).status_code == 404
        with (tmp_path / "read").open("w") as read:
            reader = stack.enter_context(running(["cat"], stdin=reading, stdout=read))
        os.close(reading)
        assert neighbour.wait(WAIT) == 0
        end(process)
        assert fcntl.fcntl(writing, fcntl.F_GETFL) == flags
        os.close(writing)
        assert reader.wait(WAIT) == 0
    everything = (tmp_path / "read").read_text()  # lines of the two may stand within each other
    assert everything.count("\n") == 50_000 + 20
    assert everything.count(" 404 ") == 20
