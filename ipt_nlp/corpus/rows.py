"""Rows of a corpus (format ``ipt-nlp-corpus/1``): what each may hold, read line by line."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError, model_validator

from ipt_nlp import codebook
from ipt_nlp.codebook import RiskStatus, RiskSubject, Who
from ipt_nlp.errors import CorpusError
from ipt_nlp.result import AreaKey, FlagKey, PatternKey

Genre = Literal[
    "board", "chat", "intake", "first_minutes", "session", "segment", "note", "identifier", "text"
]
"""``session`` is a turn of a session, ``segment`` a stretch of one as the tagger cuts it."""

PASSES_FOLDER = "passes"
"""Folder of a corpus with the labels of each pass; no rows."""


class _Row(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Quoted(_Row):
    start_char: int
    end_char: int
    quote: str


class CorpusPattern(_Quoted):
    """A communication pattern: words of the text, code points."""

    pattern: PatternKey
    who: Who


class CorpusFlag(_Quoted):
    """A risk statement or an identifier: words of the text, code points."""

    flag: FlagKey
    status: RiskStatus | None = None
    subject: RiskSubject | None = None
    kind: str | None = None


class CorpusRow(_Row):
    """One text of a corpus with everything that is labelled on it.

    ``unscored_areas`` and ``unscored_flags`` name cells that no labeller settled: they are left
    out of training and scoring.
    """

    id: str
    text: str
    genre: Genre
    client: str | None = None
    session: str | None = None
    session_number: int | None = None
    turn_index: int | None = None
    role: Literal["therapist", "client", "other"] | None = None
    writer: str
    areas: tuple[AreaKey, ...] = ()
    primary: AreaKey | None = None
    unscored_areas: tuple[AreaKey, ...] = ()
    patterns: tuple[CorpusPattern, ...] = ()
    patterns_labelled: bool = False
    flags: tuple[CorpusFlag, ...] = ()
    unscored_flags: tuple[FlagKey, ...] = ()
    rules: tuple[str, ...] = ()
    codebook: str
    synthetic: bool

    @model_validator(mode="after")
    def _consistent(self) -> CorpusRow:
        if not self.text.strip():
            raise ValueError("text is empty")
        if len(set(self.areas)) != len(self.areas):
            raise ValueError("areas: an area is named twice")
        if self.areas and self.primary not in self.areas:
            raise ValueError("primary must be one of areas")
        if not self.areas and self.primary is not None:
            raise ValueError("primary without areas")
        if unknown := set(self.rules) - set(codebook.RULES):
            raise ValueError(f"rules: {len(unknown)} not in the codebook")
        quoted: dict[str, Sequence[_Quoted]] = {"patterns": self.patterns, "flags": self.flags}
        for kind, spans in quoted.items():
            for i, span in enumerate(spans):
                if self.text[span.start_char : span.end_char] != span.quote:
                    raise ValueError(f"{kind}.{i}: quote is not the slice at its offsets")
        return self


@dataclass(frozen=True)
class Problem:
    """Something wrong with a row: file, 1-based line, and what; no words of the text."""

    file: str
    line: int
    message: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.message}"


def corpus_files(path: Path) -> list[Path]:
    """The JSON Lines files of a corpus: the file itself, or those in the folder.

    Hidden files and folders are left out, and so is ``passes``, whose lines are labels of rows.

    Raises:
        CorpusError: Nothing there.
    """
    if path.is_file():
        return [path]
    found = sorted(p for p in path.rglob("*.jsonl") if _holds_rows(p.relative_to(path)))
    if not found:
        raise CorpusError(f"{path.name}: no such corpus: neither a file nor a folder with .jsonl")
    return found


def _holds_rows(inside: Path) -> bool:
    hidden = any(part.startswith(".") for part in inside.parts)
    return not hidden and PASSES_FOLDER not in inside.parts[:-1]


def read_rows(path: Path) -> Iterator[tuple[int, CorpusRow | Problem]]:
    """Rows of a JSON Lines file with their line numbers; a broken row comes as a problem."""
    try:
        with path.open(encoding="utf-8") as lines:
            for number, line in enumerate(lines, 1):
                if line.strip():
                    yield number, _parse(path.name, number, line)
    except UnicodeDecodeError:
        raise CorpusError(f"{path.name}: not UTF-8") from None
    except OSError:
        raise CorpusError(f"{path.name}: cannot be read") from None


def _parse(file: str, number: int, line: str) -> CorpusRow | Problem:
    try:
        return CorpusRow.model_validate_json(line)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False, include_context=False)[0]
        field = ".".join(map(str, first["loc"])) or "row"
        return Problem(file, number, f"{field}: {first['msg']}")
