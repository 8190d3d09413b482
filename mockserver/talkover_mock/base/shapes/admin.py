"""Documents that the admin routes answer, beside the state, the faults and the deliveries."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Literal, TypedDict

from talkover_mock.base.shapes.deliveries import Delivery, EmittedEvent
from talkover_mock.base.shapes.state import Overrides
from talkover_mock.base.shapes.values import (
    Basis,
    Count,
    Digest,
    EnvironmentState,
    Event,
    HttpStatus,
    Id,
    Maker,
    Milliseconds,
    Name,
    Ordinal,
    StruckBy,
    Token,
)

# API calls


class Side(TypedDict):
    """The headers and the body of a request or of an answer."""

    headers: Mapping[str, str]
    """With --mask-tokens, the token is masked."""
    body: str | None
    """At most 64 KiB of it; null where it is no text."""
    body_size: Count
    body_cut: bool


class Request(TypedDict):
    """One request to the API, and its answer."""

    number: Ordinal
    """Counted in the environment until its reset."""
    at: Milliseconds
    method: Name
    path: Annotated[str, ("pattern", "^/")]
    """With the query."""
    operation: Annotated[str, ("pattern", "^(GET|POST|PUT|PATCH|DELETE) /")] | None
    """As it stands in this document; null where no route matched."""
    status: HttpStatus | None
    duration_ms: Annotated[float, ("minimum", 0)]
    reason: Name | None
    """The answer's `X-Mockserver-Reason`."""
    fault: StruckBy | None
    """The one that struck."""
    applied: bool | None
    """Of a call that a fault struck, whether its operation happened; null of any other."""
    under_way: bool
    """Whether a fault holds it."""
    by: Maker
    """Who made it: the page itself, or any client."""
    request: Side
    response: Side | None
    """null where the connection ended without an answer."""


# Searches


class Found(TypedDict):
    """How a search went."""

    satisfied: bool
    """Whether `min` and `max` hold."""
    count: Count
    """How many match; of deliveries, how many of those have ended."""
    dropped: Count
    """How many the server has kept no longer."""


class FoundRequests(Found):
    """The requests that a search found."""

    requests: list[Request]


class FoundDeliveries(Found):
    """The deliveries that a search found."""

    deliveries: list[Delivery]


class FoundEvents(Found):
    """The events that a search found."""

    events: list[EmittedEvent]


# Clock, environments, snapshots


class Clock(TypedDict):
    """The environment's time; frozen, it is only advanced by hand."""

    now: Milliseconds
    frozen: bool


class Schedule(TypedDict):
    """The schedule that the environment was opened with; without one the key is missing."""

    seed: Count
    only: Sequence[str] | None
    struck: Sequence[Annotated[str, ("pattern", r"^\d+(\.\d+)*$")]]
    """The numbers of the disturbances so far."""
    order: Sequence[str]
    """The deliveries in the order in which they were sent."""


class Scheduled(TypedDict, total=False):
    """The schedule, where there is one."""

    schedule: Schedule


class Environment(Scheduled):
    """An environment."""

    name: Id
    title: Annotated[str, ("minLength", 1), ("maxLength", 500)] | None
    """Words of whoever opened it."""
    state: EnvironmentState
    """How it came, or `failed, kept` after a failed test; `copy` is that of foreign web pages."""
    tokens: Sequence[Annotated[str, ("pattern", r"\*\*\*")]]
    """Masked."""
    agents: Count
    errors: Annotated[int, ("minimum", 0), ("maximum", 100)]
    """Crashes of the mock itself."""


class OpenedEnvironment(TypedDict):
    """An environment that was opened."""

    name: Id
    token: Token
    url: Annotated[str, ("format", "uri"), ("pattern", "^https?://[^/]+$")]
    """The root of the server."""
    api_url: Annotated[str, ("format", "uri"), ("pattern", "^https?://[^/]+/api/v1$")]
    """In the place of the vendor's base URL."""


class _Ended(Scheduled):
    name: Id
    errors: Annotated[Sequence[str], ("maxItems", 100)]
    """Crashes of the mock itself."""
    unmatched: Sequence[Request]


class ClosedEnvironment(_Ended):
    """An environment that was closed."""

    closed: Literal[True]


class MarkedEnvironment(_Ended):
    """An environment that stays, with what closing it would tell."""

    state: EnvironmentState


class _Noted(TypedDict, total=False):
    note: Name


class Reset(_Noted):
    """An environment that was reset."""

    environment: Id
    reset: Literal[True]


class SnapshotBrief(TypedDict):
    """A snapshot in a list."""

    name: Id
    taken_at: Milliseconds


class Snapshot(SnapshotBrief):
    """A named copy of the state."""

    agents: Count
    webhooks: Count
    digest: Digest
    """The ETag of the state that it holds."""


class Played(TypedDict):
    """A scenario that is played at a call."""

    scenario: Id
    agent_id: Id
    call_id: Id
    events: Annotated[Sequence[Event], ("minItems", 1)]
    seconds: Annotated[float, ("minimum", 0)]
    """Until the last of them."""


# About the server


class Health(TypedDict):
    """The server answers, so its fixtures are loaded."""

    status: Literal["ok"]
    version: Annotated[str, ("pattern", r"^[0-9]+\.[0-9]+\.[0-9]+")]
    uptime_seconds: Annotated[float, ("minimum", 0)]


class Behaviour(TypedDict):
    """A behaviour of the mock, and how sure it is."""

    subject: Name
    text: Name
    basis: Basis
    setting: str | None
    versions: str | None
    """In which it was measured."""
    pages: str | None
    """Where the vendor's pages contradict each other."""
    unproven: str | None
    """Why no probe shows it."""
    heard: str | None
    """What a delivery shows of it to `talkover-mock listen`."""
    probes: Count
    """The requests that show it."""


class Assumptions(TypedDict):
    """The behaviours, and the settings that the fixture overrides."""

    behaviours: Annotated[Sequence[Behaviour], ("minItems", 1)]
    overrides: Overrides
