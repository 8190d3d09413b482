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

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("browser")]
ENDED: Event = "event_phone_call_ended"
SWITCH = f"#webhook-{WEBHOOK} .switch"
at_both_widths = pytest.mark.parametrize("width", [DESKTOP, PHONE])


def fill(world: World, mock: MockServer, receiver: WebhookReceiver) -> None:
    """Something of everything, where the clock is frozen."""
    calls = {"webhook_url": receiver.url, "webhook_secret": "s", "max_retries": 1, "events": [ENDED], "enabled": True}
    mock.merge_state({"agents": [{"id": AGENT, "name": "My Agent", "webhooks": [{"id": WEBHOOK, **calls}]}]})
    mock.freeze("2025-09-03T23:50:15Z")
    receiver.answer_next(500)
    receiver.answer_next(503)
    mock.emit(AGENT, ENDED, wait=BOUND)
    mock.advance(30)
    mock.emit(AGENT, ENDED, wait=BOUND)
    http = create_app(world).test_client()
    http.get("/api/v1/agents", headers=TOKEN)
    http.post(f"/api/v1/agents/{AGENT}/webhooks", json={"name": ""}, headers=TOKEN)


@at_both_widths
def test_the_switch_toggles(browser: Browser, server: Server, world: World, width: int) -> None:
    browser.open(server.url + PAGE, width)
    browser.press(SWITCH)
    browser.told("Webhook enabled: My Webhook.")
    browser.wait_for(f"#webhook-{WEBHOOK}", "active")
    assert browser.find(SWITCH)[0].get_attribute("aria-checked") == "true"
    browser.wait_for("#requests .rows", f"/api/v1/agents/{AGENT[:8]}")
    assert [each.path for each in world.default.journal.log.watch(lambda _: True).items] == [TOGGLE]
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
    browser.press("#request-1 summary", "PATCH")
    browser.wait_for("#request-1 .inside", "Webhook enabled")
    browser.wait_for("#request-1 .headers", "Bearer talq_***en")
    browser.press("#request-1 [data-copy]")
    browser.wait_for("#request-1 [data-copy]", "Copied")
    copied = browser.driver.execute_async_script("navigator.clipboard.readText().then(arguments[0], arguments[0])")
    assert copied == browser.run("return document.querySelector('#request-1 .code pre').textContent")
    assert "talq_a_secret" not in browser.driver.page_source
    assert browser.complaints() == []


@at_both_widths
def test_a_delivery_opens_to_its_attempts_and_is_retried(
    browser: Browser, server: Server, world: World, mock: MockServer, receiver: WebhookReceiver, width: int
) -> None:
    fill(world, mock, receiver)
    browser.open(server.url + PAGE, width)
    browser.press("#deliveries li", "failed")
    opened = "#deliveries .rows > li:first-child"
    for text in ("Attempt 1", "Attempt 2", "+1 s", "500", "503", "Genuine", f'"event": "{ENDED}"', "Signature"):
        browser.wait_for(f"{opened} .inside", text)
    browser.press(f"{opened} .actions button", "Retry")
    browser.told("Webhook retry queued successfully.")
    browser.wait_for(f"{opened} .timeline", "Attempt 3")
    browser.wait_for(f"{opened} summary", "success")
    assert browser.run("return document.querySelector(arguments[0]).open", f"{opened} > details")
    assert browser.complaints() == []


@at_both_widths
def test_an_event_is_emitted(browser: Browser, server: Server, world: World, width: int) -> None:
    browser.open(server.url + PAGE, width)
    browser.press("#emit summary")
    browser.fill("#emit [name=call]", '{"id": "call-1"}')
    browser.run(f"document.querySelector('#emit [name=event]').value = '{ENDED}'")
    browser.press("#emit button", "Emit")
    browser.told(f"{ENDED} goes to 1 webhook")
    browser.wait_for("#deliveries .rows", ENDED)
    [delivery] = world.default.deliveries.log.watch(lambda _: True).items
    assert delivery.occurrence.call["id"] == "call-1"
    browser.fill("#emit [name=call]", "{")
    browser.press("#emit button", "Emit")
    browser.told("call is not JSON")
    assert browser.find("#emit [name=call]")[0].get_attribute("value") == "{"


