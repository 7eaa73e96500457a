"""CSV and JSON Lines: rows of loose texts, or rows of turns.

Rows are turns when they have a ``speaker``, or a ``role`` and no ``id``; otherwise every row is a
text of its own that its ``id`` names (rows of a corpus are such rows). Other fields are ignored.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

from ipt_nlp.errors import ReadError
from ipt_nlp.readers import names
from ipt_nlp.readers.files import MAX_BYTES, MAX_PARTS, Raw, decode, limited, parse_json
from ipt_nlp.readers.values import name, number, refuse_result, whole, words
from ipt_nlp.speakers import Role, role_of_label
from ipt_nlp.transcript import Transcript, Utterance

DELIMITERS = ",;\t|"
ROW_KEYS = frozenset({"id", "speaker", "role"})
"""Beside ``text``, a row has at least one of these fields."""
_NEEDED = "rows need the fields 'id' and 'text', or 'speaker' (or 'role') and 'text'"


@dataclass(frozen=True)
class Row:
    """One row; ``line`` is the 1-based line it begins on."""

    line: int
    fields: Mapping[str, Any]


def read_csv(raw: Raw, *, therapist: str | None = None) -> Iterator[Transcript]:
    """Rows of a CSV file whose first line names the columns, split by comma, semicolon, tab or bar.

    Raises:
        ReadError: No column ``text``, a quote that is not closed, too many cells in a row, or a
            field that cannot be used; it names the line.
    """
    decoded = decode(raw)
    return _transcripts(
        raw.source, _csv_rows(decoded.text, raw.source), therapist, decoded.warnings
    )


def read_jsonl(raw: Raw, *, therapist: str | None = None) -> Iterator[Transcript]:
    """Rows of a JSON Lines file; empty lines are skipped.

    Raises:
        ReadError: A line that is not a JSON object, or a field that cannot be used; it names both.
    """
    decoded = decode(raw)
    return _transcripts(
        raw.source, _jsonl_rows(decoded.text, raw.source), therapist, decoded.warnings
    )


def header_delimiter(text: str) -> str | None:
    """The delimiter with which a first line names a row's columns, or None."""
    first = text.lstrip("\ufeff\r\n").split("\n", 1)[0].rstrip("\r")
    for delimiter in DELIMITERS:
        columns = set(_column_names(first[:10_000].split(delimiter)))
        if "text" in columns and columns & ROW_KEYS:
            return delimiter
    return None


def _column_names(cells: Sequence[str]) -> list[str]:
    return [cell.strip().strip('"').strip().casefold() for cell in cells]


def _csv_rows(text: str, source: str) -> Iterator[Row]:
    delimiter = header_delimiter(text)
    if delimiter is None:
        raise ReadError(source, f"the first line does not name the columns; {_NEEDED}", 1)
    csv.field_size_limit(max(csv.field_size_limit(), MAX_BYTES))
    reader = csv.reader(
        io.StringIO(text.lstrip("\ufeff"), newline=""), delimiter=delimiter, strict=True
    )
    columns: list[str] = []
    line = 1
    try:
        for cells in reader:
            begins, line = line, reader.line_num + 1
            if not any(cell.strip() for cell in cells):
                continue
            if not columns:
                columns = _column_names(cells)
                _refuse_double_columns(columns, source, begins)
                continue
            if len(cells) > len(columns):
                raise ReadError(
                    source,
                    f"{len(cells)} cells under {len(columns)} columns: "
                    "a text with a delimiter in it needs quotes",
                    begins,
                )
            yield Row(begins, dict(zip(columns, cells, strict=False)))
    except csv.Error:
        raise ReadError(source, "a quote is not closed, or stands within a cell", line) from None


def _refuse_double_columns(columns: Sequence[str], source: str, line: int) -> None:
    filled = [column for column in columns if column]
    if len(set(filled)) != len(filled):
        raise ReadError(source, "two columns have the same name", line)


def _jsonl_rows(text: str, source: str) -> Iterator[Row]:
    for line, row in enumerate(text.lstrip("\ufeff").split("\n"), 1):
        if not row.strip():
            continue
        found = parse_json(row, source, line)
        if not isinstance(found, dict):
            raise ReadError(source, "not a JSON object", line)
        refuse_result(found, source, line)
        yield Row(line, found)


