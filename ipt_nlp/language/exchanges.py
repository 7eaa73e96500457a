"""Reported exchanges: "I said … he said … I just walked out" as an ordered list of moves.

A move is one step by one person: something said, asked or done in answer. Sequences with a known
shape are named:

- ``demand_withdraw`` (Christensen & Heavey 1990): one presses, blames or asks, the other falls
  silent or leaves.
- ``criticism_defence`` (Gottman 1994): blame or contempt, answered by excuse or counter-attack.
- ``mutual_hostility``: both attack.
- ``repair_accepted``, ``repair_rejected``: an apology or offer, met by softness or by attack,
  excuse or silence.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from spacy.tokens import Doc, Span, Token

from ipt_nlp.codebook import Who
from ipt_nlp.language.clauses import clauses_of
from ipt_nlp.language.doers import doer_of
from ipt_nlp.language.patterns import FoundPattern
from ipt_nlp.language.turns import role_of

Sequenced = Literal[
    "demand_withdraw", "criticism_defence", "mutual_hostility", "repair_accepted", "repair_rejected"
]
SEQUENCES: tuple[Sequenced, ...] = (
    "demand_withdraw",
    "criticism_defence",
    "mutual_hostility",
    "repair_accepted",
    "repair_rejected",
)

_SAYING = frozenset(
    "say says said saying tell tells told ask asks asked go goes shout shouts shouted yell yells "
    "yelled scream screams screamed answer answers answered reply replies replied write writes "
    "wrote text texts texted call calls called explain explained apologise apologised apologize "
    "apologized apologizes laugh laughs laughed shrug shrugged nod nodded cry cried".split()
)
_SUBJECTS = frozenset("i he she we they".split())
_CLIENT = frozenset("i ct pt client".split())
_PERSON_BEFORE = frozenset("my the our his her".split())
_DEMAND = frozenset({"blame", "control", "direct_expression", "clarifying", "hostility"})
_ATTACK = frozenset({"blame", "hostility"})
_REFUSED = frozenset({"blame", "hostility", "defensiveness", "withdrawal"})
_SOFT = frozenset({"repair", "direct_expression", "clarifying"})
_GAP = 2
"""Clauses without a move after which an exchange has ended."""


@dataclass(frozen=True)
class FoundMove:
    """A step of an exchange: a stretch of the document, whose it is, and the patterns in it."""

    span: Span
    who: Who
    patterns: tuple[str, ...]


@dataclass(frozen=True)
class FoundExchange:
    """Moves in order; ``sequence`` names the first known shape among them."""

    moves: tuple[FoundMove, ...]
    sequence: Sequenced | None


def find_exchanges(doc: Doc, patterns: Sequence[FoundPattern]) -> list[FoundExchange]:
    """Exchanges that a document reports, in order.

    An exchange has two moves or more, by both sides, at least one of them said aloud.

    Args:
        doc: Parsed, its turns marked where it is part of a transcript.
        patterns: What was found in it.
    """
    found = []
    for moves, spoken in _runs(doc, patterns):
        sides = {move.who for move in moves}
        if len(moves) >= 2 and {"client", "other"} <= sides and spoken:
            found.append(FoundExchange(tuple(moves), name_sequence(moves)))
    return found


def name_sequence(moves: Sequence[FoundMove]) -> Sequenced | None:
    """The first known shape: a step and the other person's next step."""
    for place, move in enumerate(moves):
        answer = next((m for m in moves[place + 1 :] if m.who != move.who), None)
        if answer is None or "both" in (move.who, answer.who):
            continue
        first, second = frozenset(move.patterns), frozenset(answer.patterns)
        if "repair" in first and second:
            if second & _SOFT and not second & _REFUSED:
                return "repair_accepted"
            if second & _REFUSED:
                return "repair_rejected"
        if first & _ATTACK and "defensiveness" in second:
            return "criticism_defence"
        if first & _ATTACK and second & _ATTACK:
            return "mutual_hostility"
        if first & _DEMAND and "withdrawal" in second:
            return "demand_withdraw"
    return None


def _runs(doc: Doc, patterns: Sequence[FoundPattern]) -> list[tuple[list[FoundMove], bool]]:
    """Stretches of moves close together, with whether anything in them was said aloud."""
    runs: list[tuple[list[FoundMove], bool]] = []
    gap = _GAP + 1
    speaking: Who | None = None
    told: Span | None = None
    for clause in clauses_of(doc):
        if role_of(clause[0]) == "therapist":
            gap, speaking = _GAP + 1, None
            continue
        shown = [p for p in patterns if p.span.start < clause.end and clause.start < p.span.end]
        teller = _teller(clause)
        who = teller
        if who is None and speaking is not None and clause.sent == told:
            who = speaking  # what was said, in the sentence that says by whom
        if who is None:
            who = shown[0].who if shown else None
        if who is None and speaking is not None and _is_quoted(clause):
            who = speaking
        if who is None:
            gap += 1
            if gap > _GAP:
                speaking = None
            continue
        keys = tuple(dict.fromkeys(p.pattern for p in shown))
        if gap > _GAP or not runs:
            runs.append(([], False))
        moves, spoken = runs[-1]
        if moves and moves[-1].who == who:
            last = moves[-1]
            joined = tuple(dict.fromkeys((*last.patterns, *keys)))
            moves[-1] = FoundMove(doc[last.span.start : clause.end], who, joined)
        else:
            moves.append(FoundMove(clause, who, keys))
        runs[-1] = (moves, spoken or teller is not None)
        speaking, gap = teller or speaking, 0
        told = clause.sent if teller else told
    return runs


def _teller(clause: Span) -> Who | None:
    """Whose words or answer a clause reports ("she goes", "my boss told me"); else None."""
    for token in clause:
        if token.lower_ in _SAYING:
            subject = _subject_before(token)
            if subject is not None:
                return _who(subject, clause)
    return None


def _subject_before(verb: Token) -> Token | None:
    start = max(0, verb.i - 4)
    for token in reversed(verb.doc[start : verb.i]):
        if token.lower_ in _SUBJECTS or token.lower_ in _CLIENT:
            return token
        named = token.i > 0 and token.doc[token.i - 1].lower_ in _PERSON_BEFORE
        if token.pos_ == "PROPN" or (token.pos_ == "NOUN" and named):
            return token
        if token.is_punct and token.text != ",":
            return None
    return None


def _who(subject: Token, clause: Span) -> Who:
    if subject.lower_ in _CLIENT:
        return "client"
    if subject.lower_ == "we":
        return "both"
    return "other" if subject.lower_ in _SUBJECTS or subject.pos_ == "PROPN" else doer_of(clause)


def _is_quoted(clause: Span) -> bool:
    """Whether a clause goes on with speech: it addresses someone, or stands in quotation marks."""
    before = clause.doc[clause.start - 1].text if clause.start else ""
    return before in {"'", '"', "“", "‘"} or any(t.lower_ in {"you", "your"} for t in clause)
