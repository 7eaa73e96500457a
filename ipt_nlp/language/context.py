"""Component ``ipt_context``: what is denied, supposed or planned, and whom it is about.

In the manner of ConText (Harkema et al. 2009): phrases of ``context.toml`` reach forward to the
next word that ends their reach. Where the document is parsed, clauses end it too. What a label
means here:

- ``negated``: said not to be so, or to be so no longer ("he stopped drinking").
- ``hypothetical``: not said as fact: a condition, a wish (given up or not), a question that may be
  answered with no, a suggestion, a might-be, an intention that came to nothing.
- ``planned``: announced and still to come. A plan is not hypothetical.
- ``experiencer``: whether it is said of the client ("speaker") or of someone else ("other"); see
  ``ipt_nlp.language.experiencer``.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from spacy.language import Language
from spacy.matcher import PhraseMatcher
from spacy.tokens import Doc, Span, Token
from spacy.util import filter_spans

from ipt_nlp.language.cues import DEFAULT_REACH, Cue, Kind, context_data, spelled_out
from ipt_nlp.language.experiencer import Experiencer, experiencer_of, is_generic, word

DATA_KEY = "ipt_context"

_ENDS = frozenset(".?!;:…—–()\n") | {"--", "..."}
_AUXILIARIES = frozenset(
    "do does did is are was were have has had can could will would ai should".split()
)
_SUBJECTS = frozenset("i you he she it we they".split())
_EMPTY_WORDS = _AUXILIARIES | _SUBJECTS | frozenset("not to me him her us them and but".split())
_OPENERS = frozenset("so and but well okay ok then or um uh oh right now".split())
_NOT_VERBS = frozenset("the a an my his her our their your this that these those".split())
_TO_COME = frozenset(
    "tomorrow tonight monday tuesday wednesday thursday friday saturday sunday next later".split()
)
_NOT_YET = frozenset("to would 'd please should must will".split())
"""Before "stop": it goes on."""
# Stop words that stop nothing after these ("he just left", "the one who is angry").
_PASSED_BY = defaultdict(
    frozenset,
    {"just": frozenset("not to could would i he she we they".split()), "who": frozenset({"one"})},
)
_BE = frozenset("am is are 'm 's 're m s".split())
_STARTERS = frozenset("tell ask call ring text talk try please let speak".split())
_HABITS = frozenset("every always whenever each often usually sometimes".split())
_AFTER_AND = frozenset("then just now my often always usually sometimes constantly instead".split())
"""What begins something new after "and": "he never listens and often blames me"."""
_PARTICIPLES = frozenset(
    "told been gone had left said got kept thought made felt better lost met done come".split()
)
_OWN_CLAUSE = frozenset("advcl acl:relcl relcl advcl:relcl parataxis".split())


@dataclass(frozen=True)
class Context:
    """How the words of a span are meant. ``generic``: said of people in general."""

    negated: bool
    hypothetical: bool
    planned: bool
    experiencer: Experiencer
    generic: bool


class Scope(NamedTuple):
    """The reach of one cue: token places of the cue and of the words it reaches, ends excluded."""

    kind: Kind
    cue_start: int
    cue_end: int
    start: int
    end: int


class ContextFinder:
    """Finds the reach of every cue and keeps it in ``doc.user_data``, so that it is serialised."""

    def __init__(self, nlp: Language) -> None:
        # Phrases spelled out: some thousand, and still ten times as fast as token patterns.
        self.matcher = PhraseMatcher(nlp.vocab, attr="NORM")
        for cue in context_data().cues.values():
            runs = (run for phrase in cue.phrases for run in spelled_out(phrase))
            self.matcher.add(cue.name, [Doc(nlp.vocab, words=list(run)) for run in runs])

    def __call__(self, doc: Doc) -> Doc:
        cues = self._cues(doc)
        scopes = [scope for sentence in _sentences(doc) for scope in self._scopes(sentence, cues)]
        doc.user_data[DATA_KEY] = [list(scope) for scope in scopes]
        return doc

    def _cues(self, doc: Doc) -> list[Span]:
        """Matches, each labelled with its cue's name; of those that overlap the longest."""
        return filter_spans(s for s in self.matcher(doc, as_spans=True) if self._fits(s))

    @staticmethod
    def _fits(span: Span) -> bool:
        cue = context_data().cues[span.label_]
        after = span.doc[span.end] if span.end < len(span.doc) else None
        if cue.next == "ing":
            if (
                word(span[-1]) in {"stop", "quit"}
                and span.start
                and word(span.doc[span.start - 1]) in _NOT_YET
            ):
                return False
            return after is not None and after.lower_.endswith(("ing", "in'"))
        if span.label_ == "plan" and word(span[-1]) == "to":
            return after is not None and word(after) not in _NOT_VERBS
        if word(span[0]) == "'d" and len(span) == 1:
            return after is not None and _is_base_form(after)
        return True

    def _scopes(self, sentence: Span, found: list[Span]) -> Iterator[Scope]:
        cues = [c for c in found if sentence.start <= c.start and c.end <= sentence.end]
        names = {c.label_ for c in cues}
        breaks = _clause_breaks(sentence)
        habit = any(word(t) in _HABITS for t in sentence)
        for span in cues:
            cue = context_data().cues[span.label_]
            kind = cue.kind
            if kind == "none":
                continue
            if kind == "double":
                yield Scope(kind, span.start, span.end, span.end, sentence.end)
                continue
            if kind == "planned" and {"condition", "feared", "doubt"} & names:
                kind = "hypothetical"
            if word(span[-1]) in {"would", "'d"} and habit and "condition" not in names:
                continue
            for scope in self._reach(span, kind, cue, sentence, breaks):
                yield scope
                if cue.denied:
                    yield scope._replace(kind="negated")
        yield from _refusals(sentence, cues, breaks)
        if _is_question(sentence) or _is_request(sentence):
            start = sentence.start
            yield Scope("hypothetical", start, start, start, _question_end(sentence, breaks))
        elif (place := _is_arranged(sentence)) is not None:
            yield Scope("planned", place, place, place, sentence.end)

    def _reach(
        self, span: Span, kind: Kind, cue: Cue, sentence: Span, breaks: frozenset[int]
    ) -> Iterator[Scope]:
        doc, label = span.doc, span.label_
        limit = min(sentence.end, span.end + cue.reach)
        if label == "nobody" and (verb := _object_verb(span)) is not None:
            yield Scope(kind, span.start, span.end, verb, verb + 1)
            more = (i for i in range(span.end, limit) if word(doc[i]) == "and")
            limit = next(more, limit)
        head = span[0].head
        if label == "condition" and span[0].dep_ == "mark" and head.i >= span.end:
            limit = min(limit, head.right_edge.i + 1)
        yield Scope(
            kind, span.start, span.end, span.end, _reach_end(doc, span.end, limit, breaks, label)
        )


