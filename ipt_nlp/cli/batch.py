"""``ipt-nlp tag`` into a folder: a result file for each file, side by side, resumable."""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ipt_nlp.cli.console import warn
from ipt_nlp.cli.own_results import is_own_result
from ipt_nlp.errors import CorpusError, OptionError

if TYPE_CHECKING:
    from rich.progress import Progress

    from ipt_nlp.batch import Batch, Done, Piece


CONNECT_S = 10
"""How long a scheduler may take to answer."""


class Backend(StrEnum):
    """Where work is done: processes of this machine, or workers of a dask cluster."""

    local = "local"
    dask = "dask"


def is_folder(output: Path, paths: list[Path]) -> bool:
    """Whether results go into a folder: it is one, or several files are read and it names none."""
    if output.exists():
        return output.is_dir()
    from ipt_nlp.readers.tables import is_table

    several = len(paths) > 1 or any(path.is_dir() or is_table(path) for path in paths)
    return not output.suffix and several


def planned(
    paths: list[Path], output: Path, output_format: str, text_column: str, failures: list[str]
) -> Iterable[Piece]:
    """What there is to do: a list for files, a stream as soon as a table is among them.

    A table that turns out to be broken while it is streamed is told in ``failures``, and so is
    what would be written over a file that is no result; the others go on.

    Raises:
        IptNlpError: As :func:`ipt_nlp.batch.plan`.
    """
    from itertools import chain

    from ipt_nlp.batch import plan, plan_table
    from ipt_nlp.readers.tables import is_table, table_at

    named = [path for path in paths if is_table(path)]
    tables = [table_at(path, text_column) for path in named]
    # Those on the hub first: `datasets` is told for good, when it is imported, to stay offline.
    tables.sort(key=lambda table: not table.table.on_hub)
    names = Counter(table.shown for table in tables)
    if names and (twice := names.most_common(1)[0])[1] > 1:
        raise OptionError(
            f"{twice[0]}: two tables of that name; tag them into folders of their own"
        )
    files = plan([path for path in paths if path not in named], output, output_format)
    kept = list(_not_over_others(files, failures))
    if not tables:
        return kept
    parts = [plan_table(table, output, output_format, say=warn) for table in tables]
    return chain(kept, *(_not_over_others(_until_broken(p, failures), failures) for p in parts))


def _not_over_others(pieces: Iterable[Piece], failures: list[str]) -> Iterator[Piece]:
    """The pieces whose place is free or holds a result; of the others it is told why they stay."""
    for piece in pieces:
        if piece.output.is_file() and not is_own_result(piece.output):
            failures.append(
                f"{piece.file.name}: not tagged, because --output holds a {piece.output.name} "
                "that is no result of `ipt-nlp tag`; name another folder, or move that file away"
            )
        else:
            yield piece


def _until_broken(pieces: Iterable[Piece], failures: list[str]) -> Iterator[Piece]:
    try:
        yield from pieces
    except CorpusError as error:
        failures.append(str(error))


def tag_into(
    batch: Batch,
    pieces: Iterable[Piece],
    failures: list[str],
    *,
    jobs: int,
    workers: Callable[[], AbstractContextManager[Any]] | None,
) -> None:
    """Tag, with progress; say what was done on standard error and add to the failures."""
    from ipt_nlp.batch import run

    counts = {"tagged": 0, "skipped": 0, "sessions": 0, "words": 0}
    started = time.monotonic()
    total = len(pieces) if isinstance(pieces, Collection) else None
    with _progress() as bar:
        task = bar.add_task("tagging", total=total, rate="")
        for done in run(batch, pieces, n_jobs=jobs, workers=workers):
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


def _count(done: Done, counts: dict[str, int]) -> None:
    if done.skipped:
        counts["skipped"] += 1
    elif done.sessions:
        counts["tagged"] += 1
        counts["sessions"] += done.sessions
        counts["words"] += done.words


def workers_of(
    backend: Backend, scheduler: str | None
) -> Callable[[], AbstractContextManager[Any]] | None:
    """A context in which joblib finds the workers; None for this machine's processes.

    Inside, whatever the cluster fails with is an ``OptionError``, but for a piece of work that
    killed every worker it was given to (``distributed.scheduler.KilledWorker``).

    Raises:
        OptionError: A scheduler without dask or the other way round, or dask is not installed.
    """
    if backend is Backend.local:
        if scheduler is not None:
            raise OptionError("--scheduler: goes with --backend dask")
        return None
    if scheduler is None:
        raise OptionError("--backend dask: name the scheduler, --scheduler tcp://host:8786")
    try:
        from distributed import Client
    except ImportError:
        raise OptionError("--backend dask: not installed; pip install 'ipt-nlp[dask]'") from None

    @contextmanager
    def cluster() -> Iterator[None]:
        from joblib import parallel_config
        from joblib._dask import DaskDistributedBackend

        class Cluster(DaskDistributedBackend):  # type: ignore[misc]
            """Joblib does the work of a cluster of one core in this process, where it must not."""

            def effective_n_jobs(self, n_jobs: int) -> int:
                return max(2, int(super().effective_n_jobs(n_jobs)))

        try:
            client = Client(scheduler, timeout=CONNECT_S, set_as_default=False)  # type: ignore[no-untyped-call]
        except (OSError, ValueError):
            raise OptionError("--scheduler: no scheduler answers there") from None
        with client, _said_plainly():
            backend = Cluster(client=client, wait_for_workers_timeout=30)
            with parallel_config(backend=backend):
                yield

    return cluster


@contextmanager
def _said_plainly() -> Iterator[None]:
    """What a cluster fails with, as errors of ours."""
    from concurrent.futures import CancelledError

    from distributed.comm.core import CommClosedError

    try:
        yield
    except TimeoutError:
        raise OptionError("--scheduler: it has no workers; start some and run this again") from None
    except (CancelledError, CommClosedError):
        raise OptionError(
            "--scheduler: it went away; what is done is kept, run this again"
        ) from None
    except (ImportError, AttributeError, RuntimeError) as error:
        raise OptionError(
            f"--scheduler: its workers could not begin ({type(error).__name__}); "
            "is the same ipt-nlp installed there?"
        ) from None


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
