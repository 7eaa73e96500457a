"""Strings of JSON and JSON Lines files, names of fields included, put back in the raw text.

Whisper repeats a segment's text word by word: such words follow the segment, so that half a
telephone number is not left behind.
"""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from json.decoder import scanstring  # type: ignore[attr-defined]
from pathlib import Path

from ipt_nlp.identifiers.formats import Piece, renamed
from ipt_nlp.identifiers.formats.table import CODE_FIELDS, OWN_FIELDS
from ipt_nlp.readers.files import Raw, decode, parse_json

_SPACE = re.compile(r"[ \t\r\n]*")
_SCALAR = re.compile(r"[^\s,\]}]+")

Path_ = tuple[str | int, ...]


@dataclass(frozen=True)
class _String:
    """A string with its raw extent, quotes included; ``name`` where it is a field's name."""

    path: Path_
    start: int
    end: int
    value: str
    name: bool = False


class JsonFile:
    """A JSON or JSON Lines file's strings."""

    def __init__(self, raw: Raw) -> None:
        decoded = decode(raw)
        text = decoded.text.removeprefix("\ufeff")
        self._mark = codecs.BOM_UTF8 if raw.data.startswith(codecs.BOM_UTF8) else b""
        self.warnings = decoded.warnings
        self._text = text
        self._strings: list[_String] = []
        lined = Path(raw.source).suffix.casefold() in {".jsonl", ".ndjson"}
        self.pieces: list[Piece] = []
        groups: dict[tuple[str, str], int] = {}
        for line, start, end in _values(text, lined):
            fields = parse_json(text[start:end], raw.source, line if lined else None)
            group = 0
            if lined:
                loose = not isinstance(fields, dict) or ("speaker" not in fields and "id" in fields)
                key = ("", str(line)) if loose else (
                    str(fields.get("client")), str(fields.get("session")))  # fmt: skip
                group = groups.setdefault(key, len(groups))
            for found in _walk(text, start, ()):
                if found.name and found.value.casefold() in OWN_FIELDS:
                    continue
                self._strings.append(found)
                self.pieces.append(_piece(found, line if lined else None, group))
        self.warnings = decoded.warnings
        self._followers = _word_followers(self._strings)

    def rebuild(self, texts: Sequence[str]) -> bytes:
        """The file with other strings; words of a changed segment follow it."""
        chosen = list(texts)
        fields = [n for n, found in enumerate(self._strings) if found.name]
        names = {self._strings[n].value: chosen[n] for n in fields}
        changed = {old: new for old, new in names.items() if old != new}
        new_names = renamed(changed, names.keys() - changed.keys())
        for n in fields:
            chosen[n] = new_names.get(self._strings[n].value, self._strings[n].value)
        for owner, members in self._followers.items():
            if chosen[owner] != self.pieces[owner].text:
                _follow(self.pieces, chosen, owner, members)
        parts: list[str] = []
        at = 0
        for found, piece, new in zip(self._strings, self.pieces, chosen, strict=True):
            if new != piece.text:
                ascii_ = self._text[found.start : found.end].isascii() and "\\u" in self._text
                parts += [self._text[at : found.start], json.dumps(new, ensure_ascii=ascii_)]
                at = found.end
        parts.append(self._text[at:])
        return self._mark + "".join(parts).encode("utf-8", "replace")


def _values(text: str, lined: bool) -> Iterator[tuple[int, int, int]]:
    if not lined:
        yield 1, 0, len(text)
        return
    at = 0
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            yield number, at, at + len(line)
        at += len(line) + 1


def _walk(text: str, at: int, path: Path_) -> Iterator[_String]:
    """Strings in order, with a stack of its own; the text is valid JSON."""
    stack: list[tuple[str, int | str]] = []
    while at < len(text):
        at = _SPACE.match(text, at).end()  # type: ignore[union-attr]
        if at >= len(text):
            return
        c = text[at]
        if c in "{[":
            stack.append((c, 0 if c == "[" else ""))
            at += 1
        elif c in "}]":
            stack.pop()
            at += 1
            if not stack:
                return
        elif c == ",":
            if stack[-1][0] == "[":
                stack[-1] = ("[", int(stack[-1][1]) + 1)
            at += 1
        elif c == '"':
            value, end = scanstring(text, at + 1)
            after = _SPACE.match(text, end).end()  # type: ignore[union-attr]
            if stack and stack[-1][0] == "{" and text[after : after + 1] == ":":
                stack[-1] = ("{", value)
                yield _String((*path, *(s[1] for s in stack)), at, end, value, name=True)
                at = after + 1
                continue
            yield _String((*path, *(s[1] for s in stack)), at, end, value)
            at = end
        else:
            at = _SCALAR.match(text, at).end()  # type: ignore[union-attr]
        if not stack:
            return


def _piece(found: _String, line: int | None, group: int) -> Piece:
    names = [p for p in found.path if isinstance(p, str)]
    field = names[-1] if names else ""
    where = ".".join(str(p + 1) if isinstance(p, int) else p for p in found.path) or "text"
    if found.name:
        place = f"line {line}, name of a field" if line is not None else "name of a field"
        return Piece(found.value, place, group, code=True, spoken=False, bare=True)
    return Piece(
        found.value,
        f"line {line}, {where}" if line is not None else where.replace("segments.", "segment "),
        group,
        code=field in CODE_FIELDS | {"speaker", "language", "word"},
        spoken=field == "text",
    )


def _word_followers(strings: Sequence[_String]) -> dict[int, list[int]]:
    """For each segment's text the places of its words, where they make up the text."""
    at = {s.path: i for i, s in enumerate(strings) if not s.name}
    words: dict[Path_, list[int]] = {}
    for i, found in enumerate(strings):
        if found.name or len(found.path) < 4:
            continue
        if found.path[-3] == "words" and found.path[-1] in {"word", "text"}:
            words.setdefault(found.path[:-3], []).append(i)
    return {at[(*p, "text")]: m for p, m in words.items() if (*p, "text") in at}


def _follow(pieces: Sequence[Piece], chosen: list[str], owner: int, members: Sequence[int]) -> None:
    """Give words of a changed text what the text now has in their place.

    The texts are compared from both ends; the words in between get the new words, one each as far
    as they go, the last of them all that are left.
    """
    old, new = pieces[owner].text.split(), chosen[owner].split()
    spoken = [pieces[m].text.strip() for m in members]
    if spoken != old:
        for m in members:  # not the same words: nothing of them is kept
            chosen[m] = "" if pieces[m].text.strip() else pieces[m].text
        return
    from difflib import SequenceMatcher

    for tag, a, b, c, d in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag == "equal":
            continue
        given = new[c:d]
        for n, k in enumerate(range(a, b)):
            last = k == b - 1
            word = " ".join(given[n:]) if last else (given[n] if n < len(given) else "")
            lead = pieces[members[k]].text
            chosen[members[k]] = lead[: len(lead) - len(lead.lstrip())] + word


def open_pieces(raw: Raw) -> JsonFile:
    """The strings of a JSON or JSON Lines file."""
    return JsonFile(raw)
