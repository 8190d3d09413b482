"""The tools above the list: what each shows, and what its forms do."""

import re
from functools import partial
from threading import Thread
from time import monotonic
from typing import Any

import pytest
import requests
from flask.testing import FlaskClient

from talkover_mock.admin.page import tools as tools_module
from talkover_mock.admin.page.address import Address
from talkover_mock.admin.page.tools import panel_of
from talkover_mock.dialect.events import EVENTS
from talkover_mock.dialect.scenarios import SCENARIOS
from talkover_mock.environments.environment import Environment
from talkover_mock.environments.world import World
from talkover_mock.loading.fixture import read_fixture
from talkover_mock.loading.mistakes import Source
from talkover_mock.web.server import Server
from tests.support.delivering import STARTED, WAIT
from tests.support.documented import AGENT, TOGGLE, TOKEN, WEBHOOK
from tests.support.page_document import PAGE, page, press, rows, told
from tests.support.rows import each_row
from tests.support.turns import errors_in, every_turn

NAME = "My Webhook"
MOMENT = "2025-09-03T23:50:15.000Z"


def test_the_bar_shows_the_state_of_each_tool(http: FlaskClient) -> None:
    assert "Faults 0" in " ".join(page(http).text.split())
    http.put("/__admin/clock", json={"now": MOMENT})
    http.post(f"/api/v1/agents/{AGENT}/call", headers=TOKEN, json={"to": "+1234567890"})
    http.post("/__admin/faults", json={"preset": "maintenance"})
    http.put("/__admin/snapshots/before")
    text = " ".join(page(http).text.split())
    assert "Emit Calls 1 Clock frozen 23:50:15 Faults 1 Snapshots 1 Reset" in text


def test_one_tool_is_open_at_a_time(http: FlaskClient) -> None:
    for tool in ("emit", "calls", "clock", "faults", "snapshots", "reset"):
        shown = page(http, tool=tool)
        [opened] = [
            each["id"] for each in shown.attributes("a", **{"aria-expanded": "true", "aria-controls": f"panel-{tool}"})
        ]
        assert opened == f"tool-{tool}"
        assert [each["id"] for each in shown.attributes("section") if "panel" in (each["id"] or "")] == [
            f"panel-{tool}"
        ]


@pytest.mark.slow
@pytest.mark.parametrize("what", ["scenario:mine", STARTED])
def test_the_form_of_events_is_shown_while_a_reset_takes_its_agent_and_its_scenario(what: str) -> None:
    def prepare() -> Environment:
        environment = World(read_fixture([])).default
        more = {"agents": [{"id": "a", "name": "A"}], "scenarios": {"mine": [{"event": STARTED}]}}
        environment.documents.merge(Source("body", "", more))
        return environment

    def show(environment: Environment) -> object:
        return panel_of(environment, Address("default", [("tool", "emit"), ("owner", "a"), ("what", what)]), {})

    for _, results in every_turn(prepare, show, Environment.reset, tools_module):
        assert errors_in(results) == []


def test_the_form_of_events_knows_every_event_and_tells_who_gets_it(http: FlaskClient, world: World) -> None:
    shown = page(http, tool="emit")
    assert [each["value"] for each in shown.attributes("option") if each.get("value") in EVENTS] == list(EVENTS)
    assert "Would reach 0 of 2 webhooks." in shown.text
    assert "My Webhook is disabled" in shown.text
    preview = page(http, tool="emit", owner=AGENT, what="event_recording").text
    assert "Would reach 1 of 2 webhooks: Call analytics." in preview
    fields = {"what": "event_recording", "call_id": "c1", "context": '{"a": "b"}'}
    assert press(http, "Emit", tool="emit", **fields) == "event_recording goes to 1 webhook; 1 webhook skipped."
    [delivery] = world.default.deliveries.log.watch(lambda _: True, 1, None, WAIT).items
    assert (delivery.occurrence.call["id"], delivery.occurrence.context) == ("c1", {"a": "b"})


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        (
            {"call": "{"},
            "call is not JSON: Expecting property name enclosed in double quotes: line 1 column 2 (char 1)",
        ),
        ({"data": "[1]"}, "data must be an object (got [1])"),
        ({"owner": "My Agnt"}, 'no agent in environment default is named "My Agnt"; did you mean My Agent?'),
    ],
)
def test_an_event_that_cannot_be_emitted_is_told(http: FlaskClient, fields: dict[str, str], expected: str) -> None:
    assert expected in press(http, "Emit", tool="emit", **fields)


