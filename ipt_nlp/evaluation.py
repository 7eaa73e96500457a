"""How good labels are: per-area metrics with bootstrap intervals, masked cells left out."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import (
    average_precision_score,
    brier_score_loss,
    cohen_kappa_score,
    precision_recall_fscore_support,
)

from ipt_nlp import codebook
from ipt_nlp.corpus import LabelledTexts

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

N_BOOTSTRAP = 1000
N_BINS = 10


@dataclass(frozen=True)
class Figure:
    """A figure with its 95 % bootstrap interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class AreaMetrics:
    """One area on one set of texts; ``positives`` of ``scored`` texts carry it.

    A figure that these texts cannot give is nan: every one without scored texts, those that
    compare texts with and without the area where there are only such or such.
    """

    area: str
    scored: int
    positives: int
    f1: Figure
    precision: float
    recall: float
    average_precision: float
    kappa: float
    brier_skill: float
    calibration_error: float


@dataclass(frozen=True)
class Report:
    """All areas, their mean F1, and the same mean for each source of texts."""

    areas: tuple[AreaMetrics, ...]
    macro_f1: Figure
    by_source: dict[str, Figure] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """The report for JSON, which knows no nan: null where there is no figure."""
        document: dict[str, Any] = _without_nan(asdict(self))
        return document


def label_arrays(texts: LabelledTexts) -> tuple[Bools, Bools]:
    """Labels and which cells are scored, each (n_texts, 4) with columns as ``AREAS``."""
    labels = np.array([[a in row for a in codebook.AREAS] for row in texts.areas], dtype=bool)
    scored = np.array(
        [[a not in row for a in codebook.AREAS] for row in texts.unscored], dtype=bool
    )
    return labels, scored


def evaluate(
    probabilities: Floats,
    labels: Bools,
    scored: Bools,
    thresholds: Floats,
    *,
    sources: Sequence[str] = (),
    n_bootstrap: int = N_BOOTSTRAP,
    seed: int = 0,
) -> Report:
    """Score probabilities against labels.

    Args:
        probabilities: (n_texts, 4).
        labels: (n_texts, 4).
        scored: (n_texts, 4); false cells count neither for nor against.
        thresholds: (4,).
        sources: Source of each text; with two or more, macro F1 is given for each.
        n_bootstrap: Resamples of texts for the intervals.
        seed: Of the resampling.
    """
    predicted = probabilities >= thresholds
    samples = _resamples(len(labels), n_bootstrap, seed)
    resampled = _bootstrap_f1(predicted, labels, scored, samples)
    metrics = tuple(
        _area(
            key, probabilities[:, c], predicted[:, c], labels[:, c], scored[:, c], resampled[:, c]
        )
        for c, key in enumerate(codebook.AREAS)
    )
    by_source = {}
    names = np.asarray(sources, dtype=object)
    for name in sorted(set(sources)) if len(set(sources)) > 1 else ():
        rows = names == name
        inner = _resamples(int(rows.sum()), n_bootstrap, seed)
        by_source[str(name)] = _macro(predicted[rows], labels[rows], scored[rows], inner)
    return Report(metrics, _macro(predicted, labels, scored, samples), by_source)


def f1_scores(predicted: Bools, labels: Bools, scored: Bools) -> Floats:
    """F1 of each area (4,); nan for an area that occurs neither in labels nor predictions."""
    hit = (predicted & labels & scored).sum(axis=0)
    wrong = ((predicted ^ labels) & scored).sum(axis=0)
    with np.errstate(invalid="ignore"):
        scores: Floats = 2 * hit / (2 * hit + wrong)
    return scores


def calibration_error(probabilities: Floats, labels: Bools, n_bins: int = N_BINS) -> float:
    """Expected calibration error over bins with the same number of texts each."""
    order = np.argsort(probabilities, kind="stable")
    gaps = [
        len(part) * abs(float(probabilities[part].mean()) - float(labels[part].mean()))
        for part in np.array_split(order, n_bins)
        if len(part)
    ]
    return float(sum(gaps) / max(1, len(labels)))


def _area(
    key: str, probability: Floats, predicted: Bools, label: Bools, scored: Bools, resampled: Floats
) -> AreaMetrics:
    p, y, q = probability[scored], label[scored], predicted[scored]
    nan = float("nan")
    if not len(y):
        return AreaMetrics(key, 0, 0, Figure(nan, nan, nan), nan, nan, nan, nan, nan, nan)
    precision, recall, f1, _ = precision_recall_fscore_support(
        y, q, average="binary", zero_division=0.0
    )
    base = float(y.mean() * (1 - y.mean()))
    one_sided = y.all() or not y.any()
    occurs = y.any() or q.any()
    return AreaMetrics(
        area=key,
        scored=int(scored.sum()),
        positives=int(y.sum()),
        f1=Figure(float(f1) if occurs else nan, *_interval(resampled)),
        precision=float(precision),
        recall=float(recall),
        average_precision=nan if one_sided else float(average_precision_score(y, p)),
        kappa=nan if one_sided else float(cohen_kappa_score(y, q)),
        brier_skill=nan if one_sided else 1 - float(brier_score_loss(y, p)) / base,
        calibration_error=calibration_error(p, y),
    )


def _resamples(n: int, n_bootstrap: int, seed: int) -> NDArray[np.int64]:
    return np.random.default_rng(seed).integers(0, n, size=(n_bootstrap, n))


def _bootstrap_f1(
    predicted: Bools, labels: Bools, scored: Bools, samples: NDArray[np.int64]
) -> Floats:
    return np.stack([f1_scores(predicted[s], labels[s], scored[s]) for s in samples])


def _macro(predicted: Bools, labels: Bools, scored: Bools, samples: NDArray[np.int64]) -> Figure:
    value = float(_known_mean(f1_scores(predicted, labels, scored)))
    resampled = _known_mean(_bootstrap_f1(predicted, labels, scored, samples))
    return Figure(value, *_interval(resampled))


def _known_mean(scores: Floats) -> Floats:
    """``nanmean`` over the last axis, without its warning where all are nan."""
    with np.errstate(invalid="ignore"):
        means: Floats = np.nansum(scores, axis=-1) / (~np.isnan(scores)).sum(axis=-1)
    return means


def _interval(resampled: Floats) -> tuple[float, float]:
    known = resampled[~np.isnan(resampled)]
    if not len(known):
        return float("nan"), float("nan")
    low, high = np.percentile(known, [2.5, 97.5])
    return float(low), float(high)


def _without_nan(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_nan(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_without_nan(inner) for inner in value]
    return None if isinstance(value, float) and math.isnan(value) else value
