"""Parquet: the same labels and spans as the result document, in typed columns."""

from __future__ import annotations

import io
from typing import Any

import pyarrow.parquet as pq  # type: ignore[import-untyped]
import pytest

from ipt_nlp import codebook
from ipt_nlp.result import TaggedSession
from ipt_nlp.tagger import Tagger
from ipt_nlp.transcript import Transcript
from ipt_nlp.writers import parquet

TALK = """Therapist: What happened when you told her?
Client: I said it does not matter. My wife shouted and I walked out. Then I drove for hours.
Therapist: And at work?
Client: I lost the job in May, and since then I see nobody. Some days I want to kill myself.
"""


@pytest.fixture(scope="module")
def session(tagger: Tagger) -> TaggedSession:
    return tagger.tag(Transcript.from_text(TALK, source="talk"))


def read(*sessions: TaggedSession) -> list[dict[str, Any]]:
    buffer = io.BytesIO()
    parquet.write(iter(sessions), buffer)
    rows: list[dict[str, Any]] = pq.read_table(io.BytesIO(buffer.getvalue())).to_pylist()
    return rows


def test_each_segment_is_a_row_with_what_was_found(session: TaggedSession) -> None:
    rows = read(session)
    assert len(rows) == len(session.segments)
    assert sum(len(row["patterns"]) + len(row["flags"]) for row in rows) > 0
    for row, segment in zip(rows, session.segments, strict=True):
        assert row["source"] == "talk"
        assert row["text"] == session.text[row["start_char"] : row["end_char"]]
        assert row["primary"] == segment.primary
        for area in codebook.AREAS:
            assert row[f"{area}_probability"] == segment.areas[area].probability
            assert row[f"{area}_present"] == segment.areas[area].present
            assert row[f"{area}_threshold"] == session.thresholds[area]
        for name in ("evidence", "patterns", "flags"):
            assert row[name] == [span.model_dump() for span in getattr(segment, name)]
        assert row["needs_review"] == segment.needs_review
        assert row["model_sha256"] == session.model.sha256
        assert row["warnings"] == list(session.warnings)


def test_columns_do_not_depend_on_what_is_in_them(session: TaggedSession, tagger: Tagger) -> None:
    plain = tagger.tag(Transcript.from_row("It rained.", source="row"))
    buffer = io.BytesIO()
    parquet.write(iter([plain]), buffer)
    assert pq.read_schema(io.BytesIO(buffer.getvalue())).equals(parquet.SCHEMA)
    assert [row["source"] for row in read(session, plain)] == [
        *["talk"] * len(session.segments),
        "row",
    ]


def test_rows_are_written_in_groups(
    session: TaggedSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = read(session, session, session)
    monkeypatch.setattr(parquet, "GROUP_ROWS", 2)
    assert read(session, session, session) == whole
