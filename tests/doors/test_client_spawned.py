"""The client in a process that was spawned, not forked: it is pickled, and asks over HTTP."""

import pickle
import subprocess
import sys
from pathlib import Path

import pytest

from talkover_mock.local import running_mockserver
from tests.support.documented import AGENT, WEBHOOK

PROGRAM = f"""
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

from talkover_mock.client import MockServer, MockServerError
from talkover_mock.local import running_mockserver


def enable(client: MockServer) -> bool:
    client.set_webhook("{WEBHOOK}", enabled=True)
    return client.webhook("{WEBHOOK}")["enabled"]


def emit_nonsense(client: MockServer) -> None:
    client.emit("{AGENT}", "nonsense")


if __name__ == "__main__":
    with (
        running_mockserver() as server,
        server.open_environment() as mine,
        ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool,
    ):
        print(pool.submit(enable, mine).result(), mine.webhook("{WEBHOOK}")["enabled"])
        print(server.webhook("{WEBHOOK}")["enabled"])
        try:
            pool.submit(emit_nonsense, mine).result()
        except MockServerError as error:
            print(error.status, error.problem["title"])
"""


@pytest.mark.slow
def test_a_spawned_process_acts_on_the_environment_of_its_parent(tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text(PROGRAM)
    done = subprocess.run([sys.executable, program], capture_output=True, text=True, check=False, timeout=60)
    assert (done.stdout, done.stderr) == ("True True\nFalse\n422 Unknown event\n", "")


def test_a_copy_knows_the_same_environment_and_has_opened_none() -> None:
    with running_mockserver() as server, server.open_environment() as mine:
        copy = pickle.loads(pickle.dumps(mine))  # noqa: S301
        with copy:
            assert (copy.url, copy.name, copy.headers) == (mine.url, mine.name, mine.headers)
            assert (copy.state(), copy.opened) == (mine.state(), {})
