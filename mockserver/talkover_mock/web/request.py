"""A request to the mock, and the connection that it came on."""

from contextlib import AbstractContextManager, nullcontext
from io import BytesIO
from time import perf_counter
from typing import IO, TYPE_CHECKING, Protocol, cast

from flask import Request, request

from talkover_mock.environments.environment import Environment
from talkover_mock.environments.rate_limit import Quota

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

CONNECTION = "talkover_mock.connection"
"""Where in a request's environ the server puts its `Connection`."""


class Connection(Protocol):
    """What the server lets a request do beyond answering."""

    def extra_thread(self) -> AbstractContextManager[object]:
        """While this request waits, another thread takes its place."""

    def reset(self) -> None:
        """Makes the end of the connection a reset."""

    def is_gone(self) -> bool:
        """Whether the client has closed it."""


class NoConnection:
    """That of a request which came without a server."""

    def extra_thread(self) -> AbstractContextManager[object]:
        return nullcontext()

    def reset(self) -> None: ...

    def is_gone(self) -> bool:
        return False


class ApiRequest(Request):
    """A request, and what has been found out about it."""

    max_form_memory_size = None
    max_form_parts = None
    """The server bounds whole bodies."""

    def __init__(self, environ: "WSGIEnvironment", populate_request: bool = True, shallow: bool = False) -> None:
        super().__init__(environ, populate_request, shallow)
        self.started = perf_counter()
        self.opened: Environment | None = None
        """The environment that the token opens, once that is known."""
        self.quota: Quota | None = None
        self.note = ""
        """What of the input was ignored, and why."""
        self.fault = ""
        """The fault that struck."""
        self.is_of_the_past = False
        """Whether a reset came while a fault held it up."""

    def _get_file_stream(self, *_: object, **__: object) -> IO[bytes]:
        """An upload stays in memory: a container's file system is read-only."""
        return BytesIO()

    @property
    def environment(self) -> Environment:
        """That of a route which needs a token."""
        if self.opened is None:
            raise LookupError("the request has opened no environment")
        return self.opened

    @property
    def target(self) -> str:
        """The path with its query, as it was asked for."""
        info, query = self.environ["PATH_INFO"], self.environ.get("QUERY_STRING")
        path = f"/{self.path}" if info[:2] == "//" else self.path  # which has one slash at its start, however many came
        return f"{path}?{query}" if query else path

    @property
    def connection(self) -> Connection:
        return self.environ.get(CONNECTION) or NoConnection()

    @property
    def bearer_token(self) -> str | None:
        """The token of `Authorization: Bearer <token>`; the scheme in any case (measured on Laravel 11)."""
        scheme, _, token = self.environ.get("HTTP_AUTHORIZATION", "").partition(" ")
        return token.strip() or None if scheme.lower() == "bearer" else None


def this_request() -> ApiRequest:
    """The request that is being answered in this thread."""
    return cast(ApiRequest, request._get_current_object())  # type: ignore[attr-defined]
