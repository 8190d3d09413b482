"""The filters of `GET /__admin/deliveries`, and what is wrong with them."""

from collections.abc import Iterator

import pytest
from flask.testing import FlaskClient

from talkover_mock.dialect.events import EVENTS
from talkover_mock.environments.world import World
from talkover_mock.receiver import Answer, WebhookReceiver
from tests.support.delivering import DELIVERIES, ENDED, RECORDER, RECORDING, STARTED, delivering, emit, read
from tests.support.documented import AGENT, OTHER_AGENT, TOKEN, WEBHOOK


@pytest.fixture
def world(receiver: WebhookReceiver) -> Iterator[World]:
    world = delivering(receiver.url)
    yield world
    world.stop()


@pytest.fixture
def history(http: FlaskClient, receiver: WebhookReceiver) -> FlaskClient:
    """Seven attempts, of which the table below knows the numbers; the last one is pending."""
    http.put("/__admin/clock", json={})
    emit(http, STARTED)
    receiver.answer_next(500)
    emit(http, ENDED)
    http.post("/__admin/clock/advance", json={"seconds": 1})
    emit(http, STARTED, OTHER_AGENT)
    assert http.post(f"/api/v1/agents/{AGENT}/webhooks/{RECORDER}/test", headers=TOKEN).get_json()["success"] is True
    receiver.answer_next(500, Answer(delay=1800))
    emit(http, RECORDING)
    emit(http, RECORDING, wait=0)
    return http


FILTERS: dict[str, list[int]] = {
    "": [0, 1, 2, 3, 4, 5, 6],
    f"agent_id={AGENT}": [0, 1, 2, 4, 5, 6],
    f"agent_id={OTHER_AGENT}": [3],
    f"webhook_id={WEBHOOK}": [0, 1, 2],
    f"webhook_id={RECORDER}": [4, 5, 6],
    f"event={ENDED}": [1, 2],
    "event=webhook.test": [4],
    "event=event_action": [],
    "status=success": [0, 2, 3, 4],
    "status=failed": [1],
    "status=retrying": [5],
    "status=pending": [6],
    "attempt=1": [0, 1, 3, 4, 5, 6],
    "attempt=2": [2],
    "attempt=02": [2],
    "attempt=3": [],
    "url=https://example.com/hook?a=1".replace("?", "%3F"): [3],
    "url=https:*": [3],
    "url=*/webhook": [0, 1, 2],
    "url=*:*/webhook*": [0, 1, 2, 4, 5],
    "url=*/RECORDINGS": [],
    "url=*": [0, 1, 2, 3, 4, 5],
    "url=http": [],
    "since=2025-09-03T23:50:15Z": [0, 1, 2, 3, 4, 5, 6],
    "since=2025-09-03T23:50:16Z": [2, 3, 4, 5, 6],
    "since=2025-09-04T01:50:15.001%2B02:00": [2, 3, 4, 5, 6],
    "since=2025-09-04": [],
    f"agent_id={AGENT}&status=success": [0, 2, 4],
    f"webhook_id={WEBHOOK}&event={ENDED}&attempt=1&status=failed": [1],
    f"event={ENDED}&event={STARTED}": [],
}
"""Of a query string: which attempts of `history` it finds."""


def test_a_filter_finds_what_has_the_value(history: FlaskClient) -> None:
    everything = read(history)["deliveries"]
    for query, expected in FILTERS.items():
        found = read(history, query)
        assert found["deliveries"] == [everything[number] for number in expected], query
        assert found["count"] == len([number for number in expected if number != 6]), query


def test_attempts_of_one_event_have_its_id(history: FlaskClient) -> None:
    everything = read(history)["deliveries"]
    for number, expected in {0: [0], 1: [1, 2], 2: [1, 2], 6: [6]}.items():
        found = read(history, f"event_id={everything[number]['event_id']}")["deliveries"]
        assert found == [everything[each] for each in expected]


def test_a_test_is_marked(history: FlaskClient) -> None:
    assert [each["test"] for each in read(history)["deliveries"]] == [False] * 4 + [True] + [False] * 2


