"""`talkover-mock health`: the health check of a container."""

import json
import urllib.request
from http.client import HTTPException
from time import monotonic, sleep
from urllib.error import HTTPError

import click

from talkover_mock.base.addresses import without_password
from talkover_mock.base.workers import in_time
from talkover_mock.cli._options import wait_option
from talkover_mock.cli._where import REMEDY, url_option

_PAUSE_SECONDS = 0.1
_ANSWER_SECONDS = 2.0
"""How long the whole answer may take."""


@click.command(name="health")
@wait_option("a server that answers")
@url_option
def command(wait: float, url: str) -> None:
    """Check that a running server answers.

    The exit code is 1 if it does not.
    """
    address, began = f"{url}/__admin/health", monotonic()
    while True:
        try:
            return click.echo(_health(address), nl=False)
        except click.ClickException as error:
            left = began + wait - monotonic()
            if left <= 0:
                waited = f"waited {wait:g} s for an answer: " if wait else ""
                raise click.ClickException(f"{waited}{without_password(error.message)}") from None
            sleep(min(left, _PAUSE_SECONDS))


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """Leaves a redirect as the answer: the server that it leads to is not the one that was asked for."""

    def redirect_request(self, *_: object) -> None:
        return None


def _health(address: str) -> str:
    """The answer of the server. Raises ClickException for any other answer, and for none."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), _NoRedirects)
    try:
        text = in_time(_ANSWER_SECONDS, lambda: _read(opener, address))
    except HTTPError as error:
        error.close()
        answered = f"{address} answers {error.code} {error.reason}"
        raise click.ClickException(f"{answered}, which a mock server never does; is it the right --url?") from None
    except (OSError, ValueError, HTTPException) as error:
        reason = " ".join(str(getattr(error, "reason", error)).split())  # the text may quote an answer that is not HTTP
        raise click.ClickException(f"{address} does not answer ({reason}); {REMEDY}") from None
    if not _is_health(text):
        raise click.ClickException(f"{address} answers, but not as a mock server does; is it the right --url?")
    return text


def _read(opener: urllib.request.OpenerDirector, address: str) -> str:
    with opener.open(address, timeout=_ANSWER_SECONDS) as answer:
        text: bytes = answer.read()
    return text.decode(errors="replace")


def _is_health(text: str) -> bool:
    """Whether a mock server says so: many a server's health is a `status` alone."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return False
    return isinstance(found, dict) and found.get("status") == "ok" and isinstance(found.get("version"), str)
