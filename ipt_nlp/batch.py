"""Many files -> one result file each, side by side, again and again without doing work twice.

Each file, or part of a table, is one piece of work. What is done is kept in a record beside the
results; a piece is skipped while its content, the models and the way of writing are the same.
Pieces travel in shards to the processes that joblib finds: of this machine, or of a cluster.
"""

from __future__ import annotations

import json
import os
import re
import sys
import threading
import uuid
from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from filelock import FileLock, Timeout
from joblib import Parallel, delayed, effective_n_jobs
from joblib.externals.loky.process_executor import TerminatedWorkerError

from ipt_nlp import readers
from ipt_nlp.errors import IptNlpError, OptionError
from ipt_nlp.places import PARTIAL_PREFIX, PARTIAL_SUFFIX, private_folder, write_private
from ipt_nlp.readers.tables import PART_CHARS, PART_ROWS, Table
from ipt_nlp.workers import Batch, Done, Piece, Task, tag_piece, tag_shard

if TYPE_CHECKING:
    from ipt_nlp.tagger import Tagger

__all__ = ["Batch", "Done", "Piece", "plan", "plan_table", "run"]

RECORD = ".ipt-nlp-done.jsonl"
LOCK = ".ipt-nlp.lock"
SUFFIXES = {
    "pretty": ".txt",
    "jsonl": ".jsonl",
    "csv": ".csv",
    "html": ".html",
    "parquet": ".parquet",
}
_PART = re.compile(r"-\d{5}$")
SHARD_PIECES = 32
SHARD_BYTES = 2**16
"""A shard is closed at this many files or bytes (some seconds' work), earlier in small runs."""
SHARDS_A_WORKER = 4

Workers = Callable[[], AbstractContextManager[Any]]
"""Makes a context in which joblib finds other workers (``joblib.parallel_config``)."""


def plan(paths: Sequence[Path], output: Path, output_format: str) -> list[Piece]:
    """The files to read, each with its result file.

    A folder that was given is mirrored below ``output``; the name of a file is kept whole
    (``a.vtt.jsonl``), so ``a.vtt`` and ``a.txt`` stay apart.

    Raises:
        ReadError: A path is missing or cannot be read.
        OptionError: Two files would be written to one place, or results beside what is read.
    """
    _refuse_inside(paths, output)
    planned: dict[Path, Piece] = {}
    taken: set[Path] = set()
    for path in paths:
        for file in readers.expand([path]):
            if file in planned:
                continue
            inside = file.relative_to(path) if path.is_dir() else Path(file.name)
            target = output / inside.with_name(inside.name + SUFFIXES[output_format])
            if target in taken:
                raise OptionError(
                    f"{file.name}: two files of that name; give the folder that holds both"
                )
            taken.add(target)
            planned[file] = Piece(file, target)
    return list(planned.values())


def plan_table(
    table: Table, output: Path, output_format: str, *, say: Callable[[str], None] | None = None
) -> Iterator[Piece]:
    """The parts of a table as they are streamed: ``output/NAME/SPLIT-00000.jsonl`` and so on.

    A part is ``PART_ROWS`` rows, or fewer long ones; the same table always gives the same parts.

    Args:
        table: Opened.
        output: Folder of the results.
        output_format: A key of ``SUFFIXES``.
        say: Told when all parts were streamed and the folder holds results of others: the table
            had more rows when it was tagged before.

    Raises:
        CorpusError: It cannot be read, or has no such column.
        OptionError: Results beside what is read.
    """
    # At once, not when the first part is asked for.
    _refuse_inside([table.path] if table.path else [], output)
    return _plan_parts(table, output, output_format, say)


def _plan_parts(
    table: Table, output: Path, output_format: str, say: Callable[[str], None] | None
) -> Iterator[Piece]:
    folder = output / re.sub(r"[^\w.-]+", "--", table.shown)
    made: set[Path] = set()
    for split, rows in table.splits():
        for number, part in enumerate(_parts(rows)):
            name = f"{split}-{number:05d}"
            target = folder / (name + SUFFIXES[output_format])
            made.add(target)
            yield Piece(Path(f"{table.shown}#{name}"), target, tuple(part))
    old = {f for f in folder.glob(f"*{SUFFIXES[output_format]}") if _PART.search(f.stem)} - made
    if old and say is not None:
        say(
            f"{table.shown}: {len(old)} result files are of rows that it no longer has; "
            f"remove {', '.join(sorted(f.name for f in old)[:3])}{' …' if len(old) > 3 else ''}"
        )


