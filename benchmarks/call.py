"""One call over a connection that stays."""

from collections.abc import Iterator

from benchmarks.figures import Figure, Sample, interleaved, ratio_of, seconds, typical
from benchmarks.programs import BARE, DOCUMENTED_TOGGLE, MOCK, Connection, running

_STARTS, _ROUNDS, _CALLS = 7, 9, 60


def measure() -> Iterator[Figure]:
    rounds = []
    for _ in range(_STARTS):  # a process is a little faster or slower for as long as it lives, by luck
        with running(MOCK) as mock, running(BARE) as bare:
            rounds += interleaved(_toggle(mock), _toggle(bare), _ROUNDS)
    yield ratio_of("one toggle, against one of bare Flask and waitress", 0.5, rounds)


def _toggle(connection: Connection) -> Sample:
    return lambda: typical(lambda: seconds(lambda: connection.call(DOCUMENTED_TOGGLE)), _CALLS)
