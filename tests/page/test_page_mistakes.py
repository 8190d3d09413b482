"""What is said where something is wrong: with the address, with a form, and with what is no longer there."""

from typing import Any

import pytest
from flask.testing import FlaskClient

from talkover_mock.dialect.events import CAMPAIGN_EVENTS
from talkover_mock.environments.world import World
from talkover_mock.receiver import WebhookReceiver
from tests.support.delivering import STARTED, WAIT
from tests.support.documented import AGENT, TOGGLE, TOKEN, WEBHOOK
from tests.support.page_document import PAGE, Document, page, press, rows, told
from tests.support.rows import each_row

REVERSED = "Abc\u202edef"
SHOWN = "Abc\\u202edef"


@pytest.mark.slow
@each_row(
    ("query", "expected"),
    [
        ({"show": "request"}, 'unknown show "request"; did you mean requests?'),
        ({"foo": "1"}, 'unknown word "foo" in the address; expected one of '),
        ({"show": "requests", "mehtod": "GET"}, 'unknown word "mehtod" in the address; did you mean method?'),
        ({"show": "requests", "webhook_id": WEBHOOK}, "webhook_id does not filter Requests; expected one of "),
        ({"status": "404"}, "status does not filter All"),
        ({"tool": "clok"}, 'unknown tool "clok"; did you mean clock?'),
        ({"agent": "My Agnt"}, 'has the id "My Agnt"; did you mean My Agent?'),
        ({"before": "x"}, 'before must be a number (got "x")'),
        ({"from": "²"}, 'from must be a number (got "²")'),
    ],
)
def test_what_the_page_does_not_understand_of_its_address_is_said(
    http: FlaskClient, query: dict[str, str], expected: str
) -> None:
    shown = page(http, **query)
    assert expected in shown.text
    [body] = shown.attributes("body")
    assert expected in Document(http.get(body["data-address"] or "").text).text, "it is still said after a redraw"


def test_an_address_that_is_understood_is_not_complained_about(http: FlaskClient) -> None:
    query = {"show": "deliveries", "webhook_id": WEBHOOK, "agent": AGENT, "from": "1", "agents": "1", "before": "9"}
    more = {"environments": "", "wait": "0", "said": "1", "tool": "emit", "find": "x", "open": "request-1"}
    for shown in (page(http, **query, **more), page(http, show="webhooks", webhook_id=WEBHOOK)):
        assert shown.attributes("div", id="mistakes") == []


def test_a_webhook_that_is_gone_is_no_new_one(http: FlaskClient) -> None:
    http.delete(TOGGLE.removesuffix("/toggle"), headers=TOKEN)
    for id in (WEBHOOK, "zzz"):
        shown = page(http, tool="webhook", edit=id)
        assert "This webhook no longer exists." in shown.text
        assert shown.attributes("form", id="webhook-form") == []


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"data": '{"extra": true}'}, "a scenario takes no data"),
        ({"call": "[1]"}, "call must be an object"),
        ({"call": "[1]", "call_id": "c1"}, "call must be an object"),
        ({"context": "7"}, "The context must be an array (got 7)"),
    ],
)
def test_a_payload_option_that_a_scenario_cannot_take_is_said(
    http: FlaskClient, world: World, fields: dict[str, str], expected: str
) -> None:
    assert expected in press(http, "Emit", tool="emit", what="scenario:answered", **fields)
    assert world.default.calls.search({})[0] == []


def test_a_form_that_is_refused_keeps_its_agent_and_event(http: FlaskClient) -> None:
    http.patch("/__admin/state", json={"campaigns": [{"id": "spring", "name": "Spring", "agent_id": AGENT}]})
    form = page(http, tool="emit").form("Emit")
    refused = http.post(form.action, data={**form.fields, "what": "event_recording", "call": "{"})
    assert Document(http.get(refused.headers["Location"]).text).form("Emit").fields["what"] == "event_recording"
    form = page(http, tool="webhook", edit="new").form("Create")
    refused = http.post(form.action, data={**form.fields, "owner": "spring", "name": "New"})
    shown = Document(http.get(refused.headers["Location"]).text)
    assert f"event:{CAMPAIGN_EVENTS[0]}" in [each.get("name") for each in shown.attributes("input")]
    assert shown.form("Create").fields["name"] == "New"


