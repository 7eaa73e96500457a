"""Lines of plain text, Markdown, WebVTT and SubRip.

In notes every line is text, whatever it looks like. In captions only what can hold no name is no
piece: time stamps, cue numbers, the format's own keywords and the declarations of a style. What
people write beside them (comments, names of cues and regions, voices in a style) is searched.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Sequence
from pathlib import Path

from ipt_nlp.identifiers.formats import Piece
from ipt_nlp.readers.files import Raw, decode

_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n|$)")
_STAMP = r"(?:\d+:)?\d{1,2}:\d{1,2}[.,]\d{1,3}"
_TIMES = re.compile(rf"[ \t]*{_STAMP}[ \t]*-->[ \t]*{_STAMP}(?=\s|$)")
_TOLD = re.compile(r"X-TIMESTAMP-MAP=(?:(?:LOCAL|MPEGTS):[\d:.]+,?)+")
_CUE_NUMBER = re.compile(r"\d{1,6}\s*$")
_WEBVTT = re.compile(r"WEBVTT(?=\s|$)")
_NOTE = re.compile(r"NOTE(?=[ \t]|$)")
_STYLE = re.compile(r"STYLE[ \t]*$")
_REGION = re.compile(r"REGION[ \t]*$")
# What the formats put behind time stamps; a region's name is its writer's.
_SETTING = re.compile(
    r"region:|(?:align:(?:start|middle|center|end|left|right)|vertical:(?:rl|lr)|[XY][12]:\d+"
    r"|(?:line|position|size):[-\d.%]+(?:,(?:start|center|end|line-left|line-right|auto))?)(?=\s|$)"
)
_REGION_SETTING = re.compile(
    r"id:|(?:width:[\d.%]+|lines:\d+|(?:regionanchor|viewportanchor):[\d.%,]+|scroll:up)(?=\s|$)"
)
_NAMED_SETTING = re.compile(r"[a-zA-Z]+:\S+")
_STYLE_MARK = re.compile(r"/\*|[{}]|\"[^\"]*\"|'[^']*'")
_COMMENT_END = re.compile(r"\*/")
# As Teams numbers cues; in hexadecimal digits "ada" and "dee" name nobody.
_UNIQUE_ID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}[-/\d]*\s*$")


class TextFile:
    """A text file cut into lines."""

    def __init__(self, raw: Raw) -> None:
        decoded = decode(raw)
        self._mark = codecs.BOM_UTF8 if raw.data.startswith(codecs.BOM_UTF8) else b""
        self.warnings = decoded.warnings
        self._parts: list[str | int] = []
        self.pieces: list[Piece] = []
        text = decoded.text.removeprefix("\ufeff")
        suffix = Path(raw.source).suffix.casefold()
        if suffix in {".vtt", ".srt"}:
            self._read_captions(text, web=suffix == ".vtt")
        else:
            for number, match in enumerate(_LINE.finditer(text), 1):
                line = match[0].rstrip("\r\n")
                # Captions in a text file: without this word a copy would be read as a note.
                begin = 6 if number == 1 and _WEBVTT.match(line) else 0
                self._keep(line[:begin])
                self._put(line[begin:], f"line {number}")
                self._keep(match[0][len(line) :])

    def rebuild(self, texts: Sequence[str]) -> bytes:
        """The text in UTF-8, its line endings and byte order mark as they were."""
        made = "".join(texts[p] if isinstance(p, int) else p for p in self._parts)
        return self._mark + made.encode("utf-8", "replace")

    def _keep(self, text: str) -> None:
        """Text that is no piece."""
        self._parts.append(text)

    def _put(self, text: str, where: str, *, code: bool = False, spoken: bool = True) -> None:
        """A piece; a piece of ``code`` is a name in the file's own syntax, or none."""
        self._parts.append(len(self.pieces))
        self.pieces.append(Piece(text, where, code=code, spoken=spoken and not code, bare=code))

    def _read_captions(self, text: str, *, web: bool) -> None:
        matches = list(_LINE.finditer(text))
        lines = [match[0].rstrip("\r\n") for match in matches]
        block = ""
        style = _Style()
        cues_begun = False
        for n, (match, line) in enumerate(zip(matches, lines, strict=True)):
            where = f"line {n + 1}"
            begins = n == 0 or not lines[n - 1].strip()
            following = lines[n + 1] if n + 1 < len(lines) else ""
            if not line.strip():
                block = ""
            if (times := _TIMES.match(line)) is not None:
                cues_begun, block = True, ""
                self._keep(times[0])
                self._settings(line[times.end() :], where, _SETTING)
            elif web and begins and _NOTE.match(line):
                block = "note"
                self._keep("NOTE")
                self._put(line[4:], f"{where} (note)", spoken=False)
            elif web and begins and not cues_begun and (found := _aside(lines, n)):
                block, style = found, _Style()
                self._keep(line)
            elif block == "style":
                for part, kind in style.parts(line):
                    if kind == "declaration":
                        self._keep(part)
                    else:
                        self._put(part, f"{where} (style)", code=kind == "name", spoken=False)
            elif block == "region":
                self._settings(line, where, _REGION_SETTING)
            elif web and n == 0 and _WEBVTT.match(line):
                self._keep("WEBVTT")
                self._put(line[6:], where, spoken=False)
            elif web and not cues_begun and (told := _TOLD.match(line)) is not None:
                self._keep(told[0])
                self._put(line[told.end() :], where, spoken=False)
            elif _TIMES.match(following) and (_CUE_NUMBER.match(line) or _UNIQUE_ID.match(line)):
                self._keep(line)
            elif web and begins and _TIMES.match(following) and len(line.split()) == 1:
                self._put(line, f"{where} (cue)", code=True)
            elif block == "note":
                self._put(line, f"{where} (note)", spoken=False)
            else:
                self._put(line, where)
            self._keep(match[0][len(line) :])

    def _settings(self, text: str, where: str, known: re.Pattern[str]) -> None:
        """What is behind time stamps or in a region: names of regions, or words out of place."""
        words = text.split()
        if not all(known.match(w) or _NAMED_SETTING.fullmatch(w) for w in words):
            self._put(text, where)
            return
        for part in re.findall(r"\s+|\S+", text):
            found = known.match(part)
            self._keep(found[0] if found else part if part.isspace() else "")
            if not part.isspace() and part[found.end() if found else 0 :]:
                self._put(part[found.end() if found else 0 :], f"{where} (setting)", code=True)


