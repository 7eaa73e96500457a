"""Corpus rows -> the texts that the risk reader would meet at work, with their risk spans.

Turns of a session are joined and cut as the tagger cuts them: a denial ("No. Never.") is read
beside the question that it answers, and the encoder sees the stretch that it sees at tagging.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from ipt_nlp import codebook
from ipt_nlp.clauses.risk_model import FLAGS, Bools, Floats
from ipt_nlp.clauses.risk_status import Place
from ipt_nlp.codebook import RiskStatus, RiskSubject
from ipt_nlp.corpus.rows import CorpusRow, corpus_files
from ipt_nlp.segments import segment
from ipt_nlp.transcript import Kind, Transcript, Utterance
from training.pattern_texts import read_corpus

PARTS = ("posts", "posts_first", "posts_open", "sessions", "sessions_open", "notes", "risk")
"""Folders of IPT-Synth whose rows carry risk flags; identifiers are written for other ends."""

OVERLAP = 0.4
"""A unit has a flag when it shares this much of the shorter of unit and labelled words."""

CONTEXT_WEIGHT = 0.3
"""Of unlabelled units in a text that has the flag elsewhere: they often go on about it."""

Answer = tuple[RiskStatus, RiskSubject]

_SENTENCE = re.compile(r"[.!?…]\s+")


@dataclass(frozen=True)
class RiskSpan:
    """Labelled words of a text, code points."""

    start_char: int
    end_char: int
    flag: str
    status: RiskStatus | None
    subject: RiskSubject | None


@dataclass(frozen=True)
class RiskText:
    """A text as the reader meets it.

    ``roles`` are (start, end, role) of the turns in it; ``unscored`` the flags that no labeller
    settled; ``group`` the client or writer, kept on one side of every fold; ``part`` the folder.
    """

    id: str
    text: str
    kind: Kind
    roles: tuple[tuple[int, int, str], ...]
    spans: tuple[RiskSpan, ...]
    unscored: frozenset[str]
    group: str
    part: str
    split: str


def read_risk_texts(
    corpus: Path, splits: Sequence[str], parts: Sequence[str] = PARTS
) -> list[RiskText]:
    """Texts of a corpus folder, in the order of its files.

    Raises:
        CorpusError: A row breaks the format, or a part has no file for any split.
    """
    found: list[RiskText] = []
    for part in parts:
        for file in corpus_files(corpus / part):
            if file.stem in splits:
                found += risk_texts(read_corpus(file), part, file.stem)
    return found


def risk_texts(rows: Iterable[CorpusRow], part: str, split: str) -> Iterator[RiskText]:
    """Texts of rows: loose texts and notes one by one, sessions joined and cut to segments."""
    sessions: defaultdict[tuple[str | None, str], list[CorpusRow]] = defaultdict(list)
    for row in rows:
        if row.genre == "session" and row.turn_index is not None and row.session is not None:
            sessions[row.client, row.session].append(row)
            continue
        yield RiskText(
            id=row.id,
            text=row.text,
            kind="note" if row.genre == "note" else "text",
            roles=((0, len(row.text), row.role or "client"),),
            spans=_spans(row, 0),
            unscored=_unscored(row),
            group=row.client or row.writer,
            part=part,
            split=split,
        )
    for turns in sessions.values():
        yield from _segments(sorted(turns, key=lambda r: r.turn_index or 0), part, split)


def _segments(rows: Sequence[CorpusRow], part: str, split: str) -> Iterator[RiskText]:
    # Spans are counted from the start of their row: only a row that is stored as it stands fits.
    kept = [r for r in rows if r.text == r.text.strip() and "\r" not in r.text]
    transcript = Transcript.from_utterances(
        [Utterance(r.text, (r.role or "client").capitalize()) for r in kept],
        source=str(rows[0].session),
    )
    spans = [
        span
        for turn, row in zip(transcript.turns, kept, strict=True)
        for span in _spans(row, turn.start_char)
    ]
    for cut in segment(transcript, _starts):
        turns = transcript.turns[cut.first_turn : cut.last_turn + 1]
        inside = (s for s in spans if cut.start_char <= s.start_char < cut.end_char)
        unscored: set[str] = set()
        for turn in turns:
            unscored |= _unscored(kept[turn.index])
        yield RiskText(
            id=f"{rows[0].client}-{rows[0].session}-{cut.index}",
            text=transcript.text[cut.start_char : cut.end_char],
            kind="transcript",
            roles=tuple(
                (
                    max(t.start_char, cut.start_char) - cut.start_char,
                    min(t.end_char, cut.end_char) - cut.start_char,
                    t.role,
                )
                for t in turns
            ),
            spans=tuple(_moved(s, -cut.start_char, cut.end_char - cut.start_char) for s in inside),
            unscored=frozenset(unscored),
            group=rows[0].client or rows[0].writer,
            part=part,
            split=split,
        )


def _spans(row: CorpusRow, offset: int) -> tuple[RiskSpan, ...]:
    return tuple(
        RiskSpan(f.start_char + offset, f.end_char + offset, f.flag, f.status, f.subject)
        for f in row.flags
        if f.flag in codebook.RISK_FLAGS
    )


def _moved(span: RiskSpan, by: int, end: int) -> RiskSpan:
    return replace(span, start_char=span.start_char + by, end_char=min(span.end_char + by, end))


def _unscored(row: CorpusRow) -> frozenset[str]:
    return frozenset(f for f in row.unscored_flags if f in codebook.RISK_FLAGS)


def _starts(text: str) -> list[int]:
    return [0, *(m.end() for m in _SENTENCE.finditer(text))]


_MARKS = str.maketrans(dict.fromkeys('.,!?;:…"()', " "))


def as_speech(item: RiskText) -> RiskText:
    """The text as speech recognition may give it: lower case, no marks, offsets unchanged."""
    return replace(item, id=f"{item.id}-speech", text=item.text.lower().translate(_MARKS))


def unit_labels(
    text: RiskText, units: Sequence[tuple[int, int]]
) -> tuple[Bools, Floats, dict[Place, Answer]]:
    """Labels and weights (n_units, n_flags) of a text, and status and subject where flagged.

    Args:
        text: With its risk spans.
        units: (start, end) code points of what is read for risk.
    """
    flagged: dict[Place, Answer] = {}
    own = np.zeros((len(units), len(FLAGS)), dtype=bool)
    for span in text.spans:
        column = FLAGS.index(span.flag)
        for row, (start, end) in enumerate(units):
            shared = min(span.end_char, end) - max(span.start_char, start)
            shorter = min(span.end_char - span.start_char, end - start)
            if shared > 0 and shared >= OVERLAP * shorter:
                own[row, column] = True
                flagged.setdefault(
                    (row, column), (span.status or "current", span.subject or "speaker")
                )
    weight = np.where(own.any(axis=0) & ~own, CONTEXT_WEIGHT, 1.0)
    weight[:, [f in text.unscored for f in FLAGS]] = 0.0
    return own, weight, flagged
