"""What every command shares: standard error, exit codes, and errors without tracebacks."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import typer

from ipt_nlp.errors import IptNlpError

if TYPE_CHECKING:
    from rich.progress import Progress

EXIT_FAILED = 2


def warn(message: str) -> None:
    """A line on standard error."""
    typer.echo(f"ipt-nlp: {message}", err=True)


@contextmanager
def reported() -> Iterator[None]:
    """Turn our own errors into one line on standard error and exit code 2."""
    try:
        yield
    except IptNlpError as error:
        warn(str(error))
        raise typer.Exit(EXIT_FAILED) from None
    except BrokenPipeError:
        # The reader of our output went away (`| head`): nobody is left to tell.
        sys.stderr.close()
        raise typer.Exit(EXIT_FAILED) from None


def progress_bar() -> Progress:
    """A progress bar on standard error, shown only on a terminal."""
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        disable=not sys.stderr.isatty(),
        transient=True,
    )
