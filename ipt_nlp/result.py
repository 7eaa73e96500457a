"""The result document (format ``ipt-nlp/1``): what a tagged session is, in memory and on disk.

Offsets are code points into ``text``; ``text[start_char:end_char] == quote`` holds for every span
and is checked whenever a document is read.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from functools import cache
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    WithJsonSchema,
    model_validator,
)

from ipt_nlp import codebook
from ipt_nlp.codebook import RiskStatus, RiskSubject, Who
from ipt_nlp.errors import ResultError
from ipt_nlp.speakers import Role, RoleSource
from ipt_nlp.transcript import Kind

NOTICE = (
    "Decision support for a clinician's own reading. It does not diagnose, it is no alarm system, "
    "and the absence of a label or flag means nothing."
)

Phase = Literal["initial", "middle", "ending"]
Level = Literal["direct", "weak"]


def _one_of(allowed: tuple[str, ...], what: str) -> tuple[AfterValidator, WithJsonSchema]:
    def check(value: str) -> str:
        if value not in allowed:
            raise ValueError(f"not {what} of the codebook")
        return value

    return AfterValidator(check), WithJsonSchema({"type": "string", "enum": list(allowed)})


AreaKey = Annotated[str, *_one_of(codebook.AREAS, "an area")]
PatternKey = Annotated[str, *_one_of(codebook.PATTERNS, "a pattern")]
FlagKey = Annotated[str, *_one_of(codebook.FLAGS, "a flag")]
ReviewReason = Annotated[str, *_one_of(codebook.REVIEW_REASONS, "a reason for review")]
Probability = Annotated[float, Field(ge=0.0, le=1.0)]


class _Model(BaseModel):
    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        str_strip_whitespace=False,
        allow_inf_nan=False,
        # A client's words must not be repeated in an error.
        hide_input_in_errors=True,
    )


class Span(_Model):
    """Words of the text: code points ``start_char`` to ``end_char`` (end not included)."""

    start_char: Annotated[int, Field(ge=0)]
    end_char: Annotated[int, Field(ge=0)]
    quote: str


class EvidenceSpan(Span):
    """Words that speak for an area; ``weight`` is how far its probability falls without them."""

    area: AreaKey
    weight: float


class PatternSpan(Span):
    """A communication pattern. ``source`` says what found it: ``rule:NAME`` or ``model:SCORE``.

    ``helpful`` is None where someone may be harmed by another person: keeping quiet may protect.
    """

    pattern: PatternKey
    helpful: bool | None
    who: Who
    source: str


class FlagSpan(Span):
    """Words that send the segment to a supervisor.

    Risk flags carry ``status`` and ``subject`` (the person at risk); identifiers carry ``kind``,
    ``score`` and ``level``.
    """

    flag: FlagKey
    status: RiskStatus | None = None
    subject: RiskSubject | None = None
    kind: str | None = None
    score: Probability | None = None
    level: Level | None = None


class Move(Span):
    """One step of a reported exchange."""

    who: Who
    patterns: tuple[PatternKey, ...] = ()


class Exchange(_Model):
    """A reported exchange in order; ``sequence`` names it where it has a known shape."""

    moves: tuple[Move, ...]
    sequence: str | None = None


class AreaScore(_Model):
    """Calibrated probability of an area, and whether it reaches the bundle's threshold."""

    probability: Probability
    present: bool


class ResultTurn(_Model):
    """A turn as it was read, with its role and how the role was decided."""

    index: Annotated[int, Field(ge=0)]
    speaker: str | None
    role: Role
    role_source: RoleSource
    start_char: int
    end_char: int
    start_s: float | None = None
    end_s: float | None = None


class ResultSegment(_Model):
    """A stretch of the text that is labelled as one; segments cover the text without gaps."""

    index: Annotated[int, Field(ge=0)]
    turns: tuple[int, int]
    start_char: int
    end_char: int
    text: str
    areas: dict[AreaKey, AreaScore]
    primary: AreaKey | None
    evidence: tuple[EvidenceSpan, ...] = ()
    patterns: tuple[PatternSpan, ...] = ()
    flags: tuple[FlagSpan, ...] = ()
    exchanges: tuple[Exchange, ...] = ()
    needs_review: bool = False
    review_reasons: tuple[ReviewReason, ...] = ()

    def spans(self) -> Iterator[Span]:
        yield from self.evidence
        yield from self.patterns
        yield from self.flags
        for exchange in self.exchanges:
            yield from exchange.moves


class Person(_Model):
    """Someone in the client's life, over the whole session."""

    mention: str
    names: tuple[str, ...] = ()
    relation: str | None = None
    deceased: bool | None = None
    count: int
    areas: tuple[AreaKey, ...] = ()
    patterns: tuple[PatternKey, ...] = ()


