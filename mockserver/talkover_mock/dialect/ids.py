"""Laravel's ordered UUIDs: ids that sort by the moment of their creation (measured)."""

import hashlib
import uuid
from collections.abc import Container
from datetime import datetime


def ordered_uuid(moment: datetime, randomness: int, offset: int) -> str:
    """An id made at `moment`: 48 bits of 10-microsecond units since 1970, then the random part of a version 4.

    `randomness` is any integer; its lowest 80 bits are used. `offset` is added to the units, so that ids
    made at one moment still sort.
    """
    units = _units(moment) + offset
    bits = (units & (1 << 48) - 1) << 80 | randomness & (1 << 80) - 1
    return str(uuid.UUID(int=bits & ~(0xF << 76) & ~(0b11 << 62) | 4 << 76 | 0b10 << 62))


def seeded_uuid(moment: datetime, seed: str, offset: int) -> str:
    """An ordered UUID whose random part follows from `seed` alone, so that it is equal at every start."""
    digest = hashlib.blake2b(seed.encode(), digest_size=10).digest()
    return ordered_uuid(moment, int.from_bytes(digest, "big"), offset)


class IdSource:
    """Makes the ids of one kind of record: equal seeds and moments give equal ids."""

    __slots__ = ("_count", "_kind", "_last", "_now", "_seed")

    def __init__(self, kind: str, seed: int) -> None:
        self._kind = kind
        self.restart(seed)

    def restart(self, seed: int) -> None:
        self._seed = seed
        self._count = self._last = self._now = 0

    def new(self, moment: datetime, taken: Container[str] = ()) -> str:
        """A new id that is not among `taken` and sorts after all earlier ids, even while the clock is frozen.

        After the clock was set back, a new id sorts by its moment only.
        """
        now = _units(moment)
        if now < self._now:
            self._last = 0
        self._now = now
        while True:
            self._last = max(now, self._last + 1)
            self._count += 1
            id = seeded_uuid(moment, f"{self._seed}/{self._kind}/{self._count}", self._last - now)
            if id not in taken:
                return id


def _units(moment: datetime) -> int:
    """The units of 10 microseconds since 1970."""
    return round(moment.timestamp() * 100_000)
