"""The answers of both surfaces."""

import json
from collections.abc import Iterable, Iterator, Mapping
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from talkover_mock.base.statuses import STATUS_PHRASES, WITHOUT_BODY, WITHOUT_LENGTH
from talkover_mock.dialect.endpoints import READS
from talkover_mock.dialect.errors import ApiError
from talkover_mock.web.request import MockRequest, connection_of

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

REASON = "X-Mockserver-Reason"
API_HEADERS = {
    "Content-Type": "application/json",
    "Cache-Control": "no-cache, private",
    "Access-Control-Allow-Origin": "*",
}
SAFE_HEADERS = {"X-Content-Type-Options": "nosniff", "Cache-Control": "no-store"}
"""Of admin answers: no browser takes one for a script or a page, and none keeps it: answers hold tokens and bodies."""
_compact = json.JSONEncoder(separators=(",", ":")).encode
_indented = json.JSONEncoder(indent=4).encode
STATUS_LINES = {status: f"{status} {phrase}" for status, phrase in STATUS_PHRASES.items()}


class Answer:
    """An answer of the API. Far cheaper than the framework's own, which can do more than is needed here.

    A status that allows no body drops it.
    """

    __slots__ = ("body", "headers", "status_code")

    def __init__(self, body: bytes = b"", status: int = 200, headers: Mapping[str, str] = API_HEADERS) -> None:
        self.body = b"" if status in WITHOUT_BODY else body
        self.status_code = status
        self.headers = dict(headers)

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        headers = [*self.headers.items()]
        if self.status_code not in WITHOUT_LENGTH:
            headers.append(("Content-Length", str(self._content_length())))
        start_response(STATUS_LINES.get(self.status_code) or f"{self.status_code} Unknown", headers)
        return () if environ["REQUEST_METHOD"] == "HEAD" else (self.body,)

    def _content_length(self) -> int:
        return len(self.body)


class NoAnswer(Answer):
    """Not a byte: the connection ends, with a reset."""

    __slots__ = ()

    def __init__(self) -> None:
        super().__init__(status=0)

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        connection_of(environ).reset()
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
    """An answer of the API: compact JSON with the headers of every answer (measured)."""
    return Answer(_compact(body).encode(), status)


def error_answer(error: ApiError, reason: str = "") -> Answer:
    """The documented body and, in a header of ours, the reason."""
    encode = _indented if error.pretty else _compact
    answer = Answer(encode(error.body()).encode(), error.status, {**API_HEADERS, **error.headers()})
    if reason:
        answer.headers[REASON] = reason
    return answer


def conditional(request: MockRequest, answer: Answer) -> Answer:
    """The answer, or 304 without a body where a client that reads has it already, by its ETag."""
    etag = answer.headers.get("ETag")
    known = request.header("If-None-Match")
    if request.method not in READS or etag is None or answer.status_code != HTTPStatus.OK:
        return answer
    if etag not in known and known != "*":
        return answer
    kept = {name: value for name, value in answer.headers.items() if name != "Content-Type"}
    return Answer(b"", HTTPStatus.NOT_MODIFIED, kept)
