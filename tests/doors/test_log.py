"""The writer of the log: no line is lost or waits for another, and whoever writes never waits."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Event
from time import monotonic
from types import SimpleNamespace
from typing import NamedTuple

import pytest
import requests

from talkover_mock.cli import _log as log_module
from talkover_mock.cli._log import LogWriter

WAIT = 10.0


class Pipe(NamedTuple):
    """The ends of standard error."""

    reader: int
    writer: int


@pytest.fixture
def pipe(monkeypatch: pytest.MonkeyPatch) -> Iterator[Pipe]:
    """A pipe as standard error."""
    reader, writer = os.pipe()
    with os.fdopen(writer, "w") as file:
        monkeypatch.setattr(log_module, "sys", SimpleNamespace(stderr=file))  # pytest sets that of `sys` itself
        yield Pipe(reader, writer)
    os.close(reader)


def lines(pipe: Pipe, count: int) -> list[str]:
    found = b""
    while found.count(b"\n") < count:
        found += os.read(pipe.reader, 65_536)
    return found.decode().splitlines()


def test_each_line_has_its_moment(pipe: Pipe) -> None:
    log = LogWriter()
    log.write("one \udcff line")
    [line] = lines(pipe, 1)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z one \\udcff line", line)
    log.end()


@pytest.mark.slow
def test_lines_of_many_threads_all_come_and_the_last_one_too(pipe: Pipe) -> None:
    """However the threads come in between each other: no line waits for a later one."""
    log = LogWriter()
    with ThreadPoolExecutor(4) as pool:
        for _ in range(20):
            list(pool.map(log.write, ["a line"] * 8))
            assert len(lines(pipe, 8)) == 8
    log.end()


@pytest.mark.slow
def test_whoever_writes_never_waits_for_a_reader_that_has_stopped(pipe: Pipe) -> None:
    assert os.get_blocking(pipe.writer)
    log, begin = LogWriter(), monotonic()
    for _ in range(20_000):
        log.write("x" * 200)
    log.end()
    assert monotonic() - begin < WAIT / 2
    assert os.get_blocking(pipe.writer), "what was inherited is as it was"
    drained = Event()

    def drain() -> None:
        while not drained.is_set():
            os.read(pipe.reader, 1 << 20)

    with ThreadPoolExecutor(1) as pool:  # so that the thread ends
        draining = pool.submit(drain)
        log._thread.join(WAIT)
        drained.set()
        os.write(pipe.writer, b"\n")
        draining.result(WAIT)
    assert not log._thread.is_alive()


def test_a_reader_that_has_gone_and_no_standard_error_end_nothing(pipe: Pipe, monkeypatch: pytest.MonkeyPatch) -> None:
    log = LogWriter()
    monkeypatch.setattr(log_module, "sys", SimpleNamespace(stderr=None))
    log.write("nowhere")
    log.end()
    assert not log._thread.is_alive()
    assert os.get_blocking(pipe.writer)


@pytest.mark.slow
def test_serve_leaves_a_pipe_as_it_was_for_others_who_write_to_it() -> None:
    """A pipe that does not block any more loses what other programs write, also after the server has ended."""
    reader, writer = os.pipe()
    command = [sys.executable, "-m", "talkover_mock", "serve", "--port", "0"]
    with os.fdopen(reader, "rb") as log, os.fdopen(writer, "wb") as shared:
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=shared, text=True) as process:
            assert process.stdout
            url = process.stdout.readline().strip()
            for _ in range(100):
                assert requests.get(f"{url}/api/v1/health", timeout=WAIT).ok
            assert os.get_blocking(writer)
            process.terminate()
            assert process.wait(WAIT) == 0
        assert os.get_blocking(writer)
        shared.close()
        assert log.read().count(b" GET /api/v1/health 200 ") == 100
