"""One text -> what in it could identify someone, each stretch once."""

from __future__ import annotations

from bisect import bisect_right, insort
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ipt_nlp.identifiers.addresses import find_addresses, find_postcodes, find_rare
from ipt_nlp.identifiers.contacts import find_contacts, find_numbers
from ipt_nlp.identifiers.dates import find_ages, find_dates, find_initials
from ipt_nlp.identifiers.entities import find_names
from ipt_nlp.identifiers.kinds import PLACEHOLDER, FoundIdentifier, Kind, Profile, level_of
from ipt_nlp.identifiers.known import mark_known
from ipt_nlp.identifiers.words import words

if TYPE_CHECKING:
    from spacy.language import Language
    from spacy.tokens import Doc

_RANK: tuple[Kind, ...] = (
    "email",
    "url",
    "address",
    "date_of_birth",
    "date_of_death",
    "postcode",
    "date",
    "phone",
    "id_number",
    "handle",
    "age_over_89",
    "school",
    "employer",
    "person",
    "place",
    "initials",
    "other",
)
_ORDER = {kind: i for i, kind in enumerate(_RANK)}


class IdentifierFinder:
    """Finds identifiers with the project's own recognisers, which need no parse and no presidio.

    ``check`` and ``redact`` run the same recognisers inside presidio's analyzer, together with its
    own for numbers that carry a check digit: see :mod:`ipt_nlp.identifiers.analyzer`.

    Args:
        nlp: Reads texts that come as a string in ``safe-harbor``, for names of places.
        profile: ``everyday`` or ``safe-harbor``.
    """

    def __init__(self, nlp: Language | None = None, profile: Profile = "everyday") -> None:
        self.nlp = nlp
        self.profile = profile

    def find(self, doc: Doc | str, *, speakers: Iterable[str] = ()) -> list[FoundIdentifier]:
        """What could identify someone, in order and without overlap.

        Args:
            doc: A text or a document; the more of a session it holds, the better, since a name
                that is clear once is found throughout.
            speakers: Labels of turns; the names in them count wherever they are said.
        """
        if isinstance(doc, str) and self.nlp is not None and self.profile == "safe-harbor":
            doc = self.nlp(doc)
        text = doc if isinstance(doc, str) else doc.text
        everything = [*recognise(text, speakers)]
        if self.profile == "safe-harbor":
            everything += places_in(doc)
        return settle(everything, self.profile)


def places_in(doc: Doc | str) -> Iterator[FoundIdentifier]:
    """Places below state level, known ones included: what ``safe-harbor`` asks for."""
    text = doc if isinstance(doc, str) else doc.text
    found = words(text)
    for word, group in zip(found, mark_known(found), strict=True):
        if group == "places" and word.text[0].isupper():
            yield FoundIdentifier(word.start, word.end, "place", 0.6)
    ents: Iterable[Any] = doc.ents if not isinstance(doc, str) else ()
    for ent in ents:
        if ent.label_ in {"LOC", "GPE", "FAC"} and ent.text[:1].isupper():
            yield FoundIdentifier(ent.start_char, ent.end_char, "place", 0.5)


def recognise(text: str, speakers: Iterable[str] = ()) -> Iterator[FoundIdentifier]:
    """Everything that any recogniser of ours finds; stretches may overlap.

    Placeholders such as ``[NAME]`` are left alone.
    """
    holders = [m.span() for m in PLACEHOLDER.finditer(text)]
    for found in _recognise(text, speakers):
        whole = found.start_char, found.end_char
        for start, end in outside(*whole, holders):
            if (start, end) == whole or any(c.isalnum() for c in text[start:end]):
                yield replace(found, start_char=start, end_char=end)


def _recognise(text: str, speakers: Iterable[str]) -> Iterator[FoundIdentifier]:
    yield from find_contacts(text)
    yield from find_numbers(text)
    yield from find_addresses(text)
    yield from find_postcodes(text)
    yield from find_dates(text)
    yield from find_ages(text)
    yield from find_initials(text)
    yield from find_names(text, speakers)
    yield from find_rare(text)


def settle(found: Iterable[FoundIdentifier], profile: Profile) -> list[FoundIdentifier]:
    """Give every stretch to one identifier, set levels, leave out what the profile does not ask.

    Of two that overlap the more telling kind keeps its whole stretch and the other what is left,
    so that nothing found is lost. A date that is not asked for still keeps digits from becoming a
    telephone number.
    """
    taken: list[FoundIdentifier] = []
    spans: list[tuple[int, int]] = []
    ranked = sorted(
        found, key=lambda f: (_ORDER[f.kind], -(f.end_char - f.start_char), f.start_char)
    )
    for item in ranked:
        for start, end in outside(item.start_char, item.end_char, spans):
            whole = (start, end) == (item.start_char, item.end_char)
            if whole or (item.kind != "other" and end - start > 2):
                taken.append(FoundIdentifier(start, end, item.kind, item.score))
                insort(spans, (start, end))
    kept = []
    for item in sorted(taken):
        level = level_of(item.kind, profile)
        if level is not None:
            kept.append(
                FoundIdentifier(item.start_char, item.end_char, item.kind, item.score, level)
            )
    return kept


def outside(start: int, end: int, taken: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """What of a stretch lies in none of the others, which are in order and do not overlap."""
    parts = []
    for i in range(bisect_right(taken, start, key=lambda span: span[1]), len(taken)):
        a, b = taken[i]
        if a >= end:
            break
        if start < a:
            parts.append((start, a))
        start = b
    return [*parts, (start, end)] if start < end else parts
