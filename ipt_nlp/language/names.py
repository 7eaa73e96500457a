"""Which words are names of people, decided by all their occurrences in a session.

A tagger that sees one sentence takes "Sarcastic" for a name and "donal" for an adjective. Over a
session a name is capital wherever it stands, is spoken of and not only to, and has no place.
"""

from __future__ import annotations

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
from ipt_nlp.language.relations import first_names
from ipt_nlp.language.turns import role_of

_GREETINGS = frozenset(
    """hi hello hey morning afternoon evening goodbye bye thanks you warm well care okay ok yes no
    yeah right so welcome back night sorry""".split()
)
_OWN = ("i 'm", "call me", "called me", "go by", "my name 's", "my name is", "i am")
_ARTICLES = ("the", "a", "an", "this")
_PLACES_BEFORE = frozenset("in into near around across outside throughout".split())
_CLAUSE_ENDS = frozenset((".", "!", "?", "…", "\n"))


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
    docs: Sequence[Doc], marked: Sequence[Sequence[Mention]], not_people: Collection[str]
) -> dict[str, str]:
    """Forms of the session's names (lower case, words with a space) -> one form for each person.

    "mrs patel" and "patel" lead to the same form.
    """
    texts: dict[str, Mention] = {}
    for mention in (m for found in marked for m in found if m.kind == "name"):
        texts.setdefault(_form(mention.span), mention)
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


def _is_own(doc: Doc, i: int) -> bool:
    """Whether the client gives this name as their own ("I'm Janet", "call me Robin")."""
    before = " ".join(t.lower_ for t in doc[max(0, i - 3) : i]).replace("’", "'")
    return role_of(doc[i]) != "therapist" and before.endswith(_OWN)


def _accept(votes: _Votes, mention: Mention, written: bool) -> bool:
    if mention.relation is not None or mention.span[0].lower_.rstrip(".") in ("mr", "mrs", "ms"):
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
