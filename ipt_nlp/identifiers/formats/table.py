"""Cells of CSV files, found and put back in the raw text, so that quotes and commas stay.

Headings are pieces too: whoever keeps a table may have called a column after somebody.
"""

from __future__ import annotations

import codecs
from collections.abc import Iterator, Sequence

from ipt_nlp.errors import ReadError
from ipt_nlp.identifiers.formats import Piece, renamed
from ipt_nlp.readers.files import Raw, decode
from ipt_nlp.readers.rows import header_delimiter

CODE_FIELDS = frozenset(
    "id client session session_number source file role genre writer lang".split()
)

OWN_FIELDS = CODE_FIELDS | frozenset(
    """text speaker segments words word start end language tokens temperature avg_logprob seek
    compression_ratio no_speech_prob probability turn_index areas primary patterns flags""".split()
)
"""Fields that the formats themselves name; without their names a copy could not be read."""


class TableFile:
    """A CSV file's cells; rows of one session are searched together."""

    def __init__(self, raw: Raw) -> None:
        decoded = decode(raw)
        text = decoded.text.removeprefix("\ufeff")
        self._mark = codecs.BOM_UTF8 if raw.data.startswith(codecs.BOM_UTF8) else b""
        self.warnings = decoded.warnings
        delimiter = header_delimiter(text)
        if delimiter is None:
            raise ReadError(raw.source, "the first line does not name the columns", 1)
        self._text = text
        self._places: list[tuple[int, int, bool]] = []
        self.pieces: list[Piece] = []
        self._headings = 0
        columns: list[str] = []
        loose = True
        groups: dict[tuple[str, str], int] = {}
        for line, row in _rows(text, delimiter):
            values = [_value(text[a:b]) for a, b in row]
            if not columns:
                columns = [v.strip().casefold() for v in values]
                loose = "speaker" not in columns and not ("role" in columns and "id" not in columns)
                for n, (a, b) in enumerate(row):
                    if columns[n] in OWN_FIELDS:
                        continue
                    self._headings += 1
                    self._places.append((a, b, text[a : a + 1] == '"'))
                    self.pieces.append(
                        Piece(
                            values[n],
                            f"line {line}, heading {n + 1}",
                            code=True,
                            spoken=False,
                            bare=True,
                        )
                    )
                continue
            cells = dict(zip(columns, values, strict=False))
            key = (cells.get("client", ""), cells.get("session", ""))
            group = line if loose else groups.setdefault(key, len(groups))
            for n, (a, b) in enumerate(row):
                name = columns[n] if n < len(columns) else f"column {n + 1}"
                self._places.append((a, b, text[a : a + 1] == '"'))
                self.pieces.append(
                    Piece(
                        values[n],
                        f"line {line}, {name or 'cell'}",
                        group,
                        code=name in CODE_FIELDS | {"speaker"},
                        spoken=name == "text",
                    )
                )
        self._delimiter = delimiter

    def rebuild(self, texts: Sequence[str]) -> bytes:
        """The file with other cells; one that now needs quotes gets them."""
        chosen = list(texts)
        old = [piece.text for piece in self.pieces[: self._headings]]
        changed = {a: b for a, b in zip(old, chosen, strict=False) if a != b}
        new_headings = renamed(changed, set(old) - changed.keys())
        chosen[: self._headings] = [new_headings.get(heading, heading) for heading in old]
        parts: list[str] = []
        at = 0
        for (a, b, quoted), piece, new in zip(self._places, self.pieces, chosen, strict=True):
            if new == piece.text:
                continue
            quoted = quoted or any(c in new for c in ('"', "\n", "\r", self._delimiter))
            doubled = new.replace('"', '""')
            parts += [self._text[at:a], f'"{doubled}"' if quoted else new]
            at = b
        parts.append(self._text[at:])
        return self._mark + "".join(parts).encode("utf-8", "replace")


def _rows(text: str, delimiter: str) -> Iterator[tuple[int, list[tuple[int, int]]]]:
    """Rows as 1-based line numbers and the raw extents of their cells, quotes included."""
    row: list[tuple[int, int]] = []
    start = i = 0
    line = begins = 1
    inside = False
    while i < len(text):
        c = text[i]
        if inside:
            inside = c != '"'
            line += c == "\n"
        elif c == '"':
            inside = True
        elif c == delimiter:
            row.append((start, i))
            start = i + 1
        elif c in "\r\n":
            row.append((start, i))
            if any(a < b for a, b in row):
                yield begins, row
            row = []
            i += text[i : i + 2] == "\r\n"
            line += 1
            start, begins = i + 1, line
        i += 1
    row.append((start, len(text)))
    if any(a < b for a, b in row):
        yield begins, row


def _value(cell: str) -> str:
    if cell.startswith('"') and cell.endswith('"') and len(cell) > 1:
        return cell[1:-1].replace('""', '"')
    return cell


def open_pieces(raw: Raw) -> TableFile:
    """The cells of a CSV file."""
    return TableFile(raw)
