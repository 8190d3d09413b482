"""Guards the admin routes against web pages of other origins, unknown hosts, and requests without the admin token."""

import base64
import hmac
import ipaddress
import re
from typing import NamedTuple

from talkover_mock.admin.problems import Problem
from talkover_mock.base.words import brief
from talkover_mock.web.request import MockRequest

TOKEN_HEADER = "X-Mockserver-Admin-Token"
_LOCAL = ("localhost", "127.0.0.1", "::1")
_HOST = re.compile(r"([\w.-]+|\[[\da-f:.]+\])(:\d+)?", re.ASCII | re.IGNORECASE)
"""A Host header. Names of containers have underscores, which Flask's `request.host` refuses."""


class Guard(NamedTuple):
    """Checks admin requests. `bound` is the address of the server; `hosts` are further names of it (`*`: any name).

    Bound to every address, as in a container, the server also accepts IP addresses, names without a dot (names of
    containers) and host.docker.internal as its name: none of them can be the name of a foreign web page.
    """

    bound: str = "127.0.0.1"
    hosts: tuple[str, ...] = ()
    token: str | None = None

    def check(self, request: MockRequest) -> None:
        """Raises Problem 403 or 401."""
        given = request.header("Host")
        host = _name(given)
        if not self._is_known(host):
            hint = f"; start it with --allow-host {host}" if host else ""
            detail = f"the request names the host {brief(given)}, which this server does not know as its own{hint}"
            raise Problem(403, "Unknown host", detail)
        if _is_foreign(request):
            raise Problem(403, "Foreign origin", "a web page of another origin must not drive the admin routes")
        self._check_token(admin_token_of(request))

    def _is_known(self, host: str) -> bool:
        if "*" in self.hosts:
            return True
        if not host:
            return False
        if host in (*_LOCAL, *(name.lower() for name in (self.bound, *self.hosts))):
            return True
        everywhere = self.bound in ("0.0.0.0", "::", "")
        return everywhere and (_is_address(host) or "." not in host or host == "host.docker.internal")

    def _check_token(self, given: str) -> None:
        if self.token and not hmac.compare_digest(given.encode(), self.token.encode()):
            mistake = "wrong" if given else "missing"
            raise Problem(401, "Admin token needed", f"the header {TOKEN_HEADER} is {mistake} (see --admin-token)")


def admin_token_of(request: MockRequest) -> str:
    """The admin token of a request: in its header or, from browsers, the password of basic authentication."""
    return request.header(TOKEN_HEADER) or _password(request.header("Authorization"))


def _password(authorization: str) -> str:
    """The password of basic authentication; empty for another scheme or a malformed value."""
    scheme, _, given = authorization.partition(" ")
    if scheme.lower() != "basic":
        return ""
    try:
        return base64.b64decode(given, validate=True).decode().partition(":")[2]
    except ValueError:
        return ""


def _is_foreign(request: MockRequest) -> bool:
    site, origin = request.header("Sec-Fetch-Site", "none"), request.header("Origin")
    return site not in ("none", "same-origin") or origin not in ("", request.root_url)


def _name(host: str) -> str:
    """The host's name in lower case, without the port; empty for a malformed host."""
    found = _HOST.fullmatch(host)
    return found[1].strip("[]").lower() if found else ""


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
