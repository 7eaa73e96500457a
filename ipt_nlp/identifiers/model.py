"""The token model: for each word, how much it looks like part of a person's, organisation's or
home place's name. Linear over readable features, its weights a JSON file: nothing is unpickled.

It reads words and their neighbours only, so it needs no parse and works on lower-case speech.
"""

from __future__ import annotations

import gzip
import json
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache, lru_cache
from importlib.resources import files
from itertools import pairwise
from typing import NamedTuple

from ipt_nlp.identifiers.words import Word, is_lower_case, lexicon

LABELS = ("none", "person", "organisation", "place")
"""What a word can be part of; the order of the weights and of :func:`probabilities`."""

_SENTENCE_MARKS = frozenset(".?!:;\n\r…•|")
_EDGE = "<s>"


class Known(NamedTuple):
    """What the lists say of a word: commonness 0-4, and whether it is a first or last name."""

    common: int
    first: bool
    last: bool

    @property
    def kind(self) -> str:
        return f"{self.common}{'f' if self.first else ''}{'l' if self.last else ''}"


Look = Callable[[str], Known]


@lru_cache(maxsize=65536)
def look_up(key: str) -> Known:
    """The shipped lists' knowledge of a folded word."""
    lists = lexicon()
    return Known(lists.commonness(key), lists.is_first(key), lists.is_last(key))


def shape(text: str) -> str:
    """D digits, L small letters, T a capital first, U capitals, M anything else."""
    if text.isdecimal():
        return f"D{min(len(text), 5)}"
    if text.islower():
        return "L"
    if text[0].isupper():
        if len(text) == 1:
            return "I"
        return "U" if text.isupper() else ("T" if text[1:].islower() else "M")
    return "M"


def _gap(text: str, before: int, after: int) -> str:
    """What stands between two words: s space, h hyphen, c comma, a and-sign, e end, o other."""
    between = text[before:after]
    if between == " ":
        return "s"
    if between in "-‐‑":
        return "h"
    if _SENTENCE_MARKS & set(between):
        return "." if between.strip(" ") == "." else "e"
    if "," in between:
        return "c"
    if "&" in between:
        return "a"
    return "q" if any(c in "\"“”'‘’()[]{}" for c in between) else "o"


def _about(key: str, known: Known) -> str:
    """A neighbour as a feature names it: the word when it is common, else its kind."""
    if key.isdecimal():
        return f"#{min(len(key), 5)}"
    if known.common >= 2 and not (known.common < 4 and known.first and known.last):
        return key
    return f"<{known.kind}>"


def own_features(text: str, key: str, known: Known) -> list[str]:
    """Features of a word whatever stands around it."""
    if key.isdecimal():
        return [f"num={min(len(key), 5)}"]
    padded = f"^{key}$"
    made = [f"k={known.kind}", f"len={min(len(key), 9)}", f"sh={shape(text)}|{known.kind}"]
    made += [f"s{n}={padded[-n:]}" for n in (3, 4, 5) if len(padded) > n]
    made += [f"p{n}={padded[:n]}" for n in (3, 4) if len(padded) > n]
    if known.common >= 2:
        made.append(f"w={key}")
    if known.common < 2:
        made += [f"g={padded[i : i + 3]}" for i in range(len(padded) - 2)]
    return made


