"""Everything ``ipt-nlp corpus stats`` says: gathered once, as an object or as Markdown tables."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ipt_nlp import codebook
from ipt_nlp.corpus.agreement import Agreement, agreement, read_passes
from ipt_nlp.corpus.checks import NO_SPLIT, SPLITS, read_corpus
from ipt_nlp.corpus.duplicates import JACCARD, near_duplicates
from ipt_nlp.corpus.quality import SHARED_BY, Quality, Style, measure, style
from ipt_nlp.corpus.statistics import (
    ABOUT_ANOTHER,
    NO_SIDE,
    NO_STATUS,
    TEXTS,
    THIN_SIDE,
    Counts,
    Table,
    count,
)
from ipt_nlp.errors import CorpusError

_NONE = "–"


@dataclass(frozen=True)
class Report:
    """Counts, quality by configuration, and agreement where there are passes.

    ``near_duplicates_of_reference`` are ids of rows; the reference itself gives figures only.
    """

    counts: Counts
    quality: dict[str, Quality]
    near_duplicates: int
    reference: Style | None
    near_duplicates_of_reference: tuple[str, ...]
    agreement: Agreement | None

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return asdict(self)


def report_on(path: Path, reference: Sequence[str] = ()) -> Report:
    """Gather the report of a corpus file or folder.

    Raises:
        CorpusError: The corpus is missing or has broken rows, or a pass is broken.
    """
    corpus = read_corpus(path)
    if corpus.problems:
        raise CorpusError(
            f"{path.name}: {len(corpus.problems)} broken rows; `ipt-nlp corpus validate` lists them"
        )
    texts = [placed.row.text for placed in corpus.rows]
    against = near_duplicates(texts, reference) if reference else ()
    passes = read_passes(path)
    return Report(
        counts=count(corpus.rows),
        quality={
            config: measure([placed.row.text for placed in rows], reference)
            for config, rows in corpus.by_config().items()
        },
        near_duplicates=sum(1 for _ in near_duplicates(texts)),
        reference=style(reference) if reference else None,
        near_duplicates_of_reference=tuple(
            dict.fromkeys(corpus.rows[pair.second].row.id for pair in against)
        ),
        agreement=agreement(*passes, corpus.rows) if passes else None,
    )


def markdown(report: Report) -> str:
    """The report as Markdown, to be pasted into a dataset card."""
    parts = [*_count_parts(report.counts), *_quality_parts(report)]
    if report.agreement:
        parts += _agreement_parts(report.agreement)
    return "\n\n".join(parts)


def _count_parts(counts: Counts) -> Iterator[str]:
    configs = counts.configs
    splits = [*SPLITS, NO_SPLIT]
    yield "## Counts"
    yield "### Rows"
    yield _counted("configuration / genre", counts.rows, splits, total=True)
    for title, table in {
        "Sessions and notes": counts.sessions,
        "Writers": counts.writers,
        "Clients": counts.clients,
    }.items():
        if table:
            yield f"### {title}"
            yield _counted("configuration", table, splits)
    yield "### Rows by area"
    yield _counted("area", counts.areas, configs, total=True)
    yield _grid(
        ["", *counts.share_without_area],
        [["share without area", *map(_percent, counts.share_without_area.values())]],
    )
    yield "### Rows by set of areas"
    yield _counted("exactly", counts.area_sets, configs, total=True)
    yield "### Texts by hard-case rule and side"
    yield _counted("rule", counts.rules, [*codebook.AREAS, codebook.NO_AREA, NO_SIDE])
    if counts.thin_sides:
        yield f"Sides with fewer than {THIN_SIDE} texts:"
        yield _grid(
            ["rule", "side", "texts"],
            [[t.rule, t.side, t.texts] for t in counts.thin_sides],
            words=2,
        )
    yield "### Patterns"
    labelled = {"(rows with patterns labelled)": counts.rows_with_patterns_labelled}
    yield _counted("spans", counts.patterns | labelled, configs, total=True)
    yield "### Flags"
    statuses = [*codebook.RISK_STATUSES, NO_STATUS, ABOUT_ANOTHER, TEXTS]
    yield _counted("spans", counts.flags, statuses)
    yield _counted("", {"texts with a risk span": counts.risk_texts}, configs, total=True)
    if counts.identifiers:
        yield "### Identifiers"
        yield _counted("kind", counts.identifiers, configs, total=True)


def _quality_parts(report: Report) -> Iterator[str]:
    yield "## Quality"
    sentence = f"Near-duplicates (Jaccard of word 3-shingles ≥ {JACCARD}): {report.near_duplicates}"
    if report.reference:
        sentence += f"; of the reference: {len(report.near_duplicates_of_reference)}"
    yield f"{sentence}."
    yield "### Style"
    yield _style_table(report)
    yield f"### Phrases that more than {SHARED_BY} texts share"
    yield _grid(
        ["", *report.quality],
        [
            ["5-grams", *(q.shared_phrase_count for q in report.quality.values())],
            ["openings (first 4 words)", *(q.opening_count for q in report.quality.values())],
        ],
    )
    for config, quality in report.quality.items():
        yield f"### Most repeated in {config}"
        yield _grid(["what", "the most frequent (texts)"], _repeated(quality), words=2)


def _style_table(report: Report) -> str:
    styles = {config: quality.style for config, quality in report.quality.items()}
    if report.reference:
        styles["reference"] = report.reference
    columns = list(styles.values())
    lines: list[list[object]] = [
        ["texts", *(s.texts for s in columns)],
        ["words", *(s.words for s in columns)],
    ]
    lines += [
        [f"words per text, decile {i + 1}", *(f"{s.words_per_text[i]:.0f}" for s in columns)]
        for i in range(9)
    ]
    lines += [
        ["words per sentence, mean", *(f"{s.sentence_words_mean:.1f}" for s in columns)],
        ["words per sentence, median", *(f"{s.sentence_words_median:.0f}" for s in columns)],
        ["letters per word", *(f"{s.letters_per_word:.2f}" for s in columns)],
        ["type-token ratio (per 1,000 words)", *(f"{s.type_token_ratio:.3f}" for s in columns)],
    ]
    names = columns[0].function_words if columns else ()
    lines += [
        [f"*{name}* per 1,000 words", *(f"{s.function_words[name]:.0f}" for s in columns)]
        for name in names
    ]
    if report.reference:
        told = [q.diagnostic for q in report.quality.values()]
        cells = [f"{d.auc:.3f}" if d else _NONE for d in told]
        lines.append(["AUC of telling it from the reference", *cells, _NONE])
    return _grid(["", *styles], lines)


def _repeated(quality: Quality) -> Iterator[Sequence[object]]:
    yield "5-grams", "; ".join(f"{s.phrase} ({s.texts})" for s in quality.shared_phrases)
    yield "openings", "; ".join(f"{s.phrase} ({s.texts})" for s in quality.openings)
    compared = any(w.reference_rate is not None for w in quality.overused)
    yield (
        "words over-used beside the reference" if compared else "content words",
        "; ".join(f"{w.word} ({w.texts})" for w in quality.overused),
    )
    if quality.diagnostic:
        yield "tell it from the reference", "; ".join(quality.diagnostic.telling)


def _agreement_parts(found: Agreement) -> Iterator[str]:
    yield "## Agreement between passes"
    rows = ", ".join(f"{kind} on {n:,} rows" for kind, n in found.rows.items())
    yield (
        f"Compared: {rows}. Left out: {found.unpaired} lines in one pass only, {found.unknown} ids"
        " that are not in the corpus."
    )
    configs = list(dict.fromkeys(c for label in found.labels for c in label.kappa_by_config))
    yield _grid(
        ["label", "rows", "first", "second", "both", "kappa", *(f"kappa, {c}" for c in configs)],
        [
            [
                f"{a.label} ({a.kind})", a.rows, a.first, a.second, a.both, _figure(a.kappa),
                *(_figure(a.kappa_by_config.get(c)) for c in configs),
            ]
            for a in found.labels
        ],
    )  # fmt: skip
    if found.spans:
        yield "Pattern spans (same pattern, one to one, overlap at least half of the shorter):"
        yield _grid(
            ["pattern", "first", "second", "matched", "F"],
            [[s.label, s.first, s.second, s.matched, _figure(s.f)] for s in found.spans],
        )
        yield f"Quotes that are not in their text, counted as unmatched: {found.quotes_not_found}."


def _counted(corner: str, table: Table, columns: Iterable[str], *, total: bool = False) -> str:
    """A table of counts; columns that are empty throughout are left out."""
    used = [column for column in columns if any(column in line for line in table.values())]
    lines: list[list[object]] = []
    for name, line in table.items():
        cells: list[object] = [line.get(column, 0) for column in used]
        lines.append([name, *cells, *([sum(line.values())] if total else [])])
    return _grid([corner, *used, *(["total"] if total else [])], lines)


def _grid(head: Sequence[str], lines: Iterable[Sequence[object]], *, words: int = 1) -> str:
    """A Markdown table; the first ``words`` columns hold words, the others figures."""
    rule = [*["---"] * words, *["---:"] * (len(head) - words)]
    return "\n".join(_line(cells) for cells in [head, rule, *lines])


def _line(cells: Sequence[object]) -> str:
    shown = [f"{cell:,}" if isinstance(cell, int) else str(cell) for cell in cells]
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in shown)} |"


def _figure(value: float | None) -> str:
    return _NONE if value is None else f"{value:.2f}"


def _percent(value: float) -> str:
    return f"{100 * value:.1f} %"
