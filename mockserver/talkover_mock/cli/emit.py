"""`talkover-mock emit`."""

import click

from talkover_mock.cli._options import json_value, wait_option
from talkover_mock.cli._remote import Remote, against_server
from talkover_mock.cli.deliveries import COLUMNS, row
from talkover_mock.client.types import EMIT_WAIT_SECONDS


@click.command(name="emit")
@click.argument("agent_id")
@click.argument("event")
@click.option("--call", metavar="JSON", help="The call: its id, its duration, and the keys that templates name.")
@click.option("--context", metavar="JSON", help="The context of the call.")
@click.option("--data", metavar="JSON", help="Further keys of the payload.")
@click.option("--unknown", is_flag=True, help="Emit an event that the API does not have, to every enabled webhook.")
@wait_option("the first attempts", EMIT_WAIT_SECONDS)
@against_server
def command(
    remote: Remote,
    agent_id: str,
    event: str,
    call: str | None,
    context: str | None,
    data: str | None,
    unknown: bool,
    wait: float,
) -> None:
    """Emit an event at an agent of a running server."""
    objects = {"call": json_value("--call", call), "context": json_value("--context", context)}
    with remote.client() as client:
        payload = {**objects, "data": json_value("--data", data)}
        deliveries = client.emit(agent_id, event, **payload, unknown=unknown, wait=wait)
    remote.show(deliveries, COLUMNS, [row(each) for each in deliveries], "no deliveries")
    for each in deliveries.skipped:
        remote.add_line(f"webhook {each['webhook_id']} was skipped: {each['reason']}")
    if not (deliveries or deliveries.skipped):
        remote.add_line(f"agent {agent_id} has no webhooks")
