"""`/__admin/clock`: time that is frozen and advanced, and the deliveries that fall due on the way."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from time import monotonic
from typing import Any

import pytest
from flask.testing import FlaskClient

from talkover_mock.environments.world import World
from talkover_mock.receiver import Answer, WebhookReceiver
from tests.support.delivering import ENDED, RECORDER, RECORDING, STARTED, WAIT, delivering
from tests.support.documented import AGENT, LOGS, TOGGLE, TOKEN, WEBHOOK
from tests.support.rows import each_row

CLOCK = "/__admin/clock"
ADVANCE = "/__admin/clock/advance"
NOW = "2025-09-03T23:50:15.000Z"
NEW_YEAR = "2026-01-01T00:00:00.000Z"
MINE = {"Authorization": "Bearer talq_mine"}


@pytest.fixture
def world(receiver: WebhookReceiver) -> Iterator[World]:
    world = delivering(receiver.url)
    yield world
    world.stop()


def emit(http: FlaskClient, event: str = STARTED, **wanted: object) -> dict[str, Any]:
    body = {"agent_id": AGENT, "event": event, "wait": WAIT, **wanted}
    found: dict[str, Any] = http.post("/__admin/events", json=body).get_json()
    return found


def freeze(http: FlaskClient, now: str | None = None) -> object:
    return http.put(CLOCK, json={"now": now}).get_json()


def advance(http: FlaskClient, seconds: float) -> dict[str, Any]:
    found: dict[str, Any] = http.post(ADVANCE, json={"seconds": seconds}).get_json()
    return found


def attempts(http: FlaskClient) -> list[tuple[int, str, str]]:
    """Of each attempt its number, its status and when it was made."""
    found = http.get("/__admin/deliveries").get_json()["deliveries"]
    return [(each["attempt"], each["status"], each["created_at"].removeprefix("2025-09-03T")) for each in found]


def test_the_clock_runs_until_it_is_frozen(http: FlaskClient) -> None:
    assert http.get(CLOCK).get_json() == {"now": NOW, "frozen": False}
    assert freeze(http) == http.get(CLOCK).get_json() == {"now": NOW, "frozen": True}


@pytest.mark.parametrize(
    "now",
    ["2026-01-01T00:00:00Z", "2026-01-01T01:00:00.000+01:00", "2026-01-01T00:00:00", "2026-01-01"],
)
def test_the_clock_stands_still_at_a_moment(now: str, http: FlaskClient) -> None:
    assert freeze(http, now) == http.get(CLOCK).get_json() == {"now": NEW_YEAR, "frozen": True}


def test_the_moment_may_be_yaml(http: FlaskClient) -> None:
    answer = http.put(CLOCK, data="now: 2026-01-01T00:00:00Z", content_type="application/yaml")
    assert answer.get_json() == {"now": NEW_YEAR, "frozen": True}


def test_a_frozen_clock_moves_by_hand_only(http: FlaskClient) -> None:
    freeze(http)
    assert advance(http, 90) == http.get(CLOCK).get_json() == {"now": "2025-09-03T23:51:45.000Z", "frozen": True}
    assert advance(http, 0.25) == {"now": "2025-09-03T23:51:45.250Z", "frozen": True}
    assert advance(http, 0) == {"now": "2025-09-03T23:51:45.250Z", "frozen": True}


def test_a_running_clock_runs_on_from_where_it_was_moved(http: FlaskClient) -> None:
    assert advance(http, 3600) == http.get(CLOCK).get_json() == {"now": "2025-09-04T00:50:15.000Z", "frozen": False}


def test_without_a_body_the_clock_is_frozen_where_it_is(http: FlaskClient) -> None:
    assert http.put(CLOCK).get_json() == {"now": NOW, "frozen": True}


@pytest.mark.parametrize("unfreeze", [lambda http: http.delete(CLOCK), lambda http: http.post("/__admin/reset")])
def test_the_clock_returns_to_the_real_time(unfreeze: Callable[[FlaskClient], Any], http: FlaskClient) -> None:
    advance(http, 60)
    freeze(http, NEW_YEAR)
    advance(http, 60)
    assert unfreeze(http).status_code == 200
    assert http.get(CLOCK).get_json() == {"now": NOW, "frozen": False}


def test_deleting_the_clock_answers_the_real_time(http: FlaskClient) -> None:
    freeze(http, NEW_YEAR)
    assert http.delete(CLOCK).get_json() == {"now": NOW, "frozen": False}


def test_an_environment_has_a_clock_of_its_own(http: FlaskClient) -> None:
    http.post("/__admin/environments", json={"token": "talq_mine"})
    http.put(CLOCK, json={"now": NEW_YEAR}, headers=MINE)
    http.post(ADVANCE, json={"seconds": 1}, headers=MINE)
    assert http.get(CLOCK, headers=MINE).get_json() == {"now": "2026-01-01T00:00:01.000Z", "frozen": True}
    assert http.get(CLOCK).get_json() == {"now": NOW, "frozen": False}


def test_every_time_of_the_environment_follows_its_clock(http: FlaskClient, receiver: WebhookReceiver) -> None:
    freeze(http, NEW_YEAR)
    emit(http)
    advance(http, 2)
    http.patch(TOGGLE, headers=TOKEN)
    [entry] = http.get(LOGS, headers=TOKEN).get_json()["data"]
    assert receiver.requests[0].json["timestamp"] == NEW_YEAR
    assert (entry["created_at"], entry["delivered_at"]) == ("2026-01-01T00:00:00Z",) * 2
    webhook = http.get(LOGS.removesuffix("/logs"), headers=TOKEN).get_json()["data"]
    assert webhook["updated_at"] == "2026-01-01T00:00:02.000000Z"
    [delivery] = http.get("/__admin/deliveries").get_json()["deliveries"]
    assert (delivery["created_at"], delivery["ended_at"]) == (NEW_YEAR, NEW_YEAR)


def test_ten_retries_over_minutes_are_made_before_the_clock_answers(
    http: FlaskClient, receiver: WebhookReceiver
) -> None:
    webhook = {"id": WEBHOOK, "max_retries": 10}
    http.patch("/__admin/state", json={"agents": [{"id": AGENT, "webhooks": [webhook]}]})
    receiver.answer_always(500)
    freeze(http)
    emit(http)
    assert advance(http, 600) == {"now": "2025-09-04T00:00:15.000Z", "frozen": True}
    times = ["50:15", "50:16", "50:18", "50:22", "50:30", "50:46", "51:16", "51:46", "52:16", "52:46", "53:16"]
    assert attempts(http) == [(number, "failed", f"23:{time}.000Z") for number, time in enumerate(times, 1)]
    assert len(receiver.requests) == 11


def test_a_retry_waits_for_its_time_to_the_millisecond(http: FlaskClient, receiver: WebhookReceiver) -> None:
    receiver.answer_next(500)
    freeze(http)
    emit(http)
    advance(http, 0.999)
    assert attempts(http) == [(1, "retrying", "23:50:15.000Z")]
    advance(http, 0.001)
    assert attempts(http) == [(1, "failed", "23:50:15.000Z"), (2, "success", "23:50:16.000Z")]


def test_retries_are_sent_in_the_order_in_which_they_fall_due(http: FlaskClient, receiver: WebhookReceiver) -> None:
    receiver.answer_always(500)
    freeze(http)
    emit(http)
    advance(http, 0.5)
    emit(http, RECORDING)
    advance(http, 0.1)
    emit(http, ENDED)
    receiver.clear()
    advance(http, 3)
    # due after 1.0, 1.5 and 1.6 seconds, and two seconds after each for the third attempt
    assert receiver.events == [STARTED, RECORDING, ENDED, STARTED, RECORDING, ENDED]
    found = http.get("/__admin/deliveries").get_json()["deliveries"]
    assert [each["event"] for each in found[3:]] == receiver.events


def test_a_webhook_that_is_toggled_off_meanwhile_gets_no_retry(http: FlaskClient, receiver: WebhookReceiver) -> None:
    receiver.answer_next(500)
    freeze(http)
    emit(http)
    http.patch(TOGGLE, headers=TOKEN)
    advance(http, 600)
    http.patch(TOGGLE, headers=TOKEN)
    advance(http, 600)
    assert attempts(http) == [(1, "failed", "23:50:15.000Z")]
    assert len(receiver.requests) == 1


@pytest.mark.slow
def test_a_moment_that_is_set_sends_what_is_due_by_then(http: FlaskClient, receiver: WebhookReceiver) -> None:
    receiver.answer_next(500, Answer(delay_seconds=0.1))
    freeze(http)
    emit(http)
    freeze(http, "2025-09-03T23:50:16Z")
    assert attempts(http) == [(1, "failed", "23:50:15.000Z"), (2, "success", "23:50:16.000Z")]


@pytest.mark.slow
def test_moving_the_clock_waits_for_what_is_under_way(http: FlaskClient, receiver: WebhookReceiver) -> None:
    receiver.answer_next(Answer(delay_seconds=0.1))
    freeze(http)
    emit(http, wait=0)
    advance(http, 1)
    assert attempts(http) == [(1, "success", "23:50:15.000Z")]


def test_a_reset_ends_a_move_of_the_clock(http: FlaskClient, receiver: WebhookReceiver) -> None:
    receiver.answer_always(Answer(delay_seconds=1800))
    freeze(http, NEW_YEAR)
    emit(http, wait=0)
    receiver.wait_for(1)
    with ThreadPoolExecutor(1) as pool:
        moved = pool.submit(advance, http.application.test_client(), 60)
        started = monotonic()
        assert http.post("/__admin/reset").status_code == 200
        assert moved.result(WAIT) in (
            {"now": NOW, "frozen": False},
            {"now": "2025-09-03T23:51:15.000Z", "frozen": False},
        )
        assert monotonic() - started < 1
    assert attempts(http) == []


def test_the_clock_of_one_environment_waits_for_no_other(http: FlaskClient, receiver: WebhookReceiver) -> None:
    http.post("/__admin/environments", json={"token": "talq_mine"})
    receiver.answer_next(Answer(delay_seconds=1800))
    freeze(http)
    emit(http, wait=0)
    receiver.wait_for(1)
    http.put(CLOCK, json={}, headers=MINE)
    body = {"agent_id": AGENT, "event": RECORDING, "wait": WAIT}
    delivery = http.post("/__admin/events", json=body, headers=MINE).get_json()["deliveries"][0]
    assert (delivery["webhook_id"], delivery["status"]) == (RECORDER, "success")
    assert http.post(ADVANCE, json={"seconds": 60}, headers=MINE).get_json()["now"] == "2025-09-03T23:51:15.000Z"


SECONDS = "seconds must be a number from 0 to 316224000"
NOW_MUST = "now must be a moment such as 2025-09-03T23:19:51Z, from 1970 to 2499"
MISTAKES: list[tuple[str, str, object, int, str]] = [
    ("PUT", CLOCK, {"now": "tomorrow"}, 422, f'{NOW_MUST} (got "tomorrow")'),
    ("PUT", CLOCK, {"now": 1757000000}, 422, f"{NOW_MUST} (got 1757000000)"),
    ("PUT", CLOCK, {"now": "1969-12-31T23:59:59Z"}, 422, f'{NOW_MUST} (got "1969-12-31T23:59:59Z")'),
    ("PUT", CLOCK, {"now": "9999-12-31"}, 422, f'{NOW_MUST} (got "9999-12-31")'),
    ("PUT", CLOCK, {"nwo": NEW_YEAR}, 422, 'unknown key "nwo"; did you mean now?'),
    ("PUT", CLOCK, {"seconds": 1}, 422, 'unknown key "seconds"; expected now'),
    ("PUT", CLOCK, [], 400, "expected a JSON object, got list"),
    ("POST", ADVANCE, {}, 422, f"{SECONDS} (got null)"),
    ("POST", ADVANCE, {"seconds": "60"}, 422, f'{SECONDS} (got "60")'),
    ("POST", ADVANCE, {"seconds": True}, 422, f"{SECONDS} (got true)"),
    ("POST", ADVANCE, {"seconds": -1}, 422, f"{SECONDS} (got -1)"),
    ("POST", ADVANCE, {"seconds": 316224001}, 422, f"{SECONDS} (got 316224001)"),
    ("POST", ADVANCE, {"second": 1}, 422, 'unknown key "second"; did you mean seconds?'),
    ("POST", ADVANCE, {"now": 1}, 422, 'unknown key "now"; expected seconds'),
]


@each_row(("method", "path", "body", "status", "detail"), MISTAKES)
def test_a_mistake_is_a_problem_and_the_clock_stays(
    http: FlaskClient, method: str, path: str, body: object, status: int, detail: str
) -> None:
    answer = http.open(path, method=method, json=body)
    assert (answer.status_code, answer.content_type) == (status, "application/problem+json")
    assert answer.get_json()["detail"] == detail
    assert http.get(CLOCK).get_json() == {"now": NOW, "frozen": False}


def test_the_clock_has_an_end(http: FlaskClient) -> None:
    freeze(http, "2499-12-31T23:59:59Z")
    assert advance(http, 1) == {"now": "2500-01-01T00:00:00.000Z", "frozen": True}
    answer = http.post(ADVANCE, json={"seconds": 1})
    assert (answer.status_code, answer.content_type) == (422, "application/problem+json")
    assert answer.get_json()["detail"] == "the clock goes no further than 2500-01-01T00:00:00Z"


def test_deliveries_work_at_both_ends_of_time(http: FlaskClient, receiver: WebhookReceiver) -> None:
    for now in ("1970-01-01T00:00:00Z", "2500-01-01T00:00:00Z"):
        receiver.answer_next(500)
        assert freeze(http, now) == {"now": now.replace("Z", ".000Z"), "frozen": True}
        assert emit(http)["deliveries"][0]["status"] == "retrying"
        assert http.get(LOGS, headers=TOKEN).status_code == 200
        http.post("/__admin/reset")
