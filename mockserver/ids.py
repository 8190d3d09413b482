"""Laravel's ordered UUIDs: ids that sort by the moment of their creation (measured)."""

import hashlib
import uuid
from datetime import datetime


def ordered_uuid(moment: datetime, randomness: int, offset: int = 0) -> str:
    """An id made at `moment`: 48 bits of 10-microsecond units since 1970, then a random version 4.

    `randomness` is any integer, of which 80 bits are used. `offset` is added to the units, so that ids
    made at one moment still sort.
    """
    units = round(moment.timestamp() * 100_000) + offset
    bits = (units & (1 << 48) - 1) << 80 | randomness & (1 << 80) - 1
    return str(uuid.UUID(int=bits & ~(0xF << 76) & ~(0b11 << 62) | 4 << 76 | 0b10 << 62))


def seeded_uuid(moment: datetime, seed: str, offset: int = 0) -> str:
    """The ordered UUID whose random part follows from `seed` alone: the same at every start."""
    digest = hashlib.blake2b(seed.encode(), digest_size=10).digest()
    return ordered_uuid(moment, int.from_bytes(digest, "big"), offset)
