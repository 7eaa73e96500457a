"""What a corpus holds, counted: rows, areas, hard cases, patterns, flags, writers and clients."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations

from ipt_nlp import codebook
from ipt_nlp.corpus.checks import PlacedRow
from ipt_nlp.corpus.rows import CorpusRow

THIN_SIDE = 10
"""Sides of hard-case rules with fewer texts are listed."""
NO_SIDE = "(no side)"
NO_STATUS = "(no status)"
ABOUT_ANOTHER = "about another person"
TEXTS = "texts"

Table = dict[str, dict[str, int]]


@dataclass(frozen=True)
class ThinSide:
    """A side of a hard-case rule with too few texts."""

    rule: str
    side: str
    texts: int


@dataclass(frozen=True)
class Counts:
    """Tables of counts: row name -> column name -> number. Zero cells may be missing.

    Columns are configurations unless said otherwise. Areas, sets of areas and rules leave out rows
    whose areas nobody labelled. A set counts rows with exactly these areas. ``flags`` has the
    statuses as columns and counts spans, but for its columns ``TEXTS`` (rows with such a span) and
    ``ABOUT_ANOTHER``.
    """

    configs: tuple[str, ...]
    rows: Table
    """``CONFIG / GENRE`` by split."""
    sessions: Table
    """By split, as ``writers`` and ``clients``: configuration -> split -> how many."""
    writers: Table
    clients: Table
    areas: Table
    share_without_area: dict[str, float]
    area_sets: Table
    rules: Table
    """Rule -> side of the codebook, or ``NO_SIDE`` where the areas fit none."""
    thin_sides: tuple[ThinSide, ...]
    patterns: Table
    rows_with_patterns_labelled: dict[str, int]
    flags: Table
    risk_texts: dict[str, int]
    identifiers: Table


def count(rows: Sequence[PlacedRow]) -> Counts:
    """Count everything in one go over the rows."""
    areas_labelled = [placed for placed in rows if _has_areas_labelled(placed.row)]
    rules = _rules([placed.row for placed in areas_labelled])
    return Counts(
        configs=tuple(dict.fromkeys(placed.config for placed in rows)),
        rows=_table((f"{p.config} / {p.row.genre}", p.split) for p in rows),
        sessions=_distinct((p.config, p.split, p.row.session) for p in rows),
        writers=_distinct((p.config, p.split, p.row.writer) for p in rows),
        clients=_distinct((p.config, p.split, p.row.client) for p in rows),
        areas=_ordered(
            _table(
                (area, p.config)
                for p in areas_labelled
                for area in p.row.areas or [codebook.NO_AREA]
            ),
            [*codebook.AREAS, codebook.NO_AREA],
        ),
        share_without_area=_share_without_area(areas_labelled),
        area_sets=_area_sets(areas_labelled),
        rules=rules,
        thin_sides=tuple(
            ThinSide(key, side, n)
            for key, rule in codebook.RULES.items()
            for side in rule.sides
            if (n := rules[key].get(side, 0)) < THIN_SIDE
        ),
        patterns=_ordered(
            _table((found.pattern, p.config) for p in rows for found in p.row.patterns),
            codebook.PATTERNS,
        ),
        rows_with_patterns_labelled=dict(
            Counter(p.config for p in rows if p.row.patterns_labelled)
        ),
        flags=_flags([placed.row for placed in rows]),
        risk_texts=dict(
            Counter(
                p.config for p in rows if any(f.flag in codebook.RISK_FLAGS for f in p.row.flags)
            )
        ),
        identifiers=_table(
            (f.kind or "(no kind)", p.config)
            for p in rows
            for f in p.row.flags
            if f.flag == "identifier"
        ),
    )


def _has_areas_labelled(row: CorpusRow) -> bool:
    return set(row.unscored_areas) < set(codebook.AREAS)


def _table(cells: Iterable[tuple[str, str]]) -> Table:
    found: Table = {}
    for name, column in cells:
        line = found.setdefault(name, {})
        line[column] = line.get(column, 0) + 1
    return found


def _distinct(cells: Iterable[tuple[str, str, str | None]]) -> Table:
    """How many different names in each cell; ``None`` is no name."""
    return _table((name, column) for name, column, owner in dict.fromkeys(cells) if owner)


def _ordered(table: Table, names: Sequence[str]) -> Table:
    """All these rows in this order, then whatever else there is."""
    return {name: table.get(name, {}) for name in names} | table


def _share_without_area(rows: Sequence[PlacedRow]) -> dict[str, float]:
    totals = Counter(placed.config for placed in rows)
    without = Counter(placed.config for placed in rows if not placed.row.areas)
    return {config: without[config] / total for config, total in totals.items()}


def _area_sets(rows: Sequence[PlacedRow]) -> Table:
    """Every pair and triple of areas, also those that no row has."""
    found = _table((_name(p.row.areas), p.config) for p in rows if len(p.row.areas) > 1)
    names = [_name(areas) for size in (2, 3) for areas in combinations(codebook.AREAS, size)]
    return _ordered(found, names)


def _name(areas: Sequence[str]) -> str:
    return " + ".join(area for area in codebook.AREAS if area in areas)


def _rules(rows: Sequence[CorpusRow]) -> Table:
    found: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for row in rows:
        for key in set(row.rules):
            held = row.areas or (codebook.NO_AREA,)
            sides = [side for side in codebook.RULES[key].sides if side in held]
            found[key].update(sides or [NO_SIDE])
    return {key: dict(found[key]) for key in codebook.RULES}


def _flags(rows: Sequence[CorpusRow]) -> Table:
    found: Table = {flag: {} for flag in codebook.FLAGS}
    for row in rows:
        columns = [(f.flag, f.status or NO_STATUS) for f in row.flags]
        columns += [(f.flag, ABOUT_ANOTHER) for f in row.flags if f.subject == "other"]
        columns += [(flag, TEXTS) for flag in {f.flag for f in row.flags}]
        for flag, column in columns:
            found[flag][column] = found[flag].get(column, 0) + 1
    return found
