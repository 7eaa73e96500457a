"""Whole tagged sessions against what their writers had in mind: main focus, and client turns."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ipt_nlp import codebook
from ipt_nlp.corpus import CorpusRow, read_rows
from ipt_nlp.errors import CorpusError
from ipt_nlp.evaluation.metrics import (
    N_BOOTSTRAP,
    Figure,
    f1_scores,
    interval,
    known_mean,
    without_nan,
)
from ipt_nlp.result import ResultTurn, TaggedSession
from ipt_nlp.transcript import Transcript, Utterance

MIN_TURN_WORDS = 8
GOLD_FOLDER = "session-gold"
SESSIONS = "sessions"


@dataclass(frozen=True)
class LabelledSession:
    """A session of a corpus: its turns in order and, where the corpus says, its main focus."""

    id: str
    client: str
    turns: tuple[CorpusRow, ...]
    focus: str | None

    @property
    def transcript(self) -> Transcript:
        """What the tagger would be given: the words and who speaks."""
        return Transcript.from_utterances(
            [Utterance(t.text, str(t.role).capitalize()) for t in self.turns], source=self.id
        )


@dataclass(frozen=True)
class SessionReport:
    """Sessions with a known focus, how many were found, and macro F1 of client turns.

    ``focus`` and ``either`` (the focus is first or runner-up) are shares, with intervals by
    bootstrap over sessions. Turns are those of ``MIN_TURN_WORDS`` words or more; an area is on a
    turn when it is on the segment that holds most of it.
    """

    sessions: int
    with_focus: int
    focus: Figure
    either: Figure
    confusions: dict[str, int]
    turns: int
    turn_f1: dict[str, float]
    turn_macro_f1: Figure

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        document: dict[str, Any] = without_nan(asdict(self))
        return document


def read_sessions(path: Path) -> list[LabelledSession]:
    """Sessions of a file of labelled turns, with their focus where the corpus says.

    That stands beside the file's folder: ``session-gold/SPLIT.json`` for ``sessions/SPLIT.jsonl``,
    ``session-gold/FOLDER-SPLIT.json`` for other folders.

    Raises:
        CorpusError: A row is broken, or none is a turn of a session.
    """
    name = path.stem if path.parent.name == SESSIONS else f"{path.parent.name}-{path.stem}"
    focus = _read_focus(path.parent.parent / GOLD_FOLDER / f"{name}.json")
    turns: dict[str, list[CorpusRow]] = {}
    for _, row in read_rows(path):
        if not isinstance(row, CorpusRow):
            raise CorpusError(str(row))
        if row.session is not None and row.turn_index is not None:
            turns.setdefault(row.session, []).append(row)
    if not turns:
        raise CorpusError(f"{path.name}: no turns of sessions in it")
    return [
        LabelledSession(
            name,
            rows[0].client or name,
            tuple(sorted(rows, key=lambda row: row.turn_index or 0)),
            focus.get(name),
        )
        for name, rows in turns.items()
    ]


def session_report(
    labelled: Sequence[LabelledSession],
    tagged: Sequence[TaggedSession],
    *,
    n_bootstrap: int = N_BOOTSTRAP,
    seed: int = 0,
) -> SessionReport:
    """Compare tagged sessions, in the same order, with their labels."""
    pairs = list(zip(labelled, tagged, strict=True))
    known = [(one.focus, found.summary) for one, found in pairs if one.focus is not None]
    first = np.array([focus == s.primary for focus, s in known], dtype=float)
    either = np.array([focus in (s.primary, s.runner_up) for focus, s in known], dtype=float)
    confusions: dict[str, int] = {}
    for focus, summary in known:
        if focus != summary.primary:
            name = f"{focus} taken for {summary.primary or 'none'}"
            confusions[name] = confusions.get(name, 0) + 1
    parts = [_turn_cells(one, found) for one, found in pairs]
    return SessionReport(
        sessions=len(pairs),
        with_focus=len(known),
        focus=_share(first, n_bootstrap, seed),
        either=_share(either, n_bootstrap, seed),
        confusions=dict(sorted(confusions.items())),
        turns=sum(len(labels) for _, labels, _ in parts),
        turn_f1=dict(zip(codebook.AREAS, _f1(parts).tolist(), strict=True)),
        turn_macro_f1=_macro(parts, n_bootstrap, seed),
    )


_Cells = tuple[Any, Any, Any]
"""Predicted, labels and scored of the turns of a session, each (n_turns, 4) bool."""


def _turn_cells(one: LabelledSession, found: TaggedSession) -> _Cells:
    predicted, labels, scored = [], [], []
    for turn, row in zip(found.turns, one.turns, strict=True):
        if row.role != "client" or len(row.text.split()) < MIN_TURN_WORDS:
            continue
        areas = _areas_of(turn, found)
        predicted.append([area in areas for area in codebook.AREAS])
        labels.append([area in row.areas for area in codebook.AREAS])
        scored.append([area not in row.unscored_areas for area in codebook.AREAS])
    shape = (len(labels), len(codebook.AREAS))
    cells = [np.array(x, dtype=bool).reshape(shape) for x in (predicted, labels, scored)]
    return cells[0], cells[1], cells[2]


def _areas_of(turn: ResultTurn, found: TaggedSession) -> set[str]:
    def shared(segment: Any) -> int:
        return int(min(segment.end_char, turn.end_char) - max(segment.start_char, turn.start_char))

    holder = max(found.segments, key=shared)
    return {area for area, score in holder.areas.items() if score.present}


def _f1(parts: Sequence[_Cells]) -> Any:
    return f1_scores(*(np.concatenate(x) for x in zip(*parts, strict=True)))


def _macro(parts: Sequence[_Cells], n_bootstrap: int, seed: int) -> Figure:
    generator = np.random.default_rng(seed)
    resampled = [
        float(known_mean(_f1([parts[i] for i in generator.integers(0, len(parts), len(parts))])))
        for _ in range(n_bootstrap)
    ]
    return Figure(float(known_mean(_f1(parts))), *interval(np.array(resampled)))


def _share(right: Any, n_bootstrap: int, seed: int) -> Figure:
    if not len(right):
        return Figure(float("nan"), float("nan"), float("nan"))
    generator = np.random.default_rng(seed)
    samples = right[generator.integers(0, len(right), (n_bootstrap, len(right)))].mean(axis=1)
    return Figure(float(right.mean()), *interval(samples))


def _read_focus(path: Path) -> Mapping[str, str]:
    if not path.is_file():
        return {}
    try:
        found = {
            str(one["session"]): str(one["focus"])
            for one in json.loads(path.read_text(encoding="utf-8"))
        }
    except (OSError, ValueError, KeyError, TypeError):
        raise CorpusError(f"{path.name}: not a list of sessions with their focus") from None
    if not set(found.values()) <= set(codebook.AREAS):
        raise CorpusError(f"{path.name}: a focus that is not in the codebook")
    return found
