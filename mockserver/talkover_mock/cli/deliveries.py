"""`talkover-mock deliveries`."""

import click

from talkover_mock.base.shapes.deliveries import Delivery
from talkover_mock.base.words import status_word
from talkover_mock.cli._options import wait_option, whole
from talkover_mock.cli._remote import Remote, against_server
from talkover_mock.cli._search import CONTENT, search_of

COLUMNS = ("AT", "EVENT", "WEBHOOK", "ATTEMPT", "STATUS", "HTTP", "MS", "URL", "FAULT", "ERROR")
FILTERS = (
    *("agent_id", "campaign_id", "webhook_id", "event", "event_id"),
    "status (pending, success, retrying, failed, captured, skipped)",
    *("attempt", "url (with *)", "fault"),
    *("since", *CONTENT),
)
"""The filters of the admin route, with remarks for the help."""


@click.command(
    name="deliveries",
    help=f"""Show the delivery attempts of a running server.

    Filters are {", ".join(FILTERS)}. The last three are JSON, such as json='{{"test": true}}'.
    """,
)
@click.argument("filters", nargs=-1, metavar="[KEY=VALUE]...")
@wait_option("--expect-count")
@click.option("--expect-count", type=whole(0), metavar="N", help="Exit with 1 unless exactly N attempts have ended.")
@against_server
def command(remote: Remote, filters: tuple[str, ...], wait: float, expect_count: int | None) -> None:
    search_of("deliveries", filters, FILTERS, wait, expect_count).show(remote, COLUMNS, row)


def row(delivery: Delivery) -> tuple[object, ...]:
    """A delivery as a row of the table."""
    sent, answer = delivery["request"], delivery["response"]
    return (
        delivery["created_at"][11:23],
        delivery["event"],
        delivery["webhook_id"],
        delivery["attempt"],
        status_word(delivery["status"], delivery["captured"]),
        answer["status"] if answer else None,
        delivery["duration_ms"],
        sent["url"] if sent else None,
        delivery["fault"],
        delivery["error"] or "",
    )
