"""The admin route `verify`: what is expected of calls and deliveries, and the text when it is not met."""

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from time import monotonic, process_time
from typing import Any

import pytest
import requests
from flask.testing import FlaskClient

from talkover_mock.environments.world import World
from talkover_mock.receiver import WebhookReceiver
from talkover_mock.web.server import Server
from tests.support.delivering import DISABLED, ENDED, RECORDER, STARTED, delivering, emit
from tests.support.documented import AGENT, TOGGLE, TOKEN, UNKNOWN, WEBHOOK
from tests.support.faulty import WAIT, until
from tests.support.rows import each_row

VERIFY = "/__admin/verify"
ONE = TOGGLE.removesuffix("/toggle")


@pytest.fixture
def world(receiver: WebhookReceiver) -> Iterator[World]:
    world = delivering(receiver.url)
    yield world
    world.stop()


@pytest.fixture
def busy(http: FlaskClient) -> FlaskClient:
    """Two toggles, and two updates of which the second one is another team's."""
    for _ in range(2):
        http.patch(TOGGLE, headers=TOKEN)
    http.put(ONE, json={"timeout": 60, "name": "Ours"}, headers={**TOKEN, "X-Team": "blue"})
    http.put(f"{ONE}?a=1", json={"timeout": 90, "name": "Theirs"}, headers={**TOKEN, "X-Team": "red"})
    return http


def unmet(http: FlaskClient, **expected: Any) -> str:
    """The text of an expectation that is not met."""
    answer = http.post(VERIFY, json=expected)
    assert (answer.status_code, answer.content_type) == (409, "application/problem+json")
    assert (answer.get_json()["title"], answer.get_json()["status"]) == ("Not as expected", 409)
    return str(answer.get_json()["detail"])


MET: list[tuple[dict[str, Any], list[int]]] = [
    ({}, [1, 2, 3, 4]),
    ({"method": "PATCH"}, [1, 2]),
    ({"of": "requests", "method": "patch", "times": 2}, [1, 2]),
    ({"min": 2}, [1, 2, 3, 4]),
    ({"max": 4}, [1, 2, 3, 4]),
    ({"min": 1, "max": 4, "status": 200}, [1, 2, 3, 4]),
    ({"times": 0, "method": "DELETE", "path": None}, []),
    ({"max": 0, "status": "4xx"}, []),
    ({"min": 0, "method": "DELETE"}, []),
    ({"json": {"timeout": 60}}, [3]),
    ({"json": {"name": "Theirs"}, "headers": {"x-team": "*"}, "query": {"a": 1}}, [4]),
    ({"unmatched": False, "after": 3}, [4]),
    ({"times": 1, "json": {"name": "Theirs"}, "min": None, "wait": None}, [4]),
]


@each_row(("expected", "numbers"), MET)
def test_what_is_met_is_answered_with_what_matches(
    busy: FlaskClient, expected: dict[str, Any], numbers: list[int]
) -> None:
    answer = busy.post(VERIFY, json=expected)
    found = answer.get_json()
    assert (answer.status_code, list(found)) == (200, ["satisfied", "count", "dropped", "requests"])
    assert (found["satisfied"], found["count"], found["dropped"]) == (True, len(numbers), 0)
    assert [each["number"] for each in found["requests"]] == numbers


UNMET: list[tuple[dict[str, Any], str]] = [
    ({"method": "DELETE"}, "at least 1 request method=DELETE, got 0"),
    ({"times": 1, "method": "PATCH"}, "exactly 1 request method=PATCH, got 2"),
    ({"times": 3, "method": "PATCH"}, "exactly 3 requests method=PATCH, got 2"),
    ({"times": 0, "status": 200}, "no requests status=200, got 4"),
    ({"max": 0, "unmatched": False}, "no requests unmatched=false, got 4"),
    ({"min": 5}, "at least 5 requests, got 4"),
    ({"max": 1}, "at most 1 request, got 4"),
    ({"min": 1, "max": 3}, "1 to 3 requests, got 4"),
    ({"min": 5, "wait": 0.01}, "at least 5 requests within 0.01 s, got 4"),
    ({"json": {"timeout": 5}}, 'at least 1 request json={"timeout": 5}, got 0'),
]


