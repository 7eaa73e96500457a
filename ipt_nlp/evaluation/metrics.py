"""Per-area metrics with bootstrap intervals; masked cells left out."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import average_precision_score

from ipt_nlp import codebook
from ipt_nlp.corpus import LabelledTexts

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

N_BOOTSTRAP = 1000
N_BINS = 10
_CHUNK = 100
"""Resamples in memory at a time."""


@dataclass(frozen=True)
class Figure:
    """A figure with its 95 % bootstrap interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Bin:
    """Texts of like probability: its mean, the share that has the area, and their number."""

    probability: float
    rate: float
    texts: int


@dataclass(frozen=True)
class AreaMetrics:
    """One area on one set of texts; ``positives`` of ``scored`` texts carry it.

    A figure that these texts cannot give is nan: every one without scored texts, those that
    compare texts with and without the area where there are only such or such. ``brier`` is the
    mean squared error of the probability, ``brier_skill`` what it gains over the area's rate.
    """

    area: str
    scored: int
    positives: int
    f1: Figure
    precision: float
    recall: float
    average_precision: float
    kappa: Figure
    brier: Figure
    brier_skill: Figure
    calibration_error: Figure
    bins: tuple[Bin, ...] = ()


@dataclass(frozen=True)
class Report:
    """All areas, their mean F1, kappa over all cells, and the same for each part of the texts."""

    texts: int
    areas: tuple[AreaMetrics, ...]
    macro_f1: Figure
    kappa: Figure
    by_source: dict[str, Report] = field(default_factory=dict)
    by_kind: dict[str, Report] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """The report for JSON, which knows no nan: null where there is no figure."""
        document: dict[str, Any] = without_nan(asdict(self))
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
    kinds: Sequence[str] = (),
    n_bootstrap: int = N_BOOTSTRAP,
    seed: int = 0,
) -> Report:
    """Score probabilities against labels.

    Args:
        probabilities: (n_texts, 4).
        labels: (n_texts, 4).
        scored: (n_texts, 4); false cells count neither for nor against.
        thresholds: (4,) or (n_texts, 4).
        sources: Source of each text; with two or more, there is a report for each.
        kinds: Kind of each text; as for sources.
        n_bootstrap: Resamples of texts for the intervals.
        seed: Of the resampling.
    """
    thresholds = np.broadcast_to(thresholds, probabilities.shape)

    def part(names: Sequence[str]) -> dict[str, Report]:
        found = {}
        of_text = np.asarray(names, dtype=object)
        for name in sorted(set(names)) if len(set(names)) > 1 else ():
            rows = of_text == name
            found[str(name)] = evaluate(
                probabilities[rows],
                labels[rows],
                scored[rows],
                thresholds[rows],
                n_bootstrap=n_bootstrap,
                seed=seed,
            )
        return found

    cells = _Cells(probabilities, probabilities >= thresholds, labels, scored)
    here = cells.figures(np.arange(len(labels))[np.newaxis])
    parts = [cells.figures(sample) for sample in _resamples(len(labels), n_bootstrap, seed)]
    resampled = {name: np.concatenate([p[name] for p in parts]) for name in here}

    def figure(name: str, column: int) -> Figure:
        return Figure(float(here[name][0, column]), *interval(resampled[name][:, column]))

    return Report(
        texts=len(labels),
        areas=tuple(
            AreaMetrics(
                area=key,
                scored=int(scored[:, c].sum()),
                positives=int((labels[:, c] & scored[:, c]).sum()),
                f1=figure("f1", c),
                precision=float(here["precision"][0, c]),
                recall=float(here["recall"][0, c]),
                average_precision=cells.average_precision(c),
                kappa=figure("kappa", c),
                brier=figure("brier", c),
                brier_skill=figure("brier_skill", c),
                calibration_error=figure("calibration_error", c),
                bins=cells.bins(c),
            )
            for c, key in enumerate(codebook.AREAS)
        ),
        macro_f1=figure("macro_f1", 0),
        kappa=figure("all_kappa", 0),
        by_source=part(sources),
        by_kind=part(kinds),
    )


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


def interval(resampled: Floats) -> tuple[float, float]:
    """The middle 95 % of a resampled figure; nan where it never had a value."""
    known = resampled[~np.isnan(resampled)]
    if not len(known):
        return float("nan"), float("nan")
    low, high = np.percentile(known, [2.5, 97.5])
    return float(low), float(high)


def known_mean(scores: Floats) -> Floats:
    """``nanmean`` over the last axis, without its warning where all are nan."""
    with np.errstate(invalid="ignore"):
        means: Floats = np.nansum(scores, axis=-1) / (~np.isnan(scores)).sum(axis=-1)
    return means


