"""Bytes from a disk or a pipe, and the text in them: size, kind, encoding, JSON."""

from __future__ import annotations

import codecs
import json
import os
import re
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from ipt_nlp.errors import ReadError

MAX_BYTES = 64 * 2**20
"""Files larger than this are refused; a session of an hour is about 60 thousand bytes."""
MAX_PARTS = 500_000
"""More lines, cues, paragraphs or rows in one file are refused: each costs a thousand bytes and
more of memory, so that a small file could ask for all there is. An hour has about 1,500 cues."""

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
ZIP_MAGIC = b"PK\x03\x04"
OLE_MAGIC = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_BINARY_KINDS = (
    (ZIP_MAGIC, "a zip file"),
    (OLE_MAGIC, "an old or password-protected Office file"),
    (b"%PDF-", "a PDF"),
    (b"{\\rtf", "an RTF file"),
    (b"RIFF", "a sound or video file"),
    (b"ID3", "a sound file"),
    (b"OggS", "a sound file"),
    (b"fLaC", "a sound file"),
    (b"\x89PNG", "a picture"),
    (b"\xff\xd8\xff", "a picture"),
)
_NOT_TEXT = "not text (it has the bytes of a binary file)"
_HIGH_RUN = re.compile(rb"[\x80-\xff]{3}")
_CONTROL = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]")
# Bytes that Western text in Windows-1252 is made of beside ASCII: quotes, dashes, ellipsis, bullet,
# euro and the letters and signs it shares with Latin-1.
_WESTERN = frozenset(b"\x80\x85\x91\x92\x93\x94\x95\x96\x97\x99") | frozenset(range(0xA0, 0x100))


@dataclass(frozen=True)
class Raw:
    """The bytes of one file; ``source`` is its name without a folder, as :func:`shown` gives it."""

    source: str
    data: bytes


@dataclass(frozen=True)
class Decoded:
    """Text, and what had to be guessed or replaced to get it."""

    text: str
    warnings: tuple[str, ...] = ()


def shown(path: Path) -> str:
    """The name of a file as messages and results can hold it: U+FFFD for bytes not in UTF-8."""
    try:
        return os.fsencode(path.name).decode("utf-8", "replace").replace("\0", "")
    except UnicodeEncodeError:
        return printable(path.name).replace("\0", "")


def printable(text: str) -> str:
    """Text with ``?`` for half of a surrogate pair, which JSON allows and no file can hold."""
    return text.encode("utf-8", "replace").decode("utf-8")


def load(path: Path) -> Raw:
    """The bytes of a file.

    Raises:
        ReadError: It is missing, a folder or a device, unreadable, empty, or larger than
            ``MAX_BYTES``.
    """
    name = shown(path)
    try:
        mode = path.stat().st_mode
        if stat.S_ISDIR(mode):
            raise ReadError(name, "is a folder, not a file")
        if not stat.S_ISREG(mode):  # opening a pipe would wait for whoever writes into it
            raise ReadError(name, "is not a plain file; standard input is read with -")
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise ReadError(name, "no such file") from None
    except PermissionError:
        raise ReadError(name, "may not be read: its permissions forbid it") from None
    except OSError as err:
        raise ReadError(name, f"could not be read ({err.strerror})") from None
    except ValueError:  # a NUL in the name
        raise ReadError(name, "no such file") from None
    return checked(Raw(name, data))


def checked(raw: Raw) -> Raw:
    """``raw`` itself when its size is one that can be read."""
    if len(raw.data) > MAX_BYTES:
        raise ReadError(raw.source, f"larger than {MAX_BYTES // 2**20} MiB; split it")
    if not raw.data.strip(b"\0\xef\xbb\xbf\xff\xfe \t\r\n"):
        raise ReadError(raw.source, "the file is empty")
    return raw


def limited(source: str, count: int, what: str) -> None:
    """Refuse a file of more than ``MAX_PARTS`` lines, cues, paragraphs or rows."""
    if count > MAX_PARTS:
        raise ReadError(source, f"more than {MAX_PARTS:,} {what} in one file; split it")


