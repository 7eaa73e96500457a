"""Component ``ipt_clauses``: the shortest clauses of a document, as spans in ``doc.spans``.

Clauses are what patterns and risk are said in. They come from the parse, with the labels of
Universal Dependencies or those of ClearNLP (spaCy's own pipelines); without a parse each sentence
is one clause, cut where punctuation or a new subject plainly begins another.
"""

from __future__ import annotations

from collections.abc import Iterator

from spacy.language import Language
from spacy.tokens import Doc, Span, Token

SPANS_KEY = "ipt_clauses"

_CLAUSAL = frozenset(
    "ROOT root ccomp advcl acl:relcl relcl parataxis csubj csubj:pass csubj:outer csubjpass "
    "discourse:parataxis".split()
)
_MAYBE = frozenset("conj acl dep appos list pcomp".split())
_SUBJECTS = frozenset("nsubj nsubj:pass nsubj:outer nsubjpass csubj csubj:pass expl".split())
_NEEDS_SUBJECT = frozenset({"advcl", "acl", "dep", "appos", "list", "pcomp"})
_VERBAL = frozenset({"VERB", "AUX"})
_QUOTES = frozenset("\" “ ” ‘ ’ ' `` '' « »".split())
_HELD = _QUOTES | {"-"}
"""Marks after which a word still belongs to the next: "no-one"."""
_BREAKS = frozenset(";:—–…") | {"--", "..."}
_FILLERS = frozenset(
    "and but so or because cause coz cuz then that if when while although though since um uh erm "
    "hm hmm mm yeah yes no okay ok well like oh ah anyway plus which ugh huh".split()
)
_MEANT = frozenset("no so like well that which since because plus".split())
"""Fillers that can belong to the words after them: "no one", "so many", "since the divorce"."""
_POINTING = frozenset({"that", "which"})
_MODIFIERS = frozenset("det det:predet case prep predet nummod amod neg".split())
_RELATIVES = frozenset({"acl:relcl", "relcl", "advcl:relcl"})
_AMOUNTS = frozenset("many much few little far long often longer".split())
_NEW_SUBJECT = frozenset("i he she they we you it".split())
_MIN_WORDS = 2
"""A run of fewer words is no clause of its own: it goes to the clause beside it."""


class ClauseSplitter:
    """Writes the clauses of a document to ``doc.spans[SPANS_KEY]``, in order, none overlapping.

    Fillers, conjunctions and punctuation at both ends are left out of a clause. Every clause lies
    inside one sentence; a sentence without a word has none.
    """

    def __call__(self, doc: Doc) -> Doc:
        doc.spans[SPANS_KEY] = list(find_clauses(doc))
        return doc


@Language.factory("ipt_clauses", assigns=["doc.spans"])
def make_clauses(nlp: Language, name: str) -> ClauseSplitter:
    """The component, for ``nlp.add_pipe("ipt_clauses")`` in anyone's pipeline."""
    return ClauseSplitter()


def clauses_of(doc: Doc) -> list[Span]:
    """The clauses of a document, found now (and kept) if it did not go through ``ipt_clauses``."""
    if SPANS_KEY not in doc.spans:
        doc.spans[SPANS_KEY] = list(find_clauses(doc))
    return list(doc.spans[SPANS_KEY])


def find_clauses(doc: Doc) -> Iterator[Span]:
    """Cut every sentence of a document into its shortest clauses.

    Args:
        doc: With sentences where it has them, and a parse where it has one.
    """
    parsed = doc.has_annotation("DEP")
    sentences = doc.sents if doc.has_annotation("SENT_START") else [doc[:]]
    for sentence in sentences:
        owners = _owners(sentence) if parsed else [0] * len(sentence)
        for start, end in _runs(sentence, owners, parsed):
            trimmed = _trim(doc, start, end)
            if trimmed is not None:
                yield trimmed


def _owners(sentence: Span) -> list[int]:
    """For every token of the sentence the place of the head of its clause."""
    offset = sentence.start
    tokens = list(sentence)
    heads = [t.head.i - offset for t in tokens]
    subjects = {heads[i] for i, t in enumerate(tokens) if t.dep_ in _SUBJECTS}
    opens = [_opens(t, i, tokens, heads, subjects) for i, t in enumerate(tokens)]
    found = [-1] * len(tokens)
    for i in range(len(tokens)):
        path = []
        at = i
        while found[at] < 0 and not opens[at] and heads[at] != at:
            path.append(at)
            at = heads[at]
        owner = found[at] if found[at] >= 0 else at
        found[at] = owner
        for j in path:
            found[j] = owner
    return found


