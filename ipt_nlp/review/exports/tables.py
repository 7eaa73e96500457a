"""CSV and XLSX: a row a segment. Cells that a spreadsheet would run begin with an apostrophe."""

from __future__ import annotations

import csv
import importlib.util
import io
from collections.abc import Iterable, Iterator
from typing import Any

from ipt_nlp import codebook
from ipt_nlp.review.exports.reviewed import Reviewed
from ipt_nlp.review.labels import of_model
from ipt_nlp.writers.csv import JOIN

_FORMULA_STARTS = tuple("=+-@\t＝＋－＠")
# What no XML document, and so no workbook, may hold.
_CONTROL = dict.fromkeys(i for i in range(32) if chr(i) not in "\t\n")
_CELL_LIMIT = 32_767

COLUMNS: tuple[str, ...] = (
    *("id", "source", "client", "session_number", "segment_index", "start_char", "end_char"),
    *("text", "primary", "model_primary"),
    *(f"{a}{end}" for a in codebook.AREAS for end in ("", "_model", "_probability")),
    *codebook.PATTERNS,
    *codebook.FLAGS,
    *("pattern_quotes", "flag_quotes", "dismissed_flags", "memo", "discuss"),
    *("reviewers", "adjudicated", "unscored_areas", "codebook", "model_version", "model_sha256"),
)


def write_csv(found: Iterable[Reviewed]) -> bytes:
    """UTF-8 with a byte order mark, without which Excel reads another encoding."""
    buffer = io.StringIO()
    table = csv.DictWriter(buffer, COLUMNS, lineterminator="\n")
    table.writeheader()
    for row in _rows(found):
        table.writerow({name: _cell(value) for name, value in row.items()})
    return buffer.getvalue().encode("utf-8-sig")


def has_xlsx() -> bool:
    """Whether the package that writes workbooks is installed."""
    return importlib.util.find_spec("openpyxl") is not None


def write_xlsx(found: Iterable[Reviewed]) -> bytes:
    """A workbook with one sheet; needs the package ``openpyxl``."""
    openpyxl: Any = importlib.import_module("openpyxl")
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet("segments")
    sheet.freeze_panes = "A2"
    sheet.append(list(COLUMNS))
    for row in _rows(found):
        cells = (_cell(row[name]) for name in COLUMNS)
        sheet.append(
            [c.translate(_CONTROL)[:_CELL_LIMIT] if isinstance(c, str) else c for c in cells]
        )
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def _rows(found: Iterable[Reviewed]) -> Iterator[dict[str, Any]]:
    for r in found:
        labels, model = r.verdict.labels, of_model(r.segment)
        row: dict[str, Any] = {
            "id": r.id,
            "source": r.session.source,
            "client": r.client,
            "session_number": r.number,
            "segment_index": r.segment.index,
            "start_char": r.segment.start_char,
            "end_char": r.segment.end_char,
            "text": r.segment.text.strip("\n"),
            "primary": labels.primary,
            "model_primary": model.primary,
            "pattern_quotes": JOIN.join(
                f"{p.pattern} ({p.who}): {p.quote}" for p in labels.patterns
            ),
            "flag_quotes": JOIN.join(f"{f.flag}: {f.quote}" for f in labels.standing_flags),
            "dismissed_flags": JOIN.join(
                f"{f.flag}: {f.reason}" for f in labels.flags if f.verdict == "dismissed"
            ),
            "memo": labels.memo,
            "discuss": labels.discuss,
            "reviewers": JOIN.join(r.verdict.by),
            "adjudicated": r.verdict.adjudicated,
            "unscored_areas": JOIN.join(r.verdict.unscored_areas),
            "codebook": r.session.codebook,
            "model_version": r.session.model.version,
            "model_sha256": r.session.model.sha256,
        }
        for area in codebook.AREAS:
            row[area] = area in labels.areas
            row[f"{area}_model"] = area in model.areas
            score = r.segment.areas.get(area)
            row[f"{area}_probability"] = score.probability if score else None
        for pattern in codebook.PATTERNS:
            row[pattern] = sum(p.pattern == pattern for p in labels.patterns)
        for flag in codebook.FLAGS:
            row[flag] = sum(f.flag == flag for f in labels.standing_flags)
        yield row


def _cell(value: Any) -> Any:
    if isinstance(value, bool):
        return "true" if value else "false"
    if not isinstance(value, str):
        return value
    text = value.replace("\r\n", "\n").replace("\r", "\n")
    return f"'{text}" if text.lstrip(" \n").startswith(_FORMULA_STARTS) else text
