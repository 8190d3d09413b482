"""The webhooks beside the list: switches, forms, what is worth knowing of each, and how many there may be."""

from time import perf_counter
from typing import Any

import pytest
from flask.testing import FlaskClient

from talkover_mock.dialect.events import CAMPAIGN_EVENTS, EVENTS
from talkover_mock.environments.environment import Environment
from talkover_mock.environments.world import World
from talkover_mock.state.records import CampaignId
from tests.support.delivering import STARTED, WAIT
from tests.support.documented import AGENT, TOGGLE, TOKEN, WEBHOOK, toggle_path
from tests.support.page_document import Document, page, press, rows, told

NAME = "My Webhook"
SOON = 0.5
"""Seconds that a page may take on a busy machine, with the reading of its document; alone it takes 11 to 25 ms."""


def names(shown: Document) -> list[str | None]:
    return [each["aria-label"] for each in shown.attributes("button", role="switch")]


def calls_of(environment: Environment) -> list[tuple[str, str, int | None, str]]:
    return [(each.method, each.path, each.status, each.by) for each in environment.journal.log.all()]


def many(agents: int, webhooks: int) -> list[dict[str, Any]]:
    return [
        {
            "id": f"agent-{a}",
            "name": f"Desk {a}",
            "webhooks": [
                {
                    "id": f"hook-{a}-{n}",
                    "name": f"Tenant {a}-{n}",
                    "webhook_url": f"http://localhost:9/{a}/{n}",
                    "events": [STARTED],
                    "enabled": n % 2 == 0,
                }
                for n in range(webhooks)
            ],
        }
        for a in range(agents)
    ]


def test_it_shows_the_agents_and_webhooks_of_the_environment_that_is_chosen(http: FlaskClient) -> None:
    default, staging = page(http), page(http, "staging")
    assert names(default) == [NAME, "Call analytics", "Voicemail to inbox", "Failing endpoint"]
    on = [each["aria-checked"] for each in default.attributes("button", role="switch")]
    assert on == ["false", "true", "true", "true"]
    text = " ".join(default.text.split())
    for part in ("3 of 4 on", "My Agent 1 of 2 on", "Quiet Agent no webhooks", "https://example.com/webhook", WEBHOOK):
        assert part in text
    assert "Failing endpoint status error" in text
    assert NAME not in staging.text


def test_a_switch_toggles_through_the_real_api_and_only_the_way_it_shows(http: FlaskClient, world: World) -> None:
    old = page(http).form(NAME)
    assert press(http, NAME) == "My Webhook is on."
    assert told(http, http.post(old.action, data=old.fields)) == "My Webhook is on already."
    assert press(http, NAME) == "My Webhook is off."
    assert calls_of(world.default) == [("PATCH", TOGGLE, 200, "page")] * 2


def test_a_switch_of_another_environment_uses_its_token(http: FlaskClient, world: World) -> None:
    [form, *_] = [form for form in page(http, "staging").forms if form.fields.get("action") == "toggle"]
    path = toggle_path(form.fields["owner_id"], form.fields["webhook_id"])
    assert told(http, http.post(form.action, data=form.fields)).endswith((" is on.", " is off."))
    assert calls_of(world.by_name("staging")) == [("PATCH", path, 200, "page")]
    assert calls_of(world.default) == []


def test_a_switch_spends_no_fault(http: FlaskClient, world: World) -> None:
    http.post("/__admin/faults", json={"preset": "maintenance", "times": 1})
    assert press(http, NAME) == "My Webhook is on."
    [fault] = world.default.faults.all()
    assert (fault.matched, fault.struck) == (0, 0)


def test_the_latest_delivery_is_told_where_it_is_worth_knowing(http: FlaskClient) -> None:
    press(http, NAME)
    http.post("/__admin/events", json={"agent_id": AGENT, "event": STARTED, "wait": WAIT})
    assert "My Webhook captured" in " ".join(page(http).text.split())


def test_a_webhook_is_edited_and_its_secret_stays(http: FlaskClient, world: World) -> None:
    webhook = {"id": WEBHOOK, "webhook_secret": "a secret", "events": [STARTED, "event_recording"]}
    http.patch("/__admin/state", json={"agents": [{"id": AGENT, "webhooks": [webhook]}]})
    shown = page(http, tool="webhook", edit=WEBHOOK)
    assert "a secret" not in "".join(value or "" for _, given in shown.elements for value in given.values())
    form = shown.form("Save")
    assert form.fields["event:event_recording"] == "yes"
    del form.fields["event:event_recording"]
    changed = {**form.fields, "name": "Renamed", "timeout": "7", "max_retries": "1"}
    assert told(http, http.post(form.action, data=changed)) == "Renamed is saved."
    found = world.default.webhook(WEBHOOK)
    assert found
    assert (found.name, found.timeout, found.max_retries, found.webhook_secret) == ("Renamed", 7, 1, "a secret")
    assert found.events == (STARTED,)


