"""The page in a real browser: every action at a desk and on a phone, and what axe-core says."""

import pytest
from flask import Flask

from talkover_mock.app import create_app
from talkover_mock.base.shapes.values import Event
from talkover_mock.client import MockServer
from talkover_mock.environments.world import World
from talkover_mock.receiver import WebhookReceiver
from talkover_mock.web.server import Server
from tests.support.browser import BOUND, DESKTOP, PHONE, Browser
from tests.support.documented import AGENT, TOGGLE, TOKEN, WEBHOOK
from tests.support.page_document import PAGE

pytestmark = pytest.mark.slow
ENDED: Event = "event_phone_call_ended"
SWITCH = f"#webhook-{WEBHOOK} .switch"
DELIVERY = "#delivery-1"
WIDTH = "return document.documentElement.scrollWidth"
OPEN_DETAILS = "for (const each of document.querySelectorAll('details:not(.clear)')) each.open = true"
at_both_widths = pytest.mark.parametrize("width", [DESKTOP, PHONE])


def fill(world: World, mock: MockServer, receiver: WebhookReceiver) -> None:
    """Something of everything, where the clock is frozen."""
    calls = {"webhook_url": receiver.url, "webhook_secret": "s", "max_retries": 2, "events": [ENDED], "enabled": True}
    mock.merge_state({"agents": [{"id": AGENT, "name": "My Agent", "webhooks": [{"id": WEBHOOK, **calls}]}]})
    mock.freeze("2025-09-03T23:50:15Z")
    receiver.answer_next(500)
    receiver.answer_next(503)
    mock.emit(AGENT, ENDED, wait=BOUND)
    mock.advance(1.5)
    http = create_app(world).test_client()
    http.get("/api/v1/agents", headers=TOKEN)
    http.post(f"/api/v1/agents/{AGENT}/webhooks", json={"name": ""}, headers=TOKEN)


def path_of_webhooks(browser: Browser, width: int) -> None:
    """On a phone the webhooks are a view of their own."""
    if width == PHONE:
        browser.press(".views a", "Webhooks")
        browser.until(lambda: browser.text("#live") == "live")


@at_both_widths
def test_the_switch_toggles(browser: Browser, server: Server, world: World, width: int) -> None:
    browser.open(server.url + PAGE, width)
    path_of_webhooks(browser, width)
    browser.press(SWITCH)
    browser.told("My Webhook is on.")
    browser.until(lambda: browser.find(SWITCH)[0].get_attribute("aria-checked") == "true")
    assert [(each.path, each.by) for each in world.default.journal.log.all()] == [(TOGGLE, "page")]
    browser.open(server.url + PAGE, width)
    browser.wait_for("#request-1", "by this page")
    assert browser.complaints() == []


@at_both_widths
def test_a_request_appears_opens_to_the_exchange_and_is_copied(
    browser: Browser, server: Server, app: Flask, width: int
) -> None:
    browser.open(server.url + PAGE, width)
    browser.driver.execute_cdp_cmd(
        "Browser.grantPermissions", {"permissions": ["clipboardReadWrite", "clipboardSanitizedWrite"]}
    )
    app.test_client().patch(TOGGLE, headers={"Authorization": "Bearer talq_a_secret_token"})
    browser.press("#request-1 .row", "PATCH")
    browser.wait_for("#request-1 .inside", "Webhook enabled")
    browser.wait_for("#request-1 .headers", "Bearer talq_a_secret_token")
    assert "open=request-1" in browser.driver.current_url
    browser.run("const later = setTimeout; window.setTimeout = (what, time) => later(what, time === 1500 ? 9e5 : time)")
    browser.press("#request-1 [data-copy]")
    browser.wait_for("#request-1 [data-copy]", "Copied")
    app.test_client().patch(TOGGLE, headers=TOKEN)
    browser.wait_for("#arrived", "1 new row")
    assert browser.text("#request-1 [data-copy]") == "Copied"  # for its time, whatever changes on the page
    copied = browser.driver.execute_async_script("navigator.clipboard.readText().then(arguments[0], arguments[0])")
    assert copied.startswith("curl -g -X PATCH")
    assert copied == browser.run("return document.querySelector('#request-1 .code pre').textContent")
    browser.press("#request-1 .row")
    browser.until(lambda: not browser.find("#request-1 .inside"))
    assert "open=" not in browser.driver.current_url
    assert browser.complaints() == []


