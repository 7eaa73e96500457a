"""Embeddings -> calibrated probability of each area, with scikit-learn estimators."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import precision_recall_curve
from sklearn.model_selection import GroupKFold, cross_val_predict
from sklearn.pipeline import Pipeline

from ipt_nlp.areas.encoder import SentenceEncoder

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


class AreaClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """One calibrated binary classifier for each area (binary relevance).

    Unlike ``OneVsRestClassifier`` it keeps groups (clients, writers) on one side of every
    calibration fold, and leaves out cells that no labeller has settled.

    Args:
        estimator: Any scikit-learn classifier; class-weighted logistic regression by default.
        calibration: "sigmoid" (Platt 1999) or "isotonic".
        n_folds: Folds of the grouped cross-validation that calibration is fitted on.
    """

    def __init__(
        self, estimator: Any = None, calibration: str = "sigmoid", n_folds: int = 5
    ) -> None:
        self.estimator = estimator
        self.calibration = calibration
        self.n_folds = n_folds

    def fit(
        self,
        X: NDArray[np.float32],
        y: Bools,
        groups: Sequence[str] | None = None,
        scored: Bools | None = None,
    ) -> AreaClassifier:
        """Fit a classifier for each column of ``y``.

        Args:
            X: (n_texts, n_dimensions).
            y: (n_texts, n_areas).
            groups: Client or writer of each text; each text its own group when left out.
            scored: (n_texts, n_areas), false where the label is not settled.

        Raises:
            ValueError: An area has no text with, or none without it.
        """
        y = np.asarray(y, dtype=bool)
        names = np.arange(len(y)) if groups is None else np.asarray(groups)
        mask = np.ones_like(y) if scored is None else scored
        self.classifiers_ = []
        self.out_of_fold_ = np.full(y.shape, np.nan)
        for column in range(y.shape[1]):
            keep = mask[:, column]
            labels = y[keep, column]
            if labels.all() or not labels.any():
                raise ValueError(f"area {column}: needs texts with and without it")
            folds = self._folds(X[keep], labels, names[keep])
            calibrated = CalibratedClassifierCV(
                self._base(), method=self.calibration, cv=folds, ensemble=False
            ).fit(X[keep], labels)
            raw = cross_val_predict(
                self._base(), X[keep], labels, cv=folds, method=_score_method(self._base())
            )
            raw = raw[:, 1] if raw.ndim == 2 else raw
            inner = calibrated.calibrated_classifiers_[0]
            self.out_of_fold_[keep, column] = inner.calibrators[0].predict(raw)
            self.classifiers_.append(calibrated)
        self.classes_ = np.arange(y.shape[1])
        self.n_features_in_ = X.shape[1]
        return self

    def predict_proba(self, X: NDArray[np.float32]) -> Floats:
        """Probabilities (n_texts, n_areas), float64."""
        return np.column_stack([c.predict_proba(X)[:, 1] for c in self.classifiers_])

    def predict(self, X: NDArray[np.float32]) -> Bools:
        """Areas at a probability of one half; the bundle's thresholds are applied by the tagger."""
        return self.predict_proba(X) >= 0.5

    def _base(self) -> Any:
        if self.estimator is None:
            return LogisticRegression(C=1.0, class_weight="balanced", max_iter=1000)
        return clone(self.estimator)

    def _folds(
        self, X: NDArray[np.float32], labels: Bools, names: NDArray[Any]
    ) -> list[tuple[NDArray[np.intp], NDArray[np.intp]]]:
        n_folds = min(self.n_folds, len(np.unique(names)))
        splits = list(GroupKFold(n_folds).split(X, labels, names))
        usable = all(labels[train].any() and not labels[train].all() for train, _ in splits)
        if not usable:
            raise ValueError("an area occurs in too few clients or writers to be calibrated")
        return splits


def _score_method(estimator: Any) -> str:
    return "decision_function" if hasattr(estimator, "decision_function") else "predict_proba"


def area_pipeline(encoder: SentenceEncoder, classifier: AreaClassifier) -> Pipeline:
    """Texts -> areas in one estimator, for ``GridSearchCV`` and for a bundle on disk."""
    return Pipeline([("encoder", encoder), ("classifier", classifier)])


F1_TOLERANCE = 0.03


def best_thresholds(probabilities: Floats, y: Bools, scored: Bools | None = None) -> Floats:
    """For each area the lowest threshold whose F1 is within ``F1_TOLERANCE`` of the best.

    The lowest, because F1 is flat there, because text unlike the training text is scored lower
    than it should be, and because a theme that was missed costs a clinician more than one that is
    dismissed at a glance.

    Args:
        probabilities: (n_texts, n_areas), out of fold.
        y: (n_texts, n_areas).
        scored: (n_texts, n_areas), false where the label is not settled.
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
        near = np.flatnonzero(f1[:-1] >= f1[:-1].max() - F1_TOLERANCE)
        found[column] = float(cuts[near[0]])
    return found
