"""Component ``ipt_people``: words that stand for somebody in the client's life.

Marks mentions only: names ("Tom"), relations with whose they are ("my mum", "his wife"), roles
("the doctor") and individuals by description ("this one girl"). Who is the same person is decided
over a whole session, in ``inventory``. Reads tags and names of the pipeline where there are any;
from tokens alone it finds fewer names.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Literal, get_args

from spacy.language import Language
from spacy.tokens import Doc, Span, Token

from ipt_nlp.language.relations import Relation, first_names, relation_data

SPANS_KEY = "ipt_people"

MentionKind = Literal["name", "relation", "group", "described"]
MENTION_KINDS: tuple[MentionKind, ...] = get_args(MentionKind)

Owner = Literal["my", "your", "his", "her", "their", "the", "a", "this", "name", "bare"]
"""Whose: the words before the relation; ``name`` for "Tom's mother", ``bare`` for "Mum rang"."""
OWNERS: tuple[Owner, ...] = get_args(Owner)

_OWNERS: dict[str, Owner] = {
    **dict.fromkeys(("my", "our", "me"), "my"),
    **dict.fromkeys(("your",), "your"),
    **dict.fromkeys(("his",), "his"),
    **dict.fromkeys(("her",), "her"),
    **dict.fromkeys(("their",), "their"),
    **dict.fromkeys(("the",), "the"),
    **dict.fromkeys(("a", "an", "one", "another", "some"), "a"),
    **dict.fromkeys(("this", "that"), "this"),
}
_MODIFIERS = frozenset(
    """own old older elder eldest oldest young younger youngest little big late dear poor best first
    second third new only former ex other good close dead deceased beloved real one middle previous
    current next door twin half adopted foster ex-  - school family childhood whole lovely nice wee
    crazy stupid bloody mean actual online estranged ex divorced oldest sweet 's new""".split()
)
CLIENT_NOUNS = frozenset("client patient pt ct cl".split())
_MAX_MODIFIERS = 3
_NOT_HERSELF = frozenset("a as being be another good bad me".split())
"""Before "mum" where it says what somebody is, or is called."""
_MAKES = frozenset("make makes made making call calls called calling appointed named".split())
_AFTER_MOTHER = frozenset("tongue figure nature".split())
PERSON_ENTS = frozenset(("PER", "PERSON"))
PLACE_ENTS = frozenset(("LOC", "GPE", "ORG", "FAC", "NORP"))
_WHERE = frozenset("there from at in next on who with opposite across upstairs downstairs".split())
_NAME_WORD = re.compile(r"[^\W\d_][^\W\d_]+(?:[-'’][^\W\d_]+)*\.?")
_SENTENCE_ENDS = frozenset((".", "!", "?", "…", "\n", ":", '"', "“", "]", "["))


@dataclass(frozen=True)
class Mention:
    """A mention in a document: token span, and what its words say.

    ``relation`` is a name of ``relations.toml``, or the noun of somebody described.
    """

    span: Span
    kind: MentionKind
    owner: Owner | None = None
    relation: str | None = None

    @property
    def modifiers(self) -> frozenset[str]:
        return frozenset(t.lower_ for t in self.span[:-1])


@cache
def _relation_words() -> dict[str, list[tuple[tuple[str, ...], Relation, bool]]]:
    """First token -> (tokens, relation, whether a plural), the longest first."""
    data = relation_data()
    found: dict[str, list[tuple[tuple[str, ...], Relation, bool]]] = {}
    for table, plural in ((data.singular, False), (data.plural, True)):
        for words, relation in table.items():
            # spaCy makes tokens of the parts of "mother-in-law".
            tokens = tuple(re.findall(r"\w+|[^\w\s]", words))
            found.setdefault(tokens[0], []).append((tokens, relation, plural))
    for options in found.values():
        options.sort(key=lambda option: -len(option[0]))
    return found


class PeopleMarker:
    """Writes mentions to ``doc.spans[SPANS_KEY]``; :func:`mentions` reads them back.

    A span's label is the kind of mention, its id whose and which relation ("my mother").
    """

    def __call__(self, doc: Doc) -> Doc:
        words = [t.lower_.replace("’", "'") for t in doc]
        found = [*_names(doc, words), *_relations(doc, words)]
        doc.spans[SPANS_KEY] = sorted(found, key=lambda s: (s.start, s.end, s.label_))
        return doc


@Language.factory("ipt_people", assigns=["doc.spans"])
def make_people(nlp: Language, name: str) -> PeopleMarker:
    """The component, for ``nlp.add_pipe("ipt_people")`` in anyone's pipeline."""
    return PeopleMarker()