def _parts(rows: Iterable[Any]) -> Iterator[list[Any]]:
    part: list[Any] = []
    size = 0
    for row in rows:
        part.append(row)
        size += len(row.text or "")
        if len(part) >= PART_ROWS or size >= PART_CHARS:
            yield part
            part, size = [], 0
    if part:
        yield part


def _refuse_inside(paths: Sequence[Path], output: Path) -> None:
    for path in paths:
        if path.is_dir() and output.resolve().is_relative_to(path.resolve()):
            raise OptionError("--output: lies in the folder that is read; name one outside it")


def run(
    batch: Batch,
    pieces: Iterable[Piece],
    *,
    n_jobs: int = 1,
    tagger: Tagger | None = None,
    workers: Workers | None = None,
) -> Iterator[Done]:
    """Tag every piece that is not done, in any order; one that fails stops no other.

    Nothing is loaded, and no worker asked for, before a piece turns up that is not done.

    Args:
        batch: How.
        pieces: From :func:`plan` and :func:`plan_table`; looked at as they are needed.
        n_jobs: Processes; not used with ``workers``, all of which get work.
        tagger: For one process: the one that is loaded already.
        workers: A context in which joblib finds other workers than this machine's.

    Raises:
        OptionError: The folder cannot be written, another run writes into it, or a worker does
            not see it.
        BundleError: The bundle is not trusted, or a worker has another.
    """
    try:
        private_folder(batch.output)
        with FileLock(batch.output / LOCK, timeout=0):
            _remove_partial(batch.output)
            sign = f"{PARTIAL_PREFIX}{uuid.uuid4().hex}{PARTIAL_SUFFIX}"
            write_private(batch.output / sign, "a run is on\n")
            try:
                yield from _Run(replace(batch, sign=sign), pieces, n_jobs, workers).go(tagger)
            finally:
                # Its own sign, and what workers that were killed had begun to write.
                _remove_partial(batch.output)
    except Timeout:
        raise OptionError("--output: another run writes into that folder") from None
    except OSError as error:
        raise OptionError(f"--output: cannot be written ({error.strerror})") from None


