"""`talkover-mock state`."""

import click

from talkover_mock.base.shapes.state import Agent, AgentWebhook, Campaign, CampaignWebhook
from talkover_mock.cli._remote import Remote, against_server

COLUMNS = ("OWNER", "WEBHOOK", "NAME", "STATUS", "EVENTS", "URL")


@click.command(name="state")
@against_server
def command(remote: Remote) -> None:
    """Show the agents, campaigns and webhooks of a running server.

    The JSON is a fixture, unless the API has accepted what is a mistake in a file: a placeholder that names nothing,
    a payload template for an event that the webhook does not list, or a custom header that cannot be sent.
    """
    with remote.client() as client:
        state = client.state()
    rows: list[tuple[object, ...]] = []
    agents = [(f"agent {each['id']}", each) for each in state["agents"]]
    campaigns = [(f"campaign {each['id']}", each) for each in state.get("campaigns", ())]
    owners: list[tuple[str, Agent | Campaign]] = [*agents, *campaigns]
    for owner, each in owners:
        rows += [(owner, *_webhook(webhook)) for webhook in each["webhooks"]] or [
            (owner, None, each["name"], None, None, None)
        ]
    remote.show(state, COLUMNS, rows, "no agents")


def _webhook(webhook: AgentWebhook | CampaignWebhook) -> tuple[object, ...]:
    return webhook["id"], webhook["name"], _status(webhook), len(webhook["events"]), webhook["webhook_url"]


def _status(webhook: AgentWebhook | CampaignWebhook) -> str:
    return webhook.get("status") or ("active" if webhook["enabled"] else "disabled")
