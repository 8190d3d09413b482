"""`talkover-mock env`."""

import json
from shlex import quote

import click

from talkover_mock.cli._options import open_option, refuse_both
from talkover_mock.cli._remote import Failed, Remote, against_server
from talkover_mock.client import MockServer


@click.command(name="env")
@open_option
@against_server
def command(remote: Remote, opened: str | None) -> None:
    """Print the URLs of a running server, and a token, for a shell.

    Use it so: eval "$(talkover-mock env)". It sets TALKOVER_URL and TALKOVER_TOKEN for your application, instead of the
    vendor's base URL and token; and TALKOVER_MOCK_URL and TALKOVER_MOCK_ADMIN_URL for tests. With --token or --open it
    also sets TALKOVER_MOCK_TOKEN, so that the next commands act on that environment.
    """
    if opened is not None:
        refuse_both("--open", {"--token": remote.token})
    with remote.client() as client:
        environment = client if opened is None else client.open_environment(opened)
        if opened is None:
            _check_token(client, remote.token)
        admin_url = f"{environment.url}/__admin"
        found = {"url": environment.url, "api_url": environment.api_url, "admin_url": admin_url}
        token = environment.token
        environment.disconnect()
    if remote.as_json:
        return click.echo(json.dumps({**found, "token": token}, indent=2))
    variables = {
        "TALKOVER_URL": found["api_url"],
        "TALKOVER_TOKEN": token,
        "TALKOVER_MOCK_URL": found["url"],
        "TALKOVER_MOCK_ADMIN_URL": admin_url,
        **({"TALKOVER_MOCK_TOKEN": token} if opened or remote.token else {}),
    }
    for name, value in variables.items():
        click.echo(f"export {name}={quote(value)}")


def _check_token(client: MockServer, token: str | None) -> None:
    """Raises Failed where no token is known that opens the environment."""
    if token:
        client.clock()  # the server refuses a token that opens nothing
    elif client.environment("default")["tokens"]:
        text = "the default environment has its own tokens; give one with --token, or open a copy with --open NAME"
        raise Failed(text)
