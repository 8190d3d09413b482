"""The page's forms and rows in a real browser, when things change meanwhile: nothing typed gets to the wrong place."""

from functools import partial

import pytest
from flask import Flask
from flask.testing import FlaskClient
from selenium.webdriver.common.keys import Keys

from talkover_mock.admin.guard import Guard
from talkover_mock.app import create_app
from talkover_mock.base.shapes.values import Event
from talkover_mock.client import MockServer
from talkover_mock.dialect.events import CAMPAIGN_EVENTS
from talkover_mock.environments.world import World
from talkover_mock.receiver import WebhookReceiver
from talkover_mock.state.records import CampaignId
from talkover_mock.web.server import Server
from tests.conftest import shipped
from tests.support.browser import BOUND, DESKTOP, PHONE, Browser
from tests.support.documented import AGENT, TOGGLE, TOKEN, WEBHOOK
from tests.support.page_document import PAGE

pytestmark = pytest.mark.slow
ENDED: Event = "event_phone_call_ended"
FORM = "#webhook-form"
CHOOSE = (
    "const choice = document.querySelector(arguments[0]); choice.value = arguments[1];"
    "choice.dispatchEvent(new Event('change', {bubbles: true}))"
)


@pytest.fixture
def http(app: Flask) -> FlaskClient:
    return app.test_client()


def edit(browser: Browser, id: str) -> None:
    browser.run("document.querySelector(arguments[0]).open = true", f"#facts-{id}")
    browser.press(f"#facts-{id} a", "Edit")
    browser.until(lambda: browser.run(f"return document.querySelector('{FORM} [name=webhook_id]')?.value") == id)


def value(browser: Browser, selector: str) -> object:
    return browser.run("return document.querySelector(arguments[0]).value", selector)


def two_webhooks(http: FlaskClient) -> None:
    hooks = [
        {"id": id, "name": id.upper(), "webhook_url": f"http://localhost:9/{id}", "events": [ENDED]} for id in "ab"
    ]
    http.put("/__admin/state", json={"agents": [{"id": AGENT, "name": "My Agent", "webhooks": hooks}]})


@pytest.mark.parametrize("first", ["a", "new"])
def test_what_is_typed_for_one_webhook_is_not_saved_in_another(
    browser: Browser, server: Server, http: FlaskClient, world: World, first: str
) -> None:
    two_webhooks(http)
    browser.open(f"{server.url}{PAGE}?tool=webhook&edit={first}")
    browser.fill(f"{FORM} [name=name]", "Typed")
    browser.fill(f"{FORM} [name=webhook_secret]", "typed")
    browser.press(f"{FORM} [name='event:event_recording']")
    edit(browser, "b")
    browser.press(f"{FORM} button", "Save")
    browser.told("B is saved.")
    webhook = world.default.webhook("b")
    assert webhook
    assert (webhook.name, webhook.webhook_secret, webhook.events) == ("B", None, (ENDED,))


def test_what_is_typed_for_one_rows_fault_is_not_added_for_another(
    browser: Browser, server: Server, http: FlaskClient
) -> None:
    http.patch(TOGGLE, headers=TOKEN)
    http.get("/api/v1/nope", headers=TOKEN)
    browser.open(f"{server.url}{PAGE}?open=request-1&open=request-2")
    browser.press("#request-1 .inside a", "Add a fault for this")
    browser.fill("#fault-on-calls [name=fault_path]", "*/typed")
    browser.press("#request-2 .inside a", "Add a fault for this")
    browser.until(lambda: value(browser, "#fault-on-calls [name=fault_path]") == "/api/v1/nope")
    browser.press("#fault-on-calls button", "Add fault")
    browser.told("fault-1 is added.")


def test_a_new_webhook_of_another_agent_is_not_that_of_the_chosen_one(
    browser: Browser, server: Server, http: FlaskClient
) -> None:
    agents = [{"id": id, "name": id.upper()} for id in ("one", "two", "three")]
    http.put("/__admin/state", json={"agents": agents})
    browser.open(f"{server.url}{PAGE}?tool=webhook&edit=new")
    browser.run(CHOOSE, f"{FORM} [name=owner]", "two")
    browser.until(lambda: "owner=two" in browser.driver.current_url)
    browser.press("#owner-three a", "Create a webhook")
    browser.until(lambda: value(browser, f"{FORM} [name=owner]") == "three")