def _aside(lines: Sequence[str], n: int) -> str:
    """What block of a file's own words begins at a line: ``style``, ``region`` or none ("").

    A line of talk may say STYLE too, so what follows up to an empty line has to be one.
    """
    style, region = _STYLE.match(lines[n]), _REGION.match(lines[n])
    if not (style or region):
        return ""
    body = []
    for line in lines[n + 1 :]:
        if not line.strip():
            break
        body.append(line)
    if style:
        return "style" if any("{" in line for line in body) else ""
    settings = [word for line in body for word in line.split()]
    return "region" if settings and all(map(_NAMED_SETTING.fullmatch, settings)) else ""


class _Style:
    """Reads a style sheet line by line: what is a comment, what a name, what a declaration."""

    def __init__(self) -> None:
        self._depth = 0
        self._comment = False

    def parts(self, line: str) -> list[tuple[str, str]]:
        """The line cut up: ``comment``, ``name`` (a selector, a string) or ``declaration``."""
        made: list[tuple[str, str]] = []
        at = 0
        while at < len(line):
            mark = (_COMMENT_END if self._comment else _STYLE_MARK).search(line, at)
            if mark is None:
                break
            made.append((line[at : mark.start()], self._kind()))
            at, sign = mark.end(), mark[0]
            if sign[0] in "\"'":
                made += [(sign[0], "declaration"), (sign[1:-1], "name"), (sign[0], "declaration")]
                continue
            made.append((sign, "declaration"))
            if sign in {"/*", "*/"}:
                self._comment = sign == "/*"
            else:
                self._depth = max(0, self._depth + (1 if sign == "{" else -1))
        made.append((line[at:], self._kind()))
        return [(part, kind) for part, kind in made if part]

    def _kind(self) -> str:
        if self._comment:
            return "comment"
        return "declaration" if self._depth else "name"


def open_pieces(raw: Raw) -> TextFile:
    """The lines of a text file."""
    return TextFile(raw)
