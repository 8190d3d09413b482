"""Documents that the API answers about calls, and the numbers of pages."""

from typing import Annotated, Literal, TypedDict

from talkover_mock.base.shapes.values import (
    CallStatus,
    Count,
    Direction,
    Id,
    Name,
    Ordinal,
    PhoneNumber,
    Seconds,
)

# Pages


class PageWithoutLast(TypedDict):
    """The numbers of a page of a campaign's log."""

    current_page: Ordinal
    per_page: Annotated[int, ("minimum", 1), ("maximum", 100)]
    total: Count


class Page(PageWithoutLast):
    """The numbers of a page."""

    last_page: Ordinal


_First = Annotated[int, ("minimum", 1), ("description", "The number of the page's first record")]
_From = TypedDict("_From", {"from": _First | None})
"""`from` is a word of Python's own, which no key of a class may be."""


class CallPage(_From, Page):
    """The numbers of a page of calls or campaigns, with those of its first and its last record."""

    to: Ordinal | None
    """The number of its last."""


# Calls


class CallBrief(TypedDict):
    """A call, shortly."""

    id: Id
    agent_id: Id
    to: PhoneNumber
    status: CallStatus


class PlacedCall(CallBrief):
    """A call that was placed."""

    created_at: Seconds


class ActiveCall(CallBrief):
    """A call that is not over."""

    started_at: Seconds
    duration_seconds: Count


class EndedCall(TypedDict):
    """A call that was ended."""

    id: Id
    status: CallStatus
    ended_at: Seconds
    ended_reason: Literal["ended_by_api"]


class NamedAgent(TypedDict):
    """The agent of a call in a list."""

    id: Id
    name: Name
    label: str | None


class NamedCall(TypedDict, total=False):
    """Names the agent, except in the list of an agent's calls."""

    agent: NamedAgent


_FromNumber = TypedDict("_FromNumber", {"from": PhoneNumber})


class ListedCall(_FromNumber, NamedCall):
    """A call in a list."""

    id: Id
    sid: Id
    to: PhoneNumber
    to_formatted: Name
    from_formatted: Name
    is_testing: bool
    direction: Direction
    status: CallStatus
    duration: Count
    """Seconds; 0 until it has ended (assumed)."""
    created_at: Seconds
    updated_at: Seconds