def test_a_created_webhook_closes_its_form(http: FlaskClient) -> None:
    form = page(http, tool="webhook", edit="new").form("Create")
    answer = http.post(form.action, data={**form.fields, "name": "New", f"event:{STARTED}": "yes"})
    assert told(http, answer) == "New is created."
    assert "tool=" not in answer.headers["Location"]


def test_the_edit_form_names_the_webhook_and_its_agent(http: FlaskClient) -> None:
    assert "Edit My Webhook of My Agent" in " ".join(page(http, tool="webhook", edit=WEBHOOK).text.split())


def test_without_a_script_a_row_opens_where_it_is(http: FlaskClient) -> None:
    http.patch(TOGGLE, headers=TOKEN)
    [link] = page(http).attributes("a", id="request-1-link")
    assert (link["href"] or "").endswith("&open=request-1#request-1")
    [fold] = page(http).attributes("a", id=f"fold-{AGENT}")
    assert (fold["href"] or "").endswith(f"#owner-{AGENT}")


def test_characters_that_turn_the_writing_round_are_shown_as_escapes(http: FlaskClient, world: World) -> None:
    hooks: list[dict[str, Any]] = [
        {"id": id, "name": REVERSED, "webhook_url": "http://localhost:9/", "max_retries": 0, "events": [STARTED]}
        for id in ("w1", "w2")
    ]
    hooks[0]["enabled"], hooks[1]["enabled"] = True, False
    http.put("/__admin/state", json={"agents": [{"id": AGENT, "name": REVERSED, "webhooks": hooks}]})
    http.post("/__admin/events", json={"agent_id": AGENT, "event": STARTED, "wait": WAIT})
    http.get(f"/api/v1/agents/{AGENT}/webhooks/w1", headers=TOKEN)
    http.get("/api/v1/%E2%80%AEx", headers=TOKEN)
    world.default.calls.place(AGENT, {"to": "+49301234000"})
    opened = rows(page(http))
    for tool in ("emit", "calls", "faults"):
        shown = page(http, tool=tool, open=opened)
        text = shown.text
        for exact in filter(lambda code: SHOWN not in code, shown.code):
            text = text.replace(exact, "")
        assert "\u202e" not in text
        assert all("\u202e" not in (value or "") for _, given in shown.elements for value in given.values())
        assert shown.text.count(SHOWN) > 4
    form = page(http, tool="webhook", edit="w1").form("Save")
    assert form.fields["name"] == REVERSED, "what is saved is the name itself"
    assert told(http, http.post(form.action, data=form.fields)) == f"{SHOWN} is saved."


def test_the_forms_of_faults_stand_above_the_list(http: FlaskClient) -> None:
    for _ in range(25):
        http.post("/__admin/faults", json={"preset": "maintenance"})
    html = http.get(PAGE + "?tool=faults").text
    assert html.index('id="fault-on-deliveries"') < html.index('id="fault-fault-1"')
    shown = " ".join(page(http, tool="faults").text.split())
    assert "maintenance any call fault-1 · used 0 times, no limit" in shown


def test_a_success_says_what_the_attempt_before_it_ended_with(http: FlaskClient, receiver: WebhookReceiver) -> None:
    webhook = {"id": WEBHOOK, "webhook_url": receiver.url, "enabled": True}
    http.patch("/__admin/state", json={"agents": [{"id": AGENT, "webhooks": [webhook]}]})
    http.post("/__admin/faults", json={"on": "deliveries", "action": "lose_answer", "times": 1})
    http.put("/__admin/clock", json={"now": "2025-09-03T23:50:15Z"})
    http.post("/__admin/events", json={"agent_id": AGENT, "event": STARTED, "wait": WAIT})
    http.post("/__admin/clock/advance", json={"seconds": 60})
    [id] = [each for each in rows(page(http)) if "delivery" in each]
    text = " ".join(page(http).texts[id].split())
    assert "Attempt 1 failed: the receiver answered 200; the answer was dropped" in text


def test_an_unknown_environment_says_its_nearest_name_once(http: FlaskClient) -> None:
    shown = http.get(PAGE + "?environment=defalt", headers={"Accept": "text/html"}).text
    assert 'no environment is named "defalt"; it may be closed by now' in Document(shown).text
    assert "did you mean" not in shown
    assert ">default</a>" in shown