def test_the_events_are_those_of_the_chosen_campaign_and_creating_closes_the_form(
    browser: Browser, server: Server, http: FlaskClient, world: World
) -> None:
    http.patch("/__admin/state", json={"campaigns": [{"id": "spring", "name": "Spring", "agent_id": AGENT}]})
    browser.open(f"{server.url}{PAGE}?tool=webhook&edit=new")
    browser.fill(f"{FORM} [name=name]", "Typed")
    browser.press(f"{FORM} [name='event:event_recording']")
    browser.run(CHOOSE, f"{FORM} [name=owner]", "spring")
    browser.press(f"{FORM} [name='event:{CAMPAIGN_EVENTS[0]}']")
    browser.press(f"{FORM} button", "Create")
    browser.told("Typed is created.")
    browser.until(lambda: not browser.find(".panel"))
    assert "tool=" not in browser.driver.current_url
    [webhook] = world.default.webhooks.of(CampaignId("spring"))
    assert webhook.events == (CAMPAIGN_EVENTS[0],)


def test_a_webhook_that_is_deleted_while_it_is_edited_is_not_a_new_one(
    browser: Browser, server: Server, http: FlaskClient
) -> None:
    browser.open(f"{server.url}{PAGE}?tool=webhook&edit={WEBHOOK}")
    browser.fill(f"{FORM} [name=name]", "Typed")
    http.delete(TOGGLE.removesuffix("/toggle"), headers=TOKEN)
    browser.wait_for(".panel", "This webhook no longer exists.")
    assert not browser.find(FORM)
    browser.press(".panel a", "Close")
    browser.until(lambda: not browser.find(".panel"))


@pytest.mark.parametrize("scripts", [True, False], ids=["script", "no script"])
def test_a_refusal_is_in_sight_on_a_phone(browser: Browser, server: Server, scripts: bool) -> None:
    browser.open(f"{server.url}{PAGE}?tool=webhook&edit={WEBHOOK}", PHONE, scripts=scripts)
    try:
        element = browser.driver.find_element("css selector", f"{FORM} [name=max_retries]")
        element.clear()
        element.send_keys("99")
        browser.driver.find_element("css selector", f"{FORM} .main").click()
        [said] = browser.until(lambda: browser.find("#outcome p"))
        assert "max_retries" in said.text
    finally:
        browser.driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})
    box = browser.run("const b = arguments[0].getBoundingClientRect(); return [b.top, innerHeight - b.bottom]", said)
    assert min(box) >= 0


def test_environments_are_searched_and_the_result_stays(browser: Browser, server: Server, world: World) -> None:
    for number in range(25):
        world.open(world.default, f"test-{number}")
    browser.open(server.url + PAGE)
    browser.press("#environment summary")
    browser.fill("#environment [type=search]", "test-7")
    browser.press("#environment button", "Find")
    names = "return [...document.querySelectorAll('#environment li b')].map(each => each.textContent)"
    browser.until(lambda: browser.run(names) == ["test-7"])
    browser.until(lambda: browser.text("#live") == "live")
    world.open(world.default, "another")
    browser.wait_for("#environment [placeholder*='29 environments']")
    assert browser.run(names) == ["test-7"]


def test_environments_of_failed_tests_are_closed_one_after_another(
    browser: Browser, server: Server, world: World
) -> None:
    def is_closed(name: str) -> bool:
        return f"{name} is closed" in browser.text("#outcome")

    for name in ("one", "two", "shown"):
        world.open(world.default, name)
        world.mark(name, "failed")
    browser.open(f"{server.url}{PAGE}?environment=shown")
    browser.press("#environment summary")
    for name in ("one", "two", "shown"):
        browser.press(f"#environment-{name} button", "Close")
        browser.until(partial(is_closed, name))
        assert not browser.find(f"#environment-{name}")
        assert browser.run("return document.querySelector('#environment').open")
    assert browser.driver.current_url == f"{server.url}{PAGE}?environment=default"
    browser.until(lambda: browser.text("#live") == "live")
    assert list(world.environments) == ["default", "staging", "production"]


