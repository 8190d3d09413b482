"""A request to the mock, and the connection that it came on."""

import socket
import struct
from collections.abc import Mapping
from contextlib import suppress
from io import BytesIO
from typing import TYPE_CHECKING, Protocol
from urllib.parse import parse_qsl, quote

from talkover_mock.base.contents import Sent
from talkover_mock.base.headers import HTML, JSON, Head, bearer_token, preferred
from talkover_mock.base.real_time import RealTime
from talkover_mock.dialect.inputs import Input
from talkover_mock.environments.call_faults import CallFault
from talkover_mock.environments.environment import Environment
from talkover_mock.environments.faults import Fault
from talkover_mock.environments.journal import Exchange, Exchanges
from talkover_mock.environments.rate_limit import Quota
from talkover_mock.environments.world import World
from talkover_mock.web.routes import Route

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

CONNECTION = "talkover_mock.connection"
"""Where in a request's environ the server puts its `Connection`."""
HEAD = "talkover_mock.head"
"""Where in a request's environ the server puts its `Head`."""
BY_PAGE = "talkover_mock.by_page"
"""What the page puts into the environ of a call that it makes itself; no client can, whose headers begin with HTTP_."""
REQUEST_URI = "REQUEST_URI"
"""Where this server and others put a request's target as it came; not every server does."""
RESET = struct.pack("ii", 1, 0)
"""The value of SO_LINGER with which the end of a connection is a reset."""
_SOCKETS = ("werkzeug.socket", "gunicorn.socket")
"""Where other servers put the socket."""


class Connection(Protocol):
    """What the server lets a request do beyond answering."""

    def reset(self) -> None:
        """Makes the end of the connection a reset."""

    def is_gone(self) -> bool:
        """Whether the client has closed it."""


class OtherConnection:
    """The connection of a request that another server brings, or nobody: what its environ lets a request do."""

    def __init__(self, environ: "WSGIEnvironment") -> None:
        self._sockets = [environ[key] for key in _SOCKETS if key in environ]

    def reset(self) -> None:
        """Resets it where the server gives its socket; without, the server decides how it ends."""
        for each in self._sockets:
            with suppress(OSError):
                each.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
                each.shutdown(socket.SHUT_RDWR)

    def is_gone(self) -> bool:
        return False


def connection_of(environ: "WSGIEnvironment") -> Connection:
    """The connection that a request came on."""
    return environ.get(CONNECTION) or OtherConnection(environ)