@each_row(("expected", "text"), UNMET)
def test_what_is_not_met_says_what_came(busy: FlaskClient, expected: dict[str, Any], text: str) -> None:
    first, *lines = unmet(busy, **expected).splitlines()
    assert first == f"expected {text}; the nearest of all requests:"
    assert sorted(each.split(" ")[2] for each in lines) == ["#1", "#3", "#4"]
    [toggles] = [each for each in lines if "#1 " in each]
    assert re.fullmatch(rf"  #1 PATCH {TOGGLE} -> 200(, no body)? \(2 times, the last is #2\)", toggles)


def test_the_nearest_show_what_they_sent_of_the_content_that_was_asked_for(busy: FlaskClient) -> None:
    text = unmet(busy, method="PUT", headers={"X-Team": "green"}, json={"name": "Ours", "timeout": 30})
    assert text.splitlines()[1:3] == [
        f'  #3 PUT {ONE} -> 200, X-Team: blue, body {{"name": "Ours", "timeout": 60}}',
        f'  #4 PUT {ONE}?a=1 -> 200, X-Team: red, body {{"name": "Theirs", "timeout": 90}}',
    ]
    assert text.splitlines()[3].endswith("-> 200, no X-Team, no body (2 times, the last is #2)")


def test_a_body_is_told_on_one_line_and_not_without_end(http: FlaskClient) -> None:
    http.put(ONE, data=b'{"name":\n"' + b"x" * 300 + b'"}', headers=TOKEN)
    [_, line] = unmet(http, json={"timeout": 1}).splitlines()
    assert line.startswith(f'  #1 PUT {ONE} -> 200, body {{"name":\\n"xxx')
    assert "xxx... (" in line
    assert len(line) < 500


def test_of_a_long_body_the_part_that_was_asked_for_is_told(http: FlaskClient) -> None:
    body = {"name": "x" * 300, "timeout": 60, "custom_headers": [{"key": "a", "value": "b", "more": "c" * 300}]}
    http.put(ONE, json=body, headers=TOKEN)
    text = unmet(http, json={"timeout": 5, "custom_headers": [{"value": "d"}], "enabled": True})
    assert '-> 422, body with {"custom_headers": [{"value": "b"}], "timeout": 60}' in text
    assert f'body with {{"name": "{"x" * 180}' in unmet(http, json={"name": "y"})
    assert "body {" in unmet(http, json=[1])


def test_a_body_that_is_no_text_is_not_told_as_none(http: FlaskClient) -> None:
    http.put(ONE, data=b"\xff", headers=TOKEN)
    assert "-> 200, a body that is no text" in unmet(http, json=1)


@pytest.mark.slow
def test_long_values_are_cut_and_cost_no_time(http: FlaskClient) -> None:
    long = {"X-Long": "a" * 5_000}
    for number in range(200):
        http.put(f"{ONE}?{number}={'a' * 5_000}", headers={**TOKEN, **long}, json={"name": f"{number} {'a' * 5_000}"})
    began = process_time()
    text = unmet(http, headers={"X-Long": "*a" * 200 + "b"}, query={"a": "a" * 5_000}, json={"name": "a" * 5_000})
    assert process_time() - began < 5
    assert {len(line) < 2_000 for line in text.splitlines()} == {True}
    assert " X-Long: aaa" in text


def test_equal_calls_are_one_line_also_when_others_came_between(busy: FlaskClient) -> None:
    busy.patch(TOGGLE, headers=TOKEN)
    assert f"  #1 PATCH {TOGGLE} -> 200 (3 times, the last is #5)" in unmet(busy, method="DELETE").splitlines()


@pytest.mark.slow
def test_of_very_many_calls_the_latest_are_compared(http: FlaskClient) -> None:
    for number in range(1, 502):
        http.get(f"/api/v1/agents/{number}", headers=TOKEN)
    first, *lines, more = unmet(http, path="/api/v1/agents/1", status=409).splitlines()
    assert (first.rpartition("; ")[2], more) == ("the nearest of the latest requests:", "  and 496 more")
    assert [line.startswith("  #1 ") for line in lines] == [False] * 5


