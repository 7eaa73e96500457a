"""Names that everybody knows and that identify nobody: cities, brands, medicines, the famous."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from importlib.resources import files

from ipt_nlp.identifiers.words import Word, fold

Group = str


@cache
def known_names() -> dict[tuple[str, ...], Group]:
    """Well-known names as folded words, with the group that each is in."""
    found: dict[tuple[str, ...], Group] = {}
    group = ""
    text = files("ipt_nlp.identifiers").joinpath("data/known.txt").read_text("utf-8")
    for line in text.splitlines():
        if line.startswith("["):
            group = line.strip("[]")
        elif line and not line.startswith("#"):
            for entry in line.split(","):
                if parts := _parts(entry):
                    found.setdefault(parts, group)
    return found


def _parts(entry: str) -> tuple[str, ...]:
    from ipt_nlp.identifiers.words import words

    return tuple(w.key for w in words(entry))


@cache
def _longest() -> int:
    return max(map(len, known_names()))


def mark_known(found: Sequence[Word]) -> list[Group | None]:
    """For each word the group of the longest well-known name that it is part of."""
    names, longest = known_names(), _longest()
    begins = _first_words()
    keys = [fold(w.text) for w in found]
    marks: list[Group | None] = [None] * len(keys)
    at = 0
    while at < len(keys):
        if keys[at] in begins:
            for size in range(min(longest, len(keys) - at), 0, -1):
                group = names.get(tuple(keys[at : at + size]))
                if group is not None:
                    marks[at : at + size] = [group] * size
                    at += size - 1
                    break
        at += 1
    return marks


@cache
def _first_words() -> frozenset[str]:
    return frozenset(parts[0] for parts in known_names())