class MockRequest:
    """A request to either surface: what WSGI gives, and what has been found out about it.

    `path` is decoded; `started` is seconds on the process's own clock.
    """

    __slots__ = (
        *("_body", "applied", "bearer_token", "begun", "environ", "environment_or_none", "ids", "input", "log"),
        *("method", "note", "page", "path", "quota", "route", "started", "struck", "world"),
    )

    def __init__(self, environ: "WSGIEnvironment", world: World) -> None:
        self.started = RealTime.perf_counter()
        self.environ, self.world = environ, world
        self.method: str = environ["REQUEST_METHOD"]
        path = environ["PATH_INFO"]
        self.path: str = path if path.isascii() else path.encode("latin-1").decode(errors="replace")
        self.route: Route | None = None
        self.ids: Mapping[str, str] = {}
        self.environment_or_none: Environment | None = None
        """The environment that the token opens, once that is known."""
        self.page = ""
        """The foreign web page that sent the request, in words; empty for any other client."""
        self.quota: Quota | None = None
        self.input: Input | None = None
        """The fields of the body, once it has been read."""
        self.note = ""
        """What of the input was ignored, and why."""
        self.struck: Fault[CallFault] | None = None
        """The fault that struck."""
        self.applied = False
        """Whether the operation has happened."""
        self.begun: Exchange | None = None
        """The call as the journal has it while it is under way, of one that a fault holds."""
        self.log: Exchanges | None = None
        """The journal's log when the call began, where a reset may come before the call ends."""
        self._body: bytes | None = None
        self.bearer_token = bearer_token(environ.get("HTTP_AUTHORIZATION", ""))

    @property
    def is_by_page(self) -> bool:
        """Whether the page itself made the call: no fault strikes it, and it counts against no rate limit."""
        return BY_PAGE in self.environ

    @property
    def sent_method(self) -> str:
        """The method of the request line, which `method` may override."""
        return str(self.environ["REQUEST_METHOD"])

    @property
    def sent_path(self) -> str:
        """The path as it came, undecoded; percent-encoded anew where the server does not tell it."""
        uri = str(self.environ.get(REQUEST_URI, "")).partition("#")[0].partition("?")[0]
        if uri[:1] != "/":
            return quote(self.path, safe="/:@!$&'()*+,;=~")
        own = uri.removeprefix(self.environ.get("SCRIPT_NAME", ""))
        return own.encode("latin-1").decode(errors="replace")

    @property
    def environment(self) -> Environment:
        """The environment of a route that needs a token."""
        if self.environment_or_none is None:
            raise LookupError("the request has opened no environment")
        return self.environment_or_none

    def environment_of(self) -> Environment:
        """The environment that the token opens or, expired, did open; the default one when it opens none."""
        return self.environment_or_none or self._own(self.world.of_token(self.bearer_token))

    def open_environment(self, token: str) -> Environment:
        """The environment that the token opens; for a foreign page its copy. Raises InvalidToken, ExpiredToken."""
        self.environment_or_none = self._own(self.world.by_token(token))
        return self.environment_or_none

    def _own(self, environment: Environment) -> Environment:
        return self.world.for_page(environment) if self.page else environment

    @property
    def fault(self) -> str:
        """The name of the fault that struck; empty without one."""
        return self.struck.name if self.struck else ""

    @property
    def target(self) -> str:
        """The decoded path with its query, as it was asked for."""
        query = self.environ.get("QUERY_STRING")
        return f"{self.path}?{query}" if query else self.path

    @property
    def connection(self) -> Connection:
        return connection_of(self.environ)

    @property
    def content_type(self) -> str:
        """The header as it came, with its parameters; empty without one."""
        return self.environ.get("CONTENT_TYPE") or ""

    @property
    def body(self) -> bytes:
        """The whole body, which the server has bounded."""
        if self._body is None:
            self._body = self._read()
        return self._body

    def _read(self) -> bytes:
        stream = self.environ.get("wsgi.input") or BytesIO()
        if self.size:
            return bytes(stream.read(self.size))
        return bytes(stream.read()) if self.environ.get("wsgi.input_terminated") else b""

    @property
    def size(self) -> int:
        """The bytes of the body, as far as its length was given."""
        return int(self.environ.get("CONTENT_LENGTH") or 0)

    @property
    def head(self) -> Head:
        """The headers as the server has them, or as WSGI names them."""
        found: Head | None = self.environ.get(HEAD)
        if found is not None:
            return found
        named = {name[5:]: value for name, value in self.environ.items() if name[:5] == "HTTP_"}
        named |= {"CONTENT_TYPE": self.content_type} if self.content_type else {}
        headers = [(name.replace("_", "-").lower().encode(), value.encode("latin-1")) for name, value in named.items()]
        return Head(headers, sum(map(len, named.values())))

    def header(self, name: str, default: str = "") -> str:
        """The value of a header other than Content-Type, in any case."""
        return str(self.environ.get(f"HTTP_{name.upper().replace('-', '_')}", default))

    @property
    def sent(self) -> Sent:
        """The content of the request."""
        return Sent([*self.head.texts().items()], self.environ.get("QUERY_STRING", ""), self.body)

    @property
    def wants_html(self) -> bool:
        """Whether the client asks for HTML rather than JSON, as a browser does."""
        return self.preferred(JSON, HTML) == HTML

    def preferred(self, *kinds: str) -> str:
        """The media type that the client prefers by its header `Accept`; the first of equal types."""
        return preferred(self.header("Accept"), *kinds)

    def query(self) -> list[tuple[str, str]]:
        """The fields of the query in their order; what is not UTF-8 is replaced."""
        return parse_qsl(self.environ.get("QUERY_STRING", ""), keep_blank_values=True)

    def query_value(self, name: str) -> str | None:
        """The first value of a field of the query."""
        return next((value for key, value in self.query() if key == name), None)

    def form(self) -> dict[str, str]:
        """The fields of a URL-encoded form; the last of each name."""
        return dict(parse_qsl(self.body.decode(errors="replace"), keep_blank_values=True))

    @property
    def root_url(self) -> str:
        """The scheme and host under which the client knows the server."""
        return f"{self.environ['wsgi.url_scheme']}://{self.header('Host')}"
