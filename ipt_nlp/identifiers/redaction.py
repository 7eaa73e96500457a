"""A pseudonymised copy of files, in the formats they came in."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ipt_nlp.identifiers.pseudonyms import Pseudonyms, name_words
from ipt_nlp.identifiers.search import SURE, Finder, Searched, search_file
from ipt_nlp.identifiers.words import lexicon, plain, words
from ipt_nlp.readers.files import load


@dataclass(frozen=True)
class Redacted:
    """One copy: its name with suffix, its bytes, and how many stretches were replaced."""

    source: str
    name: str
    data: bytes
    replaced: int
    warnings: tuple[str, ...] = ()


def redact_files(
    paths: Sequence[Path], finder: Finder, pseudonyms: Pseudonyms
) -> Iterator[Redacted]:
    """Copies of files with pseudonyms, the same for the same person in all of them.

    Every file is read and searched before the first copy is made: a name that is clear in one is
    then found in all.

    Raises:
        ReadError: A file cannot be read.
    """
    searched = [search_file(load(path), finder) for path in paths]
    names = pseudonyms.people() | _people(searched)
    if names:
        searched = [_again(s, finder, names) for s in searched]
    pseudonyms.avoid(_real_words(searched))
    for one in searched:
        yield redact(one, pseudonyms)


def _again(one: Searched, finder: Finder, names: set[str]) -> Searched:
    """Search once more with the names of all files, where another file's occur."""
    here = {plain(w.key) for piece in one.opened.pieces for w in words(piece.text)}
    here |= {plain(w.key) for w in words(Path(one.raw.source).stem.replace("_", " "))}
    if not here & names:
        return one
    return search_file(one.raw, finder, names=names & here)


def _people(searched: Iterable[Searched]) -> set[str]:
    lists = lexicon()
    return {
        plain(w.key)
        for one in searched
        for f in one.findings
        if f.found.kind == "person" and f.found.score >= SURE
        for w in words(f.words)
        if len(w.key) > 2 and lists.commonness(w.key) < 4
    }


def _real_words(searched: Iterable[Searched]) -> set[str]:
    return {w.key for one in searched for piece in one.opened.pieces for w in words(piece.text)}


def redact(one: Searched, pseudonyms: Pseudonyms) -> Redacted:
    """The copy of a searched file."""
    texts = [piece.text for piece in one.opened.pieces]
    stem = Path(one.raw.source).stem
    name = stem
    # Full names first, so that "Anna" and "Ms Smith" are known to be Anna Smith.
    for finding in one.findings:
        if finding.found.kind == "person" and len(name_words(finding.words)) > 1:
            pseudonyms.replace(finding.words, "person")
    chosen = [(f, pseudonyms.replace(f.words, f.found.kind)) for f in one.findings]
    for finding, new in reversed(chosen):
        a, b = finding.found.start_char, finding.found.end_char
        if finding.piece < 0:
            name = name[:a] + _for_name(new) + name[b:]
        else:
            old = texts[finding.piece]
            texts[finding.piece] = old[:a] + (new.strip("[]") if finding.label else new) + old[b:]
    data = one.opened.rebuild(texts)
    suffix = Path(one.raw.source).suffix
    return Redacted(one.raw.source, name + suffix, data, len(chosen), tuple(one.warnings))


def _for_name(pseudonym: str) -> str:
    """A pseudonym as a file's name may have it."""
    return pseudonym.strip("[]").replace(" ", "_").replace("/", "_")
