"""The model card that every bundle carries, written from what was measured."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from ipt_nlp.areas.bundle import CorpusFingerprint
from ipt_nlp.areas.search import Tried
from ipt_nlp.evaluation import Figure, Report, RiskCoverage
from ipt_nlp.evaluation.errors import RuleErrors
from ipt_nlp.evaluation.plots import calibration_svg, coverage_svg
from ipt_nlp.transcript import Kind

CLIENT_DATA = """\
> **This bundle was trained on client text and is client data itself**: store it, share it and
> erase it as you would the notes it was made from.
"""

USE = """## Intended use

Decision support for clinicians who read transcripts and notes in English: it suggests which IPT
problem areas a stretch of text is about. It is not a diagnosis, no alarm system, and not made for
texts of people in acute danger. The absence of a label means nothing.

## Limits

- The labels it learned from were written and checked by language models that followed the
  codebook, unless the corpus below says otherwise; no clinician has audited them.
- English only. Registers and cultures that the corpus lacks will be served worse.
- Probabilities are calibrated on the training corpus; on other text they are less so.
"""


KIND_NAMES = {
    "text": "Loose texts (posts, forms)",
    "transcript": "Segments of transcripts",
    "note": "Paragraphs of notes",
}

_COVERAGE_FILE = "coverage.svg"

HUMAN_AGREEMENT = """\
As context, not as a bar: over whole recorded sessions trained IPT therapists agree with kappa 0.87
on grief, 0.58 on disputes, 1.0 (0.61 in a second study) on transitions, 0.48 (0.57) on deficits and
0.82 (0.64) on the main focus (Markowitz 2000, PMC3330600; Brazilian adaptation 2008). They judged
whole sessions, this model judges stretches of text, and its kappa above is agreement with the
labels of its corpus.
"""


def figure(found: Figure) -> str:
    """A figure with its interval."""
    if math.isnan(found.value):
        return "-"
    return f"{found.value:.3f} ({found.low:.3f}-{found.high:.3f})"


def metrics_table(report: Report) -> str:
    """A Markdown table with a row for each area, their mean F1 and kappa over all cells."""
    lines = [
        "| area | texts | F1 (95 % interval) | precision | recall | average precision | kappa "
        "| Brier skill | calibration error |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    lines += [
        f"| {m.area} | {m.positives}/{m.scored} | {figure(m.f1)} | {m.precision:.3f} "
        f"| {m.recall:.3f} | {m.average_precision:.3f} | {figure(m.kappa)} "
        f"| {figure(m.brier_skill)} | {figure(m.calibration_error)} |"
        for m in report.areas
    ]
    lines.append(
        f"| macro F1; kappa over all cells | | {figure(report.macro_f1)} | | | "
        f"| {figure(report.kappa)} | | |"
    )
    return "\n".join(lines)


def calibration_table(report: Report) -> str:
    """Mean probability and observed share of each tenth of the texts, as Markdown."""
    n_bins = max((len(m.bins) for m in report.areas), default=0)
    lines = [
        "| area | " + " | ".join(f"tenth {i}" for i in range(1, n_bins + 1)) + " |",
        "|---" * (n_bins + 1) + "|",
    ]
    lines += [
        f"| {m.area} | " + " | ".join(f"{b.probability:.2f} → {b.rate:.2f}" for b in m.bins) + " |"
        for m in report.areas
    ]
    return "\n".join(lines)


def rules_table(rules: Sequence[RuleErrors]) -> str:
    """Errors by rule of the codebook as Markdown; empty where no text names a rule."""
    if not rules:
        return ""
    lines = ["| rule | texts | wrong | areas missed | areas invented |", "|---|---|---|---|---|"]
    lines += [
        f"| {e.rule} | {e.texts} | {e.wrong} ({e.wrong / e.texts:.0%}) | {e.missed} "
        f"| {e.invented} |"
        for e in rules
    ]
    return "\n".join(lines)


def model_card(
    name: str,
    version: str,
    reports: Mapping[Kind, Report],
    thresholds: Mapping[Kind, Mapping[str, float]],
    corpora: Sequence[CorpusFingerprint],
    client_data: bool,
    *,
    curves: Mapping[Kind, RiskCoverage] | None = None,
    rules: Mapping[Kind, Sequence[RuleErrors]] | None = None,
    tried: Sequence[Tried] = (),
) -> str:
    """The card as Markdown."""
    trained = "\n".join(f"- {c.name}: {c.rows} texts, SHA-256 `{c.sha256}`" for c in corpora)
    warning = f"\n{CLIENT_DATA}" if client_data else ""
    parts = "\n".join(
        _kind(
            kind,
            report,
            thresholds[kind],
            (curves or {}).get(kind),
            (rules or {}).get(kind, ()),
        )
        for kind, report in reports.items()
    )
    coverage = f"\n![What abstaining buys](figures/{_COVERAGE_FILE})\n" if curves else ""
    return f"""# {name} {version}
{warning}
Labels text by IPT problem area: a sentence encoder, and two stages of calibrated scikit-learn
classifiers, one set for each kind of text.

{USE}
## Training data

{trained}
{_search(tried)}
## Figures, cross-validated on the training data

Clients and writers are kept on one side of each fold. Figures on the text a model was made from
flatter it: judge it on your own. Intervals are 95 % by bootstrap over texts.

{HUMAN_AGREEMENT}
{parts}{coverage}"""


def card_figures(
    reports: Mapping[Kind, Report], curves: Mapping[Kind, RiskCoverage]
) -> dict[str, str]:
    """Drawings that the card shows (SVG), by file name."""
    drawn = {_calibration_file(kind): calibration_svg(r) for kind, r in reports.items()}
    named = {KIND_NAMES.get(kind, kind): curve for kind, curve in curves.items()}
    return {**drawn, _COVERAGE_FILE: coverage_svg(named)}


def _calibration_file(kind: Kind) -> str:
    return f"calibration-{kind}.svg"


def _kind(
    kind: Kind,
    report: Report,
    thresholds: Mapping[str, float],
    curve: RiskCoverage | None,
    rules: Sequence[RuleErrors],
) -> str:
    blocks = [
        f"### {KIND_NAMES.get(kind, kind)}",
        metrics_table(report),
        "Thresholds: " + ", ".join(f"{area} {t:.2f}" for area, t in thresholds.items()) + ".",
        "Calibration: texts in tenths by probability, mean probability → share that has the area.",
        calibration_table(report),
        f"![Calibration](figures/{_calibration_file(kind)})",
    ]
    if curve is not None:
        points = ", ".join(f"{p.coverage:.0%} {p.macro_f1:.3f}" for p in curve.points[::2])
        blocks.append(
            "With the texts of lowest margin left to a person, macro F1 of the share that is "
            f"kept: {points}; at 80 % {figure(curve.at_80)}."
        )
    if table := rules_table(rules):
        blocks += ["Errors by the rule of the codebook that a text turns on:", table]
    return "\n\n".join(blocks) + "\n"


def _search(tried: Sequence[Tried]) -> str:
    if not tried:
        return ""
    lines = ["", "Parameters were chosen by average precision over grouped folds:", ""]
    lines += ["| parameters | average precision |", "|---|---|"]
    lines += [
        f"| {', '.join(f'{k} = {v}' for k, v in t.parameters.items())} "
        f"| {t.average_precision:.3f} |"
        for t in tried
    ]
    return "\n".join(lines) + "\n"