def test_bodies_are_shown_and_copied_as_they_came(browser: Browser, server: Server, app: Flask) -> None:
    body, place = b'\n\r\n{"name":\r"a"}\r\n', f"/api/v1/agents/{AGENT}/webhooks"
    app.test_client().post(place, data=body, headers=TOKEN, content_type="application/json")
    browser.open(server.url + PAGE + "?open=request-1")
    text = "return document.querySelector(arguments[0]).textContent"
    assert browser.run(text, "#body-of-request-1-exact pre") == body.decode()
    browser.driver.execute_cdp_cmd(
        "Browser.grantPermissions", {"permissions": ["clipboardReadWrite", "clipboardSanitizedWrite"]}
    )
    browser.press("#request-1 [data-copy]")
    browser.wait_for("#request-1 [data-copy]", "Copied")
    command = browser.driver.execute_async_script("navigator.clipboard.readText().then(arguments[0], arguments[0])")
    assert command.startswith(r"""printf '\n\r\n{"name":\r"a"}\r\n' |""" + "\ncurl -g -X POST ")


@at_both_widths
def test_a_delivery_opens_to_its_attempts_and_is_advanced_and_redelivered(
    browser: Browser, server: Server, world: World, mock: MockServer, receiver: WebhookReceiver, width: int
) -> None:
    fill(world, mock, receiver)
    browser.open(server.url + PAGE, width)
    browser.press(f"{DELIVERY} .row", "retrying")
    for text in ("Attempt 1", "Attempt 2", "+1 s", "500", "503", "Genuine", f'"event": "{ENDED}"', "Signature"):
        browser.wait_for(f"{DELIVERY} .inside", text)
    browser.press(f"{DELIVERY} .actions button", "Advance 1.5 s to attempt 3")
    browser.told("The clock is advanced to")
    browser.wait_for(f"{DELIVERY} .status", "success")
    browser.wait_for(f"{DELIVERY} .attempts", "Attempt 3")
    browser.press(f"{DELIVERY} .actions button", "Replay the same bytes")
    browser.told(f"{ENDED} is replayed.")
    receiver.wait_for(4, wait=BOUND)
    assert browser.complaints() == []


@at_both_widths
def test_an_event_is_emitted_and_told_whom_it_would_reach(
    browser: Browser, server: Server, world: World, width: int
) -> None:
    browser.open(server.url + PAGE, width)
    browser.press("#tool-emit")
    browser.wait_for("#preview", "Would reach")
    browser.run(
        "const choice = document.querySelector('#panel-emit [name=what]'); choice.value = arguments[0];"
        "choice.dispatchEvent(new Event('change', {bubbles: true}))",
        ENDED,
    )
    browser.wait_for("#preview", "Would reach 1 of 2 webhooks: Call analytics.")
    browser.press("#payload-options summary")
    browser.fill("#panel-emit [name=call]", '{"id": "call-1"}')
    browser.press("#panel-emit button", "Emit")
    browser.told(f"{ENDED} goes to 1 webhook")
    browser.wait_for("#rows", ENDED)
    [delivery] = world.default.deliveries.log.watch(lambda _: True).items
    assert delivery.occurrence.call["id"] == "call-1"
    browser.fill("#panel-emit [name=call]", "{")
    browser.press("#panel-emit button", "Emit")
    browser.told("call is not JSON")
    assert browser.find("#panel-emit [name=call]")[0].get_attribute("value") == "{"
    browser.press("#tool-emit")
    browser.until(lambda: not browser.find(".panel"))


@at_both_widths
def test_the_clock_is_frozen_advanced_and_unfrozen(browser: Browser, server: Server, world: World, width: int) -> None:
    browser.open(server.url + PAGE + "?tool=clock", width)
    browser.press("#panel-clock button", "Freeze now")
    browser.wait_for("#tool-clock", "frozen")
    browser.fill("#panel-clock [name=now]", "2025-09-03T23:50:15Z")
    browser.press("#panel-clock button", "Freeze at")
    browser.wait_for("#panel-clock", "2025-09-03 23:50:15")
    browser.fill("#panel-clock [name=seconds]", "90")
    browser.press("#panel-clock button", "Advance")
    browser.wait_for("#panel-clock", "2025-09-03 23:51:45")
    browser.press("#panel-clock button", "Unfreeze")
    browser.wait_for("#panel-clock", "real time")
    assert not world.default.clock.is_frozen


