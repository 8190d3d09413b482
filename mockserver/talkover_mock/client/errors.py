"""The errors of refusals."""

from http import HTTPStatus
from typing import Any

__tracebackhide__ = True  # pytest shows the test's own line
NO_MOCK = "Not the answer of a mock server"


class MockServerError(Exception):
    """A refused admin request; `problem` is the problem document, `status` the HTTP status."""

    def __init__(self, status: int, problem: dict[str, Any]) -> None:
        lines = [f"{status} {problem.get('title', '')}: {problem.get('detail', '')}"]
        places = [(each.get("path"), each.get("message")) for each in problem.get("errors", [])]
        mistakes = [": ".join(filter(None, place)) for place in places]
        lines += [f"  {each}" for each in mistakes if each not in lines[0]]  # the detail has the first
        super().__init__("\n".join(lines))
        self.status, self.problem = status, problem


def of_id(error: MockServerError) -> Exception:
    """The error of a method that takes an id: KeyError, with the nearest id, where the server has no such record."""
    return KeyError(error.problem["detail"]) if error.status == HTTPStatus.NOT_FOUND else error
