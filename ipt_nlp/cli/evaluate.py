"""``ipt-nlp evaluate``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ipt_nlp.cli.console import progress_bar, reported

if TYPE_CHECKING:
    from ipt_nlp.evaluation import Report


def evaluate(
    corpus: Annotated[
        list[str],
        typer.Option(
            help="A labelled corpus: file, folder, or hub:owner/name.", show_default=False
        ),
    ],
    model: Annotated[
        Path | None, typer.Option(help="Folder of a bundle.", show_default="the shipped one")
    ] = None,
    text_column: Annotated[str, typer.Option(help="Column with the text.")] = "text",
    split: Annotated[
        str | None, typer.Option(help="Only this split of the corpus.", show_default="all")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Score a bundle on labelled texts: a table with a row for each area.

    Cells that the corpus lists in unscored_areas are left out; sessions are scored by segment.
    Intervals are 95 % by bootstrap over texts.

    Example:  ipt-nlp evaluate --corpus held-out.jsonl
    """
    with reported():
        from ipt_nlp.areas.bundle import open_bundle, shipped_bundle
        from ipt_nlp.areas.scoring import score_texts
        from ipt_nlp.corpus import load_texts
        from ipt_nlp.evaluation import evaluate as score

        texts = load_texts(corpus, split=split, text_column=text_column)
        bundle = open_bundle(model or shipped_bundle())
        with progress_bar() as bar:
            task = bar.add_task("encoding", total=len(texts))
            scored = score_texts(bundle, texts, lambda done, _: bar.update(task, completed=done))
        report = score(
            scored.probabilities,
            scored.labels,
            scored.scored,
            scored.thresholds,
            sources=scored.sources,
        )
        typer.echo(
            json.dumps(report.to_dict(), allow_nan=False) if as_json else report_table(report)
        )


def report_table(report: Report) -> str:
    """The report as text for a terminal."""
    lines = [
        f"{'area':<16}{'texts':>9}{'F1':>7}{'95 % interval':>16}{'prec.':>7}{'recall':>8}"
        f"{'AP':>7}{'kappa':>7}{'Brier':>7}{'ECE':>7}"
    ]
    for m in report.areas:
        interval = f"{m.f1.low:.3f}-{m.f1.high:.3f}"
        lines.append(
            f"{m.area:<16}{f'{m.positives}/{m.scored}':>9}{m.f1.value:>7.3f}{interval:>16}"
            f"{m.precision:>7.3f}{m.recall:>8.3f}{m.average_precision:>7.3f}{m.kappa:>7.3f}"
            f"{m.brier_skill:>7.3f}{m.calibration_error:>7.3f}"
        )
    rows = {"macro F1": report.macro_f1}
    rows |= {f"  {name}": figure for name, figure in report.by_source.items()}
    lines += [
        f"{name:<25}{f.value:>7.3f}{f'{f.low:.3f}-{f.high:.3f}':>16}" for name, f in rows.items()
    ]
    lines.append("AP: average precision; Brier: skill over the base rate; ECE: equal-mass bins")
    return "\n".join(lines)
