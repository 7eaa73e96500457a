"""The words in a file of any kind, to look through."""

from __future__ import annotations

import html
import re
import zipfile
from pathlib import Path

from ipt_nlp.review.traces.found import CLOSED, LARGE, MAX_BYTES

_REPORT = re.compile(r"<title>IPT report: ")
_ENTITY_ENDS = re.compile(
    r"</(?:p|div|li|td|th|tr|h\d|si|row|w:p|text:p)\b[^>]*>|<br\b[^>]*>", re.I
)
_TAG = re.compile(r"<[^<>]*>")
_ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|[nrt])")


def is_html_report(text: str) -> bool:
    """Whether a page is a report of this program."""
    return _REPORT.search(text[:4000]) is not None


def text_of(path: Path) -> tuple[str | None, str]:
    """The words in a file of any kind; None and why where they cannot be had."""
    try:
        if path.stat().st_size > MAX_BYTES:
            return None, LARGE
        data = path.read_bytes()
    except OSError:
        return None, CLOSED
    if data.startswith(b"PK\x03\x04"):
        text = _zipped(path)
        return text, CLOSED
    if data.startswith(b"PAR1"):
        return _strings(path), CLOSED
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16", "replace"), CLOSED
    if b"\0" in data[:8192] or data.startswith(b"%PDF"):
        return None, CLOSED
    text = data.decode("utf-8", "replace")
    if path.suffix.casefold() in {".json", ".jsonl", ".ndjson"}:
        text = plain_json(text)
    elif path.suffix.casefold() in {".xml", ".htm", ".html"} and not is_html_report(text):
        text = plain_html(text)
    return text, CLOSED


def _zipped(path: Path) -> str | None:
    """Words of a Word, Excel or REFI-QDA file, or of any archive of texts."""
    try:
        with zipfile.ZipFile(path) as archive:
            if sum(info.file_size for info in archive.infolist()) > MAX_BYTES:
                return None
            parts = [archive.read(info) for info in archive.infolist() if not info.is_dir()]
    except (OSError, zipfile.BadZipFile, RuntimeError, NotImplementedError, ValueError):
        return None
    texts = (part.decode("utf-8", "replace") for part in parts if b"\0" not in part[:8192])
    return "\n".join(plain_html(text) if text.lstrip()[:1] == "<" else text for text in texts)


def _strings(path: Path) -> str | None:
    """Words of a table that this program did not write."""
    import pyarrow as pa  # type: ignore[import-untyped]
    import pyarrow.parquet as pq  # type: ignore[import-untyped]

    try:
        with pq.ParquetFile(path) as table:
            schema = table.schema_arrow
            names = [f.name for f in schema if pa.types.is_string(f.type)]
            return "\n".join(
                str(value)
                for batch in table.iter_batches(columns=names)
                for row in batch.to_pylist()
                for value in row.values()
                if value is not None
            )
    except (pa.ArrowException, OSError):
        return None


def plain_html(text: str) -> str:
    """The words of a page, or of XML."""
    return html.unescape(_TAG.sub("", _ENTITY_ENDS.sub(" ", text)))


def plain_json(text: str) -> str:
    """JSON with its escapes undone, so that words in it can be looked for."""
    return _ESCAPE.sub(lambda m: chr(int(m[1], 16)) if m[1] else " ", text)
