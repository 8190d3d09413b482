"""The page at `/__admin/` without a browser: what it shows, what its forms do, and who is kept out."""

import base64
from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient

from talkover_mock.admin.guard import Guard
from talkover_mock.admin.page.contents import contents_of
from talkover_mock.admin.page.dashboard import HEADERS
from talkover_mock.app import create_app
from talkover_mock.base.moments import to_milliseconds
from talkover_mock.dialect.events import EVENTS
from talkover_mock.dialect.scenarios import SCENARIOS
from talkover_mock.environments.world import World
from tests.support.delivering import STARTED, WAIT
from tests.support.documented import AGENT, TOGGLE, TOKEN, UNKNOWN, WEBHOOK, toggle_path
from tests.support.frozen import Time, frozen_world
from tests.support.page_document import PAGE, page, press, told

NAME = "My Webhook"
POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
MOMENT = "2025-09-03T23:50:15.000Z"


def state(world: World, name: str = "default") -> dict[str, Any]:
    environment = world.by_name(name)
    return {
        "enabled": (webhook := environment.webhook(WEBHOOK)) and webhook.enabled,
        "faults": [fault.id for fault in environment.faults.all()],
        "snapshots": [snapshot.name for snapshot in environment.snapshots.all()],
        "frozen": environment.clock.is_frozen,
    }


def requests_of(world: World, name: str = "default") -> list[tuple[str, str, int | None]]:
    journal = world.by_name(name).journal.log.watch(lambda _: True).items
    return [(exchange.method, exchange.path, exchange.status) for exchange in journal]


def test_it_shows_the_agents_and_webhooks_of_the_environment_that_is_chosen(http: FlaskClient) -> None:
    default, staging = page(http), page(http, "staging")
    assert [each["aria-label"] for each in default.attributes("button", role="switch")] == [
        NAME,
        "Call analytics",
        "Voicemail to inbox",
        "Failing endpoint",
    ]
    assert [each["aria-checked"] for each in default.attributes("button", role="switch")] == [
        "false",
        "true",
        "true",
        "true",
    ]
    for text in ("My Agent", AGENT, WEBHOOK, "https://example.com/webhook", "disabled", "active", "error"):
        assert text in default.text
    assert NAME not in staging.text
    assert {"default", "staging", "production"} <= set(staging.text.split())


def test_without_a_choice_it_is_the_environment_of_the_token_or_the_default_one(http: FlaskClient) -> None:
    assert http.get(PAGE).text.count("<title>default ") == 1
    assert http.get(PAGE, headers={"Authorization": "Bearer talq_staging"}).text.count("<title>staging ") == 1
    assert http.get("/__admin").text.count("<title>default ") == 1


def test_an_environment_that_there_is_not_is_a_problem(http: FlaskClient) -> None:
    for answer in (http.get(PAGE + "?environment=stagin"), http.post(PAGE + "?environment=stagin")):
        assert (answer.status_code, answer.get_json()["title"]) == (404, "No such environment")


def test_the_journal_is_there_with_the_whole_exchange(http: FlaskClient) -> None:
    http.patch(TOGGLE, headers=TOKEN)
    http.post(f"/api/v1/agents/{AGENT}/webhooks?a=1", headers=TOKEN, json={"name": "x", "timeout": 3})
    shown = page(http)
    assert "PATCH" in shown.text
    assert f"/api/v1/agents/{AGENT[:8]}…/webhooks?a=1" in shown.text
    assert '{\n  "name": "x",\n  "timeout": 3\n}' in shown.code
    assert '{"name": "x", "timeout": 3}' in shown.code
    assert "The webhook url field is required" in shown.text
    assert any('"updated_at"' in code for code in shown.code)


def test_no_token_gets_into_the_page(http: FlaskClient) -> None:
    secret = {"Authorization": "Bearer talq_a_long_secret_token"}
    http.patch(TOGGLE, headers=secret)
    http.get("/api/v1/agents", headers={"Authorization": "Bearer talq_staging"})
    for name in ("default", "staging", "production"):
        html = http.get(PAGE, query_string={"environment": name}).text
        assert "talq_a_long" not in html
        assert "talq_staging" not in html
        assert "talq_production" not in html
    assert "Bearer talq_***en" in page(http).text


@pytest.mark.parametrize("path", [PAGE, PAGE + "page.css", PAGE + "page.js", PAGE + "?environment=staging"])
def test_every_answer_of_it_carries_the_policy(http: FlaskClient, path: str) -> None:
    answer = http.get(path)
    assert answer.headers["Content-Security-Policy"] == POLICY
    assert {name: answer.headers[name] for name in HEADERS} == HEADERS
    assert HEADERS["Referrer-Policy"] == "same-origin"


