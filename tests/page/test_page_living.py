"""The page in a real browser, left open: what moves, what stays, what it costs, and what it survives."""

from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.keys import Keys

from talkover_mock.admin.guard import Guard
from talkover_mock.app import create_app
from talkover_mock.base.shapes.values import Event
from talkover_mock.client import MockServer
from talkover_mock.environments.world import World
from talkover_mock.web.server import Server
from tests.conftest import shipped
from tests.support.browser import BOUND, DESKTOP, PHONE, Browser
from tests.support.documented import AGENT, TOGGLE, TOKEN, WEBHOOK
from tests.support.page_document import PAGE

pytestmark = pytest.mark.slow
ENDED: Event = "event_phone_call_ended"
SWITCH = f"#webhook-{WEBHOOK} .switch"
ROWS = "return [...document.querySelectorAll('#rows > li')].map(row => row.id)"
at_both_widths = pytest.mark.parametrize("width", [DESKTOP, PHONE])


@pytest.fixture
def http(app: Flask) -> FlaskClient:
    """Who calls the API while the page is open, once before it."""
    client = app.test_client()
    client.get("/api/v1/agents", headers=TOKEN)
    return client


def away(browser: Browser) -> None:
    """The pointer is over no row."""
    ActionChains(browser.driver).move_to_element(browser.find(".bar h1")[0]).perform()


@at_both_widths
def test_rows_come_in_by_themselves_while_nobody_reads(
    browser: Browser, server: Server, http: FlaskClient, width: int
) -> None:
    browser.open(server.url + PAGE, width)
    away(browser)
    for number in range(2, 5):
        http.patch(TOGGLE if number % 2 else "/api/v1/nope", headers=TOKEN)
        browser.wait_for(f"#request-{number}")
    assert browser.run(ROWS) == ["request-4", "request-3", "request-2", "request-1"]
    assert not browser.find("#arrived")[0].is_displayed()
    browser.until(lambda: "new request" in browser.run("return document.getElementById('news').textContent"))


@pytest.mark.parametrize("how", ["opened", "focused", "pointed at", "selected", "scrolled"])
def test_a_row_that_is_read_stays_where_it_is_and_new_ones_are_counted(
    browser: Browser, server: Server, http: FlaskClient, how: str
) -> None:
    for _ in range(40):
        http.get("/api/v1/agents", headers=TOKEN)
    browser.open(server.url + PAGE)
    away(browser)
    read = "#request-35 .row"
    browser.until(lambda: not browser.run("return document.querySelector('#rows').matches(':hover')"))
    if how == "opened":
        browser.press(read)
        browser.wait_for("#request-35 .inside")
        browser.run("document.activeElement.blur()")
        away(browser)
    elif how == "focused":
        browser.run("document.querySelector(arguments[0]).focus({preventScroll: true})", read)
    elif how == "pointed at":
        ActionChains(browser.driver).move_to_element(browser.find(read)[0]).perform()
    elif how == "selected":
        browser.run("getSelection().selectAllChildren(document.querySelector(arguments[0]))", read)
    else:
        browser.run("scrollTo(0, 300)")
    top = "return document.querySelector('#request-35').getBoundingClientRect().top"
    before = browser.run(top)
    for _ in range(3):
        http.get("/api/v1/health", headers=TOKEN)
    browser.wait_for("#arrived", "3 new rows")
    assert browser.run(top) == before
    assert "request-44" not in browser.run(ROWS)
    browser.press("#arrived")
    browser.wait_for("#request-44")


TOP = "return document.querySelector(arguments[0]).getBoundingClientRect().top"
TWICE = (
    "const ids = [...document.querySelectorAll('[id]')].map(each => each.id);"
    "return ids.filter((id, number) => ids.indexOf(id) !== number)"
)
"""The ids that stand twice."""


@pytest.mark.parametrize("width", [DESKTOP, 700, PHONE])
def test_a_row_that_is_read_stays_where_it_is_when_it_is_no_longer_among_the_newest(
    browser: Browser, server: Server, http: FlaskClient, width: int
) -> None:
    for _ in range(60):
        http.get("/api/v1/agents", headers=TOKEN)
    browser.open(server.url + PAGE, width)
    browser.press("#request-57 .row")
    browser.wait_for("#request-57 .inside")
    ids, top = browser.run(ROWS), browser.run(TOP, "#request-57")
    for _ in range(55):
        http.get("/api/v1/health", headers=TOKEN)
    browser.until(lambda: "116" in browser.run("return document.querySelector('.views').textContent"))
    browser.wait_for("#arrived", "50+ new rows")
    assert (browser.run(ROWS), browser.run(TOP, "#request-57")) == (ids, top)
    assert browser.find("#apart") == browser.run(TWICE) == []
    browser.press("#request-56 .row")  # another one that the server lists on an older page by now
    browser.wait_for("#request-56 .inside")
    assert "open=request-57&open=request-56" in browser.driver.current_url
    browser.press("#request-57 .row")
    browser.until(lambda: not browser.find("#request-57 .inside"))
    browser.press("#request-56 .row")
    browser.until(lambda: not browser.find("#rows .inside"))
    assert "open=" not in browser.driver.current_url
    browser.press("#request-57 .row")
    browser.wait_for("#request-57 .inside")
    assert (browser.run(ROWS), browser.find("#apart"), browser.run(TWICE)) == (ids, [], [])
    browser.press("#arrived")
    browser.wait_for("#apart > #request-57 .inside")
    browser.wait_for("#request-116")
    assert browser.run(TWICE) == []


