"""``ipt-nlp corpus``."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ipt_nlp.cli.console import EXIT_FAILED, reported, warn

if TYPE_CHECKING:
    from ipt_nlp.corpus.checks import PlacedRow

app = typer.Typer(no_args_is_help=True, help="Check and count corpora.", rich_markup_mode=None)

CorpusPath = Annotated[Path, typer.Argument(help="A .jsonl file, or a folder with such files.")]


@app.callback()
def group() -> None:
    """Check and count corpora."""


@app.command()
def validate(
    path: CorpusPath,
    sample: Annotated[
        int | None,
        typer.Option(min=1, help="Also draw this many rows for an audit.", show_default=False),
    ] = None,
    output: Annotated[
        Path | None, typer.Option(help="Where the audit sheet goes (CSV).", show_default=False)
    ] = None,
    reference: Annotated[
        Path | None,
        typer.Option(help="A .jsonl file with texts that no row may repeat.", show_default=False),
    ] = None,
) -> None:
    """Check a corpus: every row, ids used once, no near-duplicates, nobody in two splits.

    Rows: fields, label names, quotes equal to their slices. Files CONFIG/SPLIT.jsonl with a split
    named train, validation or test may not share a client or writer. Problems go to standard error
    with file and line; the exit code is then 2.

    --sample draws rows, always the same, over all configurations and areas, and writes them to
    --output with empty columns for an auditor's verdict; only its owner can read the file.

    Example:  ipt-nlp corpus validate corpora/ipt-synth
    """
    with reported():
        from ipt_nlp.corpus.checks import check, read_corpus
        from ipt_nlp.corpus.quality import read_reference
        from ipt_nlp.errors import OptionError

        if (sample is None) != (output is None):
            raise OptionError("--sample and --output go together")
        corpus = read_corpus(path)
        problems = 0
        for problem in check(corpus, read_reference(reference) if reference else ()):
            problems += 1
            warn(str(problem))
        if sample is not None and output is not None:
            _write_sheet(corpus.rows, sample, output)
        typer.echo(f"{len(corpus.rows)} rows, {problems} problems")
    if problems:
        raise typer.Exit(EXIT_FAILED)


@app.command()
def stats(
    path: CorpusPath,
    reference: Annotated[
        Path | None,
        typer.Option(help="A .jsonl file with texts to compare with.", show_default=False),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Count a corpus and describe its texts: Markdown tables for a dataset card.

    Counts by configuration, split, area, hard-case rule, pattern, flag; length, sentences, function
    words, repeated phrases; agreement between labelling passes where the folder holds
    passes/first.jsonl and passes/second.jsonl. The tables quote frequent phrases of the corpus. Of
    the reference (rows with a `text`) only figures are shown, never words.

    Example:  ipt-nlp corpus stats corpora/ipt-synth --reference real.jsonl
    """
    with reported():
        from ipt_nlp.corpus.quality import read_reference
        from ipt_nlp.corpus.report import markdown, report_on

        report = report_on(path, read_reference(reference) if reference else ())
        typer.echo(json.dumps(report.to_dict()) if as_json else markdown(report))


def _write_sheet(rows: Sequence[PlacedRow], size: int, output: Path) -> None:
    from ipt_nlp.corpus.audit import audit_sheet
    from ipt_nlp.errors import OptionError
    from ipt_nlp.places import write_private

    try:
        write_private(output, audit_sheet(rows, size))
    except OSError:
        raise OptionError(f"--output: {output.name} cannot be written") from None
