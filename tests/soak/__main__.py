"""A soak: many clients over many environments of one server. `python -m tests.soak SECONDS` runs one by hand."""

import random
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, sleep, time

from talkover_mock.client import MockServer
from tests.soak.client import EVENTS
from tests.soak.environment import SoakEnvironment
from tests.soak.receiver import counting_receiver

ENVIRONMENTS = 16
"""With two clients each."""
MOST_GROWTH_MEGABYTES = 10
"""In the second half, however long it is."""
_KEPT = 20_000
_PROGRAM = "import sys; sys.setswitchinterval(1e-5); from talkover_mock.cli import main; main()"
"""The server, with threads that take turns so often that what is not locked shows."""
_ROOT = Path(__file__).parent.parent
_SETTLING_SECONDS = 20.0
_MEGABYTE = 1024 * 1024


@dataclass(frozen=True)
class Usage:
    """What the server's process holds, as far as the system tells."""

    threads: int = 0
    descriptors: int = 0
    megabytes: float = 0.0


@dataclass(frozen=True)
class Soaked:
    """What was done, and what the server held before it, after its halves, and when all were gone."""

    steps: Counter[str]
    before: Usage
    half: Usage
    end: Usage
    after: Usage


@contextmanager
def server_process(log: Path) -> Iterator[tuple[str, int]]:
    """The URL of a server of its own, and the id of its process; its log of requests goes to a file."""
    command = [sys.executable, "-c", _PROGRAM, "serve", "--port", "0", "--keep", str(_KEPT)]
    with (
        log.open("w") as lines,
        subprocess.Popen(command, cwd=_ROOT, stdout=subprocess.PIPE, stderr=lines, text=True) as process,
    ):
        assert process.stdout
        try:
            yield process.stdout.readline().strip(), process.pid
        finally:
            process.terminate()
    assert process.returncode == 0


def soak(url: str, pid: int, seed: int, rounds: int, seconds: float = float("inf")) -> Soaked:
    """Two halves of so many rounds in every environment, or until the time is up. Raises AssertionError."""
    with ExitStack() as stack:
        receiver = stack.enter_context(counting_receiver())
        admin = stack.enter_context(MockServer(url))
        warm_up(admin)
        before = usage(pid)
        environments = [SoakEnvironment(admin, n, receiver, random.Random(f"{seed}/{n}")) for n in range(ENVIRONMENTS)]  # noqa: S311
        for environment in environments:
            stack.callback(environment.disconnect)
        agents = [each.clients[0].agent for each in environments]
        for environment, agent in zip(environments, agents[1:] + agents[:1], strict=True):
            environment.meet(agent)
        _run(environments, rounds, seconds / 2)
        half = usage(pid)
        _run(environments, rounds, seconds / 2)
        end = usage(pid)
        for environment in environments:
            environment.close()
        assert [each["name"] for each in admin.environments()] == ["default"]
        assert (admin.requests(), admin.deliveries()) == ([], []), "the default environment has what is another's"
    steps = sum((client.steps for each in environments for client in each.clients), Counter[str]())
    return Soaked(steps, before, half, end, _settled(pid, before))


def warm_up(admin: MockServer) -> None:
    """The one thread that looks out for deliveries begins with the first of them, and stays."""
    for agent in admin.state()["agents"]:
        for event in EVENTS:
            admin.emit(agent["id"], event)
    admin.reset()


def usage(pid: int) -> Usage:
    folder = Path(f"/proc/{pid}")
    if not folder.exists():
        return Usage()
    status = dict(line.split(":", 1) for line in (folder / "status").read_text().splitlines())
    descriptors = len([*(folder / "fd").iterdir()])
    return Usage(int(status["Threads"]), descriptors, int(status["VmRSS"].split()[0]) * 1024 / _MEGABYTE)


def _settled(pid: int, before: Usage) -> Usage:
    """What the server holds when it holds no more than before, or when it has had its time."""
    end = monotonic() + _SETTLING_SECONDS
    while True:
        now = usage(pid)
        if (now.threads <= before.threads and now.descriptors <= before.descriptors) or monotonic() > end:
            return now
        sleep(0.05)


def _run(environments: list[SoakEnvironment], rounds: int, seconds: float) -> None:
    """All clients at once. Raises what one of them that failed has raised."""
    end = monotonic() + seconds
    for environment in environments:
        environment.prepare(rounds, end)
    with ThreadPoolExecutor(2 * len(environments)) as pool:
        runs = [pool.submit(each.run, client) for each in environments for client in each.clients]
    errors = [error for run in runs if (error := run.exception())]
    for error in sorted(errors, key=lambda each: not isinstance(each, AssertionError)):
        raise error


def check(soaked: Soaked) -> None:
    """Raises AssertionError when something was left behind."""
    assert soaked.after.threads <= soaked.before.threads, soaked
    assert soaked.after.descriptors <= soaked.before.descriptors, soaked
    assert soaked.end.megabytes - soaked.half.megabytes < MOST_GROWTH_MEGABYTES, soaked


def main(seconds: float) -> None:
    """Until the time is up; the log of the server is left when something is wrong."""
    with tempfile.NamedTemporaryFile(prefix="soak-", suffix=".log", delete=False) as file:
        log = Path(file.name)
    seed = int(time())
    sys.stdout.write(f"soaking for {seconds:.0f} seconds with the seed {seed}; the server's log is {log}\n")
    sys.stdout.flush()
    with server_process(log) as (url, pid):
        soaked = soak(url, pid, seed, sys.maxsize, seconds)
    check(soaked)
    log.unlink()
    for name in ("before", "half", "end", "after"):
        sys.stdout.write(f"{name:>7}: {getattr(soaked, name)}\n")
    sys.stdout.write(f"{soaked.steps.total()} operations, and every environment as its model says\n")


if __name__ == "__main__":
    main(float(sys.argv[1]))