def test_an_event_is_emitted_at_a_campaign_and_at_an_agent_by_its_name(http: FlaskClient, world: World) -> None:
    http.patch("/__admin/state", json={"campaigns": [{"id": "spring", "name": "Spring", "agent_id": AGENT}]})
    shown = page(http, tool="emit", owner="spring")
    assert any(each.get("value") == "campaign.started" for each in shown.attributes("option"))
    assert press(http, "Emit", tool="emit", owner="Spring", what="campaign.started").startswith("campaign.started goes")
    assert press(http, "Emit", tool="emit", owner="my agent").startswith(STARTED)
    assert [each.occurrence.agent_id for each in world.default.deliveries.events.all()] == [AGENT, AGENT]


def test_of_many_agents_the_name_is_typed(http: FlaskClient) -> None:
    http.put("/__admin/state", json={"agents": [{"id": f"a{n}", "name": f"Desk {n % 60}"} for n in range(61)]})
    shown = page(http, tool="emit")
    assert [each["name"] for each in shown.attributes("input", placeholder="name or id")] == ["owner"]
    assert press(http, "Emit", tool="emit", owner="desk 7").startswith(f"{STARTED} goes to 0 webhooks")
    assert press(http, "Emit", tool="emit", owner="Desk 0") == '2 agents are named "Desk 0": a0, a60'


@pytest.mark.slow
def test_a_scenario_is_played_and_its_call_is_ended(http: FlaskClient, world: World) -> None:
    http.put("/__admin/clock", json={"now": "2025-09-03T23:50:15Z"})
    assert "No calls yet." in page(http, tool="calls").text
    values = [each["value"] for each in page(http, tool="emit").attributes("option")]
    assert [f"scenario:{name}" for name in SCENARIOS] == [each for each in values if each and "scenario:" in each]
    played = press(http, "Emit", tool="emit", what="scenario:answered", context='{"a": 1}', call_id="c9")
    assert played == "answered is played: 5 events in 57 s."
    [(call, _)] = world.default.calls.search({})[0]
    assert (call.id, call.agent_id, call.context) == ("c9", AGENT, {"a": 1})
    http.post("/__admin/clock/advance", json={"seconds": 5})
    for text in (call.to, "answered", "My Agent", "23:50:15"):
        assert text in page(http, tool="calls").text
    end = f"End the call to {call.to}"
    assert press(http, end, tool="calls") == "The call is ended; its status is completed."
    assert not page(http, tool="calls").attributes("button", **{"aria-label": end})


def test_a_call_is_placed_and_the_latest_are_shown(http: FlaskClient, world: World) -> None:
    assert press(http, "Place a call", tool="calls", to="+49301234000") == "A call to +49301234000 is placed."
    assert "was answered with 400" in press(http, "Place a call", tool="calls", to="nobody")
    for number in range(10, 22):
        world.default.calls.place(AGENT, {"to": f"+49301234{number}"})
    shown = page(http, tool="calls")
    assert "Calls 13" in " ".join(shown.text.split())
    for each in ("+49301234000", "+4930123410"):
        assert shown.form(f"End the call to {each}")
    for call, _ in world.default.calls.search({})[0]:
        http.post(f"/api/v1/agents/{AGENT}/end-call", headers=TOKEN, json={"call_sid": call.id})
    text = page(http, tool="calls").text
    assert ("+4930123421" in text, "+49301234000" in text) == (True, False)
    assert "3 earlier calls not shown" in text
    assert re.search(r"completed, \d\d:\d\d:\d\d", text), "of today, the time alone"
    http.put("/__admin/clock", json={"now": "2099-01-01T00:00:00Z"})
    assert re.search(r"completed, \d{4}-\d\d-\d\d \d\d:\d\d:\d\d", page(http, tool="calls").text)


