"""An export as a file: written for its owner alone, recorded, found again by ``forget``."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import sqlalchemy as sa

from ipt_nlp.errors import ReviewError
from ipt_nlp.places import write_private
from ipt_nlp.review import database
from ipt_nlp.review.exports import others, refi, rows, tables
from ipt_nlp.review.exports.reviewed import Reviewed, reviewed_segments
from ipt_nlp.review.schema import exports
from ipt_nlp.review.store import Store

FOLDER = "exports"


@dataclass(frozen=True)
class Kind:
    """A format of export. ``texts``: it holds words of the sessions."""

    key: str
    name: str
    about: str
    suffix: str
    media: str
    texts: bool
    write: Callable[[list[Reviewed], str], bytes]
    available: Callable[[], bool] = lambda: True


KINDS: dict[str, Kind] = {
    kind.key: kind
    for kind in (
        Kind(
            "corpus",
            "Corpus for training",
            "Rows that ipt-nlp train --corpus takes, one a decided segment.",
            "jsonl",
            "application/x-ndjson",
            True,
            lambda found, _: rows.write_jsonl(found),
        ),
        Kind(
            "csv",
            "Table (CSV)",
            "A row a decided segment, beside what the model said.",
            "csv",
            "text/csv",
            True,
            lambda found, _: tables.write_csv(found),
        ),
        Kind(
            "xlsx",
            "Table (Excel)",
            "The same as a workbook.",
            "xlsx",
            "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            True,
            lambda found, _: tables.write_xlsx(found),
            tables.has_xlsx,
        ),
        Kind(
            "qdpx",
            "REFI-QDA project",
            "Sessions, codes and memos for ATLAS.ti, MAXQDA, NVivo, QualCoder and others.",
            "qdpx",
            "application/zip",
            True,
            lambda found, at: refi.write_project(found, at=at),
        ),
        Kind(
            "qdc",
            "REFI-QDA codebook",
            "The codebook alone, without any text.",
            "qdc",
            "application/xml",
            False,
            lambda _, __: refi.write_codebook(),
        ),
        Kind(
            "taguette",
            "Taguette codebook",
            "Tags and their definitions, without any text.",
            "csv",
            "text/csv",
            False,
            lambda _, __: others.write_taguette(),
        ),
        Kind(
            "label-studio",
            "Label Studio tasks",
            "Decided segments with the reviewers' and the model's labels.",
            "json",
            "application/json",
            True,
            lambda found, _: others.write_label_studio(found),
        ),
        Kind(
            "label-studio-config",
            "Label Studio configuration",
            "The labelling interface that the tasks fit, without any text.",
            "xml",
            "application/xml",
            False,
            lambda _, __: others.write_label_studio_config(),
        ),
    )
}


@dataclass(frozen=True)
class Export:
    """A written export; ``left_out`` segments hold identifiers that nobody dismissed."""

    path: Path
    kind: Kind
    segments: int
    left_out: int


def make_export(
    store: Store, room: Path, key: str, *, by: str, with_identifiers: bool = False
) -> Export:
    """Write an export into the room's folder and record which sessions it holds.

    Segments of real sessions with an identifier that was not dismissed are left out unless
    ``with_identifiers``.

    Raises:
        ReviewError: No such kind, or the package it needs is missing.
    """
    kind = KINDS.get(key)
    if kind is None or not kind.available():
        raise ReviewError("no such kind of export here")
    found = list(reviewed_segments(store)) if kind.texts else []
    kept = [r for r in found if with_identifiers or r.synthetic or not r.has_identifier]
    moment = datetime.now(UTC)
    # Names are unique, so that the card of a bundle names one export only.
    name = f"reviewed-{key}-{moment:%Y%m%d-%H%M%S-%f}.{kind.suffix}"
    path = room / FOLDER / name
    content = kind.write(kept, moment.isoformat(timespec="seconds"))
    # Recorded first: a file that `forget` does not know of must never be there.
    with store.writing() as c:
        c.execute(
            sa.insert(exports).values(
                name=name,
                kind=key,
                at=database.now(),
                by=by,
                sessions=json.dumps(sorted({r.session_id for r in kept})),
            )
        )
    write_private(path, content)
    return Export(path, kind, len(kept), len(found) - len(kept))
