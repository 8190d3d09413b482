"""Slips in the use of the client: datetimes, file names, near names, waits inside an event loop."""

import asyncio
import math
import re
from collections.abc import Callable
from datetime import date, datetime, timedelta, timezone
from typing import Any

import pytest
import requests

from talkover_mock.base.shapes.values import Event
from talkover_mock.client import MockServer, MockServerError
from talkover_mock.receiver import WebhookReceiver
from tests.support.documented import AGENT, WEBHOOK
from tests.support.rows import each_row

MOMENT = datetime(2025, 9, 3, 23, 19, 51, tzinfo=timezone(timedelta(hours=2)))
TEXT = "2025-09-03T21:19:51Z"
EVENT: Event = "event_phone_call_started"


def test_a_moment_may_be_a_datetime_wherever_a_body_has_one(mock: MockServer) -> None:
    assert mock.set_webhook(WEBHOOK, updated_at=MOMENT)["updated_at"] == TEXT
    assert mock.merge_state({"agents": [{"id": AGENT, "created_at": MOMENT}]})["agents"][0]["created_at"] == TEXT
    assert mock.set_webhook(WEBHOOK, created_at=MOMENT.replace(tzinfo=None))["created_at"] == "2025-09-03T23:19:51Z"
    mock.emit(AGENT, EVENT, data={"day": date(2025, 9, 3)})
    mock.freeze(MOMENT)
    assert mock.clock()["now"] == "2025-09-03T21:19:51.000Z"


def test_what_is_no_json_is_refused_before_it_is_sent(mock: MockServer) -> None:
    with pytest.raises(TypeError, match=r"^expected a value of JSON or a datetime \(got \{1\}\)$"):
        mock.emit(AGENT, EVENT, data={"set": {1}})
    itself: dict[str, object] = {}
    itself["again"] = itself
    with pytest.raises(ValueError, match=r"^Circular reference detected$"):
        mock.emit(AGENT, EVENT, data=itself)
    deep: list[object] = []
    for _ in range(10_000):
        deep = [deep]
    with pytest.raises(ValueError, match=r"^expected a value of JSON \(got one that is nested too deeply\)$"):
        mock.emit(AGENT, EVENT, data={"a": deep})


Use = Callable[[Any], object]
NAN = float("nan")
NOT_FINITE: dict[str, tuple[Use, str]] = {
    "in a list": (lambda mock: mock.emit(AGENT, EVENT, data={"a": [1, {"b": NAN}]}), " as data.a.1.b (got nan)"),
    "a detail": (lambda mock: mock.add_fault("maintenance", times=-math.inf), " as times (got -inf)"),
    "a filter": (lambda mock: mock.requests(json={"a": math.inf}), " as a (got inf)"),
    "a whole filter": (lambda mock: mock.requests(json=NAN), " (got nan)"),
}


@each_row("use, text", NOT_FINITE.values(), ids=NOT_FINITE)
def test_a_number_that_json_does_not_have_is_named_with_its_place(mock: MockServer, use: Use, text: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(f'expected a finite number or None{text}')}$"):
        use(mock)


NO_NAME = "no preset or action is named {}; expected one of missing_token, "
WRONG_KINDS: dict[str, tuple[Use, str]] = {
    "a fault by its status": (lambda mock: mock.add_fault(503), NO_NAME.format(503)),
    "a list as `on`": (lambda mock: mock.add_fault("hang", on=[]), "on must be one of calls, deliveries (got [])"),
    "a match": (lambda mock: mock.add_fault("hang", match=5), "match must be a dictionary, such as {"),
    "no filters": (lambda mock: mock.verify("requests", None), "expected filters as a dictionary, such as {"),
    "a list of filters": (lambda mock: mock.search("requests", []), "expected filters as a dictionary, such as {"),
    "a number as a URL": (lambda _: MockServer(5), "expected the root of a server, "),  # type: ignore[arg-type]
    "half a URL": (lambda _: MockServer("http://["), "expected the root of a server, "),
}


@each_row("use, text", WRONG_KINDS.values(), ids=WRONG_KINDS)
def test_a_value_of_a_wrong_kind_is_refused_in_our_words(mock: MockServer, use: Use, text: str) -> None:
    with pytest.raises((ValueError, TypeError), match=f"^{re.escape(text)}"):
        use(mock)


def test_a_file_in_the_place_of_a_fixture(mock: MockServer) -> None:
    for take in (mock.replace_state, mock.merge_state, lambda fixture: mock.open_environment(fixture=fixture)):
        with pytest.raises(TypeError) as caught:
            take("tests/x.yaml")  # type: ignore[arg-type]
        assert str(caught.value) == (
            "expected a fixture as a dictionary, such as {\"agents\": [...]} (got 'tests/x.yaml'); "
            "to use a file, load it: yaml.safe_load(Path(...).read_text())"
        )
        with pytest.raises(TypeError, match=r"^expected a fixture as a dictionary, .* \(got \[\]\)$"):
            take([])  # type: ignore[arg-type]