@at_both_widths
def test_a_fault_is_added_for_a_row_and_removed(
    browser: Browser, server: Server, world: World, app: Flask, width: int
) -> None:
    app.test_client().patch(TOGGLE, headers=TOKEN)
    browser.open(server.url + PAGE, width)
    browser.press("#request-1 .row")
    browser.press("#request-1 .inside a", "Add a fault for this")
    browser.press("#fault-on-calls button", "Add fault")
    browser.told("fault-1 is added.")
    browser.wait_for("#fault-fault-1", "calls, PATCH */toggle")
    browser.wait_for("#tool-faults", "1")
    browser.press("#fault-fault-1 button", "Remove")
    browser.told("fault-1 is removed.")
    browser.until(lambda: not browser.find("#fault-fault-1"))
    assert not world.default.faults.all()


@at_both_widths
def test_snapshots_are_taken_restored_and_deleted(browser: Browser, server: Server, world: World, width: int) -> None:
    browser.open(server.url + PAGE, width)
    browser.press("#tool-snapshots")
    browser.fill("#panel-snapshots [name=name]", "before")
    browser.press("#panel-snapshots button", "Take a snapshot")
    browser.told("Snapshot before is taken.")
    world.default.webhooks.toggle(AGENT, WEBHOOK)
    browser.press("#snapshot-before button", "Restore")
    browser.told("Snapshot before is restored.")
    webhook = world.default.webhook(WEBHOOK)
    assert webhook
    assert not webhook.enabled
    browser.press("#snapshot-before button", "Delete")
    browser.wait_for("#panel-snapshots", "No snapshots yet.")


@at_both_widths
def test_reset_goes_back(browser: Browser, server: Server, world: World, app: Flask, width: int) -> None:
    app.test_client().patch(TOGGLE, headers=TOKEN)
    browser.open(server.url + PAGE, width)
    browser.wait_for("#request-1")
    browser.press("#tool-reset")
    browser.press("#panel-reset button", "Reset this environment")
    browser.told("Environment default is reset to its fixture.")
    browser.wait_for(".start", "Nothing has happened yet")
    assert world.default.journal.log.watch(lambda _: True).items == []


@at_both_widths
def test_another_environment_is_chosen(browser: Browser, server: Server, width: int) -> None:
    browser.open(server.url + PAGE, width)
    browser.press("#environment summary")
    browser.press("#environment a", "staging")
    browser.wait_for("#environment summary", "staging")
    assert "My Webhook" not in browser.text("main")


@at_both_widths
def test_a_webhook_is_edited(browser: Browser, server: Server, width: int) -> None:
    browser.open(server.url + PAGE, width)
    path_of_webhooks(browser, width)
    browser.press(f"#facts-{WEBHOOK} summary")
    browser.press(f"#facts-{WEBHOOK} a", "Edit")
    browser.fill("#webhook-form [name=name]", "Renamed")
    browser.press("#webhook-form button", "Save")
    browser.told("Renamed is saved.")
    browser.wait_for(f"#webhook-{WEBHOOK}", "Renamed")


def assert_fine(browser: Browser, *coloured: str) -> None:
    """Axe-core finds nothing at a desk and on a phone, where nothing overflows sideways either."""
    for width in (DESKTOP, PHONE):
        browser.resize(width)
        assert browser.violations(coloured or ["html"]) == []
        assert browser.run(WIDTH) <= width


def test_axe_finds_nothing(
    browser: Browser, server: Server, world: World, mock: MockServer, receiver: WebhookReceiver
) -> None:
    browser.open(server.url + PAGE)
    assert_fine(browser)
    fill(world, mock, receiver)
    mock.add_fault("maintenance", times=2)
    mock.snapshot("before")
    mock.play("answered", AGENT)
    opened = "&".join(f"open={id}" for id in ("request-1", "request-2", "request-3"))
    delivery = next(row.id for row in world.default.activity.rows("deliveries").rows if row.kind == "delivery")
    browser.open(f"{server.url}{PAGE}?{opened}&open={delivery}&tool=faults")
    browser.run(OPEN_DETAILS)
    assert_fine(browser)
    for tool in ("emit", "calls", "clock", "snapshots", "reset", f"webhook&edit={WEBHOOK}"):
        browser.open(f"{server.url}{PAGE}?tool={tool}")
        browser.run(OPEN_DETAILS)
        assert_fine(browser, ".panel", ".tools")
    for view in ("requests", "deliveries", "problems", "webhooks"):
        browser.open(f"{server.url}{PAGE}?show={view}&status=200")
        assert_fine(browser)