def test_nothing_of_it_is_inline_or_comes_from_another_host(http: FlaskClient) -> None:
    http.patch(TOGGLE, headers=TOKEN)
    shown = page(http)
    assert [each["src"] for each in shown.attributes("script")] == ["/__admin/page.js"]
    assert [each["href"] for each in shown.attributes("link", rel="stylesheet")] == ["/__admin/page.css"]
    assert shown.attributes("style") == []
    names = {name for _, given in shown.elements for name in given}
    assert not {name for name in names if name.startswith("on") or name == "style"}
    for name in ("page.css", "page.js"):
        assert "//" not in http.get(PAGE + name).text.replace("// ", "").replace("/*", "").replace("*/", "")


@pytest.mark.parametrize("headers", [{"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}], ids=str)
def test_a_web_page_of_another_origin_neither_reads_nor_drives_it(
    http: FlaskClient, world: World, headers: dict[str, str]
) -> None:
    fields = page(http).form(NAME).fields
    assert http.get(PAGE, headers=headers).status_code == 403
    assert http.post(PAGE, headers=headers, data=fields).status_code == 403
    assert (state(world)["enabled"], requests_of(world)) == (False, [])


def test_the_admin_token_opens_it_as_the_password_that_a_browser_asks_for(world: World) -> None:
    http = create_app(world, Guard(token="secret")).test_client()
    refused = http.get(PAGE)
    assert (refused.status_code, refused.headers["WWW-Authenticate"]) == (401, 'Basic realm="talkover-mock"')
    assert "WWW-Authenticate" not in http.get("/__admin/state").headers
    for password, status in (("secret", 200), ("Secret", 401), ("", 401)):
        basic = {"Authorization": "Basic " + base64.b64encode(f"me:{password}".encode()).decode()}
        assert http.get(PAGE, headers=basic).status_code == status
    basic = {"Authorization": "Basic " + base64.b64encode(b"me:secret").decode()}
    answer = http.post(PAGE, headers=basic, data={"action": "take_snapshot", "name": "before"})
    assert (answer.status_code, state(world)["snapshots"]) == (303, ["before"])
    assert "$ADMIN_TOKEN" in http.get(PAGE, headers=basic).text


def test_the_switch_toggles_through_the_real_api(http: FlaskClient, world: World) -> None:
    assert press(http, NAME) == "Webhook enabled: My Webhook."
    assert state(world)["enabled"]
    assert press(http, NAME) == "Webhook disabled: My Webhook."
    assert requests_of(world) == [("PATCH", TOGGLE, 200), ("PATCH", TOGGLE, 200)]


def test_the_switch_of_another_environment_uses_its_token(http: FlaskClient, world: World) -> None:
    [form, *_] = [form for form in page(http, "staging").forms if form.fields.get("action") == "toggle"]
    path = toggle_path(form.fields["agent_id"], form.fields["webhook_id"])
    assert told(http, http.post(form.action, data=form.fields)).startswith("Webhook ")
    assert requests_of(world, "staging") == [("PATCH", path, 200)]
    assert requests_of(world) == []


def test_a_token_that_another_environment_took_is_not_used_for_the_default_one(http: FlaskClient, world: World) -> None:
    taken = world.open(world.default.baseline, "taken", "talq_page_1")
    press(http, NAME)
    assert state(world)["enabled"]
    assert taken.journal.log.watch(lambda _: True).items == []


def test_the_form_of_events_knows_every_event_and_tells_who_gets_it(http: FlaskClient, world: World) -> None:
    values = [each["value"] for each in page(http).attributes("option") if each.get("value") in EVENTS]
    assert values == list(EVENTS)
    told_text = press(http, "Emit", event="event_recording", call='{"id": "c1"}', context='{"a": "b"}')
    assert told_text.startswith("event_recording goes to 1 webhook; not to ")
    found = world.default.deliveries.log.watch(lambda _: True, 1, None, WAIT)
    assert [each.occurrence.event for each in found.items] == ["event_recording"]
    shown = page(http)
    assert "event_recording" in shown.text
    assert any('"call_id": "c1"' in code for code in shown.code)


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        (
            {"call": "{"},
            "call is not JSON: Expecting property name enclosed in double quotes: line 1 column 2 (char 1)",
        ),
        ({"data": "[1]"}, "data must be an object (got [1])"),
        ({"agent_id": UNKNOWN}, f'no agent in environment default has the id "{UNKNOWN}"'),
    ],
)
def test_an_event_that_cannot_be_emitted_is_told(http: FlaskClient, fields: dict[str, str], expected: str) -> None:
    assert expected in press(http, "Emit", **fields)


def test_a_scenario_is_played_and_its_call_is_ended(http: FlaskClient, world: World) -> None:
    http.put("/__admin/clock", json={"now": "2025-09-03T23:50:15Z"})
    assert "No calls yet." in page(http).text
    values = [each["value"] for each in page(http).attributes("option") if each.get("value") in SCENARIOS]
    assert values == list(SCENARIOS)
    assert press(http, "Play", name="answered", context='{"a": 1}') == "answered is played: 5 events in 57 s."
    [(call, _)] = world.default.calls.search({})[0]
    assert (call.agent_id, call.context) == (AGENT, {"a": 1})
    http.post("/__admin/clock/advance", json={"seconds": 5})
    for text in (call.to, "answered", "My Agent", "23:50:15"):
        assert text in page(http).text
    assert press(http, f"End the call to {call.to}") == "The call is ended; its status is completed."
    assert "completed" in page(http).text
    assert not page(http).attributes("button", **{"aria-label": f"End the call to {call.to}"})


def test_a_scenario_that_can_not_be_played_is_told(http: FlaskClient) -> None:
    assert press(http, "Play", name="voicemial").endswith(
        '404: no scenario is named "voicemial"; did you mean voicemail?'
    )


def test_the_latest_calls_are_shown_and_how_many_more_there_are(http: FlaskClient, world: World) -> None:
    for number in range(10, 32):
        world.default.calls.place(AGENT, {"to": f"+49301234{number}"})
    text = page(http).text
    assert ("+4930123431" in text, "+4930123411" in text) == (True, False)
    assert "2 earlier calls are not shown" in text


def test_the_clock_is_frozen_advanced_and_unfrozen(http: FlaskClient, world: World) -> None:
    [at_a_moment] = [
        form for form in page(http).forms if form.fields.get("action") == "freeze" and "now" in form.fields
    ]
    answer = http.post(at_a_moment.action, data={**at_a_moment.fields, "now": "2025-09-03T23:50:15Z"})
    assert told(http, answer) == f"The clock is frozen at {MOMENT}."
    assert "2025-09-03 23:50:15" in page(http).text
    assert press(http, "Advance", seconds="90") == "The clock is advanced to 2025-09-03T23:51:45.000Z."
    assert press(http, "Unfreeze") == "The clock is unfrozen: it shows the real time."
    assert not state(world)["frozen"]
    http.post(PAGE, data={"action": "freeze"})
    assert state(world)["frozen"]


def test_an_attempt_is_sent_again_and_names_what_it_repeats(http: FlaskClient, world: World) -> None:
    press(http, NAME)
    http.post("/__admin/faults", json={"on": "deliveries", "action": "lose_answer", "times": 1, "match": {"url": "h*"}})
    shown = page(http)
    for text in ("lose_answer", "deliveries, url h*", "1 time; matched 0, struck 0"):
        assert text in shown.text
    first = http.post("/__admin/events", json={"agent_id": AGENT, "event": STARTED, "wait": WAIT}).get_json()
    assert "Struck by fault-1 (lose_answer)" in page(http).text
    id = first["deliveries"][0]["id"]
    told_of = told(http, http.post(PAGE, data={"action": "redeliver", "id": id}))
    assert told_of == f"{STARTED} is sent again."
    assert world.default.deliveries.log.watch(lambda each: each.copy_of == id, 1, None, WAIT).satisfied
    assert f"repeats attempt {id}" in page(http).text


def test_a_fault_in_force_is_shown_with_what_it_does_and_removed(http: FlaskClient, world: World) -> None:
    match = {"method": "PATCH", "path": "/api/v1/*"}
    http.post("/__admin/faults", json={"preset": "maintenance", "times": 2, "match": match})
    assert press(http, NAME) == f"PATCH {TOGGLE} was answered with 503: fault-1 (maintenance) struck"
    shown = page(http)
    for text in ("maintenance", "PATCH /api/v1/*", "2 times; matched 1, struck 1"):
        assert text in shown.text
    assert press(http, "Remove fault-1") == "Fault fault-1 is removed."
    assert state(world)["faults"] == []


@pytest.mark.parametrize(
    ("action", "expected"),
    [
        ("connection_reset", "got no answer: a fault ended the connection."),
        ("truncated_body", "got no answer: a fault ended the answer."),
        ("malformed_json", "got an answer that is not as documented."),
    ],
)
def test_a_fault_that_leaves_no_answer_is_told(http: FlaskClient, action: str, expected: str) -> None:
    http.post("/__admin/faults", json={"action": action})
    assert press(http, NAME) == f"PATCH {TOGGLE} {expected}"
    assert http.get(PAGE).status_code == 200


def test_snapshots_are_taken_restored_and_deleted(http: FlaskClient, world: World) -> None:
    assert press(http, "Take", name="before") == "Snapshot before is taken."
    press(http, NAME)
    assert press(http, "Restore before") == "Snapshot before is restored."
    assert (state(world)["enabled"], state(world)["snapshots"]) == (False, ["before"])
    assert press(http, "Delete before") == "Snapshot before is deleted."
    assert state(world)["snapshots"] == []
    assert "a name is up to 100 letters" in press(http, "Take", name="a b")


def test_reset_goes_back_to_the_fixture(http: FlaskClient, world: World) -> None:
    press(http, NAME)
    assert press(http, "Yes, reset default") == "Environment default is reset to its fixture."
    assert (state(world)["enabled"], requests_of(world)) == (False, [])


def test_an_action_that_there_is_not_is_a_problem_and_one_without_its_fields_is_told(http: FlaskClient) -> None:
    answer = http.post(PAGE, data={"action": "togle"})
    assert (answer.status_code, answer.get_json()["detail"]) == (422, 'unknown action "togle"; did you mean toggle?')
    assert told(http, http.post(PAGE, data={"action": "toggle"})) == 'the form has no field "agent_id"'


def test_an_environment_that_no_token_opens_can_be_read_and_says_so(http: FlaskClient, world: World) -> None:
    world.by_name("staging").tokens = ()
    answer = http.post(PAGE + "?environment=staging", data={"action": "reset"})
    assert told(http, answer) == "the fixture gives environment staging no valid token"


def test_the_message_of_an_action_is_told_by_its_own_page_only(http: FlaskClient) -> None:
    location = http.post(PAGE, data={"action": "reset"}).headers["Location"]
    assert location == "/__admin/?environment=default&said=1"
    assert "is reset to its fixture" in http.get(location).text
    assert "is reset to its fixture" not in http.get(PAGE).text
    assert "outcome good" not in http.get(PAGE + "?said=99").text


def test_crashes_of_the_mock_itself_are_shown(http: FlaskClient, world: World) -> None:
    world.default.report("Traceback: <broken>")
    assert "Traceback: <broken>" in page(http).code


@pytest.mark.slow
def test_a_page_shows_the_first_of_very_many_webhooks_and_says_so(http: FlaskClient) -> None:
    webhooks = [
        {"name": f"w{n}", "webhook_url": "http://localhost/", "events": [next(iter(EVENTS))]} for n in range(250)
    ]
    agents = [{"id": f"a{n}", "name": f"A{n}", "webhooks": webhooks if n == 0 else []} for n in range(120)]
    assert http.put("/__admin/state", json={"agents": agents}).status_code == 200
    shown = page(http)
    assert len(shown.attributes("button", role="switch")) == 200
    assert "20 more agents and 50 more webhooks are not shown" in shown.text


def test_times_are_those_of_the_environment(http: FlaskClient, world: World) -> None:
    http.put("/__admin/clock", json={"now": "2025-09-03T23:50:15Z"})
    http.patch(TOGGLE, headers=TOKEN)
    assert to_milliseconds(world.default.clock.moment()) == MOMENT
    assert "23:50:15.000" in page(http).text


def test_its_version_changes_with_what_is_shown_and_not_with_the_time() -> None:
    time = Time()
    environment = frozen_world(time).default
    environment.clock.move_to(time.moment + timedelta(seconds=0.505))
    versions = set()
    for _ in range(20):
        versions.add(contents_of(environment, ["default"]).version())
        time.advance(0.05)
    assert len(versions) == 1
    environment.clock.move_to(environment.clock.moment() + timedelta(seconds=60))
    assert contents_of(environment, ["default"]).version() not in versions


@pytest.mark.slow
def test_the_latest_snapshots_are_shown_and_how_many_more_there_are(http: FlaskClient, world: World) -> None:
    for number in range(102):
        world.default.snapshots.take(f"snapshot-{number}")
    text = page(http).text
    assert "snapshot-101" in text
    assert "snapshot-1 " not in text
    assert "2 more snapshots are not shown" in text


def test_messages_of_long_ago_are_forgotten(http: FlaskClient) -> None:
    first = http.post(PAGE, data={"action": "freeze"}).headers["Location"]
    for _ in range(101):
        http.post(PAGE, data={"action": "unfreeze"})
    assert "The clock is frozen" not in http.get(first).text
