"""The rows of a log: a row is all attempts to send one event to one webhook, in the place of the first."""

from collections.abc import Sequence

from talkover_mock.deliveries.records import Delivery

Row = tuple[Delivery, ...]
"""The attempts that are kept, oldest first."""
_WAITING = ("retrying", "pending")


def deciding(row: Sequence[Delivery]) -> Delivery:
    """The attempt that gives a row its status: the one that waits for a retry, or for its end; else the latest one.

    A copy comes later than the attempt before a retry, but does not take its place: the retry is still due.
    """
    waiting = (each for status in _WAITING for each in reversed(row) if each.status == status)
    return next(waiting, row[-1])


class Rows:
    """The rows by number, oldest first. The caller holds the environment's lock; a row itself never changes."""

    __slots__ = ("_latest", "_rows", "dropped", "problems")

    def __init__(self) -> None:
        self._rows: dict[int, Row] = {}
        self._latest: dict[str, int] = {}
        """By webhook id, the number of the row with its latest attempt, which is the last row to be dropped."""
        self.dropped = self.problems = 0

    def __len__(self) -> int:
        return len(self._rows)

    def __contains__(self, number: int) -> bool:
        return number in self._rows

    def get(self, number: int) -> Row:
        """The attempts of a row; none of one that is unknown or no longer kept."""
        return self._rows.get(number, ())

    def all(self) -> list[Row]:
        return list(self._rows.values())

    def latest_of(self, webhook_id: str) -> Delivery | None:
        """The attempt that decides the row with the latest attempt to call the webhook."""
        row = self.get(self._latest.get(webhook_id, 0))
        return deciding(row) if row else None

    def add(self, delivery: Delivery) -> None:
        """Adds an attempt to its row, or begins one."""
        self._latest[delivery.webhook_id] = delivery.arrival
        self._put(delivery.arrival, (*self.get(delivery.arrival), delivery))

    def sort(self) -> None:
        """Puts the rows in their order again, after attempts were added whose rows are older than their turn."""
        self._rows = dict(sorted(self._rows.items()))

    def replace(self, delivery: Delivery) -> None:
        """Puts an attempt in the place of what it was."""
        row = self.get(delivery.arrival)
        self._put(delivery.arrival, tuple(delivery if each.id == delivery.id else each for each in row))

    def remove(self, delivery: Delivery) -> None:
        """Forgets an attempt, and with the last one its row."""
        number = delivery.arrival
        row = tuple(each for each in self.get(number) if each.id != delivery.id)
        if row:
            self._put(number, row)
            return
        self.problems -= _is_problem(self._rows.pop(number))
        self.dropped += 1
        if self._latest.get(delivery.webhook_id) == number:  # an older row may outlast it: its retry came later
            del self._latest[delivery.webhook_id]

    def _put(self, number: int, row: Row) -> None:
        self.problems += _is_problem(row) - _is_problem(self.get(number))
        self._rows[number] = row


def _is_problem(row: Sequence[Delivery]) -> bool:
    """Whether the delivery has not been successful, or not yet."""
    return bool(row) and deciding(row).is_problem
