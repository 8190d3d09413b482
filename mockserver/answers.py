"""What the server sends back, and what a request brings along: the few things that every call goes through."""

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from http import HTTPStatus
from io import BytesIO
from time import perf_counter
from typing import IO, TYPE_CHECKING, Any, Protocol, cast

from flask import Request, request

from mockserver.environment import Environment
from mockserver.errors import ApiError
from mockserver.rate_limit import Quota

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

CONNECTION = "mockserver.connection"
"""Where in a request's environ the server puts its `Connection`."""
REASON = "X-Mockserver-Reason"
API_HEADERS = {
    "Content-Type": "application/json",
    "Cache-Control": "no-cache, private",
    "Access-Control-Allow-Origin": "*",
}
_compact = json.JSONEncoder(separators=(",", ":")).encode
_indented = json.JSONEncoder(indent=4).encode
_STATUS_LINES = {status.value: f"{status.value} {status.phrase}" for status in HTTPStatus}


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


class Answer:
    """An answer of the API. Far cheaper than the framework's own, which can do more than is needed here."""

    __slots__ = ("body", "headers", "status_code")

    def __init__(self, body: bytes = b"", status: int = 200, headers: Mapping[str, str] = API_HEADERS) -> None:
        self.body = body
        self.status_code = status
        self.headers = dict(headers)

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        headers = [*self.headers.items()]
        if self.status_code != HTTPStatus.NO_CONTENT:
            headers.append(("Content-Length", str(self._content_length())))
        start_response(_STATUS_LINES.get(self.status_code) or f"{self.status_code} Unknown", headers)
        return () if environ["REQUEST_METHOD"] == "HEAD" else (self.body,)

    def _content_length(self) -> int:
        return len(self.body)


class NoAnswer(Answer):
    """Not a byte: the connection ends, with a reset."""

    __slots__ = ()

    def __init__(self) -> None:
        super().__init__(status=0)

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        environ.get(CONNECTION, NoConnection()).reset()
        raise ConnectionResetError("a fault ended the connection")


class HalfAnswer(Answer):
    """The connection ends in the middle of the body, of which `body` is what is sent."""

    __slots__ = ("_whole_size",)

    def __init__(self, body: bytes, status: int, headers: Mapping[str, str]) -> None:
        super().__init__(body[: len(body) // 2], status, headers)
        self._whole_size = len(body)

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        return _cut_short(super().__call__(environ, start_response))

    def _content_length(self) -> int:
        return self._whole_size


def _cut_short(body: Iterable[bytes]) -> Iterator[bytes]:
    yield from body
    raise ConnectionAbortedError("a fault ended the answer")


def api_answer(body: Mapping[str, Any], status: int = 200) -> Answer:
    """An answer of the API: compact JSON with the headers of every answer (documented)."""
    return Answer(_compact(body).encode(), status)


def error_answer(error: ApiError, reason: str = "") -> Answer:
    """The documented body and, in a header of ours, the reason."""
    encode = _indented if error.pretty else _compact
    answer = Answer(encode(error.body()).encode(), error.status, {**API_HEADERS, **error.headers()})
    if reason:
        answer.headers[REASON] = reason
    return answer
