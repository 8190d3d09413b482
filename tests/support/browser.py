"""Debian's Chromium, driven as a person would: it looks at the page, presses, and waits for what is to come.

Selenium takes a fifth of a second to import, which the quick tests need not wait for: here that comes with the window.
"""

import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from selenium.webdriver import Chrome
    from selenium.webdriver.remote.webelement import WebElement

CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
REQUIRED = os.environ.get("TALKOVER_MOCK_REQUIRE_BROWSER") == "1"
AXE = Path(sys.prefix) / "axe" / "axe_playwright_python" / "axe.min.js"
DESKTOP, PHONE = 1280, 390
BOUND = 15
"""Seconds after which what should have come will not."""
_OF_COLOURS = ["color-contrast", "link-in-text-block"]
_FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--hide-scrollbars"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)


class Browser:
    """One window; the methods wait until there is what they look for."""

    def __init__(self, driver: "Chrome") -> None:
        self.driver = driver

    def open(self, url: str, width: int = DESKTOP, *, scripts: bool = True) -> None:
        self.resize(width)
        self._prefer("light")
        self.driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": not scripts})
        self.driver.get(url)
        if scripts:
            self.until(lambda: self.text("#live") == "live")

    def resize(self, width: int) -> None:
        metrics = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 500}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)

    def _prefer(self, theme: str) -> None:
        preferred = {"name": "prefers-color-scheme", "value": theme}
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [preferred]})

    def run(self, script: str, *arguments: object) -> Any:
        return self.driver.execute_script(script, *arguments)

    def until(self, holds: Callable[[], object]) -> Any:
        from selenium.webdriver.support.ui import WebDriverWait

        def told(_: object) -> object:
            return holds()

        return WebDriverWait(self.driver, BOUND, poll_frequency=0.05).until(told, "it did not come about")

    def find(self, selector: str) -> "list[WebElement]":
        return self.driver.find_elements("css selector", selector)

    def text(self, selector: str) -> str:
        """What can be read of the first such element, or nothing where there is none."""
        return str(self.run("return document.querySelector(arguments[0])?.innerText.trim() ?? ''", selector))

    def wait_for(self, selector: str, text: str = "") -> "WebElement":
        """The first such element, as soon as it can be seen and holds the text."""

        def found() -> "WebElement | None":
            script = (
                "return [...document.querySelectorAll(arguments[0])]"
                ".find(e => e.checkVisibility() && e.innerText.includes(arguments[1])) ?? null"
            )
            element: WebElement | None = self.run(script, selector, text)
            return element

        element: WebElement = self.until(found)
        return element

    def press(self, selector: str, text: str = "") -> None:
        element = self.wait_for(selector, text)
        self.run("arguments[0].scrollIntoView({block: 'center'})", element)
        element.click()

    def fill(self, selector: str, value: str) -> None:
        element = self.wait_for(selector)
        element.clear()
        element.send_keys(value)

    def told(self, text: str) -> None:
        """Waits for the message of an action, and puts it away."""
        self.wait_for("#outcome p", text)
        self.run("document.getElementById('outcome').replaceChildren()")

    def violations(self, coloured: Sequence[str] = ("html",)) -> list[str]:
        """What axe-core finds wrong with the page as it stands, in both themes; it need not describe what is right.

        Its rules about colours take most of the time, and are the only ones to which a theme matters: they look at
        `coloured` parts alone, so that a row that many pages show is not measured again on each.
        """
        if self.run("return !window.axe"):
            self.run(AXE.read_text())
        self._prefer("light")
        found = self._broken(["html"], {"rules": {rule: {"enabled": False} for rule in _OF_COLOURS}})
        for theme in ("light", "dark"):
            self._prefer(theme)
            found += self._broken(coloured, {"runOnly": _OF_COLOURS})
        return found

    def _broken(self, parts: Sequence[str], options: Mapping[str, object]) -> list[str]:
        found = self.driver.execute_async_script(
            "axe.run({include: arguments[0].map(part => [part])}, arguments[1])"
            ".then(found => arguments[2](found.violations))",
            list(parts),
            {**options, "resultTypes": ["violations"]},
        )
        return [f"{each['id']}: {[node['html'] for node in each['nodes']]}" for each in found]

    def complaints(self) -> list[str]:
        """What the browser has written to its console since the last call: errors, and breaches of the policy."""
        return [str(entry["message"]) for entry in self.driver.get_log("browser")]  # type: ignore[no-untyped-call]


@contextmanager
def running_browser() -> Iterator[Browser]:
    """Fails or skips where there is no browser."""
    if not (CHROMIUM and DRIVER):
        say = pytest.fail if REQUIRED else pytest.skip
        say("no browser: install chromium and chromium-driver (Debian), or leave this to .ci/run")
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service

    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        for flag in (*_FLAGS, f"--user-data-dir={profile}"):
            options.add_argument(flag)
        driver = webdriver.Chrome(options=options, service=Service(DRIVER))
        try:
            yield Browser(driver)
        finally:
            driver.quit()
