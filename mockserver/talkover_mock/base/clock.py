"""Time as one environment sees it: the real time, or one that a test moves by hand."""

from collections.abc import Callable
from datetime import datetime, timedelta, timezone


def real_time() -> datetime:
    return datetime.now(timezone.utc)


class Clock:
    """Tells the time. `source` gives an aware datetime; it is the real time unless a test hands in another."""

    __slots__ = ("_frozen", "_offset", "_source")

    def __init__(self, source: Callable[[], datetime] = real_time) -> None:
        self._source = source
        self._frozen: datetime | None = None
        self._offset = timedelta()

    @property
    def is_frozen(self) -> bool:
        return self._frozen is not None

    @property
    def offset(self) -> timedelta:
        """How far it is ahead of the real time, while it runs."""
        return self._offset

    def moment(self) -> datetime:
        """As exactly as the clock knows it."""
        return self._frozen or self._source() + self._offset

    def now(self) -> datetime:
        """In whole seconds, which is what the API's database keeps."""
        return self.moment().replace(microsecond=0)

    def freeze(self, moment: datetime | None = None) -> None:
        """Stands still, at `moment` or where it is."""
        self._frozen = moment or self.moment()

    def move_to(self, moment: datetime) -> None:
        """Frozen, it stands still there; running, it runs on from there."""
        if self._frozen:
            self._frozen = moment
        else:
            self._offset = moment - self._source()

    def release(self) -> None:
        """Back to the real time."""
        self._offset, self._frozen = timedelta(), None
