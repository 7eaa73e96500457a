"""What somebody typed is never lost by what they press next: at the server, and in a browser."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

from ipt_nlp.review import auth, labels, server
from tests.review.conftest import Browser as Client
from tests.review.conftest import Rig
from tests.review.documents import document
from tests.review.serving import serving
from tests.review.test_browser import CHROMIUM, FLAGS, Window
from tests.review.test_browser import pytestmark as needs_browser

MEMO = "Ask about the nights."


def memo_of(rig: Rig, segment: int, lane: str = "moss") -> str:
    with rig.store.reading() as c:
        lanes = rig.store.lanes(c, segment)
    return lanes[lane].labels.memo if lane in lanes else ""


def actions(rig: Rig) -> list[str]:
    with rig.store.reading() as c:
        return [entry.action for entry in rig.store.log(c)][::-1]


@pytest.fixture
def moss(rig: Rig) -> Client:
    return rig.browser()


def test_a_draft_is_kept_before_what_was_pressed(rig: Rig, moss: Client) -> None:
    assert moss.edit(2, "accept", 0, draft=MEMO)[0] == 200
    assert memo_of(rig, 2) == MEMO
    assert actions(rig) == ["memo", "accept"]
    # Undoing the decision leaves the memo.
    moss.post("/undo", segment=2)
    assert memo_of(rig, 2) == MEMO


def test_a_draft_that_is_kept_already_is_no_change(rig: Rig, moss: Client) -> None:
    moss.edit(2, "memo", 0, memo=MEMO)
    moss.edit(2, "area", 1, key="isolation", draft=f"{MEMO}\r\n")
    assert actions(rig) == ["memo", "area"]


@pytest.mark.parametrize("partial", [True, False])
@pytest.mark.parametrize(("action", "field"), [("memo", "memo"), ("accept", "draft")])
def test_the_page_of_a_conflict_holds_what_was_typed(
    rig: Rig, moss: Client, action: str, field: str, partial: bool
) -> None:
    moss.edit(2, "memo", 0, memo="Written in the other window.")
    status, text = moss.post(
        "/segment/2/edit", partial=partial, action=action, version=0, **{field: MEMO}
    )
    assert status == 409
    assert "changed in another window" in text
    area = text.split("<textarea")[1].split("</textarea>")[0]
    assert MEMO in area
    assert 'data-original="Written in the other window."' in area
    assert "Kept at the moment" in text
    assert memo_of(rig, 2) == "Written in the other window."


def test_a_memo_is_never_cut(rig: Rig, moss: Client) -> None:
    status, text = moss.edit(2, "memo", 0, memo="x" * (labels.MAX_MEMO + 1))
    assert (status, "at most 4,000 characters, and this one 4,001" in text) == (409, True)
    assert "x" * (labels.MAX_MEMO + 1) in text
    assert moss.edit(2, "memo", 0, memo=" " * 9 + "x" * labels.MAX_MEMO)[0] == 200
    assert moss.edit(2, "memo", 1, memo="  \n ")[0] == 200
    assert memo_of(rig, 2) == ""


def test_a_reason_outlives_its_refusal(rig: Rig, moss: Client) -> None:
    with rig.store.reading() as c:
        flag = labels.of_model(rig.store.place(c, 2).segment).flags[0].key
    moss.edit(2, "discuss", 0)
    status, text = moss.edit(2, "dismiss-flag", 0, key=flag, reason="a song they quoted")
    assert (status, 'value="a song they quoted"' in text) == (409, True)


def test_undoing_keeps_the_memo_that_was_typed_meanwhile(rig: Rig, moss: Client) -> None:
    moss.edit(1, "accept", 0)
    _, text = moss.post("/undo", segment=2, version=0, draft=MEMO)
    assert "Undone. The memo that you had typed is kept." in text
    assert memo_of(rig, 2) == MEMO
    moss.edit(2, "area", 1, key="isolation")
    moss.post("/undo", segment=2, version=2, draft="Another.")
    assert memo_of(rig, 2) == "Another."
    moss.edit(3, "accept", 0)
    status, text = moss.post("/undo", segment=2, version=0, draft="A third.")
    assert (status, "Undone, in segment 3" in text, "A third." in text) == (409, True, True)


def test_the_last_page_of_a_list_that_became_shorter_is_shown(rig: Rig, moss: Client) -> None:
    text = moss.get("/?page=7&everything=1")
    assert "All decided" not in text
    assert "segment 1" in text


def test_adding_twice_adds_once_and_says_where_it_is(rig: Rig, moss: Client) -> None:
    status, text = moss.post("/add/tag", key="gone", partial=False)
    assert (status, "look under Sessions" in text) == (400, True)


def test_a_reason_to_settle_outlives_another_supervisor(rig: Rig, moss: Client) -> None:
    rig.browser("ray").edit(2, "no-area", 0)
    rig.browser("ray").edit(2, "accept", 1)
    rig.browser("kit").edit(2, "accept", 0)
    form: dict[str, Any] = {"action": "choose", "lane": "ray", "version": 0, "reason": "the loss"}
    assert moss.post("/adjudicate/2", **form)[0] == 200
    status, text = rig.browser("ann").post("/adjudicate/2", **form)
    assert (status, 'value="the loss"' in text) == (409, True)


# In a browser.


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        made = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield made
        made.close()


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """Ten segments; each test has its own."""
    folder = tmp_path_factory.mktemp("tagged")
    made = [document("a.vtt", client="c01", number=1), document("b.vtt", client="c02", number=1)]
    (folder / "tagged.jsonl").write_text("".join(d.to_json() + "\n" for d in made))
    with serving(folder, "--reviewer", "Moss", "--synthetic", "--share", "100") as running:
        yield running


@pytest.fixture(scope="module")
def signed_in(room: Any, chromium: Browser) -> Any:
    context = chromium.new_context()
    page = context.new_page()
    page.goto(room.address)
    page.wait_for_url(f"{room.base}/")
    state = context.storage_state()
    context.close()
    return state


@pytest.fixture
def windows(room: Any, chromium: Browser, signed_in: Any) -> Iterator[tuple[Window, Window]]:
    """Two windows of one person."""
    context = chromium.new_context(storage_state=signed_in)
    context.set_default_timeout(10_000)
    yield Window(context.new_page(), room.base), Window(context.new_page(), room.base)
    context.close()


@needs_browser
@pytest.mark.parametrize(
    ("segment", "press"),
    [(1, "#accept"), (4, "#area-grief"), (5, "#discuss"), (6, "#undo"), (9, "#next")],
)
def test_a_typed_memo_outlives_what_is_clicked(
    windows: tuple[Window, Window], segment: int, press: str
) -> None:
    window, _ = windows
    page = window.open(f"/segment/{segment}")
    pressed = page.locator("#area-isolation").get_attribute("aria-pressed")
    page.locator("#area-isolation").click()
    expect(page.locator("#area-isolation")).not_to_have_attribute("aria-pressed", pressed or "")
    page.locator("#memo").click()
    page.keyboard.type(MEMO)
    page.locator(press).click()
    if press in {"#accept", "#next"}:
        page.wait_for_selector(f'#words:not([data-segment="{segment}"])')
    expect(page.locator("html[aria-busy]")).to_have_count(0)
    page = window.open(f"/segment/{segment}")
    expect(page.locator("#memo")).to_have_value(MEMO)
    assert window.problems == []


@needs_browser
def test_earlier_turns_leave_what_was_typed(windows: tuple[Window, Window]) -> None:
    window, _ = windows
    page = window.open("/segment/10")
    page.locator("#memo").click()
    page.keyboard.type(MEMO)
    page.get_by_role("link", name="Earlier turns").click()
    expect(page.locator("#earlier")).to_contain_text("And at work?")
    expect(page.locator("#memo")).to_have_value(MEMO)


@needs_browser
def test_a_typed_memo_and_reason_outlive_another_window(windows: tuple[Window, Window]) -> None:
    first, second = windows
    for window in windows:
        window.open("/segment/7").wait_for_selector("#words")
    first.page.locator("#memo").click()
    first.page.keyboard.type(MEMO)
    first.page.locator("input[id^=reason-]").fill("a song")
    second.page.locator("#memo").click()
    second.page.keyboard.type("From the other window.")
    second.press("Control+Enter")
    expect(second.page.locator("#live")).to_contain_text("Memo kept")
    first.page.locator("#area-isolation").click()
    expect(first.page.locator("[role=alert]")).to_contain_text("changed in another window")
    expect(first.page.locator("#memo")).to_have_value(MEMO)
    expect(first.page.locator("input[id^=reason-]")).to_have_value("a song")
    expect(first.page.locator(".kept-memo")).to_have_text("From the other window.")
    first.page.locator("#keep-memo").click()
    expect(first.page.locator("#live")).to_contain_text("Memo kept")
    expect(first.page.locator("#memo")).to_have_value(MEMO)
    assert first.problems == [
        "Failed to load resource: the server responded with a status of 409 (Conflict)"
    ]


@needs_browser
def test_a_double_click_and_a_held_key_decide_one_segment(windows: tuple[Window, Window]) -> None:
    window, _ = windows
    before = int(window.open("/").locator(".tally").inner_text().split()[0])
    page = window.open("/segment/3")
    box = page.locator("#accept").bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down(click_count=1)
    page.mouse.up(click_count=1)
    page.wait_for_selector('#words:not([data-segment="3"])')
    expect(page.locator("html[aria-busy]")).to_have_count(0)
    page.mouse.down(click_count=2)
    page.mouse.up(click_count=2)
    page.wait_for_timeout(700)
    # Neither accepted nor changed where the page had moved under the pointer.
    expect(page.locator("main")).to_have_attribute("data-announce", re.compile("^Decided"))
    expect(page.locator("#accept")).to_be_visible()
    page.keyboard.down("a")
    page.wait_for_timeout(700)
    page.keyboard.down("a")
    page.wait_for_timeout(700)
    page.keyboard.up("a")
    # One by the click, one by the key.
    page = window.open("/")
    expect(page.locator(".tally")).to_have_text(f"{before + 2} of 10 decided")


@needs_browser
def test_a_typed_reason_is_not_passed_over_by_accepting(windows: tuple[Window, Window]) -> None:
    window, _ = windows
    page = window.open("/segment/2")
    page.locator("input[id^=reason-]").fill("a song")
    page.locator("#accept").click()
    expect(page.locator(".hint")).to_contain_text("Press Dismiss")
    page.get_by_role("button", name="Dismiss").click()
    expect(page.locator(".flag-box")).to_contain_text("dismissed: a song")
    page.locator("#accept").click()
    page.wait_for_selector('#words:not([data-segment="2"])')


@needs_browser
def test_a_long_memo_is_told_and_not_cut(windows: tuple[Window, Window]) -> None:
    window, _ = windows
    page = window.open("/segment/10")
    page.locator("#memo").fill("x" * 4100)
    expect(page.locator("#memo-over")).to_contain_text("100 characters too long")
    page.locator("#accept").click()
    expect(page.locator("[role=alert]")).to_contain_text("at most 4,000 characters")
    assert len(page.locator("#memo").input_value()) == 4100
    expect(page.locator("#accept")).to_be_visible()


@needs_browser
def test_a_typed_memo_outlives_the_end_of_the_session(tmp_path: Path, chromium: Browser) -> None:
    folder = tmp_path / "tagged"
    folder.mkdir()
    (folder / "tagged.jsonl").write_text(document("a.vtt").to_json() + "\n")
    store, _ = server.open_store(folder)
    auth.add_user(store, "Moss", "a long password")
    context = chromium.new_context()
    with serving(folder, "--synthetic") as running:

        def sign_in(page: Any) -> None:
            page.goto(f"{running.base}/login")
            page.locator("#name").fill("Moss")
            page.locator("#password").fill("a long password")
            page.get_by_role("button", name="Sign in").click()
            page.wait_for_url(f"{running.base}/")

        page = context.new_page()
        sign_in(page)
        page.goto(f"{running.base}/segment/2")
        page.locator("#memo").click()
        page.keyboard.type(MEMO)
        auth.add_user(store, "Moss", "a long password")
        page.locator("#area-isolation").click()
        expect(page.locator(".message.stays")).to_contain_text("You are signed out")
        expect(page.locator("#memo")).to_have_value(MEMO)
        sign_in(context.new_page())
        page.locator("#area-isolation").click()
        expect(page.locator(".message.stays")).to_contain_text("Press again")
        page.locator("#area-isolation").click()
        expect(page.locator("#area-isolation")).to_have_attribute("aria-pressed", "true")
        expect(page.locator("#memo")).to_have_value(MEMO)
    with store.reading() as c:
        assert store.lanes(c, 2)["Moss"].labels.memo == MEMO
    context.close()
    store.engine.dispose()
