"""Component ``ipt_patterns``: communication patterns by rule, as spans in ``doc.spans``."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from spacy.language import Language
from spacy.matcher import Matcher
from spacy.tokens import Doc, Span
from spacy.util import filter_spans

from ipt_nlp.codebook import PATTERN_INFO, WHO, Who

SPANS_KEY = "ipt_patterns"


@dataclass(frozen=True)
class PatternRule:
    """A rule of ``patterns.toml``; ``tokens`` are alternatives in spaCy ``Matcher`` syntax."""

    name: str
    pattern: str
    who: Who
    example: str
    counter_example: str
    tokens: tuple[tuple[dict[str, Any], ...], ...]

    def __post_init__(self) -> None:
        if self.pattern not in PATTERN_INFO or self.who not in WHO:
            raise ValueError(f"rule {self.name}: pattern or who is not in the codebook")


@cache
def pattern_rules() -> dict[str, PatternRule]:
    """The shipped rules by name."""
    raw = resources.files(__package__).joinpath("patterns.toml").read_text(encoding="utf-8")
    rules = [
        PatternRule(**{**r, "tokens": tuple(tuple(t) for t in r["tokens"])})
        for r in tomllib.loads(raw)["rules"]
    ]
    return {rule.name: rule for rule in rules}


@dataclass(frozen=True)
class FoundPattern:
    """A pattern span of a document: token span, pattern key, who, and what found it."""

    span: Span
    pattern: str
    who: Who
    source: str


class PatternMatcher:
    """Writes one span for each rule that fires to ``doc.spans[SPANS_KEY]``.

    The span's label is the pattern key and its id the rule's name.
    """

    def __init__(self, nlp: Language) -> None:
        self.matcher = Matcher(nlp.vocab)
        for rule in pattern_rules().values():
            self.matcher.add(rule.name, [list(t) for t in rule.tokens], greedy="LONGEST")

    def __call__(self, doc: Doc) -> Doc:
        by_pattern: dict[str, list[Span]] = {}
        for key, start, end in self.matcher(doc):
            rule = pattern_rules()[doc.vocab.strings[key]]
            span = Span(doc, start, end, label=rule.pattern, span_id=rule.name)
            by_pattern.setdefault(rule.pattern, []).append(span)
        found = [s for spans in by_pattern.values() for s in filter_spans(spans)]
        doc.spans[SPANS_KEY] = sorted(found, key=lambda s: (s.start, s.end, s.label_))
        return doc


@Language.factory("ipt_patterns", assigns=["doc.spans"])
def make_patterns(nlp: Language, name: str) -> PatternMatcher:
    """The component, for ``nlp.add_pipe("ipt_patterns")`` in anyone's pipeline."""
    return PatternMatcher(nlp)


def found_patterns(doc: Doc) -> list[FoundPattern]:
    """The patterns of a document that went through ``ipt_patterns``; none of one that did not."""
    if SPANS_KEY not in doc.spans:
        return []
    rules = pattern_rules()
    return [
        FoundPattern(span, span.label_, rules[span.id_].who, f"rule:{span.id_}")
        for span in doc.spans[SPANS_KEY]
    ]
