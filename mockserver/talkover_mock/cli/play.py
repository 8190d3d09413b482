"""`talkover-mock play`."""

import click

from talkover_mock.cli._options import json_value
from talkover_mock.cli._remote import Remote, against_server


@click.command(name="play")
@click.argument("name")
@click.option("--agent", "agent_id", required=True, metavar="AGENT_ID", help="The agent that has the call.")
@click.option("--call", metavar="JSON", help="The call: the id of an active call, or fields of a new call, such as to.")
@click.option("--context", metavar="JSON", help="The context of the call.")
@against_server
def command(remote: Remote, name: str, agent_id: str, call: str | None, context: str | None) -> None:
    """Play a scenario at a call of an agent.

    NAME is answered, no_answer, voicemail, dropped, agent_failed, or a scenario of the fixture. Its events happen on
    the environment's clock.
    """
    given = {"call": json_value("--call", call), "context": json_value("--context", context)}
    with remote.client() as client:
        played = client.play(name, agent_id, **given)
    events = ", ".join(played["events"])
    remote.show_line(played, f"call {played['call_id']}: {events}, in {played['seconds']:g} s")