def test_the_clock_is_frozen_advanced_and_unfrozen(http: FlaskClient, world: World) -> None:
    assert press(http, "Freeze at", tool="clock", now="2025-09-03T23:50:15Z") == f"The clock is frozen at {MOMENT}."
    assert "2025-09-03 23:50:15" in page(http, tool="clock").text
    moved = press(http, "Advance", tool="clock", seconds="90")
    assert moved == "The clock is advanced to 2025-09-03T23:51:45.000Z."
    assert press(http, "Unfreeze", tool="clock") == "The clock is unfrozen: it shows the real time."
    assert not world.default.clock.is_frozen
    press(http, "Freeze now", tool="clock")
    assert world.default.clock.is_frozen


def test_a_frozen_clock_is_advanced_to_the_next_delivery(http: FlaskClient) -> None:
    webhook = {"id": WEBHOOK, "enabled": True, "webhook_url": "http://localhost:9/", "max_retries": 1}
    http.patch("/__admin/state", json={"agents": [{"id": AGENT, "webhooks": [webhook]}]})
    http.put("/__admin/clock", json={"now": MOMENT})
    http.post("/__admin/events", json={"agent_id": AGENT, "event": STARTED, "wait": WAIT})
    assert press(http, "Advance 1 s to the next delivery", tool="clock").endswith("23:50:16.000Z.")
    [id] = [each for each in rows(page(http)) if "delivery" in each]
    assert "2 attempts" in page(http).texts[id]


def test_a_delivery_is_redelivered_and_replayed(http: FlaskClient, world: World) -> None:
    press(http, NAME)
    first = http.post("/__admin/events", json={"agent_id": AGENT, "event": STARTED, "wait": WAIT}).get_json()
    [id] = [each for each in rows(page(http)) if "delivery" in each]
    for button, said in (("Redeliver", "redelivered"), ("Replay the same bytes", "replayed")):
        form = page(http, open=id).form(button)
        assert told(http, http.post(form.action, data=form.fields)) == f"{STARTED} is {said}."
    copies = world.default.deliveries.log.watch(lambda each: each.copy_of is not None and each.ended, 2, None, WAIT)
    assert copies.satisfied
    assert first["deliveries"][0]["id"] in page(http, open=id).text


def test_a_delivery_that_retries_is_still_retrying_after_a_redelivery(http: FlaskClient, world: World) -> None:
    webhook = {"id": WEBHOOK, "enabled": True, "webhook_url": "http://localhost:9/", "max_retries": 5}
    http.patch("/__admin/state", json={"agents": [{"id": AGENT, "webhooks": [webhook]}]})
    http.put("/__admin/clock", json={"now": MOMENT})
    http.post("/__admin/events", json={"agent_id": AGENT, "event": STARTED, "wait": WAIT})
    [id] = [each for each in rows(page(http)) if "delivery" in each]
    for number, button in enumerate(("Redeliver", "Replay the same bytes"), 1):
        form = page(http, open=id).form(button)
        http.post(form.action, data=form.fields)
        log = world.default.deliveries.log
        assert log.watch(lambda each: each.copy_of is not None and each.ended, number, None, WAIT).satisfied
        shown = page(http, open=id)
        assert shown.form("Advance 1 s to attempt 2")
        assert "nothing more will be sent" not in shown.text.lower()
        assert "retrying" in shown.texts[id].split()