class _Run:
    """One run: pieces are looked at, sent and reported on at the same time, none held longer."""

    def __init__(
        self, batch: Batch, pieces: Iterable[Piece], n_jobs: int, workers: Workers | None
    ) -> None:
        self.batch = batch
        self.n_jobs = n_jobs
        self.workers = workers
        self._n_pieces = len(pieces) if isinstance(pieces, Collection) else None
        self._record = _read_record(batch.output)
        self._told: deque[Done] = deque()
        self._sent: dict[Path, Task] = {}
        # joblib asks for work from threads of its own, which may outlive a run that broke off.
        self._asking = threading.Lock()
        self._trouble: Exception | None = None
        self._tasks = self._look(pieces)

    def go(self, tagger: Tagger | None) -> Iterator[Done]:
        path = self.batch.output / RECORD
        with path.open("a", encoding="utf-8") as log:
            path.chmod(0o600)
            for done in self._results(tagger):
                if done.final and not done.skipped:
                    told = asdict(done)
                    del told["skipped"], told["final"]
                    log.write(json.dumps(told) + "\n")
                    log.flush()
                yield done

    def _look(self, pieces: Iterable[Piece]) -> Iterator[Task]:
        """The pieces that are not done; the others are told at once."""
        for piece in pieces:
            inside = self.batch.inside(piece.output)
            try:
                key = self.batch.key(piece.content_hash())
            except IptNlpError as error:
                self._told.append(Done(str(piece.file), inside, "", failures=(str(error),)))
                continue
            before = self._record.get(inside)
            if before is not None and before.key == key and piece.output.is_file():
                self._told.append(replace(before, skipped=True))
            else:
                yield Task(piece, key)

    def _results(self, tagger: Tagger | None) -> Iterator[Done]:
        first = next(self._tasks, None)
        yield from self._tell()
        if first is None:
            return
        self._tasks = _before(first, self._tasks)
        if self.workers is None and self.n_jobs == 1:
            tagger = tagger or _tagger(self.batch)
            for task in self._tasks:
                yield from self._tell()
                yield tag_piece(self.batch, task, tagger)
        else:
            yield from self._side_by_side()
        yield from self._tell()

    def _tell(self) -> Iterator[Done]:
        while self._told:
            yield self._told.popleft()

    def _side_by_side(self) -> Iterator[Done]:
        """Shards; then, after a process was killed, what it may have been killed by.

        Those pieces are tried again one a shard, and at last one at a time, so that the one that
        no process survives is named and the others are done.
        """
        # Beside each other nothing travels far, and what is stopped loses one piece a process.
        yield from self._until_done(SHARD_PIECES if self.workers else 1)
        self._tasks = iter(self._take_back())
        yield from self._until_done(1)
        for task in self._take_back():
            self._tasks = iter([task])
            yield from self._until_done(1)
            if self._take_back():
                yield Done(
                    str(task.piece.file),
                    self.batch.inside(task.piece.output),
                    task.key,
                    failures=(
                        f"{task.piece.file.name}: the process that tagged it was killed, "
                        "most likely for want of memory",
                    ),
                )

    def _take_back(self) -> list[Task]:
        with self._asking:
            left = list(self._sent.values())
            self._sent.clear()
        return left

    def _until_done(self, most: int) -> Iterator[Done]:
        """Work on ``_tasks``, at most so many a shard; what never came back stays in ``_sent``."""
        more = True
        while more:
            try:
                with (self.workers or nullcontext)():
                    jobs = effective_n_jobs(-1 if self.workers else self.n_jobs)
                    parallel = Parallel(jobs, return_as="generator_unordered", batch_size=1)
                    for shard in parallel(self._calls(self._shard_pieces(most, jobs))):
                        for done in shard:
                            self._sent.pop(self.batch.output / done.output, None)
                            yield done
                        yield from self._tell()
                more = False
            except _killed():
                # From outside, most likely for want of memory: the others go on.
                with self._asking:
                    following = next(self._tasks, None)
                    more = following is not None
                    if following is not None:
                        self._tasks = _before(following, self._tasks)
        if self._trouble is not None:
            raise self._trouble

    def _shard_pieces(self, most: int, jobs: int) -> int:
        """Pieces of a shard: in a small run few, so that every worker gets some."""
        if self._n_pieces is None:
            return most
        return min(most, max(1, self._n_pieces // (SHARDS_A_WORKER * max(1, jobs))))

    def _calls(self, shard_pieces: int) -> Iterator[Any]:
        while shard := self._shard(shard_pieces):
            yield delayed(tag_shard)(self.batch, shard)

    def _shard(self, n_pieces: int) -> tuple[Task, ...]:
        shard: list[Task] = []
        size = 0
        with self._asking:
            try:
                for task in self._tasks:
                    shard.append(task)
                    self._sent[task.piece.output] = task
                    size += _size(task.piece)
                    if len(shard) >= n_pieces or size >= SHARD_BYTES:
                        break
            except Exception as error:
                # joblib would wait for ever if the one whom it asks for work raised.
                self._trouble = error
                self._tasks = iter(())
        return tuple(shard)


def _size(piece: Piece) -> int:
    if piece.rows is not None:
        return SHARD_BYTES  # a part of a table is a shard of its own
    try:
        return piece.file.stat().st_size
    except OSError:
        return 0


def _before(first: Task, rest: Iterator[Task]) -> Iterator[Task]:
    yield first
    yield from rest


def _tagger(batch: Batch) -> Tagger:
    from ipt_nlp.tagger import tagger_here

    return tagger_here(batch.source)


def _killed() -> tuple[type[Exception], ...]:
    """How joblib's backends say that a process was killed; dask only after it happened again."""
    found: list[type[Exception]] = [TerminatedWorkerError]
    if dask := sys.modules.get("distributed.scheduler"):
        found.append(dask.KilledWorker)
    return tuple(found)


def _remove_partial(folder: Path) -> None:
    """Files that a run was writing when it was killed; not those of runs into folders inside."""
    for here, inside, names in os.walk(folder):
        inside[:] = [name for name in inside if not Path(here, name, LOCK).exists()]
        for name in names:
            if name.startswith(PARTIAL_PREFIX) and name.endswith(PARTIAL_SUFFIX):
                Path(here, name).unlink(missing_ok=True)


def _read_record(folder: Path) -> dict[str, Done]:
    try:
        lines = (folder / RECORD).read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError):
        raise OptionError(f"--output: {RECORD} in it cannot be read; remove it") from None
    found = {}
    for line in lines:
        try:
            raw = json.loads(line)
            told = {name: tuple(raw[name]) for name in ("warnings", "failures")}
            done = Done(**{**raw, **told, "final": True})
        except (ValueError, TypeError, KeyError):
            continue  # the last line of a run that was killed: that piece is done again
        found[done.output] = done
    return found
