"""``ipt-nlp train``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ipt_nlp.cli.batch import Backend, workers_of
from ipt_nlp.cli.console import progress_bar, reported, warn

if TYPE_CHECKING:
    from ipt_nlp.corpus import LabelledTexts


def train(
    corpus: Annotated[
        list[str],
        typer.Option(
            help="A corpus: file, folder, or hub:owner/name for one on the hub; "
            "configurations after a colon (:notes,posts).",
            show_default=False,
        ),
    ],
    output: Annotated[Path, typer.Option(help="Folder of the new bundle.", show_default=False)],
    config: Annotated[
        Path | None,
        typer.Option(
            help="Estimator and its parameters (training/areas.toml).",
            show_default="logistic regression",
        ),
    ] = None,
    text_column: Annotated[str, typer.Option(help="Column with the text.")] = "text",
    mapping: Annotated[
        Path | None,
        typer.Option("--map", help="TOML: column -> value -> list of areas.", show_default=False),
    ] = None,
    encoder: Annotated[
        Path | None,
        typer.Option(
            help="Folder of other encoder weights (encoder.onnx, tokenizer.json).",
            show_default="the shipped ones",
        ),
    ] = None,
    jobs: Annotated[
        int | None,
        typer.Option(
            help="Processes of a search over [grid].", min=1, show_default="one for each core"
        ),
    ] = None,
    backend: Annotated[
        Backend, typer.Option(help="Where a search over [grid] runs.")
    ] = Backend.local,
    scheduler: Annotated[
        str | None,
        typer.Option(help="Address of the dask scheduler, tcp://host:port.", show_default=False),
    ] = None,
    synthetic: Annotated[
        bool,
        typer.Option("--synthetic", help="All texts are synthetic: the bundle is no client data."),
    ] = False,
    identifiers: Annotated[
        bool,
        typer.Option(
            "--allow-identifiers", help="Train on texts that name people; a bundle keeps words."
        ),
    ] = False,
) -> None:
    """Train a bundle on labelled texts.

    Writes the folder and adds its digest to your own trust file. Rows are of the corpus format
    (text, areas, client or writer), or mapped with --map. Unless --synthetic is given the bundle
    counts as client data, and says so. A run that was stopped goes on where it was when it is
    started again.

    Example:  ipt-nlp train --corpus corpora/ipt-synth:notes --synthetic --output my-bundle
    """
    with reported():
        from ipt_nlp.areas.training import TrainOptions, train_bundle
        from ipt_nlp.cli.report import report_table
        from ipt_nlp.corpus import load_texts, read_mapping
        from ipt_nlp.errors import OptionError

        if output.exists() and not output.is_dir():
            raise OptionError(f"--output: {output.name} is a file; name a folder")
        workers = workers_of(backend, scheduler)
        try:
            options = TrainOptions.from_toml(config) if config else None
        except OSError as error:
            raise OptionError(f"--config: {config and config.name}: {error.strerror}") from None
        texts = load_texts(
            corpus, text_column=text_column, mapping=read_mapping(mapping) if mapping else None
        )
        if not (synthetic or identifiers):
            _refuse_identifiers(texts)
        with progress_bar() as bar:
            task = bar.add_task("encoding", total=len(texts))
            try:
                trained = train_bundle(
                    texts,
                    output,
                    corpus_names=corpus,
                    client_data=not synthetic,
                    options=options,
                    encoder=encoder,
                    n_jobs=jobs,
                    workers=workers,
                    progress=lambda done, _: bar.update(task, completed=done),
                )
            except OSError as error:
                raise OptionError(
                    f"--output: the bundle or the trust file cannot be written ({error.strerror})"
                ) from None
        for kind, report in trained.reports.items():
            warn(f"cross-validated on the training texts, {kind}:\n" + report_table(report))
        typer.echo(json.dumps({"bundle": str(trained.path), "sha256": trained.digest}))


def _refuse_identifiers(texts: LabelledTexts) -> None:
    """Refuse texts that could identify someone.

    Raises:
        OptionError: How many, and the id and kind of the first; none of their words.
    """
    from ipt_nlp.errors import OptionError
    from ipt_nlp.identifiers import has_identifiers

    found = has_identifiers(texts.texts)
    if found:
        index, kind = found[0]
        count = len({i for i, _ in found})
        raise OptionError(
            f"--corpus: {count} of {len(texts)} texts may name someone (first: {texts.ids[index]}, "
            f"{kind}); look with `ipt-nlp check`, or say --allow-identifiers"
        )
