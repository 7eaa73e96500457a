"""A pseudonymised copy of files, in the formats they came in."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ipt_nlp.identifiers.pseudonyms import Pseudonyms, name_words
from ipt_nlp.identifiers.search import Finder, Searched, people_in, search_file
from ipt_nlp.identifiers.words import plain, words
from ipt_nlp.readers.files import load


@dataclass(frozen=True)
class Redacted:
    """One copy: its name with suffix, its bytes, how many stretches were replaced, its original."""

    source: str
    name: str
    data: bytes
    replaced: int
    warnings: tuple[str, ...] = ()
    original: Path | None = None


def redact_files(
    paths: Sequence[Path],
    finder: Finder,
    pseudonyms: Pseudonyms,
    *,
    failed: Callable[[Path, Exception], None] | None = None,
) -> Iterator[Redacted]:
    """Copies of files with pseudonyms, the same for the same person in all of them.

    Every file is read and searched before the first copy is made: a name that is clear in one is
    then found in all.

    Args:
        paths: The files.
        finder: What finds.
        pseudonyms: Hands out what stands in for a name.
        failed: Told of each file of which no copy could be made; the others go on. Without it,
            the first error is raised.

    Raises:
        ReadError: A file cannot be read, and ``failed`` is missing.
    """

    @contextmanager
    def told(path: Path) -> Iterator[None]:
        try:
            yield
        except Exception as error:
            if failed is None:
                raise
            failed(path, error)

    searched: list[tuple[Path, Searched]] = []
    for path in paths:
        with told(path):
            searched.append((path, search_file(load(path), finder)))
    found = [f for _, one in searched for f in one.findings]
    names = pseudonyms.people() | people_in(found)
    if names:
        once, searched = searched, []
        for path, one in once:
            with told(path):
                searched.append((path, _again(one, finder, names)))
    pseudonyms.avoid(_real_words(one for _, one in searched))
    for path, one in searched:
        with told(path):
            yield redact(one, pseudonyms, path)


def _again(one: Searched, finder: Finder, names: set[str]) -> Searched:
    """Search once more with the names of all files, where another file's occur."""
    here = {plain(w.key) for piece in one.opened.pieces for w in words(piece.text)}
    here |= {plain(w.key) for w in words(Path(one.raw.source).stem.replace("_", " "))}
    if not here & names:
        return one
    return search_file(one.raw, finder, names=names & here)


def _real_words(searched: Iterable[Searched]) -> set[str]:
    return {w.key for one in searched for piece in one.opened.pieces for w in words(piece.text)}


def redact(one: Searched, pseudonyms: Pseudonyms, path: Path | None = None) -> Redacted:
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
            if finding.label:
                new = new.strip("[]")
            if one.opened.pieces[finding.piece].bare and not any(map(str.isspace, old[a:b])):
                new = "_".join(new.split())  # a blank would end a name of the file's own
            texts[finding.piece] = old[:a] + new + old[b:]
    data = one.opened.rebuild(texts)
    suffix = Path(one.raw.source).suffix
    return Redacted(one.raw.source, name + suffix, data, len(chosen), tuple(one.warnings), path)


def _for_name(pseudonym: str) -> str:
    """A pseudonym as a file's name may have it."""
    return pseudonym.strip("[]").replace(" ", "_").replace("/", "_")
