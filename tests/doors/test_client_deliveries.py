"""The harness's client where it makes things happen: events, deliveries and the clock."""

from collections.abc import Callable, Iterator
from typing import Any, cast, get_args

import pytest

from talkover_mock.client import Event, MockServer, MockServerError
from talkover_mock.environments.world import World
from talkover_mock.receiver import Answer, WebhookReceiver
from talkover_mock.web.server import Server
from tests.support.delivering import DISABLED, ENDED, MOMENT, RECORDER, RECORDING, STARTED, delivering
from tests.support.documented import AGENT, OTHER_AGENT, UNKNOWN, WEBHOOK


@pytest.fixture
def world(receiver: WebhookReceiver) -> Iterator[World]:
    world = delivering(receiver.url)
    yield world
    world.stop()


@pytest.mark.slow
def test_an_event_returns_its_deliveries_once_each_was_attempted(mock: MockServer, receiver: WebhookReceiver) -> None:
    receiver.answer_next(Answer(delay_seconds=0.1))
    [delivery] = mock.emit(AGENT, STARTED)
    assert delivery["response"]
    assert (delivery["webhook_id"], delivery["status"], delivery["response"]["status"]) == (WEBHOOK, "success", 200)
    assert mock.deliveries() == [delivery]


def test_an_event_carries_call_context_and_data(mock: MockServer, receiver: WebhookReceiver) -> None:
    mock.emit(AGENT, ENDED, call={"id": "call-1", "duration": 9}, context={"order": 7}, data={"mood": "good"})
    payload = receiver.requests[0].json
    assert list(payload)[6:] == ["call_id", "duration", "context", "mood"]
    assert list(payload.values())[6:] == ["call-1", 9, {"order": 7}, "good"]


def test_without_a_wait_an_event_returns_at_once(mock: MockServer, receiver: WebhookReceiver) -> None:
    receiver.answer_always(Answer(delay_seconds=1800))
    [delivery] = mock.emit(AGENT, STARTED, wait=0)
    assert delivery["status"] == "pending"


def test_deliveries_are_filtered(mock: MockServer) -> None:
    started, recording = (mock.emit(AGENT, event)[0] for event in (STARTED, RECORDING))
    assert mock.deliveries(event=RECORDING) == mock.deliveries(webhook_id=RECORDER) == [recording]
    assert mock.deliveries(event_id=started["event_id"], attempt=1, status="success") == [started]
    assert mock.deliveries(url="*/recordings", agent_id=AGENT, since="2025-09-03T23:50:15Z") == [recording]
    assert mock.deliveries(agent_id=None) == [started, recording]
    assert mock.deliveries(agent_id=OTHER_AGENT) == []
    assert (
        mock.deliveries(json={"event": RECORDING})
        == mock.deliveries(query={}, json={"event": RECORDING})
        == [recording]
    )
    assert mock.deliveries(headers={"x-team": "*"}) == [started]


def test_headers_are_found_in_any_case(mock: MockServer) -> None:
    [emitted] = mock.emit(AGENT, STARTED)
    again, [listed, _] = mock.redeliver(emitted["id"]), mock.deliveries()
    for delivery in (emitted, again, listed):
        assert delivery["request"]
        headers = delivery["request"]["headers"]
        assert headers["X-Team"] == headers["x-team"] == headers.get("X-TEAM") == "calls, billing"
        assert ("x-team" in headers, "x-teams" in headers, headers.get("x-teams", "none")) == (True, False, "none")
        assert "X-Team" in list(headers)
        with pytest.raises(KeyError, match="x-teams"):
            headers["x-teams"]


@pytest.mark.slow
def test_deliveries_are_waited_for(mock: MockServer, receiver: WebhookReceiver) -> None:
    receiver.answer_next(Answer(delay_seconds=0.1))
    mock.emit(AGENT, STARTED, wait=0)
    [delivery] = mock.deliveries(min=1, wait=5, event=STARTED)
    assert delivery["status"] == "success"


def test_none_at_all_is_what_a_disabled_webhook_gets(mock: MockServer) -> None:
    mock.emit(AGENT, STARTED)
    assert mock.deliveries(webhook_id=DISABLED, max=0) == []


NEAREST = (
    f"the nearest of all deliveries:\n  {STARTED} to webhook {WEBHOOK}, attempt 1: retrying (Internal Server Error)"
)
FAILURES: list[tuple[dict[str, Any], str]] = [
    (
        {"min": 2, "wait": 0.05, "event": STARTED},
        f"expected at least 2 deliveries event={STARTED} within 0.05 s, got 1; {NEAREST}",
    ),
    (
        {"min": 1, "webhook_id": DISABLED, "status": None},
        f"expected at least 1 delivery webhook_id={DISABLED}, got 0; {NEAREST}\n"
        f"webhook {DISABLED} was skipped: it is disabled",
    ),
    ({"max": 0}, f"expected no deliveries, got 1; {NEAREST}"),
    ({"min": 2, "max": 3}, f"expected 2 to 3 deliveries, got 1; {NEAREST}"),
]


