"""A whole corpus: every row with its configuration and split, and what is wrong across rows."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ipt_nlp.corpus.duplicates import near_duplicates
from ipt_nlp.corpus.rows import CorpusRow, Problem, corpus_files, read_rows

SPLITS = ("train", "validation", "test")
NO_SPLIT = "all"
"""Split of rows in files that are not named after one."""


@dataclass(frozen=True)
class PlacedRow:
    """A row with where it stands: ``CONFIG/SPLIT.jsonl``, and the 1-based line."""

    row: CorpusRow
    config: str
    split: str
    file: str
    line: int

    def problem(self, message: str) -> Problem:
        """Something wrong with this row."""
        return Problem(self.file, self.line, message)


@dataclass(frozen=True)
class Corpus:
    """The good rows of a corpus in the order of its files, and the problems of the others."""

    rows: tuple[PlacedRow, ...]
    problems: tuple[Problem, ...]

    def by_config(self) -> dict[str, list[PlacedRow]]:
        """Rows of each configuration."""
        found: defaultdict[str, list[PlacedRow]] = defaultdict(list)
        for placed in self.rows:
            found[placed.config].append(placed)
        return dict(found)


def read_corpus(path: Path) -> Corpus:
    """All rows of a corpus file or folder.

    Raises:
        CorpusError: Nothing there, or a file that is not UTF-8.
    """
    rows: list[PlacedRow] = []
    problems: list[Problem] = []
    for file in corpus_files(path):
        inside = file.relative_to(path) if path.is_dir() else Path(file.name)
        config, split = _place(file.resolve(), inside)
        for number, row in read_rows(file):
            if isinstance(row, Problem):
                problems.append(replace(row, file=inside.as_posix()))
            else:
                rows.append(PlacedRow(row, config, split, inside.as_posix(), number))
    return Corpus(tuple(rows), tuple(problems))


def _place(file: Path, inside: Path) -> tuple[str, str]:
    if file.stem in SPLITS:
        return file.parent.name, file.stem
    return inside.with_suffix("").as_posix(), NO_SPLIT


def check(corpus: Corpus, reference: Sequence[str] = ()) -> Iterator[Problem]:
    """Everything that is wrong: broken rows, ids, splits, near-duplicates, also of a reference."""
    yield from corpus.problems
    yield from _repeated_ids(corpus.rows)
    yield from _in_two_splits(corpus.rows)
    yield from _near_duplicates(corpus.rows, reference)


def _repeated_ids(rows: Sequence[PlacedRow]) -> Iterator[Problem]:
    seen: Counter[str] = Counter()
    for placed in rows:
        seen[placed.row.id] += 1
        if seen[placed.row.id] > 1:
            yield placed.problem("id: used before")


def _in_two_splits(rows: Sequence[PlacedRow]) -> Iterator[Problem]:
    """Clients and writers that stand in more than one split, once each, at the later row.

    The turns of a session go with its client: their writer may write clients of several splits.
    """
    first_split: dict[tuple[str, str], str] = {}
    reported: set[tuple[str, str]] = set()
    for placed in rows:
        if placed.split == NO_SPLIT:
            continue
        client, writer = placed.row.client, placed.row.writer
        owners = [] if client is None else [("client", client)]
        if client is None or placed.row.genre != "session":
            owners.append(("writer", writer))
        for owner in owners:
            other = first_split.setdefault(owner, placed.split)
            if other != placed.split and owner not in reported:
                reported.add(owner)
                kind, name = owner
                yield placed.problem(f"{kind}: {name} is in split {other} too")


def _near_duplicates(rows: Sequence[PlacedRow], reference: Sequence[str]) -> Iterator[Problem]:
    texts = [placed.row.text for placed in rows]
    for pair in near_duplicates(texts):
        first, second = rows[pair.first], rows[pair.second]
        yield second.problem(
            f"text: {second.row.id} is a near-duplicate of {first.row.id}"
            f" (Jaccard {pair.jaccard:.2f})"
        )
    for pair in near_duplicates(texts, reference) if reference else ():
        placed = rows[pair.second]
        yield placed.problem(
            f"text: {placed.row.id} is a near-duplicate of text {pair.first + 1} of the reference"
            f" (Jaccard {pair.jaccard:.2f})"
        )
