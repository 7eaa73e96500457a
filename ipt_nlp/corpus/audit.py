"""An audit sheet: rows of a corpus for a clinician to judge in a spreadsheet."""

from __future__ import annotations

import csv
import io
import random
from collections import defaultdict
from collections.abc import Sequence

from ipt_nlp import codebook
from ipt_nlp.corpus.checks import PlacedRow
from ipt_nlp.corpus.rows import CorpusRow

SEED = 20
VERDICTS = ("areas_right", "patterns_right", "flags_right", "should_be", "remarks")
COLUMNS = (
    "id", "config", "split", "before", "text", "areas", "primary", "patterns", "flags", "rules",
    *VERDICTS,
)  # fmt: skip
_TURNS_BEFORE = 2
_FORMULA_STARTS = tuple("=+-@\t＝＋－＠")


def draw(rows: Sequence[PlacedRow], size: int) -> list[PlacedRow]:
    """``size`` rows, always the same, spread evenly over configurations and primary areas.

    A stratum that runs out leaves its share to the others; the rows come in corpus order.
    """
    strata: defaultdict[tuple[str, str], list[int]] = defaultdict(list)
    for i, placed in enumerate(rows):
        strata[placed.config, placed.row.primary or codebook.NO_AREA].append(i)
    chance = random.Random(SEED)
    piles = [chance.sample(strata[key], len(strata[key])) for key in sorted(strata)]
    drawn: list[int] = []
    while len(drawn) < min(size, len(rows)):
        drawn += [pile.pop() for pile in piles if pile][: size - len(drawn)]
    return [rows[i] for i in sorted(drawn)]


def audit_sheet(rows: Sequence[PlacedRow], size: int) -> str:
    """CSV with a line for each drawn row and empty columns for the verdicts.

    ``before`` holds the turns before a turn, which may be needed to judge it. A cell that a
    spreadsheet would run as a formula begins with an apostrophe.
    """
    turns = {(p.row.session, p.row.turn_index): p.row for p in rows if p.row.genre == "session"}
    out = io.StringIO()
    writer = csv.DictWriter(out, COLUMNS, restval="", lineterminator="\n")
    writer.writeheader()
    for placed in draw(rows, size):
        row = placed.row
        cells = {
            "id": row.id,
            "config": placed.config,
            "split": placed.split,
            "before": _before(row, turns),
            "text": f"{row.role}: {row.text}" if row.role else row.text,
            "areas": "; ".join(row.areas) or codebook.NO_AREA,
            "primary": row.primary or "",
            "patterns": "\n".join(f"{p.pattern} ({p.who}): {p.quote}" for p in row.patterns)
            if row.patterns_labelled or row.patterns
            else "(not labelled)",
            "flags": "\n".join(
                f"{f.flag} ({', '.join(filter(None, (f.status, f.subject, f.kind)))}): {f.quote}"
                for f in row.flags
            ),
            "rules": "; ".join(row.rules),
        }
        if set(row.unscored_areas) >= set(codebook.AREAS):
            cells["areas"] = "(not labelled)"
        writer.writerow({name: _no_formula(value) for name, value in cells.items()})
    return out.getvalue()


def _before(row: CorpusRow, turns: dict[tuple[str | None, int | None], CorpusRow]) -> str:
    if row.genre != "session" or row.turn_index is None:
        return ""
    places = range(row.turn_index - _TURNS_BEFORE, row.turn_index)
    earlier = [turns[row.session, i] for i in places if (row.session, i) in turns]
    return "\n".join(f"{turn.role}: {turn.text}" for turn in earlier)


def _no_formula(value: str) -> str:
    text = value.replace("\r\n", "\n").replace("\r", "\n")
    return f"'{text}" if text.lstrip(" \n").startswith(_FORMULA_STARTS) else text
