"""The harness's client as a whole: every admin route has its method, and a method asks for its own route alone."""

import inspect
import re
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from flask import Flask

from talkover_mock.admin.routing import Answers
from talkover_mock.base.shapes.values import Event
from talkover_mock.client import MockServer, MockServerError
from talkover_mock.web.answers import Answer
from talkover_mock.web.request import MockRequest
from talkover_mock.web.routes import Route
from talkover_mock.web.waiting import Waiting
from tests.support.documented import AGENT, WEBHOOK
from tests.support.peers import OK, answering, peers
from tests.support.rows import each_row

STARTED: Event = "event_phone_call_started"


BY_NAME: dict[str, Callable[[MockServer, str], object]] = {
    "environment": MockServer.environment,
    "mark_environment": MockServer.mark_environment,
    "close_environment": MockServer.close_environment,
    "snapshot": MockServer.snapshot,
    "restore": MockServer.restore,
    "delete_snapshot": MockServer.delete_snapshot,
    "remove_fault": MockServer.remove_fault,
    "play": lambda mock, name: mock.play(name, AGENT),
    "wait_for_fault": MockServer.wait_for_fault,
    "redeliver": MockServer.redeliver,
}


@pytest.mark.slow
@pytest.mark.parametrize("method", BY_NAME)
def test_a_name_leads_to_no_other_route(method: str, mock: MockServer, log: list[str]) -> None:
    mock.add_fault("maintenance")
    for name in ("", ".", ".."):
        with pytest.raises(ValueError, match="expected a name or an id"):
            BY_NAME[method](mock, name)
    for name in ("a?b", "a#b", "a/../b", "%2e%2e"):
        with pytest.raises(MockServerError) as caught:
            BY_NAME[method](mock, name)
        assert caught.value.status in (404, 422)
    assert (len(mock.faults()), mock.snapshots(), len(mock.environments())) == (1, [], 3)
    assert not [line for line in log if " /__admin/b" in line]


@each_row("method", [*BY_NAME, "set_webhook", "agent", "webhook"])
def test_only_a_text_is_a_name(method: str, mock: MockServer, log: list[str]) -> None:
    take: Any = BY_NAME.get(method) or getattr(MockServer, method)
    for given, hint in (
        (5, ""),
        (None, ""),
        ([], ""),
        (b"a", ""),
        ({"key": "a"}, ""),
        ({"id": "a", "name": "b"}, "; give its id"),
        ({"name": "b"}, "; give its name"),
    ):
        with pytest.raises(ValueError, match=re.escape(f"expected a name or an id (got {given!r}){hint}") + "$"):
            take(mock, given)
    assert log == []


def test_what_utf_8_cannot_carry_is_shown_in_the_refusal(mock: MockServer) -> None:
    with pytest.raises(MockServerError, match=r"no delivery that is kept has the id .*udcff"):
        mock.redeliver("a\udcff")
    with pytest.raises(KeyError, match=r"has the id .*udcff"):
        mock.agent("a\udcff")


PAGE = ("/__admin", "/__admin/", "/__admin/page.css", "/__admin/page.js")
"""For people and their browsers."""


def test_what_is_no_document_is_an_error() -> None:
    with peers() as start, MockServer(start(answering(OK)).url) as mock, pytest.raises(MockServerError) as caught:
        mock.replace_state({})
    assert (caught.value.status, str(caught.value)) == (200, "200 Not the answer of a mock server: ok")


def use_everything(mock: MockServer) -> None:
    """Every method that asks the server for something."""
    mine = mock.open_environment("mine")
    for read in (mine.health, mine.assumptions, mine.openapi, mine.state, mine.environments, mine.snapshots):
        read()
    mine.environment("mine")
    mine.mark_environment("mine")
    mine.replace_state(mine.merge_state({}))
    mine.set_webhook(WEBHOOK, enabled=True)
    mine.agent(AGENT)
    mine.webhook(WEBHOOK)
    mine.snapshot("one")
    mine.restore("one")
    mine.delete_snapshot("one")
    [delivery] = mine.emit(AGENT, STARTED)
    mine.redeliver(delivery["id"])
    mine.play("answered", AGENT)
    mine.calls()
    mine.freeze()
    mine.advance(1)
    mine.settle()
    mine.clock()
    mine.unfreeze()
    mine.assert_not_requested("GET", "*")
    mine.assert_requested("GET", "*", 0)
    mine.add_stub("GET", "/api/v1/phone-numbers")
    for find in (mine.stubs, mine.requests, mine.deliveries, mine.events, mine.faults):
        find()
    mine.search("requests", {})
    mine.verify("deliveries", {}, min=0)
    mine.report()
    mine.report_sections()
    fault = mine.add_fault("maintenance")
    mine.wait_for_fault(fault["id"], struck=0)
    mine.remove_fault(fault["id"])
    mine.remove_stub("GET", "/api/v1/phone-numbers")
    for forget in (mine.clear_deliveries, mine.clear_requests, mine.remove_faults, mine.remove_stubs, mine.reset):
        forget()
    mock.close_environment(mock.open_environment().name)
    mine.close()


@pytest.mark.slow
def test_every_admin_route_has_a_method_and_every_method_is_tried(
    app: Flask, mock: MockServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    used: set[str] = set()
    asked: set[str] = set()
    answer = Answers.answer

    def noted_answer(self: Answers, request: MockRequest, route: Route, ids: Mapping[str, str]) -> Answer | Waiting:
        asked.add(route.operation)
        return answer(self, request, route, ids)

    monkeypatch.setattr(Answers, "answer", noted_answer)
    public = [name for name, found in inspect.getmembers(MockServer, inspect.isfunction) if not name.startswith("_")]
    for name in public:
        monkeypatch.setattr(MockServer, name, noted(used, name, getattr(MockServer, name)))
    use_everything(mock)
    assert asked | {"GET /__admin/health"} == {  # which over HTTP is answered before the admin side
        rule.endpoint for rule in app.url_map.iter_rules() if rule.rule.startswith("/__admin") and rule.rule not in PAGE
    }
    assert set(public) - used == {"allow_unmatched", "probe"}  # see test_probe_in_tests.py


def noted(used: set[str], name: str, method: Callable[..., Any]) -> Callable[..., Any]:
    def noting(*arguments: Any, **options: Any) -> Any:
        used.add(name)
        return method(*arguments, **options)

    return noting
