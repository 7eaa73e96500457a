"""A segment as lines of marked words: the text cut at every border of a span.

Spans may overlap in any way. Each piece between two borders knows all the spans that it lies in,
so that a writer needs no nesting of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from ipt_nlp import codebook
from ipt_nlp.result import (
    EvidenceSpan,
    FlagSpan,
    PatternSpan,
    ResultSegment,
    ResultTurn,
    Span,
    TaggedSession,
)


@dataclass(frozen=True)
class Marks:
    """Spans by what they mark."""

    evidence: tuple[EvidenceSpan, ...] = ()
    patterns: tuple[PatternSpan, ...] = ()
    flags: tuple[FlagSpan, ...] = ()
    goals: tuple[Span, ...] = ()

    @property
    def areas(self) -> tuple[str, ...]:
        """The areas with evidence here, each once, in the order of the codebook."""
        found = {e.area for e in self.evidence}
        return tuple(area for area in codebook.AREAS if area in found)


@dataclass(frozen=True)
class Piece:
    """Words in which no span begins or ends; ``ending`` are the spans of ``marks`` whose last
    words these are, so that each is named once."""

    text: str
    marks: Marks = field(default_factory=Marks)
    ending: Marks = field(default_factory=Marks)


@dataclass(frozen=True)
class Line:
    """What one turn says in a segment; ``continued`` where the turn began in the segment before."""

    turn: ResultTurn
    continued: bool
    pieces: tuple[Piece, ...]


def lines(session: TaggedSession, segment: ResultSegment) -> list[Line]:
    """The turns of a segment. The line feeds between them are left out."""
    goals = tuple(g for g in session.summary.goals if _overlap(g, segment))
    spans = [*segment.evidence, *segment.patterns, *segment.flags, *goals]
    cuts: list[tuple[ResultTurn, list[tuple[int, int]]]] = []
    for turn in session.turns[segment.turns[0] : segment.turns[1] + 1]:
        start = max(turn.start_char, segment.start_char)
        end = min(turn.end_char, segment.end_char)
        if start < end:
            cuts.append((turn, _pieces(start, end, spans)))
    bounds = [piece for _, pieces in cuts for piece in pieces]
    last = {id(s): max((b for b in bounds if _within(b, s)), default=None) for s in spans}

    def piece(bound: tuple[int, int]) -> Piece:
        here = Marks(
            tuple(e for e in segment.evidence if _within(bound, e)),
            tuple(p for p in segment.patterns if _within(bound, p)),
            tuple(f for f in segment.flags if _within(bound, f)),
            tuple(g for g in goals if _within(bound, g)),
        )
        ending = Marks(
            tuple(e for e in here.evidence if last[id(e)] == bound),
            tuple(p for p in here.patterns if last[id(p)] == bound),
            tuple(f for f in here.flags if last[id(f)] == bound),
            tuple(g for g in here.goals if last[id(g)] == bound),
        )
        return Piece(session.text[slice(*bound)], here, ending)

    return [
        Line(turn, turn.start_char < segment.start_char, tuple(piece(b) for b in pieces))
        for turn, pieces in cuts
    ]


def _pieces(start: int, end: int, spans: Sequence[Span]) -> list[tuple[int, int]]:
    borders = {start, end}
    for span in spans:
        borders |= {b for b in (span.start_char, span.end_char) if start < b < end}
    ordered = sorted(borders)
    return list(pairwise(ordered))


def _within(bound: tuple[int, int], span: Span) -> bool:
    return span.start_char <= bound[0] and bound[1] <= span.end_char


def _overlap(span: Span, segment: ResultSegment) -> bool:
    return span.start_char < segment.end_char and segment.start_char < span.end_char