def mentions(doc: Doc) -> list[Mention]:
    """The mentions of a document that went through ``ipt_people``, in order."""
    found = []
    for span in doc.spans.get(SPANS_KEY, ()):
        kind = next(k for k in MENTION_KINDS if k == span.label_)
        first, _, relation = span.id_.partition(" ")
        owner = next((o for o in OWNERS if o == first), None)
        found.append(Mention(span, kind, owner, relation or None))
    return found


def is_written(doc: Doc) -> bool:
    """Whether capitals are written at all: some word but "I" begins with one."""
    return any(
        t.text[0].isupper() and t.lower_ not in ("i", "i'm", "i'd", "i'll", "i've")
        for t in doc
        if not t.is_space
    )


def is_name_word(word: str) -> bool:
    """Whether a word could be a name: letters, and none of the words that name nobody."""
    data = relation_data()
    lower = word.lower().rstrip(".")
    return (
        _NAME_WORD.fullmatch(word) is not None
        and lower not in data.not_names
        and lower not in data.singular
        and lower not in data.plural
    )


def _is_name(token: Token, written: bool, tagged: bool) -> bool:
    """Whether a tag, a list of first names or, without tags, a capital says so."""
    if written and not token.text[0].isupper():
        return False
    if token.pos_ == "PRON" or not is_name_word(token.text):
        return False
    if token.lower_ in first_names():
        return written or token.pos_ not in ("VERB", "AUX", "ADV", "DET", "ADP")
    if token.pos_ == "PROPN" or token.ent_type_ in PERSON_ENTS:
        return token.ent_type_ not in PLACE_ENTS
    starts = token.i == 0 or token.doc[token.i - 1].text in _SENTENCE_ENDS
    return written and not tagged and not starts


def _names(doc: Doc, words: Sequence[str]) -> Iterator[Span]:
    written = is_written(doc)
    tagged = doc.has_annotation("POS") or doc.has_annotation("ENT_IOB")
    i = 0
    while i < len(doc):
        if doc[i].is_space or not _is_name(doc[i], written, tagged):
            i += 1
            continue
        start, end = i, i + 1
        # Without capitals two names side by side are as likely two people.
        while written and end < len(doc) and _is_name(doc[end], written, tagged):
            end += 1
        title = _title(words, start)
        if title is not None and (not written or doc[title].text[0].isupper()):
            start = title
        relation = relation_data().singular.get(words[start].rstrip(".").replace("dr", "doctor"))
        span_id = f"name {relation.name}" if relation is not None and start < i else ""
        yield Span(doc, start, end, label="name", span_id=span_id)
        i = end


def _title(words: Sequence[str], start: int) -> int | None:
    """Where the title before a name begins ("Dr. Haskins", "Uncle Joe"), if it has one."""
    before = start - 1
    if before > 0 and words[before] == ".":
        before -= 1
    if before < 0 or words[before].rstrip(".") not in relation_data().titles:
        return None
    return None if before > 0 and words[before - 1] in _OWNERS else before


def unowned_relations(doc: Doc, words: Sequence[str]) -> Iterator[tuple[int, int, Relation, bool]]:
    """Relation words that nothing says whose they are: start, end, relation, whether a plural."""
    table = _relation_words()
    for i, word in enumerate(words):
        for tokens, relation, plural in table.get(word, ()):
            end = i + len(tokens)
            if tuple(words[i:end]) != tokens or _part_of_longer(words, i, end):
                continue
            if _owner(doc, words, i)[1] is None:
                yield i, end, relation, plural
            break


def _relations(doc: Doc, words: Sequence[str]) -> Iterator[Span]:
    table, described = _relation_words(), relation_data().described
    for i, word in enumerate(words):
        for tokens, relation, plural in table.get(word, ()):
            end = i + len(tokens)
            if tuple(words[i:end]) != tokens:
                continue
            span = _relation_span(doc, words, i, end, relation, plural)
            if span is not None:
                yield span
                break
        else:
            if word in described and (span := _described_span(doc, words, i)) is not None:
                yield span


def _relation_span(
    doc: Doc, words: Sequence[str], i: int, end: int, relation: Relation, plural: bool
) -> Span | None:
    """The mention around the relation word at ``i:end``, or none where it is no mention."""
    if _part_of_longer(words, i, end):
        return None
    start, owner = _owner(doc, words, i)
    if owner not in ("my", "your", "his", "her") and _is_compound(doc, end - 1):
        return None
    if end < len(words) and words[end] in _AFTER_MOTHER:
        return None
    if owner is None:
        word = " ".join(words[i:end])
        if plural or word not in relation.address or not stands_alone(doc, words, i, end):
            return None
        return Span(doc, i, end, label="relation", span_id=f"bare {relation.name}")
    if owner == "his" and relation.name == "baby":
        return None
    label = "group" if plural else "relation"
    if words[i] == "boy" and owner != "his" and owner != "her" and owner != "their":
        # "My boy" is a son, "the boy", "this boy" anybody.
        if owner in ("my", "your"):
            return Span(doc, start, end, label=label, span_id=f"{owner} {relation.name}")
        return _described_span(doc, words, i)
    if words[i] in ("kid", "student") and owner in ("the", "a", "this"):
        return _described_span(doc, words, i)
    return Span(doc, start, end, label=label, span_id=f"{owner} {relation.name}")


