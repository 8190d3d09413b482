"""The query strings that search and wait: what may be asked for, and what is wrong with it."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, Generic, TypeVar

from talkover_mock.admin.bodies import admin_answer
from talkover_mock.admin.checks import refuse_twice, seconds_in
from talkover_mock.admin.problems import Problem
from talkover_mock.base import patterns
from talkover_mock.base.history import Found, History
from talkover_mock.base.moments import to_moment
from talkover_mock.base.words import brief, near_or_all
from talkover_mock.web.answers import Answer
from talkover_mock.web.request import MockRequest
from talkover_mock.web.waiting import Waiting

T = TypeVar("T")

BOUNDS = ("min", "max", "wait")
"""How many are wanted, and how long to wait for them."""
_BEGINNINGS = ("since", "after")
Filter = Callable[[str], Callable[[T], bool]]
"""From the value that was asked for to whether an item has it. Raises Problem 422 for what is no such value."""


def anything(_: object) -> bool:
    """Matches every item."""
    return True


@dataclass(frozen=True, slots=True)
class Search(Generic[T]):
    """What matches, how many of it are wanted, and how long to wait for them."""

    matches: Callable[[T], bool]
    least: int | None
    most: int | None
    seconds: float


def bounded(matches: Callable[[T], bool], request: MockRequest) -> Search[T]:
    """The search with the numbers and the wait of the query string. Raises Problem 422."""
    least, most = count_of(request, "min"), count_of(request, "max")
    check_bounds(least, most)
    seconds = seconds_in(request.query_value("wait"), "wait")
    if seconds and least is None and most is None:
        raise Problem(422, "Bad time to wait", "wait needs min or max, the number to wait for")
    return Search(matches, least, most, seconds)


def matching(
    given: Sequence[tuple[str, str]], filters: Mapping[str, Filter[T]], others: Sequence[str]
) -> Callable[[T], bool]:
    """Matches what all given filters match; `others` are further known names. Raises Problem 422."""
    known = (*filters, *others)
    for key, _ in given:
        if key not in known:
            raise Problem(
                422, "Unknown filter", f"unknown filter {brief(key)}{near_or_all(key, known)}", filters=list(known)
            )
    refuse_twice(given)
    asked = dict(given)
    wanted = [parse(asked[name]) for name, parse in filters.items() if name in asked]
    return wanted[0] if len(wanted) == 1 else lambda item: all(matches(item) for matches in wanted)


def beginning(given: Sequence[tuple[str, str]], filters: Mapping[str, Filter[T]]) -> Callable[[T], bool]:
    """Matches what lies behind the beginning of the search that is asked for."""
    pairs = [pair for pair in given if pair[0] in _BEGINNINGS]
    return matching(pairs, filters, ()) if pairs else anything


def check_bounds(least: int | None, most: int | None) -> None:
    """Raises Problem 422 for bounds between which there is no number."""
    if least is not None and most is not None and least > most:
        raise Problem(422, "Bad count", f"min must not be greater than max (got min={least} and max={most})")


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


@dataclass(frozen=True, slots=True)
class Log(Generic[T]):
    """What is searched for in a log: `what` its items are, those that match, and the form of items."""

    what: str
    history: History[T]
    matches: Callable[[T], bool]
    present: Callable[[Sequence[T]], Sequence[Mapping[str, Any]]]
    dropped_rows: Callable[[], int] | None = None
    """How many items were dropped, where the history does not tell."""
    begins: Callable[[T], bool] = anything
    """Whether an item lies behind the beginning of the search, such as a moment."""

    @property
    def dropped(self) -> int:
        """How many older items are kept no longer."""
        return self.dropped_rows() if self.dropped_rows else self.history.dropped

    @property
    def lost(self) -> int:
        """How many items were dropped, if one of them may have matched: the last one, which lies nearest."""
        last = self.history.last_dropped
        return self.dropped if last is not None and self.begins(last) else 0

    def search(self, request: MockRequest) -> Answer | Waiting:
        """The items that match, after the wait that a query string asks for. Raises Problem 422."""
        wanted = bounded(self.matches, request)
        return answer_found(self.history, wanted, partial(self.answer, wanted.most))

    def answer(self, most: int | None, found: Found[T]) -> Answer:
        """The items that were found, with how it went: nobody knows of no more than `most` where some were lost."""
        body = {
            "satisfied": found.satisfied and (most is None or not self.lost),
            "count": found.count,
            "dropped": self.dropped,
        }
        return admin_answer({**body, self.what: self.present(found.items)})

    def all(self) -> Sequence[Mapping[str, Any]]:
        """The items that match by now."""
        return self.present(self.history.watch(self.matches).items)


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
            hint = "; write its + as %2B" if " " in value else ""
            detail = f"since must be a moment such as 2025-09-03T23:19:51Z (got {brief(value)}){hint}"
            raise Problem(422, "Bad moment", detail)
        return lambda item: read(item) >= start

    return parse


def count_of(request: MockRequest, name: str) -> int | None:
    """The whole number of a field of the query; None without one. Raises Problem 422."""
    value = request.query_value(name)
    return None if value is None else _whole(value, name)


def _whole(value: str, name: str) -> int:
    if not re.fullmatch("[0-9]{1,9}", value):
        bounds = " from 0 to 999999999" if re.fullmatch("[0-9]+", value) else ", 0 or more"
        raise Problem(422, "Bad count", f"{name} must be a whole number{bounds} (got {brief(value)})")
    return int(value)
