"""What a process does that tags for a batch: read a piece of work, tag it, write its result.

Only counts travel back, so memory does not grow with the number of pieces. A process that cannot
give the results that were asked for (another bundle, another version, another folder) refuses.
"""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from joblib import parallel_config

import ipt_nlp
from ipt_nlp import readers
from ipt_nlp.errors import BundleError, IptNlpError, OptionError
from ipt_nlp.places import open_private
from ipt_nlp.readers.tables import TableRow
from ipt_nlp.sources import TaggerSource, source_of
from ipt_nlp.transcript import Transcript

if TYPE_CHECKING:
    from ipt_nlp.result import TaggedSession
    from ipt_nlp.tagger import Tagger

_ONE_AT_A_TIME = threading.Lock()
"""A dask worker may run several threads; a spaCy pipeline serves one."""


@dataclass(frozen=True)
class Piece:
    """A piece of work: a file, or ``rows`` of a table (``file`` is then what the part is called).

    ``output`` is the result file that is made of it.
    """

    file: Path
    output: Path
    rows: tuple[TableRow, ...] | None = None

    def content_hash(self) -> str:
        """SHA-256 of what is read.

        Raises:
            ReadError: The file cannot be read.
        """
        if self.rows is None:
            return hashlib.sha256(readers.content(self.file)).hexdigest()
        told = json.dumps([[row.id, row.text] for row in self.rows])
        return hashlib.sha256(told.encode("ascii")).hexdigest()


@dataclass(frozen=True)
class Task:
    """A piece that is to be tagged; ``key`` is what its result depends on."""

    piece: Piece
    key: str


@dataclass(frozen=True)
class Done:
    """What became of a piece: counts, warnings, and why what failed did; no words of any text.

    ``final`` says that doing it again would change nothing: its result is written, and what failed
    could not be read.
    """

    file: str
    output: str
    key: str
    sessions: int = 0
    words: int = 0
    warnings: tuple[str, ...] = ()
    failures: tuple[str, ...] = ()
    final: bool = False
    skipped: bool = field(default=False, compare=False)


@dataclass(frozen=True)
class Batch:
    """How pieces are tagged: the models, the way of reading and of writing.

    ``sign`` names a file in ``output`` while a run is on: a process that does not see it works on
    another folder of that name. ``version`` is that of the package.
    """

    source: TaggerSource
    output: Path
    output_format: str = "jsonl"
    therapist: str | None = None
    course_length: int | None = None
    sign: str | None = None
    version: str = ipt_nlp.__version__

    def key(self, content_hash: str) -> str:
        """A hash of everything that a result depends on."""
        told = [
            self.version,
            self.source.digest,
            self.source.language,
            repr(self.source.options),
            self.output_format,
            self.therapist or "",
            str(self.course_length),
            content_hash,
        ]
        return hashlib.sha256("\n".join(told).encode("utf-8")).hexdigest()

    def inside(self, output: Path) -> str:
        """A result file as the record names it."""
        return str(output.relative_to(self.output))


def tag_shard(batch: Batch, tasks: Sequence[Task]) -> list[Done]:
    """Tag some pieces in a process of their own; the models are loaded once in each.

    Raises:
        BundleError, OptionError: The models, the package or the folder are others than the
            batch's: nothing is tagged.
    """
    # scikit-learn would hand a part of this work to the cluster, whose workers wait for this one.
    with _ONE_AT_A_TIME, parallel_config(backend="sequential"):
        tagger = _tagger(batch.source, batch.version)
        if batch.sign is not None and not (batch.output / batch.sign).exists():
            raise OptionError(
                "--output: a worker does not see that folder; "
                "it must be at the same path for all of them"
            )
        return [tag_piece(batch, task, tagger) for task in tasks]


@cache
def _tagger(source: TaggerSource, version: str) -> Tagger:
    if version != ipt_nlp.__version__:
        raise OptionError(f"a worker has ipt-nlp {ipt_nlp.__version__}, this is {version}")
    here = source.here()
    found = source_of(here.model, here.spacy_model)
    if found.digest != source.digest:
        raise BundleError(
            f"a worker has another bundle there, {found.digest}, than this, {source.digest}"
        )
    if found.language != source.language:
        raise BundleError(
            f"a worker has the spaCy pipeline {found.language}, this is {source.language}"
        )
    from ipt_nlp.tagger import tagger_here

    return tagger_here(here, n_threads=1)


def tag_piece(batch: Batch, task: Task, tagger: Tagger) -> Done:
    """Read, tag and write one piece; what fails is told, not raised."""
    piece = task.piece
    sessions = words = 0
    warnings: list[str] = []
    failures: list[str] = []
    written = shaky = False

    def tagged() -> Iterator[TaggedSession]:
        nonlocal sessions, words, shaky
        for transcript in _transcripts(batch, piece, failures):
            try:
                session = tagger.tag(replace(transcript, course_length=batch.course_length))
            except Exception as error:  # one session of thousands: the others go on
                # A library's message may quote the text, so only its type is told.
                failures.append(
                    f"{transcript.source}: could not be tagged ({type(error).__name__})"
                )
                shaky = True
                continue
            sessions += 1
            words += len(transcript.text.split())
            warnings.extend(f"{transcript.source}: {w}" for w in session.warnings)
            yield session

    try:
        with open_private(piece.output) as file:
            _write(batch.output_format, tagged(), file)
            if not sessions:
                raise _NothingTagged
        written = True
    except _NothingTagged:
        pass
    except OptionError as error:
        failures.append(f"{piece.file.name}: {error}")
    except IptNlpError as error:
        failures.append(str(error))
    except OSError as error:
        failures.append(f"{piece.file.name}: the result could not be written ({error.strerror})")
    except Exception as error:  # a fault of ours in one piece: the others go on
        failures.append(f"{piece.file.name}: could not be tagged ({type(error).__name__})")
    return Done(
        str(piece.file),
        batch.inside(piece.output),
        task.key,
        sessions if written else 0,
        words if written else 0,
        tuple(dict.fromkeys(warnings)),
        tuple(failures),
        written and not shaky,
    )


def _transcripts(batch: Batch, piece: Piece, failures: list[str]) -> Iterator[Transcript]:
    if piece.rows is None:
        yield from readers.read(piece.file, therapist=batch.therapist)
        return
    for row in piece.rows:
        try:
            yield row.transcript()
        except IptNlpError as error:
            failures.append(str(error))


def _write(output_format: str, sessions: Iterator[TaggedSession], file: BinaryIO) -> None:
    if output_format == "parquet":
        from ipt_nlp.writers.parquet import write

        write(sessions, file)
        return
    from ipt_nlp.writers import writer

    for text in writer(output_format, color=False)(sessions):
        file.write(text.encode("utf-8"))


class _NothingTagged(Exception):  # noqa: N818
    """No session of a piece could be tagged: there is nothing to write."""
