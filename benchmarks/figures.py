"""What a figure is, and how the two sides of a ratio are measured."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median
from time import perf_counter

ROUNDS = 15

Sample = Callable[[], float]
"""Does something and gives the seconds that it took."""

HEADING = f"{'subject':10} {'figure':51} {'measured':>9}  {'goal':15} {'':6}  {'spread of rounds':20}  medians"


class LeftOut(Exception):
    """What a figure is measured with is not on this machine."""


@dataclass(frozen=True)
class Figure:
    """One line of the table: a value for each round, whose median is at most `goal`, or `at_least` so much."""

    name: str
    rounds: Sequence[float]
    goal: float
    unit: str = ""
    remark: str = ""
    at_least: bool = False

    @property
    def missed(self) -> bool:
        measured = median(self.rounds)
        return measured < self.goal if self.at_least else measured > self.goal

    def line(self, subject: str) -> str:
        measured = self._with_unit(short(median(self.rounds)))
        goal = self._with_unit(f"at {'least' if self.at_least else 'most'} {self.goal:g}")
        verdict = "MISSED" if self.missed else "ok"
        spread = self._with_unit(f"{short(min(self.rounds))} to {short(max(self.rounds))}")
        return f"{subject:10} {self.name:51} {measured:>9}  {goal:15} {verdict:6}  {spread:20}  {self.remark}".rstrip()

    def _with_unit(self, value: str) -> str:
        return f"{value} {self.unit}".rstrip()


def ratio(name: str, goal: float, ours: Sample, theirs: Sample, rounds: int = ROUNDS) -> Figure:
    return ratio_of(name, goal, interleaved(ours, theirs, rounds))


def interleaved(ours: Sample, theirs: Sample, rounds: int) -> list[tuple[float, float]]:
    """Ours, theirs, ours, theirs, so that a busy machine slows both."""
    for sample in (ours, theirs):
        sample()  # the first time is never like the others
    return [(ours(), theirs()) for _ in range(rounds)]


def ratio_of(name: str, goal: float, rounds: Sequence[tuple[float, float]], remark: str = "") -> Figure:
    """Ours by theirs, round by round, of seconds."""
    mine, other = (short(median(side) * 1000) for side in zip(*rounds, strict=True))
    return Figure(name, [one / two for one, two in rounds], goal, "x", f"{mine} ms against {other} ms{remark}")


def duration(name: str, goal: float, sample: Sample, rounds: int = ROUNDS) -> Figure:
    """The milliseconds that a sample takes, which is what `goal` is in."""
    sample()
    return Figure(name, [sample() * 1000 for _ in range(rounds)], goal, "ms")


def seconds(action: Callable[[], object]) -> float:
    """How long an action takes. What it returns is freed only afterwards."""
    begin = perf_counter()
    result = action()
    elapsed = perf_counter() - begin
    del result
    return elapsed


def typical(sample: Sample, times: int) -> float:
    """The median of many, as one sample of what is over in no time."""
    return median(sample() for _ in range(times))


def short(value: float) -> str:
    """Three digits: 0.00112, 1.27, 1752."""
    return f"{value:.0f}" if value >= 1000 else f"{value:.3g}"
