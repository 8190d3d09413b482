"""The rows of a log: the attempts of an event at a webhook, and the latest of each webhook."""

from datetime import datetime, timezone

from talkover_mock.deliveries.records import Delivery, Occurrence
from talkover_mock.deliveries.rows import Rows

MOMENT = datetime(2025, 9, 3, tzinfo=timezone.utc)


def attempt(id: str, row: int) -> Delivery:
    return Delivery(id, "w", Occurrence(f"event {row}", "a", "event_action", MOMENT), 1, MOMENT, arrival=row)


def test_an_older_row_whose_retry_came_later_is_the_webhooks_latest_until_it_goes() -> None:
    first, other, retry = attempt("first", 1), attempt("other", 2), attempt("retry", 1)
    rows = Rows()
    seen = []
    for each in (first, other, retry):
        rows.add(each)
        seen.append(rows.latest_of("w"))
    for each in (first, other, retry):
        rows.remove(each)
        seen.append(rows.latest_of("w"))
    assert seen == [first, other, retry, retry, retry, None]
    assert (len(rows), rows.problems, rows.dropped) == (0, 0, 2)