def test_what_was_typed_into_a_form_that_is_refused_stays(http: FlaskClient) -> None:
    form = page(http, tool="webhook", edit=WEBHOOK).form("Save")
    answer = http.post(form.action, data={**form.fields, "name": "Half", "webhook_url": "nope"})
    shown = Document(http.get(answer.headers["Location"]).text)
    assert shown.form("Save").fields["name"] == "Half"
    assert shown.form("Save").fields["webhook_url"] == "nope"
    assert "webhook_url" in told(http, answer)


def test_a_new_webhook_is_created_at_an_agent_and_at_a_campaign(http: FlaskClient, world: World) -> None:
    http.patch("/__admin/state", json={"campaigns": [{"id": "spring", "name": "Spring", "agent_id": AGENT}]})
    for owner, event in ((AGENT, STARTED), (CampaignId("spring"), CAMPAIGN_EVENTS[0])):
        form = page(http, tool="webhook", edit="new", owner=owner).form("Create")
        fields = {**form.fields, "owner": owner, "name": "New", f"event:{event}": "yes"}
        assert "New" in told(http, http.post(form.action, data=fields))
        assert [webhook.name for webhook in world.default.webhooks.of(owner)][-1] == "New"
    shown = page(http)
    assert "Spring" in shown.text
    form = [each for each in shown.forms if each.button == "New"][-1]
    assert form.fields["owners"] == "campaigns"
    assert told(http, http.post(form.action, data=form.fields)).endswith((" is on.", " is off."))


@pytest.mark.slow
def test_with_many_webhooks_the_first_agent_is_open_and_another_one_unfolds(http: FlaskClient) -> None:
    http.put("/__admin/state", json={"agents": many(40, 30)})
    shown = page(http)
    text = " ".join(shown.text.split())
    assert names(shown) == [f"Tenant 0-{n}" for n in range(10)]
    for part in ("600 of 1,200 on", "Desk 24 15 of 30 on", "1\u201310 of 30", "1\u201325 of 40 agents", "Next 15"):
        assert part in text
    assert "Desk 25" not in text
    assert names(page(http, fold=["agent-0", "agent-3"])) == [f"Tenant 3-{n}" for n in range(10)]
    assert "Desk 39" in page(http, agents="26").text


def test_the_webhooks_of_one_agent_are_turned_over(http: FlaskClient) -> None:
    http.put("/__admin/state", json={"agents": many(2, 35)})
    shown = page(http, agent="agent-1", **{"from": "31"})
    assert names(shown) == [f"Tenant 1-{n}" for n in range(30, 35)]
    assert "31\u201335 of 35" in shown.text
    assert "Desk 0" not in shown.text
    assert "This agent is not here any more." in page(http, agent="gone").text


@pytest.mark.parametrize(
    ("find", "expected"),
    [
        ("desk 1", [f"Tenant 1-{n}" for n in range(10)]),
        ("TENANT 2-29", ["Tenant 2-29"]),
        ("localhost:9/0/7", ["Tenant 0-7"]),
        ("hook-1-12", ["Tenant 1-12"]),
        ("nobody", []),
    ],
)
def test_names_ids_and_urls_are_searched(http: FlaskClient, find: str, expected: list[str]) -> None:
    http.put("/__admin/state", json={"agents": many(3, 30)})
    shown = page(http, find=find)
    assert names(shown) == expected
    assert ("No agent or webhook has" in shown.text) is not bool(expected)


def test_a_form_offers_the_events_of_its_owner(http: FlaskClient) -> None:
    shown = page(http, tool="webhook", edit="new", owner=AGENT)
    boxes = [each["name"] for each in shown.attributes("input", type="checkbox")]
    assert boxes == [f"event:{event}" for event in EVENTS]


@pytest.mark.slow
def test_a_page_of_very_many_webhooks_and_rows_is_small_and_soon_made(http: FlaskClient) -> None:
    assert http.put("/__admin/state", json={"agents": many(40, 250)}).status_code == 200
    for number in range(5_000):
        http.get(f"/api/v1/agents/agent-{number % 40}/webhooks/hook-{number % 40}-{number % 250}", headers=TOKEN)
    for query in ({}, {"show": "requests", "path": "*-7", "status": "200"}, {"find": "tenant 3"}, {"tool": "emit"}):
        seconds = []
        for _ in range(3):
            begun = perf_counter()
            shown = page(http, **query)
            seconds.append(perf_counter() - begun)
        assert min(seconds) < SOON, query
        assert len(rows(shown)) <= 50
        assert len(names(shown)) <= 35
