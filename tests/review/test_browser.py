"""The room in a real browser: keyboard alone, hostile words, two windows, phone, dark, axe.

Needs Debian's ``chromium``; skipped where no browser is found, except in CI.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from tests.review.documents import PARTS, document
from tests.review.serving import serving

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync"
).split()
HOSTILE = "<script>document.title='owned'</script><img src=x onerror=alert(1)>"

pytestmark = pytest.mark.skipif(
    CHROMIUM is None and "CI" not in os.environ,
    reason="no browser here: install Debian's chromium",
)


class Window:
    """A window that remembers what went wrong in it."""

    def __init__(self, page: Page, base: str) -> None:
        self.page = page
        self.base = base
        self.problems: list[str] = []
        page.on("console", lambda m: self.problems.append(m.text) if m.type == "error" else None)
        page.on("pageerror", lambda e: self.problems.append(str(e)))
        page.on("dialog", lambda d: self.problems.append(d.message))

    def open(self, path: str) -> Page:
        self.page.goto(self.base + path)
        return self.page

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    folder = tmp_path_factory.mktemp("tagged")
    evil = (replace(PARTS[2], says=f"{PARTS[2].says} {HOSTILE}"),)
    made = [
        document("c01-session-01.vtt", client="c01", number=1),
        document("c01-session-02.vtt", PARTS[1:4], client="c01", number=2),
        document("evil.vtt", evil, client="c02", number=1),
    ]
    (folder / "tagged.jsonl").write_text("".join(d.to_json() + "\n" for d in made))
    with serving(folder, "--reviewer", "Moss", "--synthetic", "--share", "100") as server:
        yield server


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        made = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield made
        made.close()


@pytest.fixture(scope="module")
def signed_in(room: Any, browser: Browser) -> Any:
    """The cookies of the one who opened the address."""
    context = browser.new_context()
    page = context.new_page()
    page.goto(room.address)
    page.wait_for_url(f"{room.base}/")
    state = context.storage_state()
    context.close()
    return state


@pytest.fixture
def window(room: Any, browser: Browser, signed_in: Any) -> Iterator[Window]:
    context = browser.new_context(storage_state=signed_in, accept_downloads=True)
    context.set_default_timeout(10_000)
    found = Window(context.new_page(), room.base)
    yield found
    assert found.problems == []
    context.close()


def test_from_opening_to_export_by_keyboard_alone(window: Window) -> None:
    page = window.open("/")
    window.press("s")
    page.wait_for_selector('#words[data-segment="2"]')
    # Confirm the risk, make grief primary, mark words, remark, accept.
    window.press("y")
    expect(page.locator(".flag-box")).to_contain_text("confirmed")
    window.press("Shift+1")
    expect(page.locator("#primary-grief")).to_have_attribute("aria-pressed", "true")
    window.press("w", *["ArrowRight"] * 13, *["Shift+ArrowRight"] * 2)
    expect(page.locator("#live")).to_have_text("never listens, she")
    window.press("Shift+ArrowLeft", "Enter")
    page.wait_for_selector("#picker[open]")
    window.press("b", "Enter")
    expect(page.locator("#words")).to_contain_text("Blame")
    window.press("m")
    page.keyboard.type("Ask about nights.")
    window.press("Control+Enter")
    expect(page.locator("#memo")).to_have_value("Ask about nights.")
    expect(page.locator("#live")).to_contain_text("Memo kept")
    window.press("a")
    page.wait_for_selector('#words:not([data-segment="2"])')
    assert page.url.rstrip("/").rsplit("/", 1)[-1] != "2"
    # Undo comes back to it, and accepting again goes on.
    window.press("u")
    page.wait_for_selector('#words[data-segment="2"]')
    expect(page.locator("#accept")).to_be_visible()
    window.press("a")
    page.wait_for_selector('#words:not([data-segment="2"])')
    window.press("?")
    expect(page.locator("#help")).to_be_visible()
    window.press("Escape", "g", "e")
    page.wait_for_url("**/export")
    page.locator("input[name=kind]").first.focus()
    with page.expect_download() as download:
        window.press("Enter")
    rows = [json.loads(line) for line in Path(download.value.path()).read_text().splitlines()]
    (row,) = [r for r in rows if "sister" in r["text"] and r["client"] == "c01"][:1]
    assert row["primary"] == "grief"
    assert ("never listens", "blame") in [(p["quote"], p["pattern"]) for p in row["patterns"]]


SELECT = """() => {
  const pieces = [...document.querySelectorAll("#words [data-o]")];
  const piece = pieces.find((e) => e.textContent.includes("lie there"));
  const at = piece.textContent.indexOf("lie there");
  getSelection().setBaseAndExtent(piece.firstChild, at, piece.firstChild, at + "lie there".length);
  document.dispatchEvent(new MouseEvent("mouseup", { bubbles: true }));
}"""


def test_words_selected_with_the_mouse_behind_an_emoji(window: Window) -> None:
    page = window.open("/segment/6")
    page.evaluate(SELECT)
    expect(page.locator("#picker-quote")).to_have_text("lie there")
    page.locator("label.choice", has_text="Self-silencing").click()
    page.get_by_role("button", name="Mark Enter").click()
    mark = page.locator("mark.pattern", has_text="lie there")
    expect(mark).to_have_text("lie there")


def test_two_windows_never_overwrite_each_other(
    room: Any, browser: Browser, signed_in: Any, window: Window
) -> None:
    other: BrowserContext = browser.new_context(storage_state=signed_in)
    second = Window(other.new_page(), room.base)
    for each in (window, second):
        each.open("/segment/4").wait_for_selector("#words")
    window.press("4")
    expect(window.page.locator("#area-isolation")).to_have_attribute("aria-pressed", "false")
    second.press("2")
    expect(second.page.locator("[role=alert]")).to_contain_text("changed in another window")
    expect(second.page.locator("#area-role_transition")).to_have_attribute("aria-pressed", "false")
    expect(second.page.locator("#area-isolation")).to_have_attribute("aria-pressed", "false")
    # The window is up to date now: the same key is taken.
    second.press("2")
    expect(second.page.locator("#area-role_transition")).to_have_attribute("aria-pressed", "true")
    other.close()


def test_hostile_words_do_nothing(window: Window) -> None:
    page = window.open("/segment/9")
    expect(page.locator("#words")).to_contain_text(HOSTILE)
    assert "owned" not in page.title()
    page = window.open("/session/3")
    assert "owned" not in page.title()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_serious_finding_of_axe(
    room: Any, browser: Browser, signed_in: Any, scheme: Any
) -> None:
    context = browser.new_context(storage_state=signed_in, color_scheme=scheme)
    page = context.new_page()
    found = []
    for path in ("/", "/segment/3", "/session/1", "/course?name=c01", "/export"):
        page.goto(room.base + path)
        for violation in Axe().run(page).response["violations"]:
            if violation["impact"] in {"serious", "critical"}:
                nodes = [n["html"][:90] for n in violation["nodes"]][:3]
                found.append((path, violation["id"], nodes))
    context.close()
    assert found == []


def test_a_phone_shows_everything_in_its_width(room: Any, browser: Browser, signed_in: Any) -> None:
    context = browser.new_context(
        storage_state=signed_in, viewport={"width": 390, "height": 844}, is_mobile=True
    )
    page = context.new_page()
    for path in ("/", "/segment/3", "/sessions", "/session/1", "/course?name=c01", "/agreement"):
        page.goto(room.base + path)
        assert page.evaluate("document.documentElement.scrollWidth") <= 390, path
    page.goto(f"{room.base}/segment/3")
    assert page.locator("#accept").bounding_box() is not None
    page.get_by_role("button", name="Menu").click()
    expect(page.get_by_role("link", name="Sessions")).to_be_visible()
    context.close()
