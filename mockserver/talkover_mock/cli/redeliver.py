"""`talkover-mock redeliver`."""

import click

from talkover_mock.cli._options import wait_option
from talkover_mock.cli._remote import Remote, against_server
from talkover_mock.cli.deliveries import COLUMNS, row
from talkover_mock.client.types import EMIT_WAIT_SECONDS


@click.command(name="redeliver")
@click.argument("delivery_id")
@click.option("--replay", is_flag=True, help="Send the old bytes and headers, without a new signature.")
@wait_option("the attempt", EMIT_WAIT_SECONDS)
@against_server
def command(remote: Remote, delivery_id: str, replay: bool, wait: float) -> None:
    """Send a delivery of a running server again, once."""
    with remote.client() as client:
        delivery = client.redeliver(delivery_id, replay=replay, wait=wait)
    remote.show(delivery, COLUMNS, [row(delivery)])
