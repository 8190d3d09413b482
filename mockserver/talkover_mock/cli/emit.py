"""`talkover-mock emit`."""

import click

from talkover_mock.cli._options import json_value, wait_option
from talkover_mock.cli._remote import Remote, against_server
from talkover_mock.cli.deliveries import COLUMNS, row
from talkover_mock.client.types import EMIT_WAIT_SECONDS


@click.command(name="emit")
@click.argument("given", nargs=-1, metavar="[AGENT_ID] EVENT")
@click.option("--campaign", "campaign_id", metavar="CAMPAIGN_ID", help="Emit the event at this campaign.")
@click.option("--call", metavar="JSON", help="The call: its id, its duration, and keys for templates.")
@click.option("--context", metavar="JSON", help="The context of the call.")
@click.option("--data", metavar="JSON", help="Further keys of the payload.")
@click.option("--unknown", is_flag=True, help="Emit an event that the API does not have, to every enabled webhook.")
@wait_option("the first attempts", EMIT_WAIT_SECONDS)
@against_server
def command(
    remote: Remote,
    given: tuple[str, ...],
    campaign_id: str | None,
    call: str | None,
    context: str | None,
    data: str | None,
    unknown: bool,
    wait: float,
) -> None:
    """Emit an event at an agent, or at a campaign."""
    *agents, event = _checked(given, campaign_id)
    agent_id = agents[0] if agents else None
    objects = {"call": json_value("--call", call), "context": json_value("--context", context)}
    with remote.client() as client:
        payload = {**objects, "data": json_value("--data", data)}
        deliveries = client.emit(agent_id, event, campaign_id=campaign_id, **payload, unknown=unknown, wait=wait)
    remote.show(deliveries, COLUMNS, [row(each) for each in deliveries], "no deliveries")
    for each in deliveries.skipped:
        remote.add_line(f"webhook {each['webhook_id']} was skipped: {each['reason']}")
    if not (deliveries or deliveries.skipped):
        remote.add_line(f"{'campaign' if agent_id is None else 'agent'} {agent_id or campaign_id} has no webhooks")


def _checked(given: tuple[str, ...], campaign_id: str | None) -> tuple[str, ...]:
    """The arguments: an agent and an event, or the event alone. Raises UsageError for more or fewer."""
    if len(given) != (2 if campaign_id is None else 1):
        raise click.UsageError("give AGENT_ID and EVENT, or --campaign CAMPAIGN_ID and EVENT")
    return given