def test_axe_finds_nothing_among_very_many(browser: Browser, server: Server, mock: MockServer) -> None:
    name = "A very long name of a webhook that has no end " * 4 + "W" * 40
    hooks = [{"name": name, "webhook_url": f"http://localhost:9/{'x' * 200}", "events": [ENDED]} for _ in range(40)]
    mock.replace_state({"agents": [{"id": f"a{n}", "name": name, "webhooks": hooks} for n in range(30)]})
    for _ in range(60):
        mock.emit("a1", "event_action")
    browser.open(f"{server.url}{PAGE}?find=long")
    assert_fine(browser)
    assert len(browser.find("#rows > li")) == 50


@pytest.mark.parametrize("document", ["assumptions", "?environment=nope"])
def test_axe_finds_nothing_in_a_document(browser: Browser, server: Server, document: str) -> None:
    browser.open(server.url + PAGE)
    browser.driver.get(server.url + PAGE + document)
    browser.wait_for("main h2")
    assert_fine(browser)


@at_both_widths
def test_what_is_pressed_is_large_enough(
    browser: Browser, server: Server, world: World, mock: MockServer, receiver: WebhookReceiver, width: int
) -> None:
    fill(world, mock, receiver)
    least = 40 if width == PHONE else 24
    for query in ("?tool=faults&open=request-1", "?show=webhooks"):
        browser.open(server.url + PAGE + query, width)
        small = browser.run(
            "const all = 'a, button, summary, select, input:not([type=hidden], [type=checkbox])';"
            "return [...document.querySelectorAll(all)]"
            ".filter(e => e.checkVisibility() && !e.closest('p, .foot') && !e.matches('.switch, .skip')"
            " && e.getBoundingClientRect().height < arguments[0] - 0.5)"
            ".map(e => `${e.getBoundingClientRect().height} ${e.outerHTML.slice(0, 90)}`)",
            least,
        )
        assert small == []


@at_both_widths
def test_the_environments_of_failed_tests_can_be_read_and_closed(
    browser: Browser, server: Server, world: World, width: int
) -> None:
    for name, test in {"short": "test_it", "long": "test_" + "W" * 150}.items():
        world.open(world.default, name, title=f"tests/test_orders.py::{test}")
        world.mark(name, "failed")
    browser.open(f"{server.url}{PAGE}?environments=orders", width)
    places = browser.run(
        "return [...document.querySelectorAll('#environment li')].map(row =>"
        "['.title b', '.bad', 'button'].map(part => row.querySelector(part).getBoundingClientRect())"
        ".map(({left, right, height}) => [left, right, height]))"
    )
    assert len(places) == 2
    for title, state, button in places:
        assert title[0] < title[1] <= state[0] < state[1] <= button[0]
        assert button[2] >= (40 if width == PHONE else 24)
    assert browser.violations([".pop"]) == []


def test_nothing_overflows_sideways(browser: Browser, server: Server, mock: MockServer) -> None:
    hooks = [{"name": "W" * 225, "webhook_url": f"http://localhost:9/{'x' * 200}", "events": [ENDED]}]
    mock.merge_state({"agents": [{"id": AGENT, "name": "A" * 225, "webhooks": hooks}]})
    delivery = mock.emit(AGENT, ENDED, wait=BOUND)[0]["id"]
    addresses = ["environments=x", f"open=delivery-{delivery}", "show=deliveries", "show=webhooks"]
    for query in (*addresses, *(f"tool={tool}" for tool in ("emit", "clock", "faults", "webhook&edit=new"))):
        browser.open(f"{server.url}{PAGE}?{query}")
        for width in (320, 640, 900, 1130):
            browser.resize(width)
            assert browser.run(WIDTH) <= width, query
