"""People of a therapist's note, which says "Mother phoned" and never whose mother.

In speech a bare "mother" may be anybody's and is no mention. In a note it is the client's, and
"his" and "her" are the client's too unless somebody else of that gender has just been named.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence

from spacy.tokens import Doc, Span, Token

from ipt_nlp.language.people import (
    CLIENT_NOUNS,
    Mention,
    stands_alone,
    unowned_relations,
)
from ipt_nlp.language.persons import Entry
from ipt_nlp.language.relations import Gender, Relation, first_names, relation_data
from ipt_nlp.language.turns import role_of

_QUOTES = frozenset(('"', "“", "”", "'", "‘", "’"))
_OPENS, _CLOSES = frozenset(("“", "‘")), frozenset(("”", "’"))
_ENDS = frozenset((".", "!", "?", "…", ";"))
_MINE = frozenset(("my", "our", "your", "me"))
_PART_OF_MENTION = frozenset(
    """other older elder eldest oldest younger youngest second first middle late deceased dead
    estranged""".split()
)
_FORMER = frozenset("former previous past".split())
_AND = frozenset("and or & /".split())
_LISTING = frozenset("and or & / , + plus with".split())
_ROLE = frozenset("kind sort role roles duty duties identity image idea expectations".split())
_LENGTH = re.compile(r"(?:y|yr|yrs|year|years|months|mos|decades)\.?")
_AGE = re.compile(r"\d{1,2}|yo|y/o|yr|year-old|\d{1,2}-?(?:yo|y/o|yr|m)s?|old|o")
_FORMERLY = re.compile(
    r"(?!(?:never|over|after|either)$).*(?:er|or|ist|man|army|forces|services?|con)"
)
"""After "ex", what somebody used to be ("ex smoker")."""
_PARENTS = frozenset("mother father parent grandmother grandfather grandparent".split())
_CHILDREN = frozenset("son daughter child baby".split())
_AGE_AND_SEX = re.compile(
    r"\b\d\d(?: ?-?(?:y/?o|yrs?|years?[ -]old)(?: \w+){0,2}|(?: \w+)?)[ ,/]{0,2}"
    r"(?:(?P<f>F|female|woman|lady)|(?P<m>M|male|man|gentleman))\b"
)
PRONOUN_GENDER: dict[str, Gender] = {
    **dict.fromkeys(("he", "him", "his", "himself"), "m"),
    **dict.fromkeys(("she", "her", "hers", "herself"), "f"),
}
_AGE_AND_SEX_VOTES = 3
_SUBJECT_VOTES = 3
"""How many more sentences begin with "She" than with "He" where only that tells."""


def is_note(docs: Sequence[Doc], marked: Sequence[Sequence[Mention]]) -> bool:
    """Whether nobody speaks here: no turns of a client or therapist, and no "my mother".

    What a note quotes is the client's, and a note that says "ct" more often than "my" may still
    hold words of theirs without marks.
    """
    if any(role_of(t) in ("client", "therapist") for doc in docs for t in doc):
        return False
    mine = sum(_is_mine(m) for found in marked for m in found)
    return mine == 0 or sum(_is_client(t) for doc in docs for t in doc) > mine


def _is_mine(mention: Mention) -> bool:
    """Whether somebody says "my mother" outside quotation marks."""
    relation = relation_data().relations.get(mention.relation or "")
    if relation is None or relation.kind == "role" or mention.owner not in ("my", "your"):
        return False
    return mention.span[0].lower_ in _MINE and not _is_quoted(mention.span)


def _is_client(token: Token) -> bool:
    if token.lower_ not in CLIENT_NOUNS:
        return False
    before = token.doc[token.i - 1].lower_ if token.i else ""
    return before not in ("a", "an", "my", "our", "another")


def _is_quoted(span: Span) -> bool:
    """Whether a quotation opens before the words in their line and has not closed."""
    is_open = False
    for token in span.doc[: span.start]:
        if "\n" in token.text:
            is_open = False
        elif token.text in _QUOTES and token.tag_ != "POS":
            is_open = token.text in _OPENS or (token.text not in _CLOSES and not is_open)
    return is_open


def note_mentions(doc: Doc, found: Sequence[Mention]) -> list[Mention]:
    """The mentions of a note's document: those of any text and the bare ones, as the client's.

    A parent in the same breath as the client's child ("6yo son hides when dad comes") is the
    child's and left out.
    """
    words = [t.lower_.replace("’", "'") for t in doc]
    kept = [m for m in found if m.owner != "bare"]
    taken = {t.i for m in kept for t in m.span}
    for start, end, relation, plural in (*unowned_relations(doc, words), *_shortened(doc)):
        if taken.isdisjoint(range(start, end)) and _is_bare(doc, words, start, end, relation):
            mention = _bare_mention(doc, words, start, end, relation, plural)
            kept.append(mention)
            taken.update(range(start, end))
    return kept


def _shortened(doc: Doc) -> Iterator[tuple[int, int, Relation, bool]]:
    data = relation_data()
    for token in doc:
        if token.text in data.notes.short:
            yield token.i, token.i + 1, data.relations[data.notes.short[token.text]], False


def _bare_mention(
    doc: Doc, words: Sequence[str], start: int, end: int, relation: Relation, plural: bool
) -> Mention:
    first, name = start, relation.name
    while first and words[first - 1] in _PART_OF_MENTION:
        first -= 1
    if first and words[first - 1] in _FORMER and f"ex-{name}" in relation_data().relations:
        first, name = first - 1, f"ex-{name}"
    label = "group" if plural else "relation"
    # A span of its own: the document's spans stay what any text would have.
    return Mention(
        Span(doc, first, end, label=label), "group" if plural else "relation", "my", name
    )


def _is_bare(doc: Doc, words: Sequence[str], start: int, end: int, relation: Relation) -> bool:
    """Whether a relation word without an owner stands for somebody of the client's."""
    notes = relation_data().notes
    word = " ".join(words[start:end]).replace(" - ", "-")
    if doc[start].text not in notes.short and word not in notes.bare:
        aged = start and _AGE.fullmatch(words[start - 1])
        if word not in notes.aged or not aged:
            return False
    if word in relation.address and not stands_alone(doc, words, start, end):
        return False
    return (
        _refers_before(doc, words, start)
        and _refers_after(doc, words, end, relation)
        and not (relation.name in _PARENTS and _of_a_child(words, start))
    )


