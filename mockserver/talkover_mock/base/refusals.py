"""Refusals of operations on environments, snapshots, faults and deliveries."""


class Refusal(Exception):
    """A refused operation: `title` names the kind, `detail` is one sentence with the value and the remedy."""

    def __init__(self, title: str, detail: str) -> None:
        super().__init__(detail)
        self.title, self.detail = title, detail


class Missing(Refusal):
    """No record has the name or id."""


class Conflict(Refusal):
    """The name or token is taken, or a limit is reached."""


class Unfit(Refusal):
    """The text is not a valid name or token."""
