"""Turns of a corpus's sessions -> the segments that the tagger would make of them, with labels.

A classifier that learned from single turns only would meet, at work, stretches that it has never
seen: several turns together. The segments come from the same code as at tagging.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ipt_nlp import codebook
from ipt_nlp.segments import segment
from ipt_nlp.transcript import Transcript, Utterance

AREA_SHARE = 0.25
"""A segment has an area when turns with it hold this share of its words that count."""

_SENTENCE = re.compile(r"[.!?…]\s+")


@dataclass(frozen=True)
class SessionSegment:
    """A segment of a session with the areas of its turns."""

    text: str
    areas: frozenset[str]
    client: str
    session: str
    index: int
    split: str


def session_segments(rows: Sequence[Mapping[str, Any]]) -> Iterator[SessionSegment]:
    """Segments of all sessions among the rows (one row a turn, in any order)."""
    by_session: defaultdict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for row in rows:
        by_session[row["session"]].append(row)
    for session, turns in by_session.items():
        ordered = sorted(turns, key=lambda row: row["turn_index"])
        yield from _segments(session, ordered)


def _segments(session: str, rows: Sequence[Mapping[str, Any]]) -> Iterator[SessionSegment]:
    transcript = Transcript.from_utterances(
        [Utterance(row["text"], str(row["role"]).capitalize()) for row in rows], source=session
    )
    for cut in segment(transcript, _sentence_starts):
        words = dict.fromkeys(codebook.AREAS, 0)
        counted = 0
        for turn in transcript.turns[cut.first_turn : cut.last_turn + 1]:
            inside = transcript.text[
                max(turn.start_char, cut.start_char) : min(turn.end_char, cut.end_char)
            ]
            row = rows[turn.index]
            # A therapist's words count when they name a theme, and not when they only prompt.
            if turn.role == "therapist" and not row["areas"]:
                continue
            counted += len(inside.split())
            for area in row["areas"]:
                words[area] += len(inside.split())
        yield SessionSegment(
            text=transcript.text[cut.start_char : cut.end_char],
            areas=frozenset(a for a, n in words.items() if n and n >= AREA_SHARE * counted),
            client=str(rows[0]["client"]),
            session=session,
            index=cut.index,
            split=str(rows[0].get("split") or ""),
        )


def _sentence_starts(text: str) -> list[int]:
    return [0, *(match.end() for match in _SENTENCE.finditer(text))]
