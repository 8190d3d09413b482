"""The filters of `GET /__admin/deliveries` and `GET /__admin/requests`, and what is wrong with a search."""

from collections.abc import Iterator
from typing import Any

import pytest
from flask.testing import FlaskClient

from talkover_mock.admin.contents import KEYS
from talkover_mock.base.contents import A_JSON_VALUE
from talkover_mock.dialect.events import ALL_EVENTS
from talkover_mock.environments.world import World
from talkover_mock.receiver import Answer, WebhookReceiver
from tests.support.delivering import (
    DELIVERIES,
    DISABLED,
    ENDED,
    RECORDER,
    RECORDING,
    STARTED,
    delivering,
    emit,
    fixture,
    read,
)
from tests.support.documented import AGENT, OTHER_AGENT, TOGGLE, TOKEN, WEBHOOK, toggle_path
from tests.support.faulty import REQUESTS, TOGGLE_ANY, add_fault
from tests.support.rows import each_row

AGENTS = "/api/v1/agents"
WEBHOOKS = f"{AGENTS}/{AGENT}/webhooks"
ONE = f"{WEBHOOKS}/{WEBHOOK}"
ACTION = "event_action"
TOGGLE_OPERATION = "PATCH /api/v1/agents/{agent_id}/webhooks/{webhook_id}/toggle"
FIRST, MIDDLE, LAST = "2025-09-03T00:00:00Z", "2025-09-03T12:00:00Z", "2025-09-04T00:00:00Z"


@pytest.fixture
def world(receiver: WebhookReceiver) -> Iterator[World]:
    world = delivering(receiver.url)
    yield world
    world.stop()


@pytest.fixture
def attempts(http: FlaskClient, receiver: WebhookReceiver) -> list[dict[str, Any]]:
    """Seven attempts, of which the table below knows the numbers; the last one is pending."""
    http.put("/__admin/clock", json={})
    emit(http, STARTED)
    receiver.answer_next(500)
    emit(http, ENDED)
    http.post("/__admin/clock/advance", json={"seconds": 1})
    emit(http, STARTED, OTHER_AGENT)
    assert http.post(f"{WEBHOOKS}/{RECORDER}/test", headers=TOKEN).get_json()["success"] is True
    receiver.answer_next(500, Answer(delay_seconds=1800))
    emit(http, RECORDING)
    emit(http, RECORDING, wait=0)
    return list(read(http)["deliveries"])


@pytest.fixture
def calls(http: FlaskClient) -> None:
    """Ten calls, of which the fifth and the seventh came half a day after those before them."""

    def at(moment: str) -> None:
        http.put("/__admin/clock", json={"now": moment})

    at(FIRST)
    http.patch(TOGGLE, headers=TOKEN)
    http.patch(toggle_path(OTHER_AGENT), headers=TOKEN)
    http.get(AGENTS, headers=TOKEN)
    http.get(f"{AGENTS}?status=draft&page=2", headers=TOKEN)
    at(MIDDLE)
    http.get("/api/v1/nope")
    http.delete(AGENTS, headers=TOKEN, json={"enabled": False, "events": [{"a": 1, "b": 2}]})
    at(LAST)
    add_fault(http, match={"path": TOGGLE_ANY}, preset="maintenance", times=1)
    http.patch(TOGGLE, headers=TOKEN)
    add_fault(http, match={"path": ONE}, action="connection_reset", times=1)
    with pytest.raises(ConnectionResetError):
        http.get(ONE, headers=TOKEN)
    http.options(AGENTS)
    http.options("/api/v1/nope")


