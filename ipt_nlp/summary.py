"""Segments -> the session as a whole."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from ipt_nlp import codebook
from ipt_nlp.result import ResultSegment, Summary
from ipt_nlp.transcript import Transcript


def summarise(transcript: Transcript, segments: Sequence[ResultSegment]) -> Summary:
    """Shares, counts and the main focus of a session.

    An area's share is of the client's words, or of all words where nobody is the client. The main
    focus is the area with the most weight: words of each segment times the area's probability
    where it is present.
    """
    words = [_counted_words(transcript, s) for s in segments]
    total = max(1, sum(words))
    shares = dict.fromkeys(codebook.AREAS, 0.0)
    weights = dict.fromkeys(codebook.AREAS, 0.0)
    for s, n in zip(segments, words, strict=True):
        for key, score in s.areas.items():
            if score.present:
                shares[key] += n / total
                weights[key] += n / total * score.probability
    ranked = sorted((k for k in codebook.AREAS if weights[k] > 0), key=lambda k: -weights[k])
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
    )


def _counted_words(transcript: Transcript, segment: ResultSegment) -> int:
    has_client = any(turn.role == "client" for turn in transcript.turns)
    count = 0
    for turn in transcript.turns[segment.turns[0] : segment.turns[1] + 1]:
        if turn.role == "client" or not has_client:
            start = max(turn.start_char, segment.start_char)
            end = min(turn.end_char, segment.end_char)
            count += len(transcript.text[start:end].split())
    return count
