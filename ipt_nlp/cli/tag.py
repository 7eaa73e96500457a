"""``ipt-nlp tag``."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from enum import StrEnum
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ipt_nlp.cli.batch import Backend, is_folder, planned, tag_into, workers_of
from ipt_nlp.cli.console import EXIT_FAILED, progress_bar, reported, warn
from ipt_nlp.cli.own_results import is_own_result
from ipt_nlp.errors import IptNlpError, OptionError

if TYPE_CHECKING:
    from ipt_nlp.result import TaggedSession
    from ipt_nlp.tagger import Tagger
    from ipt_nlp.transcript import Transcript

STANDARD_STREAM = Path("-")


class Format(StrEnum):
    """How results are written."""

    pretty = "pretty"
    jsonl = "jsonl"
    csv = "csv"
    html = "html"
    parquet = "parquet"


def tag(
    paths: Annotated[
        list[Path],
        typer.Argument(
            help="Files, folders, tables, hub:owner/name, or - for standard input.",
            show_default=False,
        ),
    ],
    output_format: Annotated[
        Format | None,
        typer.Option(
            "--format",
            "-f",
            help="How results are written.",
            show_default="pretty; jsonl in a folder",
        ),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            help="File to write, readable by you alone; a folder gets a file for each file "
            "read; - for standard output. Only its own results are written over.",
            show_default=False,
        ),
    ] = None,
    therapist: Annotated[
        str | None,
        typer.Option(help="Speaker label of the therapist.", show_default=False),
    ] = None,
    session: Annotated[
        int | None,
        typer.Option(
            min=1, help="Number of the session in its course.", show_default="from the file name"
        ),
    ] = None,
    of: Annotated[
        int | None,
        typer.Option(min=1, help="Sessions planned for the course.", show_default="16"),
    ] = None,
    model: Annotated[
        Path | None,
        typer.Option(help="Folder of a bundle.", show_default="the shipped one"),
    ] = None,
    spacy_model: Annotated[
        str | None,
        typer.Option(help="An installed spaCy pipeline.", show_default="the shipped one"),
    ] = None,
    text_column: Annotated[
        str, typer.Option(help="Column with the text, in Parquet, Arrow and hub tables.")
    ] = "text",
    jobs: Annotated[int, typer.Option(min=1, help="Sessions tagged side by side.")] = 1,
    backend: Annotated[
        Backend, typer.Option(help="Where files are tagged, for results in a folder.")
    ] = Backend.local,
    scheduler: Annotated[
        str | None,
        typer.Option(help="Address of the dask scheduler, tcp://host:port.", show_default=False),
    ] = None,
) -> None:
    """Tag transcripts and notes: areas, evidence, communication patterns.

    Reads .txt .md .vtt .srt .docx .json (Whisper) .csv .jsonl. A failed file is named on
    standard error and the others are still tagged; the exit code is then 2.

    Into a folder, files that are done already are skipped: the same command goes on where an
    earlier run was stopped. Tables (.parquet, .arrow, folders that `datasets` saved, and
    hub:owner/name, which alone uses the network) are tagged into a folder, each row a text of its
    own, in parts; --format parquet, for folders alone, has a row for each segment.

    Example:  ipt-nlp tag session-04.vtt --format html --output session-04.html

    Example:  ipt-nlp tag sessions/ --output tagged/ --jobs 2
    """
    if output == STANDARD_STREAM:
        output = None
    if output is not None and is_folder(output, paths):
        _tag_folder(
            paths,
            output,
            (output_format or Format.jsonl).value,
            therapist,
            session,
            of,
            model,
            spacy_model,
            text_column,
            jobs,
            backend,
            scheduler,
        )
        return
    output_format = output_format or Format.pretty
    failures: list[str] = []
    warnings: dict[str, None] = {}
    with reported():
        _refuse_tables(paths, output_format)
        from ipt_nlp.tagger import load
        from ipt_nlp.writers import writer

        try:
            # Looked at and read before anything heavy is loaded: a mistyped name is told at once.
            files = list(dict.fromkeys(_files(paths, failures)))
            if output is not None:
                _check_output(output, files)
            transcripts = [
                replace(t, session_number=session or t.session_number, course_length=of)
                for t in _read(files, therapist, failures)
            ]
            if session is not None and len(transcripts) > 1:
                raise OptionError("--session: goes with one session; name one file")
            if transcripts:
                tagger = load(model, spacy_model=spacy_model)
                write = writer(output_format.value, color=output is None and sys.stdout.isatty())
                with progress_bar() as bar:
                    sessions = bar.track(
                        _tagged(tagger, transcripts, jobs, failures, warnings),
                        total=len(transcripts),
                        description="tagging",
                    )
                    # Where every session failed there is nothing to report on.
                    for first in sessions:
                        _write(write(chain([first], sessions)), output)
        finally:
            for failure in failures:
                warn(failure)
        # The pretty output says them beside the session that they belong to.
        if output is not None or output_format is not Format.pretty:
            for warning in warnings:
                warn(warning)
    if failures:
        raise typer.Exit(EXIT_FAILED)


def _tag_folder(
    paths: list[Path],
    output: Path,
    output_format: str,
    therapist: str | None,
    number: int | None,
    of: int | None,
    model: Path | None,
    spacy_model: str | None,
    text_column: str,
    jobs: int,
    backend: Backend,
    scheduler: str | None,
) -> None:
    with reported():
        from ipt_nlp.batch import Batch
        from ipt_nlp.sources import source_of

        if STANDARD_STREAM in paths:
            raise OptionError("--output: standard input needs a file, not a folder")
        if number is not None:
            raise OptionError("--session: goes with one file; a folder's come from file names")
        failures: list[str] = []
        pieces = planned(paths, output, output_format, text_column, failures)
        workers = workers_of(backend, scheduler)
        batch = Batch(source_of(model, spacy_model), output, output_format, therapist, of)
        tag_into(batch, pieces, failures, jobs=jobs, workers=workers)
    for failure in failures:
        warn(_printable(failure))
    if failures:
        raise typer.Exit(EXIT_FAILED)


def _refuse_tables(paths: Iterable[Path], output_format: Format) -> None:
    from ipt_nlp.readers.tables import is_table

    if output_format is Format.parquet:
        raise OptionError("--format parquet: goes into a folder; name one with --output")
    for path in paths:
        if is_table(path):
            raise OptionError(
                f"{path.name}: a table is tagged into a folder; name one with --output"
            )


def _files(paths: Iterable[Path], failures: list[str]) -> Iterator[Path]:
    from ipt_nlp import readers

    for path in paths:
        try:
            yield from readers.expand([path])
        except IptNlpError as error:
            failures.append(_printable(str(error)))


def _read(
    files: Iterable[Path], therapist: str | None, failures: list[str]
) -> Iterator[Transcript]:
    from ipt_nlp import readers

    for file in files:
        try:
            for transcript in readers.read(file, therapist=therapist):
                yield replace(transcript, source=_printable(transcript.source))
        except OptionError as error:
            name = "stdin" if file == STANDARD_STREAM else file.name
            failures.append(_printable(f"{name}: {error}"))
        except IptNlpError as error:
            failures.append(_printable(str(error)))


def _tagged(
    tagger: Tagger,
    transcripts: Sequence[Transcript],
    jobs: int,
    failures: list[str],
    warnings: dict[str, None],
) -> Iterator[TaggedSession]:
    """Tagged sessions in order; one that cannot be tagged becomes a failure."""

    def failed(place: int, error: Exception) -> None:
        # A library's message may quote the text, so only its type is told.
        name = transcripts[place].source
        failures.append(f"{name}: could not be tagged ({type(error).__name__})")

    for session in tagger.pipe(transcripts, n_jobs=jobs, on_failure=failed):
        warnings |= dict.fromkeys(f"{session.source}: {w}" for w in session.warnings)
        yield session


def _printable(text: str) -> str:
    """The text with U+FFFD for the bytes of a file name that are not UTF-8."""
    try:
        return os.fsencode(text).decode("utf-8", "replace")
    except UnicodeEncodeError:  # half of a surrogate pair, which JSON allows in a row's id
        return text.encode("utf-8", "replace").decode("utf-8")


def _check_output(output: Path, files: Iterable[Path]) -> None:
    name = _printable(output.name)
    target = output.resolve()
    if target in {file.resolve() for file in files if file != STANDARD_STREAM}:
        raise OptionError(f"--output: {name} is one of the files to read; name another")
    if target.exists() and not target.is_file():
        raise OptionError(f"--output: {name or output} is not a plain file")
    if target.exists() and not is_own_result(target):
        raise OptionError(
            f"--output: {name} is there already and is no result of `ipt-nlp tag`; "
            "name another file, or move that one away"
        )
    folder = next(parent for parent in target.parents if parent.exists())
    if not folder.is_dir() or not os.access(folder, os.W_OK | os.X_OK):
        raise OptionError(f"--output: {name} cannot be written in that folder")


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

    content = "".join(chunks)
    try:
        write_private(output, content)
    except OSError as error:
        raise OptionError(f"--output: {_printable(output.name)}: {error.strerror}") from None