def test_a_preview_that_cannot_be_asked_says_so_and_comes_when_the_server_is_back(browser: Browser) -> None:
    worlds = [World(shipped()) for _ in range(2)]
    server = Server(create_app(worlds[0], Guard()))
    server.start()
    browser.open(server.url + PAGE + "?tool=emit")
    browser.wait_for("#preview", "Would reach 0 of 2")
    server.stop()
    browser.wait_for("#live", "waiting for the server")
    browser.complaints()
    browser.run(CHOOSE, "#panel-emit [name=what]", ENDED)
    browser.wait_for("#preview", "The server does not answer.")
    again = Server(create_app(worlds[1], Guard()), port=server.port)
    again.start()
    try:
        browser.wait_for("#preview", "Would reach 1 of 2")
        assert value(browser, "#panel-emit [name=what]") == ENDED
        assert [each for each in browser.complaints() if "Uncaught" in each] == []
    finally:
        again.stop()


def test_rows_pressed_in_quick_succession_all_stay_open(browser: Browser, server: Server, http: FlaskClient) -> None:
    for _ in range(3):
        http.get("/api/v1/agents", headers=TOKEN)
    browser.open(server.url + PAGE)
    browser.run("for (const id of ['1', '2']) document.querySelector(`#request-${id}-link`).click()")
    browser.wait_for("#request-2 .inside")
    browser.until(lambda: all(f"open=request-{id}" in browser.driver.current_url for id in "12"))
    http.get("/api/v1/health", headers=TOKEN)
    browser.press("#arrived", "1 new row")
    browser.wait_for("#request-4")
    assert [bool(browser.find(f"#request-{id} .inside")) for id in "123"] == [True, True, False]


@pytest.mark.parametrize("width", [DESKTOP, 1000, PHONE])
def test_an_opened_delivery_stays_true_while_it_is_retried(
    browser: Browser, server: Server, mock: MockServer, receiver: WebhookReceiver, width: int
) -> None:
    hook = {"id": WEBHOOK, "webhook_url": receiver.url, "max_retries": 4, "enabled": True}
    mock.merge_state({"agents": [{"id": AGENT, "webhooks": [hook]}]})
    mock.freeze("2025-09-03T23:50:15Z")
    receiver.answer_next(500, 500, 500)
    mock.emit(AGENT, ENDED, wait=BOUND)
    mock.advance(1.5)
    for _ in range(30):
        mock.emit(AGENT, "event_action")
    browser.open(server.url + PAGE, width)
    row = "#delivery-1"
    browser.press(f"{row} .row")
    browser.wait_for(f"{row} .band", "Attempt 3 is due at")
    browser.run("scrollTo(0, 400)")
    top = "return document.querySelector('#delivery-1 .attempts').getBoundingClientRect().top"
    before = browser.run(top)
    mock.advance(2)
    browser.wait_for(f"{row} .band", "attempt 3 of 5")
    browser.wait_for(f"{row} .band", "Attempt 4 is due at")
    browser.wait_for(f"{row} .actions button", "to attempt 4")
    assert len(browser.find(f"{row} .line circle")) == 4
    assert abs(browser.run(top) - before) < 1
    hint = browser.wait_for("#arrived", "Show changes")
    assert browser.run(
        "const b = arguments[0].getBoundingClientRect(); return b.top >= 0 && b.bottom <= innerHeight", hint
    )
    place = "const b = arguments[0].getBoundingClientRect(); return document.elementFromPoint(b.left + 3, b.top + 3).id"
    assert browser.run(place, hint) == "arrived"
    hint.click()
    browser.wait_for(f"{row} .attempts", "Attempt 3")
    browser.until(lambda: not hint.is_displayed())


