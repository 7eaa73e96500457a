"""Component ``ipt_goals``: clauses that say what the client wants from the therapy.

"I want a coffee" is a wish and no goal. A clause counts when its own words say that it is a goal
("my goal would be", "I want to be able to"), or when it answers a question that asks for one ("what
would you like to be different?"). Rules are data, in ``goals.toml``.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Literal

from spacy.language import Language
from spacy.tokens import Doc, Span

from ipt_nlp.language.relations import first_names, relation_data
from ipt_nlp.language.turns import role_of

SPANS_KEY = "ipt_goals"

GoalKind = Literal["goal", "wish", "fragment", "question", "not", "quoted", "elsewhere"]

# A full stop that ends nothing: "Dr. Haskins", "i.e. to sleep", "half past 7.30".
_STOP = (
    r"(?<!\bdr)(?<!\bmr)(?<!\bms)(?<!\bmrs)(?<!\bprof)(?<!\bst)(?<!\bi\.e)(?<!\be\.g)"
    r"\.(?!\d|[a-z]\.)"
)
_CLAUSE_END = re.compile(rf"{_STOP}|[?!;\n]|,? (?:because|cause|but|so that's)\b")
_SPEECH_END = re.compile(r"\n|\b(?:because|cause|but|so that's|that's all|i don't know)\b")
_ROLE_PLAY = re.compile(r"\bas (\w+)[.,]|\bi'm (?:the |your )?(\w+)(?:[.,]|$)")
_TRY = re.compile(r"\btry (?:it|saying|that)\b|\bout loud\b")
_STATING: tuple[GoalKind, ...] = ("goal", "wish", "fragment")
_PLAYED = frozenset(("him", "her", "them"))
_BY_ANYONE = frozenset(("my-goal", "the-goal", "agreed-goal", "you-wanted"))
"""Rules that hold of what the therapist says, too."""
_MAX_SPEECH = 25
_MIN_WORDS = 4
_QUOTED_WINDOW = 40


@dataclass(frozen=True)
class GoalRule:
    """A rule of ``goals.toml``; ``pattern`` reads lower case with straight apostrophes."""

    name: str
    kind: GoalKind
    pattern: re.Pattern[str]
    example: str
    counter_example: str


@cache
def goal_rules() -> tuple[GoalRule, ...]:
    """The shipped rules, in order."""
    raw = resources.files(__package__).joinpath("goals.toml").read_text(encoding="utf-8")
    return tuple(
        GoalRule(r["name"], r["kind"], re.compile(r["pattern"]), r["example"], r["counter_example"])
        for r in tomllib.loads(raw)["rules"]
    )


@cache
def _of_kind(kind: GoalKind) -> tuple[GoalRule, ...]:
    return tuple(rule for rule in goal_rules() if rule.kind == kind)


@dataclass(frozen=True)
class FoundGoal:
    """A goal: index of the document, code points into its text, the words, the rule's name."""

    doc: int
    start_char: int
    end_char: int
    text: str
    rule: str


@dataclass(frozen=True)
class _Turn:
    """A stretch of one speaker; offsets into the document's text."""

    start: int
    end: int
    role: str | None


class GoalMarker:
    """Writes goals to ``doc.spans[SPANS_KEY]``: label ``goal``, id the rule's name.

    A document is read by itself, so a wish whose question stands in the document before is
    found by :func:`session_goals` only.
    """

    def __call__(self, doc: Doc) -> Doc:
        doc.spans[SPANS_KEY] = list(_spans(doc, ""))
        return doc


@Language.factory("ipt_goals", assigns=["doc.spans"])
def make_goals(nlp: Language, name: str) -> GoalMarker:
    """The component, for ``nlp.add_pipe("ipt_goals")`` in anyone's pipeline."""
    return GoalMarker()


def session_goals(docs: Sequence[Doc]) -> list[FoundGoal]:
    """The goals of a session, in order; ``docs`` are its segments in order.

    Turns are the lines of a document; who speaks is read from ``token._.role`` where it is set.
    """
    found = []
    before = ""
    for i, doc in enumerate(docs):
        for span in _spans(doc, before):
            found.append(FoundGoal(i, span.start_char, span.end_char, span.text, span.id_))
        text = _plain(doc.text).rstrip("\n")
        before = text[text.rfind("\n") + 1 :]
    return found