def _transcripts(
    source: str, found: Iterator[Row], therapist: str | None, warnings: Sequence[str]
) -> Iterator[Transcript]:
    # All of them before the first is given out: one error, no half a file.
    rows = list(islice(found, MAX_PARTS + 1))
    limited(source, len(rows), "rows")
    if not rows:
        raise ReadError(source, "no rows in it")
    first = rows[0].fields
    if "speaker" in first or ("role" in first and "id" not in first):
        made = _sessions(source, rows, therapist)
    elif "id" in first:
        made = _texts(source, rows)
    else:
        raise ReadError(source, _NEEDED, rows[0].line)
    return iter([replace(t, warnings=(*warnings, *t.warnings)) for t in made])


def _texts(source: str, rows: Sequence[Row]) -> Iterator[Transcript]:
    lines: dict[str, int] = {}
    for row in rows:
        key = name(row.fields, "id", source, row.line)
        if key in lines:
            raise ReadError(source, f"field 'id' is the same as on line {lines[key]}", row.line)
        lines[key] = row.line
        text = words(row.fields, "text", source, row.line)
        try:
            yield Transcript.from_row(text, source=key)
        except ReadError:
            raise ReadError(source, "field 'text' has no words", row.line) from None


@dataclass(frozen=True)
class _TurnRow:
    line: int
    client: str
    session: str
    turn_index: int | None
    utterance: Utterance


def _sessions(source: str, rows: Sequence[Row], therapist: str | None) -> Iterator[Transcript]:
    groups: dict[tuple[str, str], list[_TurnRow]] = {}
    for row in rows:
        turn = _turn_row(source, row)
        groups.setdefault((turn.client, turn.session), []).append(turn)
    for (client, session), turns in groups.items():
        _check_roles(source, turns)
        label = "-".join(part for part in (client, session) if part)
        made = Transcript.from_utterances(
            [t.utterance for t in _in_order(source, turns)],
            source=f"{source}#{label}" if label else source,
            therapist=therapist,
        )
        yield replace(
            made, client_id=client or None, session_number=names.session_number(session, bare=True)
        )


def _turn_row(source: str, row: Row) -> _TurnRow:
    fields, line = row.fields, row.line
    said = name(fields, "role", source, line, needed=False)
    # "Other" names nobody at the start of a line, but it is what results and corpora write here.
    role: Role | None = "other" if said.casefold() == "other" else role_of_label(said)
    if said and role is None:
        raise ReadError(source, "field 'role' is not one of therapist, client, other", line)
    utterance = Utterance(
        words(fields, "text", source, line),
        name(fields, "speaker", source, line, needed=False) or said or None,
        number(fields.get("start", fields.get("start_s")), "start", source, line),
        number(fields.get("end", fields.get("end_s")), "end", source, line),
        role,
    )
    return _TurnRow(
        line,
        name(fields, "client", source, line, needed=False),
        name(fields, "session", source, line, needed=False)
        or name(fields, "session_number", source, line, needed=False),
        whole(fields, "turn_index", source, line),
        utterance,
    )


def _check_roles(source: str, turns: Sequence[_TurnRow]) -> None:
    roles: dict[str, Role] = {}
    for turn in turns:
        speaker, role = turn.utterance.speaker, turn.utterance.role
        if speaker is None or role is None:
            continue
        if roles.setdefault(speaker, role) != role:
            raise ReadError(source, "field 'role' differs from this speaker's before", turn.line)


def _in_order(source: str, turns: Sequence[_TurnRow]) -> list[_TurnRow]:
    """By ``turn_index`` where the rows have it, else as they stand."""
    numbered = [(t.turn_index, t) for t in turns if t.turn_index is not None]
    if not numbered:
        return list(turns)
    if len(numbered) < len(turns):
        missing = next(t for t in turns if t.turn_index is None)
        raise ReadError(source, "field 'turn_index' is missing", missing.line)
    seen: set[int] = set()
    for index, turn in numbered:
        if index in seen:
            raise ReadError(source, "field 'turn_index' occurs twice in its session", turn.line)
        seen.add(index)
    return [turn for _, turn in sorted(numbered, key=lambda pair: pair[0])]
