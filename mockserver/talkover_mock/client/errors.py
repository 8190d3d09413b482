"""The error of a refusal."""

from typing import Any

__tracebackhide__ = True  # pytest shows the test's own line


class MockServerError(Exception):
    """A refused admin request; `problem` is the problem document, `status` the HTTP status."""

    def __init__(self, status: int, problem: dict[str, Any]) -> None:
        lines = [f"{status} {problem.get('title', '')}: {problem.get('detail', '')}"]
        mistakes = problem.get("errors", [])
        if len(mistakes) > 1:  # the detail has the first
            lines += [f"  {each.get('path', '')}: {each.get('message', '')}" for each in mistakes]
        super().__init__("\n".join(lines))
        self.status, self.problem = status, problem