def _is_base_form(token: Token) -> bool:
    """Whether "would" can stand before a word: "I'd tell", not "I'd told"."""
    if token.tag_:
        return bool(token.tag_ == "VB")
    return not token.lower_.endswith(("ed", "en")) and token.lower_ not in _PARTICIPLES


def _sentences(doc: Doc) -> Iterator[Span]:
    if doc.has_annotation("SENT_START"):
        yield from doc.sents
    elif len(doc):
        yield doc[:]


def _clause_breaks(sentence: Span) -> frozenset[int]:
    """Places where the parse begins a clause that an earlier cue does not reach."""
    if not sentence.doc.has_annotation("DEP"):
        return frozenset()
    found = set()
    for token in sentence:
        edge = word(token.left_edge)
        if (
            token.dep_ in _OWN_CLAUSE
            and token.head.i < token.left_edge.i
            and edge not in {"like", "to"}
        ):
            found.add(token.left_edge.i)
        elif token.dep_ == "conj" and token.head.i < token.i:
            own = any(c.dep_ in {"nsubj", "nsubj:pass", "nsubjpass"} for c in token.lefts)
            finite = token.tag_ in {"VBD", "VBZ"} and token.head.tag_ in {"VB", "VBG"}
            if own or finite:
                found.add(token.left_edge.i)
    return frozenset(found)