@pytest.mark.parametrize(("wanted", "text"), FAILURES, ids=range(len(FAILURES)))
def test_too_few_or_too_many_fail_the_test_with_what_came(
    mock: MockServer, receiver: WebhookReceiver, wanted: dict[str, Any], text: str
) -> None:
    receiver.answer_always(500)
    mock.emit(AGENT, STARTED)
    with pytest.raises(AssertionError) as caught:
        mock.deliveries(**wanted)
    assert str(caught.value) == text


def test_too_few_of_nothing_say_so(mock: MockServer) -> None:
    with pytest.raises(AssertionError) as caught:
        mock.deliveries(min=1)
    assert str(caught.value) == "expected at least 1 delivery, got 0; there are no deliveries at all"


def test_an_event_that_goes_to_nobody_says_why(mock: MockServer) -> None:
    mock.set_webhook(WEBHOOK, enabled=False)
    emitted = mock.emit(AGENT, STARTED)
    reasons = {WEBHOOK: "it is disabled", DISABLED: "it is disabled", RECORDER: "it does not list the event"}
    assert (emitted, {each["webhook_id"]: each["reason"] for each in emitted.skipped}) == ([], reasons)
    with pytest.raises(AssertionError) as caught:
        mock.deliveries(min=1, webhook_id=DISABLED)
    _, *lines = str(caught.value).splitlines()
    assert lines == [f"webhook {DISABLED} was skipped: it is disabled"]


def test_a_frozen_clock_is_remembered(mock: MockServer, receiver: WebhookReceiver) -> None:
    mock.freeze()
    receiver.answer_always(500)
    mock.emit(AGENT, STARTED)
    with pytest.raises(AssertionError) as caught:
        mock.deliveries(min=2, wait=0.01)
    assert str(caught.value).splitlines()[1:] == [
        f"  {STARTED} to webhook {WEBHOOK}, attempt 1: retrying (Internal Server Error)",
        "the clock is frozen: advance it to send what falls due",
    ]


def test_a_failure_shows_five_and_how_many_more(mock: MockServer) -> None:
    events = get_args(Event)[:7]
    mock.set_webhook(WEBHOOK, events=events)
    for event in events * 2:
        mock.emit(AGENT, event)
    with pytest.raises(AssertionError) as caught:
        mock.deliveries(max=0)
    first, *lines = str(caught.value).splitlines()
    assert first == "expected no deliveries, got 14; the nearest of all deliveries:"
    shown = [f"  {event} to webhook {WEBHOOK}, attempt 1: success (2 times)" for event in events[:5]]
    assert lines == [*shown, "  and 2 more"]


def test_equal_deliveries_are_one_line(mock: MockServer) -> None:
    for _ in range(12):
        mock.emit(AGENT, STARTED)
    with pytest.raises(AssertionError) as caught:
        mock.deliveries(max=0)
    assert str(caught.value).splitlines()[1:] == [f"  {STARTED} to webhook {WEBHOOK}, attempt 1: success (12 times)"]


def test_events_say_who_got_them_and_who_was_skipped_and_why(mock: MockServer) -> None:
    emitted = mock.emit(AGENT, STARTED)
    [event] = mock.events(agent_id=AGENT, event=STARTED)
    assert (event["event"], event["agent_id"]) == (STARTED, AGENT)
    assert [(each["webhook_id"], each["status"]) for each in event["deliveries"]] == [(WEBHOOK, "success")]
    assert event["skipped"] == emitted.skipped
    assert mock.events(event=ENDED) == []
    mock.clear_deliveries()
    assert mock.events() == []


def test_a_reset_forgets_the_events(mock: MockServer) -> None:
    mock.emit(AGENT, STARTED)
    mock.reset()
    assert mock.events() == []


def test_a_retry_is_the_latest_attempt_of_its_event(mock: MockServer, receiver: WebhookReceiver) -> None:
    receiver.answer_always(500)
    mock.freeze()
    mock.emit(AGENT, STARTED)
    mock.advance(1)
    [event] = mock.events()
    assert [(each["attempt"], each["status"]) for each in event["deliveries"]] == [(2, "retrying")]


def test_an_emitted_event_says_who_got_it_and_who_did_not(mock: MockServer) -> None:
    emitted = mock.emit(AGENT, STARTED)
    assert repr(emitted) == (
        f"<Emitted: webhook {WEBHOOK}: success; webhook {DISABLED}: skipped, it is disabled; "
        f"webhook {RECORDER}: skipped, it does not list the event>"
    )
    mock.replace_state({"agents": [{"id": OTHER_AGENT, "name": "Without"}]})
    assert repr(mock.emit(OTHER_AGENT, STARTED)) == "<Emitted: there is no webhook>"


def test_a_client_says_which_environment_it_is(mock: MockServer) -> None:
    assert repr(mock) == f"<MockServer default at {mock.url}>"


def test_deliveries_are_forgotten(mock: MockServer) -> None:
    mock.emit(AGENT, STARTED)
    mock.clear_deliveries()
    assert mock.deliveries() == []


