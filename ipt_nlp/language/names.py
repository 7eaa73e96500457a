"""Which words are names of people, decided by all their occurrences in a session.

A tagger that sees one sentence takes "Sarcastic" for a name and "donal" for an adjective. Over a
session a name is capital wherever it stands, is spoken of and not only to, and has no place.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from spacy.tokens import Doc, Span, Token

from ipt_nlp.language.people import (
    PERSON_ENTS,
    PLACE_ENTS,
    Mention,
    is_name_word,
    is_written,
)
from ipt_nlp.language.relations import first_names, relation_data
from ipt_nlp.language.turns import role_of

_GREETINGS = frozenset(
    """hi hello hey morning afternoon evening goodbye bye thanks you warm well care okay ok yes no
    yeah right so welcome back night sorry""".split()
)
_OWN = ("i 'm", "call me", "called me", "go by", "my name 's", "my name is", "i am")
_ARTICLES = ("the", "a", "an", "this")
_PLACES_BEFORE = frozenset("in into near around across outside throughout".split())
_CLAUSE_ENDS = frozenset((".", "!", "?", "…", "\n"))
_GREETED = _GREETINGS | frozenset("good in come so , now please thank nice meet see".split())
"""What a whole clause before a title is made of, where it greets or thanks."""
_NOT_THIRD = frozenset("your his her their my our the a who".split())
_TITLES = ("mr", "mrs", "ms", "miss")
_TARGETS = frozenset(
    """look looks looked looking stare stared staring glare glared glaring glance glanced shout
    shouts shouted shouting yell yells yelled yelling scream screamed screaming snap snaps snapped
    snapping swear swore swearing laugh laughs laughed laughing smile smiled smiling wave waved
    waving point pointed pointing throw threw throwing lash lashed angry mad cross furious annoyed
    upset irritated livid frustrated go goes going went have had having hit nag nagged
    nagging""".split()
)
"""Before "at" where what is at is somebody: "I shouted at Ngozi"."""
_TARGET_WINDOW = 3
_MOVES = frozenset(
    """move moves moved moving relocate relocated relocating emigrate emigrated commute commutes
    commuted commuting drive drives drove driving travel travels travelled traveling travelling
    flew fly flying""".split()
)
_COMES = frozenset("'m is 's am are was come comes came originally back moved".split())
_WORKS = frozenset("work works worked working".split())
_ABBREVIATION = re.compile(r"[A-Z]{2,5}")


@dataclass
class _Votes:
    total: int = 0
    flagged: int = 0
    entity: int = 0
    inside: int = 0
    called: int = 0
    place: int = 0
    small: int = 0
    own: int = 0
    acts: int = 0
    proper: int = 0


def person_names(
    docs: Sequence[Doc],
    marked: Sequence[Sequence[Mention]],
    not_people: Collection[str],
    *,
    is_note: bool = False,
) -> dict[str, str]:
    """Forms of the session's names (lower case, words with a space) -> one form for each person.

    "mrs patel" and "patel" lead to the same form. Somebody who is only ever spoken to by title is
    the client or the therapist. In a note a word of two to five capitals shortens a diagnosis or a
    scale, unless it is a known first name or stands beside a relation ("partner TJ").
    """
    found_names: dict[str, list[Mention]] = {}
    for mention in (m for found in marked for m in found if m.kind == "name"):
        found_names.setdefault(_form(mention.span), []).append(mention)
    texts = {
        text: found[0]
        for text, found in found_names.items()
        if not all(_is_addressed(m.span) for m in found)
        and not (is_note and all(_is_abbreviation(m.span) for m in found))
    }
    words = {w for text in texts for w in text.split()}
    votes = _count(docs, marked, words)
    written = any(is_written(doc) for doc in docs)
    refused = {w.lower() for name in not_people for w in name.split()}
    accepted = {
        text: mention
        for text, mention in texts.items()
        if (last := text.split()[-1]) not in refused and _accept(votes[last], mention, written)
    }
    return dict(_canonical(accepted))


def _canonical(accepted: Mapping[str, Mention]) -> Iterator[tuple[str, str]]:
    """Each form with the first longer form that ends or begins with it, if there is one."""
    longer: dict[str, str] = {}
    for text in accepted:
        words = text.split()
        for i in range(1, len(words)):
            longer.setdefault(" ".join(words[:i]), text)
            longer.setdefault(" ".join(words[i:]), text)
    for text in accepted:
        whole = longer.get(text, text)
        yield text, whole
        for word in text.split():
            if word not in accepted and is_name_word(word):
                yield word, whole


def _count(
    docs: Sequence[Doc], marked: Sequence[Sequence[Mention]], words: Collection[str]
) -> dict[str, _Votes]:
    votes: defaultdict[str, _Votes] = defaultdict(_Votes)
    for doc, found in zip(docs, marked, strict=True):
        flagged = {t.i for m in found if m.kind == "name" for t in m.span}
        written = is_written(doc)
        for token in doc:
            if token.lower_ not in words:
                continue
            vote = votes[token.lower_]
            if written and not token.text[0].isupper():
                vote.small += 1
                continue
            before = doc[token.i - 1].lower_ if token.i else "\n"
            vote.total += 1
            vote.flagged += token.i in flagged
            vote.entity += token.ent_type_ in PERSON_ENTS
            vote.inside += before not in _CLAUSE_ENDS and "\n" not in before
            vote.called += _is_called(token, before, written)
            vote.proper += token.pos_ == "PROPN" or token.ent_type_ in PERSON_ENTS
            listed = token.lower_ in first_names()
            in_place = token.ent_type_ in PLACE_ENTS
            vote.place += before in _PLACES_BEFORE or (before == "to" and in_place)
            vote.place += not listed and _is_where(doc, token.i)
            vote.place += not listed and (in_place or before in _ARTICLES)
            vote.acts += token.i + 1 < len(doc) and doc[token.i + 1].pos_ in ("VERB", "AUX", "PART")
            vote.own += _is_own(doc, token.i)
    return votes


def _is_called(token: Token, before: str, written: bool) -> bool:
    """Whether the words speak to the client or therapist by this name ("Morning, Anjali.").

    A client who begins with a name and a comma speaks to somebody in a role play.
    """
    doc, after_i = token.doc, token.i + 1
    after = doc[after_i].text if after_i < len(doc) else "\n"
    ends = after in _CLAUSE_ENDS or "\n" in after
    starts = before in _CLAUSE_ENDS or "\n" in before
    if not written:
        return role_of(token) != "client" and (ends or before in _GREETINGS)
    if role_of(token) == "client":
        earlier = doc[token.i - 2].lower_ if token.i > 1 and before == "," else before
        return (ends or after == ",") and earlier in _GREETINGS
    if before in _GREETINGS or before == ",":
        return ends or after == ","
    return starts and after == ","


def _is_where(doc: Doc, i: int) -> bool:
    """Whether the words before a name that no list knows make it a place or an employer.

    "At Filey", "moved to Selby", "works for Nissan"; not "at Mandy's", "shouted at Ngozi".
    """
    before = [t.lower_.replace("’", "'") for t in doc[max(0, i - 1 - _TARGET_WINDOW) : i]]
    after = doc[i + 1].lower_ if i + 1 < len(doc) else ""
    if len(before) < 2 or after in ("'s", "’s", "'", "’"):
        return False
    if before[-1] == "at":
        return _TARGETS.isdisjoint(before[:-1])
    if before[-1] == "to":
        return before[-2] in _MOVES
    if before[-1] == "for":
        return before[-2] in _WORKS
    return before[-1] == "from" and before[-2] in _COMES


def _is_abbreviation(span: Span) -> bool:
    """Whether a name is one word of capitals in a text that is not all capitals."""
    doc, word = span.doc, span[-1].text
    if len(span) > 1 or not _ABBREVIATION.fullmatch(word) or word.lower() in first_names():
        return False
    beside = [t.lower_ for t in doc[max(0, span.start - 2) : span.start] if not t.is_punct]
    if any(w in relation_data().singular for w in beside):
        return False
    return sum(t.is_lower for t in doc) > sum(t.is_upper for t in doc)


def _is_addressed(span: Span) -> bool:
    """Whether somebody is spoken to by title: "Come in, Mrs. Patel.", "How was it, Mr. Albright?".

    A client who uses a title so speaks to the therapist only where nothing but a greeting or thanks
    stands before it; "It was him, Mr. Doyle" is an answer.
    """
    doc = span.doc
    if span[0].lower_.rstrip(".") not in {*_TITLES, "dr", "doctor"}:
        return False
    start = span.start
    while start and doc[start - 1].text not in _CLAUSE_ENDS and "\n" not in doc[start - 1].text:
        start -= 1
    before = [t.lower_ for t in doc[start : span.start]]
    after = doc[span.end].text if span.end < len(doc) else "\n"
    ends = after in _CLAUSE_ENDS or "\n" in after
    if before and _GREETED.issuperset(before) and _GREETINGS.intersection(before):
        return ends or after == ","
    if role_of(span[0]) != "therapist":
        return False
    if not before:
        return ends or (after == "," and not _is_explained(doc, span.end + 1))
    if _GREETED.issuperset(before):
        return before[-1] == "," and (ends or after == ",")
    return before[-1] == "," and ends and not _is_apposed(doc, span.start - 2)


def _is_explained(doc: Doc, i: int) -> bool:
    """Whether words after a name say who it is: "Mr. Doyle, your boss, told you?"."""
    data = relation_data()
    return i < len(doc) and (
        doc[i].lower_ in _NOT_THIRD and any(t.lower_ in data.singular for t in doc[i + 1 : i + 4])
    )


def _is_apposed(doc: Doc, i: int) -> bool:
    """Whether a name after this word says who was meant: "that was your boss, Mr. Doyle?"."""
    data = relation_data()
    return doc[i].lower_ in data.singular or doc[i].lower_ in (
        *data.described,
        "he",
        "she",
        "him",
        "her",
        "they",
        "them",
    )


def _is_own(doc: Doc, i: int) -> bool:
    """Whether the client gives this name as their own ("I'm Janet", "call me Robin")."""
    before = " ".join(t.lower_ for t in doc[max(0, i - 3) : i]).replace("’", "'")
    return role_of(doc[i]) != "therapist" and before.endswith(_OWN)


def _accept(votes: _Votes, mention: Mention, written: bool) -> bool:
    if mention.relation is not None or mention.span[0].lower_.rstrip(".") in _TITLES:
        return True  # "Dr. Haskins", "Mrs Patel"
    if votes.called >= votes.total or votes.place * 2 > votes.total or votes.own:
        return False
    listed = mention.span[-1].lower_ in first_names()
    if written and listed:
        return votes.small <= votes.total
    if written:
        return votes.small == 0 and (
            (votes.inside > 0 and (votes.entity > 0 or votes.total > 1))
            or (votes.entity > 0 and (votes.total > 1 or votes.acts > 0))
        )
    if listed:
        return votes.proper > 0 or votes.total > 1
    return votes.entity * 2 >= votes.total and votes.proper == votes.total > 1


def name_forms(doc: Doc, found: Sequence[Mention], names: Mapping[str, str]) -> list[Mention]:
    """The names in a document: those marked and those that only other occurrences give away."""
    kept: list[Mention] = []
    covered: set[int] = set()
    for mention in found:
        if mention.kind == "name" and _form(mention.span) in names:
            kept.append(mention)
            covered.update(t.i for t in mention.span)
    written = is_written(doc)
    for token in doc:
        known = token.lower_ in names and token.i not in covered
        if known and (not written or token.text[0].isupper()):
            kept.append(Mention(Span(doc, token.i, token.i + 1, label="name"), "name"))
    return kept


def _form(span: Span) -> str:
    return " ".join(t.lower_ for t in span if not t.is_punct).rstrip(".")