def _reach_end(doc: Doc, start: int, limit: int, breaks: frozenset[int], label: str) -> int:
    """Where the reach of a cue that ends before ``start`` ends."""
    data = context_data()
    told: int | None = None
    for i in range(start, limit):
        token = doc[i]
        text = word(token)
        before = word(doc[i - 1]) if i else ""
        after = word(doc[i + 1]) if i + 1 < len(doc) else ""
        if text in _ENDS or token.text in _ENDS or "\n" in token.text:
            return i
        if i > start and (i in breaks or text in data.words) and before not in _PASSED_BY[text]:
            return i
        if before == "stop" and label in {"wish", "told_to"} and text.endswith("ing"):
            return i
        if text == "," and after not in {"ever", "like", "you", "or"} and i > start:
            return i
        if text in {"for", "by"} and after.endswith("ing"):
            return i
        if text == "and" and (after in data.subjects or after in _AFTER_AND):
            return i
        bridged = before in data.bridges or (i == start + 1 and before in _AUXILIARIES)
        if i > start and text in data.subjects and not bridged:
            return i
        if told is not None and _begins_content(text, i - told):
            return i
        if label == "no_noun" and text in _SUBJECTS:
            return i
        if text in data.factive:
            told = i
    return limit


def _begins_content(text: str, distance: int) -> bool:
    """Whether a word so far after "tell" or "know" begins what is told, not whom."""
    return text in context_data().subjects or (distance > 1 and text in {"that", "you", "it"})


def _object_verb(span: Span) -> int | None:
    """Place of the verb whose object a negative pronoun is: "I said nothing"."""
    token = span[-1]
    if token.dep_ in {"obj", "dobj", "iobj", "obl", "pobj"} and token.head.i < span.start:
        head = token.head
        return head.head.i if head.dep_ == "prep" else head.i
    if not token.doc.has_annotation("DEP") and span.start > 1:
        before = span.doc[span.start - 1]
        if word(before) not in context_data().words | {"and", ",", "that"} and before.is_alpha:
            return span.start - 1
    return None


def _refusals(sentence: Span, cues: list[Span], breaks: frozenset[int]) -> Iterator[Scope]:
    """ "Will not", "would not", "could not": denied; by the client also announced."""
    for span in cues:
        if span.label_ != "no_condition":
            continue
        last = word(span[-1])
        if last not in {"not", "never"}:
            continue
        limit = min(sentence.end, span.end + DEFAULT_REACH)
        end = _reach_end(span.doc, span.end, limit, breaks, "not")
        yield Scope("negated", span.start, span.end, span.end, end)
        before = word(span.doc[span.start - 1]) if span.start else ""
        if word(span[0]) == "will" and before in {"i", "we"}:
            yield Scope("planned", span.start, span.end, span.end, end)


def _is_question(sentence: Span) -> bool:
    """Whether yes or no would answer it."""
    words = [word(t) for t in sentence if not t.is_space]
    while words and (words[0] in _OPENERS or words[0] == ","):
        words.pop(0)
    if len(words) < 2:
        return False
    if words[0] in _AUXILIARIES and (words[1] in _SUBJECTS or words[-1] == "?"):
        return True
    asks = {"what", "why", "how", "who", "when", "where", "which", "whose"}
    return words[-1] == "?" and not asks & set(words[:3])


