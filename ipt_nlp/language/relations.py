"""Relation words ("my mam", "the landlady"): which relation each names.

Data: ``relations.toml``, ``first_names.txt``.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any, Literal

RelationKind = Literal["family", "partner", "social", "role"]
Gender = Literal["f", "m"]


@dataclass(frozen=True)
class Relation:
    """A relation of ``relations.toml``; ``words`` and ``plurals`` are lower case."""

    name: str
    kind: RelationKind
    words: frozenset[str]
    plurals: frozenset[str]
    address: frozenset[str]
    gender: Gender | None
    single: bool


@dataclass(frozen=True)
class NoteWords:
    """The ``notes`` table of ``relations.toml``, ``bare`` made of its first three entries."""

    bare: frozenset[str]
    aged: frozenset[str]
    before: frozenset[str]
    after: frozenset[str]
    short: Mapping[str, str]


@dataclass(frozen=True)
class RelationData:
    """Everything that ``relations.toml`` says.

    ``singular`` and ``plural`` lead from a lower-case word (or words with a space between) to its
    relation; ``compounds`` from "wife's mother" to "mother-in-law".
    """

    relations: Mapping[str, Relation]
    singular: Mapping[str, Relation]
    plural: Mapping[str, Relation]
    address: Mapping[str, Relation]
    compounds: Mapping[str, str]
    own_parent: Mapping[str, tuple[str, ...]]
    described: frozenset[str]
    not_names: frozenset[str]
    titles: frozenset[str]
    notes: NoteWords


def _note_words(raw: Mapping[str, Any], relations: Sequence[Relation]) -> NoteWords:
    kinds, without = set(raw["kinds"]), set(raw["not_bare"])
    bare = {w for r in relations if r.kind in kinds for w in {*r.words, *r.plurals}}
    return NoteWords(
        bare=frozenset((bare - without) | set(raw["roles"])),
        aged=frozenset(raw["aged"]),
        before=frozenset(raw["before"].split()),
        after=frozenset(raw["after"].split()),
        short=raw["short"],
    )


def _plural(word: str) -> str:
    if word.endswith(("s", "ch", "x")):
        return f"{word}es"
    if word.endswith("wife"):
        return f"{word[:-2]}ves"
    if word.endswith("y") and word[-2] not in "aeiou":
        return f"{word[:-1]}ies"
    return f"{word}s"


@cache
def relation_data() -> RelationData:
    """The shipped relation words."""
    raw = tomllib.loads(
        resources.files(__package__).joinpath("relations.toml").read_text(encoding="utf-8")
    )
    relations = [
        Relation(
            name=r["name"],
            kind=r["kind"],
            words=frozenset(r["words"]),
            plurals=frozenset({*map(_plural, r["words"]), *r.get("plural", ())}),
            address=frozenset(r.get("address", ())),
            gender=r.get("gender"),
            single=r.get("single", False),
        )
        for r in raw["relations"]
    ]
    return RelationData(
        relations={r.name: r for r in relations},
        singular={w: r for r in relations for w in r.words},
        plural={w: r for r in relations for w in r.plurals - r.words},
        address={w: r for r in relations for w in r.address},
        compounds=raw["compounds"],
        own_parent={k: tuple(v) for k, v in raw["own_parent"].items()},
        described=frozenset(raw["described"]["words"]),
        not_names=frozenset(raw["not_names"]["words"].split()),
        titles=frozenset(raw["not_names"]["titles"]),
        notes=_note_words(raw["notes"], relations),
    )


@cache
def first_names() -> Mapping[str, Gender | None]:
    """First names of many cultures, lower case, with their gender where they have one only."""
    raw = resources.files(__package__).joinpath("first_names.txt").read_text(encoding="utf-8")
    names: dict[str, Gender | None] = {}
    for line in raw.splitlines():
        name, _, gender = line.partition(" ")
        names[name] = "f" if gender == "f" else "m" if gender == "m" else None
    return names


def compound(owner: str, relation: str) -> str:
    """What somebody's relation is to the client: ("husband", "mother") gives "mother-in-law".

    ``owner`` is a relation or a name; where there is no word for both, "brother's girlfriend".
    """
    joined = f"{owner}'s {relation}"
    return relation_data().compounds.get(joined, joined)


_POSSESSED = re.compile(r"(.+?)(?:'s|s') (.+)")
_OF = re.compile(r"(.+) of (?:the |her |his |a )?(.+)")
_FORMER = re.compile(r"\b(former|old|previous|late) ")


def normal_relation(words: str) -> str | None:
    """The relation that free words name ("former co-worker", "Mum"), or None for none known.

    Compounds are resolved: "wife of friend" gives "friend's wife", "husband's mum" gives
    "mother-in-law". The last known word decides, so that "friend from choir" is a friend.
    """
    text = words.lower().replace("’", "'").split(",")[0].strip()
    if found := _POSSESSED.fullmatch(text):
        owner, owned = normal_relation(found[1]) or found[1], normal_relation(found[2])
        return compound(owner, owned) if owned else None
    text = re.split(r" (?:from|at|in|on|and|who|she|he) ", text)[0]
    if found := _OF.fullmatch(text):
        head, owner = normal_relation(found[1]), normal_relation(found[2])
        return compound(owner or found[2], head) if head else None
    former = bool(_FORMER.search(f"{text} "))
    tokens = _FORMER.sub("", text).split()
    singular = relation_data().singular
    for length in (3, 2, 1):
        key = " ".join(tokens[-length:])
        if len(tokens) >= length and key in singular:
            name = singular[key].name
            ex = f"ex-{name}"
            return ex if former and ex in relation_data().relations else name
    return None
