"""Write the model card and put the measured scores where spaCy looks for them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import typer

from training.language.evaluate import table

AS_WRITTEN = "as written"


def performance(report: dict[str, Any]) -> dict[str, float]:
    """The scores as written under spaCy's names, between 0 and 1, and the speed."""
    scores = {key: round(value / 100, 4) for key, value in report["scores"][AS_WRITTEN].items()}
    return {**scores, "speed": report["words_per_second"]}


def fill(template: str, report: dict[str, Any], version: str) -> str:
    """The card with figures in place of its markers; an unknown marker is an error."""
    return template.format(
        version=version,
        scores=table(report["scores"]).strip(),
        words_per_second=f"{report['words_per_second']:,}",
        megabytes=f"{report['megabytes']:.1f}",
    )


def main(pipeline: Path, template: Path) -> None:
    """Write PIPELINE/README.md from TEMPLATE and PIPELINE/scores.json, and update meta.json.

    python -m training.language.card models/en_ipt_core card.md
    """
    report = json.loads((pipeline / "scores.json").read_text(encoding="utf-8"))
    meta_path = pipeline / "meta.json"
    meta = json.loads(meta_path.read_text(encoding="utf-8"))
    meta["performance"] = performance(report)
    meta_path.write_text(json.dumps(meta, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    card = fill(template.read_text(encoding="utf-8"), report, meta["version"])
    (pipeline / "README.md").write_text(card, encoding="utf-8")
    typer.echo(f"{pipeline.name}: card written", err=True)


if __name__ == "__main__":
    typer.run(main)
