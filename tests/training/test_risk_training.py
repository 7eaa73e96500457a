"""Risk texts from rows, thresholds, and the noise of the benchmark."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ipt_nlp.clauses.risk_model import FLAGS
from ipt_nlp.codebook import VERSION
from ipt_nlp.corpus.rows import CorpusFlag, CorpusRow, read_rows
from training.benchmarks.risk import Share, noisy
from training.risk import recall_first
from training.risk_texts import as_speech, risk_texts

RISK = Path(__file__).parents[2] / "corpora" / "ipt-synth" / "risk"


def _turn(index: int, role: str, text: str, *flags: CorpusFlag) -> CorpusRow:
    return CorpusRow.model_validate(
        {
            "id": f"x-{index}",
            "text": text,
            "genre": "session",
            "client": "x",
            "session": "x-01",
            "turn_index": index,
            "role": role,
            "writer": "w",
            "flags": [f.model_dump() for f in flags],
            "codebook": VERSION,
            "synthetic": True,
        }
    )


def test_turns_of_a_session_are_joined_and_spans_move_with_them() -> None:
    denial = CorpusFlag(
        start_char=0, end_char=2, quote="No", flag="risk_self_harm", status="denied"
    )
    rows = [_turn(1, "client", "No. Never.", denial), _turn(0, "therapist", "Any such thoughts?")]
    (item,) = risk_texts(rows, "sessions", "train")
    assert item.kind == "transcript"
    assert [r for _, _, r in item.roles] == ["therapist", "client"]
    (span,) = item.spans
    assert item.text[span.start_char : span.end_char] == "No"
    assert item.group == "x"


def test_speech_keeps_offsets() -> None:
    flag = CorpusFlag(start_char=4, end_char=10, quote="Please", flag="risk_self_harm")
    (item,) = risk_texts([_turn(0, "client", "No. Please, no!", flag)], "sessions", "train")
    spoken = as_speech(item)
    assert spoken.text == "no  please  no "
    assert spoken.text[4:10] == "please"


def test_thresholds_go_as_low_as_the_precision_allows_and_no_lower_than_is_needed() -> None:
    scores = np.array([[0.9], [0.8], [0.7], [0.6], [0.1]]).repeat(len(FLAGS), axis=1)
    labels = np.array([[1], [0], [1], [0], [0]], dtype=bool).repeat(len(FLAGS), axis=1)
    scored = np.ones_like(labels)
    least = [0.5, 0.6, 1.0]  # at 0.6 half would be right still, but there is nothing more to find
    np.testing.assert_allclose(recall_first(scores, labels, scored, least), [0.7, 0.7, 0.9])
    scored[1, 2] = False
    np.testing.assert_allclose(recall_first(scores, labels, scored, least), [0.7, 0.7, 0.7])


def test_noise_is_the_same_for_the_same_seed_and_loses_marks() -> None:
    text = "I don't know. They're here, and he hit me!"
    first = noisy(text, np.random.default_rng(1))
    assert first == noisy(text, np.random.default_rng(1))
    assert first == first.lower()
    assert not set(".,!") & set(first)


def test_wilson_intervals() -> None:
    low, high = Share(18, 20).interval
    assert (low, high) == pytest.approx((0.699, 0.972), abs=1e-3)


@pytest.mark.parametrize("split", ["train", "validation", "test"])
def test_the_risk_rows_of_the_corpus_hold(split: str) -> None:
    rows = [row for _, row in read_rows(RISK / f"{split}.jsonl")]
    kept = [row for row in rows if isinstance(row, CorpusRow)]
    assert len(kept) == len(rows)
    assert all(row.synthetic and len(row.unscored_areas) == 4 for row in kept)
    assert {row.writer for row in kept} == {
        {"train": "r01", "validation": "r02", "test": "r03"}[split]
    }
    assert {f.flag for row in kept for f in row.flags} == set(FLAGS)
