"""Views -> calibrated probability of each area, in two stages of scikit-learn estimators.

The first stage reads embeddings: one linear classifier for each area. The second combines what it
says of the whole text, of its parts and, in a session, of the neighbouring segments (stacked
generalisation, Wolpert 1992), and is calibrated (Platt 1999).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import precision_recall_curve
from sklearn.model_selection import GroupKFold
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.validation import has_fit_parameter

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
ViewArray = NDArray[np.object_]
Fold = tuple[NDArray[np.intp], NDArray[np.intp]]

F1_TOLERANCE = 0.01


class AreaClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """One calibrated binary classifier for each area (binary relevance).

    Unlike ``OneVsRestClassifier`` it keeps groups (clients, writers) on one side of every fold,
    leaves out cells that no labeller has settled, and reads parts and neighbours. After ``fit``,
    ``out_of_fold_`` (n_texts, n_areas) says of each row of the second stage, its unsettled cells
    too, what classifiers say that learned from none of its group; nan elsewhere.

    Args:
        estimator: Any scikit-learn classifier of embeddings; class-weighted logistic regression
            by default.
        in_context: Whether rows are read beside the rows before and after them in their session.
        calibration: "sigmoid" or "isotonic".
        n_folds: Folds of the grouped cross-validation for stacking and calibration.
    """

    def __init__(
        self,
        estimator: Any = None,
        in_context: bool = False,
        calibration: str = "sigmoid",
        n_folds: int = 5,
    ) -> None:
        self.estimator = estimator
        self.in_context = in_context
        self.calibration = calibration
        self.n_folds = n_folds

    def fit(
        self,
        X: ViewArray,
        y: Bools,
        groups: Sequence[str] | None = None,
        scored: Bools | None = None,
        sessions: Sequence[str] | None = None,
        second: Bools | None = None,
        weights: Floats | None = None,
    ) -> AreaClassifier:
        """Fit both stages for each column of ``y``.

        Args:
            X: Views (n_texts,).
            y: (n_texts, n_areas).
            groups: Client or writer of each text; each text its own group when left out.
            scored: (n_texts, n_areas), false where the label is not settled.
            sessions: Session of each text, rows of a session in their order; needed in context.
            second: (n_texts,), the rows that the second stage learns from; all by default. The
                first stage learns from every row.
            weights: (n_texts,) in the first stage, for estimators that take weights.

        Raises:
            ValueError: An area has no text with, or none without it.
        """
        y = np.asarray(y, dtype=bool)
        names = np.arange(len(y)) if groups is None else np.asarray(groups)
        mask = np.ones_like(y) if scored is None else scored
        chosen = np.ones(len(y), dtype=bool) if second is None else second
        self.first_ = []
        settled = []
        readings = []
        for column in range(y.shape[1]):
            keep = np.flatnonzero(mask[:, column])
            folds = self._folds(y[keep, column], names[keep], f"area {column}")
            self.first_.append(self._fit_first(X, y[:, column], keep, weights))
            found = self._read_out_of_fold(X, y[:, column], names, keep, folds, weights)
            readings.append(found)
            settled.append(np.where(mask[:, [column]], found, 0.0))
        features = self._features(settled, chosen, sessions)
        # Cells that are not settled teach nothing, but bands are chosen on rows that have some:
        # labellers part where the classifier is unsure too.
        unsettled = features if mask.all() else self._features(readings, chosen, sessions)
        self.second_: list[CalibratedClassifierCV] = []
        self.out_of_fold_ = np.full(y.shape, np.nan)
        for column in range(y.shape[1]):
            read = np.where(mask[:, [column]], features, unsettled)
            known = mask[chosen, column]
            self.out_of_fold_[chosen, column] = self._fit_second(
                read[chosen], y[chosen, column], names[chosen], np.flatnonzero(known), column
            )
        self.classes_ = np.arange(y.shape[1])
        return self

    def predict_proba(self, X: ViewArray, sessions: Sequence[str] | None = None) -> Floats:
        """Probabilities (n_texts, n_areas), float64.

        Args:
            X: Views (n_texts,).
            sessions: As in ``fit``; without it, rows in context are one session.
        """
        return self.predict_features(self.features(X, sessions))

    def features(self, X: ViewArray, sessions: Sequence[str] | None = None) -> Floats:
        """What the second stage reads of each row (n_texts, n_features)."""
        readings = _read_all(self.first_, X)
        if self.in_context and sessions is None:
            sessions = ["one"] * len(X)
        return self._features(readings, np.ones(len(X), dtype=bool), sessions)

    def predict_features(self, features: Floats) -> Floats:
        """Probabilities (n_texts, n_areas) of rows that are given by their features."""
        if not len(features):
            return np.empty((0, len(self.second_)))
        return np.column_stack([c.predict_proba(features)[:, 1] for c in self.second_])

    def first_scores(self, embeddings: NDArray[np.float32], column: int) -> Floats:
        """Scores of single embeddings (n_texts, n_dimensions) by the first stage of one area."""
        return embedding_scores(self.first_[column], embeddings)

    def with_other_words(self, features: Floats, X: ViewArray) -> Floats:
        """Features of rows whose own words are replaced and whose neighbours stay.

        Args:
            features: Of the rows as they are (n_texts, n_features).
            X: Views of the words that take their place (n_texts,).
        """
        own = np.concatenate(_read_all(self.first_, X), axis=1)
        return np.concatenate([own, features[:, own.shape[1] :]], axis=1)

    def predict(self, X: ViewArray) -> Bools:
        """Areas at a probability of one half; the bundle's thresholds are applied by the tagger."""
        return self.predict_proba(X) >= 0.5

    def _fit_second(
        self,
        features: Floats,
        labels: Bools,
        names: NDArray[Any],
        keep: NDArray[np.intp],
        column: int,
    ) -> Floats:
        """Fit on the rows ``keep``; probabilities of all rows out of fold."""
        folds = self._folds(labels[keep], names[keep], f"area {column}")
        combiner = make_pipeline(
            StandardScaler(),
            LogisticRegression(
                C=0.03 if self.in_context else 0.1, class_weight="balanced", max_iter=1000
            ),
        )
        calibrated = CalibratedClassifierCV(
            combiner, method=self.calibration, cv=folds, ensemble=False
        ).fit(features[keep], labels[keep])
        self.second_.append(calibrated)
        fitted = calibrated.calibrated_classifiers_[0]
        raw = fitted.estimator.decision_function(features)
        for train, test in _with_the_rest(folds, keep, names):
            one = clone(combiner).fit(features[train], labels[train])
            raw[test] = one.decision_function(features[test])
        return np.asarray(fitted.calibrators[0].predict(raw), dtype=float)

    def _read_out_of_fold(
        self,
        X: ViewArray,
        labels: Bools,
        names: NDArray[Any],
        keep: NDArray[np.intp],
        folds: Sequence[Fold],
        weights: Floats | None,
    ) -> Floats:
        """Readings of all rows by classifiers that learned from none of their group."""
        found = read_views(self.first_[-1], X)
        for train, test in _with_the_rest(folds, keep, names):
            fitted = self._fit_first(X, labels, train, weights)
            found[test] = read_views(fitted, X[test])
        return found

    def _fit_first(
        self, X: ViewArray, labels: Bools, rows: NDArray[np.intp], weights: Floats | None
    ) -> Any:
        base = self._base()
        known = (
            {}
            if weights is None or not has_fit_parameter(base, "sample_weight")
            else {"sample_weight": weights[rows]}
        )
        return base.fit(np.stack([v.whole for v in X[rows]]), labels[rows], **known)

    def _features(
        self, readings: Sequence[Floats], rows: Bools, sessions: Sequence[str] | None
    ) -> Floats:
        own = np.concatenate(readings, axis=1)
        if not self.in_context:
            return own
        if sessions is None:
            raise ValueError("sessions are needed in context")
        whole = np.column_stack([r[:, 0] for r in readings])
        return np.concatenate([own, _context(whole, rows, sessions)], axis=1)

    def _base(self) -> Any:
        if self.estimator is None:
            return LogisticRegression(C=1.0, class_weight="balanced", max_iter=1000)
        return clone(self.estimator)

    def _folds(self, labels: Bools, names: NDArray[Any], what: str) -> list[Fold]:
        if labels.all() or not labels.any():
            raise ValueError(f"{what}: needs texts with and without it")
        n_folds = min(self.n_folds, len(np.unique(names)))
        if n_folds < 2:
            raise ValueError(f"{what}: needs texts of at least two clients or writers")
        splits = list(GroupKFold(n_folds).split(labels, labels, names))
        if any(labels[train].all() or not labels[train].any() for train, _ in splits):
            raise ValueError(f"{what}: occurs in too few clients or writers")
        return splits


