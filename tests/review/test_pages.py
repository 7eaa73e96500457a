"""What the pages do: read, decide, mark words, disagree, add."""

from __future__ import annotations

import io
from typing import Any

import pytest
import sqlalchemy as sa

from ipt_nlp.result import ResultSegment
from ipt_nlp.review import labels, queue
from ipt_nlp.review.schema import sessions
from ipt_nlp.review.store import Change
from ipt_nlp.tagger import Tagger
from tests.review.conftest import Browser, Rig

ACCEPT = Change("accept", labels.decide)
NAMED = "T: Hello.\nC: My manager Karen Whitfield called, her number is 0207 946 0958.\n"
TEXT = "T: How was the week?\nC: My dad died in spring and I miss him every single day.\n"


def state(rig: Rig, segment: int, lane: str = "moss") -> labels.Labels:
    with rig.store.reading() as c:
        return rig.store.lanes(c, segment)[lane].labels


def test_the_segment_is_shown_in_its_conversation(rig: Rig) -> None:
    text = rig.browser().get("/segment/2")
    for shown in (
        "everyone would be better off",
        "voicemail",
        "And at work?",
        "Withdrawal",
        "0.81",
    ):
        assert shown in text
    assert "team leader" not in text
    later = rig.browser().get("/segment/2?later=3&before=0")
    assert "team leader" in later
    assert "voicemail" not in later


def test_accepting_answers_with_the_next_segment(rig: Rig) -> None:
    browser = rig.browser()
    response = browser.client.post(
        "/segment/2/edit",
        data={"action": "accept", "version": "0"},
        headers={"X-CSRF-Token": browser.person.csrf, "X-Partial": "1"},
    )
    with rig.store.reading() as c:
        expected = queue.page(c, queue.Filters(), "moss", rig.store.share)[0]
    assert response.headers["X-Location"] in {f"/segment/{i.id}" for i in expected}
    assert state(rig, 2).decided


def test_everything_works_without_the_script(rig: Rig) -> None:
    browser = rig.browser()
    status, text = browser.post(
        "/segment/2/edit", partial=False, action="area", key="isolation", version=0
    )
    assert (status, "<!doctype html>" in text) == (200, True)
    assert "isolation" in state(rig, 2).areas


@pytest.mark.parametrize(
    ("words", "quote"),
    [
        ("better off without me 💔", "better off without me"),
        ("💔. Then I lie", "💔. Then I lie"),
        ("lie there until it gets ligh", "lie there until it gets light"),
    ],
)
def test_selected_words_are_found_behind_an_emoji(rig: Rig, words: str, quote: str) -> None:
    with rig.store.reading() as c:
        segment = rig.store.place(c, 2).segment
    at = segment.text.index(words)
    units = len(segment.text[:at].encode("utf-16-le")) // 2
    status, _ = rig.browser().edit(
        2,
        "mark",
        0,
        label="blame",
        who="other",
        start=units,
        end=units + len(words.encode("utf-16-le")) // 2,
    )
    assert status == 200
    made = next(p for p in state(rig, 2).patterns if p.pattern == "blame")
    assert made.quote.removesuffix(" 💔") == quote
    assert (made.who, made.source) == ("other", "reviewer")


def test_words_can_be_typed_instead_of_selected(rig: Rig) -> None:
    browser = rig.browser()
    status, _ = browser.edit(2, "mark", 0, label="repair", who="client", words="then i LIE there")
    assert status == 200
    assert "Then I lie there" in [p.quote for p in state(rig, 2).patterns]
    status, text = browser.edit(2, "mark", 1, label="repair", who="client", words="not in it")
    assert (status, "not in the segment" in text) == (409, True)


def test_a_missed_risk_can_be_marked(rig: Rig) -> None:
    rig.browser().edit(
        1,
        "mark",
        0,
        label="risk_self_harm",
        status="past",
        subject="speaker",
        words="I cannot delete it",
    )
    (flag,) = state(rig, 1).flags
    assert (flag.flag, flag.status, flag.verdict) == ("risk_self_harm", "past", "confirmed")


def test_another_window_is_told_and_overwrites_nothing(rig: Rig) -> None:
    first = rig.browser()
    assert first.edit(2, "area", 0, key="isolation")[0] == 200
    status, text = first.edit(2, "area", 0, key="conflict")
    assert status == 409
    assert "changed in another window" in text
    assert 'name="version" value="1"' in text
    assert "conflict" in state(rig, 2).areas


def test_undo_goes_to_where_it_undid(rig: Rig) -> None:
    browser = rig.browser()
    browser.edit(2, "accept", 0)
    _, text = browser.post("/undo", segment=1)
    assert "Undone." in text
    assert 'data-segment="2"' in text
    assert not state(rig, 2).decided
    assert browser.post("/undo", segment=1)[0] == 409


def test_memo_discuss_and_dismissal_are_kept(rig: Rig) -> None:
    browser = rig.browser()
    key = labels.of_model(_segment(rig, 2)).flags[0].key
    browser.edit(2, "memo", 0, memo="ask about sleep")
    browser.edit(2, "discuss", 1)
    assert browser.edit(2, "dismiss-flag", 2, key=key)[0] == 409
    browser.edit(2, "dismiss-flag", 2, key=key, reason="a song")
    now = state(rig, 2)
    assert (now.memo, now.discuss, now.standing_flags) == ("ask about sleep", True, ())
    assert "discuss" in browser.get("/?status=discuss")


