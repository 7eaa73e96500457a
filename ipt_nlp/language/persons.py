"""A person of the inventory: while the session is read, and when it is done."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from ipt_nlp.language.people import Mention
from ipt_nlp.language.relations import Gender, compound, first_names, relation_data

_LISTED_VOTES = 2
"""What a list of names says of a gender, in pronouns."""
_HAVE = frozenset("have has had 've got having".split())
_OF_GENDER = {("child", "f"): "daughter", ("child", "m"): "son"}


@dataclass(frozen=True)
class FoundMention:
    """Words that stand for a person: index of the document, and code points into its text."""

    doc: int
    start_char: int
    end_char: int
    text: str


@dataclass(frozen=True)
class FoundPerson:
    """Somebody in the client's life.

    ``mention`` is how the session first calls them, ``relation`` what they are to the client, None
    when nothing says so; ``deceased`` is None when nothing says either. ``mentions`` are names and
    relation words in order, no pronouns.
    """

    mention: str
    names: tuple[str, ...]
    relation: str | None
    deceased: bool | None
    mentions: tuple[FoundMention, ...]

    @property
    def count(self) -> int:
        return len(self.mentions)

    @property
    def docs(self) -> tuple[int, ...]:
        """The documents (segments) that mention them, in order, each once."""
        return tuple(dict.fromkeys(m.doc for m in self.mentions))


@dataclass(eq=False)
class Entry:
    """A person so far; ``of`` is whose ``relation`` it is, None for the client's."""

    relation: str | None = None
    of: Entry | None = None
    described: str | None = None
    key: frozenset[str] = frozenset()
    names: dict[str, str] = field(default_factory=dict)
    found: list[tuple[int, Mention]] = field(default_factory=list)
    genders: Counter[Gender] = field(default_factory=Counter)
    dead: bool = False
    alive: bool = False

    @property
    def to_client(self) -> str | None:
        """The relation seen from the client: "brother", "mother-in-law", "Tom's mother"."""
        if self.relation is None or self.of is None:
            return self.relation
        owner = self.of.to_client or next(iter(self.of.names.values()), None)
        return compound(owner, self.relation) if owner else None

    def belongs_to(self, other: Entry) -> bool:
        """Whether the other is the one whose relation this is, or whose relation that is."""
        owner = self.of
        while owner is not None and owner is not other:
            owner = owner.of
        return owner is not None

    @property
    def gender(self) -> Gender | None:
        known = relation_data().relations.get(self.relation or "")
        if known is not None and known.gender is not None:
            return known.gender
        votes = self.genders.copy()
        for name in self.names:
            if (listed := first_names().get(name.split()[0])) is not None:
                votes[listed] += _LISTED_VOTES
        return votes.most_common(1)[0][0] if votes else None


def found_person(entry: Entry) -> FoundPerson:
    found = sorted(entry.found, key=lambda f: (f[0], f[1].span.start))
    spans = tuple(
        FoundMention(i, m.span.start_char, m.span.end_char, m.span.text) for i, m in found
    )
    relation = entry.to_client
    return FoundPerson(
        mention=spans[0].text,
        names=tuple(dict.fromkeys(entry.names.values())),
        relation=_OF_GENDER.get((relation or "", entry.gender or ""), relation),
        deceased=True if entry.dead else False if entry.alive else None,
        mentions=spans,
    )


def may_be(entry: Entry, relation: str | None) -> bool:
    known = relation_data().relations.get(relation or "")
    return known is None or known.gender is None or entry.gender in (known.gender, None)


def fits(name: str, entry: Entry) -> bool:
    """Whether a first name has the gender of the entry, as far as both are known."""
    listed = first_names().get(name.split()[0])
    return listed is None or entry.gender in (listed, None)


def mention_text(mention: Mention) -> str:
    return str(mention.span.text).rstrip(".")


def are_partners(one: str | None, two: str | None) -> bool:
    """Whether both relations are of a couple: the husband of the client's wife is the client."""
    known = [relation_data().relations.get(r or "") for r in (one, two)]
    return all(r is not None and r.kind == "partner" for r in known)


def introduces(mention: Mention) -> bool:
    """Whether "a brother" brings in one: the client has one, or "a friend from work"."""
    kind = relation_data().relations[mention.relation or ""].kind
    doc, start, end = mention.span.doc, mention.span.start, mention.span.end
    one = mention.span[0].lower_ == "one"
    if kind == "family":
        words = [t.lower_ for t in doc[max(0, start - 3) : start]]
        # "Has been a full time mother" is what somebody is.
        return one or (not _HAVE.isdisjoint(words) and words[-1] != "been")
    after = doc[end].lower_ if end < len(doc) else ""
    return kind == "social" and (one or after in ("of", "from", "at"))
