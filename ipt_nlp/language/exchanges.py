"""Reported exchanges: "I said … he said … I just walked out" as an ordered list of moves.

A move is one step by one person: something said, asked or done in answer. Sequences with a known
shape are named:

- ``demand_withdraw`` (Christensen & Heavey 1990): one presses, blames or asks, the other falls
  silent or leaves.
- ``criticism_defence`` (Gottman 1994): blame or contempt, answered by excuse or counter-attack.
- ``mutual_hostility``: both attack.
- ``repair_accepted``, ``repair_rejected``: an apology or offer, met by softness or by attack,
  excuse or silence.

The moves of an exchange are the client's and one other's: where somebody else is named, it ends.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from spacy.tokens import Doc, Span, Token

from ipt_nlp.codebook import Who
from ipt_nlp.language.clauses import clauses_of
from ipt_nlp.language.doers import doer_of, is_note
from ipt_nlp.language.patterns import FoundPattern
from ipt_nlp.language.people import Mention, mentions
from ipt_nlp.language.relations import Gender, relation_data
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

_GO = frozenset({"go", "goes"})
_NOT_SPOKEN = frozenset(
    "to on in into out onto off over up down by with for from through round around along past back "
    "home away there here upstairs downstairs outside and .".split()
)
"""What follows where somebody only goes somewhere: "I go out" is no step, "he goes quiet" is."""
_PRONOUN_GENDERS: dict[str, Gender] = {"he": "m", "him": "m", "she": "f", "her": "f"}
_TOWARDS = frozenset("to at with on towards toward against from past".split())
_NOT_ADDRESSING = frozenset(
    "say says said saying think thinks thought know knows knew feel feels felt mean means meant "
    "want wants wanted need needs needed miss misses missed love loves loved like likes liked hate "
    "hates hated wish hope hoped see saw have has had is was were".split()
)
"""Verbs after which a person is wished for or spoken of: "I said my mum …", "I want my mum"."""
_GENERAL: dict[str, frozenset[str]] = {
    "parent": frozenset("mother father stepmother stepfather".split()),
    "sibling": frozenset("brother sister twin half-brother half-sister".split()),
    "twin": frozenset("brother sister".split()),
    "child": frozenset("son daughter baby stepson stepdaughter".split()),
    "baby": frozenset("son daughter".split()),
    "partner": frozenset("husband wife boyfriend girlfriend fiancé".split()),
    "ex-partner": frozenset("ex-husband ex-wife ex-boyfriend ex-girlfriend".split()),
    "friend": frozenset("roommate neighbour co-worker classmate teammate".split()),
}
"""Relation words that may stand for a person who is also called by a narrower one."""


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
    for run in _runs(doc, patterns):
        sides = {move.who for move in run.moves}
        if len(run.moves) >= 2 and {"client", "other"} <= sides and run.spoken:
            found.append(FoundExchange(tuple(run.moves), name_sequence(run.moves)))
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


@dataclass(frozen=True)
class _Somebody:
    """What the words of a move say of the other person in it."""

    name: str | None = None
    relation: str | None = None
    gender: Gender | None = None

    def may_be(self, other: _Somebody) -> bool:
        """Whether nothing speaks against both being one person."""
        if self.gender and other.gender and self.gender != other.gender:
            return False
        if self.name and other.name:
            return self.name.startswith(other.name) or other.name.startswith(self.name)
        if self.relation and other.relation:
            return _same_relation(self.relation, other.relation)
        # Nobody calls a parent "Dana" and "my dad" in one breath; a husband is often "Mike" too.
        word = (self.relation if other.name else None) or (other.relation if self.name else None)
        relation = relation_data().relations.get(word or "")
        return relation is None or not relation.address


@dataclass
class _Run:
    """Moves close together with one other person, and whether anything in them was said aloud."""

    moves: list[FoundMove] = field(default_factory=list)
    spoken: bool = False
    others: tuple[_Somebody, ...] = ()

    def holds(self, others: Sequence[_Somebody]) -> bool:
        """Whether a move with these people goes on with the exchange."""
        # Pronouns tell people apart only until a name or a relation does it better.
        known = [o for o in self.others if o.name or o.relation] or self.others
        return not known or not others or any(k.may_be(o) for k in known for o in others)


def _runs(doc: Doc, patterns: Sequence[FoundPattern]) -> list[_Run]:
    """Stretches of moves close together, by the client and one other."""
    runs: list[_Run] = []
    people = _People(doc)
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
        # What was said, in the sentence that says by whom: whoever is named there is spoken of.
        is_content = who is None and speaking is not None and clause.sent == told
        if is_content:
            who = speaking
        if who is None:
            who = shown[0].who if shown else None
        if who is None and speaking is not None and _is_quoted(clause):
            who = speaking
        if who is None:
            gap += 1
            if gap > _GAP:
                speaking = None
            continue
        others = () if is_content else people.of_move(clause, who)
        if gap > _GAP or not runs or not runs[-1].holds(others):
            runs.append(_Run())
            speaking = None
        run = runs[-1]
        # "I didn't pick up when she called": one span, and the call is no withdrawal of hers.
        own = dict.fromkeys(p.pattern for p in shown if "both" in (p.who, who) or p.who == who)
        _add(run.moves, FoundMove(clause, who, tuple(own)))
        run.spoken |= teller is not None
        run.others += others
        speaking, gap = teller or speaking, 0
        told = clause.sent if teller else told
    return runs


def _add(moves: list[FoundMove], move: FoundMove) -> None:
    """Add a move, to the last one where the same person goes on."""
    if not moves or moves[-1].who != move.who:
        moves.append(move)
        return
    last = moves[-1]
    joined = tuple(dict.fromkeys((*last.patterns, *move.patterns)))
    moves[-1] = FoundMove(move.span.doc[last.span.start : move.span.end], move.who, joined)


class _People:
    """Who is named in a document: whom the client speaks to, and who else does something."""

    def __init__(self, doc: Doc) -> None:
        self._mentions = {m.span.start: m for m in mentions(doc)}
        self._inside = {t.i for m in self._mentions.values() for t in m.span[1:]}
        # A note calls the client "she" as well.
        self._genders = {} if is_note(doc) else _PRONOUN_GENDERS

    def of_move(self, clause: Span, who: Who) -> tuple[_Somebody, ...]:
        """The others in a move as it names them; none where it leaves open who they are."""
        for token in clause:
            if token.i in self._inside:
                continue
            mention = self._mentions.get(token.i)
            if mention is None and (token.lower_ not in self._genders or token.tag_ == "PRP$"):
                continue
            if not (_is_addressed(token, mention) if who == "client" else _does(token)):
                continue
            if mention is None:
                return (_Somebody(gender=self._genders[token.lower_]),)
            return tuple(_somebody(m) for m in self._side_by_side(mention))
        return ()

    def _side_by_side(self, first: Mention) -> list[Mention]:
        """A mention with those that are joined to it: "my mum and Josh", "my husband Mike"."""
        found, end = [first], first.span.end
        doc = first.span.doc
        while end < len(doc):
            if doc[end].lower_ in {"and", ","}:
                end += 1
            following = self._mentions.get(end)
            if following is None:
                break
            found.append(following)
            end = following.span.end
        return found


def _somebody(mention: Mention) -> _Somebody:
    if mention.kind == "relation" and mention.relation is not None:
        relation = relation_data().relations.get(mention.relation)
        return _Somebody(relation=mention.relation, gender=relation.gender if relation else None)
    if mention.kind == "name":
        name = mention.span.root.lower_ if mention.relation is None else mention.span[-1].lower_
        # Without a gender: the list of first names has Jess and Bernie for men.
        return _Somebody(name, mention.relation)
    return _Somebody()


def _same_relation(one: str, other: str) -> bool:
    return one == other or other in _GENERAL.get(one, ()) or one in _GENERAL.get(other, ())


def _is_addressed(token: Token, mention: Mention | None) -> bool:
    """Whether the person who begins at a token is the one that the client turns to."""
    if token.i == 0:
        return False
    end = mention.span.end if mention else token.i + 1
    if end < len(token.doc) and token.doc[end].lower_ in {"'s", "’s"}:
        return False
    before = token.nbor(-1)
    verb = before.pos_ == "VERB" or before.lower_ in _SAYING
    return before.lower_ in _TOWARDS or (verb and before.lower_ not in _NOT_ADDRESSING)


def _does(token: Token) -> bool:
    """Whether a person stands where those who act do: after no verb, and after no word but "by"."""
    before = token.nbor(-1) if token.i else None
    if before is None or before.lower_ == "by":
        return True
    return before.pos_ not in {"VERB", "ADP"}


def _teller(clause: Span) -> Who | None:
    """Whose words or answer a clause reports ("she goes", "my boss told me"); else None."""
    for token in clause:
        if token.lower_ in _SAYING and not _goes_somewhere(token):
            subject = _subject_before(token)
            if subject is not None:
                return _who(subject, clause)
    return None


def _goes_somewhere(verb: Token) -> bool:
    """Whether "go" is no word for speaking: "I go to work", beside "she goes, fine"."""
    if verb.lower_ not in _GO:
        return False
    return verb.i + 1 == len(verb.doc) or verb.nbor(1).lower_ in _NOT_SPOKEN


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
