"""Figures for a terminal and for a folder."""

from __future__ import annotations

import io
import json
import math
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ipt_nlp.evaluation import Figure, Report, RiskCoverage
    from ipt_nlp.evaluation.sessions import SessionReport

_WIDTH = 120
_LEGEND = """\
AP: average precision; Brier: skill over the base rate; ECE: calibration error over bins of equal
size; after a figure its 95 % interval by bootstrap; kappa of a line without an area: all cells"""


def report_table(report: Report) -> str:
    """A bundle's figures for each area, each part of the texts, and over all."""
    table = _table("area", "texts", "F1", "prec.", "recall", "AP", "kappa", "Brier", "ECE")
    for m in report.areas:
        table.add_row(
            m.area,
            f"{m.positives}/{m.scored}",
            _short(m.f1),
            number(m.precision),
            number(m.recall),
            number(m.average_precision),
            _short(m.kappa),
            _short(m.brier_skill),
            _short(m.calibration_error),
        )
    table.add_row(
        "macro F1", str(report.texts), _short(report.macro_f1), "", "", "", _short(report.kappa)
    )
    parts = {**report.by_kind, **report.by_source}
    for name, part in parts.items():
        table.add_row(
            f"  {name}", str(part.texts), _short(part.macro_f1), "", "", "", _short(part.kappa)
        )
    return _text(table) + _LEGEND


def comparison_table(reports: Mapping[str, Report]) -> str:
    """The bundle beside its baselines: F1 of each area, mean F1, mean Brier skill."""
    first = next(iter(reports.values()))
    table = _table("same texts", "macro F1", *(m.area for m in first.areas), "kappa", "Brier")
    for name, report in reports.items():
        skills = [m.brier_skill.value for m in report.areas]
        table.add_row(
            name,
            _short(report.macro_f1),
            *(number(m.f1.value) for m in report.areas),
            number(report.kappa.value),
            number(sum(skills) / len(skills)),
        )
    return _text(table).rstrip("\n")


def coverage_line(curve: RiskCoverage) -> str:
    """Macro F1 at 80 % coverage and the curve in a line."""
    points = "  ".join(
        f"{p.coverage:.0%} {number(p.macro_f1)}" for p in curve.points if p.coverage * 10 % 1 == 0
    )
    return f"macro F1 at 80 % coverage: {figure(curve.at_80)}\n  kept, by margin: {points}"


def session_lines(report: SessionReport) -> str:
    """Main focus and client turns."""
    lines = []
    if report.with_focus:
        lines.append(
            f"main focus: {figure(report.focus)} of {report.with_focus} sessions; first or "
            f"runner-up {figure(report.either)}"
        )
        lines += [f"  {name}: {count}" for name, count in report.confusions.items()]
    areas = ", ".join(f"{area} {number(f1)}" for area, f1 in report.turn_f1.items())
    lines.append(
        f"client turns of 8 words or more: macro F1 {figure(report.turn_macro_f1)} on "
        f"{report.turns} turns ({areas})"
    )
    return "\n".join(lines)


def write_report(
    folder: Path, document: dict[str, Any], report: Report, curves: dict[str, RiskCoverage]
) -> None:
    """``report.json``, ``calibration.svg`` and ``risk-coverage.svg``, for the owner alone."""
    from ipt_nlp.evaluation.plots import calibration_svg, coverage_svg
    from ipt_nlp.places import write_private

    text = json.dumps(document, allow_nan=False, indent=1) + "\n"
    write_private(folder / "report.json", text)
    write_private(folder / "calibration.svg", calibration_svg(report))
    write_private(folder / "risk-coverage.svg", coverage_svg(curves))


def figure(found: Figure) -> str:
    """A figure with its interval; a dash where there is none."""
    if math.isnan(found.value):
        return "-"
    if math.isnan(found.low):
        return number(found.value)
    return f"{found.value:.3f} ({found.low:.2f}-{found.high:.2f})"


def _short(found: Figure) -> str:
    """The same in the width of a column."""
    written = figure(found).replace("(", "").replace(")", "").replace("-0.", "-.")
    return re.sub(r"(?<![\d.-])0\.", ".", written)


def number(value: float) -> str:
    """A figure without interval; a dash where there is none."""
    return "-" if math.isnan(value) else f"{value:.3f}"


def _table(*headers: str) -> Any:
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for i, header in enumerate(headers):
        table.add_column(header, justify="left" if i == 0 else "right", no_wrap=True)
    return table


def _text(table: Any) -> str:
    from rich.console import Console

    console = Console(file=io.StringIO(), width=_WIDTH, color_system=None)
    console.print(table)
    written = console.file.getvalue()  # type: ignore[attr-defined]
    return "\n".join(line.rstrip() for line in written.strip("\n").split("\n")) + "\n"
