"""The client's connection to the admin routes, and the error of a refusal."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar
from urllib.parse import quote, urlencode, urlsplit

import requests

T = TypeVar("T")

__tracebackhide__ = True  # pytest shows the test's own line
TIMEOUT_SECONDS = 30.0
_LONGEST_SECONDS = 600.0


class MockServerError(Exception):
    """A refused admin request; `problem` is the problem document, `status` the HTTP status."""

    def __init__(self, status: int, problem: dict[str, Any]) -> None:
        lines = [f"{status} {problem.get('title', '')}: {problem.get('detail', '')}"]
        lines += [f"  {each.get('path', '')}: {each.get('message', '')}" for each in problem.get("errors", [])]
        super().__init__("\n".join(lines))
        self.status, self.problem = status, problem


class Transport:
    """A connection to the admin routes of one server, with one environment's token."""

    def __init__(self, url: str, token: str | None, admin_token: str | None) -> None:
        self._root = f"{url}/__admin/"
        self._session = requests.Session()
        self._session.trust_env = False  # a proxy of the machine must not get at local calls
        if token:
            self._session.headers["Authorization"] = f"Bearer {token}".encode()
        if admin_token:
            self._session.headers["X-Mockserver-Admin-Token"] = admin_token.encode()

    def call(
        self,
        method: str,
        path: str,
        body: object = None,
        query: Mapping[str, object] | None = None,
        longer: float = 0,
    ) -> dict[str, Any]:
        """The answer's document; the answer may take `longer` seconds more than the usual timeout.

        Raises MockServerError for a refusal, and the errors of `requests` when no server answers.
        """
        wanted = urlencode({key: _text(value) for key, value in (query or {}).items() if value is not None})
        extra = longer if 0 <= longer <= _LONGEST_SECONDS else 0  # the server refuses any other wait at once
        where = f"{path}?{wanted}" if wanted else path
        return _or_raise(self._exchange(_document, method, where, body, TIMEOUT_SECONDS + extra))

    def text(self, path: str) -> str:
        """The answer's body. Raises the errors of `call`."""
        return _or_raise(self._exchange(_body, "GET", path, None, TIMEOUT_SECONDS))

    def close(self) -> None:
        self._session.close()

    def _exchange(
        self,
        read: Callable[[requests.Response], T | MockServerError],
        method: str,
        path: str,
        body: object,
        timeout: float,
    ) -> T | MockServerError:
        """Returns an error instead of raising it: its traceback would keep the connection open."""
        answer = self._session.request(method, self._root + path, json=body, timeout=timeout)
        return read(answer) if answer.ok else MockServerError(answer.status_code, _problem(answer))


def _or_raise(found: T | MockServerError) -> T:
    if isinstance(found, MockServerError):
        raise found
    return found


def root_of(url: str) -> str:
    """The URL without a slash at its end. Raises ValueError if it is not HTTP, or leads to a part of the server."""
    parts = urlsplit(url)
    is_part = any(f"{part}/" in f"{parts.path}/" for part in ("/api/v1", "/__admin"))
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment or is_part:
        raise ValueError(f"expected the root of a server, such as http://127.0.0.1:7357 (got {url!r})")
    return url.rstrip("/")


def segment(name: str) -> str:
    """A name as one segment of a path. Raises ValueError for a name that would lead to another route."""
    if name in ("", ".", ".."):
        raise ValueError(f"expected a name or an id (got {name!r})")
    return quote(name, safe="")


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _body(answer: requests.Response) -> str | MockServerError:
    return answer.content.decode()


def _document(answer: requests.Response) -> dict[str, Any] | MockServerError:
    """The answer's JSON object, or an error when the answer is not that of a mock server."""
    found = _json(answer)
    if isinstance(found, dict):
        return found
    return MockServerError(answer.status_code, {"title": "Not the answer of a mock server", "detail": _start(answer)})


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