def without_nan(value: Any) -> Any:
    """The same document with None for each nan, at any depth."""
    if isinstance(value, dict):
        return {key: without_nan(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [without_nan(inner) for inner in value]
    return None if isinstance(value, float) and math.isnan(value) else value


def _resamples(n: int, n_bootstrap: int, seed: int) -> Iterator[NDArray[np.int64]]:
    generator = np.random.default_rng(seed)
    for done in range(0, n_bootstrap, _CHUNK):
        yield generator.integers(0, n, size=(min(_CHUNK, n_bootstrap - done), n))


class _Cells:
    """Probabilities and labels, summed over many resamples of the texts at once."""

    def __init__(
        self, probabilities: Floats, predicted: Bools, labels: Bools, scored: Bools
    ) -> None:
        self.probabilities, self.labels, self.scored = probabilities, labels, scored
        error = np.where(scored, (probabilities - labels) ** 2, 0.0)
        self._sums = np.concatenate(
            [
                predicted & labels & scored,
                predicted & ~labels & scored,
                ~predicted & labels & scored,
                ~predicted & ~labels & scored,
                error,
            ],
            axis=1,
            dtype=np.float64,
        )
        order = np.argsort(np.where(scored, probabilities, np.inf), axis=0, kind="stable")
        self._rank = np.argsort(order, axis=0)
        signed = np.where(scored, probabilities - labels, 0.0)
        self._signed = np.take_along_axis(signed, order, axis=0)
        self._known = np.take_along_axis(scored, order, axis=0)

    def figures(self, samples: NDArray[np.int64]) -> dict[str, Floats]:
        """Each figure of each resample: (n_resamples, 4), or (n_resamples, 1) over all areas."""
        n = len(self.labels)
        weights = np.stack([np.bincount(row, minlength=n) for row in samples]).astype(float)
        tp, fp, fn, tn, error = np.split(weights @ self._sums, 5, axis=1)
        total = tp + fp + fn + tn
        rate = (tp + fn) / np.where(total > 0, total, np.nan)
        spread = rate * (1 - rate)
        one_sided = (spread == 0) | np.isnan(spread)
        with np.errstate(invalid="ignore", divide="ignore"):
            brier = error / total
            f1 = 2 * tp / (2 * tp + fp + fn)
            some = np.where(total > 0, 0.0, np.nan)
            precision = np.where(tp + fp > 0, tp / (tp + fp), some)
            recall = np.where(tp + fn > 0, tp / (tp + fn), some)
            skill = np.where(one_sided, np.nan, 1 - brier / spread)
        kappa = np.where(one_sided, np.nan, _kappa(tp, fp, fn, tn))
        pooled = [x.sum(axis=1, keepdims=True) for x in (tp, fp, fn, tn)]
        return {
            "f1": f1,
            "macro_f1": known_mean(f1)[:, np.newaxis],
            "precision": precision,
            "recall": recall,
            "kappa": kappa,
            "all_kappa": _kappa(*pooled),
            "brier": brier,
            "brier_skill": skill,
            "calibration_error": self._calibration_errors(samples),
        }

    def average_precision(self, column: int) -> float:
        known = self.scored[:, column]
        y = self.labels[known, column]
        if y.all() or not y.any():
            return float("nan")
        return float(average_precision_score(y, self.probabilities[known, column]))

    def bins(self, column: int) -> tuple[Bin, ...]:
        """Ten bins with the same number of scored texts each."""
        known = self.scored[:, column]
        p, y = self.probabilities[known, column], self.labels[known, column]
        order = np.argsort(p, kind="stable")
        return tuple(
            Bin(float(p[part].mean()), float(y[part].mean()), len(part))
            for part in np.array_split(order, N_BINS)
            if len(part)
        )

    def _calibration_errors(self, samples: NDArray[np.int64]) -> Floats:
        found = np.full((len(samples), self.labels.shape[1]), np.nan)
        edges = np.arange(N_BINS + 1)
        for column in range(self.labels.shape[1]):
            # Unscored texts have the highest ranks and add nothing to the running sum.
            ranks = np.sort(self._rank[samples, column], axis=1)
            count = self._known[ranks, column].sum(axis=1, keepdims=True)
            running = np.cumsum(self._signed[ranks, column], axis=1)
            running = np.pad(running, ((0, 0), (1, 0)))
            bounds = edges * (count // N_BINS) + np.minimum(edges, count % N_BINS)
            gaps = np.abs(np.diff(np.take_along_axis(running, bounds, axis=1), axis=1))
            known = count[:, 0] > 0
            found[known, column] = gaps[known].sum(axis=1) / count[known, 0]
        return found


def _kappa(tp: Floats, fp: Floats, fn: Floats, tn: Floats) -> Floats:
    """Cohen's kappa of two-by-two counts."""
    with np.errstate(invalid="ignore", divide="ignore"):
        n = tp + fp + fn + tn
        agreed = (tp + tn) / n
        chance = ((tp + fp) * (tp + fn) + (fn + tn) * (fp + tn)) / n**2
        kappa: Floats = (agreed - chance) / (1 - chance)
    return kappa
