"""Main focus and client turns of whole sessions."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ipt_nlp import codebook
from ipt_nlp.errors import CorpusError
from ipt_nlp.evaluation.sessions import LabelledSession, read_sessions, session_report
from ipt_nlp.result import (
    AreaScore,
    LanguageInfo,
    ModelInfo,
    ResultSegment,
    ResultTurn,
    Summary,
    TaggedSession,
)

LONG = "I keep thinking about him every single day now"


def row(session: str, index: int, role: str, text: str, *areas: str) -> dict[str, Any]:
    return {
        "id": f"{session}-{index}", "text": text, "genre": "session", "client": "c1",
        "session": session, "turn_index": index, "role": role, "writer": "s1",
        "areas": areas, "primary": areas[0] if areas else None, "codebook": "1.1",
        "synthetic": True,
    }  # fmt: skip


ROWS = [
    row("c1-02", 1, "client", LONG, "grief"),
    row("c1-02", 0, "therapist", "How was the week for you, all of it?"),
    row("c1-02", 2, "client", "Yeah.", "grief"),
    row("c1-07", 0, "client", LONG, "grief"),
]


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    path = tmp_path / "sessions" / "test.jsonl"
    path.parent.mkdir()
    path.write_text("".join(json.dumps(r) + "\n" for r in ROWS))
    gold = tmp_path / "session-gold" / "test.json"
    gold.parent.mkdir()
    gold.write_text(json.dumps([{"session": "c1-02", "focus": "grief"}]))
    return path


def tagged(one: LabelledSession, primary: str, present: str) -> TaggedSession:
    """One segment for the whole session, with one area present."""
    script = one.transcript
    areas = {
        key: AreaScore(probability=0.9 if key == present else 0.1, present=key == present)
        for key in codebook.AREAS
    }
    return TaggedSession(
        source=one.id,
        kind=script.kind,
        text_sha256=script.text_sha256,
        model=ModelInfo(name="m", version="1", sha256="0"),
        language=LanguageInfo(name="l", version="1"),
        codebook=codebook.VERSION,
        thresholds=dict.fromkeys(codebook.AREAS, 0.5),
        text=script.text,
        turns=tuple(
            ResultTurn(**{f: getattr(t, f) for f in ResultTurn.model_fields}) for t in script.turns
        ),
        segments=(
            ResultSegment(
                index=0, turns=(0, len(script.turns) - 1), start_char=0,
                end_char=len(script.text), text=script.text, areas=areas, primary=present,
            ),
        ),
        summary=Summary(
            primary=primary, runner_up="grief", confidence=0.5, areas=dict.fromkeys(areas, 0.0),
            patterns={}, flags={},
        ),
    )  # fmt: skip


def test_sessions_are_read_in_order_with_their_focus(corpus: Path) -> None:
    first, second = read_sessions(corpus)
    assert [t.turn_index for t in first.turns] == [0, 1, 2]
    assert (first.focus, second.focus) == ("grief", None)
    assert [t.role for t in first.transcript.turns] == ["therapist", "client", "client"]


def test_focus_and_turns_are_compared(corpus: Path) -> None:
    labelled = read_sessions(corpus)
    found = [tagged(labelled[0], "conflict", "grief"), tagged(labelled[1], "grief", "conflict")]
    report = session_report(labelled, found, n_bootstrap=20)
    assert (report.sessions, report.with_focus, report.turns) == (2, 1, 2)
    assert (report.focus.value, report.either.value) == (0.0, 1.0)
    assert report.confusions == {"grief taken for conflict": 1}
    assert report.turn_f1["grief"] == pytest.approx(2 / 3)
    assert json.dumps(report.to_dict(), allow_nan=False)


@pytest.mark.parametrize(
    "gold", ["[", '[{"session": "c1-02"}]', '[{"session": "a", "focus": "x"}]']
)
def test_a_broken_gold_file_is_named(corpus: Path, gold: str) -> None:
    path = corpus.parent.parent / "session-gold" / "test.json"
    path.write_text(gold)
    with pytest.raises(CorpusError, match=r"test\.json"):
        read_sessions(corpus)


def test_the_focus_of_other_folders_has_a_file_of_its_own(corpus: Path) -> None:
    other = corpus.parent.parent / "sessions_open" / "test.jsonl"
    other.parent.mkdir()
    other.write_text(corpus.read_text())
    gold = corpus.parent.parent / "session-gold"
    (gold / "sessions_open-test.json").write_text('[{"session": "c1-07", "focus": "conflict"}]')
    assert {one.id: one.focus for one in read_sessions(other)} == {
        "c1-02": None,
        "c1-07": "conflict",
    }


def test_a_file_without_sessions_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "posts.jsonl"
    path.write_text(json.dumps({**ROWS[0], "session": None}) + "\n")
    with pytest.raises(CorpusError, match="no turns of sessions"):
        read_sessions(path)
