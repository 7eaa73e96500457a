"""Personal names of many cultures, in Latin letters, from the locales of Faker.

A treebank of web text knows senators and football players. Clients speak of Ngozi, Thu and their
cousin Oleksandr, so the names that training meets have to come from elsewhere.
"""

from __future__ import annotations

import importlib
import pkgutil
import random
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

import faker.providers.person as person_locales

FIRST = (
    "first_names", "first_names_male", "first_names_female", "first_names_nonbinary",
    "first_romanized_names", "first_male_romanized_names", "first_female_romanized_names",
)  # fmt: skip
LAST = ("last_names", "last_names_male", "last_names_female", "last_romanized_names")
LAST_LATIN_LETTER = "ɏ"


@dataclass(frozen=True)
class Names:
    """First and last names of one locale, sorted so that a seed decides what is drawn."""

    locale: str
    first: tuple[str, ...]
    last: tuple[str, ...]


def load_names(fewest: int = 20) -> list[Names]:
    """The locales of Faker with at least `fewest` first names in Latin letters.

    Locales written in other scripts come in by their romanised lists where Faker has them.
    """
    found = []
    for module in pkgutil.iter_modules(person_locales.__path__):
        provider = importlib.import_module(f"{person_locales.__name__}.{module.name}").Provider
        first, last = _listed(provider, FIRST), _listed(provider, LAST)
        if len(first) >= fewest:
            found.append(Names(module.name, first, last or first))
    return found


def _listed(provider: type, attributes: Iterable[str]) -> tuple[str, ...]:
    listed: set[str] = set()
    for attribute in attributes:
        value = getattr(provider, attribute, ())
        if not isinstance(value, property):
            listed.update(str(name) for name in value)
    return tuple(sorted(name for name in listed if is_usable(name)))


def is_usable(name: str) -> bool:
    """One word of two Latin letters or more: titles, initials and other scripts are left out."""
    return (
        len(name) > 1
        and name[0].isupper()
        and max(name) <= LAST_LATIN_LETTER
        and name.replace("-", "").replace("'", "").isalpha()
    )


def without_accents(name: str) -> str:
    """The name as typed on an English keyboard: "Zoë" as "Zoe"."""
    parts = unicodedata.normalize("NFKD", name)
    return "".join(letter for letter in parts if not unicodedata.combining(letter))


class NameDrawer:
    """Draws names, each locale as likely as the next, so that small lists weigh as much as big."""

    def __init__(self, names: list[Names], seed: int, *, english: float = 0.25) -> None:
        """`english` is the share of draws from English-speaking locales."""
        self._draw = random.Random(seed)
        self._english = [each for each in names if each.locale in ("en", "en_US", "en_GB")]
        self._others = [each for each in names if each not in self._english]
        self._share = english

    def draw(self, words: int) -> list[str]:
        """A name of so many words: a first name (seldom a last), or first names and a last."""
        pool = self._english if self._draw.random() < self._share else self._others
        names = self._draw.choice(pool)
        first = [self._draw.choice(names.first) for _ in range(max(1, words - 1))]
        last = self._draw.choice(names.last)
        only_last = words == 1 and self._draw.random() < 0.15
        drawn = [last] if only_last else first if words == 1 else [*first, last]
        if self._draw.random() < 0.6:
            drawn = [without_accents(name) for name in drawn]
        return drawn