DELIVERY_FILTERS: dict[str, list[int]] = {
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
    "status=captured": [3],
    "fault=fault-1": [],
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
    "since=2025-09-03T23:50:15Z": [0, 1, 2, 3, 4, 5, 6],
    "since=2025-09-03T23:50:16Z": [2, 3, 4, 5, 6],
    "since=2025-09-04T01:50:15.001%2B02:00": [2, 3, 4, 5, 6],
    "since=2025-09-04": [],
    f"agent_id={AGENT}&status=success": [0, 2, 4],
    f"webhook_id={WEBHOOK}&event={ENDED}&attempt=1&status=failed": [1],
    f'json={{"event":"{STARTED}"}}': [0, 3],
    f'json={{"agent_id":"{AGENT}"}}': [0, 1, 2, 4, 5],
    'json={"test":true}': [4],
    'json={"test":1}': [],
    'headers={"x-team":"calls, billing"}': [0, 1, 2],
    'headers={"X-TEAM":"*billing"}&attempt=2': [2],
    'query={"a":"1"}': [3],
    'query={"a":1}': [3],
    'query={"b":"*"}': [],
}
"""Of a query string: which of the `attempts` it finds."""


def test_a_filter_of_deliveries_finds_what_has_the_value(http: FlaskClient, attempts: list[dict[str, Any]]) -> None:
    for query, expected in DELIVERY_FILTERS.items():
        found = read(http, query)
        assert found["deliveries"] == [attempts[number] for number in expected], query
        assert found["count"] == len([number for number in expected if number != 6]), query


def test_attempts_of_one_event_have_its_id(http: FlaskClient, attempts: list[dict[str, Any]]) -> None:
    for number, expected in {0: [0], 1: [1, 2], 2: [1, 2], 6: [6]}.items():
        found = read(http, f"event_id={attempts[number]['event_id']}")["deliveries"]
        assert found == [attempts[each] for each in expected]


def test_a_delivery_that_was_never_made_is_found_as_skipped(http: FlaskClient) -> None:
    http.put(
        "/__admin/state",
        json={"agents": [{"id": OTHER_AGENT, "name": "No webhook"}, *fixture("http://xy")["agents"][:1]]},
    )
    emit(http, RECORDING, OTHER_AGENT)
    emit(http, STARTED, wait=0)
    emit(http, RECORDING, wait=0)
    emit(http, ACTION)
    found = read(http, "status=skipped")
    told = [(each["event"], each["webhook_id"], each["error"]) for each in found["deliveries"]]
    not_listed = "it does not list the event"
    assert told == [
        (RECORDING, None, "there is no webhook"),
        (STARTED, DISABLED, "it is disabled"),
        *((ACTION, id, not_listed) for id in (WEBHOOK, DISABLED, RECORDER)),
    ]
    assert {(each["id"], each["attempt"], each["status"]) for each in found["deliveries"]} == {(None, 0, "skipped")}
    assert (found["count"], found["satisfied"], found["dropped"]) == (3, True, 0)
    one = read(http, f"status=skipped&webhook_id={RECORDER}&min=2")
    assert (len(one["deliveries"]), one["count"], one["satisfied"]) == (1, 1, False)
    assert read(http, "status=skipped&attempt=1")["count"] == 0


def test_a_delivery_is_found_by_the_fault_that_struck_it(http: FlaskClient) -> None:
    add_fault(http, on="deliveries", action="refused", times=1)
    emit(http, STARTED)
    emit(http, STARTED)
    [struck] = read(http, "fault=fault-1")["deliveries"]
    assert struck["fault"] == "fault-1 (refused)"
    assert read(http, "fault=fault-2")["count"] == 0


def test_a_test_is_marked(attempts: list[dict[str, Any]]) -> None:
    assert [each["test"] for each in attempts] == [False] * 4 + [True] + [False] * 2


@pytest.mark.usefixtures("attempts")
def test_what_is_gone_can_still_be_asked_for(http: FlaskClient) -> None:
    """Deleted, of the fixture but not of the state, or known from the log alone."""
    webhook = {"name": "N", "webhook_url": "http://xy", "events": [STARTED]}
    created = http.post(WEBHOOKS, json=webhook, headers=TOKEN).get_json()["data"]["id"]
    http.delete(f"{WEBHOOKS}/{created}", headers=TOKEN)
    assert http.get(f"{DELIVERIES}?webhook_id={created}").get_json()["count"] == 0
    http.put("/__admin/state", json={})
    assert http.get(f"{DELIVERIES}?webhook_id={WEBHOOK}&agent_id={AGENT}&attempt=1").status_code == 200


