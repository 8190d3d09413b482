"""`talkover-mock state`."""

import click

from talkover_mock.base.shapes.state import AgentWebhook
from talkover_mock.cli._remote import Remote, against_server

COLUMNS = ("AGENT", "WEBHOOK", "NAME", "STATUS", "EVENTS", "URL")


@click.command(name="state")
@against_server
def command(remote: Remote) -> None:
    """Show the agents and webhooks of a running server.

    The JSON is a fixture, unless the API took a payload template with a placeholder that does not exist,
    or a custom header that cannot be sent.
    """
    with remote.client() as client:
        state = client.state()
    rows: list[tuple[object, ...]] = []
    for agent in state["agents"]:
        rows += [
            (agent["id"], each["id"], each["name"], _status(each), len(each["events"]), each["webhook_url"])
            for each in agent["webhooks"]
        ] or [(agent["id"], None, agent["name"], None, None, None)]
    remote.show(state, COLUMNS, rows, "no agents")


def _status(webhook: AgentWebhook) -> str:
    return webhook.get("status") or ("active" if webhook["enabled"] else "disabled")
