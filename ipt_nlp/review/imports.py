"""Sessions from outside: result documents of a folder, and files checked and tagged in the room."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from ipt_nlp import readers
from ipt_nlp.errors import IptNlpError, OptionError, ReadError
from ipt_nlp.result import FlagSpan, TaggedSession
from ipt_nlp.review.database import ROOM
from ipt_nlp.review.store import Store
from ipt_nlp.scratch import scratch_folder
from ipt_nlp.transcript import Transcript

if TYPE_CHECKING:
    from ipt_nlp.tagger import Tagger

RESULT_SUFFIXES = (".json", ".jsonl")
_FORMAT = '"format":"ipt-nlp/1"'
_BATCH = 50


@dataclass(frozen=True)
class Imported:
    """What adding a folder did; ``problems`` name a file and line each, no words of it."""

    added: int
    known: int
    problems: tuple[str, ...]
    untagged: tuple[str, ...]


def result_files(folder: Path) -> Iterator[Path]:
    """Files below a folder that hold result documents; hidden ones are left out."""
    for path in sorted(folder.rglob("*")):
        inside = path.relative_to(folder)
        hidden = any(part.startswith(".") or part == ROOM for part in inside.parts)
        if not hidden and path.suffix in RESULT_SUFFIXES and path.is_file() and _holds(path):
            yield path


def _holds(path: Path) -> bool:
    try:
        with path.open(encoding="utf-8") as file:
            return _FORMAT in file.read(200).replace(" ", "")
    except (OSError, UnicodeDecodeError):
        return False


def add_folder(store: Store, folder: Path, *, by: str, synthetic: bool = False) -> Imported:
    """Add the result documents of a folder; those that are here already stay as they are."""
    problems: list[str] = []
    seen = added = 0
    batch: list[TaggedSession] = []
    for session in _documents(folder, problems):
        seen += 1
        batch.append(session)
        if len(batch) == _BATCH:
            added += len(store.add(batch, by=by, synthetic=synthetic))
            batch = []
    added += len(store.add(batch, by=by, synthetic=synthetic))
    return Imported(added, seen - added, tuple(problems), tuple(_untagged(folder)))


def _documents(folder: Path, problems: list[str]) -> Iterator[TaggedSession]:
    for path in result_files(folder):
        with path.open(encoding="utf-8") as lines:
            for number, line in enumerate(lines, 1):
                if not line.strip():
                    continue
                try:
                    yield TaggedSession.from_json(line, source=f"{path.name}:{number}")
                except IptNlpError as error:
                    problems.append(str(error))


def _untagged(folder: Path) -> Iterator[str]:
    suffixes = set(readers.SUFFIXES) - set(RESULT_SUFFIXES)
    for path in sorted(folder.iterdir()):
        if path.suffix.casefold() in suffixes and not path.name.startswith("."):
            yield path.name


@dataclass(frozen=True)
class Checked:
    """A transcript that was read, with what could identify someone in it."""

    transcript: Transcript
    identifiers: tuple[FlagSpan, ...]

    def turn_of(self, flag: FlagSpan) -> int:
        """1-based number of the turn that a flag is in."""
        for turn in self.transcript.turns:
            if flag.start_char < turn.end_char:
                return turn.index + 1
        return len(self.transcript.turns)


def read_upload(name: str, content: bytes, therapist: str | None = None) -> list[Transcript]:
    """The transcripts in a file that came from a browser.

    The file lies in a folder of its own for as long as it is read, readable by the owner alone.

    Raises:
        ReadError: It cannot be read.
        OptionError: No speaker is called ``therapist``.
    """
    safe = re.sub(r"[^\w .-]", "_", Path(name.replace("\\", "/")).name).lstrip(".") or "file.txt"
    with scratch_folder() as folder:
        path = Path(folder) / safe[-120:]
        path.touch(mode=0o600)
        path.write_bytes(content)
        return list(readers.read(path, therapist=therapist or None))


def check(transcript: Transcript) -> Checked:
    """What could identify someone in the text or in the labels of its speakers."""
    return Checked(transcript, tuple(find_identifiers(transcript)))


def find_identifiers(transcript: Transcript) -> Iterator[FlagSpan]:
    """Identifiers in the words of a transcript, profile ``everyday``."""
    from ipt_nlp.identifiers import IdentifierFinder

    speakers = {turn.speaker for turn in transcript.turns if turn.speaker}
    for found in IdentifierFinder().find(transcript.text, speakers=sorted(speakers)):
        yield FlagSpan(
            start_char=found.start_char,
            end_char=found.end_char,
            quote=transcript.text[found.start_char : found.end_char],
            flag="identifier",
            kind=found.kind,
            score=found.score,
            level=found.level,
        )


def tag(
    tagger: Tagger, transcripts: Sequence[Transcript], *, client: str | None, number: int | None
) -> list[TaggedSession]:
    """Tag what was read, with the client and the number that the reviewer gave.

    Raises:
        OptionError: A number for several transcripts at once.
        ReadError: A transcript cannot be tagged.
    """
    if number is not None and len(transcripts) > 1:
        raise OptionError("a session number needs a file with one session")
    found = []
    for transcript in transcripts:
        named = replace(
            transcript,
            client_id=transcript.client_id or client,
            session_number=transcript.session_number if number is None else number,
        )
        try:
            found.append(tagger.tag(named))
        except ValueError as error:
            raise ReadError(
                transcript.source, f"could not be tagged ({type(error).__name__})"
            ) from None
    return found
