"""The client's connection to a server elsewhere, over HTTP."""

import os
import re
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, TypeVar

import requests

from talkover_mock.client.bodies import check_wait, json_bytes
from talkover_mock.client.errors import NO_MOCK, REDIRECTS, MissingKey, MockServerError
from talkover_mock.client.originals import OriginalSession
from talkover_mock.client.urls import query_text

T = TypeVar("T")

__tracebackhide__ = True  # pytest shows the test's own line
TIMEOUT_SECONDS = 30.0
_LONGEST_SECONDS = 600.0
_SENDABLE = re.compile(r"(?!\s)[^\x00-\x08\x0a-\x1f\x7f\ud800-\udfff]+")
"""What can be sent as the value of a header."""
_TOKEN = ("token", "commands have it from --token or TALKOVER_MOCK_TOKEN")
_ADMIN_TOKEN = ("admin token", "commands and the pytest plugin have it from TALKOVER_MOCK_ADMIN_TOKEN")


class Remote:
    """A connection to the admin routes of one server, with one environment's token; each process has its own."""

    def __init__(self, url: str, token: str | None, admin_token: str | None) -> None:
        """Raises ValueError for a token that can't be sent, without the token."""
        self._root = f"{url}/__admin/"
        self._headers: dict[str, bytes] = {
            **({"Authorization": f"Bearer {_sendable(token, *_TOKEN)}".encode()} if token else {}),
            **({"X-Mockserver-Admin-Token": _sendable(admin_token, *_ADMIN_TOKEN).encode()} if admin_token else {}),
        }
        self._session, self._process = OriginalSession(), os.getpid()

    def call(
        self,
        method: str,
        path: str,
        body: object = None,
        query: Mapping[str, object] | None = None,
        longer: float = 0,
    ) -> dict[str, Any]:
        """See `Transport`. Raises the errors of `requests` too, when no server answers."""
        check_wait(longer)
        wanted = query_text(query)
        extra = longer if 0 <= longer <= _LONGEST_SECONDS else 0  # the server refuses any other wait at once
        where = f"{path}?{wanted}" if wanted else path
        return _or_raise(self._exchange(_document, method, where, body, TIMEOUT_SECONDS + extra))

    def text(self, path: str, kind: str) -> str:
        """See `Transport`. Raises the errors of `call`."""
        return _or_raise(self._exchange(partial(_body, kind), "GET", path, None, TIMEOUT_SECONDS))

    def close(self) -> None:
        self._session.close()

    def _own_session(self) -> OriginalSession:
        """The session of this process: a forked child that used its parent's would get the parent's answers."""
        if os.getpid() != self._process:
            self._session.close()  # the child's copy; the parent's connection stays
            self._session, self._process = OriginalSession(), os.getpid()
        return self._session

    def _exchange(
        self,
        read: Callable[[requests.Response], T | MockServerError],
        method: str,
        path: str,
        body: object,
        timeout: float,
    ) -> T | MockServerError:
        """Returns an error instead of raising it: its traceback would keep the connection open.

        Follows no redirect: on the way to another host the library drops the token, and a POST may become a GET.
        """
        sent = json_bytes(body)
        headers = self._headers | ({"Content-Type": b"application/json"} if sent else {})
        url, session = self._root + path, self._own_session()
        answer = session.request(method, url, data=sent, headers=headers, timeout=timeout, allow_redirects=False)
        if answer.status_code // 100 == 3:
            return MockServerError(answer.status_code, {"title": NO_MOCK, "detail": REDIRECTS})
        return read(answer) if answer.ok else MockServerError(answer.status_code, _problem(answer))


class _Answer(dict[str, Any]):
    """A document that says where it came from when it lacks a key."""

    def __init__(self, document: dict[str, Any], url: str) -> None:
        super().__init__(document)
        self._url = url

    def __missing__(self, key: str) -> Any:
        raise MissingKey(key, self._url)


def _sendable(token: object, name: str, source: str) -> str:
    """The token. Raises ValueError here, since the texts of the library's own errors have the token."""
    if not isinstance(token, str) or not _SENDABLE.fullmatch(token):
        needed = "it must be text on one line, without control characters, and begin with no space"
        raise ValueError(f"no header can carry the {name}: {needed} ({source})")
    return token


def _or_raise(found: T | MockServerError) -> T:
    if isinstance(found, MockServerError):
        try:
            raise found
        finally:
            del found  # a frame that holds its own error would keep all that the callers hold
    return found


def _body(kind: str, answer: requests.Response) -> str | MockServerError:
    """The answer's text, or an error when the answer is not that of a mock server."""
    came = answer.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    try:
        return answer.content.decode() if came == kind else _no_mock(answer)
    except UnicodeDecodeError:
        return _no_mock(answer)


def _document(answer: requests.Response) -> dict[str, Any] | MockServerError:
    """The answer's JSON object, or an error when the answer is not that of a mock server."""
    found = _json(answer)
    if isinstance(found, dict):
        return _Answer(found, answer.url)
    return _no_mock(answer)


def _no_mock(answer: requests.Response) -> MockServerError:
    return MockServerError(answer.status_code, {"title": NO_MOCK, "detail": _start(answer)})


def _problem(answer: requests.Response) -> dict[str, Any]:
    problem = _json(answer)
    if isinstance(problem, dict) and "title" in problem:
        return problem
    return {"title": answer.reason, "detail": _start(answer)}


def _json(answer: requests.Response) -> Any:
    """The answer's JSON, or None for another body."""
    try:
        return answer.json()
    except ValueError:
        return None


def _start(answer: requests.Response) -> str:
    return " ".join(answer.text.split())[:200]
