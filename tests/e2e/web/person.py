"""Somebody in front of the web app: finds things by their name and role, as people and screen readers do."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from selenium import webdriver
from selenium.common.exceptions import StaleElementReferenceException, TimeoutException
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import Select, WebDriverWait

AXE = Path(__file__).parents[3] / "web" / "node_modules" / "axe-core" / "axe.min.js"
PATIENCE_S = 20.0
Found = TypeVar("Found")

# Runs before anything else in each page: what the content security policy refuses is remembered.
WATCH_POLICY = """
window.refusedByPolicy = [];
document.addEventListener('securitypolicyviolation', (event) => {
  window.refusedByPolicy.push(`${event.effectiveDirective} ${event.blockedURI}`);
});
"""


class Person:
    def __init__(self, driver: webdriver.Chrome, web_url: str) -> None:
        self.driver = driver
        self.web_url = web_url
        driver.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": WATCH_POLICY})
        self.look(1280, 900)

    # --- seeing

    def look(self, width: int, height: int, scheme: str = "light") -> None:
        """Through a window of this size, with the system set to `scheme` (light or dark)."""
        metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
        # Without motion: a colour that is still changing has a contrast that nobody sees.
        wishes = {"prefers-color-scheme": scheme, "prefers-reduced-motion": "reduce"}
        features = [{"name": name, "value": value} for name, value in wishes.items()]
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})

    def waits(self, for_what: Callable[[], Found | None], patience_s: float = PATIENCE_S) -> Found:
        """The first value of `for_what` that is true. An element that was redrawn meanwhile is looked for again."""
        wait = WebDriverWait(self.driver, patience_s, ignored_exceptions=[StaleElementReferenceException])
        try:
            found: Found = wait.until(lambda _: for_what())
        except TimeoutException:
            raise AssertionError(f"not within {patience_s:.0f} s; the page says: {self.main_text()}") from None
        return found

    def main_text(self) -> str:
        """The page without its choices, which are long."""
        script = (
            "return [...document.querySelectorAll('h1, h2, h3, p, button, li')].map((e) => e.innerText).join(' | ')"
        )
        return str(self.driver.execute_script(script))[:3000]

    def text(self) -> str:
        return self.driver.find_element(By.TAG_NAME, "body").text

    def sees(self, text: str, patience_s: float = PATIENCE_S) -> None:
        self.waits(lambda: text in self.text(), patience_s)

    def named(self, tag: str, name: str) -> WebElement:
        """The visible `tag` whose accessible name is `name`."""

        def find() -> WebElement | None:
            candidates = self.driver.find_elements(By.CSS_SELECTOR, tag)
            return next((e for e in candidates if e.is_displayed() and e.accessible_name == name), None)

        return self.waits(find)

    def row(self, name: str) -> str:
        """The text of the list's line about the recording `name`; empty while there is none."""
        lines = self.driver.find_elements(By.CSS_SELECTOR, "section ul > li")
        return next((line.text for line in lines if name in line.text), "")

    def recordings(self) -> int:
        """How many lines the list has."""
        return len(self.driver.find_elements(By.CSS_SELECTOR, "section > ul > li"))

    def sees_in_row(self, name: str, text: str, patience_s: float = PATIENCE_S) -> None:
        self.waits(lambda: text in self.row(name), patience_s)

    def spoken(self) -> str | None:
        """The word that is marked as spoken."""
        script = "return [...(CSS.highlights.get('spoken') ?? [])].map(String)[0] ?? null"
        word: str | None = self.driver.execute_script(script)
        return word

    def hears(self) -> dict[str, Any]:
        """What the player does: time (s), paused, duration (s)."""
        script = (
            "const a = document.querySelector('audio');"
            "return {time: a.currentTime, paused: a.paused, duration: a.duration}"
        )
        return dict(self.driver.execute_script(script))

    # --- doing

    def opens(self, fragment: str = "") -> None:
        self.driver.get(f"{self.web_url}/{fragment}")

    def presses(self, name: str, tag: str = "button, a, summary") -> None:
        self.waits(lambda: self._press(tag, name))

    def _press(self, tag: str, name: str) -> bool:
        self.named(tag, name).click()
        return True

    def types(self, label: str, text: str) -> None:
        field = self.named("input", label)
        field.clear()
        field.send_keys(text)

    def tabs(self) -> str:
        """Press Tab; the accessible name of what has the focus then."""
        ActionChains(self.driver).send_keys(Keys.TAB).perform()
        return self.driver.switch_to.active_element.accessible_name

    def moves(self, label: str, *, seconds: int) -> None:
        """Put a slider to `seconds`, as dragging it does."""
        script = "arguments[0].value = arguments[1]; arguments[0].dispatchEvent(new Event('input', {bubbles: true}))"
        self.driver.execute_script(script, self.named("input", label), seconds)

    def chooses(self, label: str, option: str) -> None:
        Select(self.named("select", label)).select_by_visible_text(option)

    def signs_in(self, email: str, password: str) -> None:
        self.types("E-mail address", email)
        self.types("Password", password)
        self.presses("Sign in")

    def uploads(self, *paths: Path) -> None:
        """Give files to the file picker's input, which is what the button opens."""
        self.named("select", "Model")  # the choices are there
        field = self.driver.find_element(By.CSS_SELECTOR, "input[type=file]")
        field.send_keys("\n".join(map(str, paths)))

    def drops(self, *paths: Path) -> None:
        """Drag files from the desktop over the page and let go."""
        self.named("select", "Model")
        data = {"items": [], "files": [str(path) for path in paths], "dragOperationsMask": 1}
        for kind in ("dragEnter", "dragOver", "drop"):
            event = {"type": kind, "x": 400, "y": 300, "data": data}
            self.driver.execute_cdp_cmd("Input.dispatchDragEvent", event)

    def clicks_word(self, segment: int, word: int) -> None:
        """Click in the middle of a word of the transcript, counted from 0."""
        script = """
        const text = document.querySelector(`[data-segment="${arguments[0]}"] p`).firstChild;
        const words = [...text.data.matchAll(/\\S+/g)];
        const range = new Range();
        range.setStart(text, words[arguments[1]].index);
        range.setEnd(text, words[arguments[1]].index + words[arguments[1]][0].length);
        text.parentElement.scrollIntoView({ block: 'center' });
        const box = range.getBoundingClientRect();
        return [box.x + box.width / 2, box.y + box.height / 2];
        """
        x, y = self.driver.execute_script(script, segment, word)
        for kind in ("mousePressed", "mouseReleased"):
            event = {"type": kind, "x": x, "y": y, "button": "left", "clickCount": 1}
            self.driver.execute_cdp_cmd("Input.dispatchMouseEvent", event)

    # --- judging

    def accessibility_faults(self) -> list[dict[str, Any]]:
        """What axe-core finds wrong with the page once it stands still.

        Until the next frame is drawn, a transition of 0.01 ms has its first colour too: long enough on a busy machine.
        """
        self.driver.execute_cdp_cmd("Runtime.evaluate", {"expression": AXE.read_text()})
        script = """
            const done = arguments[0];
            const moves = () =>
                document.getAnimations().filter((one) => one.effect.getComputedTiming().endTime < Infinity);
            const drawn = () => new Promise((next) => requestAnimationFrame(next));
            const stands = async () => {
                do {
                    await Promise.allSettled(moves().map((one) => one.finished));
                    await drawn();
                } while (moves().length > 0);
            };
            stands().then(() => axe.run()).then((found) => done(JSON.stringify(found.violations.map(
                ({id, help, nodes}) => ({id, help, where: nodes.map((node) => node.html)})))));
        """
        return list(json.loads(self.driver.execute_async_script(script)))

    def refused_by_policy(self) -> list[str]:
        return list(self.driver.execute_script("return window.refusedByPolicy"))

    def wider_than_window(self) -> bool:
        """Whether the page must be scrolled sideways."""
        return bool(self.driver.execute_script("return document.documentElement.scrollWidth > innerWidth"))

    def faults_in_console(self) -> list[str]:
        """Errors of the page; refused requests are the browser's own lines and shown to the person anyway."""
        lines = self.driver.get_log("browser")
        return [line["message"] for line in lines if line["level"] == "SEVERE" and line["source"] != "network"]
