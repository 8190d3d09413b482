"""The clock of one environment: real time, or time that a test freezes and advances."""

from collections.abc import Callable
from datetime import datetime, timedelta, timezone

from talkover_mock.base.real_time import RealTime


def real_time() -> datetime:
    return datetime.now(timezone.utc)


_LEAST_STEP = timedelta(milliseconds=100)
"""A smaller difference between two clocks may be the pause between reading them."""


class Clock:
    """Tells the time. `source` returns an aware datetime; a test may give its own instead of the real time."""

    __slots__ = ("_frozen", "_offset", "_second", "_source", "_started", "apart")

    def __init__(self, source: Callable[[], datetime] = real_time) -> None:
        self._source = source
        self._started = self._ahead()
        self._frozen: datetime | None = None
        self._offset = timedelta()
        self._second = (0, datetime.fromtimestamp(0, timezone.utc))
        """The latest whole second that was asked for."""
        self.apart = timedelta()
        """How far a frozen clock is moved on before each event."""

    @property
    def is_frozen(self) -> bool:
        return self._frozen is not None

    def next_event(self) -> bool:
        """Moves a frozen clock on, where events are kept apart. False where they are not."""
        if self.keeps_apart:
            self.move_to(self.moment() + self.apart)
        return self.keeps_apart

    @property
    def keeps_apart(self) -> bool:
        return self.is_frozen and bool(self.apart)

    @property
    def offset(self) -> timedelta:
        """How far the running clock is ahead of the real time."""
        return self._offset

    def moment(self) -> datetime:
        """The time in the full precision of the source."""
        return self._frozen or self._source() + self._offset

    def now(self) -> datetime:
        """The time in whole seconds, as the API's database keeps times."""
        moment = self.moment()
        second = int(moment.timestamp())
        if second != self._second[0]:  # most calls come in the second of the one before: replacing takes longest
            self._second = second, moment.replace(microsecond=0)
        return self._second[1]

    def step(self) -> timedelta:
        """How far the system's clock was set since the last call; negative when it was set back.

        Only the real time has steps: schedules follow the monotonic clock, and the time that they show may jump.
        """
        step = self._ahead() - self._started
        if abs(step) < _LEAST_STEP:
            return timedelta()
        self._started += step
        return step

    def _ahead(self) -> timedelta:
        """How far the source is ahead of the monotonic clock; nothing for a test's own source."""
        if self._source is not real_time:
            return timedelta()
        return timedelta(seconds=self._source().timestamp() - RealTime.monotonic())

    def freeze(self, moment: datetime | None = None) -> None:
        """Stops the clock at `moment`, or at the present time of the clock."""
        self._frozen = moment or self.moment()

    def move_to(self, moment: datetime) -> None:
        """Sets the time: a frozen clock stays frozen, a running clock runs on from `moment`."""
        if self._frozen:
            self._frozen = moment
        else:
            self._offset = moment - self._source()

    def advance_to(self, moment: datetime) -> None:
        """Moves the time forward to `moment`, unless that has come already."""
        if moment > self.moment():
            self.move_to(moment)

    def unfreeze(self) -> None:
        """Returns to the real time, and runs."""
        self._offset, self._frozen = timedelta(), None
