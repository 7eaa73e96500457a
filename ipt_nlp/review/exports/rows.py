"""Corpus rows (``ipt-nlp-corpus/1``): what ``ipt-nlp train --corpus reviewed.jsonl`` takes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import cast, get_args

from ipt_nlp.codebook import VERSION
from ipt_nlp.corpus.rows import CorpusFlag, CorpusPattern, CorpusRow, Genre
from ipt_nlp.review.exports.reviewed import Reviewed
from ipt_nlp.transcript import Kind

# A genre for segments of transcripts, where the corpus format has one: the genre "session" is for
# single turns, which are cut into segments again when they are loaded.
_SEGMENT = "segment" if "segment" in get_args(Genre) else "text"
_GENRES: dict[Kind, str] = {"transcript": _SEGMENT, "note": "note", "text": "text"}


def corpus_row(found: Reviewed) -> CorpusRow:
    """A reviewed segment as a row; offsets count from the start of its own text."""
    base = found.segment.start_char
    verdict, labels = found.verdict, found.verdict.labels
    session = found.session.text_sha256[:16]
    return CorpusRow(
        id=found.id,
        text=found.segment.text,
        genre=cast(Genre, _GENRES[found.session.kind]),
        client=found.client,
        session=session,
        session_number=found.number,
        # Rows without a client are grouped by their session.
        writer=f"session-{session}",
        areas=labels.areas,
        primary=labels.primary,
        unscored_areas=verdict.unscored_areas,
        patterns=tuple(
            CorpusPattern(
                start_char=p.start_char - base,
                end_char=p.end_char - base,
                quote=p.quote,
                pattern=p.pattern,
                who=p.who,
            )
            for p in labels.patterns
        ),
        patterns_labelled=verdict.patterns_settled,
        flags=tuple(
            CorpusFlag(
                start_char=f.start_char - base,
                end_char=f.end_char - base,
                quote=f.quote,
                flag=f.flag,
                status=f.status,
                subject=f.subject,
                kind=f.kind,
            )
            for f in labels.standing_flags
        ),
        unscored_flags=verdict.unscored_flags,
        codebook=VERSION,
        synthetic=found.synthetic,
    )


def write_jsonl(found: Iterable[Reviewed]) -> bytes:
    """A row a line."""
    lines: Iterator[str] = (corpus_row(r).model_dump_json() + "\n" for r in found)
    return "".join(lines).encode("utf-8")
