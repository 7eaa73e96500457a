"""Which words speak for an area: the sentences whose removal lowers its probability most.

Leave-one-out occlusion (Li, Monroe & Jurafsky 2016, arXiv:1612.08220) by sentence; the neighbours
of a segment stay as they are. Encoding a text again for each of its sentences would cost more than
everything else together, so the token states that are already there first pick the sentences that
can matter; only those are re-scored.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ipt_nlp.areas.classifier import AreaClassifier, Floats
from ipt_nlp.areas.encoder import EncodedText, SentenceEncoder, unit
from ipt_nlp.areas.views import view_array

MAX_SPANS = 3
MIN_DROP = 0.05
"""A sentence that lowers the probability by less is no evidence, unless it is the best there is."""


@dataclass(frozen=True)
class Occlusion:
    """A text to be explained.

    ``sentences`` are code points, ``columns`` the areas asked for, ``features`` what the second
    stage read of the text in its place.
    """

    text: str
    encoded: EncodedText
    sentences: Sequence[tuple[int, int]]
    columns: Sequence[int]
    features: Floats


@dataclass(frozen=True)
class Evidence:
    """A sentence of a text, the area's column, and the drop of its probability without it."""

    start_char: int
    end_char: int
    column: int
    weight: float


def find_evidence(
    encoder: SentenceEncoder, classifier: AreaClassifier, texts: Sequence[Occlusion]
) -> list[list[Evidence]]:
    """At most ``MAX_SPANS`` sentences for each area of each text, the strongest first."""
    candidates = [_candidates(classifier, t) for t in texts]
    owners = [i for i, chosen in enumerate(candidates) for _ in chosen]
    if not owners:
        return [[] for _ in texts]
    shortened = [
        t.text[:start] + t.text[end:]
        for t, chosen in zip(texts, candidates, strict=True)
        for start, end in chosen
    ]
    full = np.stack([texts[i].features for i in owners])
    short = classifier.with_other_words(full, view_array(shortened, encoder.encode(shortened)))
    drops = classifier.predict_features(full) - classifier.predict_features(short)
    rows = iter(drops)
    found: list[list[Evidence]] = []
    for t, chosen in zip(texts, candidates, strict=True):
        by_span = {span: next(rows) for span in chosen}
        found.append([e for column in t.columns for e in _strongest(by_span, column)])
    return found


def _strongest(drops: dict[tuple[int, int], NDArray[np.float64]], column: int) -> list[Evidence]:
    ranked = sorted(drops.items(), key=lambda item: -item[1][column])
    kept = [
        Evidence(*span, column, float(drop[column]))
        for span, drop in ranked[:MAX_SPANS]
        if drop[column] >= MIN_DROP
    ]
    if not kept and ranked and ranked[0][1][column] > 0:
        span, drop = ranked[0]
        kept = [Evidence(*span, column, float(drop[column]))]
    return kept


def _candidates(classifier: AreaClassifier, text: Occlusion) -> list[tuple[int, int]]:
    if not text.columns:
        return []
    starts, ends = text.encoded.offsets[:, 0], text.encoded.offsets[:, 1]
    pooled, kept = [], []
    for start, end in text.sentences:
        inside = (starts >= start) & (ends <= end) & (ends > starts)
        if inside.any():
            pooled.append(unit(text.encoded.tokens[inside].mean(axis=0)))
            kept.append((start, end))
    if not kept:
        return []
    chosen: set[int] = set()
    for column in text.columns:
        scores = classifier.first_scores(np.stack(pooled), column)
        best, *others = np.argsort(-scores, kind="stable")[:MAX_SPANS].tolist()
        # Of the others only those that speak for the area by themselves can carry it.
        chosen.update([best, *(i for i in others if scores[i] > 0)])
    return [kept[i] for i in sorted(chosen)]
