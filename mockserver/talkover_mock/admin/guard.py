"""Guards the admin routes against web pages of other origins, unknown hosts, and requests without the admin token."""

import base64
import hmac
from typing import NamedTuple

from talkover_mock.admin.problems import Problem
from talkover_mock.base.addresses import CONTAINER_HOSTS, EVERYWHERE, LOCAL_NAMES
from talkover_mock.base.words import brief
from talkover_mock.web.origins import (
    ANY,
    Origins,
    host_name,
    is_address,
    is_other_origin,
)
from talkover_mock.web.request import MockRequest

TOKEN_HEADER = "X-Mockserver-Admin-Token"
_SEE = "see serve's --admin-token; commands and the pytest plugin send TALKOVER_MOCK_ADMIN_TOKEN"


class Guard(NamedTuple):
    """Checks admin requests. `bound` is the address of the server; `hosts` are further names of it (`*`: any name).

    `pages` are the origins of web pages that may call the API; the admin routes refuse those pages too.

    Bound to every address, as in a container, the server also accepts IP addresses, names without a dot (names of
    containers) and the names by which containers know this machine: none of them can be that of a foreign web page.
    """

    bound: str = "127.0.0.1"
    hosts: tuple[str, ...] = ()
    token: str | None = None
    pages: tuple[str, ...] = ()

    @property
    def origins(self) -> Origins:
        """The pages that may call the API."""
        return Origins.of(self.bound, self.hosts, self.pages)

    def check(self, request: MockRequest) -> None:
        """Raises Problem 403 or 401."""
        given = request.header("Host")
        host = host_name(given)
        if not self._is_known(host):
            hint = f"; start it with --allow-host {host}" if host else ""
            detail = f"the request names the host {brief(given)}, which this server does not know as its own{hint}"
            raise Problem(403, "Unknown host", detail)
        if is_other_origin(request.environ, request.root_url):
            page = f" (got {brief(origin)})" if (origin := request.header("Origin")) else ""
            detail = f"a web page of another origin must not drive the admin routes{page}; a test or a shell may"
            raise Problem(403, "Foreign origin", detail)
        self._check_token(admin_token_of(request))

    def _is_known(self, host: str) -> bool:
        if ANY in self.hosts:
            return True
        if not host:
            return False
        if host in (*LOCAL_NAMES, *(name.lower() for name in (self.bound, *self.hosts))):
            return True
        everywhere = self.bound in EVERYWHERE
        return everywhere and (is_address(host) or "." not in host or host in CONTAINER_HOSTS)

    def _check_token(self, given: str) -> None:
        if self.token and not hmac.compare_digest(given.encode(), self.token.encode()):
            mistake = "wrong" if given else "missing"
            raise Problem(401, "Admin token needed", f"the header {TOKEN_HEADER} is {mistake} ({_SEE})")


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
