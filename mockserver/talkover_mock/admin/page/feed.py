"""The list of what happened, as the page shows it: the rows of a view that match its filter, some of them opened."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from talkover_mock.admin.page.actions import agent_id_of, webhook_id_of
from talkover_mock.admin.page.address import Address
from talkover_mock.admin.page.lines import Line, delivery_line, name_of, request_line, short, skipped_line
from talkover_mock.admin.page.opened import delivery_opened, request_opened
from talkover_mock.admin.problems import Problem
from talkover_mock.admin.routes import deliveries, events, requests
from talkover_mock.base.words import brief, digits, near_or_all
from talkover_mock.deliveries.records import Delivery
from talkover_mock.environments.activity import DeliveryRow, RequestRow, Row, SkippedRow, View
from talkover_mock.environments.environment import Environment
from talkover_mock.web.request import MockRequest

STATUSES = ("success", "captured", "pending", "retrying", "failed", "skipped")
"""The statuses of deliveries, as the filter offers them."""
_MOST_OF_EVENT = 20
_NAMED = {"agent_id": agent_id_of, "webhook_id": webhook_id_of}
"""The words of which a value may be a name."""


class ShownRow(NamedTuple):
    """A row as the template shows it; `opened` is its content, and `same` says that the row above is of its event."""

    line: Line
    opened: Mapping[str, Any] | None
    same: bool = False


class Feed(NamedTuple):
    """The list; `problem` says what is wrong with the filter, `apart` are opened rows that are not among `rows`.

    `lost` are the ids of opened rows that are no longer kept, `unknown` those of rows that there never were.
    """

    rows: Sequence[ShownRow]
    apart: Sequence[ShownRow]
    lost: Sequence[str]
    unknown: Sequence[str]
    total: int
    first: int
    older: int | None
    newer: int | None
    counts: Mapping[View, int]
    dropped: int
    problem: str


def feed_of(environment: Environment, address: Address, request: MockRequest, wrong: str) -> Feed:
    """`wrong` is what is wrong with the address already; then no row matches."""
    activity, view = environment.activity, address.view
    try:
        matches, problem = _matches(address), wrong if view == "deliveries" else ""
    except Problem as error:
        matches, problem = None, error.detail
    if problem:
        matches = _nothing
    page = activity.rows(view, matches, digits(address.value("before")))
    wanted = list(dict.fromkeys(address.values("open")))
    here = {row.id for row in page.rows}
    others = {id: activity.row(id) for id in wanted if id not in here}
    found = [row for row in others.values() if row and row.id not in here]
    wanted += [row.id for row in others.values() if row]
    missing = [id for id, row in others.items() if row is None]
    lost = dict.fromkeys(activity.dropped_among(missing))

    def shown(row: Row, above: Row | None) -> ShownRow:
        opened = _opened(row, environment, request) if row.id in wanted else None
        return ShownRow(_line(row, environment), opened, _event_of(row) == (_event_of(above) if above else "-"))

    rows = [shown(row, above) for row, above in zip(page.rows, [None, *page.rows], strict=False)]
    return Feed(
        rows=rows,
        apart=[shown(row, None) for row in found],
        lost=list(lost),
        unknown=[id for id in missing if id not in lost],
        total=page.total,
        first=page.first,
        older=page.older,
        newer=page.newer,
        counts=activity.counts(),
        dropped=activity.dropped().get(view, 0),
        problem=problem,
    )


def with_ids(
    given: Sequence[tuple[str, str]], request: MockRequest, environment: Environment
) -> tuple[list[tuple[str, str]], str]:
    """The fields of an address, with the ids of the agent and the webhook that are given by name, and of opened rows.

    A row may be given by the id of an attempt or an event, which is not the row's own.
    The second is what is wrong with a name that nothing has, or several have; that one stays.
    """
    found, wrong = [], ""
    for name, value in given:
        id = value
        try:
            if name in _NAMED and value:
                id = _NAMED[name](value, environment)
            elif name == "open" and (row := environment.activity.row(value)):
                id = row.id
        except Problem as problem:
            wrong = "" if _is_id(name, value, request, environment) else problem.detail
        found.append((name, id))
    return found, wrong


def _is_id(name: str, value: str, request: MockRequest, environment: Environment) -> bool:
    """Whether a record has or had the id, also one that is deleted by now."""
    try:
        deliveries.check_ids(request, environment, [(name, value)])
    except Problem:
        return False
    return True


def _nothing(_: Row) -> bool:
    return False


def _matches(address: Address) -> Callable[[Row], bool] | None:
    """Whether a row passes the filter; None without one. Raises Problem 422."""
    if not address.filters:
        return None
    make = _of_request if address.view == "requests" else _of_delivery
    wanted = [make(name, value) for name, value in address.filters]
    return lambda row: all(matches(row) for matches in wanted)


def _of_request(name: str, value: str) -> Callable[[Row], bool]:
    matches = requests.FILTERS[name](value)
    return lambda row: isinstance(row, RequestRow) and matches(row.exchange)


def _of_delivery(name: str, value: str) -> Callable[[Row], bool]:
    """Rows of which an attempt passes, and skipped rows whose event does."""
    if name == "status":
        if value not in STATUSES:
            raise Problem(422, "Unknown status", f"unknown status {brief(value)}{near_or_all(value, STATUSES)}")
        return lambda row: row.status == value
    if name == "event":
        return lambda row: _name_of_event(row) == value
    of_attempt: Callable[[Delivery], bool] = deliveries.FILTERS[name](value)
    of_event = events.FILTERS[name](value) if name in events.FILTERS else None

    def matches(row: Row) -> bool:
        if isinstance(row, DeliveryRow):
            return any(of_attempt(each) for each in row.attempts)
        if isinstance(row, SkippedRow):
            if name == "webhook_id":
                return any(webhook.id == value for webhook, _ in row.emitted.skipped)
            return of_event is not None and of_event(row.emitted)
        return False

    return matches


def _name_of_event(row: Row) -> str:
    if isinstance(row, DeliveryRow):
        return row.attempts[0].occurrence.event
    return row.emitted.occurrence.event if isinstance(row, SkippedRow) else ""


def _event_of(row: Row) -> str:
    """The id of a row's event; of a call its own."""
    if isinstance(row, DeliveryRow):
        return row.attempts[0].occurrence.id
    return row.emitted.occurrence.id if isinstance(row, SkippedRow) else row.id


