"""Error answers of the admin API: problem details."""

from collections.abc import Mapping

from talkover_mock.base.refusals import Conflict, Missing, Refusal, Unfit
from talkover_mock.base.words import number_of
from talkover_mock.loading.mistakes import FixtureError

_STATUSES: Mapping[type[Refusal], int] = {Missing: 404, Conflict: 409, Unfit: 422}


class Problem(Exception):
    """An error answer of the admin API: problem details (RFC 9457) with `members` of its own."""

    def __init__(self, status: int, title: str, detail: str, **members: object) -> None:
        super().__init__(detail)
        self.status, self.title, self.detail, self.members = status, title, detail, members

    def body(self) -> dict[str, object]:
        return {
            "type": "about:blank",
            "title": self.title,
            "status": self.status,
            "detail": self.detail,
            **self.members,
        }


def problem_of(error: Exception) -> Problem | None:
    """The problem that answers an error of an admin route, or None for a crash of the mock itself."""
    if isinstance(error, Refusal):
        return Problem(_STATUSES[type(error)], error.title, error.detail)
    if isinstance(error, FixtureError):
        return _of_fixture(error)
    return error if isinstance(error, Problem) else None


def _of_fixture(error: FixtureError) -> Problem:
    """The problem for a fixture in a request, with its first 100 mistakes."""
    mistakes = [mistake.to_json() for mistake in error.mistakes]
    which = "" if error.count == 1 else "; the first"
    first = str(error.mistakes[0]).removeprefix("body:1: ")  # most bodies are one line of JSON
    detail = f"{number_of(error.count, 'mistake')}, so nothing was changed{which}: {first}"
    return Problem(422, "The fixture has mistakes", detail, errors=mistakes)
