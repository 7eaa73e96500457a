"""Words of a text, and what the shipped lists know of each: how common it is, whose name it is."""

from __future__ import annotations

import gzip
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files

_WORD = re.compile(
    r"\d+|[^\W\d_](?:[^\W\d_]|\u0301|\u0300|\u0308|\u0327|\u0302)*(?:['’][^\W\d_]+)*"
)
_POSSESSIVE = re.compile(r"['’]s$|(?<=s)['’]$", re.IGNORECASE)
_BEGINS_LOWER = re.compile(r"(?:n['’]t|['’](?:s|d|ll|re|ve|m))$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Word:
    """A word or a run of digits, without a possessive ``'s``; code points into the text."""

    start: int
    end: int
    text: str

    @property
    def key(self) -> str:
        return fold(self.text)


@lru_cache(maxsize=65536)
def fold(text: str) -> str:
    """The word in lower case with composed accents and a plain apostrophe."""
    if text.isascii():
        return text.lower()
    return unicodedata.normalize("NFC", text).lower().replace("’", "'")


@lru_cache(maxsize=65536)
def plain(key: str) -> str:
    """A folded word as it is typed on an English keyboard: "siân" as "sian"."""
    if key.isascii():
        return key
    parts = unicodedata.normalize("NFKD", key)
    return "".join(letter for letter in parts if not unicodedata.combining(letter))


def words(text: str) -> list[Word]:
    """The words of a text in order; the parts of ``Jean-Luc`` are two."""
    found = []
    for match in _WORD.finditer(text):
        word = match[0]
        if "'" in word or "’" in word:
            kept = _POSSESSIVE.sub("", word)
            if kept != word and kept:
                word = kept
        found.append(Word(match.start(), match.start() + len(word), word))
    return found


@dataclass(frozen=True)
class Lexicon:
    """What is known of words, by folded form.

    ``common`` maps a word of everyday English to 1 (rare) to 4 (very frequent); ``first`` and
    ``last`` are personal names of many peoples. A word can be in all of them ("rose", "will").
    """

    common: dict[str, int]
    first: frozenset[str]
    last: frozenset[str]

    def commonness(self, key: str) -> int:
        found = self.common.get(key, 0)
        if found or "'" not in key:
            return found
        # "don't", "she'd": as common as what it is made of.
        return self.common.get(_BEGINS_LOWER.sub("", key), 0)

    def is_first(self, key: str) -> bool:
        return key in self.first or plain(key) in self.first

    def is_last(self, key: str) -> bool:
        return key in self.last or plain(key) in self.last


@cache
def lexicon() -> Lexicon:
    """The shipped lists (built by ``training/identifiers/lexicon.py``)."""
    packed = files("ipt_nlp.identifiers").joinpath("data/lexicon.txt.gz").read_bytes()
    common: dict[str, int] = {}
    first: set[str] = set()
    last: set[str] = set()
    sections: dict[str, set[str]] = {"first": first, "last": last}
    for line in gzip.decompress(packed).decode("utf-8").splitlines():
        section, _, listed = line.partition("\t")
        if section.isdecimal():
            common.update(dict.fromkeys(listed.split(" "), int(section)))
        elif section in sections:
            sections[section].update(listed.split(" "))
    return Lexicon(common, frozenset(first), frozenset(last))


def is_lower_case(found: Sequence[Word]) -> bool:
    """Whether a stretch is written without capitals, so that a small letter says nothing."""
    letters = [w.text for w in found if not w.text.isdecimal()]
    capital = sum(
        w[0].isupper() and w.casefold() not in {"i", "i'm", "i'd", "i'll"} for w in letters
    )
    return len(letters) >= 4 and capital * 60 < len(letters)
