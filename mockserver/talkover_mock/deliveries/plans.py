"""The entries of the queue by their time, of which deliveries are one kind."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(slots=True)
class Due:
    """An entry of the queue. Entries that are due at one moment keep their order.

    A retry without a pause is due at the moment of the attempt before it, in a later `round`.
    """

    due: datetime
    number: int
    round: int = field(default=0, kw_only=True)

    def __lt__(self, other: "Due") -> bool:
        return (self.due, self.round, self.number) < (other.due, other.round, other.number)


@dataclass(slots=True)
class Plan(Due):
    """Something else than a delivery: `happen` is called under the environment's lock, with the time it was due.

    On a frozen clock it has its turn as a delivery has; on a running clock it waits behind none.
    """

    happen: Callable[[datetime], None]
