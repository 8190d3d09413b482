"""The mock server's part of the report of a failing test: that of `GET /__admin/report`, and calls elsewhere."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from talkover_mock.admin.lines import event_text, line, lines
from talkover_mock.admin.routes.requests import present
from talkover_mock.base.shapes.admin import Request
from talkover_mock.client import MockServer
from talkover_mock.environments.journal import Exchange

Section = tuple[str, str]
Items = Sequence[Mapping[str, Any]]


def sections(environment: MockServer) -> list[Section]:
    """Titles with their texts. An error becomes a text of the report."""
    return guarded(environment.report_sections)


def sections_of_another(environment: MockServer, calls: Items) -> list[Section]:
    """The sections of an environment that the test has opened itself, with the calls since the test's beginning."""
    after = calls[0]["number"] - 1 if calls else 0
    found = guarded(lambda: environment.report_sections(after))
    return [(f"{title}, {environment.name}", text) for title, text in found]


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
        return [("API calls to the mock server", f"the journal can't be read: {error!r}")]


def events_text(environment: MockServer) -> str:
    """The section of events, or why they can't be read; empty without any."""
    return "".join(text for _, text in guarded(lambda: _section("", environment.events(), event_text)))


def presented(exchanges: Sequence[Exchange]) -> list[Request]:
    """Exchanges in the form of the admin route."""
    return [present(each) for each in exchanges]


def _section(title: str, items: Items, line: Callable[[Mapping[str, Any]], str] = line) -> list[Section]:
    """One section, or none without items."""
    return [(title, "\n".join(lines(items, line)))] if items else []


def _line_elsewhere(call: Mapping[str, Any]) -> str:
    """`staging: #1 GET /api/v1/agents -> 200`."""
    return f"{call['environment']}: {line(call)}"