def test_what_changes_in_an_opened_row_is_told_when_it_is_no_longer_among_the_newest(
    browser: Browser, server: Server, http: FlaskClient
) -> None:
    webhook = {"id": WEBHOOK, "enabled": True, "webhook_url": "http://localhost:9/", "max_retries": 1}
    http.patch("/__admin/state", json={"agents": [{"id": AGENT, "webhooks": [webhook]}]})
    http.put("/__admin/clock", json={"now": "2025-09-03T23:50:15Z"})
    http.post("/__admin/events", json={"agent_id": AGENT, "event": "event_phone_call_started", "wait": 10})
    browser.open(server.url + PAGE)
    browser.press("[data-kind=delivery] .row", "retrying")
    browser.wait_for("[data-kind=delivery] .inside", "Retrying")
    for _ in range(55):
        http.get("/api/v1/health", headers=TOKEN)
    browser.wait_for("#arrived", "50+ new rows")
    http.post("/__admin/clock/advance", json={"seconds": 5})
    browser.wait_for("#rows > [data-kind=delivery] .status", "failed")
    browser.wait_for("#rows > [data-kind=delivery] .band", "Nothing more will be sent.")


def test_rows_that_are_cleared_go_while_another_one_is_read(
    browser: Browser, server: Server, http: FlaskClient
) -> None:
    http.post("/__admin/events", json={"agent_id": AGENT, "event": "event_participant_left"})
    browser.open(server.url + PAGE)
    browser.press("[data-kind=skipped] .row")
    browser.wait_for("[data-kind=skipped] .inside")
    browser.press("#clear summary")
    browser.press("#clear button", "Clear requests")
    browser.until(lambda: not browser.find("#request-1"))
    assert browser.find("[data-kind=skipped] .inside")


def test_a_delivery_changes_in_its_place(browser: Browser, server: Server, http: FlaskClient) -> None:
    webhook = {"id": WEBHOOK, "enabled": True, "webhook_url": "http://localhost:9/", "max_retries": 1}
    http.patch("/__admin/state", json={"agents": [{"id": AGENT, "webhooks": [webhook]}]})
    http.put("/__admin/clock", json={"now": "2025-09-03T23:50:15Z"})
    http.post("/__admin/events", json={"agent_id": AGENT, "event": "event_phone_call_started", "wait": 10})
    browser.open(server.url + PAGE)
    browser.wait_for("[data-kind=delivery]", "retrying")
    ActionChains(browser.driver).move_to_element(browser.find("#request-1 .row")[0]).perform()
    ids = browser.run(ROWS)
    http.post("/__admin/clock/advance", json={"seconds": 5})
    browser.wait_for("[data-kind=delivery]", "failed")
    assert browser.run("return document.querySelectorAll('[data-kind=delivery] .dot.failed').length") == 2
    assert browser.run(ROWS) == ids
    assert not browser.find("#arrived")[0].is_displayed()


def test_an_older_page_never_changes_by_itself(browser: Browser, server: Server, http: FlaskClient) -> None:
    for _ in range(60):
        http.get("/api/v1/agents", headers=TOKEN)
    browser.open(server.url + PAGE)
    browser.press(".pager a", "Older")
    browser.until(lambda: browser.text("#live") == "live" and "before=" in browser.driver.current_url)
    ids = browser.run(ROWS)
    http.get("/api/v1/health", headers=TOKEN)
    browser.wait_for(".views", "All 62")
    assert browser.run(ROWS) == ids
    assert not browser.find("#arrived")[0].is_displayed()


def test_what_is_being_typed_stays(browser: Browser, server: Server, http: FlaskClient) -> None:
    browser.open(server.url + PAGE + "?tool=snapshots")
    away(browser)
    browser.fill("#panel-snapshots [name=name]", "half-ty")
    for _ in range(5):
        http.get("/api/v1/agents", headers=TOKEN)
    browser.wait_for("#request-6")
    assert browser.run("return document.activeElement.name") == "name"
    assert browser.find("#panel-snapshots [name=name]")[0].get_attribute("value") == "half-ty"


