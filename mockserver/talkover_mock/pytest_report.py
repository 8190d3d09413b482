"""The mock server's part of the report of a failing test: calls, events with who got them, deliveries and faults."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from talkover_mock.admin.routes.requests import present
from talkover_mock.base.shapes.admin import Request
from talkover_mock.base.words import printable_lines
from talkover_mock.client import MockServer
from talkover_mock.client.expectations import event_text, folded, line
from talkover_mock.client.faults import fault_answer, fault_match
from talkover_mock.environments.journal import Exchange

MOST_SHOWN = 100
"""How many calls, events, deliveries and faults are shown."""

_CALLS = "API calls to the mock server"

Section = tuple[str, str]
Items = Sequence[Mapping[str, Any]]


def sections(environment: MockServer) -> list[Section]:
    """Titles with their texts. An error becomes a text of the report."""
    return guarded(lambda: [*_of_environment(environment, environment.requests(), ""), *_of_schedule(environment)])


def sections_of_another(environment: MockServer, calls: Items) -> list[Section]:
    """The sections of an environment that the test has opened itself, with the calls since the test's beginning."""
    return guarded(lambda: _of_environment(environment, calls, f", {environment.name}"))


def sections_of_strays(strays: Items, elsewhere: Items) -> list[Section]:
    """The calls that opened no environment, and the calls that came to another environment meanwhile."""
    return [
        *_section("API calls with no token of an environment", strays),
        *_section("API calls to other environments meanwhile, or with a wrong token", elsewhere, _line_elsewhere),
    ]


def guarded(make: Callable[[], list[Section]]) -> list[Section]:
    """The sections, or the error as a section."""
    try:
        return make()
    except Exception as error:
        return [(_CALLS, f"the journal can't be read: {error!r}")]


def events_text(environment: MockServer) -> str:
    """The section of events; empty without any."""
    return "\n".join(lines(environment.events(), event_text))


def presented(exchanges: Sequence[Exchange]) -> list[Request]:
    """Exchanges in the form of the admin route."""
    return [present(each) for each in exchanges]


def lines(items: Items, line: Callable[[Mapping[str, Any]], str] = line) -> list[str]:
    """One line for each of the latest items; equal lines that follow one another are one."""
    texts = [printable_lines(text) for text in folded(map(line, items))]
    before = [f"({len(texts) - MOST_SHOWN} before these)"] if len(texts) > MOST_SHOWN else []
    return [*before, *texts[-MOST_SHOWN:]]


def _of_environment(environment: MockServer, calls: Items, suffix: str) -> list[Section]:
    return [
        (_CALLS + suffix, "\n".join(lines(calls)) or "none"),
        *_section(f"Events of the mock server{suffix}", environment.events(), event_text),
        *_section(f"Deliveries of the mock server{suffix}", environment.deliveries()),
        *_section(f"Faults of the mock server{suffix}", environment.faults(), _fault_line),
    ]


def _of_schedule(environment: MockServer) -> list[Section]:
    order = environment.environment(environment.name).get("schedule", {}).get("order")
    return [("Order of deliveries by the schedule", ", ".join(order))] if order else []


def _section(title: str, items: Items, line: Callable[[Mapping[str, Any]], str] = line) -> list[Section]:
    """One section, or none without items."""
    return [(title, "\n".join(lines(items, line)))] if items else []


def _line_elsewhere(call: Mapping[str, Any]) -> str:
    """`staging: #1 GET /api/v1/agents -> 200`."""
    return f"{call['environment']}: {line(call)}"


def _fault_line(fault: Mapping[str, Any]) -> str:
    """`fault-1 maintenance, PATCH */toggle: matched 2, struck 1`."""
    counts = f"matched {fault['matched']}, struck {fault['struck']}"
    return f"{fault['id']} {fault_answer(fault)}, {fault_match(fault)}: {counts}"