@pytest.mark.parametrize("answers", [(500,), (500, 500)], ids=["that succeeds", "that fails again"])
def test_the_focus_stays_on_a_button_of_an_opened_row(
    browser: Browser, server: Server, mock: MockServer, receiver: WebhookReceiver, answers: tuple[int, ...]
) -> None:
    """A keyboard goes on where it was, whatever the redelivery adds to the row or takes from it."""
    mock.set_webhook(WEBHOOK, webhook_url=receiver.url, max_retries=0, enabled=True)
    receiver.answer_next(*answers)
    mock.emit(AGENT, ENDED, wait=BOUND)
    browser.open(server.url + PAGE)
    browser.press("#delivery-1 .row")
    button = browser.wait_for("#delivery-1 .actions button", "Redeliver")
    button.send_keys(Keys.ENTER)
    browser.told("is redelivered")
    browser.wait_for("#delivery-1 .status", "failed" if len(answers) == 2 else "success")
    says = "Failed" if len(answers) == 2 else ""
    browser.until(lambda: browser.text("#delivery-1 .band")[:6] == says)
    assert browser.run("return document.activeElement.textContent") == "Redeliver"


@pytest.mark.parametrize("width", [DESKTOP, PHONE])
def test_mistakes_are_red(browser: Browser, server: Server, http: FlaskClient, width: int) -> None:
    http.post("/__admin/events", json={"agent_id": AGENT, "event": ENDED, "wait": BOUND})
    browser.open(f"{server.url}{PAGE}?show=deliveries&status=faild&foo=1", width)
    colour = "return getComputedStyle(arguments[0]).color"
    red = browser.run(colour, browser.wait_for(".views .bad"))
    for each in browser.find(".note.bad"):
        assert browser.run(colour, each) == red
    assert len(browser.find(".note.bad")) == 2


def test_clear_closes_when_it_has_cleared(browser: Browser, server: Server, http: FlaskClient) -> None:
    http.get("/api/v1/agents", headers=TOKEN)
    http.post("/__admin/events", json={"agent_id": AGENT, "event": ENDED, "wait": BOUND})
    browser.open(server.url + PAGE)
    browser.press("#clear summary")
    browser.press("#clear button", "Clear requests")
    browser.told("1 request cleared.")
    browser.until(lambda: not browser.run("return document.querySelector('#clear').open"))


def test_a_row_that_stays_open_follows_the_address_and_has_not_changed(
    browser: Browser, server: Server, http: FlaskClient
) -> None:
    http.post("/__admin/events", json={"agent_id": AGENT, "event": "event_phone_call_started", "wait": BOUND})
    http.get("/api/v1/agents", headers=TOKEN)
    browser.open(server.url + PAGE)
    browser.press("[data-kind=skipped] .row")
    browser.wait_for("[data-kind=skipped] .inside", "Turn on")
    browser.press("#request-1 .row")
    browser.wait_for("#request-1 .inside")
    assert not browser.find("#arrived")[0].is_displayed()
    browser.press("[data-kind=skipped] .inside button", "Turn on")
    browser.told("My Webhook is on.")
    assert browser.find("#request-1 .inside")
    assert "open=request-1" in browser.driver.current_url


def test_a_form_that_adds_is_empty_afterwards(browser: Browser, server: Server) -> None:
    browser.open(server.url + PAGE + "?tool=snapshots")
    browser.fill("#panel-snapshots [name=name]", "before")
    browser.press("#panel-snapshots button", "Take a snapshot")
    browser.told("Snapshot before is taken.")
    browser.until(lambda: value(browser, "#panel-snapshots [name=name]") == "")


@pytest.mark.parametrize("width", [DESKTOP, 1000])
def test_the_columns_of_a_list_stand_under_each_other(
    browser: Browser, server: Server, http: FlaskClient, mock: MockServer, width: int
) -> None:
    """Also where only some rows have a second button."""
    mock.add_fault("maintenance", times=1)
    mock.add_fault("bad_signature", on="deliveries")
    http.patch(TOGGLE, headers=TOKEN)
    browser.open(f"{server.url}{PAGE}?tool=faults", width)
    assert len(browser.find(".list li")) == 2
    assert len(browser.find(".list li button")) == 3
    lefts = [
        [each.rect["x"] for each in row.find_elements("css selector", ":scope > span")[:2]]
        for row in browser.find(".list li")
    ]
    assert lefts[0] == lefts[1]
