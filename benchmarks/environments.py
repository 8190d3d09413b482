"""What it costs that calls are spread over many environments."""

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

from benchmarks.figures import Figure, Sample, interleaved, ratio_of, seconds
from benchmarks.programs import DOCUMENTED_TOGGLE, MOCK, Connection, request, running

_STARTS, _ROUNDS = 3, 5
_CONNECTIONS, _CALLS, _ENVIRONMENTS = 16, 960, 960

Requests = Callable[[int], bytes]
"""The request of each number."""


def measure() -> Iterator[Figure]:
    rounds: list[tuple[float, float]] = []
    for _ in range(_STARTS):  # see `call`
        with _connected(MOCK) as mock:
            _open_environments(mock[0])
            rounds += interleaved(_calls(mock, _in_environment), _calls(mock), _ROUNDS)
    yield ratio_of("960 toggles in 960 environments, against in one", 1.15, rounds)


@contextmanager
def _connected(command: tuple[str, ...]) -> Iterator[list[Connection]]:
    with ExitStack() as stack:
        port = stack.enter_context(running(command)).port
        yield [stack.enter_context(Connection(port)) for _ in range(_CONNECTIONS)]


def _calls(connections: list[Connection], requests: Requests = lambda _: DOCUMENTED_TOGGLE) -> Sample:
    """All connections have a request under way at any time."""

    def calls() -> None:
        for first in range(0, _CALLS, len(connections)):
            for number, connection in enumerate(connections, first):
                connection.send(requests(number))
            for connection in connections:
                connection.receive()

    return lambda: seconds(calls)


def _in_environment(number: int) -> bytes:
    return DOCUMENTED_TOGGLE.replace(b"talq_benchmark", b"talq_environment_%d" % (number % _ENVIRONMENTS))


def _open_environments(connection: Connection) -> None:
    for number in range(_ENVIRONMENTS):
        body = json.dumps({"token": f"talq_environment_{number}"}).encode()
        connection.call(request("POST", "/__admin/environments", body))
