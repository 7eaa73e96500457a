"""Files to transcripts: one module per format, one function per kind of need.

>>> from pathlib import Path
>>> from ipt_nlp.readers import read_stream
>>> [t.kind for t in read_stream(b"T: How was Sunday?\\nC: Quiet.")]
['transcript']
"""

from __future__ import annotations

import importlib
import os
import re
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from ipt_nlp.errors import ReadError
from ipt_nlp.readers import names
from ipt_nlp.readers.files import (
    MAX_BYTES,
    OLE_MAGIC,
    ZIP_MAGIC,
    Raw,
    checked,
    decode,
    load,
    parse_json,
    shown,
)
from ipt_nlp.readers.rows import ROW_KEYS, header_delimiter
from ipt_nlp.transcript import Transcript

__all__ = ["MAX_BYTES", "SUFFIXES", "content", "expand", "read", "read_one", "read_stream"]

STDIN = Path("-")
_JSON_START = re.compile(r'\{\s*["}]|\[\s*\{')


@dataclass(frozen=True)
class Format:
    """A file format; its module is imported when a file of it is read."""

    name: str
    suffixes: tuple[str, ...]
    module: str
    function: str = "read"

    def read(self, raw: Raw, therapist: str | None) -> Iterator[Transcript]:
        module = importlib.import_module(f"ipt_nlp.readers.{self.module}")
        found: Iterator[Transcript] = getattr(module, self.function)(raw, therapist=therapist)
        return found


_TEXT = Format("text or Markdown", (".txt", ".text", ".md", ".markdown"), "text")
_VTT = Format("WebVTT", (".vtt",), "webvtt")
_SRT = Format("SubRip", (".srt",), "srt")
_DOCX = Format("Word", (".docx",), "docx")
_JSON = Format("Whisper JSON", (".json",), "whisper")
_CSV = Format("CSV", (".csv", ".tsv"), "rows", "read_csv")
_JSONL = Format("JSON Lines", (".jsonl", ".ndjson"), "rows", "read_jsonl")
FORMATS = (_TEXT, _VTT, _SRT, _DOCX, _JSON, _CSV, _JSONL)

SUFFIXES: dict[str, Format] = {suffix: f for f in FORMATS for suffix in f.suffixes}
"""Known suffixes (lower case, with their dot) and their formats."""


def read(path: str | os.PathLike[str], *, therapist: str | None = None) -> Iterator[Transcript]:
    """The transcripts in a file: one for most formats, one a row or session for CSV and JSON Lines.

    The suffix decides the format; ``-`` is standard input. A .txt that holds captions is read as
    captions. ``session_number`` comes from names such as ``session-04.vtt``. A whole file is read
    and checked before its first transcript is given out.

    Args:
        path: A file, or ``-``.
        therapist: Speaker label of the therapist, compared without case.

    Raises:
        ReadError: The file cannot be read; it names the file, and the line where one is known.
        OptionError: ``therapist`` names no speaker.
    """
    path = Path(path)
    if path == STDIN:
        return read_stream(sys.stdin.buffer.read(MAX_BYTES + 1), therapist=therapist)
    found = _format_of(path)
    raw = load(path)
    if found is _TEXT:
        found = _captions_in(raw) or found
    return _numbered(found.read(raw, therapist), raw.source)


def content(path: str | os.PathLike[str]) -> bytes:
    """The bytes of a file that :func:`read` would read.

    Raises:
        ReadError: As :func:`read`, before anything is understood.
    """
    return load(Path(path)).data


def read_one(path: str | os.PathLike[str], *, therapist: str | None = None) -> Transcript:
    """The one transcript in a file.

    Raises:
        ReadError: As :func:`read`, and when the file holds several.
        OptionError: ``therapist`` names no speaker.
    """
    found = list(read(path, therapist=therapist))
    if len(found) != 1:
        raise ReadError(
            shown(Path(path)),
            f"holds {len(found)} texts, expected one; `ipt-nlp tag` reads them all",
        )
    return found[0]


def read_stream(
    data: bytes, *, source: str = "stdin", therapist: str | None = None
) -> Iterator[Transcript]:
    """The transcripts in bytes whose format nothing names: it is told by how they begin.

    Raises:
        ReadError: The bytes cannot be read.
        OptionError: ``therapist`` names no speaker.
    """
    raw = checked(Raw(source, data))
    return _numbered(_sniff(raw).read(raw, therapist), source)


def expand(paths: Iterable[str | os.PathLike[str]]) -> list[Path]:
    """Files from files and folders, each once, in the order given.

    Folders are searched to the bottom, in sorted order, for known suffixes; hidden files and
    folders, the lock files of Office, and what is no plain file (a pipe) are left out. ``-``
    stays as it is.

    Raises:
        ReadError: A path is missing, a folder has no file that can be read, or a file that was
            given has an unknown suffix.
    """
    found: list[Path] = []
    for path in map(Path, paths):
        if path == STDIN:
            found.append(path)
        elif path.is_dir():
            inside = _files_in(path)
            if not inside:
                raise ReadError(shown(path) or str(path), f"no file to read in it ({_known()})")
            found.extend(inside)
        elif not path.exists():
            raise ReadError(shown(path), "no such file or folder")
        else:
            _format_of(path)
            found.append(path)
    return list(dict.fromkeys(found))


def _files_in(folder: Path) -> list[Path]:
    found: list[Path] = []
    for parent, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        found.extend(
            Path(parent, name)
            for name in files
            if not name.startswith((".", "~$"))
            and Path(name).suffix.casefold() in SUFFIXES
            and Path(parent, name).is_file()
        )
    return sorted(found)


def _format_of(path: Path) -> Format:
    if path.is_dir():
        raise ReadError(shown(path), "is a folder, not a file")
    found = SUFFIXES.get(path.suffix.casefold())
    if found is None:
        raise ReadError(shown(path), f"unknown kind of file; known are {_known()}")
    return found


def _known() -> str:
    return ", ".join(f"{f.name} ({' '.join(f.suffixes)})" for f in FORMATS)


def _captions_in(raw: Raw) -> Format | None:
    from ipt_nlp.readers.srt import is_srt

    text = decode(raw).text.lstrip("\ufeff")
    if text.startswith(("WEBVTT\n", "WEBVTT\r", "WEBVTT ")):
        return _VTT
    return _SRT if is_srt(text) else None


def _sniff(raw: Raw) -> Format:
    if raw.data.startswith((ZIP_MAGIC, OLE_MAGIC)):
        return _DOCX
    if found := _captions_in(raw):
        return found
    text = decode(raw).text.lstrip("\ufeff").lstrip()
    if _JSON_START.match(text):
        return _json_kind(text, source=raw.source)
    return _CSV if header_delimiter(text) is not None else _TEXT


def _json_kind(text: str, source: str) -> Format:
    """Objects that end on their line are rows; one alone is a row when it has a row's fields."""
    first, _, rest = text.partition("\n")
    if not (first.startswith("{") and first.rstrip().endswith("}")):
        return _JSON
    if rest.strip():
        return _JSONL
    found = parse_json(first, source, 1)
    return _JSONL if "segments" not in found and found.keys() & ROW_KEYS else _JSON


def _numbered(found: Iterator[Transcript], name: str) -> Iterator[Transcript]:
    number = names.session_number(Path(name).stem)
    for transcript in found:
        if transcript.session_number is None and transcript.kind != "text":
            transcript = replace(transcript, session_number=number)
        yield transcript
