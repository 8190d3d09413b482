"""The page in a real browser, left open: what moves, what stays, what it costs, and what it survives."""

import pytest
from flask import Flask
from selenium.webdriver.common.keys import Keys

from talkover_mock.admin.guard import Guard
from talkover_mock.app import create_app
from talkover_mock.base.shapes.values import Event
from talkover_mock.environments.world import World
from talkover_mock.loading.files import load
from talkover_mock.web.server import Server
from tests.conftest import FIXTURES
from tests.support.browser import DESKTOP, PHONE, Browser
from tests.support.documented import AGENT, TOGGLE, TOKEN, WEBHOOK
from tests.support.page_document import PAGE

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("browser")]
ENDED: Event = "event_phone_call_ended"
SWITCH = f"#webhook-{WEBHOOK} .switch"
at_both_widths = pytest.mark.parametrize("width", [DESKTOP, PHONE])


@at_both_widths
def test_nothing_moves_while_rows_arrive(browser: Browser, server: Server, app: Flask, width: int) -> None:
    http = app.test_client()
    browser.open(server.url + PAGE, width)
    tops = "return [...document.querySelectorAll('[data-follow]')].map(box => box.scrollTop)"
    assert browser.run(tops) == [0, 0], "what stands where there is no list yet is read from its start"
    browser.run(
        "window.moved = []; new PerformanceObserver(list => { for (const each of list.getEntries())"
        " moved.push(...each.sources.map(source => source.node?.parentElement?.outerHTML)) })"
        ".observe({type: 'layout-shift'})"
    )
    for number in range(1, 21):
        http.patch(TOGGLE if number % 2 else "/api/v1/nope", headers=TOKEN)
        if number in (1, 8, 20):
            browser.wait_for(f"#request-{number}")
    box = "const box = document.querySelector('#requests .box'); return "
    assert browser.run(box + "box.scrollHeight - box.scrollTop - box.clientHeight") < 4
    assert browser.run("return moved") == []


def test_what_is_being_read_and_typed_stays(browser: Browser, server: Server, app: Flask) -> None:
    http = app.test_client()
    http.patch(TOGGLE, headers=TOKEN)
    browser.open(server.url + PAGE)
    browser.press("#request-1 summary")
    browser.fill("#snapshot-name", "half-ty")
    top = "return document.querySelector('#request-1').getBoundingClientRect().top"
    before = browser.run(top)
    for _ in range(12):
        http.get("/api/v1/agents", headers=TOKEN)
    browser.wait_for("#request-13")
    assert browser.run(top) == before
    assert browser.run("return document.querySelector('#request-1 > details').open")
    assert browser.run("return document.activeElement.id") == "snapshot-name"
    assert browser.find("#snapshot-name")[0].get_attribute("value") == "half-ty"


def test_it_is_driven_by_the_keyboard(browser: Browser, server: Server, app: Flask) -> None:
    app.test_client().get("/api/v1/agents", headers=TOKEN)
    browser.open(server.url + PAGE)
    browser.driver.switch_to.active_element.send_keys(Keys.TAB)
    assert browser.run("return document.activeElement.className") == "skip"
    browser.run("document.querySelector(arguments[0]).focus()", SWITCH)
    browser.driver.switch_to.active_element.send_keys(Keys.SPACE)
    browser.told("Webhook enabled")
    assert browser.run("return document.activeElement === document.querySelector(arguments[0])", SWITCH)
    browser.run("document.querySelector('#request-1 summary').focus()")
    browser.driver.switch_to.active_element.send_keys(Keys.ENTER)
    browser.wait_for("#request-1 .inside")


def test_a_page_left_open_survives_a_restart_of_the_server(browser: Browser) -> None:
    first, second = World(load([FIXTURES])), World(load([FIXTURES]))
    server = Server(create_app(first, Guard()))
    server.start()
    browser.open(server.url + PAGE)
    server.stop()
    browser.wait_for("#live", "waiting for the server")
    again = Server(create_app(second, Guard()), port=server.port)
    again.start()
    try:
        browser.until(lambda: browser.text("#live") == "live")
        create_app(second).test_client().patch(TOGGLE, headers=TOKEN)
        browser.wait_for("#request-1")
        browser.wait_for(f"#webhook-{WEBHOOK}", "active")
    finally:
        again.stop()


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
    browser.wait_for("#agents", "onerror")
    browser.press("#request-1 summary")
    browser.press(SWITCH)
    browser.told("onerror")
    assert browser.driver.title == "default · Talkover mock server"
    assert browser.find("main img") + browser.find("main script") == []
    assert browser.complaints() == []


def test_without_scripts_it_can_be_read_and_driven(browser: Browser, server: Server, app: Flask, world: World) -> None:
    app.test_client().get("/api/v1/agents", headers=TOKEN)
    browser.open(server.url + PAGE, scripts=False)
    try:
        browser.driver.find_element("css selector", "#request-1 summary").click()
        assert "Quiet Agent" in browser.driver.find_element("css selector", "#request-1 .inside").text
        assert not browser.driver.find_element("css selector", "#request-1 [data-copy]").is_displayed()
        browser.driver.find_element("css selector", SWITCH).click()
        (found,) = browser.until(lambda: browser.find("#outcome p"))  # the page comes again
        assert "Webhook enabled" in found.text
    finally:
        browser.driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})
    webhook = world.default.webhook(WEBHOOK)
    assert webhook
    assert webhook.enabled
