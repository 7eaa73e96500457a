"""``ipt-nlp tag``."""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ipt_nlp.cli.console import EXIT_FAILED, progress_bar, reported, warn
from ipt_nlp.errors import IptNlpError, OptionError

if TYPE_CHECKING:
    from ipt_nlp.transcript import Transcript

STDIN = Path("-")


class Format(StrEnum):
    """How results are written."""

    pretty = "pretty"
    jsonl = "jsonl"
    csv = "csv"
    html = "html"


def tag(
    paths: Annotated[
        list[Path],
        typer.Argument(help="Files, folders, or - for standard input.", show_default=False),
    ],
    output_format: Annotated[
        Format, typer.Option("--format", "-f", help="How results are written.")
    ] = Format.pretty,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", help="File to write, readable by you alone.", show_default=False
        ),
    ] = None,
    therapist: Annotated[
        str | None,
        typer.Option(help="Speaker label of the therapist.", show_default=False),
    ] = None,
    model: Annotated[
        Path | None,
        typer.Option(help="Folder of a bundle.", show_default="the shipped one"),
    ] = None,
    spacy_model: Annotated[
        str | None,
        typer.Option(help="An installed spaCy pipeline.", show_default="the shipped one"),
    ] = None,
    jobs: Annotated[int, typer.Option(min=1, help="Sessions tagged side by side.")] = 1,
) -> None:
    """Tag transcripts and notes: areas, evidence, communication patterns.

    Reads .txt .md .vtt .srt .docx .json (Whisper) .csv .jsonl. A failed file is named on
    standard error and the others are still tagged; the exit code is then 2.

    Example:  ipt-nlp tag session-04.vtt --format html --output session-04.html
    """
    with reported():
        from ipt_nlp.tagger import load
        from ipt_nlp.writers import writer

        failures: list[str] = []
        # Read before anything heavy is loaded: a mistyped name is told at once.
        transcripts = list(_read(paths, therapist, failures))
        if transcripts:
            tagger = load(model, spacy_model=spacy_model)
            write = writer(output_format.value, color=output is None and sys.stdout.isatty())
            with progress_bar() as bar:
                sessions = bar.track(
                    tagger.pipe(transcripts, n_jobs=jobs),
                    total=len(transcripts),
                    description="tagging",
                )
                _write(write(sessions), output)
        for failure in failures:
            warn(failure)
        # The pretty output says them beside the session that they belong to.
        if output is not None or output_format is not Format.pretty:
            for warning in dict.fromkeys(
                f"{t.source}: {w}" for t in transcripts for w in t.warnings
            ):
                warn(warning)
    if failures:
        raise typer.Exit(EXIT_FAILED)


def _read(paths: list[Path], therapist: str | None, failures: list[str]) -> Iterator[Transcript]:
    from ipt_nlp import readers

    for path in paths:
        try:
            if path == STDIN:
                yield from readers.read_stream(sys.stdin.buffer.read(), therapist=therapist)
                continue
            for file in readers.expand([path]):
                try:
                    yield from readers.read(file, therapist=therapist)
                except OptionError as error:
                    failures.append(f"{file.name}: {error}")
                except IptNlpError as error:
                    failures.append(str(error))
        except IptNlpError as error:
            failures.append(str(error))


def _write(chunks: Iterator[str], output: Path | None) -> None:
    if output is None:
        # A pipe on Windows would otherwise get a code page that lacks most characters.
        if isinstance(sys.stdout, io.TextIOWrapper):
            sys.stdout.reconfigure(encoding="utf-8")
        for chunk in chunks:
            sys.stdout.write(chunk)
            sys.stdout.flush()
        return
    from ipt_nlp.places import write_private

    try:
        write_private(output, "".join(chunks))
    except OSError as error:
        raise OptionError(f"--output: {output.name}: {error.strerror}") from None
