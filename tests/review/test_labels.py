"""Edits of labels, and the way from a browser's offsets to words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ipt_nlp import codebook
from ipt_nlp.errors import ReviewError
from ipt_nlp.review import labels
from ipt_nlp.review.labels import Labels
from tests.review.documents import document

SEGMENT = document().segments[1]
AT = SEGMENT.start_char
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)


@given(texts, st.integers(min_value=0, max_value=40))
def test_browser_offsets_come_back(text: str, point: int) -> None:
    point = min(point, len(text))
    units = len(text[:point].encode("utf-16-le")) // 2
    assert labels.to_utf16(text, point) == units
    assert labels.from_utf16(text, units) == point


@given(texts)
def test_an_offset_inside_a_pair_is_its_character(text: str) -> None:
    for point, character in enumerate(text):
        if ord(character) > 0xFFFF:
            assert labels.from_utf16(text, labels.to_utf16(text, point) + 1) == point


@given(texts, st.integers(0, 40), st.integers(0, 40))
def test_a_selection_is_whole_words_without_outer_space(text: str, a: int, b: int) -> None:
    try:
        start, end = labels.selected_words(text, a, b)
    except ReviewError:
        return
    assert 0 <= start < end <= len(text)
    quote = text[start:end]
    assert quote == quote.strip()
    assert any(c.isalnum() for c in quote)
    for border in (start, end):
        inside = 0 < border < len(text)
        assert not (inside and text[border - 1].isalnum() and text[border].isalnum())


def test_the_model_is_where_a_review_begins() -> None:
    start = labels.of_model(SEGMENT)
    assert start.areas == ("grief", "conflict")
    assert start.primary == "conflict"
    assert [p.pattern for p in start.patterns] == ["direct_expression", "withdrawal"]
    assert [(f.flag, f.verdict) for f in start.flags] == [("risk_self_harm", "open")]
    assert not start.decided


@given(st.lists(st.tuples(st.sampled_from(["toggle", "primary"]), st.sampled_from(codebook.AREAS))))
def test_primary_is_always_one_of_the_areas(steps: list[tuple[str, str]]) -> None:
    now = Labels()
    for step, area in steps:
        edit = labels.toggle_area if step == "toggle" else labels.set_primary
        now = edit(now, area)
        assert (now.primary is None) == (not now.areas)
        assert now.primary is None or now.primary in now.areas
        assert list(now.areas) == [a for a in codebook.AREAS if a in now.areas]


def test_patterns_are_marked_once_and_removed() -> None:
    start, end = AT + SEGMENT.text.index("she never listens"), AT
    end = start + len("she never listens")
    once = labels.add_pattern(Labels(), SEGMENT, start, end, "blame", "client")
    assert labels.add_pattern(once, SEGMENT, start, end, "blame", "client") == once
    assert once.patterns[0].quote == "she never listens"
    assert labels.remove_pattern(once, once.patterns[0].key) == Labels()
    with pytest.raises(ReviewError, match="not there"):
        labels.remove_pattern(Labels(), once.patterns[0].key)


@pytest.mark.parametrize(
    ("start", "end", "pattern", "who"),
    [
        (AT - 1, AT + 3, "blame", "client"),
        (AT, SEGMENT.end_char + 1, "blame", "client"),
        (AT + 3, AT + 3, "blame", "client"),
        (AT, AT + 3, "gossip", "client"),
        (AT, AT + 3, "blame", "nobody"),
    ],
)
def test_marks_outside_the_segment_or_the_codebook_are_refused(
    start: int, end: int, pattern: str, who: str
) -> None:
    with pytest.raises(ReviewError):
        labels.add_pattern(Labels(), SEGMENT, start, end, pattern, who)


def test_a_risk_is_dismissed_with_a_reason_only() -> None:
    start = labels.of_model(SEGMENT)
    key = start.flags[0].key
    with pytest.raises(ReviewError, match="reason"):
        labels.judge_flag(start, key, "dismissed", "  ")
    gone = labels.judge_flag(start, key, "dismissed", "a line from a song")
    assert gone.standing_flags == ()
    assert labels.decide(gone).flags[0].verdict == "dismissed"


def test_deciding_confirms_what_was_left_open() -> None:
    done = labels.decide(labels.of_model(SEGMENT))
    assert done.decided
    assert {f.verdict for f in done.flags} == {"confirmed"}
    assert not labels.reopen(done).decided


def test_a_missed_risk_needs_status_and_subject() -> None:
    with pytest.raises(ReviewError, match="status"):
        labels.add_flag(Labels(), SEGMENT, AT, AT + 4, "risk_self_harm", "", "speaker")
    added = labels.add_flag(Labels(), SEGMENT, AT, AT + 4, "risk_self_harm", "past", "other")
    assert added.flags[0].verdict == "confirmed"


def test_reviewed_labels_stand_in_for_the_models() -> None:
    none = labels.as_segment(SEGMENT, Labels())
    assert none.primary is None
    assert not none.patterns
    assert not none.needs_review
    assert none.areas["conflict"].probability == SEGMENT.areas["conflict"].probability
