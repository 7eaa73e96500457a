"""Clauses -> communication patterns: rules and the learned classifier in one result."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from spacy.tokens import Doc

from ipt_nlp.areas.encoder import EncodedText
from ipt_nlp.clauses.features import ClauseRows, clause_rows
from ipt_nlp.clauses.pattern_model import PatternClassifier, joined_spans
from ipt_nlp.clauses.pattern_pairs import Floats, rule_columns
from ipt_nlp.codebook import PATTERNS
from ipt_nlp.language.clauses import clauses_of
from ipt_nlp.language.pattern_vetoes import is_denied, resembles_only
from ipt_nlp.language.patterns import SPANS_KEY, FoundPattern, found_patterns
from ipt_nlp.transcript import Kind


@dataclass(frozen=True)
class PatternReader:
    """Rules and classifier in one: what the tagger calls.

    Args:
        classifier: Fitted; without one, rules alone.
        rule_share: A rule stands where the classifier gives its pattern at least this share of
            the threshold.
    """

    classifier: PatternClassifier | None
    rule_share: float = 0.5

    def find(
        self, docs: Sequence[Doc], encoded: Sequence[EncodedText], kind: Kind
    ) -> list[list[FoundPattern]]:
        """Patterns of each document, in order.

        Args:
            docs: Parsed, through ``ipt_patterns``, with ``mark_turns`` where they are parts of a
                transcript.
            encoded: The same texts.
            kind: What they are parts of.
        """
        if self.classifier is None:
            return [found_patterns(doc) for doc in docs]
        rows = [clause_rows(d, e, kind) for d, e in zip(docs, encoded, strict=True)]
        probabilities = self.classifier.predict_proba(rows)
        return [self.combine(*parts) for parts in zip(docs, rows, probabilities, strict=True)]

    def combine(self, doc: Doc, rows: ClauseRows, probabilities: Floats) -> list[FoundPattern]:
        """Spans of one document from its rules and the classifier's probabilities."""
        if self.classifier is None or not len(rows):
            return found_patterns(doc)
        clauses = clauses_of(doc)
        found: list[FoundPattern] = []
        cut = self.classifier.threshold(rows)
        for column, pattern in enumerate(PATTERNS):
            ruled = rows.fired[:, rule_columns(pattern)] > 0
            here = probabilities[:, column]
            on = (here >= cut) | (ruled.any(axis=1) & (here >= self.rule_share * cut))
            on &= rows.readable
            for row in np.flatnonzero(on):
                if resembles_only(clauses[row], pattern) or (
                    # Rules see to negation themselves.
                    not ruled[row].any() and is_denied(clauses[row], pattern)
                ):
                    on[row] = False
            for first, last in joined_spans(rows, on):
                span = doc[clauses[first].start : clauses[last].end]
                names = _rules_in(doc, clauses[first].start, clauses[last].end, pattern)
                source = (
                    f"rule:{names[0]}" if names else f"model:{here[first : last + 1].max():.2f}"
                )
                who = self.classifier.predict_who(rows, first, pattern)
                found.append(FoundPattern(span, pattern, who, source))
        return sorted(_outermost(found), key=lambda f: (f.start_char, f.end_char, f.pattern))


def _outermost(found: Sequence[FoundPattern]) -> list[FoundPattern]:
    """Without what the classifier alone sees in a part of a longer span.

    Of 9,500 labelled spans some thirty stand inside another; of those that it finds there on texts
    new to it 7 of 53 are right.
    """

    def is_inside(f: FoundPattern) -> bool:
        return any(
            g.span.start <= f.span.start and f.span.end <= g.span.end and len(f.span) < len(g.span)
            for g in found
        )

    return [f for f in found if f.source.startswith("rule:") or not is_inside(f)]


def _rules_in(doc: Doc, start: int, end: int, pattern: str) -> list[str]:
    return [
        s.id_
        for s in doc.spans.get(SPANS_KEY, ())
        if s.label_ == pattern and s.start < end and start < s.end
    ]
