"""Transcript -> segments: stretches of about 40-120 words that are labelled as one.

In a transcript a segment is an exchange (a therapist's prompt with the client's answer), short
exchanges joined and long ones cut at sentence ends. In a note it is a paragraph, in a loose text
the whole. Segments cover the text exactly once, in order.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from ipt_nlp.transcript import Transcript, Turn

SentenceStarts = Callable[[str], Sequence[int]]
"""Offsets, in code points, at which the sentences of a text begin."""

_BACK_CHANNELS = frozenset(
    "um uh er erm ah oh eh hm hmm mm mhm ye yeah yep yes no nope okay ok right well sure hi hey "
    "hello bye goodbye thanks sorry".split()
)


@dataclass(frozen=True)
class SegmentOptions:
    """Lengths in words. A segment is closed at a turn once it has ``min_words``, and cut inside a
    turn when it would pass ``max_words``."""

    min_words: int = 40
    max_words: int = 120


@dataclass(frozen=True)
class Segment:
    """A stretch of a transcript; ``first_turn`` and ``last_turn`` are the turns it touches.

    The line feed between two turns belongs to the earlier segment.
    """

    index: int
    first_turn: int
    last_turn: int
    start_char: int
    end_char: int


def _words(text: str) -> int:
    return len(text.split())


def says_something(text: str) -> bool:
    """Whether there is more than sounds of listening, greetings, yes and no."""
    return any(word[0] not in _BACK_CHANNELS for word in re.finditer(r"\w+", text.lower()))


def segment(
    transcript: Transcript,
    sentence_starts: SentenceStarts,
    options: SegmentOptions | None = None,
) -> list[Segment]:
    """Cut a transcript into segments.

    Args:
        transcript: What was read; a loose text becomes one segment whatever its length.
        sentence_starts: Used on turns that are too long for one segment only.
        options: Lengths; 40 to 120 words by default.
    """
    options = options or SegmentOptions()
    if transcript.kind == "text":
        cuts = [(0, len(transcript.text))]
    elif transcript.kind == "note":
        cuts = list(_paragraphs(transcript, sentence_starts, options))
    else:
        cuts = list(_exchanges(transcript, sentence_starts, options))
    return list(_with_turns(transcript.turns, _closed(cuts, len(transcript.text))))


def _exchanges(
    transcript: Transcript, sentence_starts: SentenceStarts, options: SegmentOptions
) -> Iterator[tuple[int, int]]:
    start: int | None = None
    end = words = 0
    answered = False
    for turn in transcript.turns:
        text = transcript.turn_text(turn)
        length = _words(text)
        opens = turn.role == "therapist" and answered
        full = words >= options.min_words
        overfull = words + length > options.max_words
        # A long answer stays with its question where the question is all there is so far.
        if start is not None and ((opens and full) or (overfull and answered and full)):
            yield start, end
            start, words, answered = None, 0, False
        if start is None:
            start = turn.start_char
        if words + length > options.max_words:
            *whole, rest = _cut(transcript, turn, sentence_starts, options, words)
            for cut in whole:
                yield start, cut
                start = cut
            kept = 0 if whole else words  # What went before is still in the segment.
            words = kept + _words(transcript.text[rest : turn.end_char])
        else:
            words += length
        end = turn.end_char
        answered = answered or turn.role != "therapist"
    if start is not None:
        yield start, end


def _cut(
    transcript: Transcript,
    turn: Turn,
    sentence_starts: SentenceStarts,
    options: SegmentOptions,
    words_before: int,
) -> list[int]:
    """Offsets at which pieces of a long turn end, and last the start of its unfinished piece."""
    text = transcript.turn_text(turn)
    ends: list[int] = []
    words = words_before
    piece = turn.start_char
    bounds = [*_pieces(text, sentence_starts, options.max_words), len(text)]
    for begin, stop in pairwise(bounds):
        length = _words(text[begin:stop])
        if words and words + length > options.max_words:
            # Nothing but a therapist's prompt so far: keep it with the first words of the answer.
            if begin == 0 and words_before < options.min_words:
                words += length
                continue
            ends.append(turn.start_char + begin)
            piece, words = turn.start_char + begin, 0
        words += length
    return [*ends, piece]


def _pieces(text: str, sentence_starts: SentenceStarts, max_words: int) -> list[int]:
    """Starts of sentences, and inside a sentence of more than ``max_words`` of each such run."""
    starts = sorted({0, *(s for s in sentence_starts(text) if 0 < s < len(text))})
    found: list[int] = []
    for begin, stop in zip(starts, [*starts[1:], len(text)], strict=True):
        found.append(begin)
        count, inside = 0, False
        for i in range(begin, stop):
            space = text[i].isspace()
            if not space and not inside:
                if count == max_words:
                    found.append(i)
                    count = 0
                count += 1
            inside = not space
    return found


def _paragraphs(
    transcript: Transcript, sentence_starts: SentenceStarts, options: SegmentOptions
) -> Iterator[tuple[int, int]]:
    for turn in transcript.turns:
        start = turn.start_char
        if _words(transcript.turn_text(turn)) > options.max_words:
            *whole, _ = _cut(transcript, turn, sentence_starts, options, 0)
            for cut in whole:
                yield start, cut
                start = cut
        yield start, turn.end_char


def _closed(cuts: Sequence[tuple[int, int]], length: int) -> list[tuple[int, int]]:
    """The same stretches without gaps: each ends where the next begins."""
    starts = [start for start, _ in cuts]
    return list(zip(starts, [*starts[1:], length], strict=True))


def _with_turns(turns: Sequence[Turn], cuts: Sequence[tuple[int, int]]) -> Iterator[Segment]:
    first = 0
    for index, (start, end) in enumerate(cuts):
        while turns[first].end_char <= start and first + 1 < len(turns):
            first += 1
        last = first
        while last + 1 < len(turns) and turns[last + 1].start_char < end:
            last += 1
        yield Segment(index, first, last, start, end)