def context_features(text: str, found: Sequence[Word], look: Look) -> list[list[str]]:
    """Features of each word from what stands around it, in order."""
    count = len(found)
    keys = [w.key for w in found]
    known = [look(k) for k in keys]
    about = [_about(k, n) for k, n in zip(keys, known, strict=True)]
    gaps = ["e", *(_gap(text, a.end, b.start) for a, b in pairwise(found)), "e"]
    lower = _lower_lines(text, found)
    kinds = [n.kind for n in known]
    shapes = [shape(w.text) for w in found]
    made: list[list[str]] = []
    for i in range(count):
        before, after = gaps[i], gaps[i + 1]
        starts = before == "e" or (before == "." and i > 0 and not _abbreviates(found[i - 1].text))
        mode = "l" if lower[i] else "c"
        me = f"{shapes[i]}{'i' if starts else 'm'}{mode}{kinds[i]}"
        # A word before a sentence's end says little about the word after it.
        p1 = about[i - 1] if i and before != "e" else _EDGE
        p2 = about[i - 2] if i > 1 and before != "e" and gaps[i - 1] != "e" else _EDGE
        n1 = about[i + 1] if i + 1 < count and after not in "e." else _EDGE
        n2 = about[i + 2] if i + 2 < count and n1 != _EDGE and gaps[i + 2] not in "e." else _EDGE
        pk = f"{shapes[i - 1]}{kinds[i - 1]}" if p1 != _EDGE else _EDGE
        nk = f"{shapes[i + 1]}{kinds[i + 1]}" if n1 != _EDGE else _EDGE
        kind = f"{kinds[i]}{shapes[i]}"
        made.append(
            [
                f"me={me}",
                f"me={me}|{before}",
                f"me={me}|>{after}",
                f"a={p1}",
                f"a={p1}|{kind}",
                f"a={p1}|{before}",
                f"aa={p2}_{p1}",
                f"aa={p2}_{p1}|{kind}",
                f"a2={p2}",
                f"z={n1}",
                f"z={n1}|{kind}",
                f"zz={n1}_{n2}",
                f"z2={n2}",
                f"az={p1}_{n1}",
                f"ak={pk}{before}",
                f"zk={nk}{after}",
                f"ak={pk}{before}|{kind}",
                f"zk={nk}{after}|{kind}",
            ]
        )
    return made


def _abbreviates(word: str) -> bool:
    return word.casefold() in {"mr", "mrs", "ms", "dr", "st", "prof", "rev", "sr", "fr", "mx"}


def _lower_lines(text: str, found: Sequence[Word]) -> list[bool]:
    """For each word whether its line, or the text where the line is short, has no capitals."""
    whole = is_lower_case(found)
    flags: list[bool] = []
    line: list[Word] = []
    for word in found:
        if line and "\n" in text[line[-1].end : word.start]:
            flags += [is_lower_case(line) or (whole and len(line) < 5)] * len(line)
            line = []
        line.append(word)
    return flags + [is_lower_case(line) or (whole and len(line) < 5)] * len(line)


@dataclass(frozen=True)
class TokenModel:
    """Weights by feature, a number for each of ``LABELS``."""

    weights: dict[str, tuple[float, ...]]
    bias: tuple[float, ...]
    _scores: dict[str, tuple[float, ...]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    def probabilities(self, text: str, found: Sequence[Word]) -> list[tuple[float, ...]]:
        """For each word the probabilities of ``LABELS``."""
        get = self.weights.get
        made: list[tuple[float, ...]] = []
        for word, context in zip(found, context_features(text, found, look_up), strict=True):
            b0, b1, b2, b3 = self._own(word.text)
            for feature in context:
                w = get(feature)
                if w is not None:
                    b0, b1, b2, b3 = b0 + w[0], b1 + w[1], b2 + w[2], b3 + w[3]
            top = max(b0, b1, b2, b3)
            e0, e1 = math.exp(b0 - top), math.exp(b1 - top)
            e2, e3 = math.exp(b2 - top), math.exp(b3 - top)
            total = e0 + e1 + e2 + e3
            made.append((e0 / total, e1 / total, e2 / total, e3 / total))
        return made

    def _own(self, text: str) -> tuple[float, ...]:
        cached = self._scores.get(text)
        if cached is None:
            word = Word(0, len(text), text)
            rows = [self.weights.get(f) for f in own_features(text, word.key, look_up(word.key))]
            sums = [sum(col) for col in zip(self.bias, *(r for r in rows if r), strict=True)]
            if len(self._scores) > 200_000:
                self._scores.clear()
            cached = self._scores[text] = tuple(sums)
        return cached


@cache
def token_model() -> TokenModel:
    """The shipped model (built by ``training/identifiers/tokens.py``)."""
    packed = files("ipt_nlp.identifiers").joinpath("data/tokens.json.gz").read_bytes()
    read = json.loads(gzip.decompress(packed))
    scale = read["scale"]
    weights = {f: tuple(v * scale for v in values) for f, values in read["weights"].items()}
    return TokenModel(weights, tuple(read["bias"]))
