"""What the segment page shows, made from a document and a review. No HTML in here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ipt_nlp import codebook
from ipt_nlp.result import EvidenceSpan, ResultSegment, ResultTurn, TaggedSession
from ipt_nlp.review.labels import FlagLabel, Labels, PatternLabel, as_segment, of_model
from ipt_nlp.review.store import Place, Review
from ipt_nlp.writers import display
from ipt_nlp.writers.marked import Piece, lines

CONTEXT_BEFORE = 2
CONTEXT_AFTER = 1
CONTEXT_STEP = 4


@dataclass(frozen=True)
class Said:
    """What a turn says around the segment."""

    speaker: str
    role: str
    text: str


@dataclass(frozen=True)
class ShownPiece:
    """Words of the segment; ``offset`` counts UTF-16 units from its start, as browsers do."""

    offset: int
    piece: Piece


@dataclass(frozen=True)
class ShownLine:
    """What one turn says in the segment."""

    speaker: str
    role: str
    continued: bool
    pieces: tuple[ShownPiece, ...]


@dataclass(frozen=True)
class AreaRow:
    """One area: what the reviewer says, and what the model says unless that is hidden."""

    key: str
    name: str
    number: int
    present: bool
    primary: bool
    probability: float | None
    model_present: bool | None
    evidence: tuple[EvidenceSpan, ...]


@dataclass(frozen=True)
class Difference:
    """A point on which the reviewer and the model differ, in words."""

    what: str
    mine: str
    theirs: str


@dataclass(frozen=True)
class SegmentView:
    """Everything on the segment page."""

    place: Place
    review: Review
    hidden: bool
    before: tuple[Said, ...]
    after: tuple[Said, ...]
    more_before: bool
    more_after: bool
    lines: tuple[ShownLine, ...]
    areas: tuple[AreaRow, ...]
    differences: tuple[Difference, ...]
    harm_by_other: bool

    @property
    def labels(self) -> Labels:
        return self.review.labels

    @property
    def title(self) -> str:
        return f"{self.place.session.source}, segment {self.place.segment.index + 1}"


def segment_view(
    place: Place, review: Review, *, blind: bool, before: int, after: int
) -> SegmentView:
    """The page's content; the model's labels are hidden in blind mode until the decision."""
    session, segment, labels = place.session, place.segment, review.labels
    hidden = (blind or review.blind) and not labels.decided
    shown = as_segment(segment, labels)
    if hidden:
        shown = shown.model_copy(update={"evidence": ()})
    first, last = segment.turns
    return SegmentView(
        place=place,
        review=review,
        hidden=hidden,
        before=tuple(_said_before(session, segment, before)),
        after=tuple(_said_after(session, segment, after)),
        more_before=first - before > 0,
        more_after=last + after + 1 < len(session.turns),
        lines=shown_lines(session, shown),
        areas=tuple(_area_rows(segment, labels, hidden)),
        differences=() if hidden else differences(labels, of_model(segment)),
        harm_by_other=labels.harm_by_other,
    )


def shown_lines(session: TaggedSession, segment: ResultSegment) -> tuple[ShownLine, ...]:
    """The lines of a segment with the browser's offset of every piece."""
    found = []
    for line in lines(session, segment):
        # Line feeds between turns are not shown, so each line is placed by its own turn.
        start = max(line.turn.start_char, segment.start_char)
        offset = _units(session.text[segment.start_char : start])
        pieces = []
        for piece in line.pieces:
            pieces.append(ShownPiece(offset, piece))
            offset += _units(piece.text)
        found.append(
            ShownLine(
                display.speaker_name(line.turn, session),
                line.turn.role,
                line.continued,
                tuple(pieces),
            )
        )
    return tuple(found)


def _units(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


def _said(session: TaggedSession, turn: ResultTurn, start: int, end: int) -> Said:
    return Said(display.speaker_name(turn, session), turn.role, session.text[start:end].strip("\n"))


def _said_before(session: TaggedSession, segment: ResultSegment, count: int) -> list[Said]:
    first = session.turns[segment.turns[0]]
    said = [
        _said(session, t, t.start_char, t.end_char)
        for t in session.turns[max(0, first.index - count) : first.index]
    ]
    if first.start_char < segment.start_char:
        said.append(_said(session, first, first.start_char, segment.start_char))
    return said


def _said_after(session: TaggedSession, segment: ResultSegment, count: int) -> list[Said]:
    last = session.turns[segment.turns[1]]
    rest = []
    if last.end_char > segment.end_char:
        rest.append(_said(session, last, segment.end_char, last.end_char))
    return rest + [
        _said(session, t, t.start_char, t.end_char)
        for t in session.turns[last.index + 1 : last.index + 1 + count]
    ]


def _area_rows(segment: ResultSegment, labels: Labels, hidden: bool) -> list[AreaRow]:
    rows = []
    for number, (key, area) in enumerate(codebook.AREA_INFO.items(), 1):
        score = None if hidden else segment.areas.get(key)
        evidence = () if hidden else tuple(e for e in segment.evidence if e.area == key)
        rows.append(
            AreaRow(
                key=key,
                name=area.name,
                number=number,
                present=key in labels.areas,
                primary=key == labels.primary,
                probability=score.probability if score else None,
                model_present=score.present if score else None,
                evidence=tuple(sorted(evidence, key=lambda e: -e.weight)),
            )
        )
    return rows


def differences(mine: Labels, theirs: Labels) -> tuple[Difference, ...]:
    """Where two readings of a segment differ, in the words of the codebook."""
    found = []
    for key in codebook.AREAS:
        a, b = key in mine.areas, key in theirs.areas
        if a != b:
            found.append(Difference(display.area_name(key), _there(a), _there(b)))
    if mine.primary != theirs.primary:
        found.append(Difference("Primary area", _name(mine.primary), _name(theirs.primary)))
    spans: tuple[tuple[Sequence[PatternLabel | FlagLabel], ...], ...] = (
        (mine.patterns, theirs.patterns),
        (mine.standing_flags, theirs.standing_flags),
    )
    for ours, others in spans:
        left, right = {s.key: s for s in ours}, {s.key: s for s in others}
        for key in left.keys() ^ right.keys():
            span = left.get(key) or right[key]
            name = (
                display.pattern_name(span.pattern)
                if isinstance(span, PatternLabel)
                else display.flag_name(span.flag)
            )
            what = f"{name}: “{span.quote}”"
            found.append(Difference(what, _there(key in left), _there(key in right)))
    return tuple(found)


def _there(present: bool) -> str:
    return "yes" if present else "no"


def _name(area: str | None) -> str:
    return display.area_name(area) if area else "none"
