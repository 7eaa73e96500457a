"""Which words speak for an area: the stretches whose removal lowers its probability most.

Leave-one-out occlusion (Li, Monroe & Jurafsky 2016, arXiv:1612.08220) by clause or sentence; the
neighbours of a segment stay as they are. Encoding a text again without each of its clauses would
cost more than everything else together. So every clause is first left out of the token states
that are there already, which costs next to nothing, and only the few that matter most by that
estimate are left out of the words and encoded again: weights are measured, not estimated. Where the
states of a text all say the same, the estimate cannot tell; there its clauses are encoded alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from ipt_nlp.areas.classifier import AreaClassifier, Floats, ViewArray
from ipt_nlp.areas.encoder import EncodedText, SentenceEncoder, unit
from ipt_nlp.areas.views import Views, part_spans, view_array

MAX_SPANS = 3
MIN_DROP = 0.05
"""A stretch that lowers the probability by less is no evidence, unless it is the best there is."""

MEASURED = 2
"""Stretches that are encoded again for each area; one measured for another area counts too."""
MIN_PROMISE = 0.05
RIVAL = 0.7
"""The second one only when it promises as much, and this share of what the first does: with both
about half as many texts are encoded as with three for each area, for 0.93 of the first's drop."""
FLAT = 0.005
"""An estimate that no stretch lowers by more tells nothing (one area of nine in real posts)."""
OWN_WORDS = 0.01
"""How much a stretch's own words promise, beside the estimate of what is lost without them."""

CharSpan = tuple[int, int]


@dataclass(frozen=True)
class Occlusion:
    """A text to be explained.

    ``spans`` are the stretches that can be evidence (clauses, or sentences), code points into the
    text, in order; ``columns`` the areas asked for, ``features`` what the second stage read of the
    text in its place.
    """

    text: str
    encoded: EncodedText
    spans: Sequence[CharSpan]
    columns: Sequence[int]
    features: Floats


@dataclass(frozen=True)
class Evidence:
    """Words of a text, the area's column, and the drop of its probability without them."""

    start_char: int
    end_char: int
    column: int
    weight: float


def find_evidence(
    encoder: SentenceEncoder, classifier: AreaClassifier, texts: Sequence[Occlusion]
) -> list[list[Evidence]]:
    """At most ``MAX_SPANS`` stretches for each area of each text, the strongest first."""
    candidates = _candidates(encoder, classifier, texts)
    drops = iter(
        measured_drops(
            encoder,
            classifier,
            [(t, span) for t, chosen in zip(texts, candidates, strict=True) for span in chosen],
        )
    )
    found: list[list[Evidence]] = []
    for t, chosen in zip(texts, candidates, strict=True):
        by_span = {span: next(drops) for span in chosen}
        found.append([e for column in t.columns for e in _strongest(by_span, column)])
    return found


def measured_drops(
    encoder: SentenceEncoder,
    classifier: AreaClassifier,
    removed: Sequence[tuple[Occlusion, CharSpan]],
) -> Floats:
    """How far each area's probability falls without the words (n_removed, n_areas)."""
    if not removed:
        return np.empty((0, len(classifier.second_)))
    shortened = [t.text[:start] + t.text[end:] for t, (start, end) in removed]
    full = np.stack([t.features for t, _ in removed])
    short = classifier.with_other_words(full, view_array(shortened, encoder.encode(shortened)))
    drops: Floats = classifier.predict_features(full) - classifier.predict_features(short)
    return drops


def estimated_drops(
    classifier: AreaClassifier, removed: Sequence[tuple[Occlusion, Sequence[CharSpan]]]
) -> list[Floats]:
    """The same from token states alone: for each text (n_spans, n_areas)."""
    if not any(len(spans) for _, spans in removed):
        return [np.empty((0, len(classifier.second_))) for _ in removed]
    lessened = _as_array(v for t, spans in removed for v in _views_without(t, spans))
    full = np.concatenate([np.repeat(t.features[np.newaxis], len(s), 0) for t, s in removed])
    short = classifier.with_other_words(full, lessened)
    drops = classifier.predict_features(full) - classifier.predict_features(short)
    bounds = np.cumsum([len(spans) for _, spans in removed])[:-1]
    return list(np.split(drops, bounds))


