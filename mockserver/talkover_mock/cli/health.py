"""`talkover-mock health`: the health check of a container."""

import json
import urllib.request
from http.client import HTTPException
from urllib.error import HTTPError

import click

from talkover_mock.cli._where import REMEDY, url_option


@click.command(name="health")
@url_option
def command(url: str) -> None:
    """Ask a running server whether it answers.

    The exit code is 1 when it does not.
    """
    address = f"{url}/__admin/health"
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(address, timeout=2) as answer:
            text = answer.read().decode(errors="replace")
    except HTTPError as error:
        error.close()
        answered = f"{address} answers {error.code} {error.reason}"
        raise click.ClickException(f"{answered}, which a mock server never does; is it the right --url?") from None
    except (OSError, ValueError, HTTPException) as error:
        reason = " ".join(str(error).split())  # the text may quote an answer that is not HTTP
        raise click.ClickException(f"{address} does not answer ({reason}); {REMEDY}") from None
    if not _is_health(text):
        raise click.ClickException(f"{address} answers, but not as a mock server does; is it the right --url?")
    click.echo(text, nl=False)


def _is_health(text: str) -> bool:
    try:
        found = json.loads(text)
    except ValueError:
        return False
    return isinstance(found, dict) and found.get("status") == "ok"