def test_a_webhook_is_changed_behind_the_back_of_the_api(mock: MockServer, receiver: WebhookReceiver) -> None:
    before = mock.state()
    changed = mock.set_webhook(DISABLED, enabled=True, webhook_url=f"{receiver.url}/other")
    assert changed == mock.webhook(DISABLED)
    assert (changed["enabled"], changed["webhook_url"]) == (True, f"{receiver.url}/other")
    mock.set_webhook(DISABLED, enabled=False, webhook_url=receiver.url)
    assert mock.state() == before


def test_what_can_not_be_changed_is_an_error(mock: MockServer) -> None:
    with pytest.raises(KeyError, match=f'no webhook in environment default has the id "{UNKNOWN}"'):
        mock.set_webhook(UNKNOWN, enabled=True)
    with pytest.raises(MockServerError, match="must be between 5 and 120"):
        mock.set_webhook(WEBHOOK, timeout=3)


def test_the_clock_is_frozen_moved_and_let_go(mock: MockServer, world: World, receiver: WebhookReceiver) -> None:
    receiver.answer_always(500)
    mock.freeze("2026-01-01T00:00:00Z")
    mock.emit(AGENT, STARTED)
    mock.advance(1 + 2 + 4)
    assert [each["attempt"] for each in mock.deliveries()] == [1, 2, 3, 4]
    assert mock.deliveries()[-1]["created_at"] == "2026-01-01T00:00:07.000Z"
    mock.unfreeze()
    assert (world.default.clock.moment(), world.default.clock.is_frozen) == (MOMENT, False)
    mock.freeze()
    assert (world.default.clock.moment(), world.default.clock.is_frozen) == (MOMENT, True)


def test_an_environment_delivers_for_itself(mock: MockServer, receiver: WebhookReceiver) -> None:
    with mock.open_environment() as mine:
        mine.freeze()
        mine.emit(AGENT, STARTED)
        assert (len(mine.deliveries(min=1)), mock.deliveries()) == (1, [])
        mine.close()
    assert len(receiver.requests) == 1


REFUSALS: dict[str, tuple[Callable[[MockServer], Any], str]] = {
    "no agent": (
        lambda mock: mock.emit(UNKNOWN, STARTED),
        f'404 No such agent: no agent in environment default has the id "{UNKNOWN}"; there are 2, such as {AGENT}',
    ),
    "no event": (
        lambda mock: mock.emit(AGENT, cast(Any, "event_recordin")),
        '422 Unknown event: event must be one of the 22 events (got "event_recordin"); did you mean event_recording?',
    ),
    "no filter": (
        lambda mock: mock.deliveries(webhook=WEBHOOK),  # type: ignore[call-overload]
        '422 Unknown filter: unknown filter "webhook"; did you mean webhook_id?',
    ),
    "too long": (
        lambda mock: mock.deliveries(min=1, wait=301),
        "422 Bad time to wait: wait must be a number of seconds from 0 to 300 (got 301)",
    ),
    "no moment": (
        lambda mock: mock.freeze("soon"),
        '422 Bad value: now must be a moment such as 2025-09-03T23:19:51Z, from 1970 to 2499 (got "soon")',
    ),
    "backwards": (
        lambda mock: mock.advance(-1),
        "422 Bad value: seconds must be a number from 0 to 316224000 (got -1)",
    ),
}


@pytest.mark.parametrize("case", REFUSALS)
def test_a_refusal_is_an_error_with_the_servers_words(case: str, mock: MockServer) -> None:
    call, text = REFUSALS[case]
    with pytest.raises(MockServerError) as caught:
        call(mock)
    assert str(caught.value) == text


EXPIRED: list[Callable[[MockServer], Any]] = [
    lambda mock: mock.emit(AGENT, STARTED),
    MockServer.deliveries,
    MockServer.clear_deliveries,
    MockServer.freeze,
    lambda mock: mock.advance(1),
    MockServer.unfreeze,
    lambda mock: mock.set_webhook(WEBHOOK, enabled=True),
]


@pytest.mark.parametrize("call", EXPIRED)
def test_a_closed_environment_answers_nothing(call: Callable[[MockServer], Any], mock: MockServer) -> None:
    mine = mock.open_environment("mine", "talq_mine")
    mine.close()
    with pytest.raises(MockServerError) as caught:
        call(mine)
    mine.disconnect()
    assert str(caught.value) == ("401 Unknown token: the token belonged to environment mine, which has been closed")


def test_a_long_wait_is_given_its_time(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    timeouts: list[float] = []

    def exchange(*arguments: Any) -> dict[str, Any]:
        timeouts.append(arguments[-1])
        return {"satisfied": True, "finished": True, "deliveries": [], "skipped": []}

    monkeypatch.setattr("talkover_mock.client.remote.Remote._exchange", exchange)
    with MockServer(server.url) as mock:
        mock.emit(AGENT, STARTED, wait=200)
        mock.deliveries(min=1, wait=300)
        mock.advance(1)
        mock.clear_deliveries()
    assert timeouts == [230, 330, 630, 30]
