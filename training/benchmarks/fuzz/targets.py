"""What is fuzzed, and what must hold of whatever comes out.

A target takes bytes and raises when the program is at fault: any error but our own two, or a
transcript whose offsets do not hold. The test suite calls the same targets.
"""

from __future__ import annotations

import copy
import io
import json
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial
from typing import Any

from ipt_nlp.errors import OptionError, ReadError, ResultError
from ipt_nlp.readers import SUFFIXES, read_stream
from ipt_nlp.readers.files import Raw, checked
from ipt_nlp.result import TaggedSession
from ipt_nlp.transcript import Transcript

Target = Callable[[bytes], None]

_W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_MC = "http://schemas.openxmlformats.org/markup-compatibility/2006"
_TAGS = (
    "w:p w:r w:t w:tbl w:tr w:tc w:txbxContent w:sdt w:sdtContent w:ins w:del w:delText w:pPr "
    "w:rPr w:b w:br w:tab w:pStyle w:numPr w:hyperlink w:moveFrom w:moveTo w:sectPr w:customXml "
    "mc:AlternateContent mc:Choice mc:Fallback w:pict w:body w:cr w:ptab w:noBreakHyphen"
).split()
_WORDS = ("Therapist", "Client:", " ", "T: ", "00:01", "[00:12]", "\u202eabc", "e\u0301", "😀", "x")
_ODD: tuple[Any, ...] = (
    None, True, -1, 0, 10**30, 1e308, "", "\ud800", "\0",
    "😀", [], {}, [[]], {"": None}, [0, 1], "grief", "client", "9" * 40,
)  # fmt: skip


def check(transcript: Transcript) -> None:
    """What holds of every transcript, whatever it was read from."""
    text = transcript.text
    assert [t.index for t in transcript.turns] == list(range(len(transcript.turns)))
    assert "\n".join(transcript.turn_text(t) for t in transcript.turns) == text
    assert all(t.end_char > t.start_char for t in transcript.turns)
    assert "\r" not in text
    for told in (
        text,
        transcript.source,
        transcript.client_id or "",
        *transcript.warnings,
        *(t.speaker or "" for t in transcript.turns),
    ):
        told.encode("utf-8")  # no half of a surrogate pair: it could not be written


def read_as(suffix: str, data: bytes) -> None:
    """One reader, as if a file of that suffix held these bytes."""
    try:
        raw = checked(Raw(f"fuzz{suffix}", data))
        for transcript in SUFFIXES[suffix].read(raw, None):
            check(transcript)
    except (ReadError, OptionError) as error:
        str(error).encode("utf-8")


def read_unnamed(data: bytes) -> None:
    """Bytes of a format that nothing names, with a speaker chosen."""
    for therapist in (None, "T"):
        try:
            for transcript in read_stream(data, therapist=therapist):
                check(transcript)
        except (ReadError, OptionError) as error:
            str(error).encode("utf-8")


def read_docx(data: bytes) -> None:
    """A Word document: damaged bytes, odd XML, or elements in odd places, by the first byte."""
    if not data:
        return
    kind, rest = data[0] % 4, data[1:]
    if kind == 0:
        whole = bytearray(_packed(_document("<w:p><w:r><w:t>T: x</w:t></w:r></w:p>").encode()))
        for at, value in zip(rest[::3], rest[1::3], strict=False):
            whole[(at * 251 + value) % len(whole)] ^= value
        read_as(".docx", bytes(whole))
    elif kind == 1:
        read_as(".docx", _packed(rest))
    else:
        read_as(".docx", _packed(_document(_elements(rest)).encode("utf-8", "replace")))


def load_result(document: dict[str, Any], data: bytes) -> None:
    """The loader of result documents: as they stand, or a document with some values changed."""
    _load(data)
    changed = copy.deepcopy(document)
    numbers = iter(data)
    while (times := next(numbers, None)) is not None:
        _change(changed, times, numbers)
    raw = json.dumps(changed, ensure_ascii=bool(len(data) % 2), default=str)
    _load(raw.encode("utf-8", "surrogatepass"))


def _load(raw: bytes) -> None:
    try:
        session = TaggedSession.from_json(raw)
    except ResultError as error:
        str(error).encode("utf-8", "surrogatepass")
        return
    assert TaggedSession.from_json(session.to_json()) == session


def _change(document: Any, first: int, numbers: Any) -> None:
    """Walk down by what the numbers say, and put something odd there."""
    at, key = document, None
    step = first
    while True:
        keys: list[Any] = sorted(at) if isinstance(at, dict) else list(range(len(at)))
        if not keys:
            return
        key = keys[step % len(keys)]
        below = at[key]
        step = next(numbers, 0)
        if not isinstance(below, (dict, list)) or step > 200:
            break
        at = below
    odd = _ODD[step % len(_ODD)]
    if step % 7 == 0 and isinstance(at[key], int):
        at[key] += (step % 5) - 2
    elif step % 11 == 0:
        del at[key]
    else:
        at[key] = copy.deepcopy(odd)


def _elements(data: bytes) -> str:
    made: list[str] = []
    opened: list[str] = []
    for byte in data[:400]:
        if byte < 128:
            opened.append(_TAGS[byte % len(_TAGS)])
            made.append(f"<{opened[-1]}>")
        elif byte < 200:
            made.append(_WORDS[byte % len(_WORDS)])
        elif opened:
            made.append(f"</{opened.pop()}>")
    made.extend(f"</{tag}>" for tag in reversed(opened))
    return "".join(made)


def _document(inside: str) -> str:
    return f'<w:document xmlns:w="{_W}" xmlns:mc="{_MC}"><w:body>{inside}</w:body></w:document>'


@cache
def _template() -> dict[str, bytes]:
    import docx

    out = io.BytesIO()
    docx.Document().save(out)
    with zipfile.ZipFile(out) as packed:
        return {name: packed.read(name) for name in packed.namelist()}


def _packed(document: bytes) -> bytes:
    """A Word file with this as its ``document.xml``."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as packed:
        for name, content in _template().items():
            packed.writestr(name, document if name == "word/document.xml" else content)
    return out.getvalue()


@dataclass(frozen=True)
class Fuzzed:
    """A target by name, and the suffixes of the files in ``tests/cases/readers`` it begins with."""

    target: Target
    seeds: tuple[str, ...] = ()


def targets(document: dict[str, Any]) -> dict[str, Fuzzed]:
    """All targets.

    Args:
        document: A result document that holds, as the loader's beginning.
    """
    return {
        "text": Fuzzed(partial(read_as, ".txt"), (".txt", ".md")),
        "vtt": Fuzzed(partial(read_as, ".vtt"), (".vtt",)),
        "srt": Fuzzed(partial(read_as, ".srt"), (".srt",)),
        "whisper": Fuzzed(partial(read_as, ".json"), (".json",)),
        "csv": Fuzzed(partial(read_as, ".csv"), (".csv",)),
        "jsonl": Fuzzed(partial(read_as, ".jsonl"), (".jsonl",)),
        "docx": Fuzzed(read_docx),
        "stream": Fuzzed(read_unnamed, (".txt", ".vtt", ".srt", ".json", ".csv", ".jsonl")),
        "result": Fuzzed(partial(load_result, document)),
    }