def _refers_before(doc: Doc, words: Sequence[str], start: int) -> bool:
    k = start - 1
    while k >= 0 and words[k] in _PART_OF_MENTION | _FORMER:
        k -= 1
    # "As wife and mother", "no partner or brother".
    while k > 0 and words[k] in _AND and words[k - 1] in relation_data().singular:
        if words[k] == "/":
            return False
        k -= 2
    before = words[k] if k >= 0 else ""
    if before in relation_data().notes.before:
        return False
    if before in ("-", "–", ">", "→") and k > 0 and not _is_bullet(doc, k):
        return False
    return not (before in ("of", "from", "to") and k > 0 and words[k - 1] in _ROLE | {"->"})


def _is_bullet(doc: Doc, k: int) -> bool:
    """Whether a dash begins a line or stands free between words."""
    return bool(doc[k].whitespace_ and doc[k].text != ">") and (
        "\n" in doc[k - 1].text or bool(doc[k - 1].whitespace_)
    )


def _refers_after(doc: Doc, words: Sequence[str], end: int, relation: Relation) -> bool:
    after = words[end] if end < len(words) else ""
    following = words[end + 1] if end + 1 < len(words) else ""
    if after in relation_data().notes.after:
        return False
    if after == "'s" and following == "day":
        return False
    if after == "of":
        return _says_how_long(words, end + 1) or following in {*CLIENT_NOUNS, "his", "hers", "mine"}
    if after == "to" and end + 1 < len(doc):
        return not (doc[end + 1].like_num or following == "be")
    if after in ("/", "-", "–", "→") and not _stands_off(doc, end, following):
        return False
    if after == "and" and following == "baby":
        return False
    if relation.name == "ex-partner" and doc[end - 1].lower_ == "ex":
        return after != ":" and not _FORMERLY.fullmatch(after)
    # "Father Michael" is a priest.
    is_name = after in first_names() and doc[end].text[0].isupper()
    return not (is_name and doc[end - 1].text == "Father")


