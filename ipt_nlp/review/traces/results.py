"""Results of ``ipt-nlp tag``, which are taken apart session by session."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

from ipt_nlp.review.erasing import Write
from ipt_nlp.review.traces.found import BROKEN, MAX_BYTES, NO_OWNER, SAME, Survey, Wanted
from ipt_nlp.review.traces.runs import Runs
from ipt_nlp.review.traces.texts import plain_json


def take_up_results(path: Path, wanted: Wanted, found: Survey, runs: Runs) -> bool:
    """Take up a file if it is of a format that is known session by session."""
    try:
        with path.open("rb") as file:
            head = file.read(4096)
        if b'"format":"ipt-nlp/1"' in b"".join(head[:400].split()):
            _json_results(path, wanted, found, runs)
        elif head.startswith(b"PAR1") and _is_parquet(path):
            _parquet_results(path, wanted, found, runs)
        elif {"client_id", "text_sha256", "segment_index"} <= _header(head):
            _csv_results(path, wanted, found, runs)
        else:
            return False
    except (OSError, csv.Error, UnicodeDecodeError):
        return False
    return True


@dataclass
class _Count:
    """What the sessions or rows of a file are."""

    gone: int = 0
    stay: int = 0
    renamed: int = 0
    same: int = 0
    doubt: int = 0

    def add(
        self, wanted: Wanted, session: tuple[str | None, str, str], text: str, runs: Runs
    ) -> bool:
        """Count one; whether it goes."""
        client, source, digest = session
        if wanted.goes(client, source, digest):
            self.gone += 1
            return True
        if (source, digest) not in wanted.owners and runs.held_by(text):
            # Tagged again after a correction, say: other words, another hash.
            self.doubt += 1
        self.stay += 1
        self.renamed += wanted.renamed(client, source, digest)
        self.same += wanted.same_words(source, digest)
        return False


def _take_up(path: Path, count: _Count, write: Write, found: Survey) -> None:
    if count.gone:
        found.erased.append(path)
    elif count.renamed:
        found.renamed.append(path)
    if count.gone or count.renamed:
        found.plan[path] = write if count.stay else None
    if count.doubt:
        found.leave(path, NO_OWNER)
    elif count.same:
        found.leave(path, SAME)


def _json_results(path: Path, wanted: Wanted, found: Survey, runs: Runs) -> None:
    count, broken = _Count(), []
    for raw, document in _json_lines(path):
        if document is None:
            if raw.strip():
                count.stay += 1
                broken.append(raw)
            continue
        session = _session_of(document)
        if count.add(wanted, session, str(document.get("text") or ""), runs):
            runs.add(document)
            found.sources.add(session[1])
    if any(runs.held_by(plain_json(raw.decode("utf-8", "replace"))) for raw in broken):
        found.leave(path, BROKEN)
    _take_up(path, count, partial(_write_json, path, wanted), found)


def _json_lines(path: Path) -> Iterator[tuple[bytes, dict[str, Any] | None]]:
    """Lines with the result document in each, or the whole file where it holds one over lines."""
    with path.open("rb") as file:
        first = file.readline()
        if parsed(first) is None:
            whole = first + file.read(MAX_BYTES)
            document = parsed(whole)
            if document is not None:
                yield whole, document
                return
        file.seek(0)
        # Not str.splitlines: JSON may hold U+2028 and the like inside a string.
        for raw in file:
            yield raw, parsed(raw)


def parsed(raw: bytes) -> dict[str, Any] | None:
    """A line as a JSON object; None where it is none."""
    try:
        document = json.loads(raw)
    except (ValueError, RecursionError):
        return None
    return document if isinstance(document, dict) else None


def _session_of(document: Mapping[str, Any]) -> tuple[str | None, str, str]:
    client = document.get("client_id")
    return (
        None if client is None else str(client),
        str(document.get("source")),
        str(document.get("text_sha256")),
    )


def _write_json(path: Path, wanted: Wanted, file: BinaryIO) -> None:
    for raw, document in _json_lines(path):
        if document is not None:
            session = _session_of(document)
            if wanted.goes(*session):
                continue
            if wanted.renamed(*session):
                file.write(with_client(document, wanted.owners.get(session[1:])) + b"\n")
                continue
        file.write(raw)


def with_client(document: Mapping[str, Any], client: str | None) -> bytes:
    """A result document on one line, under another client's id."""
    changed = {**document, "client_id": client}
    try:
        return json.dumps(changed, ensure_ascii=False, separators=(",", ":")).encode("utf-8")
    except UnicodeEncodeError:  # half of a surrogate pair, which JSON allows
        return json.dumps(changed, separators=(",", ":")).encode("ascii")


