"""Rows of the database that a result document becomes."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from ipt_nlp.result import ResultSegment, TaggedSession


def session_row(
    session: TaggedSession, by: str, at: str, synthetic: bool, client: str | None
) -> dict[str, Any]:
    """The row of ``sessions``."""
    return {
        "source": session.source,
        "client": session.client_id or client,
        "number": session.session_number,
        "date": session.session_date,
        "phase": session.phase,
        "kind": session.kind,
        "text_sha256": session.text_sha256,
        "model_name": session.model.name,
        "model_version": session.model.version,
        "model_sha256": session.model.sha256,
        "codebook": session.codebook,
        "synthetic": synthetic,
        "segments": len(session.segments),
        "document": session.to_json(),
        "added_at": at,
        "added_by": by,
    }


def label_keys(segment: ResultSegment) -> dict[str, set[str]]:
    """What a segment can be found by: keys of labels by kind."""
    return {
        "area": {a for a, s in segment.areas.items() if s.present},
        "pattern": {p.pattern for p in segment.patterns},
        "reason": {*segment.review_reasons, *(f.flag for f in segment.flags)},
    }


def drawn(text_sha256: str, index: int) -> float:
    """A number in [0, 1) that depends on the text alone, so that a sample can be drawn again."""
    raw = hashlib.sha256(json.dumps([text_sha256, index]).encode("ascii")).digest()
    return int.from_bytes(raw[:6], "big") / 2**48
