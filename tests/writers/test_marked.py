"""Text cut at the borders of overlapping spans."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from ipt_nlp.result import PatternSpan, ResultSegment, TaggedSession
from ipt_nlp.writers.marked import Marks, lines


def test_pieces_are_the_turns_words(session: TaggedSession, hostile: TaggedSession) -> None:
    for tagged in (session, hostile):
        shown = [
            "".join(p.text for p in line.pieces)
            for segment in tagged.segments
            for line in lines(tagged, segment)
        ]
        assert "".join("".join(shown).split()) == "".join(tagged.text.split())


def test_a_piece_knows_all_the_spans_around_it(session: TaggedSession) -> None:
    pieces = [p for line in lines(session, session.segments[2]) for p in line.pieces]
    both = next(p for p in pieces if len(p.marks.patterns) == 2)
    assert both.text == "I shouted back"
    assert [p.pattern for p in both.marks.patterns] == ["hostility", "blame"]
    assert [p.pattern for p in both.ending.patterns] == ["hostility"]
    assert both.marks.areas == ("conflict",)
    assert both.ending.areas == ()


def test_goals_are_marked_in_the_segment_they_are_in(session: TaggedSession) -> None:
    marked = [
        segment.index
        for segment in session.segments
        for line in lines(session, segment)
        for piece in line.pieces
        if piece.ending.goals
    ]
    assert marked == [6]


def test_a_turn_cut_by_a_segment_is_continued(session: TaggedSession) -> None:
    assert [line.continued for line in lines(session, session.segments[4])] == [False, False]
    assert [line.continued for line in lines(session, session.segments[5])] == [True]


@st.composite
def spans(draw: Any) -> tuple[int, int]:
    start = draw(st.integers(0, 40))
    return start, draw(st.integers(start, 40))


def with_patterns(session: TaggedSession, bounds: list[tuple[int, int]]) -> ResultSegment:
    """The first segment, with its first 40 characters and the turn border before them moved."""
    segment = session.segments[1]
    first_end = session.turns[segment.turns[0]].end_char - 20
    found = tuple(
        PatternSpan(
            start_char=first_end + a, end_char=first_end + b,
            quote=session.text[first_end + a : first_end + b],
            pattern="blame", helpful=False, who="client", source=f"rule:{i}",
        )
        for i, (a, b) in enumerate(bounds)
    )  # fmt: skip
    return segment.model_copy(update={"patterns": found})


@given(bounds=st.lists(spans(), max_size=6))
def test_any_spans_mark_exactly_their_characters_and_end_once(
    session: TaggedSession, bounds: list[tuple[int, int]]
) -> None:
    segment = with_patterns(session, bounds)
    ended: list[str] = []
    seen: set[str] = set()
    for line in lines(session, segment):
        offset = max(line.turn.start_char, segment.start_char)
        for piece in line.pieces:
            assert piece.text == session.text[offset : offset + len(piece.text)]
            for i in range(offset, offset + len(piece.text)):
                covering = [p for p in segment.patterns if p.start_char <= i < p.end_char]
                assert list(piece.marks.patterns) == covering
            seen |= {p.source for p in piece.marks.patterns}
            ended += [p.source for p in piece.ending.patterns]
            offset += len(piece.text)
    assert sorted(ended) == sorted(seen)


def test_areas_come_once_in_the_order_of_the_codebook(session: TaggedSession) -> None:
    evidence = [e for s in session.segments for e in s.evidence]
    marks = Marks(evidence=tuple(reversed(evidence)))
    assert marks.areas == ("grief", "role_transition", "conflict", "isolation")