def test_it_is_driven_by_the_keyboard(browser: Browser, server: Server, http: FlaskClient) -> None:
    for _ in range(30):
        http.get("/api/v1/agents", headers=TOKEN)
    browser.open(server.url + PAGE)
    browser.driver.switch_to.active_element.send_keys(Keys.TAB)
    assert browser.run("return document.activeElement.textContent") == "Skip to the activity"
    browser.driver.switch_to.active_element.send_keys(Keys.TAB)
    assert browser.run("return document.activeElement.textContent") == "Skip to the webhooks"
    browser.run("document.querySelector(arguments[0]).focus()", SWITCH)
    browser.driver.switch_to.active_element.send_keys(Keys.SPACE)
    browser.told("My Webhook is on.")
    assert browser.run("return document.activeElement === document.querySelector(arguments[0])", SWITCH)
    browser.run("document.querySelector('#request-20-link').focus()")
    before = browser.run("return document.activeElement.getBoundingClientRect().top")
    browser.driver.switch_to.active_element.send_keys(Keys.ENTER)
    browser.wait_for("#request-20 .inside")
    assert browser.run("return document.activeElement.id") == "request-20-link"
    assert abs(browser.run("return document.activeElement.getBoundingClientRect().top") - before) < 1
    browser.run("document.querySelector('#environment summary').focus()")
    browser.driver.switch_to.active_element.send_keys(Keys.ENTER)
    browser.wait_for("#environment .pop")
    browser.driver.switch_to.active_element.send_keys(Keys.ESCAPE)
    browser.until(lambda: not browser.find("#environment .pop")[0].is_displayed())


def test_the_address_is_what_is_shown_and_can_be_sent(browser: Browser, server: Server, http: FlaskClient) -> None:
    http.get("/api/v1/nope", headers=TOKEN)
    browser.open(server.url + PAGE)
    browser.press(".views a", "Problems")
    browser.wait_for("#request-2")
    browser.press("#request-2 .row")
    browser.wait_for("#request-2 .inside")
    browser.press("#tool-clock")
    browser.wait_for("#panel-clock")
    address = browser.driver.current_url
    browser.open(server.url + PAGE)
    browser.open(address)
    browser.wait_for("#request-2 .inside")
    browser.wait_for("#panel-clock")
    assert browser.run(ROWS) == ["request-2"]


def test_the_way_back_leads_through_what_was_opened(browser: Browser, server: Server, http: FlaskClient) -> None:
    browser.open(server.url + PAGE)
    browser.press("#request-1 .row")
    browser.wait_for("#request-1 .inside")
    browser.press("#tool-clock")
    browser.wait_for("#panel-clock")
    browser.driver.back()
    browser.until(lambda: not browser.find("#panel-clock"))
    assert browser.find("#request-1 .inside")
    browser.driver.back()
    browser.until(lambda: not browser.find("#request-1 .inside"))
    browser.driver.forward()
    browser.wait_for("#request-1 .inside")
    http.get("/api/v1/agents", headers=TOKEN)
    browser.until(lambda: "1 new row" in browser.text("#arrived"))


def test_who_goes_back_while_a_link_is_followed_is_back(browser: Browser, server: Server) -> None:
    browser.open(server.url + PAGE)
    browser.press("#tool-clock")
    browser.wait_for("#panel-clock")
    browser.run(
        "const own = window.fetch; window.released = new Promise(done => (window.release = done));"
        "window.fetch = (to, how) => String(to).includes('wait=') ? own(to, how) : released.then(() => own(to, how))"
    )
    browser.press("#tool-faults")
    browser.driver.back()
    browser.run("release()")
    browser.until(lambda: not browser.find(".panel"))
    assert "tool=" not in browser.driver.current_url
    browser.driver.forward()
    browser.wait_for("#panel-clock")


def test_a_page_left_open_survives_a_restart_of_the_server(browser: Browser) -> None:
    first, second = World(shipped()), World(shipped())
    server = Server(create_app(first, Guard()))
    server.start()
    browser.open(server.url + PAGE)
    server.stop()
    browser.wait_for("#live", "waiting for the server")
    browser.press(SWITCH)
    browser.told("The server does not answer.")
    again = Server(create_app(second, Guard()), port=server.port)
    again.start()
    try:
        browser.until(lambda: browser.text("#live") == "live")
        create_app(second).test_client().patch(TOGGLE, headers=TOKEN)
        browser.wait_for("#request-1")
        browser.until(lambda: browser.find(SWITCH)[0].get_attribute("aria-checked") == "true")
    finally:
        again.stop()