CALL_FILTERS: dict[str, list[int]] = {
    "": [1, 2, 3, 4, 5, 6, 7, 8, 9, 10],
    "method=PATCH": [1, 2, 7],
    "method=patch": [1, 2, 7],
    "method=PUT": [],
    f"path={TOGGLE}": [1, 7],
    f"path={TOGGLE_ANY}": [1, 2, 7],
    "path=*/toggle": [1, 2, 7],
    "path=*/agents/": [],
    f"path={AGENTS}": [3, 4, 6, 9],
    f"path={AGENTS}?status=draft%26page=2": [4],
    "path=*status=draft*": [4],
    f"path=*/{AGENT}": [],
    "status=200": [1, 3, 4, 9],
    "status=404": [2, 5, 10],
    "status=4xx": [2, 5, 6, 10],
    "status=4XX": [2, 5, 6, 10],
    "status=4*": [2, 5, 6, 10],
    "status=40x": [2, 5, 6, 10],
    "status=503": [7],
    "status=none": [8],
    "status=None": [8],
    "status=held": [],
    "by=api": [1, 2, 3, 4, 5, 6, 7, 8, 9, 10],
    "by=page": [],
    "operation=GET%20/api/v1/agents": [3, 4],
    f"operation={TOGGLE_OPERATION}": [1, 2, 7],
    "operation=DELETE%20/api/v1/agents/{agent_id}/webhooks/{webhook_id}": [],
    "fault=fault-7": [],
    "unmatched=true": [5, 6, 10],
    "unmatched=false": [1, 2, 3, 4, 7, 8, 9],
    "fault=fault-1": [7],
    "fault=fault-2": [8],
    f"since={FIRST}": [1, 2, 3, 4, 5, 6, 7, 8, 9, 10],
    f"since={MIDDLE}": [5, 6, 7, 8, 9, 10],
    "since=2025-09-03T12:00:00.001Z": [7, 8, 9, 10],
    "since=2025-09-03T14:00:00%2B02:00": [5, 6, 7, 8, 9, 10],
    "since=2025-09-04": [7, 8, 9, 10],
    "since=2025-09-05": [],
    "after=0": [1, 2, 3, 4, 5, 6, 7, 8, 9, 10],
    "after=8": [9, 10],
    "after=999999999": [],
    "method=PATCH&status=200": [1],
    f"method=PATCH&path={TOGGLE}&after=1&since={MIDDLE}&unmatched=false&fault=fault-1&status=5xx": [7],
    'query={"status":"draft","page":2}': [4],
    'query={"status":"draf"}': [],
    f'headers={{"authorization":"{TOKEN["Authorization"]}"}}&method=DELETE': [6],
    'headers={"Authorization":"*"}': [1, 2, 3, 4, 6, 7, 8],
    'json={"events":[{"a":1}]}': [6],
    "json={}": [6],
    "json=[]": [],
}
"""Of a query string: the numbers of the calls that it finds."""


@pytest.mark.usefixtures("calls")
def test_a_filter_of_calls_finds_what_has_the_value(http: FlaskClient) -> None:
    for query, expected in CALL_FILTERS.items():
        answer = http.get(f"{REQUESTS}?{query}").get_json()
        assert [each["number"] for each in answer["requests"]] == expected, query
        assert (answer["satisfied"], answer["count"], answer["dropped"]) == (True, len(expected), 0), query
        assert list(answer) == ["satisfied", "count", "dropped", "requests"]


@pytest.mark.usefixtures("calls")
def test_without_a_wait_it_is_what_has_come(http: FlaskClient) -> None:
    satisfied = {
        "method=PATCH&min=3": True,
        "method=PATCH&min=4": False,
        "method=PATCH&max=3": True,
        "method=PATCH&max=2": False,
        "method=PATCH&min=3&max=3": True,
        "method=PATCH&min=0&max=0": False,
        "method=PUT&max=0": True,
        "unmatched=true&max=0": False,
    }
    assert {query: http.get(f"{REQUESTS}?{query}").get_json()["satisfied"] for query in satisfied} == satisfied