def _candidates(
    encoder: SentenceEncoder, classifier: AreaClassifier, texts: Sequence[Occlusion]
) -> list[list[CharSpan]]:
    removable = [(t, _removable(t) if t.columns else []) for t in texts]
    found = []
    for (t, spans), drops in zip(removable, estimated_drops(classifier, removable), strict=True):
        chosen: set[int] = set()
        columns = t.columns if spans else ()
        own = [_pooled(t.encoded, span) for span in spans]
        lengths = np.log1p([n for n, _ in own])
        flat = {column for column in columns if drops[:, column].max() < FLAT}
        # What each stretch says when nothing stands around it.
        alone = _encoded_alone(encoder, t, spans) if flat else None
        for column in columns:
            if alone is not None and column in flat:
                promise = expit(classifier.first_scores(alone, column))
            else:
                said = classifier.first_scores(np.stack([vector for _, vector in own]), column)
                promise = drops[:, column] + OWN_WORDS * lengths * said
            best, *others = np.argsort(-promise, kind="stable")[:MEASURED].tolist()
            needed = max(MIN_PROMISE, RIVAL * float(promise[best]))
            chosen.update([best, *(i for i in others if promise[i] >= needed)])
        found.append([spans[i] for i in sorted(chosen)])
    return found


def _encoded_alone(
    encoder: SentenceEncoder, text: Occlusion, spans: Sequence[CharSpan]
) -> NDArray[np.float32]:
    encoded = encoder.encode([text.text[start:end] for start, end in spans])
    return np.stack([e.embedding for e in encoded])


def _pooled(encoded: EncodedText, span: CharSpan) -> tuple[int, NDArray[np.float32]]:
    """Number of tokens of a span, and their pooled states."""
    gone = _tokens_in(encoded, span)
    return int(gone.sum()), unit(encoded.tokens[gone].mean(axis=0))


def _tokens_in(encoded: EncodedText, span: CharSpan) -> NDArray[np.bool_]:
    starts, ends = encoded.offsets[:, 0], encoded.offsets[:, 1]
    found: NDArray[np.bool_] = (starts >= span[0]) & (ends <= span[1]) & (ends > starts)
    return found


def _removable(text: Occlusion) -> list[CharSpan]:
    """Spans that hold a token."""
    return [span for span in text.spans if _tokens_in(text.encoded, span).any()]


def _views_without(text: Occlusion, spans: Sequence[CharSpan]) -> list[Views]:
    """Views of a text without the tokens of each span in turn; their states stay as they were."""
    tokens = text.encoded.tokens
    parts = [p for p in (_tokens_in(text.encoded, s) for s in part_spans(text.text)) if p.any()]
    pooled = [unit(tokens[p].mean(axis=0)) for p in parts]
    total = tokens.sum(axis=0)
    found = []
    for span in spans:
        gone = _tokens_in(text.encoded, span)
        whole = unit(total - tokens[gone].sum(axis=0))
        kept = []
        for p, vector in zip(parts, pooled, strict=True):
            left = p & ~gone
            if left.any():
                kept.append(vector if left.sum() == p.sum() else unit(tokens[left].mean(axis=0)))
        found.append(Views(whole, np.stack(kept) if kept else whole[np.newaxis]))
    return found


def _as_array(views: Iterable[Views]) -> ViewArray:
    listed = list(views)
    found = np.empty(len(listed), dtype=object)
    found[:] = listed
    return found


def _strongest(drops: dict[CharSpan, Floats], column: int) -> list[Evidence]:
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