def _described_span(doc: Doc, words: Sequence[str], i: int) -> Span | None:
    start = _described_start(doc, words, i)
    if start is None:
        return None
    return Span(
        doc, start, _where_end(doc, words, i + 1), label="described", span_id=f"this {words[i]}"
    )


def _where_end(doc: Doc, words: Sequence[str], i: int) -> int:
    """The end of "from church", "in my class", "next door" after a noun; ``i`` without one."""
    if i >= len(words) or words[i] not in _WHERE:
        return i
    if words[i] in ("there", "upstairs", "downstairs"):
        return i + 1
    if words[i : i + 2] == ["next", "door"] or words[i : i + 3] == ["next", "to", "me"]:
        return i + (2 if words[i + 1] == "door" else 3)
    if words[i] in ("who", "with"):
        return i
    for k in range(i + 1, min(i + 5, len(words))):
        if doc[k].pos_ in ("NOUN", "PROPN"):
            while k + 1 < len(words) and doc[k + 1].pos_ == "NOUN":
                k += 1
            return k + 1
        if doc[k].pos_ not in ("DET", "PRON", "ADJ"):
            break
    return i


def _part_of_longer(words: Sequence[str], i: int, end: int) -> bool:
    """Whether the word is the first of "mother-in-law" or the last of "co-worker"."""
    if words[end : end + 3] == ["-", "in", "-"] or words[end : end + 2] == ["in", "law"]:
        return True
    return i > 1 and words[i - 1] == "-" and words[i - 2] in ("god", "step", "half", "grand")


def _is_compound(doc: Doc, i: int) -> bool:
    """Whether the word only describes the noun after it ("the baby shower", "mother tongue")."""
    if i + 1 >= len(doc):
        return False
    following = doc[i + 1]
    return bool(
        following.pos_ == "NOUN"
        and not following.is_space
        and doc[i].dep_ == "compound"
        and doc[i].head.i > i
    )


def _owner(doc: Doc, words: Sequence[str], i: int) -> tuple[int, Owner | None]:
    """Where the mention begins and whose it is, reading back over at most three modifiers."""
    data = relation_data()
    j = i - 1
    while j >= 0 and i - 1 - j <= _MAX_MODIFIERS:
        word = words[j]
        if word == "me" and j > 0 and words[j - 1] in _MAKES:
            # "They made me team leader", beside "me mum".
            return i, None
        if word in _OWNERS and not (word == "one" and j > 0 and words[j - 1] in _OWNERS):
            # "Tell her mother" and "made her happy": the tag knows; "her" alone is no owner.
            return j, _OWNERS[word]
        if word in ("'s", "s") or word.endswith("s'"):
            return _named_owner(doc, words, j)
        if word in data.address or not (word in _MODIFIERS or doc[j].pos_ in ("ADJ", "NOUN")):
            return i, None
        j -= 1
    return i, None


def _named_owner(doc: Doc, words: Sequence[str], mark: int) -> tuple[int, Owner | None]:
    """The owner before a possessive mark: a client, a name, or another relation."""
    k = mark - 1
    if k < 0 or doc[k].is_space or doc[k].is_punct:
        return mark + 1, None
    if words[k] in CLIENT_NOUNS:
        return k, "my"
    if words[k] in ("he", "she", "it", "that", "what", "who", "there", "here", "where"):
        return mark + 1, None
    return k, "name"


def stands_alone(doc: Doc, words: Sequence[str], i: int, end: int) -> bool:
    """Whether "mum" is spoken of, not called: "Mum rang" and not "oh Mum, please"."""
    before = words[i - 1] if i else ""
    after = words[end] if end < len(words) else ""
    if doc[i].dep_ == "vocative" or before in _NOT_HERSELF:
        return False
    called = before == "," or before in ("said", "says", "yes", "no", "okay", "hi", "sorry", "oh")
    if called and (after in (",", ".", "!", "?", "") or not doc[i].is_title):
        return False
    return not (after == "," and (i == 0 or before in _SENTENCE_ENDS or called))


def _described_start(doc: Doc, words: Sequence[str], i: int) -> int | None:
    """Where "this one girl" begins, or none where it is nobody in particular."""
    start, owner = _owner(doc, words, i)
    after = words[i + 1] if i + 1 < len(words) else ""
    if _is_compound(doc, i):
        return None
    if owner == "this" or (owner == "a" and words[start] == "one"):
        return start
    if owner in ("a", "the") and after in _WHERE:
        return start
    return None
