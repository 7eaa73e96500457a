"""What the classifier sees of a text: its embedding as a whole and the embeddings of its parts.

In a long wandering text the theme may be one sentence of ten; the mean over all tokens dilutes it.
The parts come from token states that are there already and cost nothing to encode.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from ipt_nlp.areas.encoder import EncodedText, SentenceEncoder, unit

MIN_WORDS = 8
MAX_WORDS = 40
CUT_WORDS = 25

_END = re.compile(r"[.!?…]+\s+|\n+")
_WORD = re.compile(r"\S+")


@dataclass(frozen=True)
class Views:
    """``whole`` (n_dimensions,) and ``parts`` (n_parts, n_dimensions), all of unit length."""

    whole: NDArray[np.float32]
    parts: NDArray[np.float32]


def part_spans(text: str) -> list[tuple[int, int]]:
    """Sentences as code points, short ones joined to the next, endless ones cut by words.

    Plain marks on purpose, not the language pipeline: a bundle must read the same parts whatever
    spaCy pipeline it is used with.
    """
    bounds = [0, *(m.end() for m in _END.finditer(text)), len(text)]
    spans: list[tuple[int, int]] = []
    held: int | None = None
    for start, end in pairwise(bounds):
        begin = start if held is None else held
        words = [begin + m.start() for m in _WORD.finditer(text[begin:end])]
        held = None
        if not words:
            continue
        if len(words) < MIN_WORDS and end < len(text):
            held = begin
        elif len(words) > MAX_WORDS:
            cuts = [*words[::CUT_WORDS], end]
            spans += pairwise(cuts)
        else:
            spans.append((begin, end))
    return spans


def views(text: str, encoded: EncodedText) -> Views:
    """The views of a text that was encoded."""
    starts, ends = encoded.offsets[:, 0], encoded.offsets[:, 1]
    parts = []
    for start, end in part_spans(text):
        inside = (starts >= start) & (ends <= end) & (ends > starts)
        if inside.any():
            parts.append(unit(encoded.tokens[inside].mean(axis=0)))
    whole = encoded.embedding
    return Views(whole, np.stack(parts) if parts else whole[np.newaxis])


def view_array(texts: Sequence[str], encoded: Sequence[EncodedText]) -> NDArray[np.object_]:
    """Views of many texts as an object array (n_texts,), which scikit-learn can split."""
    found = np.empty(len(texts), dtype=object)
    for i, (text, states) in enumerate(zip(texts, encoded, strict=True)):
        found[i] = views(text, states)
    return found


class ViewEncoder(SentenceEncoder):
    """A :class:`SentenceEncoder` whose output are views: the first step of a bundle's pipeline."""

    def transform(self, X: Iterable[str]) -> NDArray[np.object_]:  # type: ignore[override]
        """Views (n_texts,) as an object array."""
        texts = list(X)
        return view_array(texts, self.encode(texts))
