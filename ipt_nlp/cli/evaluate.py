"""``ipt-nlp evaluate``."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ipt_nlp.cli.console import progress_bar, reported, warn

if TYPE_CHECKING:
    from ipt_nlp.areas.bundle import Bundle
    from ipt_nlp.areas.scoring import ScoredTexts
    from ipt_nlp.corpus import LabelledTexts
    from ipt_nlp.evaluation import Report
    from ipt_nlp.evaluation.baselines import Baseline
    from ipt_nlp.evaluation.sessions import SessionReport

TRAIN_CORPUS = "ipt-synth:posts,sessions,notes"
TRAIN_SPLITS = ("train", "validation")


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
    mapping: Annotated[
        Path | None,
        typer.Option("--map", help="TOML: column -> value -> list of areas.", show_default=False),
    ] = None,
    split: Annotated[
        str | None, typer.Option(help="Only this split of the corpus.", show_default="all")
    ] = None,
    baselines: Annotated[
        bool, typer.Option(help="Train simple baselines and score them on the same texts.")
    ] = True,
    train_corpus: Annotated[
        list[str] | None,
        typer.Option(
            help="What the baselines learn from: its train and validation splits if it has them.",
            show_default="the shipped corpus, in a checkout",
        ),
    ] = None,
    baseline_encoder: Annotated[
        Path | None,
        typer.Option(
            help="Folder of a frozen encoder (encoder.onnx, tokenizer.json) for a baseline.",
            show_default=False,
        ),
    ] = None,
    sessions: Annotated[
        list[Path] | None,
        typer.Option(
            help="Also tag the sessions in this .jsonl of turns whole: main focus, client turns.",
            show_default=False,
        ),
    ] = None,
    report_folder: Annotated[
        Path | None,
        typer.Option(
            "--report", help="Folder for report.json and the plots (SVG).", show_default=False
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Score a bundle on labelled texts, beside simple baselines.

    Cells that the corpus lists in unscored_areas are left out; sessions are scored by segment.
    Intervals are 95 % by bootstrap over texts. Baselines take a minute or two: --no-baselines
    leaves them out.

    Example:  ipt-nlp evaluate --corpus held-out.jsonl --report figures
    """
    with reported():
        from ipt_nlp.areas.bundle import open_bundle, shipped_bundle
        from ipt_nlp.areas.scoring import score_texts
        from ipt_nlp.cli import report as show
        from ipt_nlp.corpus import load_texts, read_mapping
        from ipt_nlp.errors import OptionError
        from ipt_nlp.evaluation import evaluate as score
        from ipt_nlp.evaluation import risk_coverage

        if report_folder is not None and report_folder.exists() and not report_folder.is_dir():
            raise OptionError(f"--report: {report_folder.name} is a file; name a folder")
        texts = load_texts(
            corpus,
            split=split,
            text_column=text_column,
            mapping=read_mapping(mapping) if mapping else None,
        )
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
            kinds=scored.kinds,
        )
        curves = {
            "this bundle": risk_coverage(
                scored.probabilities, scored.labels, scored.scored, scored.thresholds
            )
        }
        compared: dict[str, Report] = {"this bundle": report}
        for one in _baselines(texts, scored, bundle, baselines, train_corpus, baseline_encoder):
            parts = (one.probabilities, scored.labels, scored.scored, one.thresholds)
            compared[one.name] = score(*parts)
            curves[one.name] = risk_coverage(*parts)
        of_sessions = _sessions(model, sessions) if sessions else None
        document: dict[str, Any] = {
            **report.to_dict(),
            "risk_coverage": curves["this bundle"].to_dict(),
            "baselines": {
                name: {**found.to_dict(), "risk_coverage": curves[name].to_dict()}
                for name, found in compared.items()
                if found is not report
            },
            "sessions": of_sessions.to_dict() if of_sessions else None,
            **_errors(texts, scored),
        }
        if report_folder is not None:
            try:
                show.write_report(report_folder, document, report, curves)
            except OSError as error:
                raise OptionError(f"--report: cannot be written ({error.strerror})") from None
        if as_json:
            typer.echo(json.dumps(document, allow_nan=False))
            return
        typer.echo(show.report_table(report) + "\n")
        if len(compared) > 1:
            typer.echo(show.comparison_table(compared) + "\n")
        typer.echo(show.coverage_line(curves["this bundle"]))
        if of_sessions:
            typer.echo("\n" + show.session_lines(of_sessions))