def test_deliveries(http: FlaskClient, receiver: WebhookReceiver) -> None:
    emit(http, STARTED)
    found = http.post(VERIFY, json={"of": "deliveries", "event": STARTED, "json": {"agent_id": AGENT}}).get_json()
    assert [each["webhook_id"] for each in found["deliveries"]] == [WEBHOOK]
    asked = {"event": STARTED, "headers": {"X-Team": "none"}, "query": {"b": "1"}}
    assert unmet(http, of="deliveries", times=1, **asked).splitlines() == [
        f'expected exactly 1 delivery event={STARTED} headers={{"X-Team": "none"}} query={{"b": "1"}}, got 0; '
        "the nearest of all deliveries:",
        f"  {STARTED} to webhook {WEBHOOK}, attempt 1, X-Team: calls, billing, URL {receiver.url}: success",
        f"webhook {DISABLED} was skipped: it is disabled",
        f"webhook {RECORDER} was skipped: it does not list the event",
    ]


def test_why_too_few_deliveries_came(http: FlaskClient) -> None:
    http.put("/__admin/clock", json={})
    emit(http, STARTED)
    emit(http, ENDED)
    frozen = "the clock is frozen: advance it to send what falls due"
    of_disabled = f"webhook {DISABLED} was skipped: it is disabled"
    one = unmet(http, of="deliveries", webhook_id=DISABLED, event=ENDED).splitlines()
    assert one[-2:] == [of_disabled, frozen]
    assert unmet(http, of="deliveries", webhook_id=DISABLED).splitlines()[-2:] == [
        f"{of_disabled} (2 times)",
        frozen,
    ]
    emit(http, STARTED)
    both = [f"{of_disabled} (3 times)", f"webhook {RECORDER} was skipped: it does not list the event (3 times)"]
    assert set(both) <= set(unmet(http, of="deliveries", event_id=None, attempt=9).splitlines())
    some = unmet(http, of="deliveries", webhook_id=WEBHOOK, min=4).splitlines()
    assert (some[-1], [each for each in some if "skipped" in each]) == (frozen, [])
    assert frozen not in unmet(http, of="deliveries", times=0)


def test_deliveries_that_were_never_made(http: FlaskClient) -> None:
    emit(http, STARTED)
    skipped = {"of": "deliveries", "status": "skipped"}
    found = http.post(VERIFY, json={**skipped, "webhook_id": DISABLED, "times": 1}).get_json()
    assert [(each["webhook_id"], each["attempt"]) for each in found["deliveries"]] == [(DISABLED, 0)]
    text = unmet(http, **skipped, webhook_id=WEBHOOK)
    assert text.splitlines()[0].endswith(f"status=skipped webhook_id={WEBHOOK}, got 0; the nearest of all deliveries:")
    assert f"  {STARTED} to webhook {DISABLED}: skipped (it is disabled)" in text.splitlines()


def test_where_none_was_skipped_the_deliveries_that_were_made_are_shown(http: FlaskClient) -> None:
    http.patch(f"/__admin/webhooks/{DISABLED}", json={"enabled": True})
    emit(http, STARTED)
    lines = unmet(http, of="deliveries", status="skipped").splitlines()
    assert lines[0] == "expected at least 1 delivery status=skipped, got 0; the nearest of all deliveries:"
    assert len(lines) == 3
    assert all(line.startswith(f"  {STARTED} to webhook ") for line in lines[1:])


def test_without_anything_it_says_whose_calls_are_meant(http: FlaskClient) -> None:
    assert unmet(http) == (
        "expected at least 1 request, got 0; there are no requests at all; "
        "calls with another token than this environment's are not among them"
    )
    assert unmet(http, of="deliveries") == "expected at least 1 delivery, got 0; there are no deliveries at all"


def test_a_wait_ends_as_soon_as_there_are_enough(server: Server) -> None:
    began = monotonic()
    with ThreadPoolExecutor(1) as pool:
        for number, expected in enumerate(({"times": 1}, {"min": 2}), 1):
            body = {**expected, "wait": 6 * WAIT}
            answer = pool.submit(requests.post, server.url + VERIFY, json=body, timeout=7 * WAIT)
            until(lambda: server.waiting)
            requests.patch(server.url + TOGGLE, headers=TOKEN, timeout=WAIT)
            assert (answer.result().status_code, answer.result().json()["count"]) == (200, number)
    assert monotonic() - began < WAIT


