"""Parquet: a row a segment, with typed columns, for whoever counts over millions of words.

Columns are called as in the CSV; what is a list there in one cell (evidence, patterns, flags,
reasons, warnings) is a list here, of spans with their offsets into the session's text, of which
each row holds its own segment's. Turns, exchanges and the summary are in ``jsonl`` alone.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, BinaryIO, get_args

import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.parquet as pq  # type: ignore[import-untyped]
from pydantic import BaseModel

from ipt_nlp import codebook
from ipt_nlp.result import (
    EvidenceSpan,
    FlagSpan,
    LanguageInfo,
    ModelInfo,
    PatternSpan,
    ResultSegment,
    TaggedSession,
)

GROUP_ROWS = 5000
"""Rows of a row group: what is held in memory while a file is written."""

Row = dict[str, Any]

_NUMBERS = {int: pa.int64(), float: pa.float64(), bool: pa.bool_()}


def _spans(model: type[BaseModel]) -> pa.DataType:
    """A list of a result type's fields."""
    return pa.list_(pa.struct([(n, _type(f.annotation)) for n, f in model.model_fields.items()]))


def _type(annotation: Any) -> pa.DataType:
    """Of a field that may be missing or narrowed; what is no number is a word of the codebook."""
    if annotation in _NUMBERS:
        return _NUMBERS[annotation]
    inner = [
        _type(part) for part in get_args(annotation) if isinstance(part, type) or get_args(part)
    ]
    return next((kind for kind in inner if kind in _NUMBERS.values()), pa.string())


SCHEMA = pa.schema(
    [
        ("source", pa.string()),
        ("kind", pa.string()),
        ("client_id", pa.string()),
        ("session_number", pa.int64()),
        ("session_date", pa.string()),
        ("phase", pa.string()),
        ("segment_index", pa.int64()),
        ("first_turn", pa.int64()),
        ("last_turn", pa.int64()),
        ("start_char", pa.int64()),
        ("end_char", pa.int64()),
        ("start_s", pa.float64()),
        ("end_s", pa.float64()),
        ("speakers", pa.list_(pa.string())),
        ("text", pa.string()),
        ("primary", pa.string()),
        *(
            column
            for area in codebook.AREAS
            for column in (
                (f"{area}_probability", pa.float64()),
                (f"{area}_present", pa.bool_()),
                (f"{area}_threshold", pa.float64()),
            )
        ),
        ("evidence", _spans(EvidenceSpan)),
        ("patterns", _spans(PatternSpan)),
        ("flags", _spans(FlagSpan)),
        ("needs_review", pa.bool_()),
        ("review_reasons", pa.list_(pa.string())),
        ("warnings", pa.list_(pa.string())),
        ("text_sha256", pa.string()),
        ("codebook", pa.string()),
        ("format", pa.string()),
        ("notice", pa.string()),
        *((f"model_{name}", pa.string()) for name in ModelInfo.model_fields),
        *((f"language_{name}", pa.string()) for name in LanguageInfo.model_fields),
    ]
)
"""Columns of every file, whatever is in it."""


def write(sessions: Iterable[TaggedSession], file: BinaryIO) -> None:
    """Write the segments of each session in turn; ``GROUP_ROWS`` of them are held at most."""
    rows: list[Row] = []
    with pq.ParquetWriter(file, SCHEMA, compression="zstd") as table:
        for session in sessions:
            about = _about(session)
            for segment in session.segments:
                rows.append({**about, **_segment(session, segment)})
                if len(rows) >= GROUP_ROWS:
                    table.write_table(pa.Table.from_pylist(rows, SCHEMA))
                    rows.clear()
        if rows:
            table.write_table(pa.Table.from_pylist(rows, SCHEMA))


def _about(session: TaggedSession) -> Row:
    """What all segments of a session share."""
    shared = set(TaggedSession.model_fields) & set(SCHEMA.names)
    row: Row = {name: getattr(session, name) for name in shared}
    row["warnings"] = list(session.warnings)
    row |= {f"model_{f}": getattr(session.model, f) for f in ModelInfo.model_fields}
    row |= {f"language_{f}": getattr(session.language, f) for f in LanguageInfo.model_fields}
    row |= {f"{area}_threshold": value for area, value in session.thresholds.items()}
    return row


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
        "speakers": list(dict.fromkeys(t.speaker for t in turns if t.speaker)),
        "text": segment.text,
        "primary": segment.primary,
        "evidence": [span.model_dump() for span in segment.evidence],
        "patterns": [span.model_dump() for span in segment.patterns],
        "flags": [span.model_dump() for span in segment.flags],
        "needs_review": segment.needs_review,
        "review_reasons": list(segment.review_reasons),
    }
    for area, score in segment.areas.items():
        row[f"{area}_probability"] = score.probability
        row[f"{area}_present"] = score.present
    return row
