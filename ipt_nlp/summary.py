"""Segments -> the session as a whole."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from ipt_nlp import codebook
from ipt_nlp.result import Person, ResultSegment, Span, Summary
from ipt_nlp.transcript import Transcript

FOCUS_WEIGHTS = {"conflict": 0.5}
"""What an area's probability counts towards the focus of a transcript; 1 where not named.

Quarrels are told in most sessions, whatever they are about: with equal weights the focus of 135 of
198 sessions of the training and validation clients of IPT-Synth was found, with these 148. Notes
and loose texts are about what they name, so there every area counts alike.
"""

LEAST_LEAD = 0.15
"""Below this ``confidence`` the first area is named beside the second, not before it.

Of 198 sessions of the training and validation clients of IPT-Synth, which the shipped model learned
from, 37 lie below: the first area is the focus of 16 of them, the second of 17. From here to 0.3
the first is the focus of 28 of 35, above that of 120 of 126.
"""

GOAL_WEIGHT = 2.0
"""Words of a segment in which the client states a goal count this many times."""


def summarise(
    transcript: Transcript,
    segments: Sequence[ResultSegment],
    goals: Sequence[Span] = (),
    people: Sequence[Person] = (),
) -> Summary:
    """Shares, counts and the main focus of a session.

    An area's share is of the client's words, or of all words where nobody is the client, in
    segments where it is present. The main focus is the area with the highest mean probability over
    those words, in transcripts weighted by ``FOCUS_WEIGHTS`` and ``GOAL_WEIGHT``; an area that is
    present nowhere is never the focus.

    Args:
        transcript: What was tagged.
        segments: Its segments with their areas.
        goals: Goal statements, code points into the transcript's text.
        people: Who is mentioned, passed on as it is.
    """
    has_client = any(turn.role == "client" for turn in transcript.turns)
    words = [_counted_words(transcript, s, has_client=has_client) for s in segments]
    total = max(1, sum(words))
    shares = dict.fromkeys(codebook.AREAS, 0.0)
    for s, n in zip(segments, words, strict=True):
        for key, score in s.areas.items():
            shares[key] += n / total if score.present else 0.0
    weights = _focus_weights(transcript, segments, words, goals)
    possible = {key for s in segments for key, score in s.areas.items() if score.present}
    ranked = sorted(
        (k for k in codebook.AREAS if k in possible and weights[k] > 0), key=lambda k: -weights[k]
    )
    first, second = [*ranked, None, None][:2]
    lead = 0.0
    if first is not None:
        rest = weights[second] if second is not None else 0.0
        lead = (weights[first] - rest) / (weights[first] + rest)
    patterns = Counter(p.pattern for s in segments for p in s.patterns)
    flags = Counter(r for s in segments for r in s.review_reasons)
    return Summary(
        primary=first,
        runner_up=second,
        confidence=round(lead, 4),
        areas={key: round(min(1.0, share), 4) for key, share in shares.items()},
        patterns={key: patterns[key] for key in codebook.PATTERNS if patterns[key]},
        flags={key: flags[key] for key in codebook.REVIEW_REASONS if flags[key]},
        goals=tuple(goals),
        people=tuple(people),
    )


def has_clear_lead(summary: Summary) -> bool:
    """Whether the main focus leads far enough to be named alone."""
    return summary.runner_up is None or summary.confidence >= LEAST_LEAD


def _focus_weights(
    transcript: Transcript,
    segments: Sequence[ResultSegment],
    words: Sequence[int],
    goals: Sequence[Span],
) -> dict[str, float]:
    spoken = transcript.kind == "transcript"
    weights = dict.fromkeys(codebook.AREAS, 0.0)
    for s, n in zip(segments, words, strict=True):
        names_goal = any(g.start_char < s.end_char and g.end_char > s.start_char for g in goals)
        counted = n * GOAL_WEIGHT if spoken and names_goal else n
        for key, score in s.areas.items():
            of_area = FOCUS_WEIGHTS.get(key, 1.0) if spoken else 1.0
            weights[key] += counted * score.probability * of_area
    return weights


def _counted_words(transcript: Transcript, segment: ResultSegment, *, has_client: bool) -> int:
    count = 0
    for turn in transcript.turns[segment.turns[0] : segment.turns[1] + 1]:
        if turn.role == "client" or not has_client:
            start = max(turn.start_char, segment.start_char)
            end = min(turn.end_char, segment.end_char)
            count += len(transcript.text[start:end].split())
    return count
