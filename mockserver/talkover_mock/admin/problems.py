"""Error answers of the admin API: problem details."""

from collections.abc import Mapping

from talkover_mock.base.refusals import Conflict, Missing, Refusal, Unfit


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


_STATUSES: Mapping[type[Refusal], int] = {Missing: 404, Conflict: 409, Unfit: 422}


def problem_of(refusal: Refusal) -> Problem:
    """The problem that tells a refusal of an environment, snapshot, fault or delivery."""
    return Problem(_STATUSES[type(refusal)], refusal.title, refusal.detail)
