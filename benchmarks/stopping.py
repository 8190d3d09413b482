"""Starting and stopping a server in the same process, while a client keeps its connection open."""

import threading
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from time import perf_counter

from benchmarks.figures import Figure, short
from benchmarks.programs import Connection, request
from talkover_mock.local import fixture_of, serving

_TIMES = 300
_HEALTH = request("GET", "/api/v1/health")


def measure() -> Iterator[Figure]:
    """Raises RuntimeError when threads or descriptors are left."""
    _round()  # what is only made once is made now
    threads, descriptors = threading.active_count(), _descriptors()
    started, answered, stopped = zip(*(_round() for _ in range(_TIMES)), strict=True)
    left = threading.active_count() - threads, _descriptors() - descriptors
    if left != (0, 0):
        raise RuntimeError(f"{_TIMES} starts and stops have left {left[0]} threads and {left[1]} descriptors")
    remark = f"{short(median(answered))} ms until the first answer"
    yield Figure("start in process", started, 3, "ms", remark)
    remark = f"{_TIMES} starts and stops left no thread and no descriptor"
    yield Figure("stop with an idle connection open", stopped, 3, "ms", remark)


def _round() -> tuple[float, float, float]:
    """Milliseconds until the server is started, until it has answered, and to stop it."""
    fixture = fixture_of(())
    with ExitStack() as stack:
        begin = perf_counter()
        url = stack.enter_context(serving(fixture)).client.url
        started = perf_counter()
        with Connection(int(url.rpartition(":")[2])) as connection:
            connection.call(_HEALTH)
            answered = perf_counter()
            stack.close()
            stopped = perf_counter()
    return (started - begin) * 1000, (answered - begin) * 1000, (stopped - answered) * 1000


def _descriptors() -> int:
    return len(list(Path("/dev/fd").iterdir()))