def _plain(text: str) -> str:
    """The text as patterns read it; every code point stays in its place."""
    lowered = text.lower()
    if len(lowered) != len(text):  # Few letters grow: "İ".
        lowered = "".join(c.lower() if len(c.lower()) == 1 else c for c in text)
    return lowered.replace("’", "'")


def _turns(doc: Doc, text: str) -> list[_Turn]:
    """The lines of a document with the role of each one's first word."""
    turns, start, role = [], 0, None
    for token in doc:
        if "\n" in token.text:
            end = token.idx + token.text.index("\n")
            if end > start:
                turns.append(_Turn(start, end, role))
            start, role = token.idx + len(token), None
        elif role is None and start <= token.idx:
            role = role_of(token) or "unknown"
    if len(text) > start:
        turns.append(_Turn(start, len(text), role))
    return turns


def _spans(doc: Doc, before: str) -> Iterator[Span]:
    """Goals of a document; ``before`` is the turn before it, as patterns read it."""
    text = _plain(doc.text)
    if not any(rule.pattern.search(text) for kind in _STATING for rule in _of_kind(kind)):
        return
    speech = not re.search(r"[.?!]", text)
    for turn in _turns(doc, text):
        words = text[turn.start : turn.end]
        for start, end, rule in _in_turn(words, before, turn.role, speech):
            a, b = turn.start + start, turn.start + end
            span = doc.char_span(a, b, label="goal", span_id=rule, alignment_mode="expand")
            if span is not None:
                yield span
        before = words


def _in_turn(
    words: str, before: str, role: str | None, speech: bool
) -> Iterator[tuple[int, int, str]]:
    """Goals of a turn as (start, end, rule); those that overlap are one."""
    asked = role != "therapist" and _asks(before)
    until = -1
    for match, rule in sorted(_candidates(words), key=lambda found: found[0].start()):
        start = match.start()
        if start < until:
            continue
        if rule.kind == "wish" and not asked and not _asks_itself(words, start):
            continue
        if rule.kind == "fragment" and not (asked and before.rstrip().endswith("?")):
            continue  # It has nothing but the question to make it a goal.
        if rule.name in _BY_ANYONE or role != "therapist":
            if _refused(words, start, rule) or (rule.kind == "goal" and _is_role_play(before)):
                continue
            end = _clause_end(words, match.end(), speech)
            if len(words[start:end].split()) >= _MIN_WORDS:
                until = end
                yield start, end, rule.name


def _candidates(words: str) -> Iterator[tuple[re.Match[str], GoalRule]]:
    for kind in _STATING:
        for rule in _of_kind(kind):
            for match in rule.pattern.finditer(words):
                yield match, rule


def _is_role_play(turn: str) -> bool:
    """Whether the therapist speaks as somebody else or asks the client to speak to somebody."""
    if _TRY.search(turn):
        return True
    played = {word for pair in _ROLE_PLAY.findall(turn) for word in pair if word}
    return any(
        word in _PLAYED or word in relation_data().singular or word in first_names()
        for word in played
    )


def _asks(turn: str) -> bool:
    return not _is_role_play(turn) and any(r.pattern.search(turn) for r in _of_kind("question"))


def _asks_itself(words: str, start: int) -> bool:
    """Whether the same turn asks before it: texts without speakers put both in one line."""
    return "?" in words[:start] and _asks(words[:start])


def _refused(words: str, start: int, rule: GoalRule) -> bool:
    if any(other.pattern.match(words, start) for other in _of_kind("not")):
        return True
    before = words[max(0, start - _QUOTED_WINDOW) : start]
    kinds: tuple[GoalKind, ...] = ("quoted",)
    if rule.name == "the-goal":
        kinds = ("quoted", "elsewhere")
    return any(other.pattern.search(before) for kind in kinds for other in _of_kind(kind))


def _clause_end(words: str, start: int, speech: bool) -> int:
    """Where the clause ends that goes on at ``start``."""
    found = (_SPEECH_END if speech else _CLAUSE_END).search(words, start)
    end = found.start() if found else len(words)
    if speech:
        pieces = list(re.finditer(r"\S+", words[start:end]))
        if len(pieces) > _MAX_SPEECH:
            end = start + pieces[_MAX_SPEECH - 1].end()
    return start + len(words[start:end].rstrip(" ,"))