def _with_the_rest(
    folds: Sequence[Fold], keep: NDArray[np.intp], names: NDArray[Any]
) -> Iterator[Fold]:
    """Folds of the rows ``keep`` as folds of all rows.

    A row beyond ``keep`` is tested where its group is. Groups without a row in ``keep`` are in no
    fold: a classifier that learned from every row of ``keep`` has seen none of them.
    """
    rest = np.setdiff1d(np.arange(len(names)), keep)
    for train, test in folds:
        beside = rest[np.isin(names[rest], names[keep[test]])]
        yield keep[train], np.concatenate([keep[test], beside])


N_READINGS = 5


@dataclass(frozen=True)
class StackedViews:
    """Views of many texts in two arrays; ``ends`` (n_texts,) is where each text's parts end."""

    whole: NDArray[np.float32]
    parts: NDArray[np.float32]
    ends: NDArray[np.intp]

    @classmethod
    def of(cls, X: ViewArray) -> StackedViews:
        """At least one text."""
        ends = np.cumsum([len(v.parts) for v in X])
        return cls(np.stack([v.whole for v in X]), np.concatenate([v.parts for v in X]), ends)


def read_views(first: Any, X: ViewArray) -> Floats:
    """What a first-stage classifier says of each text: (n_texts, ``N_READINGS``).

    Columns: score of the whole, highest and second highest score of its parts, their mean, and
    the logarithm of their number.
    """
    return _read_all([first], X)[0]