def _line(row: Row, environment: Environment) -> Line:
    if isinstance(row, RequestRow):
        return request_line(row.exchange, environment)
    if isinstance(row, DeliveryRow):
        return delivery_line(row.attempts, row.due, environment, row.id)
    return skipped_line(row.emitted, row.id, environment)


def _opened(row: Row, environment: Environment, request: MockRequest) -> dict[str, Any]:
    masks = request.world.mask_tokens
    if isinstance(row, RequestRow):
        return request_opened(row.exchange, request.root_url, masks)
    if isinstance(row, DeliveryRow):
        webhook = environment.webhook(row.attempts[0].webhook_id)
        opened = delivery_opened(row.attempts, row.due, environment, webhook and webhook.max_retries, masks)
        return {**opened, **_of_same_event(row, environment)}
    return {"why": ("", "", ""), "event_id": _event_of(row), **_of_same_event(row, environment)}


def _of_same_event(row: Row, environment: Environment) -> dict[str, Any]:
    """The event's other deliveries, and the webhooks that it passed by."""
    rows, emitted = environment.activity.of_event(_event_of(row))
    others = [(each, _line(each, environment)) for each in rows if each.id != row.id]
    skipped = emitted.skipped if emitted else ()
    return {
        "others": [
            {"name": name_of(id, environment) or short(id), "id": each.id, "status": each.status, "why": line.why}
            for each, line in others[:_MOST_OF_EVENT]
            if (id := each.attempts[0].webhook_id)
        ],
        "skipped": [
            {"webhook": environment.webhook(webhook.id) or webhook, "reason": reason}
            for webhook, reason in skipped[:_MOST_OF_EVENT]
        ],
        "left_out": max(0, len(others) - _MOST_OF_EVENT) + max(0, len(skipped) - _MOST_OF_EVENT),
    }
