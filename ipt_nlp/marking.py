"""What was found in the documents of a session -> spans of the result document.

Everything before this works on one document, a segment's; here offsets become those of the
stored text.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from spacy.tokens import Doc

from ipt_nlp import codebook
from ipt_nlp.areas.classifier import AreaClassifier
from ipt_nlp.areas.encoder import EncodedText, SentenceEncoder
from ipt_nlp.areas.evidence import Occlusion, find_evidence
from ipt_nlp.clauses.patterns import PatternReader
from ipt_nlp.clauses.risk import FoundRisk, RiskReader
from ipt_nlp.identifiers import FoundIdentifier, IdentifierFinder
from ipt_nlp.language.exchanges import FoundExchange, find_exchanges
from ipt_nlp.language.goals import session_goals
from ipt_nlp.language.inventory import inventory
from ipt_nlp.language.patterns import FoundPattern
from ipt_nlp.language.persons import FoundMention
from ipt_nlp.language.pipeline import evidence_spans
from ipt_nlp.result import (
    EvidenceSpan,
    Exchange,
    FlagSpan,
    Move,
    PatternSpan,
    Person,
    ResultSegment,
    Span,
)
from ipt_nlp.segments import Segment
from ipt_nlp.speakers import Role
from ipt_nlp.transcript import Transcript, Turn

IDENTIFIER = "identifier"


@dataclass(frozen=True)
class Marks:
    """Patterns, flags and exchanges of one segment, offsets in the stored text."""

    patterns: tuple[PatternSpan, ...]
    flags: tuple[FlagSpan, ...]
    exchanges: tuple[Exchange, ...]


def explain_segments(
    encoder: SentenceEncoder,
    classifier: AreaClassifier,
    docs: Sequence[Doc],
    encoded: Sequence[EncodedText],
    cuts: Sequence[Segment],
    present: NDArray[np.bool_],
    features: NDArray[np.float64],
) -> list[tuple[EvidenceSpan, ...]]:
    """The words that speak for the areas of every segment.

    Args:
        encoder: Which read the segments.
        classifier: Of their kind of text.
        docs: Of the segments, through the pipeline; their text is the segment's.
        encoded: The same texts.
        cuts: The segments.
        present: Their areas (n_segments, 4).
        features: What the second stage read of each (n_segments, n_features).
    """
    asked = [
        Occlusion(doc.text, states, evidence_spans(doc), np.flatnonzero(there).tolist(), row)
        for doc, states, there, row in zip(docs, encoded, present, features, strict=True)
    ]
    return [
        tuple(
            EvidenceSpan(
                start_char=cut.start_char + e.start_char,
                end_char=cut.start_char + e.end_char,
                quote=of.text[e.start_char : e.end_char],
                area=codebook.AREAS[e.column],
                weight=round(e.weight, 4),
            )
            for e in found
        )
        for cut, of, found in zip(
            cuts, asked, find_evidence(encoder, classifier, asked), strict=True
        )
    ]


def mark_segments(
    docs: Sequence[Doc],
    encoded: Sequence[EncodedText],
    transcript: Transcript,
    cuts: Sequence[Segment],
    readers: tuple[PatternReader, RiskReader | None],
    identifiers: Sequence[FoundIdentifier],
) -> list[Marks]:
    """The marks of every segment.

    Args:
        docs: Of the segments, through the pipeline, turns marked.
        encoded: The same texts.
        transcript: Whose segments they are.
        cuts: The segments.
        readers: Of patterns, and of risk where the bundle has one.
        identifiers: Of the whole transcript, in its offsets.
    """
    patterns, risks = readers
    roles = [spoken_in(transcript.turns[cut.first_turn : cut.last_turn + 1], cut) for cut in cuts]
    at_risk: Sequence[Sequence[FlagSpan]] = [()] * len(docs)
    if risks is not None:
        found = risks.find(docs, encoded, roles, transcript.kind)
        at_risk = [
            [
                FlagSpan(
                    start_char=cut.start_char + r.start_char,
                    end_char=cut.start_char + r.end_char,
                    quote=text[r.start_char : r.end_char],
                    flag=r.flag,
                    status=r.status,
                    subject=r.subject,
                    score=round(r.score, 4),
                )
                for r in of_doc
                if not _asked(r, spoken)
            ]
            for cut, text, of_doc, spoken in zip(
                cuts, [doc.text for doc in docs], found, roles, strict=True
            )
        ]
    named = _by_segment(identifiers, cuts, transcript.text)
    marks = []
    for cut, doc, shown, risk, names in zip(
        cuts, docs, patterns.find(docs, encoded, transcript.kind), at_risk, named, strict=True
    ):
        unsafe = any(flag.flag == codebook.HARM_BY_OTHER for flag in risk)
        marks.append(
            Marks(
                tuple(pattern_spans(doc, shown, cut.start_char, harm_by_other=unsafe)),
                tuple(sorted([*risk, *names], key=lambda f: (f.start_char, f.end_char, f.flag))),
                tuple(_exchanges(find_exchanges(doc, shown), cut.start_char)),
            )
        )
    return marks


def spoken_in(turns: Iterable[Turn], cut: Segment) -> list[tuple[int, int, Role]]:
    """Turns inside a segment as (start, end, role), offsets in the segment.

    A guessed therapist counts as the client: what a therapist says raises no flag, and a wrong
    guess must not hide a client's words.
    """
    found = []
    for turn in turns:
        start = max(turn.start_char, cut.start_char)
        end = min(turn.end_char, cut.end_char)
        if start < end:
            role: Role = "client" if turn.role_source == "guess" else turn.role
            found.append((start - cut.start_char, end - cut.start_char, role))
    return found


def _asked(risk: FoundRisk, spoken: Iterable[tuple[int, int, Role]]) -> bool:
    """Whether a therapist says it: to ask after suicide is good practice, the answer counts."""
    return any(
        role == "therapist" and start <= risk.start_char and risk.end_char <= end
        for start, end, role in spoken
    )


def pattern_spans(
    doc: Doc, found: Iterable[FoundPattern], offset: int, *, harm_by_other: bool
) -> Iterator[PatternSpan]:
    """Patterns as spans; ``helpful`` is unknown where someone harms the speaker."""
    text = doc.text
    for f in found:
        yield PatternSpan(
            start_char=offset + f.start_char,
            end_char=offset + f.end_char,
            quote=text[f.start_char : f.end_char],
            pattern=f.pattern,
            helpful=codebook.helpful_here(f.pattern, harm_by_other=harm_by_other),
            who=f.who,
            source=f.source,
        )


def identifier_flag(found: FoundIdentifier, text: str) -> FlagSpan:
    """An identifier as a flag; offsets are those of ``text``."""
    return FlagSpan(
        start_char=found.start_char,
        end_char=found.end_char,
        quote=text[found.start_char : found.end_char],
        flag=IDENTIFIER,
        kind=found.kind,
        score=round(found.score, 4),
        level=found.level,
    )


def find_identifiers(finder: IdentifierFinder, transcript: Transcript) -> list[FoundIdentifier]:
    """What could identify someone, over the whole text: a name told once is known throughout."""
    speakers = {turn.speaker for turn in transcript.turns if turn.speaker}
    return finder.find(transcript.text, speakers=speakers)


def identifier_warnings(found: Sequence[FoundIdentifier]) -> tuple[str, ...]:
    """The banner of a session whose text may name someone; it repeats no words."""
    if not found:
        return ()
    direct = sum(f.level == "direct" for f in found)
    weak = len(found) - direct
    told = [f"{direct} that name someone" if direct else "", f"{weak} weak" if weak else ""]
    return (
        f"identifiers left in the text: {', '.join(filter(None, told))}; "
        "see them with `ipt-nlp check`, replace them with `ipt-nlp redact`",
    )


def goal_spans(docs: Sequence[Doc], cuts: Sequence[Segment], text: str) -> tuple[Span, ...]:
    """What the client wants from therapy, in the words that say so."""
    spans = []
    for goal in session_goals(docs):
        start = cuts[goal.doc].start_char + goal.start_char
        end = cuts[goal.doc].start_char + goal.end_char
        spans.append(Span(start_char=start, end_char=end, quote=text[start:end]))
    return tuple(spans)


def people(
    docs: Sequence[Doc], transcript: Transcript, segments: Sequence[ResultSegment]
) -> tuple[Person, ...]:
    """The people of a session.

    Areas are those of the segments they are named in, patterns those in the same sentences: in a
    segment there are others' too.
    """
    speakers = {turn.speaker for turn in transcript.turns if turn.speaker}
    found = []
    for person in inventory(docs, not_people=speakers):
        named_in = [segments[i] for i in person.docs]
        areas = {a for s in named_in for a, score in s.areas.items() if score.present}
        patterns = {
            pattern.pattern
            for mention in person.mentions
            for pattern in _in_sentence(docs[mention.doc], mention, segments[mention.doc])
        }
        found.append(
            Person(
                mention=person.mention,
                names=person.names,
                relation=person.relation,
                deceased=person.deceased,
                count=person.count,
                areas=tuple(a for a in codebook.AREAS if a in areas),
                patterns=tuple(p for p in codebook.PATTERNS if p in patterns),
            )
        )
    return tuple(found)


def _in_sentence(doc: Doc, mention: FoundMention, segment: ResultSegment) -> Iterator[PatternSpan]:
    """Patterns of a segment that touch the sentence of a mention."""
    sentence = next(s for s in doc.sents if s.end_char > mention.start_char)
    start, end = segment.start_char + sentence.start_char, segment.start_char + sentence.end_char
    return (p for p in segment.patterns if p.start_char < end and p.end_char > start)


def _by_segment(
    found: Sequence[FoundIdentifier], cuts: Sequence[Segment], text: str
) -> list[list[FlagSpan]]:
    """Direct identifiers, each cut at the ends of the segments that it stands in."""
    flags: list[list[FlagSpan]] = [[] for _ in cuts]
    for f in found:
        if f.level != "direct":
            continue
        first = bisect_right(cuts, f.start_char, key=lambda cut: cut.end_char)
        for place, cut in enumerate(cuts[first:], first):
            start, end = max(f.start_char, cut.start_char), min(f.end_char, cut.end_char)
            if start >= end:
                break
            if text[start:end].strip():
                inside = replace(f, start_char=start, end_char=end)
                flags[place].append(identifier_flag(inside, text))
    return flags


def _exchanges(found: Iterable[FoundExchange], offset: int) -> Iterator[Exchange]:
    for exchange in found:
        yield Exchange(
            moves=tuple(
                Move(
                    start_char=offset + move.span.start_char,
                    end_char=offset + move.span.end_char,
                    quote=move.span.text,
                    who=move.who,
                    patterns=move.patterns,
                )
                for move in exchange.moves
            ),
            sequence=exchange.sequence,
        )


def reasons_to_review(flags: Iterable[FlagSpan], bands: Sequence[str]) -> tuple[str, ...]:
    """Why a segment goes to a supervisor: its flags first, then the probabilities."""
    flagged = {flag.flag for flag in flags}
    return (*(key for key in codebook.FLAGS if key in flagged), *bands)