def test_one_mistake_is_said_once_and_several_each(mock: MockServer) -> None:
    with pytest.raises(MockServerError) as caught:
        mock.replace_state({"agnets": []})
    assert str(caught.value).count("did you mean agents?") == 1
    with pytest.raises(MockServerError) as caught:
        mock.replace_state({"agnets": [], "settigns": {}})
    assert str(caught.value).splitlines()[1:] == ["  settigns: unknown key; did you mean settings?"]


@each_row("key", ["of", "times", "min", "max", "wait"])
def test_a_number_among_the_filters_is_not_lost(mock: MockServer, key: str) -> None:
    with pytest.raises(TypeError, match=f"^{key} is no filter, but an argument of `verify`$"):
        mock.verify("requests", {"method": "PATCH", key: 3})
    with pytest.raises(TypeError, match=f"^{key} is no filter, but an argument of `verify`$"):
        mock.search("requests", {key: 3})


def test_near_names(mock: MockServer) -> None:
    mock.snapshot("before")
    with pytest.raises(MockServerError, match=r'no snapshot is named "befor"; did you mean before[?]$'):
        mock.restore("befor")
    with pytest.raises(MockServerError, match=r'no snapshot is named "x"; there are before$'):
        mock.restore("x")
    with pytest.raises(MockServerError, match=r'no environment is named "stagging"; did you mean staging[?]$'):
        mock.environment("stagging")
    with pytest.raises(MockServerError, match=r'anything; did you mean [*]/toggle[?] \(got "/toggle"\)$'):
        mock.add_fault("maintenance", match={"path": "/toggle"})


def test_a_call_that_a_fault_answered_is_not_unmatched(mock: MockServer) -> None:
    mock.add_fault(respond={"status": 200}, match={"path": "/api/v1/calls"})
    mock.add_fault(delay_seconds=0.001)
    for path in ("calls", "cals"):
        requests.get(f"{mock.api_url}/{path}", headers=mock.headers, timeout=5)
    assert [call["path"] for call in mock.requests(unmatched=True)] == ["/api/v1/cals"]


WAITS: dict[str, Use] = {
    "an event": lambda mock: mock.emit(AGENT, EVENT, wait="1"),
    "a delivery": lambda mock: mock.redeliver("any", wait="1"),
    "a fault": lambda mock: mock.wait_for_fault(mock.add_fault("hang")["id"], wait="1"),
    "calls": lambda mock: mock.requests(min=1, wait="1"),
    "a verification": lambda mock: mock.verify("requests", {}, "1"),
}


@each_row("use", WAITS.values(), ids=WAITS)
def test_a_wait_is_a_number(mock: MockServer, use: Use) -> None:
    with pytest.raises(TypeError, match=r"^expected a number of seconds to wait \(got '1'\)$"):
        use(mock)


def test_strikes_may_be_a_text_of_digits(mock: MockServer) -> None:
    fault: Any = mock.add_fault("hang")
    with pytest.raises(AssertionError, match=f"^expected {fault['id']} to strike 1 within 0 s; "):
        mock.wait_for_fault(fault["id"], struck="1", wait=0)  # type: ignore[arg-type]


@pytest.mark.slow
def test_an_unmet_wait_inside_an_event_loop_says_how_to_wait(mock: MockServer, receiver: WebhookReceiver) -> None:
    mock.set_webhook(WEBHOOK, enabled=True, webhook_url=receiver.url)

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")
        writer.close()

    async def main() -> None:
        async with await asyncio.start_server(answer, "127.0.0.1", 0) as served:
            port = served.sockets[0].getsockname()[1]
            mock.set_webhook(WEBHOOK, webhook_url=f"http://127.0.0.1:{port}/")
            with pytest.warns(RuntimeWarning, match=r"waited 0.02 s without success: .* `await asyncio.to_thread\("):
                mock.emit(AGENT, EVENT, wait=0.02)
            with pytest.raises(AssertionError, match=r"write `await asyncio.to_thread\("):
                mock.deliveries(min=1, wait=0.02)
            with pytest.raises(AssertionError, match=r"write `await asyncio.to_thread\("):
                mock.requests(min=1, wait=0.02)

    asyncio.run(main())
    with pytest.raises(AssertionError) as caught:
        mock.requests(min=1, wait=0.02)
    assert "to_thread" not in str(caught.value)


@each_row("errors", [None, {"name": ["is required"]}, ["is required"], "is required", 7])
def test_another_servers_problem_is_shown_whatever_its_errors_are(errors: object) -> None:
    error = MockServerError(400, {"title": "Bad name", "detail": "a name is missing", "errors": errors})
    assert str(error) == "400 Bad name: a name is missing"


@each_row(("method", "path"), [(None, None), ("", ""), ("GET", None), (None, "/api/v1/nope")])
def test_no_stub_goes_where_none_is_named(mock: MockServer, method: Any, path: Any) -> None:
    mock.add_stub("GET", "/api/v1/nope")
    with pytest.raises(ValueError, match=r"^expected the method and the path of a stub \(got "):
        mock.remove_stub(method, path)
    assert len(mock.stubs()) == 1