def _opens(
    token: Token, place: int, tokens: list[Token], heads: list[int], subjects: set[int]
) -> bool:
    """Whether a token is the head of a clause of its own."""
    label = token.dep_
    if label in _CLAUSAL:
        return label not in _NEEDS_SUBJECT or place in subjects
    if label not in _MAYBE:
        return False
    if place in subjects:
        return True
    head = tokens[heads[place]]
    return label == "conj" and token.pos_ in _VERBAL and head.pos_ in _VERBAL


def _runs(sentence: Span, owners: list[int], parsed: bool) -> list[tuple[int, int]]:
    """Stretches of tokens (start, end) of one clause each; short ones joined to a neighbour."""
    offset = sentence.start
    pieces: list[list[int]] = []
    for i in range(len(sentence)):
        begins = not pieces or owners[i] != owners[i - 1] or _breaks(sentence, i, parsed)
        if begins:
            pieces.append([i, i + 1])
        else:
            pieces[-1][1] = i + 1
    joined: list[tuple[int, int]] = []
    carried: int | None = None
    for start, end in pieces:
        begin = start if carried is None else carried
        carried = None
        words = sum(1 for t in sentence[begin:end] if t.is_alpha and _counts(t))
        if words >= _MIN_WORDS or end == len(sentence):
            if words < _MIN_WORDS and joined and not _ends_quote(sentence, joined[-1][1]):
                joined[-1] = (joined[-1][0], end)
            else:
                joined.append((begin, end))
        elif joined and not _leads(sentence, begin, end):
            joined[-1] = (joined[-1][0], end)
        else:
            carried = begin
    return [(offset + a, offset + b) for a, b in joined]


def _leads(sentence: Span, start: int, end: int) -> bool:
    """Whether a short run belongs to what follows: it begins with a conjunction or a subject."""
    first = next((t for t in sentence[start:end] if not t.is_punct), None)
    return first is not None and first.lower_ in (_FILLERS | _NEW_SUBJECT)


def _ends_quote(sentence: Span, place: int) -> bool:
    return bool(sentence[place - 1].text in _QUOTES)


def _breaks(sentence: Span, place: int, parsed: bool) -> bool:
    """Whether a clause must end before this token, whatever the parse says."""
    before = sentence[place - 1]
    if before.text in _BREAKS:
        return True
    token = sentence[place]
    if token.lower_ in _NEW_SUBJECT:
        if before.text == ",":
            return True
        second = sentence[place - 2] if place > 1 else None
        if before.lower_ in {"and", "but", "so", "then"}:
            return second is not None and not parsed
    return False


def _trim(doc: Doc, start: int, end: int) -> Span | None:
    while start < end and _droppable(doc[start], end - start > _MIN_WORDS):
        start += 1
    while end > start and not _is_word(doc[end - 1]):
        end -= 1
    while end - start > _MIN_WORDS and doc[end - 1].lower_ in {"and", "but", "so", "because", "or"}:
        end -= 1
        while end > start and not _is_word(doc[end - 1]):
            end -= 1
    return doc[start:end] if end > start else None


def _droppable(token: Token, long_enough: bool) -> bool:
    return not _is_word(token) or (long_enough and _is_filler(token))


def _counts(token: Token) -> bool:
    return token.lower_ not in _FILLERS or (token.lower_ in _MEANT and token.dep_ == "det")


def _is_filler(token: Token) -> bool:
    """Whether a word opens a clause and says nothing in it: "no, he left", not "no one left"."""
    if token.lower_ not in _FILLERS:
        return False
    if token.lower_ not in _MEANT or token.i + 1 == len(token.doc):
        return True
    after = token.nbor(1)
    if after.lower_ in _FILLERS or (after.is_punct and after.text not in _HELD):
        return not _is_subject(token)
    if not token.doc.has_annotation("DEP"):
        return _is_filler_before(token, after)
    return not (_is_part_of_phrase(token, after) or _is_subject(token))


def _is_filler_before(token: Token, after: Token) -> bool:
    """The same by the next word alone, where there is no parse."""
    if token.lower_ in {"no", *_POINTING}:
        return after.lower_ in _NEW_SUBJECT
    return after.lower_ not in _AMOUNTS


def _is_part_of_phrase(token: Token, after: Token) -> bool:
    """Whether a word goes with those after it: "no friends", "so many", "because of him"."""
    if token.dep_ in _MODIFIERS or token.pos_ in {"DET", "VERB"}:
        return True
    if after.dep_ == "fixed" and after.head == token:
        return True
    degree = after.pos_ == "ADJ" or after.lower_ in _AMOUNTS
    return degree and token.dep_ == "advmod" and token.head == after


def _is_subject(token: Token) -> bool:
    """Whether "that" or "which" is what a main clause is about: "that hurt me"."""
    if token.lower_ not in _POINTING or token.head.dep_ in _RELATIVES:
        return False
    return token.dep_ in _SUBJECTS


def _is_word(token: Token) -> bool:
    return any(c.isalnum() for c in token.text)
