"""Component ``ipt_patterns``: communication patterns by rule, as spans in ``doc.spans``.

Rules are phrases in files that a clinician can read, one file a pattern (``pattern_rules/``); each
phrase becomes a spaCy ``Matcher`` pattern (``pattern_phrases``). What undoes a pattern whoever
found it is in ``pattern_vetoes``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Literal

from spacy.lang.en.stop_words import STOP_WORDS
from spacy.language import Language
from spacy.matcher import Matcher
from spacy.tokens import Doc, Span
from spacy.vocab import Vocab

from ipt_nlp.codebook import PATTERN_INFO, PATTERNS, WHO, Who
from ipt_nlp.language.clauses import clauses_of
from ipt_nlp.language.context import head_of, is_hypothetical
from ipt_nlp.language.doers import doer_of
from ipt_nlp.language.pattern_phrases import NEGATIONS, matcher_patterns, read_rules
from ipt_nlp.language.pattern_vetoes import resembles_only
from ipt_nlp.language.turns import role_of

SPANS_KEY = "ipt_patterns"

_REACH = 4
"""Words before a match in which a negation undoes it."""
_LONGEST = 3
"""Clauses that a match may reach over; a longer one keeps to its own words."""
_ASKS = frozenset(
    "should how can could would do does did is am are was were what why when where who will shall "
    "has have which".split()
)
_OPENS = frozenset("and but so or then well like ok okay also just hi hey please".split())
_TO_SOMEBODY = frozenset("you u we".split())


@dataclass(frozen=True)
class PatternRule:
    """A rule: phrases that show a pattern, with an example and a counter-example.

    ``who`` is ``subject`` where the one who acts is read from the clause. With ``negation`` "own"
    the phrases say themselves what is denied; otherwise a negation before them undoes the match.
    With ``supposed`` "stands" the phrases count under "if" and "would" too, as ultimatums do.
    """

    name: str
    pattern: str
    example: str
    counter_example: str
    phrases: tuple[str, ...]
    who: Who | Literal["subject"] = "subject"
    negation: Literal["undoes", "own"] = "undoes"
    supposed: Literal["undoes", "stands"] = "undoes"

    def __post_init__(self) -> None:
        if self.pattern not in PATTERN_INFO or self.who not in (*WHO, "subject"):
            raise ValueError(f"rule {self.name}: pattern or who is not in the codebook")


@cache
def pattern_rules() -> dict[str, PatternRule]:
    """The shipped rules by name.

    Raises:
        ValueError: Two rules of one name, or a field that does not exist.
    """
    rules = [
        PatternRule(**{**raw, "phrases": tuple(raw["phrases"]), "pattern": pattern})
        for pattern in PATTERNS
        for raw in read_rules(f"{pattern}.toml")["rules"]
    ]
    found = {rule.name: rule for rule in rules}
    if len(found) != len(rules):
        raise ValueError("pattern rules: two rules of one name")
    return found


class _Phrase:
    """A phrase ready to be looked for, with the words one of which must be in the sentence."""

    def __init__(self, vocab: Vocab, rule: PatternRule, phrase: str) -> None:
        self.rule = rule
        patterns = matcher_patterns(phrase, own_negation=rule.negation == "own")
        self.matcher = Matcher(vocab)
        self.matcher.add(rule.name, patterns, greedy="LONGEST")
        needed = [
            t["NORM"]["IN"] for t in patterns[0] if "IN" in t.get("NORM", {}) and "OP" not in t
        ]
        if len(patterns) > 1:
            # The word that stands for somebody may be a name instead.
            both = [{*t["NORM"]["IN"]} for t in patterns[1] if "IN" in t.get("NORM", {})]
            needed = [words for words in needed if {*words} in both] or needed
        self.anchors: tuple[str, ...] = tuple(min(needed, key=_commonness))
        self.needed = [frozenset(words) for words in needed]


def _commonness(words: Iterable[str]) -> int:
    return sum(50 if w in STOP_WORDS or len(w) < 3 else 1 for w in words)


@dataclass(frozen=True)
class FoundPattern:
    """A pattern span of a document: token span, pattern key, who, and what found it.

    ``source`` is ``rule:NAME`` or ``model:SCORE``.
    """

    span: Span
    pattern: str
    who: Who
    source: str

    @property
    def start_char(self) -> int:
        """Code points into the document's text."""
        return int(self.span.start_char)

    @property
    def end_char(self) -> int:
        return int(self.span.end_char)


