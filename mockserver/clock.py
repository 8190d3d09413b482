"""Time as one environment sees it. The API's database keeps whole seconds of UTC."""

from collections.abc import Callable
from datetime import datetime, timezone


def real_time() -> datetime:
    return datetime.now(timezone.utc)


class Clock:
    """Tells the time. `source` gives an aware datetime; it is the real time unless a test hands in another."""

    __slots__ = ("_source",)

    def __init__(self, source: Callable[[], datetime] = real_time) -> None:
        self._source = source

    def now(self) -> datetime:
        """In whole seconds."""
        return self._source().replace(microsecond=0)

    def moment(self) -> datetime:
        """As exactly as the clock knows it."""
        return self._source()


def to_microseconds(moment: datetime) -> str:
    """A webhook's time: `2025-09-03T23:19:51.000000Z` (documented)."""
    return moment.isoformat(timespec="microseconds")[:-6] + "Z"


def to_seconds(moment: datetime) -> str:
    """An agent's time, a log's, and a fixture's: `2025-09-03T23:19:51Z` (documented)."""
    return moment.isoformat(timespec="seconds")[:-6] + "Z"
