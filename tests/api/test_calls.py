"""Calls as the vendor documents them: placed, ended and found by number, each refusal in its own shape."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from talkover_mock.admin.guard import Guard
from talkover_mock.app import create_app
from talkover_mock.environments.world import World
from talkover_mock.receiver import WebhookReceiver
from tests.support.calling import AGENT_PATH, CALL, FIRST, NUMBER, client, end, listed, place, placed
from tests.support.documented import AGENT, API_HEADERS, TOKEN, UNKNOWN
from tests.support.faulty import add_fault
from tests.support.frozen import Time, compact
from tests.support.rows import each_row
from tests.support.stories import ENDED, STARTED, hook

ACTIVE = f"{AGENT_PATH}/active-call/%2B1234567890"
NO_AGENT = '{"success":false,"message":"Agent not found"}'


def refusal(code: str, message: str, **details: Any) -> str:
    return compact({"error": {"code": code, "message": message, **({"details": details} if details else {})}})


INVALID_TOKEN = refusal("INVALID_TOKEN", "Invalid or missing authentication token")


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def calls(time: Time) -> FlaskClient:
    """The documented agent, whose clock the test moves; no call yet."""
    return client(time=time)


def test_a_call_is_placed_to_the_byte(calls: FlaskClient) -> None:
    answer = place(calls, payload={"name": "Ana"}, context={"order": 7}, delay_seconds=5, is_testing=True)
    data = {"id": FIRST, "agent_id": AGENT, "to": NUMBER, "status": "initiated", "created_at": "2025-09-03T23:19:51Z"}
    assert (answer.status_code, answer.text) == (200, compact({"success": True, "data": data}))
    assert {name: answer.headers[name] for name in API_HEADERS} == API_HEADERS
    [state] = calls.get("/__admin/state").get_json()["calls"]
    assert state == {
        "id": FIRST,
        "agent_id": AGENT,
        "to": NUMBER,
        "from": "+12025550100",
        "direction": "outbound",
        "status": "initiated",
        "duration": 0,
        "is_testing": True,
        "payload": {"name": "Ana"},
        "context": {"order": 7},
        "created_at": "2025-09-03T23:19:51Z",
        "started_at": "2025-09-03T23:19:56Z",
        "updated_at": "2025-09-03T23:19:51Z",
    }


@each_row(
    ("numbers", "caller"),
    [
        (["+15551234567", "+15557654321"], "+15551234567"),
        ([{"number": "x"}, "+442071838750"], "+442071838750"),
        (["none"], "+12025550100"),
        (5, "+12025550100"),
    ],
)
def test_a_call_comes_from_the_agents_first_number(numbers: object, caller: str) -> None:
    agents = [{"id": AGENT, "name": "A", "phone_numbers": numbers}]
    http = client(agents=agents)
    placed(http)
    assert listed(http)[0]["from"] == caller


WRONG_NUMBER = "Phone number must be in international format (e.g., +1234567890)"
WRONG: list[object] = ["1234567890", 1234567890, "+", "+0123", "+12 34", "+1234567890123456", "tel:+1", [], False]
NUMBERS: list[tuple[object, str]] = [
    *((value, refusal("INVALID_PHONE_NUMBER", WRONG_NUMBER, field="to", value=value)) for value in WRONG),
    *((value, refusal("MISSING_PHONE_NUMBER", "Phone number is required", field="to")) for value in (None, "", " ")),
]


@each_row(("to", "text"), NUMBERS)
def test_a_number_that_is_no_number_is_refused_in_the_documented_shape(
    calls: FlaskClient, to: object, text: str
) -> None:
    answer = place(calls, to)
    assert (answer.status_code, answer.text) == (400, text)
    assert answer.headers["X-Mockserver-Reason"].startswith("to: ")
    assert listed(calls) == []


def test_a_missing_body_is_a_missing_number(calls: FlaskClient) -> None:
    answer = calls.post(f"{AGENT_PATH}/call", headers=TOKEN)
    assert (answer.status_code, answer.get_json()["error"]["code"]) == (400, "MISSING_PHONE_NUMBER")


def test_an_ignored_body_is_the_reason_of_a_missing_number(calls: FlaskClient) -> None:
    headers = {**TOKEN, "Content-Type": "text/plain"}
    answer = calls.post(f"{AGENT_PATH}/call", data='{"to": "+1234567890"}', headers=headers)
    assert answer.get_json()["error"]["code"] == "MISSING_PHONE_NUMBER"
    assert "text/plain" in answer.headers["X-Mockserver-Reason"]


@each_row(
    ("fields", "errors"),
    [
        ({"delay_seconds": 3601}, {"delay_seconds": ["The delay seconds must be between 0 and 3600."]}),
        ({"delay_seconds": -1}, {"delay_seconds": ["The delay seconds must be between 0 and 3600."]}),
        ({"is_testing": "maybe"}, {"is_testing": ["The is testing field must be true or false."]}),
        ({"payload": "x"}, {"payload": ["The payload must be an array."]}),
        ({"context": [1]}, {"context": ["The context must be an array."]}),
        ({"context": {"a": "x" * 1_000_000}}, {"context": ["The context must not be greater than 976 kilobytes."]}),
    ],
)
def test_other_fields_are_refused_as_everywhere(
    calls: FlaskClient, fields: dict[str, Any], errors: dict[str, list[str]]
) -> None:
    answer = place(calls, **fields)
    expected = {"message": "The given data was invalid.", "errors": errors}
    assert (answer.status_code, json.loads(answer.text)) == (422, expected)
    assert listed(calls) == []


def test_a_draft_is_called_by_nobody_until_it_is_published(calls: FlaskClient) -> None:
    calls.post(f"{AGENT_PATH}/unpublish", headers=TOKEN)
    answer = place(calls, "no number")
    expected = refusal("AGENT_INACTIVE", "Agent is not published", agent_id=AGENT)
    assert (answer.status_code, answer.text) == (400, expected)
    assert "is a draft" in answer.headers["X-Mockserver-Reason"]
    calls.post(f"{AGENT_PATH}/publish", headers=TOKEN)
    assert place(calls).status_code == 200


def test_an_unknown_agent_is_refused_in_the_documented_shape(calls: FlaskClient) -> None:
    answer = calls.post(f"/api/v1/agents/{UNKNOWN}/call", json={}, headers=TOKEN)
    expected = refusal("AGENT_NOT_FOUND", "Voice agent not found", agent_id=UNKNOWN)
    assert (answer.status_code, answer.text) == (404, expected)
    assert answer.headers["X-Mockserver-Reason"].startswith("no agent in environment default has the id")


def test_every_bad_token_is_refused_in_the_documented_shape() -> None:
    http = client(tokens=["talq_mine"], expired_tokens=["talq_old"])
    reasons = []
    for headers in ({}, {"Authorization": "Bearer talq_other"}, {"Authorization": "Bearer talq_old"}):
        answer = http.post(f"{AGENT_PATH}/call", json={"to": NUMBER}, headers=headers)
        assert (answer.status_code, answer.text) == (401, INVALID_TOKEN)
        reasons.append(answer.headers["X-Mockserver-Reason"])
    assert len({*reasons}) == 3, "the reason says which it is"


def test_too_many_calls_are_refused_in_the_documented_shape() -> None:
    http = client(settings={"rate_limit": 1, "enforce_rate_limit": True})
    place(http)
    answer = place(http)
    text = "Rate limit exceeded. Please wait before making more requests."
    assert (answer.status_code, answer.text) == (429, refusal("RATE_LIMIT_EXCEEDED", text, retry_after=60))
    assert answer.headers["Retry-After"] == "60"
    assert answer.headers["X-RateLimit-Remaining"] == "0"


PRESETS = {
    "missing_token": INVALID_TOKEN,
    "invalid_token": INVALID_TOKEN,
    "agent_not_found": refusal("AGENT_NOT_FOUND", "Voice agent not found", agent_id=AGENT),
    "insufficient_credits": refusal("INSUFFICIENT_CREDITS", "Account has insufficient credits to place this call"),
}


@pytest.mark.parametrize("preset", PRESETS)
def test_a_preset_speaks_the_words_of_the_route(calls: FlaskClient, preset: str) -> None:
    add_fault(calls, preset=preset, times=1)
    assert place(calls).text == PRESETS[preset]
    assert place(calls).status_code == 200


# Ending


def test_a_call_is_ended_to_the_byte_and_only_once(calls: FlaskClient, time: Time) -> None:
    id = placed(calls)
    time.advance(42)
    answer = end(calls, id)
    data = {"id": id, "status": "completed", "ended_at": "2025-09-03T23:20:33Z", "ended_reason": "ended_by_api"}
    assert (answer.status_code, answer.text) == (200, compact({"success": True, "data": data}))
    again = end(calls, id)
    over = {"success": False, "message": "Call is not active", "code": "CALL_NOT_ACTIVE"}
    assert (again.status_code, again.text) == (409, compact(over))
    assert again.headers["X-Mockserver-Reason"] == "the call is over: its status is completed"
    assert (listed(calls)[0]["status"], listed(calls)[0]["duration"]) == ("completed", 42)


def test_a_call_that_ends_before_it_starts_has_no_duration(calls: FlaskClient, time: Time) -> None:
    id = placed(calls, delay_seconds=60)
    time.advance(10)
    end(calls, id)
    assert listed(calls)[0]["duration"] == 0


def test_a_call_of_another_agent_or_of_none_is_not_found(calls: FlaskClient) -> None:
    id = placed(calls)
    for agent, wanted, reason in (
        ("other", id, f"call {id} belongs to agent {AGENT}, not to agent other"),
        (AGENT, id[:-1], f'agent {AGENT} has no call with the id "{id[:-1]}"; nearest: {id}'),
    ):
        answer = end(calls, wanted, agent)
        expected = '{"success":false,"message":"Call not found for this agent"}'
        assert (answer.status_code, answer.text) == (404, expected)
        assert answer.headers["X-Mockserver-Reason"] == reason
    answer = end(calls, id, UNKNOWN)
    assert (answer.status_code, answer.text) == (404, NO_AGENT)
    assert listed(calls)[0]["status"] == "initiated"


def test_a_snapshot_has_the_calls(calls: FlaskClient) -> None:
    id = placed(calls)
    calls.put("/__admin/snapshots/before")
    end(calls, id)
    placed(calls)
    calls.post("/__admin/snapshots/before/restore")
    assert [(each["id"], each["status"]) for each in listed(calls)] == [(id, "initiated")]
    calls.post("/__admin/reset")
    assert listed(calls) == []
    assert placed(calls) == id, "ids begin anew"


def test_a_call_needs_an_id_to_be_ended(calls: FlaskClient) -> None:
    answer = end(calls, None)
    assert (answer.status_code, answer.get_json()["errors"]) == (
        422,
        {"call_sid": ["The call sid field is required."]},
    )


@pytest.fixture
def delivering(open_world: Callable[..., World], receiver: WebhookReceiver) -> World:
    """The documented agent, whose webhook is told of the start and the end of calls."""
    return open_world(hook(receiver.url, events=[STARTED, ENDED]))


@pytest.fixture
def heard(delivering: World) -> FlaskClient:
    app: Flask = create_app(delivering, Guard())
    return app.test_client()


def test_ending_a_call_makes_its_event_happen_with_its_context(
    heard: FlaskClient, delivering: World, receiver: WebhookReceiver
) -> None:
    delivering.default.freeze()
    id = placed(heard, context={"order": 7})
    delivering.default.deliveries.advance(30)
    end(heard, id)
    [request] = receiver.wait_for(1)
    assert {key: request.json[key] for key in ("event", "call_id", "duration", "context")} == {
        "event": ENDED,
        "call_id": id,
        "duration": 30,
        "context": {"order": 7},
    }


@pytest.mark.slow
def test_however_many_end_a_call_it_ends_once(heard: FlaskClient) -> None:
    ids = [placed(heard) for _ in range(10)]
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda each: end(heard.application.test_client(), each).status_code, ids * 8))
    assert sorted(answers) == [200] * 10 + [409] * 70
    events = heard.get(f"/__admin/events?event={ENDED}").get_json()["events"]
    assert sorted(event["call_id"] for event in events) == sorted(ids)


def emit(http: FlaskClient, event: str, id: object, **more: Any) -> None:
    body = {"agent_id": AGENT, "event": event, "call": {"id": id, **more.pop("call", {})}, **more}
    assert http.post("/__admin/events", json=body).status_code == 200


def test_without_a_scenario_placing_a_call_makes_nothing_happen(heard: FlaskClient) -> None:
    placed(heard)
    assert heard.get("/__admin/events").get_json()["events"] == []


def test_an_emitted_event_of_a_call_has_its_context_and_moves_its_status(delivering: World, heard: FlaskClient) -> None:
    id = placed(heard, context={"order": 7}, payload={"name": "Ana"})
    for event, status in ((STARTED, "ringing"), ("event_phone_call_connected", "answered"), (ENDED, "completed")):
        emit(heard, event, id)
        assert listed(heard)[0]["status"] == status
    events = delivering.default.deliveries.events.watch(lambda _: True).items
    assert {str(each.occurrence.context) for each in events} == {"{'order': 7}"}
    assert {each.occurrence.call["to"] for each in events} == {NUMBER}
    emit(heard, STARTED, id)
    assert listed(heard)[0]["status"] == "completed", "a call that is over stays over"


def test_an_event_may_give_a_call_another_status_and_context(heard: FlaskClient, delivering: World) -> None:
    id = placed(heard, context={"order": 7})
    emit(heard, STARTED, id, call={"status": "busy"}, context={"other": 1})
    assert listed(heard)[0]["status"] == "busy"
    [event] = delivering.default.deliveries.events.watch(lambda _: True).items
    assert (event.occurrence.context, event.occurrence.call["status"]) == ({"other": 1}, "busy")


def test_an_event_may_tell_how_long_a_call_was(heard: FlaskClient) -> None:
    id = placed(heard)
    emit(heard, STARTED, id, call={"duration": 5})
    assert listed(heard)[0]["duration"] == 0, "it is not over"
    emit(heard, ENDED, id, call={"duration": 77})
    assert [(each["status"], each["duration"]) for each in listed(heard)] == [("completed", 77)]


def test_null_tells_nothing_of_a_call(heard: FlaskClient, delivering: World) -> None:
    id = placed(heard)
    emit(heard, ENDED, id, call={"status": None, "duration": None})
    [event] = delivering.default.deliveries.events.watch(lambda _: True).items
    [call] = listed(heard)
    assert (event.occurrence.call["status"], event.occurrence.call["duration"]) == (call["status"], call["duration"])


STATUSES = "expected one of initiated, ringing, answered, completed, failed, busy, no-answer"
SECONDS = "the duration of call {} must be a whole number of seconds, 0 or more"
NOT_TOLD = {
    "a near status": ({"status": "bussy"}, 'call {} can\'t have the status "bussy"; did you mean busy?'),
    "no status": ({"status": 5}, f"call {{}} can't have the status 5; {STATUSES}"),
    "a text": ({"duration": "x"}, f'{SECONDS} (got "x")'),
    "less than none": (
        {"duration": -5},
        f"{SECONDS} (got -5)",
    ),
    "true": ({"duration": True}, f"{SECONDS} (got true)"),
}


@each_row(("call", "text"), NOT_TOLD.values(), ids=NOT_TOLD)
def test_what_no_call_can_be_is_told_of_none(heard: FlaskClient, call: dict[str, Any], text: str) -> None:
    id = placed(heard)
    body = {"agent_id": AGENT, "event": ENDED, "call": {"id": id, **call}}
    answer = heard.post("/__admin/events", json=body)
    assert (answer.status_code, answer.get_json()["detail"]) == (422, text.format(f'"{id}"'))
    assert (listed(heard)[0]["status"], heard.get("/__admin/events").get_json()["count"]) == ("initiated", 0)


@pytest.mark.parametrize("id", [["x"], {}, 5, None, "unknown"])
def test_an_event_of_a_call_that_is_not_in_the_state_is_as_it_is_given(heard: FlaskClient, id: object) -> None:
    emit(heard, STARTED, id)
    assert listed(heard) == []


# By number


def test_the_active_calls_to_a_number_to_the_byte(calls: FlaskClient, time: Time) -> None:
    id = placed(calls)
    placed(calls, "+4930123456")
    time.advance(42.9)
    answer = calls.get(ACTIVE, headers=TOKEN)
    data = {
        "id": id,
        "agent_id": AGENT,
        "to": NUMBER,
        "status": "initiated",
        "started_at": "2025-09-03T23:19:51Z",
        "duration_seconds": 43,
    }
    assert (answer.status_code, answer.text) == (200, compact({"success": True, "data": [data]}))
    assert calls.get(f"{AGENT_PATH}/active-call/{NUMBER}", headers=TOKEN).text == answer.text


@pytest.mark.parametrize(
    ("number", "reason"),
    [
        ("%2B1234567890", "the agent's latest call to +1234567890 is over: its status is completed"),
        ("%2B4930", 'the agent has no call to "+4930"'),
        ("1234567890", 'the agent has no call to "1234567890"; a number begins with a plus, which a path has as %2B'),
    ],
)
def test_no_active_call_is_not_found(number: str, reason: str) -> None:
    answer = client(CALL).get(f"{AGENT_PATH}/active-call/{number}", headers=TOKEN)
    expected = '{"success":false,"message":"No active call found for this phone number"}'
    assert (answer.status_code, answer.text) == (404, expected)
    assert answer.headers["X-Mockserver-Reason"] == reason


def test_the_number_of_an_unknown_agent(calls: FlaskClient) -> None:
    answer = calls.get(f"/api/v1/agents/{UNKNOWN}/active-call/1", headers=TOKEN)
    assert (answer.status_code, answer.text) == (404, NO_AGENT)
