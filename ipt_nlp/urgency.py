"""The order in which a supervisor meets what needs review: risk first, and which risk first.

The order is of help to a reader who will see every segment; it is no alarm, and that a segment
comes late, or is not in the queue, says nothing about risk.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum

from ipt_nlp import codebook
from ipt_nlp.language.risk import speaks_of_child
from ipt_nlp.result import FlagSpan, ResultSegment, TaggedSession


class Urgency(IntEnum):
    """Steps of the queue, the first to be read first.

    A disowned (``unwanted``) thought is no intent, and it is there now: it stands with current
    risk to other persons.
    """

    CURRENT_SPEAKER_OR_CHILD = 0
    CURRENT_OTHER = 1
    PAST = 2
    DENIED = 3
    NOT_RISK = 4
    NOTHING = 5


def flag_urgency(flag: FlagSpan, text: str) -> Urgency:
    """The step of one flag.

    Args:
        flag: A risk flag or an identifier.
        text: The segment around it: a child is often named one sentence earlier.
    """
    if flag.flag not in codebook.RISK_FLAGS:
        return Urgency.NOT_RISK
    if flag.status == "past":
        return Urgency.PAST
    if flag.status == "denied":
        return Urgency.DENIED
    if flag.status == "unwanted":
        return Urgency.CURRENT_OTHER
    # A flag without a status counts as current, without a subject as the speaker's.
    if flag.subject != "other" or speaks_of_child(text):
        return Urgency.CURRENT_SPEAKER_OR_CHILD
    return Urgency.CURRENT_OTHER


def flag_rank(flag: FlagSpan, text: str) -> tuple[int, float]:
    """Sort key of a flag: its step, then the surest first.

    Args:
        flag: A risk flag or an identifier.
        text: The segment around it.
    """
    return int(flag_urgency(flag, text)), -(1.0 if flag.score is None else flag.score)


def urgency(segment: ResultSegment) -> Urgency:
    """The first step that a flag of the segment reaches; reasons without words come after risk."""
    steps = [flag_urgency(flag, segment.text) for flag in segment.flags]
    if segment.needs_review or segment.review_reasons:
        steps.append(Urgency.NOT_RISK)
    return min(steps, default=Urgency.NOTHING)


def review_rank(segment: ResultSegment) -> tuple[int, float, int]:
    """Sort key of a segment: its step, then the surest flag of that step, then its place."""
    ranks = [flag_rank(flag, segment.text) for flag in segment.flags]
    return *min([*ranks, (int(urgency(segment)), 0.0)]), segment.index


def session_rank(session: TaggedSession) -> tuple[int, float, str]:
    """Sort key of a session: that of its first segment in the queue, then its file id."""
    first = min((review_rank(s)[:2] for s in session.segments), default=(int(Urgency.NOTHING), 0.0))
    return *first, session.source


def in_review_order(segments: Iterable[ResultSegment]) -> list[ResultSegment]:
    """The segments that need review, the most urgent first; the others are left out."""
    return sorted((s for s in segments if urgency(s) < Urgency.NOTHING), key=review_rank)
