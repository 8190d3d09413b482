"""Runs a test under many schedules of deliveries, and reports the smallest schedule under which it fails.

The plugin registers this module. It is imported in every run, so it imports nothing else of the package.
"""

from __future__ import annotations

import os
import re
import shlex
from argparse import ArgumentTypeError
from collections.abc import Generator, Sequence
from typing import TYPE_CHECKING, NamedTuple

import pytest

from talkover_mock.pytest_hushing import TimeLimit, reports_of

if TYPE_CHECKING:
    from talkover_mock.base.shapes.admin import Schedule as Ended
    from talkover_mock.client.types import Schedule

_MARK = "talkover_mock_schedules"
_USUAL = 200
"""How many schedules a marked test runs under."""
_UNDISTURBED: Schedule = {"seed": 0, "only": []}
_A_NUMBER = "a number of schedules such as 200, or 0 for none"
_DISTURBANCE = r"[1-9][0-9]*(\.[1-9][0-9]*){0,2}"
_SCHEDULE = re.compile(rf"([0-9]{{1,19}})(:({_DISTURBANCE}(,{_DISTURBANCE})*)?)?")
_LARGEST_SEED = 2**63 - 1
"""The largest number that the server takes."""
_MOST_WAYS = 5
"""How many different failures are shrunk and shown."""


class _Failure(NamedTuple):
    """A run that failed: where and with which error, what pytest shows of it, and the schedule as it went."""

    way: tuple[object, ...]
    message: str
    text: str
    schedule: Ended

    @property
    def size(self) -> tuple[int, int]:
        """Few disturbances come first, and then what is told in few words."""
        return len(self.schedule["struck"]), len("".join(self.schedule["order"]))


class _Scheduled:
    """One test under its schedules. Each run has new fixtures of its own scope; those of wider scopes stay.

    `schedule` is that of the run, and `ended` the same as the environment had it at the end. The first run `is_settled`
    if it has not passed, and so is the result. The last run has a `verdict`: the text that it fails with, or none.
    """

    def __init__(self, item: pytest.Item, schedule: Schedule | None, number: int = 0) -> None:
        self.item, self.schedule, self.number = item, schedule, number
        self.ended: Ended | None = None
        self.is_settled = False
        self.verdict: str | None = None
        self.late: _Failure | None = None
        """The run in which the test's time limit struck, which ends the search."""
        self._limit = TimeLimit()
        self._earlier_output = 0
        self._properties = list(item.user_properties)
        self._may_shrink = number

    @property
    def is_shown(self) -> bool:
        """Whether a failure of this run is reported as such, and not as one of many or by the verdict."""
        return not self.number or (self.schedule is _UNDISTURBED and self.verdict is None)

    @property
    def is_hidden(self) -> bool:
        """Whether nothing of this run is reported as it happened."""
        return self.is_settled or self.schedule is not _UNDISTURBED

    def run(self, nextitem: pytest.Item | pytest.Collector | None) -> list[pytest.TestReport]:
        """The reports of a run, without the output of earlier runs, which pytest keeps with the test."""
        self.ended = None
        self.item.user_properties[:] = self._properties
        reports = reports_of(self.item, nextitem, self._limit, self.is_hidden)
        for report in reports:
            output, report.sections = len(report.sections), report.sections[self._earlier_output :]
        self._earlier_output = output
        return reports

    def find(self) -> str:
        """Runs the test under every schedule. Returns the text of its failures; the empty text without any."""
        found, seed = list[_Failure](), 0
        with self._limit.watched():
            while seed < self.number and not self.late:
                seed += 1
                failure = self._fails({"seed": seed})
                found += [failure] if failure else []
            texts = [self._told_late(self.late, seed)] if self.late else []
            others = [each for each in found if each is not self.late]
            texts += self._told_ways(others, seed - 1 if self.late else seed)
        self.schedule = _UNDISTURBED
        return "\n\n".join(texts)

    def _fails(self, schedule: Schedule) -> _Failure | None:
        self.schedule = schedule
        reports = self.run(self.item.parent)  # the test's mark may expect the failure, which is skipped then
        report = next((each for each in reports if each.failed or (each.skipped and hasattr(each, "wasxfail"))), None)
        if report is None:
            return None
        text = report.longreprtext
        crash = getattr(report.longrepr, "reprcrash", None)
        message = str(crash.message if crash else text.strip()).partition("\n")[0]
        where = (crash.path, crash.lineno) if crash else ()
        way = (report.when, *where, message.partition(":")[0] if crash else message)
        unbegun: Ended = {"seed": schedule.get("seed", 0), "only": schedule.get("only"), "struck": [], "order": []}
        failure = _Failure(way, message, text, self.ended or unbegun)
        self.late = self.late or (failure if self._limit.has_struck else None)
        return failure

    def _told_late(self, late: _Failure, seed: int) -> str:
        """That the time limit has struck, and under which schedule: it may be the cause, or have come last."""
        head = f"the time limit of the test, which covers all schedules, struck under schedule {seed} of {self.number}"
        again = self._repeated(late, "that one alone") if late.schedule["struck"] else ""
        return f"{head}\n{again}\n{late.text}"

    def _told_ways(self, found: Sequence[_Failure], number: int) -> list[str]:
        """The failures of so many schedules: how many there are, and each way of failing."""
        ways: dict[tuple[object, ...], list[_Failure]] = {}
        for failure in found:
            ways.setdefault(failure.way, []).append(failure)
        shown = sorted(ways.values(), key=len, reverse=True)[:_MOST_WAYS]
        in_ways = f", in {len(ways)} ways" if len(ways) > 1 else ""
        texts = [self._told(place, same) for place, same in enumerate(shown, 1)]
        return [f"{len(found)} of {number} schedules fail{in_ways}", *texts] if found else []

    def _told(self, place: int, same: Sequence[_Failure]) -> str:
        """One way of failing as text, with its smallest schedule."""
        smallest = self._shrunk(min(same, key=lambda failure: failure.size))
        head = f"{place}. under {len(same)} of them: {smallest.message}"
        return f"{head}\n{self._repeated(smallest, 'again with')}\n{smallest.text}"

    def _repeated(self, failure: _Failure, label: str) -> str:
        """What was sent, and the line that runs the test under this schedule again."""
        seed, struck = failure.schedule["seed"], ",".join(failure.schedule["struck"])
        file = os.path.relpath(self.item.path, self.item.config.invocation_params.dir)
        test = "::".join([file, *self.item.nodeid.split("::")[1:]])
        return (
            f"   sent: {', '.join(failure.schedule['order']) or 'nothing'}\n"
            f"   {label}: pytest {shlex.quote(test)} --talkover-mock-schedule {seed}:{struck}\n"
        )

    def _shrunk(self, failure: _Failure) -> _Failure:
        """Leaves out one disturbance after another, while the test still fails in the same way.

        All shrinking together runs the test no more often than the schedules do; a time limit ends it.
        """
        before = None
        while before is not failure:
            before = failure
            for number in before.schedule["struck"]:
                only = [each for each in failure.schedule["struck"] if each != number]
                if only and self._may_shrink and not self.late:
                    self._may_shrink -= 1
                    smaller = self._fails({"seed": failure.schedule["seed"], "only": only})
                    failure = smaller if smaller and smaller.way == failure.way else failure
        return failure


