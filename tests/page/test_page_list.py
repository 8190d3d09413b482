"""The page's list: its rows in the order of arrival, its views and filters, its pages, and opened rows."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from flask.testing import FlaskClient

from talkover_mock.admin.guard import Guard
from talkover_mock.app import create_app
from talkover_mock.environments.world import World
from tests.support.delivering import STARTED, WAIT
from tests.support.documented import AGENT, TOGGLE, TOKEN, WEBHOOK
from tests.support.faulty import add_fault
from tests.support.page_document import Document, page, rows
from tests.support.rows import each_row
from tests.support.stories import hook

MOMENT = "2025-09-03T23:50:15Z"


@pytest.fixture
def delivering(http: FlaskClient) -> FlaskClient:
    """My Webhook is on, retries a receiver that nobody listens for, and the clock is frozen."""
    webhook = {"id": WEBHOOK, "enabled": True, "webhook_url": "http://localhost:9/hook", "max_retries": 2}
    http.patch("/__admin/state", json={"agents": [{"id": AGENT, "webhooks": [webhook]}]})
    http.put("/__admin/clock", json={"now": MOMENT})
    return http


def emit(http: FlaskClient, event: str = STARTED, **more: Any) -> Any:
    return http.post("/__admin/events", json={"agent_id": AGENT, "event": event, "wait": WAIT, **more}).get_json()


def row(shown: Document, id: str) -> str:
    """The text of a row, its spaces made one."""
    text = shown.texts[id]
    return " ".join(text.split())


def test_calls_deliveries_and_skipped_events_are_one_list_newest_first(delivering: FlaskClient) -> None:
    delivering.get("/api/v1/agents", headers=TOKEN)
    emit(delivering)
    delivering.get("/api/v1/nope", headers=TOKEN)
    shown = page(delivering)
    kinds = [id.partition("-")[0] for id in rows(shown)]
    assert (kinds[0], kinds[-1]) == ("request", "request")
    assert {"delivery", "event"} & set(kinds[1:-1])
    assert row(shown, rows(shown)[-1]) == "23:50:15.000 200 GET /agents"


def test_a_row_names_what_it_is_about_and_says_why(http: FlaskClient) -> None:
    http.patch(TOGGLE, headers=TOKEN)
    http.patch(f"/api/v1/agents/{AGENT}/webhooks/9fd4b11c-62aa-4b0e-8f13-0c5d7e9a1b42/toggle?a=1", headers=TOKEN)
    http.post("/__admin/faults", json={"preset": "maintenance", "times": 1})
    http.patch(TOGGLE, headers=TOKEN)
    shown = page(http)
    assert "200 PATCH /agents/My Agent/webhooks/My Webhook/toggle" in row(shown, "request-1")
    assert "404 PATCH /agents/My Agent/webhooks/9fd4b11c…/toggle?a=1" in row(shown, "request-2")
    assert "agent My Agent has no webhook with the id" in row(shown, "request-2")
    assert row(shown, "request-3").endswith(
        "503 PATCH /agents/My Agent/webhooks/My Webhook/toggle fault-1 (maintenance) · not applied"
    )


def test_only_what_the_route_takes_for_an_id_is_shown_as_a_name(http: FlaskClient) -> None:
    http.put("/__admin/state", json={"agents": [{"id": "agents", "name": "Desk"}, {"id": "long", "name": "Other"}]})
    for path in ("/api/v1/agents", "/api/v1/agents/agents", "/api/v1/agents/agents/", "/a/long/path"):
        http.get(path, headers=TOKEN)
    shown = page(http)
    paths = [row(shown, f"request-{number}").split()[3] for number in range(1, 5)]
    assert paths == ["/agents", "/agents/Desk", "/agents/Desk/", "/a/long/path"]


def test_all_attempts_of_a_delivery_are_one_row_with_its_next_one(delivering: FlaskClient) -> None:
    emit(delivering)
    [id] = [each for each in rows(page(delivering)) if each.startswith("delivery")]
    assert "retrying" in row(page(delivering), id)
    assert "Attempt 1: Connection refused · attempt 2 in 1 s; the clock is frozen" in row(page(delivering), id)
    delivering.post("/__admin/clock/advance", json={"seconds": 60})
    shown = page(delivering)
    assert "failed" in row(shown, id)
    assert "3 attempts" in row(shown, id)
    assert "Connection refused at localhost:9 · 3 attempts, nothing more will be sent" in row(shown, id)


def test_a_captured_delivery_and_an_event_that_nobody_got_say_so(http: FlaskClient) -> None:
    emit(http)
    http.patch(TOGGLE, headers=TOKEN)
    emit(http)
    text = " ".join(page(http).text.split())
    assert "My Webhook is disabled" in text
    assert "Not sent: example.com is not on this machine or network" in text


@each_row(
    ("action", "why", "answer"),
    [
        (
            {"action": "lose_answer"},
            "The mock answered 200 to attempt 1 of 4, and the answer was dropped.",
            "The mock's own answer",
        ),
        ({"action": "timeout", "sent": True}, "Attempt 1 of 4: Connection timeout.", "Connection timeout; not sent"),
    ],
)
def test_no_receiver_answers_a_captured_attempt(
    http: FlaskClient, action: dict[str, Any], why: str, answer: str
) -> None:
    http.post("/__admin/reset")
    http.patch(TOGGLE, headers=TOKEN)
    add_fault(http, on="deliveries", times=1, **action)
    http.put("/__admin/clock", json={"now": "2026-01-01"})
    emit(http)
    [id] = rows(page(http, show="deliveries"))
    text = row(page(http, open=id), id)
    assert why in text
    assert f"{answer}: example.com is not on this machine or network" in text
    assert "eceiver" not in text


def test_a_call_by_the_page_itself_is_told_apart(http: FlaskClient) -> None:
    form = page(http).form("My Webhook")
    http.post(form.action, data=form.fields)
    http.get("/api/v1/agents", headers=TOKEN)
    shown = page(http)
    assert row(shown, "request-1").endswith("toggle by this page")
    assert "by this page" not in row(shown, "request-2")
    assert rows(page(http, show="requests", by="page")) == ["request-1"]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({}, ["request-3", "request-2", "request-1"]),
        ({"show": "requests", "status": "404"}, ["request-2"]),
        ({"show": "requests", "status": "none"}, ["request-3"]),
        ({"show": "requests", "method": "GET", "path": "*/agents"}, ["request-1"]),
        ({"show": "requests", "fault": "fault-1"}, ["request-3"]),
        ({"show": "problems"}, ["request-3", "request-2"]),
        ({"show": "deliveries"}, []),
        ({"show": "problems", "status": "200"}, ["request-3", "request-2"]),
    ],
    ids=str,
)
def test_a_view_and_its_filter_choose_the_rows(http: FlaskClient, query: dict[str, str], expected: list[str]) -> None:
    http.get("/api/v1/agents", headers=TOKEN)
    http.get("/api/v1/nope", headers=TOKEN)
    http.post("/__admin/faults", json={"action": "connection_reset", "times": 1})
    with pytest.raises(OSError, match="a fault ended the connection"):
        http.get("/api/v1/health")
    assert rows(page(http, **query)) == expected


def test_the_status_that_a_row_shows_finds_it(http: FlaskClient, world: World) -> None:
    http.get("/api/v1/agents", headers=TOKEN)
    http.get("/api/v1/nope", headers=TOKEN)
    add_fault(http, action="connection_reset", times=1)
    with pytest.raises(OSError, match="a fault ended the connection"):
        http.get("/api/v1/health")
    add_fault(http, action="hold")
    with ThreadPoolExecutor(1) as pool:
        pool.submit(http.application.test_client().get, "/api/v1/agents")
        world.default.journal.log.watch(lambda exchange: exchange.under_way, 1, None, WAIT)
        shown = page(http)
        found = {status: rows(page(http, show="requests", status=status)) for status in ("200", "404", "none", "held")}
        http.delete("/__admin/faults")
    assert list(found.values()) == [["request-1"], ["request-2"], ["request-3"], ["request-4"]]
    for status, [id] in found.items():
        assert f" {status} " in row(shown, id)


def test_deliveries_are_filtered_by_names_too_and_the_address_then_holds_the_id(delivering: FlaskClient) -> None:
    emit(delivering)
    emit(delivering, "event_recording")
    emit(delivering, "event_phone_call_error")
    [id] = rows(page(delivering, show="deliveries", status="retrying", event=STARTED))
    for query in ({"webhook_id": "my webhook"}, {"agent_id": "My Agent"}, {"event": STARTED}):
        shown = page(delivering, show="deliveries", **query)
        assert id in rows(shown)
        assert "my webhook" not in "".join(shown.links()).lower()
    skipped = rows(page(delivering, show="deliveries", status="skipped"))
    assert {each.partition("-")[0] for each in skipped} == {"event"}
    assert id not in rows(page(delivering, show="deliveries", webhook_id="Call analytics"))


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ({"show": "requests", "status": "abc"}, "status must be a code such as 404"),
        ({"show": "deliveries", "status": "faild"}, 'unknown status "faild"; did you mean failed?'),
        ({"show": "requests", "path": "toggle"}, "did you mean */toggle?"),
        ({"show": "requests", "by": "me"}, 'by must be api or page (got "me")'),
        ({"show": "deliveries", "webhook_id": "my webhok"}, "did you mean My Webhook?"),
        ({"show": "requests", "status": "500"}, "No request matches. 1 is kept; remove the filter."),
        ({"show": "deliveries"}, "No deliveries yet."),
        ({"show": "problems"}, "No problems."),
        ({"open": "request-2"}, "There is no row request-2."),
        ({"open": "request-01"}, "There is no row request-01."),
        ({"open": "delivery-1"}, "There is no row delivery-1."),  # the first row is a call
        ({"open": "delivery-9fd4b11c-62aa-4b0e-8f13-0c5d7e9a1b42"}, "There is no row delivery-9fd4b11c-"),
        ({"open": "nonsense"}, "There is no row nonsense."),
    ],
)
def test_an_empty_list_says_why(http: FlaskClient, query: dict[str, str], told: str) -> None:
    http.get("/api/v1/agents", headers=TOKEN)
    assert told in " ".join(page(http, **query).text.split())


def test_an_opened_row_that_is_no_longer_kept_is_told(delivering: FlaskClient) -> None:
    delivering.get("/api/v1/agents", headers=TOKEN)
    emit(delivering)
    emit(delivering, "event_participant_left")  # nobody gets it
    opened = rows(page(delivering))
    assert {id.partition("-")[0] for id in opened} == {"request", "delivery", "event"}
    delivering.delete("/__admin/requests")
    delivering.delete("/__admin/deliveries")
    text = page(delivering, open=opened).text
    assert all(f"{id} is no longer kept." in text for id in opened)
    delivering.get("/api/v1/agents", headers=TOKEN)
    assert "request-1 is no longer kept." in page(delivering, open="request-1").text
    assert "There is no row request-3." in page(delivering, open="request-3").text


@pytest.mark.parametrize("after", [0, 60], ids=["in the list", "apart"])
def test_a_row_that_is_named_in_several_ways_stands_once_and_closes(delivering: FlaskClient, after: int) -> None:
    [attempt] = emit(delivering)["deliveries"]
    [id] = [each for each in rows(page(delivering)) if each.startswith("delivery")]
    for _ in range(after):
        delivering.get("/api/v1/health", headers=TOKEN)
    shown = page(delivering, open=[f"delivery-{attempt['id']}", id, id.replace("-", "-0")])
    assert rows(shown).count(id) == 1
    [link] = shown.attributes("a", id=f"{id}-link")
    assert link["href"] == f"/__admin/?environment=default#{id}"
    assert shown.attributes("div", id=f"{id}-inside")


def test_counts_are_those_of_the_views(delivering: FlaskClient) -> None:
    delivering.get("/api/v1/agents", headers=TOKEN)
    emit(delivering)
    text = " ".join(page(delivering).text.split())
    found = len(rows(page(delivering)))
    assert f"All {found} Requests 1 Deliveries {found - 1} Problems {found - 1}" in text


@pytest.mark.slow
def test_a_list_has_fifty_rows_and_older_pages_that_stay_while_rows_arrive(http: FlaskClient) -> None:
    for _ in range(120):
        http.get("/api/v1/health", headers=TOKEN)
    first = page(http)
    assert rows(first) == [f"request-{number}" for number in range(120, 70, -1)]
    [older] = [link for link in first.links() if "before=" in link]
    assert "1\u201350 of 120" in first.text
    http.get("/api/v1/health", headers=TOKEN)
    second = Document(http.get(older).text)
    assert rows(second) == [f"request-{number}" for number in range(70, 20, -1)]
    assert "52\u2013101 of 121" in second.text
    last = Document(http.get([link for link in second.links() if "before=" in link][-1]).text)
    assert rows(last)[-1] == "request-1"
    assert "Older" not in last.text
    assert "102\u2013121 of 121" in last.text


def test_an_opened_call_shows_the_exchange_and_its_actions(http: FlaskClient) -> None:
    http.post(f"/api/v1/agents/{AGENT}/webhooks?a=1", headers=TOKEN, json={"name": "x", "timeout": 3})
    shown = page(http, open="request-1")
    text = " ".join(shown.text.split())
    assert "Why 422 webhook_url: The webhook url field is required" in text
    assert f"POST /api/v1/agents/{AGENT}/webhooks?a=1" in text
    assert '{\n  "name": "x",\n  "timeout": 3\n}' in shown.code
    assert '{"name": "x", "timeout": 3}' in shown.code
    links = shown.links()
    assert any("tool=faults" in link and "fault_path=%2A%2Fwebhooks" in link for link in links)
    assert any("show=requests" in link and "path=%2A%2Fwebhooks" in link for link in links)
    assert any(link.endswith("open=request-1#request-1") for link in links)


def test_bodies_are_in_the_page_for_opened_rows_only(http: FlaskClient) -> None:
    http.post(f"/api/v1/agents/{AGENT}/webhooks", headers=TOKEN, json={"name": "a text of its own"})
    assert "a text of its own" not in page(http).text
    assert "a text of its own" in page(http, open="request-1").text


def test_a_row_of_another_page_is_opened_above_the_list(http: FlaskClient) -> None:
    for _ in range(60):
        http.get("/api/v1/health", headers=TOKEN)
    shown = page(http, open="request-1")
    assert rows(shown)[0] == "request-1"
    assert "Answer 200" in " ".join(shown.text.split())


def test_an_opened_delivery_shows_its_attempts_over_time_and_the_event_elsewhere(delivering: FlaskClient) -> None:
    emit(delivering)
    delivering.post("/__admin/clock/advance", json={"seconds": 1.5})
    [id] = [each for each in rows(page(delivering)) if each.startswith("delivery")]
    shown = page(delivering, open=id)
    text = " ".join(shown.text.split())
    assert "Attempt 2 of 3: Connection refused. Attempt 3 is due at 23:50:18, in 1.5 s." in text
    assert "Advance 1.5 s to attempt 3" in [form.button for form in shown.forms]
    assert [each["class"] for each in shown.attributes("circle")] == ["failed", "failed", "due"]
    assert len({each["cx"] for each in shown.attributes("circle")}) == 3
    assert shown.attributes("line", **{"class": "now"})
    assert any(f'"event": "{STARTED}"' in code for code in shown.code)
    assert "Same event, other webhooks" in text
    assert "Call analytics skipped it does not list the event" in text


def test_a_struck_delivery_names_its_fault(delivering: FlaskClient) -> None:
    delivering.post("/__admin/faults", json={"on": "deliveries", "action": "refused", "times": 1})
    emit(delivering)
    [id] = [each for each in rows(page(delivering, show="deliveries", fault="fault-1")) if "delivery" in each]
    shown = page(delivering, open=id)
    assert "fault-1 (refused): Attempt 1: Connection refused" in row(page(delivering), id)
    assert "fault-1 (refused) struck it." in shown.text


@pytest.mark.slow
def test_a_large_body_is_cut_and_soon_shown(open_world: Callable[..., World]) -> None:
    world = open_world(hook("https://far.example/", payload_templates={STARTED: ["{{context.list}}"] * 4}))
    world.default.deliveries.emit(AGENT, STARTED, context={"list": [{}] * 100_000})
    assert world.default.deliveries.log.watch(lambda each: each.ended, 1, None, 60).satisfied
    http = create_app(world, Guard()).test_client()
    [id] = [each for each in rows(page(http)) if each.startswith("delivery")]
    assert "Only the beginning of the body is shown." in page(http, open=id).text


def test_times_are_those_of_the_environment_with_the_date_where_it_is_another_day(http: FlaskClient) -> None:
    http.put("/__admin/clock", json={"now": MOMENT})
    http.patch(TOGGLE, headers=TOKEN)
    assert row(page(http), "request-1").startswith("23:50:15.000 ")
    http.post("/__admin/clock/advance", json={"seconds": 3600})
    assert row(page(http), "request-1").startswith("09-03 23:50:15.000 ")


def test_a_fresh_environment_shows_the_steps_to_take(http: FlaskClient) -> None:
    text = " ".join(page(http).text.split())
    for step in ("Nothing has happened yet", "Point your code at the mock", "My Webhook is off", "Emit an event"):
        assert step in text
    http.put("/__admin/state", json={"agents": []})
    assert "Create an agent" in page(http).text
    http.get("/api/v1/agents", headers=TOKEN)
    assert "Nothing has happened yet" not in page(http).text


def test_a_name_that_several_webhooks_have_lists_them(http: FlaskClient) -> None:
    hooks = [
        {"id": f"hook-{n}", "name": "Twin", "webhook_url": "http://localhost:9/", "events": [STARTED]} for n in "ab"
    ]
    http.put("/__admin/state", json={"agents": [{"id": AGENT, "name": "My Agent", "webhooks": hooks}]})
    assert '2 webhooks are named "twin": hook-a, hook-b' in page(http, show="deliveries", webhook_id="twin").text


def test_deliveries_of_a_deleted_webhook_are_still_found(delivering: FlaskClient) -> None:
    emit(delivering)
    delivering.delete(TOGGLE.removesuffix("/toggle"), headers=TOKEN)
    assert rows(page(delivering, show="deliveries", webhook_id=WEBHOOK)) != []


@pytest.mark.parametrize(
    ("view", "query"),
    [("requests", {"status": "404", "path": "*/nope"}), ("deliveries", {"event": STARTED, "status": "retrying"})],
)
def test_what_a_filter_finds_is_there_as_json(delivering: FlaskClient, view: str, query: dict[str, str]) -> None:
    delivering.get("/api/v1/nope", headers=TOKEN)
    delivering.get("/api/v1/health", headers=TOKEN)
    emit(delivering)
    [link] = [each for each in page(delivering, show=view, **query).links() if each.startswith(f"/__admin/{view}?")]
    assert len(delivering.get(link).get_json()[view]) == 1
