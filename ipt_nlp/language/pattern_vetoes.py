"""What undoes a pattern whoever found it: acts that are denied, and phrases that only resemble it.

Rules see to negation themselves; the classifier has learned it from too few examples.
"""

from __future__ import annotations

from functools import cache, lru_cache

from spacy.matcher import Matcher
from spacy.tokens import Span
from spacy.vocab import Vocab

from ipt_nlp.language.context import is_negated
from ipt_nlp.language.pattern_phrases import matcher_patterns, norms, read_rules


@cache
def denied_acts() -> dict[str, frozenset[str]]:
    """For patterns by key the words whose denial leaves nothing of the pattern."""
    return {
        key: frozenset(form for word in words.split() for form in norms(word))
        for key, words in read_rules("vetoes.toml")["acts"].items()
    }


def is_denied(span: Span, pattern: str) -> bool:
    """Whether a span names an act of its pattern and denies it, and each such act."""
    acts = denied_acts().get(pattern)
    if acts is None:
        return False
    named = [token for token in span if token.lower_ in acts]
    return bool(named) and all(map(is_negated, named))


def resembles_only(span: Span, pattern: str) -> bool:
    """Whether a span holds a phrase that resembles its pattern and is none of it."""
    matcher = _resemblances(span.vocab).get(pattern)
    return matcher is not None and bool(matcher(span))


@lru_cache(maxsize=4)
def _resemblances(vocab: Vocab) -> dict[str, Matcher]:
    made = {}
    for pattern, phrases in read_rules("vetoes.toml")["instead"].items():
        made[pattern] = Matcher(vocab)
        tokens = [t for phrase in phrases for t in matcher_patterns(phrase)]
        made[pattern].add(pattern, tokens)
    return made
