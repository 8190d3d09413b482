"""Decides which web pages are foreign: the one place for both surfaces, each with its own strictness."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from talkover_mock.base.addresses import CONTAINER_HOSTS, EVERYWHERE

ANY = "*"
_HOST = re.compile(r"([\w.-]+|\[[\da-f:.]+\])(:\d+)?", re.ASCII | re.IGNORECASE)
"""A Host header. Names of containers have underscores, which Flask's `request.host` refuses."""
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*", re.IGNORECASE)
_USUAL_PORTS = {"http": 80, "https": 443}


class Origins(NamedTuple):
    """The pages that may call the API: local ones, those of the server's own `names`, and those that are `allowed`."""

    names: frozenset[str] = frozenset()
    allowed: frozenset[str] = frozenset()

    @classmethod
    def of(cls, bound: str, hosts: tuple[str, ...], allowed: tuple[str, ...]) -> Origins:
        """`bound` is the address of the server, `hosts` are further names of it, `allowed` are origins or `*`."""
        names = {name.lower() for name in (bound, *hosts)} - {ANY, *EVERYWHERE}
        return cls(frozenset(names), frozenset(map(str.lower, allowed)))

    def is_foreign(self, environ: Mapping[str, Any]) -> bool:
        """Whether a foreign web page sent the request of a WSGI environ.

        The origin decides. Without one, as for an image or a link, the browser's `Sec-Fetch-Site` does.
        """
        origin = environ.get("HTTP_ORIGIN")
        if not origin:
            return ANY not in self.allowed and environ.get("HTTP_SEC_FETCH_SITE") == "cross-site"
        return not self._lets_in(origin.lower(), environ.get("HTTP_HOST", "").lower())

    def _lets_in(self, origin: str, host: str) -> bool:
        if ANY in self.allowed or origin in self.allowed:
            return True
        scheme, _, rest = origin.partition("://")
        name = host_name(rest).rstrip(".") if scheme in ("http", "https") else ""
        # A page under an address is the server's own: no other site can have that address.
        return bool(name) and (_is_local(name) or name in self.names or (is_address(name) and rest == host))


def origin_of(text: str) -> str | None:
    """The origin as browsers send it: without the scheme's usual port or a slash at its end; None for no origin."""
    origin = text.removesuffix("/")
    scheme, _, rest = origin.partition("://")
    name = host_name(rest)
    try:
        port = urlsplit(origin).port
    except ValueError:
        return None
    if not _SCHEME.fullmatch(scheme) or not name or (":" in name and not is_address(name)) or port == 0:
        return None
    return origin.removesuffix(f":{port}") if port == _USUAL_PORTS.get(scheme.lower()) else origin


def allowable(text: str) -> str | None:
    """What an option can allow: an origin as above, `null`, or `*` for any; None for anything else."""
    return text if text.lower() in (ANY, "null") else origin_of(text)


def is_other_origin(environ: Mapping[str, Any], root_url: str) -> bool:
    """Whether any page but the server's own sent the request: the admin routes take no other, not even a local one."""
    site, origin = environ.get("HTTP_SEC_FETCH_SITE", "none"), environ.get("HTTP_ORIGIN", "")
    return site not in ("none", "same-origin") or origin not in ("", root_url)


def host_name(host: str) -> str:
    """The host's name in lower case, without the port; empty for a malformed host."""
    found = _HOST.fullmatch(host)
    return found[1].strip("[]").lower() if found else ""


def is_address(name: str) -> bool:
    """Whether the name is an IP address."""
    return _address(name) is not None


def _is_local(name: str) -> bool:
    """Whether no foreign web page can have the name: this machine's, a container's, or a loopback address."""
    address = _address(name)
    if address is not None:
        return address.is_loopback
    return "." not in name or name.endswith(".localhost") or name in CONTAINER_HOSTS


def _address(name: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(name)
    except ValueError:
        return None
