"""A file's pieces searched: what could identify someone, and where in the file it stands."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol

from ipt_nlp.errors import IptNlpError
from ipt_nlp.identifiers.contacts import find_contacts, find_numbers
from ipt_nlp.identifiers.finder import settle
from ipt_nlp.identifiers.formats import AUTHOR, Opened, Piece, open_pieces
from ipt_nlp.identifiers.kinds import PLACEHOLDER, FoundIdentifier, Kind, Profile
from ipt_nlp.identifiers.known import mark_known
from ipt_nlp.identifiers.marks import NEVER, TITLES
from ipt_nlp.identifiers.words import Word, lexicon, plain, words
from ipt_nlp.readers.files import Raw
from ipt_nlp.speakers import CLIENT_WORDS, OTHER_WORDS, THERAPIST_WORDS, find_label

SURE = 0.7
_MARKUP = re.compile(r"</?[a-z][^<>]*>", re.IGNORECASE)
_ROLES = CLIENT_WORDS | THERAPIST_WORDS | OTHER_WORDS | TITLES | NEVER
_CODE_KINDS: frozenset[Kind] = frozenset({"person", "email", "phone", "url"})
# Makers of files, as document properties name them.
_PROGRAMS = frozenset(
    """microsoft office word user normal template python docx libreoffice openoffice google docs
    admin administrator owner author guest pages apple zoom otter whisper whisperx rev default
    unknown none true false yes speaker voice transcript session note notes draft final copy
    audio video recording meeting macintosh windows calibri arial general print view""".split()
)


# Everyday words that many people are called by; elsewhere the sentence tells which is meant.
_ALSO_NAMES = frozenset(
    """bill black cash cook cross drew faith field foster gay grace green grey hall hope lane law
    love mark miles moody page park rock rose stone strong ward white will wise young""".split()
)
_SHARED_GROUPS = frozenset({"places", "brands", "famous", "peoples"})
_FORMAL_TITLES = frozenset("mr mrs ms miss mx dr prof rev".split())
_NAME_BEGINNINGS = frozenset("mc mac o de la le du di van fitz st".split())
_CAMEL_PART = re.compile(r"[A-Z]?[^\W\d_A-Z]+|[A-Z]+(?![a-z])")


class Finder(Protocol):
    """Either of our finders."""

    profile: Profile

    def find(self, doc: str, *, speakers: Iterable[str] = ()) -> list[FoundIdentifier]:
        """What could identify someone in a text."""
        ...


@dataclass(frozen=True)
class Finding:
    """An identifier in a file: ``piece`` is its place among the pieces, -1 the file's name.

    Offsets are code points into that piece (or the name without its suffix). ``label`` is set
    where the words are a speaker's label or the file's own, which take no brackets.
    """

    piece: int
    where: str
    turn: int | None
    words: str
    found: FoundIdentifier
    label: bool = False


@dataclass
class Searched:
    """A file with what was found in it."""

    raw: Raw
    opened: Opened
    findings: list[Finding]
    warnings: list[str] = field(default_factory=list)


def search_file(
    raw: Raw, finder: Finder, *, names: Iterable[str] = (), stem: str | None = None
) -> Searched:
    """Search everything in a file, its name included.

    Args:
        raw: The file.
        finder: What finds.
        names: Names known from other files (folded, without accents), found here wherever they
            are written as names.
        stem: The file's name without its suffix, where ``raw.source`` is not it.

    Raises:
        ReadError: The file cannot be read.
    """
    opened = open_pieces(raw)
    speakers, turns = _turns(raw, opened.pieces)
    names = set(names)
    by_piece = _by_piece(opened.pieces, finder, [*speakers, *sorted(names)])
    sure = _sure(opened.pieces, by_piece, speakers) | names
    findings: list[Finding] = []
    name = stem if stem is not None else Path(raw.source).stem
    for f in label_identifiers(name, sure, finder.profile):
        findings.append(Finding(-1, "file name", None, name[f.start_char : f.end_char], f))
    for n, piece in enumerate(opened.pieces):
        everything = [*by_piece.get(n, ()), *_carried(piece.text, sure)]
        for f in settle(everything, finder.profile):
            quote = piece.text[f.start_char : f.end_char]
            label = piece.bare or _in_label(piece, f)
            findings.append(Finding(n, piece.where, turns.get(n), quote, f, label))
    return Searched(raw, opened, findings, list(opened.warnings))


def _by_piece(
    pieces: Sequence[Piece], finder: Finder, speakers: Sequence[str]
) -> dict[int, list[FoundIdentifier]]:
    groups: dict[int, list[int]] = {}
    found: dict[int, list[FoundIdentifier]] = {}
    for n, piece in enumerate(pieces):
        if piece.code and piece.where.startswith(AUTHOR):
            found[n] = _author(piece.text)
        elif piece.code:
            found[n] = label_identifiers(piece.text, frozenset(), finder.profile)
        else:
            groups.setdefault(piece.group, []).append(n)
    for members in groups.values():
        starts: list[int] = []
        parts: list[str] = []
        length = 0
        for n in members:
            starts.append(length)
            parts.append(pieces[n].text)
            length += len(pieces[n].text) + 1
        text = "\n".join(parts)
        at = 0
        for f in finder.find(text, speakers=speakers):
            while at + 1 < len(starts) and starts[at + 1] <= f.start_char:
                at += 1
            for k in range(at, len(members)):
                start, end = starts[k], starts[k] + len(pieces[members[k]].text)
                if start >= f.end_char:
                    break
                a, b = max(f.start_char, start), min(f.end_char, end)
                if a < b and text[a:b].strip():
                    found.setdefault(members[k], []).append(
                        replace(f, start_char=a - start, end_char=b - start)
                    )
    return found


def _in_label(piece: Piece, found: FoundIdentifier) -> bool:
    if found.kind != "person":
        return False
    label = find_label(piece.text)
    if label is not None and found.end_char <= label.text_start and label.colon:
        return True
    around = piece.text[: found.start_char] + piece.text[found.end_char :]
    return not around.strip(" \t:*[]().")


def _author(text: str) -> list[FoundIdentifier]:
    """Who made a change or a comment, whatever the name looks like; programs make none."""
    keys = {w.key for w in words(text)}
    if not keys or keys <= _PROGRAMS | _ROLES or PLACEHOLDER.search(text):
        return []
    return [FoundIdentifier(0, len(text), "person", 0.8)]


def _turns(raw: Raw, pieces: Sequence[Piece]) -> tuple[list[str], dict[int, int]]:
    """Speaker labels, and the turn of each piece that is spoken, by looking its words up."""
    from ipt_nlp.readers import SUFFIXES

    try:
        read = list(SUFFIXES[Path(raw.source).suffix.casefold()].read(raw, None))
    except IptNlpError:
        return [], {}  # a reader may refuse what can still be searched
    speakers = [t.speaker for r in read for t in r.turns if t.speaker]
    if len(read) != 1:
        return list(dict.fromkeys(speakers)), {}
    transcript = read[0]
    at, turn = 0, 0
    found: dict[int, int] = {}
    for n, piece in enumerate(pieces):
        if not piece.spoken:
            continue
        label = find_label(piece.text)
        for text in (piece.text[label.text_start :] if label else "", piece.text):
            spoken = html.unescape(_MARKUP.sub("", text)).strip()
            if not spoken:
                continue
            place = transcript.text.find(spoken, at)
            if place >= 0:
                while turn + 1 < len(transcript.turns) and transcript.turns[turn].end_char <= place:
                    turn += 1
                found[n], at = turn, place
                break
    return list(dict.fromkeys(speakers)), found


def _sure(
    pieces: Sequence[Piece], found: dict[int, list[FoundIdentifier]], speakers: Iterable[str]
) -> set[str]:
    """Words of the people who are surely named, folded and without accents."""
    from ipt_nlp.identifiers.entities import speaker_names

    made = {plain(key) for label in speakers for key in speaker_names(label)}
    for n, items in found.items():
        for f in items:
            if f.kind == "person" and f.score >= SURE:
                text = pieces[n].text[f.start_char : f.end_char]
                made |= {
                    plain(w.key) for w in words(text) if len(w.key) > 2 and w.key not in _ROLES
                }
    return made


def _carried(text: str, names: set[str]) -> Iterator[FoundIdentifier]:
    """Words that are names elsewhere, in this file or another, where they are written so."""
    if not names:
        return
    lists = lexicon()
    found = words(text)
    if not any(plain(word.key) in names for word in found):
        return
    for n, (word, group) in enumerate(zip(found, mark_known(found), strict=True)):
        if plain(word.key) in names and not (group == "phrases" and word.text.islower()):
            common = lists.commonness(word.key)
            if common < 2 or (word.text[0].isupper() and (common < 3 or (n and common < 4))):
                yield FoundIdentifier(word.start, word.end, "person", 0.7)


def label_identifiers(text: str, names: Iterable[str], profile: Profile) -> list[FoundIdentifier]:
    """Identifiers in something that is no sentence: a file's name, an author, a speaker.

    There a word is a name when a list has it and it is no common word, when no list knows it, or
    when a title or an initial stands beside it.
    """
    known, lists = set(names), lexicon()
    found = words(text)
    made = [f for f in (*find_contacts(text), *find_numbers(text)) if f.kind in _CODE_KINDS]
    marks = mark_known(found)
    for n, (word, mark) in enumerate(zip(found, marks, strict=True)):
        if (
            plain(word.key) in known
            or (mark is None and _is_name(word, lists.commonness(word.key)))
            or (mark in _SHARED_GROUPS and _shares_a_name(word, mark))
            or _is_addressed(text, found, n)
        ):
            made.append(FoundIdentifier(word.start, word.end, "person", 0.6))
        elif mark is None:
            made += [
                FoundIdentifier(word.start + a, word.start + b, "person", 0.6)
                for a, b in _run_together(word)
            ]
    holders = [m.span() for m in PLACEHOLDER.finditer(text)]
    settled = [
        f
        for f in settle(made, profile)
        if not any(a < f.end_char and f.start_char < b for a, b in holders)
    ]
    joined: list[FoundIdentifier] = []
    for f in settled:
        last = joined[-1] if joined else None
        if (
            last is not None
            and last.kind == f.kind == "person"
            and text[last.end_char : f.start_char] in {" ", "_", "-", ".", ", "}
        ):
            joined[-1] = replace(last, end_char=f.end_char)
        else:
            joined.append(f)
    return joined


def _is_name(word: Word, common: int) -> bool:
    key = word.key
    if len(key) < 3 or key.isdecimal() or key in _ROLES or key in _PROGRAMS:
        return False
    lists = lexicon()
    listed = lists.is_first(key) or lists.is_last(key)
    if word.text.isupper() and common == 0 and not listed and len(key) < 5:
        return False  # a file type or an office
    if listed and key in _ALSO_NAMES and word.text[0].isupper():
        return True
    if listed and common < 3:
        return True
    return common == 0 and word.text[0].isupper() and len(_camel_parts(word.text)) < 2


def _shares_a_name(word: Word, group: str | None) -> bool:
    """A first name that is a city's or a star's too: beside no sentence it is likelier a client."""
    lists = lexicon()
    if len(word.key) < 3 or lists.commonness(word.key) > (2 if group == "famous" else 0):
        return False
    return lists.is_first(word.key) or (group == "brands" and lists.is_last(word.key))


def _is_addressed(text: str, found: Sequence[Word], n: int) -> bool:
    """Whether a title stands before a word ("Ms Green"), or an initial beside it ("Green J")."""
    word, lists = found[n], lexicon()
    if len(word.key) < 3 or word.key.isdecimal() or word.key in _ROLES | _PROGRAMS:
        return False
    listed = lists.is_first(word.key) or lists.is_last(word.key)
    if (
        n
        and text[found[n - 1].end : word.start] in {" ", "_", "-", ". ", "."}
        and found[n - 1].key in _FORMAL_TITLES
        and (listed or lists.commonness(word.key) < 3)
    ):
        return True
    if not listed or not word.text[0].isupper():
        return False
    for k in (n - 1, n + 1):
        if 0 <= k < len(found) and len(found[k].text) == 1 and found[k].text not in {"A", "I"}:
            first, second = sorted((word, found[k]), key=lambda w: w.start)
            gap = text[first.end : second.start]
            if found[k].text.isupper() and gap in {" ", "_", "-", ". ", ".", ", "}:
                return True
    return False


def _camel_parts(text: str) -> list[tuple[int, int]]:
    return [m.span() for m in _CAMEL_PART.finditer(text)]


def _run_together(word: Word) -> list[tuple[int, int]]:
    """Where names stand in a word that is several: "SessionAnnaKowalski", "annakowalski"."""
    lists = lexicon()
    if lists.commonness(word.key) or len(word.text) < 6:
        return []
    parts = _camel_parts(word.text)
    if len(parts) > 1:
        named = [
            (a, b) for a, b in parts
            if _is_name(Word(a, b, word.text[a:b]), lists.commonness(word.text[a:b].lower()))
        ]  # fmt: skip
        if not named:
            return []
        start = named[0][0]
        before = [a for a, b in parts if b == start and word.key[a:b] in _NAME_BEGINNINGS]
        return [(before[0] if before else start, named[-1][1])]
    for cut in range(3, len(word.key) - 3):
        first, last = word.key[:cut], word.key[cut:]
        if (
            lists.is_first(first)
            and (lists.is_last(last) or lists.is_first(last))
            and not (lists.commonness(first) or lists.commonness(last))
        ):
            return [(0, len(word.text))]
    return []


def folder_findings(folders: Iterable[str], profile: Profile) -> list[Finding]:
    """Identifiers in the names of the folders that a file lies in."""
    return [
        Finding(-1, "folder name", None, folder[f.start_char : f.end_char], f)
        for folder in folders
        for f in label_identifiers(folder, (), profile)
    ]


def people_in(findings: Iterable[Finding]) -> set[str]:
    """Words of people who are surely named, without those that are everyday words."""
    lists = lexicon()
    return {
        plain(w.key)
        for f in findings
        if f.found.kind == "person" and f.found.score >= SURE
        for w in words(f.words)
        if len(w.key) > 2 and lists.commonness(w.key) < 4
    }


def has_identifiers(texts: Iterable[str], profile: Profile = "everyday") -> list[tuple[int, Kind]]:
    """Which texts hold direct identifiers: (place of the text, kind), without any words.

    For refusing to train on text that still names people. Uses the fast finder.
    """
    from ipt_nlp.identifiers.finder import IdentifierFinder

    finder = IdentifierFinder(None, profile)
    return [
        (n, f.kind)
        for n, text in enumerate(texts)
        for f in finder.find(text)
        if f.level == "direct" and f.score >= 0.5
    ]
