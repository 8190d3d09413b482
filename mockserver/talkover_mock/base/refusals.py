"""Why an operation on environments, snapshots, faults or deliveries is refused."""


class Refusal(Exception):
    """`title` names the kind in a few words, `detail` is one sentence with the value and the remedy."""

    def __init__(self, title: str, detail: str) -> None:
        super().__init__(detail)
        self.title, self.detail = title, detail


class Missing(Refusal):
    """Nothing has the name or id."""


class Conflict(Refusal):
    """The name or token is taken, or a limit is reached."""


class Unfit(Refusal):
    """The text can't be a name or a token."""