def _stands_off(doc: Doc, end: int, following: str) -> bool:
    """Whether a dash or stroke only ends the thought ("mother - unwell"), and joins no words."""
    if doc[end].text == "/":
        return following not in relation_data().singular
    return bool(doc[end - 1].whitespace_ and doc[end].whitespace_)


def _says_how_long(words: Sequence[str], i: int) -> bool:
    """Whether "3 yrs" or "20 years" stands here."""
    return any(_LENGTH.fullmatch(w) for w in words[i + 1 : i + 2])


def _of_a_child(words: Sequence[str], start: int) -> bool:
    """Whether a child is spoken of earlier in the sentence, and not in the same list."""
    data = relation_data()
    for k in range(start - 1, -1, -1):
        if words[k] in _ENDS or "\n" in words[k]:
            return False
        known = data.singular.get(words[k]) or data.plural.get(words[k])
        if known is not None and known.name in _CHILDREN:
            return not all(w in _LISTING for w in words[k + 1 : start])
    return False


def client_gender(docs: Sequence[Doc], marked: Sequence[Sequence[Mention]]) -> Gender | None:
    """Whether a note's client is she or he, or None where nothing says so.

    "34F" says it; so does a pronoun that can be nobody else's, since no one whom it fits has been
    named yet, or that follows "ct" with nobody between. Without any of these, what most sentences
    begin with.
    """
    votes: Counter[Gender] = Counter()
    named: set[Gender] = set()
    for doc, found in zip(docs, marked, strict=True):
        if not votes and (said := _AGE_AND_SEX.search(doc.text)):
            votes["f" if said["f"] else "m"] += _AGE_AND_SEX_VOTES
        ends = {m.span.end: m for m in found if m.kind != "group"}
        of_client = False
        for token in doc:
            if token.i in ends:
                named |= _genders(ends[token.i])
                of_client = False
            if _is_client(token):
                of_client = True
            elif token.text in _ENDS or "\n" in token.text:
                of_client = False
            gender = PRONOUN_GENDER.get(token.lower_)
            if gender is not None and (of_client or gender not in named):
                votes[gender] += 1
    if votes["f"] == votes["m"]:
        return _by_subjects(docs)
    return votes.most_common(1)[0][0]


def _by_subjects(docs: Sequence[Doc]) -> Gender | None:
    starts = Counter(
        PRONOUN_GENDER[t.lower_] for doc in docs for t in doc if t.text in ("He", "She")
    )
    if abs(starts["f"] - starts["m"]) < _SUBJECT_VOTES:
        return None
    return starts.most_common(1)[0][0]


def may_own(candidate: Entry, mention: Mention, client: Gender | None) -> bool:
    """Whether "his mother" in a note may be this person's, and not the client's.

    Where nothing says whether the client is he or she, only somebody's who is known to be one, with
    no "ct" since.
    """
    if candidate.relation is None:
        return False
    if client is not None:
        return True
    doc, end = mention.span.doc, mention.span.start
    last = candidate.found[-1][1].span if candidate.found else mention.span
    start = min(last.end, end) if last.doc is doc else 0
    return candidate.gender is not None and not any(_is_client(t) for t in doc[start:end])


def _genders(mention: Mention) -> set[Gender]:
    """The genders that a mention may have; none for "a lawyer", which says what somebody is."""
    if mention.owner == "a":
        return set()
    relation = relation_data().relations.get(mention.relation or "")
    listed = first_names().get(mention.span[-1].lower_) if mention.kind == "name" else None
    known = listed or (relation.gender if relation is not None else None)
    return {known} if known is not None else {"f", "m"}
