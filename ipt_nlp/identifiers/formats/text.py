"""Lines of plain text, Markdown, WebVTT and SubRip; time stamps and cue settings are no pieces."""

from __future__ import annotations

import codecs
import re
from collections.abc import Sequence
from pathlib import Path

from ipt_nlp.identifiers.formats import Piece
from ipt_nlp.readers.captions import ARROW
from ipt_nlp.readers.files import Raw, decode

_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n|$)")
_HEAD = re.compile(r"WEBVTT(?=\s|$)|NOTE(?=\s|$)|(?:STYLE|REGION)\s*$|X-TIMESTAMP-MAP=.*|\d+\s*$")


class TextFile:
    """A text file cut into lines."""

    def __init__(self, raw: Raw) -> None:
        decoded = decode(raw)
        self._mark = codecs.BOM_UTF8 if raw.data.startswith(codecs.BOM_UTF8) else b""
        self.warnings = decoded.warnings
        captions = Path(raw.source).suffix.casefold() in {".vtt", ".srt"}
        captions = captions or ARROW in decoded.text
        self._parts: list[str | int] = []
        self.pieces: list[Piece] = []
        note = style = False
        for number, match in enumerate(_LINE.finditer(decoded.text.removeprefix("\ufeff")), 1):
            line = match[0].rstrip("\r\n")
            ending = match[0][len(line) :]
            if not line.strip():
                note = style = False
            if captions:
                note = note or line.startswith("NOTE")
                style = style or re.match(r"(?:STYLE|REGION)\s*$", line) is not None
            if (captions and ARROW in line) or style:
                self._parts.append(match[0])
                continue
            head = _HEAD.match(line) if captions else None
            start = head.end() if head else 0
            self._parts += [line[:start], len(self.pieces), ending]
            where = f"line {number}" + (" (note)" if note else "")
            self.pieces.append(Piece(line[start:], where, spoken=not note and not head))

    def rebuild(self, texts: Sequence[str]) -> bytes:
        """The text in UTF-8, its line endings and byte order mark as they were."""
        made = "".join(texts[p] if isinstance(p, int) else p for p in self._parts)
        return self._mark + made.encode("utf-8", "replace")


def open_pieces(raw: Raw) -> TextFile:
    """The lines of a text file."""
    return TextFile(raw)