def test_faults_on_calls_are_added_used_added_again_and_removed(http: FlaskClient, world: World) -> None:
    given = {"what": "maintenance", "fault_method": "PATCH", "fault_path": "*/toggle", "times": "2"}
    assert press(http, "Add fault", tool="faults", action="add_call_fault", **given) == "fault-1 is added."
    assert "used 0 of 2" in page(http, tool="faults").text
    for _ in range(2):
        assert http.patch(TOGGLE, headers=TOKEN).status_code == 503
    shown = page(http, tool="faults")
    for text in ("maintenance", "calls, PATCH */toggle", "used up: 2 of 2"):
        assert text in shown.text
    assert any("show=requests&fault=fault-1" in link for link in shown.links())
    assert press(http, "Add fault-1 again", tool="faults") == "fault-2 is added."
    [_, again] = world.default.faults.all()
    assert (again.spec, again.limits) == (world.default.faults.all()[0].spec, world.default.faults.all()[0].limits)
    assert press(http, "Remove fault-1", tool="faults") == "fault-1 is removed."
    assert [fault.id for fault in world.default.faults.all()] == ["fault-2"]


def test_a_fault_that_applies_the_call_is_added(http: FlaskClient, world: World) -> None:
    given = {"what": "connection_reset", "times": "", "apply": "yes"}
    press(http, "Add fault", tool="faults", action="add_call_fault", **given)
    [fault] = world.default.faults.all()
    assert (fault.spec.action, fault.spec.apply, fault.limits.times) == ("connection_reset", True, None)
    assert "connection_reset, applied" in page(http, tool="faults").text


def test_calls_are_delayed_by_the_seconds_given_alone_or_before_an_answer(http: FlaskClient, world: World) -> None:
    add = partial(press, http, "Add fault", tool="faults", action="add_call_fault")
    assert add(what="delay") == "a delay needs its seconds; fill in Seconds"
    assert add(what="delay", seconds="0.5") == "fault-1 is added."
    assert add(what="maintenance", seconds="2") == "fault-2 is added."
    delayed, answered = [fault.spec for fault in world.default.faults.all()]
    assert (delayed.kind, delayed.delay_seconds, delayed.replaces) == ("delay", 0.5, False)
    assert (answered.preset, answered.delay_seconds) == ("maintenance", 2)
    text = page(http, tool="faults").text
    assert "delay 0.5 s" in text
    assert "maintenance, delay 2 s" in text


def test_faults_on_deliveries_are_added_for_a_webhook_by_name(http: FlaskClient, world: World) -> None:
    given = {"what": "delay", "fault_event": STARTED, "fault_webhook": "my webhook", "seconds": "30", "after": "1"}
    assert press(http, "Add fault", tool="faults", action="add_delivery_fault", **given) == "fault-1 is added."
    [fault] = world.default.faults.all()
    assert (fault.spec.webhook_id, fault.spec.delay_seconds, fault.limits.after) == (WEBHOOK, 30, 1)
    text = page(http, tool="faults").text
    assert "delay, delay_seconds 30" in text
    assert f"deliveries, event {STARTED}, webhook My Webhook" in text
    assert press(http, "Add fault", tool="faults", action="add_delivery_fault", fault_webhook="nobody").startswith(
        "no webhook"
    )


@each_row(
    ("fault", "shown"),
    [
        ({"preset": "maintenance"}, "any call"),
        ({"preset": "maintenance", "match": {"json": {"enabled": False}}}, 'calls, json={"enabled": false}'),
        (
            {"preset": "maintenance", "match": {"method": "PUT", "headers": {"X-Team": "blue"}, "query": {"page": 2}}},
            'calls, PUT headers={"X-Team": "blue"} query={"page": "2"}',
        ),
        ({"on": "deliveries", "action": "refused"}, "any delivery"),
        (
            {"on": "deliveries", "action": "refused", "match": {"json": {"call_id": "c1"}}},
            'deliveries, json={"call_id": "c1"}',
        ),
        (
            {"on": "deliveries", "action": "refused", "match": {"attempt": 2, "headers": {"X-Team": "blue"}}},
            'deliveries, attempt 2, headers={"X-Team": "blue"}',
        ),
    ],
)
def test_a_fault_says_what_it_strikes(http: FlaskClient, fault: dict[str, Any], shown: str) -> None:
    http.post("/__admin/reset")
    http.post("/__admin/faults", json=fault)
    assert f" {shown} fault-1 · used 0 times" in " ".join(page(http, tool="faults").text.split())