def decode(raw: Raw) -> Decoded:
    """Text of bytes.

    A byte order mark decides; then UTF-16 without one (by where its zero bytes stand), UTF-8,
    UTF-8 with damaged bytes (which become U+FFFD, with a warning), Windows-1252, and for anything
    else a guess, with a warning.

    Raises:
        ReadError: The bytes are not text.
    """
    data = raw.data
    for bom, encoding in _BOMS:
        if data.startswith(bom):
            return _with_replacements(raw, data[len(bom) :], encoding)
    for magic, kind in _BINARY_KINDS:
        if data.startswith(magic):
            raise ReadError(raw.source, f"{kind}, not text; save it as .docx or as plain text")
    wide = _utf16_without_bom(data)
    if wide is not None:
        return _with_replacements(raw, data, wide)
    if b"\0" in data or len(_CONTROL.findall(data)) * 50 > len(data):
        raise ReadError(raw.source, _NOT_TEXT)
    try:
        return Decoded(data.decode("utf-8"))
    except UnicodeDecodeError:
        return _not_utf8(raw)


def _with_replacements(raw: Raw, data: bytes, encoding: str) -> Decoded:
    text = data.decode(encoding, errors="replace")
    if "\0" in text:
        raise ReadError(raw.source, _NOT_TEXT)
    own = "\ufffd".encode(encoding, errors="ignore")  # some files have the character itself
    bad = text.count("\ufffd") - (data.count(own) if own else 0)
    if bad <= 0:
        return Decoded(text)
    line = text[: text.index("\ufffd")].count("\n") + 1
    return Decoded(
        text,
        (f"{bad} damaged character(s), the first on line {line}, were replaced by U+FFFD",),
    )


def _utf16_without_bom(data: bytes) -> str | None:
    """UTF-16 by the zero bytes that every second byte of mostly Latin text is."""
    head = data[: 2**16]
    half = max(1, len(head) // 2)
    even, odd = head[::2].count(0) / half, head[1::2].count(0) / half
    if odd > 0.3 and even < 0.05:
        return "utf-16-le"
    if even > 0.3 and odd < 0.05:
        return "utf-16-be"
    return None


def _not_utf8(raw: Raw) -> Decoded:
    data = raw.data
    high = [b for b in data if b >= 0x80]
    lossy = data.decode("utf-8", errors="replace")
    good = sum(1 for c in lossy if c >= "\x80" and c != "\ufffd")
    if good > lossy.count("\ufffd"):
        return _with_replacements(raw, data, "utf-8")
    if len(high) * 10 < len(data) and not _HIGH_RUN.search(data) and _WESTERN.issuperset(high):
        return Decoded(data.decode("windows-1252"))
    from charset_normalizer import from_bytes

    best = from_bytes(data[: 2**18]).best()
    encoding = best.encoding if best is not None else "windows-1252"
    if best is None and len(high) * 4 > len(data):
        raise ReadError(raw.source, "not text in an encoding that could be told; save it as UTF-8")
    decoded = _with_replacements(raw, data, encoding)
    guess = f"the encoding was guessed to be {encoding}; save the file as UTF-8 if words look wrong"
    return Decoded(decoded.text, (guess, *decoded.warnings))


def parse_json(text: str, source: str, line: int | None = None) -> Any:
    """A JSON value.

    Raises:
        ReadError: Not JSON, nested too deep, or an object names a field twice.
    """

    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) != len(pairs):
            raise ReadError(source, "an object has the same field twice", line)
        return found

    def not_a_number(_: str) -> NoReturn:
        raise ReadError(source, "NaN and Infinity are not JSON", line)

    try:
        return json.loads(text, object_pairs_hook=unique, parse_constant=not_a_number)
    except json.JSONDecodeError as err:
        place = f"column {err.colno}" if line is not None else f"column {err.colno} of that line"
        raise ReadError(
            source, f"not JSON: {err.msg} ({place})", line if line is not None else err.lineno
        ) from None
    except RecursionError:
        raise ReadError(source, "JSON nested too deep", line) from None
    except ValueError:
        raise ReadError(source, "a number with too many digits", line) from None
