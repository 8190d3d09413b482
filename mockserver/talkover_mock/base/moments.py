"""Moments as texts, in each precision that the API shows."""

from datetime import date, datetime, timezone
from functools import lru_cache


def to_moment(value: object) -> datetime | None:
    """The UTC moment of a text such as `2025-09-03T23:19:51Z`, a date or a datetime; None for any other value."""
    try:
        if type(value) is str:
            value = datetime.fromisoformat(value.replace("Z", "+00:00"))
        elif type(value) is date:
            value = datetime(value.year, value.month, value.day)
        return to_utc(value) if type(value) is datetime else None
    except (ValueError, OverflowError):
        return None


def to_utc(moment: datetime) -> datetime:
    """The moment in UTC; a moment without a zone counts as UTC. Raises OverflowError."""
    if moment.tzinfo is None:
        return moment.replace(tzinfo=timezone.utc)
    return moment if moment.tzinfo is timezone.utc else moment.astimezone(timezone.utc)


@lru_cache(maxsize=1_000)
def to_microseconds(moment: datetime) -> str:
    """The text of a webhook's time: `2025-09-03T23:19:51.000000Z` (documented)."""
    return moment.isoformat(timespec="microseconds")[:-6] + "Z"


def to_milliseconds(moment: datetime) -> str:
    """The text of a delivery's time: `2025-09-03T23:19:51.000Z` (documented)."""
    return moment.isoformat(timespec="milliseconds")[:-6] + "Z"


def to_seconds(moment: datetime) -> str:
    """The text of a time in an agent, a log or a fixture: `2025-09-03T23:19:51Z` (documented)."""
    return moment.isoformat(timespec="seconds")[:-6] + "Z"
