"""`report`: what has happened in the environment as a text, for the moment when a test fails."""

from collections.abc import Sequence
from typing import NamedTuple

from talkover_mock.admin.bodies import admin_answer
from talkover_mock.admin.lines import event_text, fault_line, lines
from talkover_mock.admin.problems import Problem
from talkover_mock.admin.routes import deliveries, events, faults, requests
from talkover_mock.admin.routing import Admin
from talkover_mock.admin.search import count_of
from talkover_mock.base.moments import to_milliseconds
from talkover_mock.base.words import brief, printable
from talkover_mock.environments.environment import Environment
from talkover_mock.environments.schedules import order_of
from talkover_mock.environments.strays import strays
from talkover_mock.environments.world import World
from talkover_mock.web.answers import Answer
from talkover_mock.web.request import MockRequest


class Section(NamedTuple):
    """A part of a report."""

    title: str
    lines: Sequence[str]


def register(admin: Admin) -> None:
    admin.route("GET", "/report", _read, query=("after", "format"))


def _read(request: MockRequest, environment: Environment) -> Answer:
    form = request.query_value("format") or "text"
    if form not in ("text", "json"):
        raise Problem(400, "Unknown format", f"format must be text or json (got {brief(form)})")
    found = sections(environment, count_of(request, "after") or 0)
    if form == "json":
        return admin_answer({"sections": [{"title": each.title, "text": "\n".join(each.lines)} for each in found]})
    found = [*found, *_strays(environment, request.world)]
    titled = [printable(environment.title)] if environment.title else []
    parts = ("\n  ".join([f"{each.title}:", *"\n".join(each.lines).split("\n")]) for each in found)
    text = "\n\n".join([*titled, *parts])
    return Answer(f"{text}\n".encode(), headers={"Content-Type": "text/plain; charset=utf-8"})


def _strays(environment: Environment, world: World) -> Sequence[Section]:
    """The calls that may be the test's, but had no token of an environment; in the JSON, pytest has them otherwise."""
    if environment.journal_start is None:
        return []
    calls = list(map(requests.present, strays(world, environment.journal_start)))
    title = "API calls with no token of an environment meanwhile, of this test or another"
    return [Section(title, lines(calls))] if calls else []


def _older(dropped: int) -> Sequence[str]:
    """The first line where older ones were dropped."""
    return [f"(older ones that are no longer kept: {dropped})"] if dropped > 0 else []


def sections(environment: Environment, after: int = 0) -> Sequence[Section]:
    """The parts of the report that have anything to tell, and the calls in any case: those after a number."""
    journal, log = environment.journal.log, environment.deliveries.log
    calls = journal.watch(lambda exchange: exchange.number > after).items
    dropped_calls = min(journal.dropped, calls[0].number - after - 1) if calls else 0
    attempts = log.all()
    emitted = environment.deliveries.events.all()
    presented_faults = [faults.present(each) for each in environment.faults.all()]
    order = order_of(attempts) if environment.disturbances else []
    now = to_milliseconds(environment.clock.moment())
    found = [
        Section(
            "API calls to the mock server",
            [*_older(dropped_calls), *lines(list(map(requests.present, calls)))] or ["none"],
        ),
        Section("Events of the mock server", lines(events.presented(emitted, environment), event_text)),
        Section(
            "Deliveries of the mock server", [*_older(log.dropped), *lines(list(map(deliveries.present, attempts)))]
        ),
        Section("Faults of the mock server", lines(presented_faults, fault_line)),
        Section("Clock of the mock server", [f"frozen at {now}"] if environment.clock.is_frozen else []),
        Section("Order of deliveries by the schedule", [", ".join(order)] if order else []),
    ]
    return [each for each in found if each.lines]