ALL_FILTERS = ["agent_id", "webhook_id", "event", "event_id", "status", "attempt", "url", "since", "min", "max", "wait"]
NO_FILTERS = f"expected one of {', '.join(ALL_FILTERS)}"
MISTAKES: dict[str, tuple[str, str]] = {
    "webhok_id=1": ("Unknown filter", 'unknown filter "webhok_id"; did you mean webhook_id?'),
    "q=1": ("Unknown filter", f'unknown filter "q"; {NO_FILTERS}'),
    "webhook_id=nobody": (
        "Unknown webhook",
        f'no webhook in environment default has the id "nobody"; there are 4, such as {WEBHOOK}',
    ),
    f"webhook_id={WEBHOOK}x": (
        "Unknown webhook",
        f'no webhook in environment default has the id "{WEBHOOK}x"; nearest: {WEBHOOK}',
    ),
    f"agent_id={AGENT}x": ("Unknown agent", f'no agent in environment default has the id "{AGENT}x"; nearest: {AGENT}'),
    "status=failled": ("Unknown status", 'unknown status "failled"; did you mean failed?'),
    "status=ok": ("Unknown status", 'unknown status "ok"; expected one of pending, success, failed, retrying'),
    "event=event_phone_call_start": (
        "Unknown event",
        f'unknown event "event_phone_call_start"; did you mean {STARTED}?',
    ),
    "event=x": ("Unknown event", f'unknown event "x"; expected one of {", ".join([*EVENTS, "webhook.test"])}'),
    "attempt=first": ("Bad count", 'attempt must be a whole number, 0 or more (got "first")'),
    "since=yesterday": ("Bad moment", 'since must be a moment such as 2025-09-03T23:19:51Z (got "yesterday")'),
    "min=-1": ("Bad count", 'min must be a whole number, 0 or more (got "-1")'),
    "max=1.5": ("Bad count", 'max must be a whole number, 0 or more (got "1.5")'),
    "max=": ("Bad count", 'max must be a whole number, 0 or more (got "")'),
    "min=3&max=1": ("Bad count", "min must not be greater than max (got min=3 and max=1)"),
    "wait=soon": ("Bad time to wait", 'wait must be a number of seconds from 0 to 300 (got "soon")'),
    "wait=-1": ("Bad time to wait", 'wait must be a number of seconds from 0 to 300 (got "-1")'),
    "wait=301": ("Bad time to wait", 'wait must be a number of seconds from 0 to 300 (got "301")'),
    "wait=nan": ("Bad time to wait", 'wait must be a number of seconds from 0 to 300 (got "nan")'),
}


@pytest.mark.parametrize("query", MISTAKES)
def test_a_mistake_is_a_problem_also_while_there_is_nothing_to_find(query: str, http: FlaskClient) -> None:
    title, detail = MISTAKES[query]
    answer = http.get(f"{DELIVERIES}?{query}&wait=300" if "wait" not in query else f"{DELIVERIES}?{query}")
    assert (answer.status_code, answer.content_type) == (422, "application/problem+json")
    problem = answer.get_json()
    assert problem.pop("filters", ALL_FILTERS) == ALL_FILTERS
    assert problem == {"type": "about:blank", "title": title, "status": 422, "detail": detail}


def test_what_is_gone_can_still_be_asked_for(history: FlaskClient) -> None:
    """Deleted, of the fixture but not of the state, or known from the log alone."""
    created = history.post(
        f"/api/v1/agents/{AGENT}/webhooks",
        json={"name": "N", "webhook_url": "http://x", "events": [STARTED]},
        headers=TOKEN,
    ).get_json()["data"]["id"]
    history.delete(f"/api/v1/agents/{AGENT}/webhooks/{created}", headers=TOKEN)
    assert history.get(f"{DELIVERIES}?webhook_id={created}").get_json()["count"] == 0
    history.put("/__admin/state", json={})
    assert history.get(f"{DELIVERIES}?webhook_id={WEBHOOK}&agent_id={AGENT}&attempt=1").status_code == 200
