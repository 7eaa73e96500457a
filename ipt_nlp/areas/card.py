"""The model card that every bundle carries, written from what was measured."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ipt_nlp.areas.bundle import CorpusFingerprint
from ipt_nlp.evaluation import Report
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


def metrics_table(report: Report) -> str:
    """A Markdown table with a row for each area and their mean."""
    lines = [
        "| area | texts | F1 (95 % interval) | precision | recall | average precision | kappa "
        "| Brier skill | calibration error |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    lines += [
        f"| {m.area} | {m.positives}/{m.scored} | {m.f1.value:.3f} "
        f"({m.f1.low:.3f}-{m.f1.high:.3f}) | {m.precision:.3f} | {m.recall:.3f} "
        f"| {m.average_precision:.3f} | {m.kappa:.3f} | {m.brier_skill:.3f} "
        f"| {m.calibration_error:.3f} |"
        for m in report.areas
    ]
    f1 = report.macro_f1
    lines.append(f"| macro | | {f1.value:.3f} ({f1.low:.3f}-{f1.high:.3f}) | | | | | | |")
    return "\n".join(lines)


def model_card(
    name: str,
    version: str,
    reports: Mapping[Kind, Report],
    thresholds: Mapping[Kind, Mapping[str, float]],
    corpora: Sequence[CorpusFingerprint],
    client_data: bool,
) -> str:
    """The card as Markdown."""
    trained = "\n".join(f"- {c.name}: {c.rows} texts, SHA-256 `{c.sha256}`" for c in corpora)
    warning = f"\n{CLIENT_DATA}" if client_data else ""
    tables = "\n".join(
        f"### {KIND_NAMES.get(kind, kind)}\n\n{metrics_table(report)}\n\nThresholds: "
        + ", ".join(f"{area} {value:.2f}" for area, value in thresholds[kind].items())
        + ".\n"
        for kind, report in reports.items()
    )
    return f"""# {name} {version}
{warning}
Labels text by IPT problem area: a sentence encoder, and two stages of calibrated scikit-learn
classifiers, one set for each kind of text.

{USE}
## Training data

{trained}

## Figures, cross-validated on the training data

Clients and writers are kept on one side of each fold. Figures on the text a model was made from
flatter it: judge it on your own.

{tables}"""
