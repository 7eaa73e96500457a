"""Fields of rows and JSON objects, checked where they enter; errors name the field."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from ipt_nlp.errors import ReadError
from ipt_nlp.readers.files import printable
from ipt_nlp.speakers import is_time, seconds


def words(
    row: Mapping[str, Any],
    field: str,
    source: str,
    line: int | None = None,
    *,
    where: str = "",
    needed: bool = True,
) -> str:
    """A field that holds text; a missing one that is not needed is ``""``."""
    value = row.get(field)
    if value is None and not needed:
        return ""
    if value is None:
        raise ReadError(source, f"{where}field '{field}' is missing", line)
    if isinstance(value, bool) or not isinstance(value, str):
        raise ReadError(source, f"{where}field '{field}' is {_kind(value)}, expected text", line)
    return value


def name(
    row: Mapping[str, Any], field: str, source: str, line: int | None = None, *, needed: bool = True
) -> str:
    """A field that holds an id: text or a whole number, without space around it.

    Half of a surrogate pair, which could not be written again, becomes ``?``.
    """
    value = row.get(field)
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    found = printable(words(row, field, source, line, needed=needed)).strip()
    if needed and not found:
        raise ReadError(source, f"field '{field}' is empty", line)
    return found


def number(
    value: Any, field: str, source: str, line: int | None = None, *, where: str = ""
) -> float | None:
    """Seconds: a number, digits, or a time stamp such as 00:12:31; empty is None."""
    if value is None or (isinstance(value, str) and not value.strip()):
        return None
    found = math.nan
    if isinstance(value, str) and is_time(value):
        found = seconds(value)
    elif isinstance(value, (str, int, float)) and not isinstance(value, bool):
        try:
            found = float(value)
        except (ValueError, OverflowError):
            found = math.nan
    if not math.isfinite(found) or found < 0:
        raise ReadError(
            source, f"{where}field '{field}' is not a number of seconds or a time stamp", line
        )
    return found


def whole(row: Mapping[str, Any], field: str, source: str, line: int | None = None) -> int | None:
    """A field that holds a whole number, as a number or as digits; empty is None."""
    value = row.get(field)
    if value is None or (isinstance(value, str) and not value.strip()):
        return None
    text = value.strip() if isinstance(value, str) else value
    if isinstance(text, str) and text.isascii() and text.isdecimal() and len(text) < 10:
        return int(text)
    if isinstance(text, int) and not isinstance(text, bool):
        return text
    raise ReadError(source, f"field '{field}' is not a whole number", line)


def refuse_result(found: Mapping[str, Any], source: str, line: int | None = None) -> None:
    """Stop at a result document, which has ``text`` and ``segments`` as transcripts do."""
    marked = found.get("format")
    if isinstance(marked, str) and marked.startswith("ipt-nlp/"):
        raise ReadError(
            source,
            "a result of this program, not a transcript; give the file it was made from",
            line,
        )


def _kind(value: Any) -> str:
    kinds = {bool: "true or false", int: "a number", float: "a number", list: "a list"}
    return kinds.get(type(value), "an object")
