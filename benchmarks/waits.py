"""What 2,000 waits at once hold of the server's memory."""

import resource
from collections.abc import Iterator
from contextlib import ExitStack
from statistics import median
from time import perf_counter, sleep

from benchmarks.figures import Figure, LeftOut, short
from benchmarks.processes import processor_seconds, resident_megabytes, thread_count
from benchmarks.programs import DOCUMENTED_TOGGLE, MOCK, Connection, request, running

_ROUNDS, _WAITS, _OTHER_DESCRIPTORS = 7, 2_000, 100
_STILL_SECONDS = 0.2
_WAIT = request("GET", "/__admin/requests?method=PATCH&min=1&wait=120")
"""Ends with a toggle."""
_RESET = request("POST", "/__admin/reset")


def measure() -> Iterator[Figure]:
    _raise_file_limit()
    rounds = [_round() for _ in range(_ROUNDS)]  # each in a new process, which has no memory left to use again
    megabytes, threads, seconds = zip(*rounds, strict=True)
    remark = f"{max(threads)} threads at most; all answered in {short(median(seconds) * 1000)} ms after a toggle"
    yield Figure("memory of 2,000 waits with their sockets", megabytes, 20, "MB", remark)


def _round() -> tuple[float, int, float]:
    """The memory that the waits add, the threads during them, and the seconds until all are answered."""
    with ExitStack() as stack:
        mock = stack.enter_context(running(MOCK))
        first = stack.enter_context(Connection(mock.port))
        first.send(_WAIT)  # what the first one imports is no part of a wait
        mock.call(DOCUMENTED_TOGGLE)
        first.receive()
        mock.call(_RESET)
        before = resident_megabytes(mock.process)
        waiting = [stack.enter_context(Connection(mock.port)) for _ in range(_WAITS)]
        for connection in waiting:
            connection.send(_WAIT)
        _settle(mock.process)
        held, threads = resident_megabytes(mock.process) - before, thread_count(mock.process)
        begin = perf_counter()
        mock.call(DOCUMENTED_TOGGLE)
        for connection in waiting:
            connection.receive()
        return held, threads, perf_counter() - begin


def _settle(process: int) -> None:
    """Until the server does nothing any more."""
    spent = -1.0
    while spent != (spent := processor_seconds(process)):
        sleep(_STILL_SECONDS)


def _raise_file_limit() -> None:
    """For the sockets of this process, and of the server that it starts. Raises LeftOut."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _WAITS + _OTHER_DESCRIPTORS
    if hard != resource.RLIM_INFINITY and hard < wanted:
        raise LeftOut(f"{_WAITS} waits need {wanted} open files, and the system allows {hard}")
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