def test_a_fault_for_a_row_is_filled_in(http: FlaskClient) -> None:
    http.patch(TOGGLE, headers=TOKEN)
    [link] = [each for each in page(http, open="request-1").links() if "tool=faults" in each and "fault_path" in each]
    assert "<option selected>PATCH</option>" in http.get(link).text
    assert 'value="*/toggle"' in http.get(link).text


@pytest.mark.slow
def test_a_call_that_a_fault_holds_is_released(http: FlaskClient, server: Server, world: World) -> None:
    http.post("/__admin/faults", json={"action": "hold"})
    call = Thread(target=requests.patch, args=(server.url + TOGGLE,), kwargs={"headers": TOKEN, "timeout": 2 * WAIT})
    call.start()
    end = monotonic() + WAIT
    while not world.default.activity.rows("problems").rows:
        assert monotonic() < end
    shown = page(http, open="request-1")
    assert "fault-1 (hold) holds the call until it is removed." in " ".join(shown.text.split())
    assert "request-1" in rows(page(http, show="requests", status="held"))
    form = shown.form("Release")
    assert told(http, http.post(form.action, data=form.fields)) == "fault-1 is removed."
    call.join(WAIT)
    assert "200 PATCH" in " ".join(page(http).texts["request-1"].split())


def test_stubs_are_added_and_removed(http: FlaskClient) -> None:
    given = {"path": "/api/v1/agents/{agent_id}/callback", "status": "201", "body": '{"ok": true}'}
    said = press(http, "Add stub", tool="faults", **given)
    assert said == "The stub of POST /api/v1/agents/{agent_id}/callback is added."
    answer = http.post(f"/api/v1/agents/{AGENT}/callback", headers=TOKEN)
    assert (answer.status_code, answer.get_json()) == (201, {"ok": True})
    press(http, "Add stub", tool="faults", **{**given, "path": "/api/v1/phone-numbers"})
    said = press(http, "Remove the stub of POST /api/v1/phone-numbers", tool="faults")
    assert said == "The stub of POST /api/v1/phone-numbers is removed."
    assert http.post(f"/api/v1/agents/{AGENT}/callback", headers=TOKEN).status_code == 201
    assert press(http, "Remove all stubs", tool="faults") == "1 stub removed."


def test_snapshots_are_taken_restored_and_deleted(http: FlaskClient, world: World) -> None:
    assert press(http, "Take a snapshot", tool="snapshots", name="before") == "Snapshot before is taken."
    press(http, NAME)
    assert press(http, "Restore before", tool="snapshots") == "Snapshot before is restored."
    webhook = world.default.webhook(WEBHOOK)
    assert webhook
    assert not webhook.enabled
    assert press(http, "Delete before", tool="snapshots") == "Snapshot before is deleted."
    assert world.default.snapshots.all() == []
    assert "a name is up to 100 letters" in press(http, "Take a snapshot", tool="snapshots", name="a b")
    for number in range(22):
        world.default.snapshots.take(f"snapshot-{number}")
    assert "2 older snapshots not shown" in page(http, tool="snapshots").text


def test_rows_are_cleared_and_the_environment_is_reset(http: FlaskClient, world: World) -> None:
    press(http, NAME)
    assert press(http, "Clear requests") == "1 request cleared."
    http.post("/__admin/events", json={"agent_id": AGENT, "event": STARTED, "wait": WAIT})
    assert press(http, "Clear deliveries") == "1 attempt cleared."
    said = press(http, "Reset this environment", tool="reset")
    assert said == "Environment default is reset to its fixture."
    webhook = world.default.webhook(WEBHOOK)
    assert webhook
    assert not webhook.enabled
    assert rows(page(http)) == []


def test_an_action_leads_back_to_the_address_it_was_on(http: FlaskClient) -> None:
    answer = http.post(PAGE + "?environment=default&show=problems&tool=clock&said=7", data={"action": "freeze"})
    assert answer.headers["Location"] == "/__admin/?environment=default&show=problems&tool=clock&said=1"
