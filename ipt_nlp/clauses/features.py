"""What the learned classifiers read of a clause: token states, words in context, rules that fired.

The token states are those that the encoder has made already for the areas, pooled over spans.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from spacy.tokens import Doc, Span, Token

from ipt_nlp.areas.encoder import Array, EncodedText, unit
from ipt_nlp.codebook import WHO, Who
from ipt_nlp.language.clauses import clauses_of
from ipt_nlp.language.context import is_hypothetical, is_negated, is_planned
from ipt_nlp.language.doers import doer_of
from ipt_nlp.language.patterns import SPANS_KEY, pattern_rules
from ipt_nlp.language.relations import relation_data
from ipt_nlp.language.turns import role_of
from ipt_nlp.transcript import Kind

KINDS: tuple[Kind, ...] = ("transcript", "note", "text")

_CLASSES = {
    **dict.fromkeys("i im ive".split(), "I"),
    **dict.fromkeys("me myself".split(), "ME"),
    **dict.fromkeys("my mine".split(), "MY"),
    **dict.fromkeys("we us our ours".split(), "WE"),
    **dict.fromkeys("he she they".split(), "HE"),
    **dict.fromkeys("him her them".split(), "HIM"),
    **dict.fromkeys("his their hers".split(), "HIS"),
    **dict.fromkeys("you your".split(), "YOU"),
    **dict.fromkeys("n't nt not".split(), "not"),
    **dict.fromkeys("pt ct client patient".split(), "CLIENT"),
}
_OBJECTS = frozenset("obj iobj obl xcomp advmod compound:prt dobj prt ccomp dative".split())
_QUOTES = frozenset("' \" “ ‘ ’ ”".split())
_CONTEXT = {"negated": is_negated, "hypothetical": is_hypothetical, "planned": is_planned}


@dataclass(frozen=True)
class ClauseRows:
    """The clauses of one text, ready to be classified; nothing in them refers to spaCy.

    Attributes:
        spans: (start, end) code points of each clause.
        sentences: (n_clauses,) place of the sentence that each clause is in.
        states: (n_clauses, 3 * n_dimensions) float32: clause, its sentence, the text.
        words: Words and pairs of words of each clause and of its neighbours, as marked strings.
        fired: (n_clauses, n_rules) float32, 1 where a rule marks words of the clause.
        base: (n_clauses, n_base) float32: kind of text, role of the speaker, who acts.
        doers: Who acts in each clause, by rule.
        readable: (n_clauses,) false for the therapist's words, which show no pattern.
    """

    spans: tuple[tuple[int, int], ...]
    sentences: NDArray[np.int64]
    states: Array
    words: tuple[tuple[str, ...], ...]
    fired: Array
    base: Array
    doers: tuple[Who, ...]
    readable: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.spans)


def pool(encoded: EncodedText, spans: Sequence[tuple[int, int]]) -> Array:
    """Unit-length means of the token states inside each span.

    Args:
        encoded: The text, encoded once for areas, evidence and clauses alike.
        spans: (start, end) code points into that text.

    Returns:
        (n_spans, n_dimensions) float32; zeros for a span without a token of its own.
    """
    starts, ends = encoded.offsets[:, 0], encoded.offsets[:, 1]
    pooled = np.zeros((len(spans), encoded.tokens.shape[1]), dtype=np.float32)
    for row, (start, end) in enumerate(spans):
        inside = (starts < end) & (ends > start) & (ends > starts)
        if inside.any():
            pooled[row] = unit(encoded.tokens[inside].mean(axis=0))
    return pooled


def clause_rows(doc: Doc, encoded: EncodedText, kind: Kind) -> ClauseRows:
    """Read the clauses of a document.

    Args:
        doc: Parsed, through ``ipt_patterns``, its turns marked where it is part of a transcript.
        encoded: The same text, encoded.
        kind: What it is part of.
    """
    clauses = clauses_of(doc)
    spans = tuple((c.start_char, c.end_char) for c in clauses)
    places, bounds = _sentences(doc, clauses)
    doers = tuple(doer_of(c) for c in clauses)
    roles = [role_of(c[0]) for c in clauses]
    base = np.array(
        [
            [*(kind == k for k in KINDS), role == "other", *(doer == w for w in WHO)]
            for role, doer in zip(roles, doers, strict=True)
        ],
        dtype=np.float32,
    ).reshape(len(clauses), len(KINDS) + 1 + len(WHO))
    return ClauseRows(
        spans=spans,
        sentences=places,
        states=_states(encoded, spans, places, bounds),
        words=_words_in_context(doc, clauses, places, roles, doers, kind),
        fired=_fired(doc, clauses),
        base=base,
        doers=doers,
        readable=np.array([role != "therapist" for role in roles], dtype=bool),
    )


def clause_states(doc: Doc, encoded: EncodedText) -> Array:
    """Token states of the clauses of a document: ``ClauseRows.states``."""
    clauses = clauses_of(doc)
    spans = [(c.start_char, c.end_char) for c in clauses]
    return _states(encoded, spans, *_sentences(doc, clauses))


def _states(
    encoded: EncodedText,
    spans: Sequence[tuple[int, int]],
    places: NDArray[np.int64],
    bounds: Sequence[tuple[int, int]],
) -> Array:
    n_dimensions = encoded.tokens.shape[1]
    states = np.zeros((len(spans), 3 * n_dimensions), dtype=np.float32)
    if spans:
        states[:, :n_dimensions] = pool(encoded, spans)
        states[:, n_dimensions : 2 * n_dimensions] = pool(encoded, bounds)[places]
        states[:, 2 * n_dimensions :] = encoded.embedding
    return states


def _sentences(
    doc: Doc, clauses: Sequence[Span]
) -> tuple[NDArray[np.int64], list[tuple[int, int]]]:
    """Place of the sentence of each clause, and the sentences as code points."""
    sentences = list(doc.sents) if doc.has_annotation("SENT_START") else [doc[:]]
    ends = np.array([s.end for s in sentences], dtype=np.int64)
    starts = np.array([c.start for c in clauses], dtype=np.int64)
    return np.searchsorted(ends, starts, side="right"), [
        (s.start_char, s.end_char) for s in sentences
    ]


@cache
def rule_places() -> dict[str, int]:
    """Column of each rule in ``ClauseRows.fired``."""
    return {name: place for place, name in enumerate(sorted(pattern_rules()))}


def _fired(doc: Doc, clauses: Sequence[Span]) -> Array:
    places = rule_places()
    found = np.zeros((len(clauses), len(places)), dtype=np.float32)
    for span in doc.spans.get(SPANS_KEY, ()):
        for row, clause in enumerate(clauses):
            if clause.start < span.end and span.start < clause.end:
                found[row, places[span.id_]] = 1.0
    return found


@cache
def _relations() -> frozenset[str]:
    data = relation_data()
    return frozenset(w for w in {*data.singular, *data.plural} if " " not in w)


def word_class(token: Token) -> str:
    """A word as the classifier sees it: its lemma, or what kind of person or number it is."""
    lower: str = token.lower_
    if lower in _CLASSES:
        return _CLASSES[lower]
    lemma: str = token.lemma_.lower() or lower
    if lemma in _relations() or lower in _relations():
        return "KIN"
    if token.pos_ == "PROPN" or token.ent_type_ in {"PER", "PERSON"}:
        return "NAME"
    return "NUM" if token.like_num else lemma


def _words_in_context(
    doc: Doc,
    clauses: Sequence[Span],
    sentences: NDArray[np.int64],
    roles: Sequence[str | None],
    doers: Sequence[Who],
    kind: Kind,
) -> tuple[tuple[str, ...], ...]:
    classes = [word_class(t) for t in doc]
    own = [_own_words(c, classes) for c in clauses]
    found = []
    for row, (marked, _, _) in enumerate(own):
        words = [*marked, f"role:{roles[row]}", f"kind:{kind}", f"doer:{doers[row]}"]
        for distance in (1, 2):
            if row >= distance:
                _, before, head = own[row - distance]
                words += [f"p{distance}:{w}" for w in before] + [f"p{distance}h:{head}"]
                if distance == 1 and sentences[row - 1] == sentences[row]:
                    words.append(f"ps:{head}")
            else:
                words.append(f"p{distance}:")
        if row + 1 < len(own):
            _, after, head = own[row + 1]
            words += [f"n1:{w}" for w in after] + [f"n1h:{head}"]
        found.append(tuple(words))
    return tuple(found)


def _own_words(clause: Span, classes: Sequence[str]) -> tuple[list[str], list[str], str]:
    """Marked words of a clause, its plain words, and its subject with its verb."""
    doc = clause.doc
    kept = [t.i for t in clause if t.is_alpha or t.like_num or any(map(str.isalnum, t.text))]
    plain = [classes[i] for i in kept]
    words = [f"u:{w}" for w in plain] + [f"w:{doc[i].lower_}" for i in kept]
    words += [f"b:{a}_{b}" for a, b in pairwise(plain)]
    words += [f"s:{a}_{b}" for a, b in zip(plain, plain[2:], strict=False)]
    words.append(f"^:{'_'.join(plain[:2])}")
    words.append(f"^1:{'_'.join(plain[:1])}")
    if len(plain) <= 6:
        words.append(f"all:{'_'.join(plain)}")
    root = clause.root
    children = list(root.children) if doc.has_annotation("DEP") else []
    subject = next((classes[c.i] for c in children if c.dep_.startswith("nsubj")), "0")
    verb = classes[root.i]
    words += [f"sj:{subject}", f"r:{verb}", f"sjr:{subject}_{verb}"]
    for child in children:
        if child.dep_ in _OBJECTS:
            words += [f"o:{verb}_{classes[child.i]}", f"so:{subject}_{classes[child.i]}"]
    if clause.end < len(doc) and doc[clause.end].text == "?":
        words.append("asks")
    if clause.start and doc[clause.start - 1].text in _QUOTES:
        words.append("quoted")
    words.append(f"len:{min(6, len(plain) // 2)}")
    for name, holds in _CONTEXT.items():
        if holds(root):
            words.append(f"ctx:{name}")
    return words, plain, f"{subject}_{verb}"