@at_both_widths
def test_the_clock_is_frozen_advanced_and_unfrozen(browser: Browser, server: Server, world: World, width: int) -> None:
    browser.open(server.url + PAGE, width)
    browser.press("#clock button", "Freeze")
    browser.wait_for("#clock .badge", "frozen")
    browser.press("#clock summary")
    browser.fill("#clock [name=now]", "2025-09-03T23:50:15Z")
    browser.press("#clock details button", "Freeze")
    browser.wait_for("#clock .now", "2025-09-03 23:50:15")
    browser.fill("#clock [name=seconds]", "90")
    browser.press("#clock button", "Advance")
    browser.wait_for("#clock .now", "2025-09-03 23:51:45")
    browser.press("#clock button", "Unfreeze")
    browser.wait_for("#clock .badge", "running")
    assert not world.default.clock.is_frozen


@at_both_widths
def test_a_fault_appears_and_is_removed(browser: Browser, server: Server, world: World, app: Flask, width: int) -> None:
    browser.open(server.url + PAGE, width)
    app.test_client().post("/__admin/faults", json={"preset": "maintenance"})
    browser.press("#fault-fault-1 button", "Remove")
    browser.told("Fault fault-1 is removed.")
    browser.wait_for("#faults .empty")
    assert not world.default.faults.all()


@at_both_widths
def test_snapshots_are_taken_restored_and_deleted(browser: Browser, server: Server, world: World, width: int) -> None:
    browser.open(server.url + PAGE, width)
    browser.fill("#snapshot-name", "before")
    browser.press("#snapshots > form button", "Take")
    browser.told("Snapshot before is taken.")
    browser.press(SWITCH)
    browser.told("Webhook enabled")
    browser.press("#snapshot-before button", "Restore")
    browser.told("Snapshot before is restored.")
    browser.wait_for(f"#webhook-{WEBHOOK}", "disabled")
    browser.press("#snapshot-before button", "Delete")
    browser.wait_for("#snapshots .empty")
    assert world.default.snapshots.all() == []


@at_both_widths
def test_reset_is_asked_twice_and_goes_back(browser: Browser, server: Server, world: World, width: int) -> None:
    browser.open(server.url + PAGE, width)
    browser.press(SWITCH)
    browser.told("Webhook enabled")
    browser.press("#reset summary")
    browser.press("#reset button", "Yes, reset default")
    browser.told("Environment default is reset to its fixture.")
    browser.wait_for(f"#webhook-{WEBHOOK}", "disabled")
    browser.wait_for("#requests .empty")
    assert world.default.journal.log.watch(lambda _: True).items == []


@at_both_widths
def test_another_environment_is_chosen(browser: Browser, server: Server, width: int) -> None:
    browser.open(server.url + PAGE, width)
    browser.run("document.getElementById('environment').value = 'staging'")
    browser.press(".choose button", "Open")
    browser.wait_for("footer", "staging")
    assert "My Webhook" not in browser.text("main")


@pytest.mark.parametrize(("width", "dark"), [(1280, False), (390, True)], ids=["1280-light", "390-dark"])
def test_axe_finds_nothing(
    browser: Browser, server: Server, world: World, mock: MockServer, receiver: WebhookReceiver, width: int, dark: bool
) -> None:
    browser.open(server.url + PAGE, width, dark=dark)
    assert browser.violations() == []
    fill(world, mock, receiver)
    mock.add_fault("maintenance", times=2)
    mock.snapshot("before")
    mock.play("answered", AGENT)
    browser.wait_for("#requests .rows", "422")
    browser.wait_for("#calls .list", "initiated")
    browser.run("for (const each of document.querySelectorAll('details')) each.open = true")
    browser.press("#emit button", "Emit")
    browser.wait_for("#outcome p")
    assert browser.violations() == []
    assert browser.run("return document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize(("width", "dark"), [(1280, False), (390, True)], ids=["1280-light", "390-dark"])
@pytest.mark.parametrize("document", ["assumptions", "?environment=nope"])
def test_axe_finds_nothing_in_a_document(
    browser: Browser, server: Server, document: str, width: int, dark: bool
) -> None:
    browser.open(server.url + PAGE, width, dark=dark)
    browser.driver.get(server.url + PAGE + document)
    browser.wait_for("main h2")
    assert browser.violations() == []
    assert browser.run("return document.documentElement.scrollWidth") <= width