def _errors(texts: LabelledTexts, scored: ScoredTexts) -> dict[str, Any]:
    """Errors by rule, and the worst by id: no words of the texts."""
    from dataclasses import asdict

    from ipt_nlp.evaluation.errors import errors_by_rule, worst_errors

    rules = [texts.rules[i] for i in scored.rows]
    parts = (scored.probabilities, scored.labels, scored.scored, scored.thresholds, rules)
    return {
        "errors_by_rule": [asdict(one) for one in errors_by_rule(*parts)],
        "worst_errors": [
            {
                "id": texts.ids[scored.rows[one.row]],
                "source": scored.sources[one.row],
                **asdict(one),
            }
            for one in worst_errors(*parts)
        ],
    }


def _baselines(
    texts: LabelledTexts,
    scored: ScoredTexts,
    bundle: Bundle,
    wanted: bool,
    train_corpus: Sequence[str] | None,
    encoder: Path | None,
) -> list[Baseline]:
    from ipt_nlp.areas.scoring import encode_views
    from ipt_nlp.areas.view_cache import ViewCache
    from ipt_nlp.areas.views import ViewEncoder
    from ipt_nlp.corpus import load_texts
    from ipt_nlp.errors import CorpusError
    from ipt_nlp.evaluation.baselines import run_baselines
    from ipt_nlp.places import shipped_models

    if not wanted:
        return []
    named = list(train_corpus or ())
    if not named:
        # In a checkout the corpora lie beside the models; an installed package has none.
        corpora = shipped_models().parent / "corpora"
        if not (corpora / "ipt-synth").is_dir():
            warn("no baselines: the shipped corpus is not here; name one with --train-corpus")
            return []
        named = [str(corpora / TRAIN_CORPUS)]
    try:
        learned = load_texts(named, split=TRAIN_SPLITS)
    except CorpusError:
        if not train_corpus:
            raise
        learned = load_texts(named)
    encoders = {"this bundle's encoder": bundle.encoder}
    if encoder is not None:
        encoders = {f"frozen encoder ({encoder.name})": ViewEncoder(str(encoder))} | encoders
    scored_texts = [texts.texts[i] for i in scored.rows]
    with progress_bar() as bar:
        task = bar.add_task("baselines", total=None)

        def embed_with(one: ViewEncoder) -> Any:
            def embed(batch: Sequence[str]) -> Any:
                import numpy as np

                def step(done: int, total: int) -> None:
                    bar.update(task, completed=done, total=total)

                # What comes with the package is nobody's secret and is encoded once for all runs.
                kept = None if train_corpus else ViewCache(one)
                views = encode_views(one, batch, step, kept if batch is not scored_texts else None)
                return np.stack([v.whole for v in views])

            return embed

        try:
            return list(
                run_baselines(
                    learned,
                    scored_texts,
                    scored.kinds,
                    encoders={name: embed_with(one) for name, one in encoders.items()},
                    step=lambda name: bar.update(task, description=name, completed=0, total=None),
                )
            )
        except CorpusError as error:
            if train_corpus:
                raise
            warn(f"no baselines: {error}")
            return []


def _sessions(model: Path | None, paths: Sequence[Path]) -> SessionReport:
    from ipt_nlp.evaluation.sessions import read_sessions, session_report
    from ipt_nlp.tagger import load

    labelled = [one for path in paths for one in read_sessions(path)]
    tagger = load(model)
    with progress_bar() as bar:
        tagged = [tagger.tag(one.transcript) for one in bar.track(labelled, description="sessions")]
    return session_report(labelled, tagged)