class PatternMatcher:
    """Writes one span for each rule that fires to ``doc.spans[SPANS_KEY]``.

    The span is the clause with the matched words, its label the pattern key and its id the rule's
    name. Nothing that a therapist says is a pattern.
    """

    def __init__(self, nlp: Language) -> None:
        self.phrases = [
            _Phrase(nlp.vocab, rule, phrase)
            for rule in pattern_rules().values()
            for phrase in rule.phrases
        ]
        self.by_anchor: dict[str, list[int]] = {}
        for place, phrase in enumerate(self.phrases):
            for word in phrase.anchors:
                self.by_anchor.setdefault(word, []).append(place)

    def __call__(self, doc: Doc) -> Doc:
        doc.spans[SPANS_KEY] = list(self.find(doc))
        return doc

    def matches(self, doc: Doc) -> Iterator[tuple[PatternRule, Span]]:
        """Rules that fire with the words that they match, sentence by sentence."""
        sentences = doc.sents if doc.has_annotation("SENT_START") else [doc[:]]
        for sentence in sentences:
            words = [t.norm_ for t in sentence]
            seen = frozenset(words)
            places = {p for w in seen & self.by_anchor.keys() for p in self.by_anchor[w]}
            if not places or role_of(sentence[0]) == "therapist":
                continue
            for place in sorted(places):
                phrase = self.phrases[place]
                if any(seen.isdisjoint(words) for words in phrase.needed):
                    continue
                for _, start, end in phrase.matcher(sentence):
                    match = doc[sentence.start + start : sentence.start + end]
                    if not _undone(phrase.rule, words, start, match):
                        yield phrase.rule, match

    def find(self, doc: Doc) -> list[Span]:
        """One span a rule and clause, in order."""
        clauses = clauses_of(doc)
        found: dict[tuple[int, int, str], Span] = {}
        for rule, match in self.matches(doc):
            span = _clause_span(doc, clauses, match)
            if _asks_the_reader(span) or resembles_only(span, rule.pattern):
                continue
            key = (span.start, span.end, rule.name)
            if key not in found:
                made = Span(doc, span.start, span.end, label=rule.pattern, span_id=rule.name)
                found[key] = made
        return [found[key] for key in sorted(found)]


def _undone(rule: PatternRule, words: Sequence[str], start: int, match: Span) -> bool:
    """Whether a match is denied, or only supposed, where the rule does not allow for it."""
    if rule.negation != "own" and _negated(words, start):
        return True
    return rule.supposed != "stands" and is_hypothetical(head_of(match))


def _asks_the_reader(clause: Span) -> bool:
    """Whether a clause is a question to whoever reads ("Should I tell him?"), which shows nothing.

    Questions to somebody in the story ("why do you always…", "can we talk") are left alone.
    """
    place = clause.sent.start if clause.doc.has_annotation("SENT_START") else 0
    words = [t.lower_ for t in clause.doc[place : clause.start + 4]]
    before = words[: clause.start - place]
    while before and (before[0] in _OPENS or not before[0].isalpha()):
        before = before[1:]
    asked = words[clause.start - place :]
    return not before and asked[0] in _ASKS and not _TO_SOMEBODY & {*asked}


def _negated(words: Sequence[str], start: int) -> bool:
    before = words[max(0, start - _REACH) : start]
    for mark in (",", ".", ";", "and", "but", "because", "so", "that", "if", "when"):
        if mark in before:
            before = before[len(before) - before[::-1].index(mark) :]
    return any(w in NEGATIONS for w in before)


def _clause_span(doc: Doc, clauses: Sequence[Span], match: Span) -> Span:
    """The clauses that a match touches, as one span."""
    touched = [c for c in clauses if c.start < match.end and c.end > match.start]
    if not touched or len(touched) > _LONGEST:
        return match
    if len(touched) > 1:
        # A word that sticks out into the next clause does not make that clause part of it.
        kept = [c for c in touched if _shared(c, match) * 4 >= len(match)]
        touched = kept or touched
    return doc[touched[0].start : touched[-1].end]


def _shared(a: Span, b: Span) -> int:
    return int(min(a.end, b.end) - max(a.start, b.start))


@Language.factory("ipt_patterns", assigns=["doc.spans"])
def make_patterns(nlp: Language, name: str) -> PatternMatcher:
    """The component, for ``nlp.add_pipe("ipt_patterns")`` in anyone's pipeline."""
    return PatternMatcher(nlp)


def found_patterns(doc: Doc) -> list[FoundPattern]:
    """The patterns of a document that went through ``ipt_patterns``; none of one that did not.

    Where several rules mark overlapping words with one pattern, the longest span stays.
    """
    if SPANS_KEY not in doc.spans:
        return []
    rules = pattern_rules()
    kept: list[Span] = []
    for span in sorted(doc.spans[SPANS_KEY], key=lambda s: (-len(s), s.start, s.id_)):
        same = (k for k in kept if k.label_ == span.label_)
        if all(k.end <= span.start or span.end <= k.start for k in same):
            kept.append(span)
    kept.sort(key=lambda s: (s.start, s.end, s.label_))
    return [FoundPattern(s, s.label_, _who(rules[s.id_], s), f"rule:{s.id_}") for s in kept]


def _who(rule: PatternRule, span: Span) -> Who:
    return doer_of(span) if rule.who == "subject" else rule.who
