"""Which words speak for an area: the stretches whose removal lowers its probability most.

Leave-one-out occlusion (Li, Monroe & Jurafsky 2016, arXiv:1612.08220) by clause or sentence; the
neighbours of a segment stay as they are. Encoding a text again without each of its clauses would
cost more than everything else together. So every clause is first left out of the token states
that are there already, which costs next to nothing, and only the few that matter most by that
estimate are left out of the words and encoded again: weights are measured, not estimated. Where the
states of a text all say the same, the estimate cannot tell; there its clauses are encoded alone.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
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
LEAST_DROP = 0.02
"""And the best is none below this: then no single stretch carries the area."""

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

PARTS_AT_ONCE = 20_000
"""Embeddings of parts that are held for the estimate, 30 MB."""

CharSpan = tuple[int, int]
Row = tuple[Floats, Views]
"""Features of a text, and its views without some of its words."""


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
    read = view_array(shortened, encoder.encode(shortened))
    return _drops(classifier, [(t.features, v) for (t, _), v in zip(removed, read, strict=True)])


def estimated_drops(
    classifier: AreaClassifier, removed: Sequence[tuple[Occlusion, Sequence[CharSpan]]]
) -> list[Floats]:
    """The same from token states alone: for each text (n_spans, n_areas)."""
    if not removed:
        return []
    rows = ((t.features, views) for t, spans in removed for views in _views_without(t, spans))
    drops = np.concatenate(
        [np.empty((0, len(classifier.second_))), *(_drops(classifier, r) for r in _portions(rows))]
    )
    bounds = np.cumsum([len(spans) for _, spans in removed])[:-1]
    return list(np.split(drops, bounds))


def _portions(rows: Iterable[Row]) -> Iterator[list[Row]]:
    """Rows in lists of about ``PARTS_AT_ONCE`` parts: every clause of a long text has them all."""
    portion: list[Row] = []
    held = 0
    for row in rows:
        portion.append(row)
        held += len(row[1].parts)
        if held >= PARTS_AT_ONCE:
            yield portion
            portion, held = [], 0
    if portion:
        yield portion


def _drops(classifier: AreaClassifier, rows: Sequence[Row]) -> Floats:
    full = np.stack([features for features, _ in rows])
    short = classifier.with_other_words(full, _as_array(views for _, views in rows))
    drops: Floats = classifier.predict_features(full) - classifier.predict_features(short)
    return drops


def _candidates(
    encoder: SentenceEncoder, classifier: AreaClassifier, texts: Sequence[Occlusion]
) -> list[list[CharSpan]]:
    removable = [(t, _removable(t) if t.columns else []) for t in texts]
    estimated = estimated_drops(classifier, removable)
    flats = [
        {column for column in t.columns if len(spans) > 1 and drops[:, column].max() < FLAT}
        for (t, spans), drops in zip(removable, estimated, strict=True)
    ]
    # What each stretch of those says when nothing stands around it.
    asked = [one for one, flat in zip(removable, flats, strict=True) if flat]
    said_alone = iter(_encoded_alone(encoder, asked))
    found = []
    for (t, spans), drops, flat in zip(removable, estimated, flats, strict=True):
        chosen: set[int] = set()
        columns = t.columns if spans else ()
        own = [_pooled(t.encoded, span) for span in spans]
        lengths = np.log1p([n for n, _ in own])
        alone = next(said_alone) if flat else None
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
    encoder: SentenceEncoder, texts: Sequence[tuple[Occlusion, Sequence[CharSpan]]]
) -> list[NDArray[np.float32]]:
    """For each text the embeddings of its spans (n_spans, n_dimensions), each by itself."""
    if not texts:
        return []
    encoded = encoder.encode([t.text[start:end] for t, spans in texts for start, end in spans])
    bounds = np.cumsum([len(spans) for _, spans in texts])[:-1]
    return list(np.split(np.stack([e.embedding for e in encoded]), bounds))


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


def _views_without(text: Occlusion, spans: Sequence[CharSpan]) -> Iterator[Views]:
    """Views of a text without the tokens of each span in turn; their states stay as they were."""
    tokens = text.encoded.tokens
    parts = [p for p in (_tokens_in(text.encoded, s) for s in part_spans(text.text)) if p.any()]
    pooled = [unit(tokens[p].mean(axis=0)) for p in parts]
    first = [int(p.argmax()) for p in parts]
    last = [len(p) - int(p[::-1].argmax()) for p in parts]
    total = tokens.sum(axis=0)
    for span in spans:
        gone = _tokens_in(text.encoded, span)
        whole = unit(total - tokens[gone].sum(axis=0))
        # Parts stand in order, and a span reaches into one or two of them.
        begin = bisect_right(last, int(gone.argmax()))
        end = bisect_left(first, len(gone) - int(gone[::-1].argmax()))
        left = [p & ~gone for p in parts[begin:end]]
        touched = [unit(tokens[p].mean(axis=0)) for p in left if p.any()]
        kept = [*pooled[:begin], *touched, *pooled[end:]]
        yield Views(whole, np.stack(kept) if kept else whole[np.newaxis])


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
    if not kept and ranked and ranked[0][1][column] >= LEAST_DROP:
        span, drop = ranked[0]
        kept = [Evidence(*span, column, float(drop[column]))]
    return kept