@pytest.mark.parametrize("expected", [{"times": 0}, {"max": 0}, {"max": 1}, {"min": 0, "max": 0}])
def test_a_wait_with_a_most_takes_its_time(server: Server, expected: dict[str, int]) -> None:
    began = monotonic()
    assert requests.post(server.url + VERIFY, json={**expected, "wait": 0.05}, timeout=WAIT).status_code == 200
    assert monotonic() - began >= 0.05


@pytest.mark.parametrize(("method", "path"), [("POST", "reset"), ("DELETE", "environments/mine")])
@pytest.mark.parametrize("expected", [{"times": 9}, {"times": 0}, {"of": "deliveries"}])
def test_a_wait_that_a_reset_or_a_close_ends_says_so(
    world: World, server: Server, method: str, path: str, expected: dict[str, Any]
) -> None:
    mine = {"Authorization": "Bearer talq_mine"}
    admin = f"{server.url}/__admin"
    opened = requests.post(f"{admin}/environments", json={"name": "mine", "token": "talq_mine"}, timeout=WAIT)
    assert opened.status_code == 201
    with ThreadPoolExecutor(1) as pool:
        body = {**expected, "wait": WAIT}
        answer = pool.submit(requests.post, server.url + VERIFY, json=body, headers=mine, timeout=2 * WAIT)
        environment = world.by_name("mine")
        until(lambda: environment.journal.log.waits + environment.deliveries.log.waits)
        requests.request(method, f"{admin}/{path}", headers=mine, timeout=WAIT)
    assert answer.result().status_code == 409
    text = f"within {WAIT:g} s, but the environment was reset or closed meanwhile"
    assert answer.result().json()["detail"].endswith(text)


MISTAKES: list[tuple[Any, str, str]] = [
    ({"of": "calls"}, "Bad value", 'of must be one of requests, deliveries (got "calls")'),
    ({"times": -1}, "Bad value", "times must be a whole number from 0 to 999999999 (got -1)"),
    ({"min": "1"}, "Bad value", 'min must be a whole number from 0 to 999999999 (got "1")'),
    ({"times": 1, "max": 1}, "Bad count", "give times, or min and max, not both"),
    ({"min": 2, "max": 1}, "Bad count", "min must not be greater than max (got min=2 and max=1)"),
    ({"wait": 301}, "Bad time to wait", "wait must be a number of seconds from 0 to 300 (got 301)"),
    ({"pth": "*"}, "Unknown filter", 'unknown filter "pth"; did you mean path?'),
    ({"event": STARTED}, "Unknown filter", 'unknown filter "event"; expected one of method, path'),
    ({"method": ["GET"]}, "Unknown method", 'unknown method "[\\"GET\\"]"; did you mean GET?'),
    ({"headers": "x"}, "Bad value", 'headers must be JSON, such as {"X-Team": "blue"} (got "x")'),
    ({"of": "deliveries", "path": "*"}, "Unknown filter", 'unknown filter "path"; expected one of agent_id'),
    ({"of": "deliveries", "agent_id": UNKNOWN}, "Unknown agent", "no agent in environment default has the id"),
    ({"of": "deliveries", "event": "event_acton"}, "Unknown event", "did you mean event_action?"),
]


def test_a_body_of_null_is_no_fixture(http: FlaskClient) -> None:
    answer = http.post(VERIFY, data=b"null", content_type="application/json")
    expected = (400, "expected a JSON object, got null")
    assert (answer.status_code, answer.get_json()["detail"]) == expected


@each_row(("body", "title", "text"), MISTAKES)
def test_a_mistake_is_no_unmet_expectation(http: FlaskClient, body: Any, title: str, text: str) -> None:
    answer = http.post(VERIFY, json=body)
    assert (answer.status_code, answer.get_json()["title"]) == (422, title)
    assert text in answer.get_json()["detail"]


def test_json_may_be_any_value_but_null(http: FlaskClient) -> None:
    http.put(ONE, data=b'"text"', headers=TOKEN)
    assert http.post(VERIFY, json={"json": "text"}).status_code == 200
    for other in ("ext", 0, False, ["text"]):
        assert http.post(VERIFY, json={"json": other}).status_code == 409
