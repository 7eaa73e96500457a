"""Whether a file is a result of ``ipt-nlp tag``, which a new result may take the place of."""

from __future__ import annotations

import os
import re
from pathlib import Path

_BEGINNING, _END = 2**16, 2**12
_DOCUMENT = re.compile(rb'\{\s*"format"\s*:\s*"ipt-nlp/\d')
# Columns of every version so far; the others follow the codebook.
_COLUMNS = {"source", "segment_index", "first_turn", "last_turn", "start_char", "needs_review"}
_TITLE = b"<title>IPT report: "
_HEADING = re.compile(rb"[^\n]*\n(?:[^\n]*\n){0,3}?[\d,]+ words? \xc2\xb7 ")
_NOTICE = b"It does not diagnose"


def is_own_result(path: Path) -> bool:
    """Whether a file is a result in any format of ``tag``, or empty.

    Told by how the file begins and ends, so results of earlier versions count too.
    """
    try:
        with path.open("rb") as file:
            head = file.read(_BEGINNING)
            file.seek(max(0, os.fstat(file.fileno()).st_size - _END))
            tail = file.read(_END)
    except OSError:
        return False
    if head.startswith(b"PAR1"):
        return _is_table(path)
    head = head.removeprefix(b"\xef\xbb\xbf")
    first = head.split(b"\n", 1)[0].strip().decode("utf-8", "replace")
    return (
        not head.strip()
        or _DOCUMENT.match(head) is not None
        or set(first.split(",")) >= _COLUMNS
        or (head.lstrip().startswith(b"<!doctype html>") and _TITLE in head)
        or (_HEADING.match(head) is not None and _NOTICE in b" ".join(tail.split()))
    )


def _is_table(path: Path) -> bool:
    import pyarrow as pa  # type: ignore[import-untyped]
    import pyarrow.parquet as pq  # type: ignore[import-untyped]

    try:
        return set(pq.read_schema(path).names) >= _COLUMNS
    except (OSError, pa.ArrowException):
        return False
