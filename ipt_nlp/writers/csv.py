"""CSV: a row a segment, the same columns whatever is in it.

Columns come from the codebook and the result types. A cell of text that a spreadsheet would run
as a formula begins with an apostrophe, so such a cell differs from the stored text by that one
character; use ``jsonl`` where every character counts.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from typing import Any

from ipt_nlp import codebook
from ipt_nlp.result import LanguageInfo, ModelInfo, ResultSegment, TaggedSession

JOIN = "; "
_FORMULA_STARTS = tuple("=+-@\t＝＋－＠")

# Fields that get no cell of their own: the whole text, and what is spread over columns or rows.
_NOT_A_CELL = {"text", "turns", "segments", "summary", "model", "language", "thresholds"}
_SESSION_FIELDS = [f for f in TaggedSession.model_fields if f not in _NOT_A_CELL]
# Who and when stand before a segment; what made it, how and with which warnings after.
_AFTER = {"format", "notice", "text_sha256", "codebook", "warnings"}
_LEADING = [f for f in _SESSION_FIELDS if f not in _AFTER]
_TRAILING = [f for f in _SESSION_FIELDS if f in _AFTER]

Row = dict[str, Any]


def write(sessions: Iterable[TaggedSession]) -> Iterator[str]:
    """The column names, then the rows of each session in turn."""
    yield _lines([dict(zip(COLUMNS, COLUMNS, strict=True))])
    for session in sessions:
        about = _about(session)
        yield _lines(
            {**leading, **_segment(session, segment), **trailing}
            for leading, trailing in [about]
            for segment in session.segments
        )


def _about(session: TaggedSession) -> tuple[Row, Row]:
    leading: Row = {name: getattr(session, name) for name in _LEADING}
    trailing: Row = {name: getattr(session, name) for name in _TRAILING}
    trailing["warnings"] = JOIN.join(session.warnings)
    trailing |= {f"model_{f}": getattr(session.model, f) for f in ModelInfo.model_fields}
    trailing |= {f"language_{f}": getattr(session.language, f) for f in LanguageInfo.model_fields}
    trailing |= {f"{a}_threshold": session.thresholds.get(a) for a in codebook.AREAS}
    return leading, trailing


def _segment(session: TaggedSession, segment: ResultSegment) -> Row:
    turns = session.turns[segment.turns[0] : segment.turns[1] + 1]
    row: Row = {
        "segment_index": segment.index,
        "first_turn": segment.turns[0],
        "last_turn": segment.turns[1],
        "start_char": segment.start_char,
        "end_char": segment.end_char,
        "start_s": min((t.start_s for t in turns if t.start_s is not None), default=None),
        "end_s": max((t.end_s for t in turns if t.end_s is not None), default=None),
        "speakers": JOIN.join(dict.fromkeys(t.speaker for t in turns if t.speaker)),
        "text": segment.text,
        "primary": segment.primary,
    }
    for area in codebook.AREAS:
        score = segment.areas.get(area)
        row[f"{area}_probability"] = score.probability if score else None
        row[f"{area}_present"] = score.present if score else None
    row["evidence"] = JOIN.join(f"{e.area}: {e.quote}" for e in segment.evidence)
    row["needs_review"] = segment.needs_review
    row["review_reasons"] = JOIN.join(segment.review_reasons)
    for flag in codebook.FLAGS:
        row[flag] = sum(f.flag == flag for f in segment.flags)
    for pattern in codebook.PATTERNS:
        row[pattern] = sum(p.pattern == pattern for p in segment.patterns)
    return row


def _columns() -> tuple[str, ...]:
    areas = [f"{a}_{f}" for a in codebook.AREAS for f in ("probability", "present")]
    return (
        *_LEADING,
        *("segment_index", "first_turn", "last_turn", "start_char", "end_char"),
        *("start_s", "end_s", "speakers", "text", "primary"),
        *areas,
        *("evidence", "needs_review", "review_reasons"),
        *codebook.FLAGS,
        *codebook.PATTERNS,
        *_TRAILING,
        *(f"model_{f}" for f in ModelInfo.model_fields),
        *(f"language_{f}" for f in LanguageInfo.model_fields),
        *(f"{a}_threshold" for a in codebook.AREAS),
    )


COLUMNS: tuple[str, ...] = _columns()


def _lines(rows: Iterable[Row]) -> str:
    buffer = io.StringIO()
    # A row with a column too many is a mistake here: DictWriter raises.
    table = csv.DictWriter(buffer, COLUMNS, lineterminator="\n")
    table.writerows({name: _cell(value) for name, value in row.items()} for row in rows)
    return buffer.getvalue()


def _cell(value: Any) -> Any:
    if isinstance(value, bool):
        return "true" if value else "false"
    if not isinstance(value, str):
        return value
    # A bare carriage return ends a row for some readers.
    text = value.replace("\r\n", "\n").replace("\r", "\n")
    return f"'{text}" if text.lstrip(" \n").startswith(_FORMULA_STARTS) else text