def _is_request(sentence: Span) -> bool:
    """An imperative, where the parse shows one or the first word is nearly always one."""
    if not sentence.doc.has_annotation("DEP"):
        return word(sentence[0]) in _STARTERS
    root = sentence.root
    kinds = {c.dep_ for c in root.lefts}
    return (
        root.tag_ == "VB"
        and not any(k.startswith(("nsubj", "aux", "mark", "csubj", "expl")) for k in kinds)
        and all(t.dep_ in {"advmod", "discourse", "cc", "punct", "intj"} for t in root.lefts)
    )


def _question_end(sentence: Span, breaks: frozenset[int]) -> int:
    # The first words are the auxiliary and its subject, which end nothing.
    begin = min(sentence.start + 3, sentence.end)
    return _reach_end(sentence.doc, begin, sentence.end, breaks, "question")


def _is_arranged(sentence: Span) -> int | None:
    """Place of the verb in "tomorrow we are having a talk": present tense, a time to come."""
    if not any(word(t) in _TO_COME for t in sentence):
        return None
    for i, token in enumerate(sentence[1:], 1):
        if token.lower_.endswith("ing") and word(sentence[i - 1]) in _BE:
            return token.i
    return None


@Language.factory("ipt_context", assigns=["doc.user_data"])
def make_context(nlp: Language, name: str) -> ContextFinder:
    """The component, for ``nlp.add_pipe("ipt_context")`` in anyone's pipeline."""
    return ContextFinder(nlp)


def scopes_of(doc: Doc) -> list[Scope]:
    """The reach of each cue; none where the document did not go through ``ipt_context``."""
    return [Scope(*scope) for scope in doc.user_data.get(DATA_KEY, ())]


def _reached(token: Token, outside: tuple[int, int] | None = None) -> list[str]:
    """Kinds of the cues that reach a token, once a cue; those inside ``outside`` left out."""
    return [
        kind
        for kind, cue_start, cue_end, start, end in token.doc.user_data.get(DATA_KEY, ())
        if start <= token.i < end
        and not (outside and cue_end > cue_start and outside[0] <= cue_start < outside[1])
    ]


def is_negated(token: Token) -> bool:
    """Whether a token is said not to be so; two negations undo each other."""
    kinds = _reached(token)
    return (kinds.count("negated") + kinds.count("double")) % 2 == 1


def is_hypothetical(token: Token) -> bool:
    return "hypothetical" in _reached(token)


def is_planned(token: Token) -> bool:
    kinds = _reached(token)
    return "planned" in kinds and "hypothetical" not in kinds


def context_of(span: Span, *, own_cues: bool = True) -> Context:
    """How the words of a span are meant, asked of its head.

    Args:
        span: Words of a document that went through ``ipt_context``.
        own_cues: Count the cues inside the span too. Leave them out for a span whose own words
            already say it ("didn't say anything" as self-silencing).
    """
    head = head_of(span)
    kinds = _reached(head, None if own_cues else (span.start, span.end))
    negations = kinds.count("negated") + kinds.count("double")
    return Context(
        negated=negations % 2 == 1,
        hypothetical="hypothetical" in kinds,
        planned="planned" in kinds and "hypothetical" not in kinds,
        experiencer=experiencer_of(head),
        generic=is_generic(head),
    )


def head_of(span: Span) -> Token:
    """The word that speaks for a span: its root; without a parse its first word of content."""
    if span.doc.has_annotation("DEP"):
        return span.root
    words = [t for t in span if t.is_alpha and word(t) not in _EMPTY_WORDS] or [span[0]]
    return next((t for t in words if not t.is_stop), words[0])


for _name, _getter in (
    ("negated", is_negated),
    ("hypothetical", is_hypothetical),
    ("planned", is_planned),
    ("experiencer", experiencer_of),
    ("generic", is_generic),
):
    if not Token.has_extension(_name):
        Token.set_extension(_name, getter=_getter)