_SCHEDULED: pytest.StashKey[_Scheduled] = pytest.StashKey()


def add_options(group: pytest.OptionGroup) -> None:
    group.addoption(
        "--talkover-mock-schedules",
        metavar="N",
        type=_number,
        help="run every test that uses talkover_mock under N schedules; 0 for none, also of the marked tests",
    )
    group.addoption(
        "--talkover-mock-schedule",
        metavar="SEED[:NUMBERS]",
        type=_schedule,
        help="run every test that uses talkover_mock once, under this schedule, as a report has named it",
    )


def _number(text: str) -> int:
    if not re.fullmatch("[0-9]+", text):
        raise ArgumentTypeError(f"expected {_A_NUMBER} (got {text!r})")
    return int(text)


def _schedule(text: str) -> Schedule:
    """`15`, or `15:2,3.2` for two of its disturbances, or `15:` for none."""
    found = _SCHEDULE.fullmatch(text)
    if not found or int(found[1]) > _LARGEST_SEED:
        raise ArgumentTypeError(
            f"a schedule is a seed from 0 to {_LARGEST_SEED} such as 15, or 15:2,3 for two of its disturbances "
            f"(got {text!r:.80})"
        )
    seed, colon, numbers = text.partition(":")
    return {"seed": int(seed), "only": [each for each in numbers.split(",") if each] if colon else None}


def scheduled(item: pytest.Item) -> _Scheduled:
    """The test under its schedules; a test that runs as usual has that of the option, or none."""
    return item.stash.get(_SCHEDULED, None) or _Scheduled(item, item.config.getoption("talkover_mock_schedule"))


def pytest_configure(config: pytest.Config) -> None:
    text = "run the test under n schedules of its deliveries: repeated, late, in another order, with answers lost"
    config.addinivalue_line("markers", f"{_MARK}(n={_USUAL}): {text}")


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item, nextitem: pytest.Item | None) -> bool | None:
    """Runs a test under its schedules, and reports that as one run.

    The first and the last run are undisturbed. What is reported is the last one, which tears down what the next test
    does not need, and whose call then fails with the verdict; or else the first one, if that does not pass.
    """
    number = _number_for(item)
    if not number:
        return None
    test = item.stash[_SCHEDULED] = _Scheduled(item, _UNDISTURBED, number)
    item.ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
    first = test.run(item.parent)
    test.is_settled = not all(each.passed for each in first)
    test.verdict = "" if test.is_settled else test.find()
    last = test.run(nextitem)
    for report in first if test.is_settled else last:
        item.ihook.pytest_runtest_logreport(report=report)
    item.ihook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
    return True


def _number_for(item: pytest.Item) -> int:
    """How many schedules a test runs under; 0 when it runs as usual."""
    config, marker = item.config, item.get_closest_marker(_MARK)
    if "talkover_mock" not in getattr(item, "fixturenames", ()) or config.getoption("talkover_mock_schedule"):
        return 0
    number: int | None = config.getoption("talkover_mock_schedules")
    return number if number is not None else (_given(marker) or 0) if marker else 0


def _given(marker: pytest.Mark) -> int | None:
    """The number of a mark; None for wrong arguments."""
    given = (*marker.args, *marker.kwargs.values())
    is_number = len(given) == 1 and {*marker.kwargs} <= {"n"} and type(given[0]) is int and given[0] >= 0
    return (given[0] if is_number else None) if given else _USUAL


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    marker = item.get_closest_marker(_MARK)
    if marker and _given(marker) is None:
        pytest.fail(f"the mark {_MARK} takes {_A_NUMBER} (got {marker.args or marker.kwargs})", pytrace=False)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None]:
    test = scheduled(item)
    if test.is_settled:
        pytest.skip("the first run is reported")
    if test.verdict and test.late:  # what stood still may stand still again, and no alarm is left
        pytest.fail(test.verdict, pytrace=False)
    yield
    if test.verdict:
        pytest.fail(test.verdict, pytrace=False)
