"""The stretches of a text that are read for risk, and what is known of each before any model."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from spacy.tokens import Doc

from ipt_nlp.areas.encoder import Array
from ipt_nlp.codebook import RISK_FLAGS, RISK_STATUSES, RISK_SUBJECTS
from ipt_nlp.language.pipeline import sentence_spans
from ipt_nlp.language.risk import RuleRisk, cue, is_denied, risk_rules

MAX_WORDS = 40
CUT_WORDS = 20

RoleSpan = tuple[int, int, str]
"""(start, end, role) of a turn inside a text, code points."""

_WORD = re.compile(r"\S+")
_APOSTROPHE = re.compile(r"[’'`´]")
_SPACE = re.compile(r"\s+")


@dataclass(frozen=True)
class Unit:
    """A sentence, or a piece of an endless one; ``role`` is the speaker's, ``turn`` its place."""

    start_char: int
    end_char: int
    role: str
    turn: int


def risk_units(doc: Doc, roles: Sequence[RoleSpan] = ()) -> list[Unit]:
    """Units of a document in order.

    Args:
        doc: With sentences.
        roles: Turns that make up the text; without them all of it is the client's.
    """
    text = doc.text
    turns = list(roles) or [(0, len(text), "client")]
    found: list[Unit] = []
    for start, end in sentence_spans(doc):
        for place, (first, last, role) in enumerate(turns):
            begin, stop = max(start, first), min(end, last)
            if begin < stop:
                found += [Unit(a, b, role, place) for a, b in _cut(text, begin, stop)]
    return found


def plain(text: str) -> str:
    """Lower case, no apostrophes, single spaces: speech recognition and haste write it so."""
    return _SPACE.sub(" ", _APOSTROPHE.sub("", text)).strip().lower()


def _cut(text: str, start: int, end: int) -> list[tuple[int, int]]:
    words = [start + m.start() for m in _WORD.finditer(text[start:end])]
    if not words:
        return []
    last = start + len(text[start:end].rstrip())
    if len(words) <= MAX_WORDS:
        return [(words[0], last)]
    cuts = [*words[::CUT_WORDS], last]
    # A tail of a few words stays with the piece before it.
    if len(words) % CUT_WORDS and len(words) % CUT_WORDS < CUT_WORDS // 2:
        del cuts[-2]
    return [(a, a + len(text[a:b].rstrip())) for a, b in pairwise(cuts)]


@dataclass(frozen=True)
class RuleReading:
    """What the rules say of the units of a text, each (n_units, ...), float32.

    ``fired``: whether a sure rule fires, for each flag, then for each hint whether it does.
    ``asked``: for each flag whether the turn before put the topic in words. ``cues``: the columns
    of ``CUES``, the persons named, then the statuses and the subjects that the rules give.
    """

    fired: Array
    asked: Array
    cues: Array


CUES = ("denied", "past", "unwanted", "current", "idiom", "question", "no_answer")
_PERSONS = (
    re.compile(r"\b(?:i|im|ive|id|me|my|myself)\b"),
    re.compile(r"\b(?:he|she|they|him|her|them|his|their|himself|herself)\b"),
)


def read_rules(text: str, units: Sequence[Unit], found: Sequence[RuleRisk]) -> RuleReading:
    """Turn what :func:`ipt_nlp.language.risk.find_rules` found into features of units."""
    n = len(units)
    hints = [name for name, rule in risk_rules().items() if not rule.sure]
    fired = np.zeros((n, len(RISK_FLAGS) + len(hints)), dtype=np.float32)
    topics = np.zeros((n, len(RISK_FLAGS)), dtype=np.float32)
    verdicts = np.zeros((n, len(RISK_STATUSES) + len(RISK_SUBJECTS)), dtype=np.float32)
    sure: list[set[str]] = [set() for _ in units]
    for rule in found:
        for row, unit in enumerate(units):
            if rule.start_char < unit.end_char and unit.start_char < rule.end_char:
                column = RISK_FLAGS.index(rule.flag)
                place = column if rule.sure else len(RISK_FLAGS) + hints.index(rule.rule)
                fired[row, place] = topics[row, column] = 1
                if rule.sure:
                    sure[row].add(rule.status)
                verdicts[row, RISK_STATUSES.index(rule.status)] = 1
                verdicts[row, len(RISK_STATUSES) + RISK_SUBJECTS.index(rule.subject)] = 1
    asked = np.zeros((n, len(RISK_FLAGS)), dtype=np.float32)
    named: dict[int, Array] = {}
    for row, unit in enumerate(units):
        named[unit.turn] = np.maximum(named.get(unit.turn, topics[row]), topics[row])
    for row, unit in enumerate(units):
        before = named.get(unit.turn - 1)
        if before is not None and unit.role != "therapist":
            asked[row] = before
    words = [plain(text[u.start_char : u.end_char]) for u in units]
    told = [
        [is_denied(w)]
        + [bool(cue(name).search(w)) for name in CUES[1:]]
        + [bool(p.search(w)) for p in _PERSONS]
        for w in words
    ]
    for row, statuses in enumerate(sure):
        if statuses:
            # What is denied beside the words that matter says nothing of them.
            told[row][0] = "denied" in statuses
    cues = np.array(told, dtype=np.float32).reshape(n, len(CUES) + len(_PERSONS))
    return RuleReading(fired, asked, np.hstack([cues, verdicts]))