class Summary(_Model):
    """The session as a whole.

    ``areas`` is the share of the client's words (of all words in notes) in segments with that
    area; ``confidence`` is how far ``primary`` leads over ``runner_up``, 0 to 1.
    """

    primary: AreaKey | None
    runner_up: AreaKey | None
    confidence: Probability
    areas: dict[AreaKey, Probability]
    patterns: dict[PatternKey, int]
    flags: dict[ReviewReason, int]
    goals: tuple[Span, ...] = ()
    people: tuple[Person, ...] = ()


class ModelInfo(_Model):
    """Which bundle tagged the session; ``sha256`` is its digest."""

    name: str
    version: str
    sha256: str


class LanguageInfo(_Model):
    """Which spaCy pipeline read the session."""

    name: str
    version: str


class TaggedSession(_Model):
    """A result document: one session with its turns, segments and summary."""

    format: Literal["ipt-nlp/1"] = "ipt-nlp/1"
    notice: str = NOTICE
    source: str
    kind: Kind
    text_sha256: str
    client_id: str | None = None
    session_number: int | None = None
    session_date: str | None = None
    phase: Phase | None = None
    model: ModelInfo
    language: LanguageInfo
    codebook: str
    thresholds: dict[AreaKey, float]
    warnings: tuple[str, ...] = ()
    text: str
    turns: tuple[ResultTurn, ...]
    segments: tuple[ResultSegment, ...]
    summary: Summary

    @model_validator(mode="after")
    def _check_offsets(self) -> Self:
        if hashlib.sha256(self.text.encode("utf-8")).hexdigest() != self.text_sha256:
            raise ValueError("text_sha256 is not that of the text")
        end = -1
        for turn in self.turns:
            if not end < turn.start_char <= turn.end_char <= len(self.text):
                raise ValueError(f"turn {turn.index}: out of order or beyond the text")
            end = turn.end_char
        for segment in self.segments:
            where = f"segment {segment.index}"
            first, last = segment.turns
            if not 0 <= first <= last < len(self.turns):
                raise ValueError(f"{where}: turns that do not exist")
            if self.text[segment.start_char : segment.end_char] != segment.text:
                raise ValueError(f"{where}: its text is not the slice at its offsets")
            for span in segment.spans():
                self._check_span(span, where)
                # An exchange may go on in the next segment; everything else is marked inside one.
                inside = segment.start_char <= span.start_char <= span.end_char <= segment.end_char
                if not (inside or isinstance(span, Move)):
                    raise ValueError(f"{where}: a span lies outside it")
        for goal in self.summary.goals:
            self._check_span(goal, "summary.goals")
        starts = [0, *(s.end_char for s in self.segments)]
        ends = [*(s.start_char for s in self.segments), len(self.text)]
        if starts != ends:
            raise ValueError("segments do not cover the text exactly once, in order")
        return self

    def _check_span(self, span: Span, where: str) -> None:
        if self.text[span.start_char : span.end_char] != span.quote:
            raise ValueError(
                f"{where}: the quote at {span.start_char}-{span.end_char} is not that slice"
            )

    def to_json(self) -> str:
        """One line of JSON, fields in the order of the format."""
        return self.model_dump_json(exclude_none=False)

    def _repr_html_(self) -> str:
        """The HTML report, in a notebook."""
        # Writers come after results; a notebook alone asks for this.
        from ipt_nlp.writers.spacy_docs import render_notebook

        return render_notebook(self)

    @classmethod
    def from_json(cls, raw: str | bytes, *, source: str = "result document") -> TaggedSession:
        """Read and check a result document.

        Raises:
            ResultError: Not JSON, another format, or a field or offset that does not hold; the
                message names the field and repeats no words of the text.
        """
        try:
            return cls.model_validate_json(raw)
        except ValidationError as error:
            first = error.errors(include_input=False, include_url=False, include_context=False)[0]
            # The name of a field that is not ours may be anything, words of a client too.
            unknown = first["type"] == "extra_forbidden"
            parts = first["loc"][:-1] if unknown else first["loc"]
            place = ".".join(str(part) for part in parts) or "document"
            told = "holds a field that the format does not have" if unknown else first["msg"]
            raise ResultError(f"{source}: {place}: {told}") from None


@cache
def json_schema() -> dict[str, Any]:
    """The JSON Schema of the result document."""
    schema = TaggedSession.model_json_schema()
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    schema["$id"] = "urn:ipt-nlp:result:1"
    schema["title"] = "ipt-nlp result document"
    return schema


def schema_text() -> str:
    """The schema as it is published in ``docs/result.schema.json``."""
    return json.dumps(json_schema(), indent=2, ensure_ascii=False) + "\n"