def _read_all(firsts: Sequence[Any], X: ViewArray) -> list[Floats]:
    """The same by several classifiers."""
    if not len(X):
        return [np.zeros((0, N_READINGS)) for _ in firsts]
    stacked = StackedViews.of(X)
    return [_read(first, stacked) for first in firsts]


def _read(first: Any, views: StackedViews) -> Floats:
    whole, parts = embedding_scores(first, views.whole), embedding_scores(first, views.parts)
    starts = np.concatenate([[0], views.ends[:-1]])
    counts = views.ends - starts
    ranked = parts[np.lexsort((parts, np.repeat(np.arange(len(counts)), counts)))]
    highest = ranked[views.ends - 1]
    second = ranked[views.ends - np.minimum(counts, 2)]
    mean = np.add.reduceat(parts, starts) / counts
    return np.column_stack([whole, highest, second, mean, np.log(counts)])


def embedding_scores(first: Any, embeddings: NDArray[np.float32]) -> Floats:
    if hasattr(first, "decision_function"):
        return np.asarray(first.decision_function(embeddings), dtype=float)
    p = np.clip(first.predict_proba(embeddings)[:, 1], 1e-4, 1 - 1e-4)
    return np.asarray(np.log(p / (1 - p)), dtype=float)


def _context(whole: Floats, rows: Bools, sessions: Sequence[str]) -> Floats:
    """Scores of the two rows before and the row after, the session's mean and its highest three."""
    n_areas = whole.shape[1]
    found = np.zeros((len(whole), 5 * n_areas))
    of_session: dict[str, list[int]] = {}
    for row in np.flatnonzero(rows).tolist():
        of_session.setdefault(sessions[row], []).append(row)
    for members in of_session.values():
        inside = whole[members]
        mean = inside.mean(axis=0)
        highest = np.sort(inside, axis=0)[-3:].mean(axis=0)
        padded = np.vstack([mean, mean, inside, mean])
        for k, row in enumerate(members):
            found[row] = np.concatenate([padded[k + 1], padded[k], padded[k + 3], mean, highest])
    return found


def area_pipeline(encoder: Any, classifier: Any) -> Pipeline:
    """Texts -> areas in one estimator, for ``GridSearchCV`` and for a bundle on disk."""
    return Pipeline([("encoder", encoder), ("classifier", classifier)])


def best_thresholds(
    probabilities: Floats, y: Bools, scored: Bools | None = None, tolerance: float = F1_TOLERANCE
) -> Floats:
    """For each area the lowest threshold whose F1 is within ``tolerance`` of the best.

    The lowest, because F1 is flat there, because text unlike the training text is scored lower
    than it should be, and because a theme that was missed costs a clinician more than one that is
    dismissed at a glance.

    Args:
        probabilities: (n_texts, n_areas), out of fold; nan where there is none.
        y: (n_texts, n_areas).
        scored: (n_texts, n_areas), false where the label is not settled.
        tolerance: Of F1.
    """
    found = np.empty(y.shape[1])
    for column in range(y.shape[1]):
        keep = ~np.isnan(probabilities[:, column])
        if scored is not None:
            keep &= scored[:, column]
        precision, recall, cuts = precision_recall_curve(
            y[keep, column], probabilities[keep, column]
        )
        f1 = 2 * precision * recall / np.maximum(precision + recall, 1e-12)
        near = np.flatnonzero(f1[:-1] >= f1[:-1].max() - tolerance)
        found[column] = float(cuts[near[0]])
    return found
