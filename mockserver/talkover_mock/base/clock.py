"""The clock of one environment: real time, or time that a test freezes and advances."""

from collections.abc import Callable
from datetime import datetime, timedelta, timezone


def real_time() -> datetime:
    return datetime.now(timezone.utc)


class Clock:
    """Tells the time. `source` returns an aware datetime; a test may give its own instead of the real time."""

    __slots__ = ("_frozen", "_offset", "_second", "_source")

    def __init__(self, source: Callable[[], datetime] = real_time) -> None:
        self._source = source
        self._frozen: datetime | None = None
        self._offset = timedelta()
        self._second = (0, datetime.fromtimestamp(0, timezone.utc))
        """The latest whole second that was asked for."""

    @property
    def is_frozen(self) -> bool:
        return self._frozen is not None

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

    def freeze(self, moment: datetime | None = None) -> None:
        """Stops the clock at `moment`, or at the present time of the clock."""
        self._frozen = moment or self.moment()

    def move_to(self, moment: datetime) -> None:
        """Sets the time: a frozen clock stays frozen, a running clock runs on from `moment`."""
        if self._frozen:
            self._frozen = moment
        else:
            self._offset = moment - self._source()

    def unfreeze(self) -> None:
        """Returns to the real time, and runs."""
        self._offset, self._frozen = timedelta(), None
