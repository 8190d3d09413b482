"""What a server holds that has answered calls to both surfaces."""

from collections.abc import Iterator
from statistics import median

from benchmarks.figures import Figure, short
from benchmarks.processes import resident_megabytes
from benchmarks.programs import DOCUMENTED_TOGGLE, MOCK, request, running

_ROUNDS = 7
_JOURNAL = 5_000
_HEALTH, _STATE = request("GET", "/__admin/health"), request("GET", "/__admin/state")


def measure() -> Iterator[Figure]:
    api, both, full = zip(*(_round() for _ in range(_ROUNDS)), strict=True)
    remark = f"{short(median(api))} MB before the first admin call, {short(median(full))} MB with a full journal"
    yield Figure("resident memory when serving", both, 45, "MB", remark)


def _round() -> tuple[float, float, float]:
    with running(MOCK) as mock:
        mock.call(DOCUMENTED_TOGGLE)
        api = resident_megabytes(mock.process)
        mock.call(_HEALTH)
        mock.call(_STATE)
        both = resident_megabytes(mock.process)
        for _ in range(_JOURNAL):
            mock.call(DOCUMENTED_TOGGLE)
        return api, both, resident_megabytes(mock.process)
