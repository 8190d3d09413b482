"""A webhook's delivery log, as the vendor documents it."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient

from talkover_mock.admin.guard import Guard
from talkover_mock.app import create_app
from talkover_mock.dialect.ids import IdSource
from talkover_mock.environments.environment import Environment
from talkover_mock.environments.world import World
from talkover_mock.receiver import Answer, WebhookReceiver
from tests.support.documented import AGENT, LOGS, NO_WEBHOOK, TOKEN, WEBHOOK
from tests.support.peers import answering, peers
from tests.support.stories import MOMENT, OTHER, STARTED, emit, hook, impatient, two_webhooks

OpenWorld = Callable[..., World]


@pytest.fixture
def world(open_world: OpenWorld, receiver: WebhookReceiver) -> World:
    return two_webhooks(open_world, receiver.url)


@pytest.fixture
def environment(world: World) -> Environment:
    return world.default


def logs(http: FlaskClient, query: str = "", webhook_id: str = WEBHOOK) -> dict[str, Any]:
    answer = http.get(f"{LOGS.replace(WEBHOOK, webhook_id)}{query}", headers=TOKEN)
    assert answer.status_code == 200
    found: dict[str, Any] = answer.get_json()
    return found


def test_a_delivered_entry_has_the_documented_keys_in_their_order(
    http: FlaskClient, environment: Environment, receiver: WebhookReceiver
) -> None:
    ids = IdSource("deliveries", 0)
    call_id, _, log_id = (ids.new(MOMENT) for _ in range(3))
    receiver.answer_next(Answer(202, "thänks", {"X-Trace": "7"}))
    emit(environment)
    body = logs(http)
    entry = body["data"][0]
    assert type(entry["duration_ms"]) is int
    assert 0 <= entry["duration_ms"] < 5000
    headers = entry["response_headers"]
    assert (headers["x-trace"], [name for name in headers if name != name.lower()]) == ("7", [])
    assert list(entry.items()) == [
        ("id", log_id),
        ("webhook_id", WEBHOOK),
        ("event", STARTED),
        ("attempt", 1),
        ("status", "success"),
        ("http_status", 202),
        (
            "request_payload",
            {
                "event": STARTED,
                "agent_id": AGENT,
                "agent_name": "My Agent",
                "webhook_id": WEBHOOK,
                "webhook_name": "My Webhook",
                "timestamp": "2025-09-03T23:50:15.000Z",
                "call_id": call_id,
            },
        ),
        ("response_body", "thänks"),
        ("response_headers", headers),
        ("duration_ms", entry["duration_ms"]),
        ("delivered_at", "2025-09-03T23:50:15Z"),
        ("created_at", "2025-09-03T23:50:15Z"),
    ]
    assert list(body) == ["success", "data", "pagination"]
    assert body["pagination"] == {"current_page": 1, "per_page": 25, "total": 1, "last_page": 1}


def test_a_header_that_came_twice_has_both_values(open_world: OpenWorld) -> None:
    cookies = b"HTTP/1.1 200 OK\r\nSet-Cookie: a=1\r\nContent-Length: 0\r\nset-cookie: b=2\r\n\r\n"
    with peers() as start:
        world = open_world(hook(start(answering(cookies)).url))
        emit(world.default)
        http = create_app(world, Guard()).test_client()
        [delivery] = http.get("/__admin/deliveries").get_json()["deliveries"]
        assert logs(http)["data"][0]["response_headers"]["set-cookie"] == "a=1, b=2"
        assert delivery["response"]["headers"]["set-cookie"] == "a=1, b=2"


FAILED_KEYS = ["id", "webhook_id", "event", "attempt", "status", "http_status", "error", "duration_ms", "created_at"]


@pytest.mark.parametrize(
    ("status", "phrase"), [(500, "Internal Server Error"), (404, "Not Found"), (302, "Found"), (599, "")]
)
def test_a_failed_entry_has_the_documented_keys_in_their_order(
    http: FlaskClient, environment: Environment, receiver: WebhookReceiver, status: int, phrase: str
) -> None:
    receiver.answer_next(Answer(status, "not served"))
    emit(environment)
    entry = logs(http, webhook_id=WEBHOOK)["data"][0]
    assert list(entry) == FAILED_KEYS
    assert (entry["status"], entry["http_status"], entry["error"]) == ("retrying", status, phrase or "Unknown Status")
    assert type(entry["duration_ms"]) is int
    environment.deliveries.advance(1)
    assert [each["status"] for each in logs(http)["data"]] == ["success", "failed"]


def test_an_entry_that_nobody_answered_has_no_status(
    http: FlaskClient, environment: Environment, world: World, receiver: WebhookReceiver
) -> None:
    environment.webhooks.update(AGENT, OTHER, {"webhook_url": "http://127.0.0.1:1/"})
    emit(environment)
    entry = logs(http, webhook_id=OTHER)["data"][0]
    assert list(entry) == FAILED_KEYS
    assert (entry["status"], entry["http_status"], entry["error"]) == ("failed", None, "Connection refused")
    hasty = world.open(impatient(hook(receiver.url, max_retries=0), timeout=0.05), token="talq_hasty")
    receiver.answer_always(Answer(delay_seconds=60))
    emit(hasty)
    entry = http.get(LOGS, headers={"Authorization": "Bearer talq_hasty"}).get_json()["data"][0]
    assert (entry["status"], entry["http_status"], entry["error"]) == ("failed", None, "Connection timeout")
    assert 50 <= entry["duration_ms"] < 5000


def test_a_queued_entry_is_pending(http: FlaskClient, environment: Environment, receiver: WebhookReceiver) -> None:
    receiver.answer_always(Answer(delay_seconds=60))
    environment.deliveries.emit(AGENT, STARTED)
    receiver.wait_for(1)
    for webhook_id in (WEBHOOK, OTHER):
        entry = logs(http, webhook_id=webhook_id)["data"][0]
        assert list(entry) == FAILED_KEYS
        assert (entry["status"], entry["http_status"], entry["error"], entry["duration_ms"]) == (
            "pending",
            None,
            None,
            None,
        )


def test_each_attempt_has_an_entry_and_the_newest_comes_first(
    http: FlaskClient, environment: Environment, receiver: WebhookReceiver
) -> None:
    receiver.answer_next(500, 200, 500)  # the second goes to the other webhook
    emit(environment)
    environment.deliveries.advance(60)
    entries = logs(http)["data"]
    assert [(each["attempt"], each["status"], each["created_at"]) for each in entries] == [
        (3, "success", "2025-09-03T23:50:18Z"),
        (2, "failed", "2025-09-03T23:50:16Z"),
        (1, "failed", "2025-09-03T23:50:15Z"),
    ]
    assert [each["id"] for each in entries] == sorted((each["id"] for each in entries), reverse=True)


def test_a_webhook_has_its_own_log_and_none_when_it_is_gone(http: FlaskClient, environment: Environment) -> None:
    emit(environment)
    assert [logs(http, webhook_id=id)["data"][0]["webhook_id"] for id in (WEBHOOK, OTHER)] == [WEBHOOK, OTHER]
    environment.webhooks.delete(AGENT, WEBHOOK)
    answer = http.get(LOGS, headers=TOKEN)
    assert (answer.status_code, answer.text) == (404, NO_WEBHOOK)


PAGES: dict[str, tuple[Sequence[int], int, int, int]] = {
    "": (range(7), 1, 25, 1),
    "?per_page=3": ([0, 1, 2], 1, 3, 3),
    "?per_page=3&page=2": ([3, 4, 5], 2, 3, 3),
    "?per_page=3&page=3": ([6], 3, 3, 3),
    "?per_page=3&page=4": ([], 4, 3, 3),
    "?per_page=7&page=1": (range(7), 1, 7, 1),
    "?per_page=1&page=7": ([6], 7, 1, 7),
    "?per_page=100": (range(7), 1, 100, 1),
    "?per_page=&page=": (range(7), 1, 25, 1),
    "?page=0": (range(7), 1, 25, 1),
    "?page=-2": (range(7), 1, 25, 1),
    "?page=two": (range(7), 1, 25, 1),
}
"""By query: which of seven entries are on the page, its number, its size, and the number of the last page."""


def test_the_pages_of_a_log(http: FlaskClient, environment: Environment) -> None:
    for number in range(7):
        emit(environment, number=6 - number)
    for query, (numbers, current_page, per_page, last_page) in PAGES.items():
        body = logs(http, query)
        assert [each["request_payload"]["number"] for each in body["data"]] == list(numbers), query
        pages = {"current_page": current_page, "per_page": per_page, "total": 7, "last_page": last_page}
        assert list(body["pagination"].items()) == list(pages.items()), query


BETWEEN, INTEGER = "The per page must be between 1 and 100.", "The per page must be an integer."


@pytest.mark.parametrize(
    ("value", "texts"),
    [("0", [BETWEEN]), ("101", [BETWEEN]), ("-1", [BETWEEN]), ("ten", [INTEGER]), ("2.5", [INTEGER])],
)
def test_a_page_has_1_to_100_entries(http: FlaskClient, value: str, texts: list[str]) -> None:
    answer = http.get(f"{LOGS}?per_page={value}", headers=TOKEN)
    assert answer.status_code == 422
    assert answer.get_json() == {"message": "The given data was invalid.", "errors": {"per_page": texts}}


def test_an_entry_is_kept_for_30_days(http: FlaskClient, environment: Environment) -> None:
    emit(environment)
    environment.deliveries.advance(timedelta(days=30).total_seconds())
    assert logs(http)["pagination"]["total"] == 1
    environment.deliveries.advance(1)
    assert logs(http)["pagination"] == {"current_page": 1, "per_page": 25, "total": 0, "last_page": 1}