def test_a_page_that_was_opened_with_a_password_in_its_address_lives(
    browser: Browser, world: World, serve: Callable[[Flask], Server]
) -> None:
    app = create_app(world, Guard(token="tok"))
    server = serve(app)
    browser.open(f"http://u:tok@127.0.0.1:{server.port}{PAGE}")
    app.test_client().patch("/api/v1/nope", headers=TOKEN)
    browser.press("#request-1 .row")
    browser.wait_for("#request-1 .inside")
    browser.driver.back()
    browser.until(lambda: not browser.find("#request-1 .inside"))
    browser.press(SWITCH)
    browser.told("My Webhook is on.")
    assert browser.complaints() == []


def test_a_page_that_nobody_looks_at_asks_for_nothing(browser: Browser, server: Server, app: Flask) -> None:
    browser.open(server.url + PAGE)
    browser.until(lambda: server.waiting == 1)
    page = browser.driver.current_window_handle
    browser.driver.switch_to.new_window("tab")
    browser.until(lambda: server.waiting == 0)
    app.test_client().patch(TOGGLE, headers=TOKEN)
    browser.driver.close()
    browser.driver.switch_to.window(page)
    browser.wait_for("#request-1")


def test_hostile_names_and_payloads_run_nothing(browser: Browser, server: Server, app: Flask) -> None:
    text = "\"><img src=x onerror=\"document.title='ran'\"><script>document.title='ran'</script>"
    http = app.test_client()
    browser.open(server.url + PAGE)
    webhook = {"id": WEBHOOK, "name": text, "webhook_url": "http://localhost/", "events": [ENDED]}
    http.put("/__admin/state", json={"agents": [{"id": AGENT, "name": text, "webhooks": [webhook]}]})
    http.post(f"/api/v1/agents/{AGENT}/webhooks", json={"name": text, text: text}, headers=TOKEN)
    browser.wait_for("#webhooks", "onerror")
    browser.press("#request-1 .row")
    browser.wait_for("#request-1 .inside", "onerror")
    browser.press(SWITCH)
    browser.told("onerror")
    assert browser.driver.title == "default · Talkover mock"
    assert browser.find("main img") + browser.find("main script") == []
    assert browser.complaints() == []


def test_without_scripts_it_can_be_read_and_driven(
    browser: Browser, server: Server, mock: MockServer, app: Flask, world: World
) -> None:
    app.test_client().get("/api/v1/agents", headers=TOKEN)
    browser.open(server.url + PAGE, scripts=False)
    try:
        assert "reload for more" in browser.driver.find_element("css selector", "#live").text
        browser.driver.find_element("css selector", "#request-1 .row").click()
        (inside,) = browser.until(lambda: browser.find("#request-1 .inside"))  # the page comes again
        assert "Quiet Agent" in inside.text
        assert not browser.driver.find_element("css selector", "#request-1 [data-copy]").is_displayed()
        browser.driver.find_element("css selector", SWITCH).click()
        (found,) = browser.until(lambda: browser.find("#outcome p"))
        assert "My Webhook is on." in found.text
        for _ in range(20):
            mock.emit(AGENT, ENDED, wait=BOUND)
        browser.driver.get(f"{server.url}{PAGE}?show=deliveries")
        id = browser.find("#rows > li")[-1].get_attribute("id")
        browser.find(f"#{id} .row")[0].click()
        (button, *_) = browser.until(lambda: browser.find(f"#{id} .actions button"))
        button.click()
        browser.until(lambda: "is redelivered." in browser.driver.page_source)
        assert browser.driver.current_url.endswith(f"#{id}")
    finally:
        browser.driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})
    webhook = world.default.webhook(WEBHOOK)
    assert webhook
    assert webhook.enabled


def test_focus_and_messages_are_where_the_work_is(browser: Browser, server: Server, http: FlaskClient) -> None:
    http.get("/api/v1/health", headers=TOKEN)
    browser.open(server.url + PAGE)
    browser.press("#request-1 .row")
    browser.press("#request-1 .inside a", "Add a fault for this")
    browser.wait_for("#fault-on-calls")
    assert browser.run("return document.activeElement.closest('.panel') !== null")
    browser.press("#fault-on-calls button", "Add fault")
    browser.wait_for("#outcome p", "fault-1 is added.")
    place = "return getComputedStyle(document.getElementById('outcome')).position"
    assert browser.run(place) == "static"
    browser.press("#fault-fault-1 button", "Remove")
    browser.wait_for("#outcome p", "fault-1 is removed.")
    assert browser.run(place) == "static"
    browser.press(SWITCH)
    browser.wait_for("#outcome p", "My Webhook is on.")
    assert browser.run(place) == "fixed"
    browser.press("#outcome a")
    browser.until(lambda: not browser.find("#outcome p"))
