"""`mockserver health`: what a container's health check runs."""

import os
import urllib.request
from http.client import HTTPException
from urllib.error import HTTPError

import click


@click.command(name="health")
@click.option(
    "--url",
    envvar="MOCKSERVER_URL",
    metavar="URL",
    help="Where the server is.  [default: http://127.0.0.1 with the port of MOCKSERVER_PORT or 7357]",
)
def command(url: str | None) -> None:
    """Ask a running server whether it answers; exit code 1 when it does not."""
    port = os.environ.get("MOCKSERVER_PORT") or "7357"
    address = f"{(url or f'http://127.0.0.1:{port}').rstrip('/')}/api/v1/health"
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(address, timeout=2) as answer:
            click.echo(answer.read().decode())
    except HTTPError as error:
        error.close()
        raise click.ClickException(f"{address} answers {error.code} {error.reason}") from None
    except (OSError, ValueError, HTTPException) as error:
        raise click.ClickException(f"{address} does not answer: {error}") from None
