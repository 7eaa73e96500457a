"""Base noun phrases for parses with the labels of Universal Dependencies.

spaCy's English rules know the labels of ClearNLP alone: with a UD parse they miss objects,
obliques and passive subjects, and take prepositions and copulas into the phrase. These leave a
ClearNLP parse (``en_core_web_*``) to spaCy's own rules.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, cast

from spacy.lang.en.syntax_iterators import noun_chunks as clear_noun_chunks
from spacy.language import Language
from spacy.tokens import Doc, Span, Token

CLEAR_ONLY = frozenset(
    "dobj pobj prep nsubjpass auxpass poss attr acomp dative pcomp prt relcl npadvmod".split()
)
_NOMINAL = frozenset({"NOUN", "PROPN", "PRON"})
_INSIDE = frozenset(
    "compound flat flat:name fixed goeswith det det:predet amod nummod nmod:poss nmod:desc "
    "reparandum case cc mark discourse expl".split()
)
"""A noun in one of these places belongs to the phrase of its head, or is no phrase."""
_LEFT = frozenset(
    "det det:predet amod nummod compound nmod:poss nmod:desc nmod goeswith flat advmod".split()
)
_RIGHT = frozenset("flat flat:name fixed goeswith".split())
_NP = "NP"


def np_spans(doclike: Doc | Span) -> Iterator[tuple[int, int, int]]:
    """Start, end (tokens) and label of each phrase, none overlapping: a spaCy syntax iterator.

    Raises:
        ValueError: The document is not parsed.
    """
    doc = doclike.doc
    if not doc.has_annotation("DEP"):
        raise ValueError("noun chunks need a parse: enable the component `parser`")
    if any(token.dep_ in CLEAR_ONLY for token in doclike):
        yield from clear_noun_chunks(doclike)
        return
    label = doc.vocab.strings.add(_NP)
    reached = 0
    for token in doclike:
        if token.pos_ not in _NOMINAL or token.dep_ in _INSIDE:
            continue
        start, end = _start(token), _end(token)
        if start >= reached:
            yield start, end, label
            reached = end


def noun_chunks(doclike: Doc | Span) -> list[Span]:
    """Base noun phrases in order, none overlapping; prepositions are not part of them.

    A possessor is part of its phrase ("my sister's house" is one), each side of "and" has its own.

    Raises:
        ValueError: The document is not parsed.
    """
    doc = doclike.doc
    return [Span(doc, start, end, label=label) for start, end, label in np_spans(doclike)]


def use_noun_chunks(nlp: Language) -> Language:
    """Make ``doc.noun_chunks`` follow these rules, for documents made from now on."""
    # spaCy declares spans here, and calls for bounds as its own rules give them.
    nlp.vocab.get_noun_chunks = cast(Any, np_spans)
    return nlp


def _start(token: Token) -> int:
    """Where the unbroken run of words that describe a noun begins."""
    start: int = token.i
    for child in reversed(list(token.lefts)):
        # An adverb belongs here only where it is part of a description ("all my friends").
        describes = child.dep_ in _LEFT and (child.dep_ != "advmod" or child.pos_ == "DET")
        if not describes or child.right_edge.i + 1 != start:
            break
        start = child.left_edge.i
    return start


def _end(token: Token) -> int:
    """The end of a name or fixed phrase that goes on after its first word."""
    end: int = token.i + 1
    for child in token.rights:
        if child.dep_ not in _RIGHT or child.i != end:
            break
        end = child.right_edge.i + 1
    return end
