"""Turns of a corpus's sessions -> the segments that the tagger would make of them, with labels.

A classifier that learned from single turns only would meet, at work, stretches that it has never
seen: several turns together. The segments come from the same code as at tagging.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ipt_nlp import codebook
from ipt_nlp.segments import segment
from ipt_nlp.transcript import Transcript, Utterance

AREA_SHARE = 0.25
"""A segment has an area when turns with it hold this share of its words that count."""

_SENTENCE = re.compile(r"[.!?…]\s+")


@dataclass(frozen=True)
class SessionTurn:
    """A labelled turn; ``session`` names a session among those of its client only."""

    text: str
    role: str
    areas: frozenset[str]
    unscored: frozenset[str]
    client: str
    session: str
    index: int
    split: str


@dataclass(frozen=True)
class SessionSegment:
    """A segment of a session with the areas of its turns.

    ``unscored`` are the areas that some turn leaves open and that the segment does not have.
    """

    text: str
    areas: frozenset[str]
    unscored: frozenset[str]
    client: str
    session: str
    index: int
    split: str


def session_segments(turns: Sequence[SessionTurn]) -> Iterator[SessionSegment]:
    """Segments of all sessions among the turns (in any order)."""
    by_session: defaultdict[tuple[str, str], list[SessionTurn]] = defaultdict(list)
    for turn in turns:
        by_session[turn.client, turn.session].append(turn)
    for found in by_session.values():
        yield from _segments(sorted(found, key=lambda turn: turn.index))


def _segments(labelled: Sequence[SessionTurn]) -> Iterator[SessionSegment]:
    first = labelled[0]
    transcript = Transcript.from_utterances(
        [Utterance(t.text, t.role.capitalize()) for t in labelled], source=first.session
    )
    for cut in segment(transcript, _sentence_starts):
        words = dict.fromkeys(codebook.AREAS, 0)
        counted = 0
        unscored: set[str] = set()
        for turn in transcript.turns[cut.first_turn : cut.last_turn + 1]:
            inside = transcript.text[
                max(turn.start_char, cut.start_char) : min(turn.end_char, cut.end_char)
            ]
            labels = labelled[turn.index]
            unscored |= labels.unscored
            # A therapist's words count when they name a theme, and not when they only prompt.
            if turn.role == "therapist" and not labels.areas:
                continue
            counted += len(inside.split())
            for area in labels.areas:
                words[area] += len(inside.split())
        areas = frozenset(a for a, n in words.items() if n and n >= AREA_SHARE * counted)
        yield SessionSegment(
            text=transcript.text[cut.start_char : cut.end_char],
            areas=areas,
            unscored=frozenset(unscored) - areas,
            client=first.client,
            session=first.session,
            index=cut.index,
            split=first.split,
        )


def _sentence_starts(text: str) -> list[int]:
    return [0, *(match.end() for match in _SENTENCE.finditer(text))]
