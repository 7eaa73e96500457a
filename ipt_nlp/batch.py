"""Many files -> one result file each, side by side, again and again without doing work twice.

Each file is one piece of work: a process reads, tags and writes it, so nothing but counts travels
back and memory does not grow with the number of files. What is done is kept in a record beside the
results; a file is skipped while its content, the models and the way of writing are the same.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout
from joblib import Parallel, delayed
from joblib.externals.loky.process_executor import TerminatedWorkerError

import ipt_nlp
from ipt_nlp import readers
from ipt_nlp.errors import IptNlpError, OptionError
from ipt_nlp.places import PARTIAL_PREFIX, PARTIAL_SUFFIX, open_private, private_folder
from ipt_nlp.tagger import Tagger, TaggerSource, tagger_here
from ipt_nlp.writers import writer

RECORD = ".ipt-nlp-done.jsonl"
LOCK = ".ipt-nlp.lock"
SUFFIXES = {"pretty": ".txt", "jsonl": ".jsonl", "csv": ".csv", "html": ".html"}
MAX_RESTARTS = 3
"""How often a run goes on after a process was killed, before what is left is given up."""


@dataclass(frozen=True)
class Task:
    """A file and the result file that is made of it; ``key`` is what the result depends on."""

    file: Path
    output: Path
    key: str


@dataclass(frozen=True)
class Done:
    """What became of a file: counts, warnings, and why what failed did; no words of any text."""

    file: str
    output: str
    key: str
    sessions: int = 0
    words: int = 0
    warnings: tuple[str, ...] = ()
    failures: tuple[str, ...] = ()
    skipped: bool = field(default=False, compare=False)


@dataclass(frozen=True)
class Batch:
    """How files are tagged: the models, the way of reading and of writing."""

    source: TaggerSource
    output: Path
    output_format: str = "jsonl"
    therapist: str | None = None
    course_length: int | None = None

    def key(self, content: bytes) -> str:
        """A hash of everything that a result depends on."""
        told = [
            ipt_nlp.__version__,
            self.source.digest,
            self.source.language,
            repr(self.source.options),
            self.output_format,
            self.therapist or "",
            str(self.course_length),
            hashlib.sha256(content).hexdigest(),
        ]
        return hashlib.sha256("\n".join(told).encode("utf-8")).hexdigest()


def plan(paths: Sequence[Path], output: Path, output_format: str) -> dict[Path, Path]:
    """The result file of each file.

    A folder that was given is mirrored below ``output``; the name of a file is kept whole
    (``a.vtt.jsonl``), so ``a.vtt`` and ``a.txt`` stay apart.

    Raises:
        ReadError: A path is missing or cannot be read.
        OptionError: Two files would be written to one place, or results beside what is read.
    """
    for path in paths:
        if path.is_dir() and output.resolve().is_relative_to(path.resolve()):
            raise OptionError("--output: lies in the folder that is read; name one outside it")
    planned: dict[Path, Path] = {}
    taken: dict[Path, Path] = {}
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
            planned[file] = taken[target] = target
    return planned


def run(
    batch: Batch,
    planned: dict[Path, Path],
    *,
    n_jobs: int = 1,
    tagger: Tagger | None = None,
    backend: Callable[[], AbstractContextManager[Any]] = nullcontext,
) -> Iterator[Done]:
    """Tag every file that is not done, in any order; one that fails stops no other.

    Args:
        batch: How.
        planned: Result file of each file, from :func:`plan`.
        n_jobs: Processes.
        tagger: For one process: the one that is loaded already.
        backend: A context in which joblib finds other workers (``joblib.parallel_config``).

    Raises:
        OptionError: The folder cannot be written, or another run writes into it.
    """
    private_folder(batch.output)
    try:
        with FileLock(batch.output / LOCK, timeout=0):
            _remove_partial(batch.output)
            record = _read_record(batch.output)
            yield from _run(batch, planned, record, n_jobs, tagger, backend)
    except Timeout:
        raise OptionError("--output: another run writes into that folder") from None


def _run(
    batch: Batch,
    planned: dict[Path, Path],
    record: dict[str, Done],
    n_jobs: int,
    tagger: Tagger | None,
    backend: Callable[[], AbstractContextManager[Any]],
) -> Iterator[Done]:
    todo: list[Task] = []
    for file, output in planned.items():
        try:
            content = readers.content(file)
        except IptNlpError as error:
            yield Done(str(file), str(output), "", failures=(str(error),))
            continue
        key = batch.key(content)
        before = record.get(str(output.relative_to(batch.output)))
        if before is not None and before.key == key and output.is_file():
            yield replace(before, skipped=True)
        else:
            todo.append(Task(file, output, key))
    with (batch.output / RECORD).open("a", encoding="utf-8") as log:
        (batch.output / RECORD).chmod(0o600)
        for done in _results(batch, todo, n_jobs, tagger, backend):
            if not done.failures:
                told = asdict(done)
                del told["skipped"]
                log.write(json.dumps(told) + "\n")
                log.flush()
            yield done


def _results(
    batch: Batch,
    todo: list[Task],
    n_jobs: int,
    tagger: Tagger | None,
    backend: Callable[[], AbstractContextManager[Any]],
) -> Iterator[Done]:
    if n_jobs == 1 and backend is nullcontext:
        own = tagger or tagger_here(batch.source)
        yield from (tag_file(batch, task, own) for task in todo)
        return
    left = {task.output: task for task in todo}
    for _ in range(1 + MAX_RESTARTS):
        try:
            with backend():
                parallel = Parallel(n_jobs=n_jobs, return_as="generator_unordered")
                for done in parallel(delayed(tag_file)(batch, task) for task in [*left.values()]):
                    left.pop(batch.output / done.output, None)
                    yield done
        except TerminatedWorkerError:
            # Killed from outside, most likely for want of memory: the others go on.
            continue
        return
    for task in left.values():
        yield Done(
            str(task.file),
            str(task.output.relative_to(batch.output)),
            task.key,
            failures=(f"{task.file.name}: a process was killed; use fewer --jobs",),
        )


def tag_file(batch: Batch, task: Task, tagger: Tagger | None = None) -> Done:
    """Read, tag and write one file; what fails is told, not raised."""
    tagger = tagger or tagger_here(batch.source, n_threads=1)
    sessions = words = 0
    warnings: list[str] = []
    failures: list[str] = []

    def tagged() -> Iterator[Any]:
        nonlocal sessions, words
        for transcript in readers.read(task.file, therapist=batch.therapist):
            try:
                session = tagger.tag(replace(transcript, course_length=batch.course_length))
            except (IptNlpError, ValueError) as error:
                # A library's message may quote the text, so only its type is told.
                failures.append(
                    f"{transcript.source}: could not be tagged ({type(error).__name__})"
                )
                continue
            sessions += 1
            words += len(transcript.text.split())
            warnings.extend(f"{transcript.source}: {w}" for w in session.warnings)
            yield session

    try:
        with open_private(task.output) as file:
            for piece in writer(batch.output_format, color=False)(tagged()):
                file.write(piece.encode("utf-8"))
            if not sessions:
                raise _NothingTagged
    except _NothingTagged:
        pass
    except OptionError as error:
        failures.append(f"{task.file.name}: {error}")
    except IptNlpError as error:
        failures.append(str(error))
    except OSError as error:
        failures.append(f"{task.file.name}: the result could not be written ({error.strerror})")
    return Done(
        str(task.file),
        str(task.output.relative_to(batch.output)),
        task.key,
        sessions,
        words,
        tuple(dict.fromkeys(warnings)),
        tuple(failures),
    )


class _NothingTagged(Exception):  # noqa: N818
    """No session of a file could be tagged: there is nothing to write."""


def _remove_partial(folder: Path) -> None:
    """Files that a run was writing when it was killed."""
    for left in folder.rglob(f"{PARTIAL_PREFIX}*{PARTIAL_SUFFIX}"):
        left.unlink(missing_ok=True)


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
            done = Done(**{**raw, "warnings": tuple(raw["warnings"]), "failures": ()})
        except (ValueError, TypeError, KeyError):
            continue  # the last line of a run that was killed: that file is done again
        found[done.output] = done
    return found
