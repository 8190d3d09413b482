"""What one process carries over many connections, and the processor time of each call, by wrk."""

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import NamedTuple

from benchmarks.figures import Figure, LeftOut, ratio_of, short
from benchmarks.processes import processor_seconds
from benchmarks.programs import BARE, DOCUMENTED_TOGGLE, MOCK, Connection, running

_ROUNDS, _SECONDS = 7, 2
_GOALS = {8: 4.0, 64: 4.5}
"""Of the calls a second, for each number of connections."""

_SCRIPT = """\
local whole = {whole}
request = function() return whole end
done = function(summary)
    local errors = summary.errors
    local failed = errors.connect + errors.read + errors.write + errors.timeout + errors.status
    local found = '{{"calls": %d, "microseconds": %d, "failed": %d}}'
    print(string.format(found, summary.requests, summary.duration, failed))
end
"""


class _Load(NamedTuple):
    """What one round has shown of one server."""

    calls_a_second: float
    processor_seconds: float
    """Of one call."""


def measure() -> Iterator[Figure]:
    if not shutil.which("wrk"):
        raise LeftOut("wrk is not installed; `make bench` does it where it is root and there is an apt-get")
    rounds = _measured()
    for number, connections in enumerate(_GOALS):
        yield _carried(connections, [(ours[number], _best(theirs, number)) for ours, theirs in rounds])
    for number, connections in enumerate(_GOALS):
        times = [(ours[number].processor_seconds, _best(theirs, number).processor_seconds) for ours, theirs in rounds]
        yield ratio_of(f"processor time of a call, {connections} connections, by bare", 0.3, times)


def _measured() -> list[tuple[list[_Load], list[_Load]]]:
    """In each round the loads of the mock and of the bare program, for each number of connections."""
    rounds = []
    with TemporaryDirectory() as folder:
        script = Path(folder, "toggle.lua")
        script.write_text(_SCRIPT.format(whole=json.dumps(DOCUMENTED_TOGGLE.decode())))
        for _ in range(_ROUNDS):
            with running(MOCK) as mock, running(BARE) as bare:  # anew, see `call`
                pairs = [(_loaded(mock, each, script), _loaded(bare, each, script)) for each in _GOALS]
                rounds.append(([ours for ours, _ in pairs], [theirs for _, theirs in pairs]))
    return rounds


def _best(loads: list[_Load], number: int) -> _Load:
    """The best with so many connections or fewer: over 64, waitress at times carries a tenth of what it can."""
    return max(loads[: number + 1])


def _carried(connections: int, loads: list[tuple[_Load, _Load]]) -> Figure:
    name = f"calls a second, {connections} connections, by bare"
    ratios = [ours.calls_a_second / theirs.calls_a_second for ours, theirs in loads]
    mine, other = (short(median(load.calls_a_second for load in side)) for side in zip(*loads, strict=True))
    return Figure(name, ratios, _GOALS[connections], "x", f"{mine} against {other} a second", at_least=True)


def _loaded(server: Connection, connections: int, script: Path) -> _Load:
    """Raises RuntimeError when a call fails."""
    url = f"http://127.0.0.1:{server.port}"
    command = ["wrk", "-t1", f"-c{connections}", f"-d{_SECONDS}s", "-s", str(script), url]
    begin = processor_seconds(server.process)
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    spent = processor_seconds(server.process) - begin
    found = json.loads(output.splitlines()[-1])
    if found["failed"] or not found["calls"]:
        raise RuntimeError(f"{found['failed']} calls of {found['calls']} failed under wrk")
    return _Load(found["calls"] / found["microseconds"] * 1e6, spent / found["calls"])
