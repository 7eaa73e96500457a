"""Corpus rows -> texts with spans, as the tagger would cut them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ipt_nlp.corpus.rows import CorpusRow
from ipt_nlp.errors import CorpusError
from training.pattern_texts import CORPUS, part_texts, pattern_texts, post_texts, read_corpus
from training.patterns import OPEN_WRITERS, YARDSTICK, training_texts


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
    learned = {t.id for t in training_texts()}
    for name in ("posts", "posts_first", "notes"):
        assert not learned & {r.id for r in read_corpus(CORPUS / name / "test.jsonl")}
    clients = {r.client for r in read_corpus(CORPUS / "sessions" / "test.jsonl")}
    assert not clients & {t.group for t in training_texts()}


def test_the_yardstick_is_never_learned_from() -> None:
    assert YARDSTICK not in {t.group for t in training_texts()}
    assert sum(t.group == YARDSTICK for t in post_texts()) == 220
    assert {*OPEN_WRITERS} <= {t.group for t in training_texts()}


def test_what_one_pass_of_two_marked_is_neutral() -> None:
    spans = [s for t in post_texts() for s in t.spans]
    assert 0.6 < sum(s.agreed for s in spans) / len(spans) < 0.9


def test_what_one_pass_marked_in_open_sessions_is_neutral() -> None:
    spans = [s for t in part_texts("sessions_open", "test") for s in t.spans]
    assert 0.6 < sum(s.agreed for s in spans) / len(spans) < 0.9
    assert all(s.agreed for t in part_texts("sessions", "test") for s in t.spans)


SPAN = {"start_char": 0, "end_char": 3, "quote": "???", "pattern": "blame", "who": "other"}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({}, "a quote is not the words"),
        ({"pattern": "nagging"}, "a pattern is not in the codebook"),
        ({"who": "nobody"}, r"labels\.jsonl:1: patterns\.0\.who"),
        ({"note": "x"}, r"labels\.jsonl:1: patterns\.0\.note"),
    ],
)
def test_broken_labels_are_named(change: dict[str, Any], message: str, tmp_path: Path) -> None:
    [first, *_] = post_texts()
    span = SPAN | ({"quote": first.text[:3]} if change else {}) | change
    labels = tmp_path / "labels.jsonl"
    labels.write_text(json.dumps({"id": first.id, "passes": 1, "patterns": [span]}))
    with pytest.raises(CorpusError, match=message):
        post_texts(posts=labels)


def test_labels_belong_to_a_post_and_come_once(tmp_path: Path) -> None:
    labels = tmp_path / "labels.jsonl"
    line = json.dumps({"id": "p99-999", "passes": 1, "patterns": []})
    labels.write_text(line)
    with pytest.raises(CorpusError, match="p99-999: no post has this id"):
        post_texts(posts=labels)
    labels.write_text(f"{line}\n{line}")
    with pytest.raises(CorpusError, match="2: id: used before"):
        post_texts(posts=labels)


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
