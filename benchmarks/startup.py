"""From the start of a process to its first answer."""

from collections.abc import Iterator
from time import perf_counter

from benchmarks.figures import Figure, ratio
from benchmarks.programs import BARE, DOCUMENTED_TOGGLE, MOCK, running

_ROUNDS = 21


def measure() -> Iterator[Figure]:
    name = "spawn to first 200, against bare Flask and waitress"
    yield ratio(name, 1.2, lambda: _first_answer(MOCK), lambda: _first_answer(BARE), _ROUNDS)


def _first_answer(command: tuple[str, ...]) -> float:
    begin = perf_counter()
    with running(command) as connection:
        connection.call(DOCUMENTED_TOGGLE)
        return perf_counter() - begin
