"""A bundle's probabilities for labelled texts, each kind by its own classifier and in context."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from ipt_nlp.areas.bundle import Bundle
from ipt_nlp.areas.classifier import Bools, Floats, ViewArray
from ipt_nlp.areas.view_cache import ViewCache
from ipt_nlp.areas.views import ViewEncoder
from ipt_nlp.corpus import LabelledTexts
from ipt_nlp.errors import CorpusError
from ipt_nlp.evaluation import label_arrays
from ipt_nlp.transcript import Kind

Progress = Callable[[int, int], None]
"""Called with texts encoded so far and texts in all."""

_CHUNK = 64


@dataclass(frozen=True)
class ScoredTexts:
    """Arrays (n_texts, 4) over the texts that the tagger would see: single turns are left out.

    ``thresholds`` are those for each text's kind; ``rows`` are the texts' places in the corpus.
    """

    probabilities: Floats
    thresholds: Floats
    labels: Bools
    scored: Bools
    sources: tuple[str, ...]
    kinds: tuple[Kind, ...]
    rows: tuple[int, ...]


def encode_views(
    encoder: ViewEncoder,
    texts: Sequence[str],
    progress: Progress | None = None,
    cache: ViewCache | None = None,
) -> ViewArray:
    """Views of many texts (n_texts,), with progress; what ``cache`` holds is not encoded again."""
    parts = []
    for start in range(0, len(texts), _CHUNK):
        chunk = texts[start : start + _CHUNK]
        views = cache.get(chunk) if cache is not None else None
        if views is None:
            views = encoder.transform(chunk)
            if cache is not None:
                cache.put(chunk, views)
        parts.append(views)
        if progress is not None:
            progress(min(start + _CHUNK, len(texts)), len(texts))
    return np.concatenate(parts)


def score_texts(
    bundle: Bundle, texts: LabelledTexts, progress: Progress | None = None
) -> ScoredTexts:
    """Score labelled texts with a bundle.

    Raises:
        CorpusError: Single turns only.
    """
    whole = np.flatnonzero(texts.whole)
    if not len(whole):
        raise CorpusError("nothing to score: only single turns, which the tagger never sees alone")
    seen = encode_views(bundle.encoder, [texts.texts[i] for i in whole], progress)
    kinds = np.asarray(texts.kinds, dtype=object)[whole]
    sessions = np.asarray(texts.sessions, dtype=object)[whole]
    labels, scored = label_arrays(texts)
    probabilities = np.empty((len(whole), labels.shape[1]))
    thresholds = np.empty_like(probabilities)
    for kind in dict.fromkeys(kinds.tolist()):
        rows = kinds == kind
        classifier = bundle.classifier.of_kind(kind)
        probabilities[rows] = classifier.predict_proba(seen[rows], sessions=sessions[rows])
        thresholds[rows] = bundle.thresholds(kind)
    return ScoredTexts(
        probabilities,
        thresholds,
        labels[whole],
        scored[whole],
        tuple(texts.sources[i] for i in whole),
        tuple(texts.kinds[i] for i in whole),
        tuple(int(i) for i in whole),
    )