DELIVERY_NAMES = [
    "agent_id",
    "campaign_id",
    "webhook_id",
    "event",
    "event_id",
    "status",
    "attempt",
    "url",
    "fault",
    "since",
    *KEYS,
    "min",
    "max",
    "wait",
]
CALL_NAMES = [
    "method",
    "path",
    "status",
    "operation",
    "unmatched",
    "fault",
    "by",
    "since",
    "after",
    *KEYS,
    "min",
    "max",
    "wait",
]
STATUSES = "pending, success, failed, retrying, captured, skipped"
STATUS = "status must be a code such as 404, a class such as 4xx, none or held"
METHODS = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"
PATH = "path must be a whole path such as /api/v1/agents; * matches anything"
URL = "url must be a whole URL such as https://example.com/hook; * matches anything"
OF_DELIVERIES: dict[str, tuple[str, str]] = {
    "webhok_id=1": ("Unknown filter", 'unknown filter "webhok_id"; did you mean webhook_id?'),
    "q=1": ("Unknown filter", f'unknown filter "q"; expected one of {", ".join(DELIVERY_NAMES)}'),
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
    "status=ok": ("Unknown status", f'unknown status "ok"; expected one of {STATUSES}'),
    "fault=drop": ("Bad value", 'fault must be the id of a fault, such as fault-1 (got "drop")'),
    "event=event_phone_call_start": (
        "Unknown event",
        f'unknown event "event_phone_call_start"; did you mean {STARTED}?',
    ),
    "event=x": ("Unknown event", f'unknown event "x"; expected one of {", ".join([*ALL_EVENTS, "webhook.test"])}'),
    "url=http": ("Bad value", f'{URL} (got "http"); did you mean *http?'),
    "url=/webhook": ("Bad value", f'{URL} (got "/webhook"); did you mean */webhook?'),
    "url=127.0.0.1*": ("Bad value", f'{URL} (got "127.0.0.1*"); did you mean *127.0.0.1*?'),
    "url=htp://*": ("Bad value", f'{URL} (got "htp://*"); did you mean *htp://*?'),
    "attempt=first": ("Bad count", 'attempt must be a whole number, 0 or more (got "first")'),
}
OF_CALLS: dict[str, tuple[str, str]] = {
    "pth=*": ("Unknown filter", 'unknown filter "pth"; did you mean path?'),
    "colour=red": ("Unknown filter", f'unknown filter "colour"; expected one of {", ".join(CALL_NAMES)}'),
    "status=abc": ("Bad status", f'{STATUS} (got "abc")'),
    "status=": ("Bad status", f'{STATUS} (got "")'),
    "status=99": ("Bad status", f'{STATUS} (got "99")'),
    "status=600": ("Bad status", f'{STATUS} (got "600")'),
    "status=xx4": ("Bad status", f'{STATUS} (got "xx4")'),
    "method=PACTH": ("Unknown method", 'unknown method "PACTH"; did you mean PATCH?'),
    "method=P*": ("Unknown method", f'unknown method "P*"; expected one of {METHODS}'),
    "path=toggle": ("Bad value", f'{PATH} (got "toggle"); did you mean */toggle?'),
    "path=": ("Bad value", f'{PATH} (got ""); did you mean */?'),
    "path=/agents/*": ("Bad value", f'{PATH} (got "/agents/*"); did you mean */agents/*?'),
    "operation=PATCH%20/api/v1/agents/{agent_id}/webhooks/{webhook_id}/togle": (
        "Unknown operation",
        f'unknown operation "{TOGGLE_OPERATION[:-3]}le"; did you mean {TOGGLE_OPERATION}?',
    ),
    "fault=maintenance": ("Bad value", 'fault must be the id of a fault, such as fault-1 (got "maintenance")'),
    "unmatched=yes": ("Bad value", 'unmatched must be true or false (got "yes")'),
    "by=pag": ("Bad value", 'by must be api or page (got "pag")'),
    "unmatched=": ("Bad value", 'unmatched must be true or false (got "")'),
    "after=-1": ("Bad count", 'after must be a whole number, 0 or more (got "-1")'),
    "after=x": ("Bad count", 'after must be a whole number, 0 or more (got "x")'),
}
HEADERS = 'headers must be an object of names and values of headers, such as {"X-Team": "blue"}; * matches anything'
FIELDS = 'query must be an object of fields of the query, such as {"page": "2"}; * matches anything'
COMMON: dict[str, tuple[str, str]] = {
    "since=yesterday": ("Bad moment", 'since must be a moment such as 2025-09-03T23:19:51Z (got "yesterday")'),
    "since=2025-09-03T23:19:51+02:00": (
        "Bad moment",
        'since must be a moment such as 2025-09-03T23:19:51Z (got "2025-09-03T23:19:51 02:00"); write its + as %2B',
    ),
    "json={": ("Bad value", 'json must be JSON, such as {"enabled": true} (got "{")'),
    "json=null": (
        "Bad value",
        'json must be JSON, such as {"enabled": true} (got "null"); null can\'t be searched for',
    ),
    'headers={"a":"1","a":"2"}': (
        "Bad value",
        'headers must be JSON, such as {"X-Team": "blue"} (got "{\\"a\\":\\"1\\",\\"a\\":\\"2\\"}"); '
        'the key "a" is given twice',
    ),
    "json=[NaN]": ("Bad value", f"json must be {A_JSON_VALUE} (got [NaN])"),
    "headers=x": ("Bad value", 'headers must be JSON, such as {"X-Team": "blue"} (got "x")'),
    'headers={"X Team":"blue"}': ("Bad value", f'{HEADERS} (got {{"X Team": "blue"}})'),
    'headers={"X-Team":null}': ("Bad value", f'{HEADERS} (got {{"X-Team": null}})'),
    "query=[1]": ("Bad value", f"{FIELDS} (got [1])"),
    'query={"page":[2]}': ("Bad value", f'{FIELDS} (got {{"page": [2]}})'),
    "min=1000000000": ("Bad count", 'min must be a whole number from 0 to 999999999 (got "1000000000")'),
    "min=-1": ("Bad count", 'min must be a whole number, 0 or more (got "-1")'),
    "min=1.5": ("Bad count", 'min must be a whole number, 0 or more (got "1.5")'),
    "max=1.5": ("Bad count", 'max must be a whole number, 0 or more (got "1.5")'),
    "max=many": ("Bad count", 'max must be a whole number, 0 or more (got "many")'),
    "max=": ("Bad count", 'max must be a whole number, 0 or more (got "")'),
    "min=3&max=3&min=0": ("Key given twice", 'min is given twice (got "3" and "0")'),
    "fault=fault-1&fault=fault-2": ("Key given twice", 'fault is given twice (got "fault-1" and "fault-2")'),
    "min=3&max=1": ("Bad count", "min must not be greater than max (got min=3 and max=1)"),
    "wait=300": ("Bad time to wait", "wait needs min or max, the number to wait for"),
    **{
        f"wait={wait}": ("Bad time to wait", f'wait must be a number of seconds from 0 to 300 (got "{wait}")')
        for wait in ("soon", "-1", "301", "nan", "")
    },
}
LOGS = ((DELIVERIES, DELIVERY_NAMES, OF_DELIVERIES | COMMON), (REQUESTS, CALL_NAMES, OF_CALLS | COMMON))
MISTAKES = [
    pytest.param(f"{path}?{query}", names, title, detail, id=f"{path.rpartition('/')[2]}?{query}")
    for path, names, mistakes in LOGS
    for query, (title, detail) in mistakes.items()
]


@each_row(("path", "names", "title", "detail"), MISTAKES)
def test_a_mistake_is_a_problem_also_while_there_is_nothing_to_find(
    http: FlaskClient, path: str, names: list[str], title: str, detail: str
) -> None:
    answer = http.get(path if "wait" in path else f"{path}&wait=300")
    assert (answer.status_code, answer.content_type) == (422, "application/problem+json")
    problem = {"type": "about:blank", "title": title, "status": 422, "detail": detail}
    assert answer.get_json() == (problem | {"filters": names} if title == "Unknown filter" else problem)
