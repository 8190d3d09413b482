"""The errors of refusals."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

__tracebackhide__ = True  # pytest shows the test's own line
NO_MOCK = "Not the answer of a mock server"
REDIRECTS = "it redirects; give the URL to which it does"
NO_ADMIN = "has no admin routes: it runs with --no-admin, or this is not the root of a mock server"


class MockServerError(Exception):
    """A refused admin request; `problem` is the problem document, `status` the HTTP status."""

    def __init__(self, status: int, problem: dict[str, Any]) -> None:
        lines = [f"{status} {problem.get('title', '')}: {problem.get('detail', '')}"]
        errors = problem.get("errors")  # which another server's problem may have in another form
        listed = [each for each in errors if isinstance(each, dict)] if isinstance(errors, list) else []
        places = [(each.get("path"), each.get("message")) for each in listed]
        mistakes = [": ".join(filter(None, place)) for place in places]
        lines += [f"  {each}" for each in mistakes if each not in lines[0]]  # the detail has the first
        super().__init__("\n".join(lines))
        self.status, self.problem = status, problem

    @property
    def is_of_admin(self) -> bool:
        """Whether the admin routes of a mock server have refused: any other server sends no problem document."""
        return "type" in self.problem

    def __reduce__(self) -> tuple[type[MockServerError], tuple[object, ...]]:
        """An error of a child process reaches its parent."""
        return type(self), (self.status, self.problem)


class MissingKey(KeyError):
    """An answer lacks a key: it is not that of a mock server, or of one of another version."""

    def __init__(self, key: object, url: str) -> None:
        super().__init__(key, url)
        self.key, self.url = key, url

    def __str__(self) -> str:
        return f"{self.url} answers without the key {self.key!r}"


def of_id(error: MockServerError) -> Exception:
    """The error of a method that takes an id: KeyError, with the nearest id, where the server has no such record."""
    return KeyError(error.problem["detail"]) if error.status == HTTPStatus.NOT_FOUND else error


def first_cause(error: BaseException) -> BaseException:
    """The error from which the others came: that of the system, where a library wraps it."""
    while error.__context__:
        error = error.__context__
    return error