def _segment(rig: Rig, segment_id: int) -> ResultSegment:
    with rig.store.reading() as c:
        return rig.store.place(c, segment_id).segment


def test_blind_mode_hides_the_model_until_the_decision(rig: Rig) -> None:
    rig.store.set_setting("blind", "1")
    browser = rig.browser()
    for path in ("/segment/2", "/", "/session/1", "/sessions"):
        text = browser.get(path)
        for told in ("0.81", "Risk: self-harm, current", "Evidence (", "Current risk<"):
            assert told not in text, (path, told)
    browser.edit(2, "area", 0, key="grief")
    status, text = browser.edit(2, "accept", 1)
    assert (status, "You and the model" in text) == (200, True)
    assert "0.81" in text
    with rig.store.reading() as c:
        assert [e.blind for e in rig.store.log(c)] == [True, True]


def test_reviewers_differ_and_someone_settles_it(rig: Rig) -> None:
    rig.store.change(2, "ray", "ray", 0, Change("area", lambda b: labels.toggle_area(b, "grief")))
    rig.store.change(2, "ray", "ray", 1, ACCEPT)
    rig.store.change(2, "kit", "kit", 0, ACCEPT)
    browser = rig.browser()
    assert "/adjudicate/2" in browser.get("/differences")
    text = browser.get("/adjudicate/2")
    assert "ray" in text
    assert "kit" in text
    form: dict[str, Any] = {
        "action": "choose",
        "lane": "ray",
        "version": 0,
        "reason": "the loss is passing",
    }
    assert browser.post("/adjudicate/2", **form)[0] == 200
    assert "Nothing to settle" in browser.get("/differences")
    assert state(rig, 2, "(adjudicated)").areas == ("conflict",)
    # A second supervisor who still sees version 0 is told.
    status, text = rig.browser("ann").post("/adjudicate/2", **form)
    assert (status, "settled this meanwhile" in text) == (409, True)


def test_session_and_course_follow_the_reviewers(rig: Rig) -> None:
    browser = rig.browser()
    assert "0 of 5 segments reviewed" in browser.get("/session/1")
    browser.edit(1, "no-area", 0)
    browser.edit(1, "accept", 1)
    assert "1 of 5 segments reviewed" in browser.get("/session/1")
    course = browser.get("/course?name=c01")
    for shown in ("Initial phase", "my sister", "Withdrawal", "Session 2"):
        assert shown in course
    assert browser.client.get("/course?name=nobody").status_code == 400
    browser.post("/session/3/client", client="c09", number="4", partial=False)
    assert "Session 4" in browser.get("/course?name=c09")


@pytest.fixture
def with_model(rig: Rig, tagger: Tagger) -> Browser:
    rig.room.load_tagger = lambda: tagger
    return rig.browser()


def upload(browser: Browser, name: str, content: str) -> str:
    response = browser.client.post(
        "/add/check",
        files={"files": (name, io.BytesIO(content.encode()))},
        headers={"X-CSRF-Token": browser.person.csrf},
    )
    return response.text


def test_a_file_is_checked_then_tagged(rig: Rig, with_model: Browser) -> None:
    text = upload(with_model, "../../c07-session-03.txt", TEXT)
    assert "Tag and add" in text
    key = text.split('name="key" value="')[1].split('"')[0]
    form: dict[str, Any] = {"key": key, "client": "c07", "number": "3", "seen": "yes"}
    status, text = with_model.post("/add/tag", partial=False, **form)
    assert (status, "client c07 · session 3" in text) == (200, True)
    assert with_model.post("/add/tag", partial=False, **form)[0] == 400
    assert list(rig.folder.glob("*.txt")) == []


def test_identifiers_are_shown_before_anything_is_kept(rig: Rig, with_model: Browser) -> None:
    text = upload(with_model, "named.txt", NAMED)
    assert "Karen Whitfield" in text
    assert "could identify someone" in text
    key = text.split('name="key" value="')[1].split('"')[0]
    status, text = with_model.post("/add/tag", partial=False, key=key)
    assert (status, "identifiers were found" in text.lower()) == (400, True)
    with rig.store.reading() as c:
        assert c.scalar(sa.select(sa.func.count()).select_from(sessions)) == 3


def test_a_file_that_cannot_be_read_is_named(with_model: Browser) -> None:
    assert "unknown kind of file" in upload(with_model, "picture.png", "x")
    assert 'role="alert">empty.txt' in upload(with_model, "empty.txt", "  ")


def test_settings_are_checked(rig: Rig) -> None:
    browser = rig.browser()
    assert browser.post("/settings", share="120")[0] == 400
    assert browser.post("/settings", share="20", days="x")[0] == 400
    assert browser.post("/settings", share="20", days="90", blind="yes")[0] == 200
    assert (rig.store.share, rig.store.blind) == (0.2, True)
