"""The query strings that search and wait: what may be asked for, and what is wrong with it."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

from talkover_mock.admin.bodies import admin_answer
from talkover_mock.admin.checks import seconds_in
from talkover_mock.admin.problems import Problem
from talkover_mock.base import patterns
from talkover_mock.base.history import Found, History
from talkover_mock.base.moments import to_moment
from talkover_mock.base.words import brief, near_or_all
from talkover_mock.web.answers import Answer
from talkover_mock.web.request import MockRequest
from talkover_mock.web.waiting import Waiting

T = TypeVar("T")

Filter = Callable[[str], Callable[[T], bool]]
"""From the value that was asked for to whether an item has it. Raises Problem 422 for what is no such value."""


@dataclass(frozen=True, slots=True)
class Search(Generic[T]):
    """What matches, how many of it are wanted, and how long to wait for them."""

    matches: Callable[[T], bool]
    least: int | None
    most: int | None
    seconds: float


def search_of(request: MockRequest, filters: Mapping[str, Filter[T]]) -> Search[T]:
    """The search that a query string asks for. Raises Problem 422 for what it can't be."""
    given, known = request.query(), (*filters, "min", "max", "wait")
    for key, _ in given:
        if key not in known:
            raise Problem(
                422, "Unknown filter", f"unknown filter {brief(key)}{near_or_all(key, known)}", filters=list(known)
            )
    wanted = [parse(value) for name, parse in filters.items() for key, value in given if key == name]
    least, most = count_of(request, "min"), count_of(request, "max")
    if least is not None and most is not None and least > most:
        raise Problem(422, "Bad count", f"min must not be greater than max (got min={least} and max={most})")
    wait = seconds_in(request.query_value("wait") or "0", "wait")
    return Search(lambda item: all(matches(item) for matches in wanted), least, most, wait)


def answer_found(history: History[T], wanted: Search[T], present: Callable[[Found[T]], Answer]) -> Answer | Waiting:
    """What `present` makes of the items that the search finds, after its wait."""
    expectation = history.expect(wanted.matches, wanted.least, wanted.most)
    if not wanted.seconds:
        return present(history.found(expectation))
    return Waiting(
        expectation.decided,
        wanted.seconds,
        then=lambda: present(history.found(expectation)),
        end=lambda: history.forget(expectation),
    )


def found_answer(
    what: str, history: History[T], wanted: Search[T], present: Callable[[T], Mapping[str, Any]]
) -> Answer | Waiting:
    """The items that the search finds, under `what`, with how it went."""

    def show(found: Found[T]) -> Answer:
        body = {"satisfied": found.satisfied, "count": found.count, "dropped": history.dropped}
        return admin_answer({**body, what: [present(each) for each in found.items]})

    return answer_found(history, wanted, show)


def text(read: Callable[[T], str | None]) -> Filter[T]:
    """Items of which `read` gives exactly the value."""
    return lambda value: lambda item: read(item) == value


def one_of(name: str, known: Sequence[str], read: Callable[[T], str | None]) -> Filter[T]:
    """As `text`, for what has only a few values: a slip of the pen must not look like "none came"."""

    def parse(value: str) -> Callable[[T], bool]:
        if value not in known:
            raise Problem(422, f"Unknown {name}", f"unknown {name} {brief(value)}{near_or_all(value, known)}")
        return lambda item: read(item) == value

    return parse


def yes(name: str, read: Callable[[T], bool]) -> Filter[T]:
    def parse(value: str) -> Callable[[T], bool]:
        if value not in ("true", "false"):
            raise Problem(422, "Bad value", f"{name} must be true or false (got {brief(value)})")
        return lambda item: read(item) is (value == "true")

    return parse


def more_than(name: str, read: Callable[[T], int]) -> Filter[T]:
    def parse(value: str) -> Callable[[T], bool]:
        limit = _whole(value, name)
        return lambda item: read(item) > limit

    return parse


def fault_id(read: Callable[[T], str]) -> Filter[T]:
    """Items that a fault struck, by its id, of which `read` gives the name. Raises Problem 422 for what is no id."""

    def parse(value: str) -> Callable[[T], bool]:
        if not re.fullmatch("fault-[1-9][0-9]*", value):
            raise Problem(422, "Bad value", f"fault must be the id of a fault, such as fault-1 (got {brief(value)})")
        return lambda item: read(item).split(" ")[0] == value

    return parse


def number(name: str, read: Callable[[T], int]) -> Filter[T]:
    def parse(value: str) -> Callable[[T], bool]:
        wanted = _whole(value, name)
        return lambda item: read(item) == wanted

    return parse


def with_stars(read: Callable[[T], str | None]) -> Filter[T]:
    """Items of which `read` gives the value, in which `*` stands for anything."""

    def parse(value: str) -> Callable[[T], bool]:
        return lambda item: (found := read(item)) is not None and patterns.matches(found, value)

    return parse


def since(read: Callable[[T], datetime]) -> Filter[T]:
    """Items of which `read` gives the moment or a later one."""

    def parse(value: str) -> Callable[[T], bool]:
        start = to_moment(value)
        if start is None:
            detail = f"since must be a moment such as 2025-09-03T23:19:51Z (got {brief(value)})"
            raise Problem(422, "Bad moment", detail)
        return lambda item: read(item) >= start

    return parse


def count_of(request: MockRequest, name: str) -> int | None:
    """The whole number of a field of the query; None without one. Raises Problem 422."""
    value = request.query_value(name)
    return None if value is None else _whole(value, name)


def _whole(value: str, name: str) -> int:
    if not re.fullmatch("[0-9]{1,9}", value):
        raise Problem(422, "Bad count", f"{name} must be a whole number, 0 or more (got {brief(value)})")
    return int(value)
