"""A classifier for each kind of text: loose texts, transcripts, notes.

People write a post about their trouble in one go; in a session a theme is spread over turns that
say little alone. Learning both in one classifier made both worse (measured), so each kind has its
own, and texts of other kinds are used where they help.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, clone

from ipt_nlp.areas.classifier import AreaClassifier, Bools, Floats, ViewArray
from ipt_nlp.transcript import Kind

FALLBACK: Kind = "text"
OWN_WEIGHT = 3.0
"""In the first stage, of a row of the kind beside rows of other kinds, which outnumber it."""


def stand_in(kind: Kind, known: Iterable[Kind]) -> Kind:
    """The kind that serves for ``kind``: itself, loose texts, or the first there is."""
    names = list(known)
    return next((name for name in (kind, FALLBACK) if name in names), names[0])


class KindClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """Sends each kind of text to its own :class:`AreaClassifier`.

    Transcripts and notes learn their first stage from every row, loose texts from loose texts
    alone; the second stage learns from rows of the kind. A kind without rows is served by the
    classifier of loose texts, and that by all rows when there is no loose text.

    Args:
        estimator: First-stage classifier, as in :class:`AreaClassifier`.
        calibration: As there.
        n_folds: As there.
        estimators: First-stage classifiers of kinds that need another one.
    """

    def __init__(
        self,
        estimator: Any = None,
        calibration: str = "sigmoid",
        n_folds: int = 5,
        estimators: Mapping[Kind, Any] | None = None,
    ) -> None:
        self.estimator = estimator
        self.calibration = calibration
        self.n_folds = n_folds
        self.estimators = estimators

    def fit(
        self,
        X: ViewArray,
        y: Bools,
        kinds: Sequence[Kind] | None = None,
        groups: Sequence[str] | None = None,
        scored: Bools | None = None,
        sessions: Sequence[str] | None = None,
        whole: Sequence[bool] | None = None,
        calibrate: Bools | None = None,
    ) -> KindClassifier:
        """Fit a classifier for every kind among the rows.

        Args:
            X: Views (n_texts,).
            y: (n_texts, n_areas).
            kinds: Kind of each row; loose texts by default.
            groups: Client or writer of each row.
            scored: (n_texts, n_areas), false where the label is not settled.
            sessions: Session of each row, in order.
            whole: Whether each row is what the tagger would cut; single turns, which only help
                to learn, are not.
            calibrate: Rows that the second stage may learn from; all by default. An encoder that
                was trained on a text tells its areas apart better than those of new text, so the
                stage that decides how sure to be must not see such texts.

        Raises:
            ValueError: As :meth:`AreaClassifier.fit`.
        """
        n = len(y)
        by_kind = np.asarray([FALLBACK] * n if kinds is None else kinds, dtype=object)
        names = np.asarray(range(n) if groups is None else groups, dtype=object)
        mask = np.ones_like(y, dtype=bool) if scored is None else scored
        cut = np.ones(n, dtype=bool) if whole is None else np.asarray(whole, dtype=bool)
        order = np.asarray([""] * n if sessions is None else sessions, dtype=object)
        self.classifiers_: dict[Kind, AreaClassifier] = {}
        self.out_of_fold_ = np.full(y.shape, np.nan)
        for kind in dict.fromkeys(by_kind.tolist()):
            rows = by_kind == kind if kind == FALLBACK else np.ones(n, dtype=bool)
            second = (by_kind == kind) & cut
            if calibrate is not None:
                second &= calibrate
            base = (self.estimators or {}).get(kind, self.estimator)
            fitted = AreaClassifier(
                None if base is None else clone(base),
                in_context=kind == "transcript",
                calibration=self.calibration,
                n_folds=self.n_folds,
            ).fit(
                X[rows],
                y[rows],
                groups=names[rows],
                scored=mask[rows],
                sessions=order[rows],
                second=second[rows],
                weights=_weights(by_kind[rows] == kind),
            )
            self.out_of_fold_[second] = fitted.out_of_fold_[second[rows]]
            del fitted.out_of_fold_
            self.classifiers_[kind] = fitted
        return self

    def of_kind(self, kind: Kind) -> AreaClassifier:
        """The classifier for a kind, or what stands in for it."""
        return self.classifiers_[stand_in(kind, self.classifiers_)]

    def predict_proba(self, X: ViewArray, kind: Kind = FALLBACK) -> Floats:
        """Probabilities (n_texts, n_areas).

        The rows of a transcript are one session in order; rows of other kinds stand alone, also
        where the classifier that serves them reads in context.
        """
        return self.of_kind(kind).predict_features(self.features(X, kind))

    def features(self, X: ViewArray, kind: Kind) -> Floats:
        """What the second stage for a kind reads of each row, as in :meth:`predict_proba`."""
        alone = None if kind == "transcript" else [str(i) for i in range(len(X))]
        return self.of_kind(kind).features(X, sessions=alone)

    def predict(self, X: ViewArray) -> Bools:
        """Areas at a probability of one half."""
        return self.predict_proba(X) >= 0.5


def _weights(own: Bools) -> Floats | None:
    return None if own.all() else np.where(own, OWN_WEIGHT, 1.0)