def _header(head: bytes) -> set[str]:
    first = head.removeprefix(b"\xef\xbb\xbf").split(b"\n", 1)[0]
    return set(first.decode("utf-8", "replace").strip().split(","))


def _csv_rows(path: Path) -> Iterator[list[str]]:
    csv.field_size_limit(min(sys.maxsize, 2**31 - 1))
    with path.open(encoding="utf-8-sig", newline="") as file:
        yield from csv.reader(file)


def _csv_session(row: Sequence[str], places: Sequence[int]) -> tuple[str | None, str, str]:
    # A cell that a spreadsheet would run was written with an apostrophe before it.
    client, source, digest = (row[i] if i < len(row) else "" for i in places)
    return _unquoted(client) or None, _unquoted(source), digest


def _unquoted(cell: str) -> str:
    return (
        cell[1:]
        if cell[:1] == "'" and cell[1:].lstrip(" \n")[:1] in set("=+-@\t＝＋－＠")
        else cell
    )


def _csv_places(header: list[str]) -> list[int]:
    return [header.index(name) for name in ("client_id", "source", "text_sha256")]


def _csv_results(path: Path, wanted: Wanted, found: Survey, runs: Runs) -> None:
    rows = _csv_rows(path)
    header = next(rows)
    places, text = _csv_places(header), header.index("text") if "text" in header else None
    count = _Count()
    for row in rows:
        session = _csv_session(row, places)
        words = row[text] if text is not None and text < len(row) else ""
        if count.add(wanted, session, words, runs):
            found.sources.add(session[1])
            runs.add_text(session[2], words)
    _take_up(path, count, partial(_write_csv, path, wanted), found)


def _write_csv(path: Path, wanted: Wanted, file: BinaryIO) -> None:
    with path.open("rb") as old:
        if old.read(3) == b"\xef\xbb\xbf":
            file.write(b"\xef\xbb\xbf")
    import io

    rows = _csv_rows(path)
    header = next(rows)
    places = _csv_places(header)
    text = io.TextIOWrapper(file, encoding="utf-8", newline="", write_through=True)
    table = csv.writer(text, lineterminator="\n")
    table.writerow(header)
    for row in rows:
        session = _csv_session(row, places)
        if wanted.goes(*session):
            continue
        if wanted.renamed(*session):
            row[places[0]] = _quoted(wanted.owners.get(session[1:]) or "")
        table.writerow(row)
    # The file is not this function's to close.
    text.flush()
    text.detach()


def _quoted(cell: str) -> str:
    return f"'{cell}" if cell.lstrip(" \n")[:1] in set("=+-@\t＝＋－＠") and cell.strip() else cell


_PARQUET_KEYS = ["client_id", "source", "text_sha256"]


def _is_parquet(path: Path) -> bool:
    import pyarrow as pa  # type: ignore[import-untyped]
    import pyarrow.parquet as pq  # type: ignore[import-untyped]

    try:
        names = set(pq.read_schema(path).names)
    except (pa.ArrowException, OSError):
        return False
    return {*_PARQUET_KEYS, "segment_index", "text"} <= names


def _parquet_results(path: Path, wanted: Wanted, found: Survey, runs: Runs) -> None:
    import pyarrow.parquet as pq

    count = _Count()
    with pq.ParquetFile(path) as table:
        for batch in table.iter_batches(columns=[*_PARQUET_KEYS, "text"]):
            for row in batch.to_pylist():
                session = (row["client_id"], row["source"], row["text_sha256"])
                if count.add(wanted, session, row["text"] or "", runs):
                    found.sources.add(row["source"])
                    runs.add_text(row["text_sha256"], row["text"] or "")
    _take_up(path, count, partial(_write_parquet, path, wanted), found)


def _write_parquet(path: Path, wanted: Wanted, file: BinaryIO) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    with (
        pq.ParquetFile(path) as table,
        pq.ParquetWriter(file, table.schema_arrow, compression="zstd") as out,
    ):
        for batch in table.iter_batches():
            keys = batch.select(_PARQUET_KEYS).to_pylist()
            sessions = [(k["client_id"], k["source"], k["text_sha256"]) for k in keys]
            names = [
                wanted.owners.get((s[1], s[2])) if wanted.renamed(*s) else s[0] for s in sessions
            ]
            place = batch.schema.get_field_index("client_id")
            named = pa.array(names, type=batch.schema.field(place).type)
            kept = batch.set_column(place, batch.schema.field(place), named).filter(
                pa.array([not wanted.goes(*s) for s in sessions])
            )
            if len(kept):
                out.write_batch(kept)
