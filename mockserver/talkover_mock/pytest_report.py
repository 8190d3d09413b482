"""The mock server's part of the report of a failing test: calls, deliveries and faults."""

from collections.abc import Callable, Sequence
from typing import Any

from talkover_mock.admin.routes.requests import present
from talkover_mock.client import MockServer
from talkover_mock.client.expectations import line
from talkover_mock.client.faults import fault_answer
from talkover_mock.environments.journal import Exchange

MOST_SHOWN = 100
"""How many calls, deliveries and faults are shown."""

_CALLS = "API calls to the mock server"

Section = tuple[str, str]


def sections(environment: MockServer, strays: Sequence[Exchange]) -> list[Section]:
    """Titles with their texts; `strays` are calls that opened no environment. An error becomes a text of the report."""
    try:
        of_nobody = _section("API calls with no token of an environment", presented(strays))
        return [*_of_environment(environment), *of_nobody]
    except Exception as error:
        return [(_CALLS, f"the journal can't be read: {error!r}")]


def presented(exchanges: Sequence[Exchange]) -> list[dict[str, Any]]:
    """Exchanges in the form of the admin route."""
    return [present(each) for each in exchanges]


def lines(items: Sequence[dict[str, Any]], line: Callable[[dict[str, Any]], str] = line) -> list[str]:
    """One line for each of the latest items."""
    before = [f"({len(items) - MOST_SHOWN} before these)"] if len(items) > MOST_SHOWN else []
    return [*before, *map(line, items[-MOST_SHOWN:])]


def _of_environment(environment: MockServer) -> list[Section]:
    return [
        (_CALLS, "\n".join(lines(environment.requests())) or "none"),
        *_section("Deliveries of the mock server", environment.deliveries()),
        *_section("Faults of the mock server", environment.faults(), _fault_line),
    ]


def _section(
    title: str, items: Sequence[dict[str, Any]], line: Callable[[dict[str, Any]], str] = line
) -> list[Section]:
    """One section, or none without items."""
    return [(title, "\n".join(lines(items, line)))] if items else []


def _fault_line(fault: dict[str, Any]) -> str:
    """`fault-1 maintenance, PATCH */toggle: matched 2, struck 1`."""
    where = " ".join(filter(None, fault["match"].values())) or "any call"
    return f"{fault['id']} {fault_answer(fault)}, {where}: matched {fault['matched']}, struck {fault['struck']}"
