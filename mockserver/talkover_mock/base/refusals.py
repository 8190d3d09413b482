"""Refusals of operations that a test asks for, such as those on environments, calls, faults and deliveries."""


class Refusal(Exception):
    """A refused operation: `title` names the kind, `detail` is one sentence with the value and the remedy."""

    def __init__(self, title: str, detail: str) -> None:
        super().__init__(detail)
        self.title, self.detail = title, detail


class Missing(Refusal):
    """No record has the name or id."""


class Conflict(Refusal):
    """The present state does not allow it: a name or token is taken, a limit is reached, a call is over."""


class Unfit(Refusal):
    """A value can't be taken: no valid name, token or status, or too large an event."""
