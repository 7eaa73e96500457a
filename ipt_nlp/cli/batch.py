"""``ipt-nlp tag`` into a folder: a result file for each file, side by side, resumable."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ipt_nlp.cli.console import warn
from ipt_nlp.errors import OptionError

if TYPE_CHECKING:
    from rich.progress import Progress

    from ipt_nlp.batch import Batch, Done


class Backend(StrEnum):
    """Where files are tagged: processes of this machine, or workers of a dask cluster."""

    local = "local"
    dask = "dask"


def is_folder(output: Path, paths: list[Path]) -> bool:
    """Whether results go into a folder: it is one, or several files are read and it names none."""
    if output.exists():
        return output.is_dir()
    several = len(paths) > 1 or any(path.is_dir() for path in paths)
    return not output.suffix and several


def tag_into(
    batch: Batch,
    planned: dict[Path, Path],
    *,
    jobs: int,
    workers: Callable[[], AbstractContextManager[Any]],
) -> list[str]:
    """Tag, with progress; say what was done on standard error and return the failures."""
    from ipt_nlp.batch import run

    failures: list[str] = []
    counts = {"tagged": 0, "skipped": 0, "sessions": 0, "words": 0}
    started = time.monotonic()
    with _progress() as bar:
        task = bar.add_task("tagging", total=len(planned), rate="")
        for done in run(batch, planned, n_jobs=jobs, backend=workers):
            _count(done, counts)
            failures += done.failures
            rate = counts["words"] / (time.monotonic() - started)
            bar.update(task, advance=1, rate=f"{rate:,.0f} words/s" if counts["words"] else "")
            if not done.skipped:
                for warning in done.warnings:
                    warn(warning)
    spent = time.monotonic() - started
    warn(
        f"{counts['tagged']} files tagged ({counts['sessions']} sessions, {counts['words']:,} "
        f"words, {counts['words'] / spent:,.0f} words/s), {counts['skipped']} done before, "
        f"{len(failures)} failures"
    )
    return failures


def _count(done: Done, counts: dict[str, int]) -> None:
    if done.skipped:
        counts["skipped"] += 1
    elif done.sessions:
        counts["tagged"] += 1
        counts["sessions"] += done.sessions
        counts["words"] += done.words


def workers_of(
    backend: Backend, scheduler: str | None
) -> Callable[[], AbstractContextManager[Any]]:
    """A context in which joblib finds the workers.

    Raises:
        OptionError: A scheduler without dask or the other way round, or dask is not installed.
    """
    if backend is Backend.local:
        if scheduler is not None:
            raise OptionError("--scheduler: goes with --backend dask")
        return nullcontext
    if scheduler is None:
        raise OptionError("--backend dask: name the scheduler, --scheduler tcp://host:8786")
    try:
        from distributed import Client
    except ImportError:
        raise OptionError("--backend dask: not installed; pip install 'ipt-nlp[dask]'") from None

    @contextmanager
    def cluster() -> Iterator[None]:
        from joblib import parallel_config

        try:
            client = Client(scheduler, timeout=10)  # type: ignore[no-untyped-call]
        except (OSError, ValueError):
            raise OptionError("--scheduler: no scheduler answers there") from None
        with client, parallel_config(backend="dask", client=client, wait_for_workers_timeout=30):
            yield

    return cluster


def _progress() -> Progress:
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
        TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        disable=not sys.stderr.isatty(),
        transient=True,
    )
