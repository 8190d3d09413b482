"""The URL of the server that a command asks: `--url`, its variable, or this machine."""

import os
import re
from urllib.parse import SplitResult, urlsplit

import click

from talkover_mock.base.addresses import url_of, without_password
from talkover_mock.base.words import brief
from talkover_mock.cli._options import port_number, port_or_none

REMEDY = "start it with `talkover-mock serve`, or name it with --url"
DEFAULT_PORT = 7357
_QUERY = re.compile("([?#]).+", re.DOTALL)
_BELOW_ROOT = ("/api/v1", "/__admin")


def root(_: click.Context, __: click.Parameter, url: str | None) -> str:
    """The server's root, without a slash at its end. Raises BadParameter for another URL."""
    if url is None:
        return url_of(os.environ.get("TALKOVER_MOCK_HOST") or "127.0.0.1", _default_port())
    parts = _parts(url)
    if parts is None:
        example = f"http://127.0.0.1:{DEFAULT_PORT}"
        raise click.BadParameter(f"the URL needs http:// and a host, such as {example} (got {_shown(url)})")
    path = parts.path.rstrip("/")
    for below in _BELOW_ROOT:
        if path.endswith(below):
            root = without_password(parts._replace(path=path.removesuffix(below), query="", fragment="").geturl())
            raise click.BadParameter(f"give the server's root, {root}, without {below} (got {_shown(url)})")
    if "?" in url or "#" in url:
        root = without_password(parts._replace(path=path, query="", fragment="").geturl())
        raise click.BadParameter(f"give the server's root, {root}, alone (got {_shown(url)})")
    return url.rstrip("/")


url_option = click.option(
    "--url",
    envvar="TALKOVER_MOCK_URL",
    callback=root,
    metavar="URL",
    show_envvar=True,
    show_default=f"this machine, and TALKOVER_MOCK_HOST and TALKOVER_MOCK_PORT as for serve, or {DEFAULT_PORT}",
    help="The server's URL.",
)


def _shown(url: str) -> str:
    """The URL as an error quotes it: a query may have a token."""
    return brief(_QUERY.sub(r"\1…", without_password(url)))


def _parts(url: str) -> SplitResult | None:
    """The parts of a URL, or None without a scheme, without a host, with a bad port or no UTF-8."""
    try:
        url.encode()
        parts = urlsplit(url)
        is_one = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        return None
    return parts if is_one else None


def _default_port() -> int:
    """The port of the variable that `talkover-mock serve` reads too. Raises BadParameter."""
    try:
        return port_number(port_or_none(os.environ.get("TALKOVER_MOCK_PORT")) or str(DEFAULT_PORT))
    except click.BadParameter as error:
        raise click.BadParameter(error.message, param_hint="TALKOVER_MOCK_PORT") from None
