"""Corpus rows -> texts with spans, as the tagger would cut them."""

from __future__ import annotations

from pathlib import Path

import pytest

from ipt_nlp.corpus.rows import CorpusRow
from ipt_nlp.errors import CorpusError
from training.patterns import (
    CORPUS,
    OPEN_WRITERS,
    YARDSTICK,
    labelled_posts,
    pattern_texts,
    read_corpus,
    training_rows,
)


def test_spans_of_sessions_stay_on_their_words() -> None:
    rows = read_corpus(CORPUS / "sessions" / "validation.jsonl")
    quotes = sorted(p.quote for r in rows for p in r.patterns)
    texts = pattern_texts(rows)
    found = sorted(t.text[s.start_char : s.end_char] for t in texts for s in t.spans)
    assert len(found) == len(quotes)
    assert sum(a == b for a, b in zip(found, quotes, strict=True)) >= len(quotes) - 2
    assert all(t.kind == "transcript" and t.turns for t in texts)


def test_turns_of_a_segment_lie_in_it() -> None:
    for text in pattern_texts(read_corpus(CORPUS / "sessions" / "validation.jsonl")):
        assert text.turns[0].start_char == 0
        assert all(0 <= t.start_char <= t.end_char for t in text.turns)


def test_nothing_is_learned_from_the_test_split() -> None:
    learned = {r.id for r in training_rows()}
    for name in ("posts", "posts_first", "sessions", "notes"):
        tested = {r.id for r in read_corpus(CORPUS / name / "test.jsonl")}
        assert not learned & tested


def test_the_yardstick_is_never_learned_from() -> None:
    assert YARDSTICK not in {r.writer for r in training_rows()}
    assert sum(r.writer == YARDSTICK for r in labelled_posts()) == 220
    assert {*OPEN_WRITERS} <= {r.writer for r in training_rows()}


def test_later_posts_are_among_the_rows() -> None:
    posts = [r for r in training_rows() if r.id.startswith(("p08", "p16"))]
    assert posts
    assert all(r.patterns_labelled for r in posts)


def test_rows_without_pattern_labels_are_left_out() -> None:
    row = CorpusRow(
        id="a", text="He left.", genre="board", writer="w", codebook="1.1", synthetic=True
    )
    assert pattern_texts([row]) == []


def test_a_broken_row_is_named_by_its_line(tmp_path: Path) -> None:
    broken = tmp_path / "rows.jsonl"
    broken.write_text('{"id": "a"}\n')
    with pytest.raises(CorpusError, match=r"rows\.jsonl:1"):
        read_corpus(broken)
