"""The interpersonal inventory: mentions of a whole session -> one entry a person.

Mentions are joined by rules that a reader could state: the same name; the same relation of the
client's where there can be one ("my mum"); a relation with its name ("my brother Tom", "Tom,
that's my brother", the answer to "and your brother?"). "His wife" belongs to the last person spoken
of who may be "he". Pronouns are no mentions.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from itertools import islice

from spacy.tokens import Doc, Token

from ipt_nlp.language.bereavement import is_dead, is_present
from ipt_nlp.language.case_notes import (
    PRONOUN_GENDER,
    client_gender,
    is_note,
    may_own,
    note_mentions,
)
from ipt_nlp.language.joins import directly_named, explains, lists, names_it
from ipt_nlp.language.names import name_forms, person_names
from ipt_nlp.language.people import Mention, mentions
from ipt_nlp.language.persons import (
    Entry,
    FoundPerson,
    are_partners,
    fits,
    found_person,
    introduces,
    may_be,
    mention_text,
)
from ipt_nlp.language.relations import relation_data
from ipt_nlp.language.turns import role_of

_PRONOUN_WINDOW = 15
_RECENT = 6
"""How many people back "his wife" may look for him."""
_DISTINGUISHING = frozenset(
    "other another older elder eldest oldest younger youngest second first middle twin half".split()
)
_BY_ARTICLE = frozenset(("baby", "neighbour"))
_CHILDREN = frozenset(("son", "daughter", "child", "baby"))
_UNNAMED_PARTNER_COUNT = 3


def inventory(docs: Sequence[Doc], *, not_people: Collection[str] = ()) -> list[FoundPerson]:
    """The people of a session, in the order of their first mention.

    Args:
        docs: The session in order (its segments), gone through ``ipt_people``. Turns are read from
            ``token._.role`` where it is set: whose "your mother" is, and who answers.
        not_people: Names of the therapist and the client, in any case (speaker labels); they are
            also left out where they are only ever spoken to.
    """
    found = _Inventory(docs, not_people)
    found.read()
    return found.people()


class _Inventory:
    def __init__(self, docs: Sequence[Doc], not_people: Collection[str]) -> None:
        self.docs = docs
        self.entries: list[Entry] = []
        # In the order of their last mention; a dict, since each is moved to the end in turn.
        self.recent: dict[Entry, None] = {}
        self.by_name: dict[str, Entry] = {}
        self.at: dict[tuple[int, int], Entry] = {}
        marked = [mentions(doc) for doc in docs]
        self.is_note = is_note(docs, marked)
        if self.is_note:
            marked = [note_mentions(d, found) for d, found in zip(docs, marked, strict=True)]
        self.names = person_names(docs, marked, not_people, is_note=self.is_note)
        self.mentions = [
            sorted(
                [m for m in found if m.kind != "name"] + name_forms(doc, found, self.names),
                key=lambda m: (m.span.end, m.span.start),
            )
            for doc, found in zip(docs, marked, strict=True)
        ]
        self.says_my = any(m.owner in ("my", "your") for found in self.mentions for m in found)
        self.client_gender = client_gender(docs, self.mentions) if self.is_note else None

    def read(self) -> None:
        """Put every mention into an entry, in order."""
        for i, found in enumerate(self.mentions):
            before: Mention | None = None
            group: Mention | None = None
            for k, mention in enumerate(found):
                following = found[k + 1] if k + 1 < len(found) else None
                if mention.kind == "group":
                    group, before = mention, None
                    continue
                entry = self._joined(i, mention, before, group)
                if entry is None:
                    entry = self._resolve(i, mention, following)
                if entry is not None:
                    self._add(entry, i, mention)
                # "My kids, Ana and Leo": the list goes on after each name.
                if group is not None and mention.kind == "name" and lists(group, mention):
                    whole = group.span.doc[group.span.start : mention.span.end]
                    group = Mention(whole, "group", group.owner, group.relation)
                else:
                    group = None
                before = mention if entry is not None else None
        self._join_unnamed_partner()

    # Joining a mention with what stands before it.

    def _joined(
        self, doc: int, mention: Mention, before: Mention | None, group: Mention | None
    ) -> Entry | None:
        if mention.kind == "name":
            if before is not None and before.kind != "name" and names_it(before, mention):
                entry = self.at.get((doc, before.span.end))
                if entry is not None and not entry.names:
                    return self._named(entry, mention)
            if group is not None and group.relation and lists(group, mention):
                return self._of_group(group, mention)
            return self._answer(doc, mention)
        if before is None or before.kind != "name" or mention.kind == "described":
            return None
        entry = self.at.get((doc, before.span.end))
        how = explains(before, mention)
        if entry is None or entry.relation is not None or how is None:
            return None
        if how == "far" and not may_be(entry, mention.relation):
            return None
        known = self._of_client(mention)
        if known is None:
            entry.relation = mention.relation
            return entry
        return None if known.names else self._merge(known, entry)

    def _of_group(self, group: Mention, mention: Mention) -> Entry:
        entry = self._by_name(mention)
        if entry.relation is None and group.owner in ("my", "your", "a", "the", "this"):
            entry.relation = group.relation
        return entry

    def _answer(self, doc: int, mention: Mention) -> Entry | None:
        """The person asked for in the turn before, when the name opens the answer."""
        turn, question_doc, first, last = self._turn_before(doc, mention)
        words = [t for t in turn if t.is_alpha and t.lower_ not in ("laughs", "sighs", "pause")]
        if last <= first or len(words) > 2:
            return None
        if role_of(mention.span[0]) == "therapist":
            return None
        question = self.docs[question_doc][first:last]
        inside = [m for m in self.mentions[question_doc] if first <= m.span.start < last]
        if inside and inside[-1].kind == "group" and inside[-1].owner != "their":
            is_list = inside[-1].relation in ("child", "sibling", "friend", "co-worker")
            return self._of_group(inside[-1], mention) if is_list else None
        entry = self.at.get((question_doc, inside[-1].span.end)) if inside else None
        if any(t.lower_ == "name" for t in question) and entry is None:
            entry = next((e for e in reversed(self.recent) if e.relation), None)
        elif inside and (inside[-1].kind != "relation" or inside[-1].owner not in ("your", "a")):
            return None
        if entry is None or entry.names or entry.relation is None:
            return None
        if any(t.lower_ == "who" for t in question) or not fits(self._key(mention), entry):
            return None
        return self._named(entry, mention)

    def _turn_before(self, doc: int, mention: Mention) -> tuple[list[Token], int, int, int]:
        """Words of the mention's turn before it; document, first and last token of the turn before.

        Nothing (first and last both 0) at the very beginning.
        """
        tokens = self.docs[doc]
        breaks = [t.i for t in tokens[: mention.span.start] if "\n" in t.text]
        if breaks:
            return (
                list(tokens[breaks[-1] + 1 : mention.span.start]),
                doc,
                ([-1, *breaks])[-2] + 1,
                breaks[-1],
            )
        if doc == 0:
            return [], 0, 0, 0
        earlier = self.docs[doc - 1]
        ends = [t.i for t in earlier if "\n" in t.text and t.i < len(earlier) - 1]
        return (
            list(tokens[: mention.span.start]),
            doc - 1,
            ends[-1] + 1 if ends else 0,
            len(earlier),
        )

    def _named(self, entry: Entry, mention: Mention) -> Entry:
        """The entry with this name; joined with the one that has the name already."""
        key = self._key(mention)
        known = self.by_name.get(key)
        if known is not None and known is not entry:
            return self._merge(entry, known) if known.relation is None else known
        entry.names[key] = mention_text(mention)
        self.by_name[key] = entry
        return entry

    def _merge(self, one: Entry, two: Entry) -> Entry:
        """Both in one entry, the older of them; the second alone where one is the other's.

        "Tom's dad is called Tom too" speaks of two people.
        """
        if one.belongs_to(two) or two.belongs_to(one):
            return two
        kept, other = sorted((one, two), key=self.entries.index)
        if kept.relation is None:
            kept.relation, kept.of = other.relation, other.of
        kept.described = kept.described and other.described
        kept.key = kept.key or other.key
        kept.names |= other.names
        kept.found += other.found
        kept.genders.update(other.genders)
        kept.dead |= other.dead
        kept.alive |= other.alive
        self.entries.remove(other)
        self.recent.pop(other, None)
        self._mention(kept)
        self.by_name.update(dict.fromkeys(other.names, kept))
        self.at.update({place: kept for place, e in self.at.items() if e is other})
        for entry in self.entries:
            if entry.of is other:
                entry.of = kept
        return kept

    def _join_unnamed_partner(self) -> None:
        """Give an unnamed husband, wife or the like the name that the client speaks of most.

        The name has the right gender and no relation yet, is said often and more than any other
        such name. On IPT-Synth's training sessions that is right eight times in ten for partners;
        for sisters and daughters it is a coin toss, so they stay apart.
        """
        data = relation_data().relations
        for entry in list(self.entries):
            relation = data.get(entry.relation or "")
            if relation is None or relation.kind != "partner" or relation.gender is None:
                continue
            if entry.names or entry.of is not None or entry.dead:
                continue
            named = [
                e
                for e in self.entries
                if e.names and e.relation is None and e.gender == relation.gender
            ]
            counts = sorted((len(e.found) for e in named), reverse=True)
            if counts and counts[0] >= _UNNAMED_PARTNER_COUNT and counts[0] not in counts[1:]:
                self._merge(entry, max(named, key=lambda e: len(e.found)))

    # Finding the entry of a mention by itself.

    def _resolve(self, doc: int, mention: Mention, following: Mention | None) -> Entry | None:
        if mention.owner == "my" and role_of(mention.span[0]) == "therapist":
            return None  # Somebody else's words, in a role play.
        if mention.kind == "name":
            return self._by_name(mention)
        if mention.kind == "described":
            return self._described(mention)
        if mention.owner in ("his", "her", "their"):
            return self._of_antecedent(mention)
        if mention.owner == "name":
            return self._of_named(doc, mention)
        known = self._of_client(mention)
        if mention.owner == "your" and role_of(mention.span[0]) == "client":
            return known or self._own_parent(mention.relation)
        named = following is not None and directly_named(mention, following)
        if mention.owner == "a" and not (named or introduces(mention)):
            return None
        relation = relation_data().relations[mention.relation or ""]
        if known is not None:
            return known
        if mention.owner in ("the", "this") and not named:
            if relation.kind == "partner" and relation.name not in ("husband", "wife"):
                return self._described(mention)  # Whose girlfriend, nothing says.
            if relation.kind in ("family", "social") and relation.name not in _BY_ARTICLE:
                return None
        return self._new(mention.relation, key=mention.modifiers & _DISTINGUISHING)

    def _by_name(self, mention: Mention) -> Entry:
        key = self._key(mention)
        known = self.by_name.get(key)
        if known is None:
            known = self._new(mention.relation)
            known.names[key] = mention_text(mention)
            self.by_name[key] = known
        return known

    def _key(self, mention: Mention) -> str:
        form = mention_text(mention).lower()
        return self.names.get(form, form)

    def _of_client(self, mention: Mention) -> Entry | None:
        """The client's own mother, boss or friend that the mention may mean; the latest of several.

        "My other sister" is another than "my sister".
        """
        relation = relation_data().relations.get(mention.relation or "")
        same = [e for e in self.entries if e.relation == mention.relation and e.of is None]
        if self.is_note and relation is not None and relation.single and not same:
            same = [e for e in self.entries if e.to_client == relation.name]  # "His mother. MIL..."
        if relation is None or not same:
            return None
        if relation.single or relation.kind == "role":
            return same[-1]
        if relation.kind == "social" and mention.owner in ("a", "this"):
            return None
        key = mention.modifiers & _DISTINGUISHING
        if key & {"other", "another"}:
            same = [e for e in same if e.key & key]
        elif key:
            same = [e for e in same if e.key == key or not e.key]
        latest = [e for e in reversed(self.recent) if e in same]
        return next(iter([*latest, *same]), None)

    def _own_parent(self, relation: str | None) -> Entry | None:
        """The client's partner as their child's mother or father."""
        for wanted in relation_data().own_parent.get(relation or "", ()):
            for entry in self.entries:
                if entry.relation == wanted and entry.of is None:
                    return entry
        return None

    def _of_antecedent(self, mention: Mention) -> Entry | None:
        """The entry of "his wife": whose is the last person whom "he" may mean."""
        wanted = PRONOUN_GENDER.get(mention.owner or "")
        if not self.says_my if not self.is_note else wanted in (None, self.client_gender):
            return self._of_client(mention) or self._new(mention.relation)
        single = relation_data().relations[mention.relation or ""].single
        for candidate in islice(reversed(self.recent), _RECENT):
            if wanted is not None and candidate.gender not in (wanted, None):
                continue
            if self.is_note and are_partners(candidate.relation, mention.relation):
                return None  # "Wife says her husband is away": the client.
            if self.is_note and not may_own(candidate, mention, self.client_gender):
                continue
            # Nobody's mother is her mother, and "her husband" is not of somebody's wife.
            if single and candidate.relation == mention.relation:
                continue
            return self._of(candidate, mention)
        return self._of_client(mention) or self._new(mention.relation) if self.is_note else None

    def _of_named(self, doc: int, mention: Mention) -> Entry | None:
        owner = mention.span[0]
        key = self.names.get(owner.lower_)
        if key is not None and key in self.by_name:
            return self._of(self.by_name[key], mention)
        inner = self.at.get((doc, owner.i + 1))
        return None if inner is None else self._of(inner, mention)

    def _of(self, owner: Entry, mention: Mention) -> Entry | None:
        """The entry of somebody's relation: "her husband", "Jodie's cousin"."""
        relation = mention.relation or ""
        own_child = owner.relation in _CHILDREN and owner.of is None
        if own_child and relation in relation_data().own_parent:
            return self._own_parent(relation)
        made = Entry(relation, owner)
        for entry in self.entries:
            if entry.of is owner and entry.relation == relation:
                return entry
            if entry.of is None and entry.relation is not None:
                single = relation_data().relations[entry.relation].single
                if entry.relation == made.to_client and (single or relation != entry.relation):
                    return entry
        self.entries.append(made)
        return made

    def _described(self, mention: Mention) -> Entry:
        if mention.span[0].lower_ in ("the", "that", "this"):
            for entry in reversed(self.entries):
                if entry.described == mention.relation:
                    return entry
        entry = self._new(None)
        entry.described = mention.relation
        return entry

    def _new(self, relation: str | None, *, key: frozenset[str] = frozenset()) -> Entry:
        entry = Entry(relation, key=key)
        self.entries.append(entry)
        return entry

    # What the words around a mention say of the person.

    def _mention(self, entry: Entry) -> None:
        self.recent.pop(entry, None)
        self.recent[entry] = None

    def _add(self, entry: Entry, doc: int, mention: Mention) -> None:
        entry.found.append((doc, mention))
        self.at[doc, mention.span.end] = entry
        self._mention(entry)
        end = mention.span.end
        others = [m.span.start for m in self.mentions[doc] if m.span.start >= end]
        stop = min(others, default=len(self.docs[doc]))
        entry.dead |= is_dead(mention.span, stop, entry.relation)
        entry.alive |= is_present(mention.span)
        for token in self.docs[doc][end : min(stop, end + _PRONOUN_WINDOW)]:
            gender = PRONOUN_GENDER.get(token.lower_)
            # "Partner drove her": in a note that is the client.
            if gender is not None and (not self.is_note or gender != self.client_gender):
                entry.genders[gender] += 1
                break

    # The result.

    def people(self) -> list[FoundPerson]:
        """One person an entry, but for those that nothing but a child's "Dad" speaks of."""
        has_children = any(e.relation in _CHILDREN and e.of is None for e in self.entries) or any(
            m.kind == "group" and m.relation in ("child", "son", "daughter")
            for found in self.mentions
            for m in found
        )
        people = []
        for entry in self.entries:
            only_called = all(m.owner == "bare" for _, m in entry.found)
            if not entry.found or (only_called and has_children):
                continue
            if entry.relation == "baby" and not entry.names and len(entry.found) == 1:
                continue
            people.append(found_person(entry))
        return people
