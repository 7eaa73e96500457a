"""Clauses -> communication patterns: the learned classifier.

Two stages. The first reads each clause twice: its words and those around it (hashed, one logistic
regression a pattern) and its token states (one ridge regression for all patterns). The second is
one set of boosted trees (Friedman 2001, in scikit-learn's histogram form) for all patterns: it
reads, for a clause and a pattern, what both readings, the rules and the clauses beside it say of
that pattern and of the others (stacked generalisation, Wolpert 1992). Patterns that are rare share
what is learned from the frequent ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.feature_extraction import FeatureHasher
from sklearn.feature_extraction.text import TfidfTransformer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import GroupKFold

from ipt_nlp.clauses.features import KINDS, ClauseRows
from ipt_nlp.clauses.pattern_pairs import (
    N_PATTERNS,
    Floats,
    fit_trees,
    pair_features,
    tree_scores,
)
from ipt_nlp.clauses.scoring import LabelledSpan, score_patterns, share_half
from ipt_nlp.codebook import PATTERNS, WHO, Who

_GRID = np.arange(0.1, 0.5, 0.02)
F1_TOLERANCE = 0.005
_SEED = 0


@dataclass(frozen=True)
class Unseen:
    """Token states of texts by an encoder that was trained on some of them alone.

    Attributes:
        states: As ``ClauseRows.states``, of every text.
        new: (n_texts,) the texts that the encoder was not trained on.
    """

    states: Sequence[NDArray[np.float32]]
    new: NDArray[np.bool_]


class PatternClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """Probability of each pattern in each clause, and who shows it.

    Args:
        n_features: Columns that the words are hashed into.
        word_strength: Inverse of the regularisation of the words' classifier.
        state_penalty: Regularisation of the token states' regression.
        n_folds: Folds of the grouped cross-validation that the second stage and the thresholds
            are made with.
    """

    def __init__(
        self,
        n_features: int = 2**16,
        word_strength: float = 6.0,
        state_penalty: float = 30.0,
        n_folds: int = 4,
    ) -> None:
        self.n_features = n_features
        self.word_strength = word_strength
        self.state_penalty = state_penalty
        self.n_folds = n_folds

    def fit(
        self,
        X: Sequence[ClauseRows],
        y: Sequence[Sequence[LabelledSpan]],
        groups: Sequence[str] | None = None,
        calibrate: Sequence[bool] | None = None,
        unseen: Sequence[Unseen] = (),
    ) -> PatternClassifier:
        """Learn from labelled texts.

        Args:
            X: Clauses of each text.
            y: Labelled spans of each text.
            groups: Client or writer of each text, kept on one side of every fold.
            calibrate: Texts that thresholds are chosen on, by default all.
            unseen: Where the encoder was trained on these texts: their states by encoders that
                were not, each text new to one of them. What the second stage reads of states
                comes from those; without them, from states of ``X`` out of fold.

        Raises:
            ValueError: A pattern is in fewer than two groups, no text has a clause, or a text is
                new to no encoder of ``unseen`` or to several.
        """
        rows = [np.flatnonzero(x.readable) for x in X]
        where = np.repeat(np.arange(len(X)), [len(r) for r in rows])
        words = [x.words[i] for x, kept in zip(X, rows, strict=True) for i in kept]
        states = np.concatenate([x.states[kept] for x, kept in zip(X, rows, strict=True)])
        targets = [clause_targets(x.spans, spans) for x, spans in zip(X, y, strict=True)]
        labels = np.concatenate([t[0][kept] for t, kept in zip(targets, rows, strict=True)])
        weights = np.concatenate([t[1][kept] for t, kept in zip(targets, rows, strict=True)])
        names = np.arange(len(X)).astype(str) if groups is None else np.asarray(groups)
        hashed = self._hasher().transform(words)
        self.frequencies_ = TfidfTransformer(sublinear_tf=True).fit(hashed)
        weighted = self.frequencies_.transform(hashed)
        first = np.zeros((len(words), 2 * N_PATTERNS))
        splits = list(GroupKFold(self.n_folds).split(words, groups=names[where]))
        for train, test in splits:
            fitted = self._fit_words(weighted[train], labels[train], weights[train])
            first[test, :N_PATTERNS] = _word_scores(*fitted, weighted[test])
        read = [(states, train, test) for train, test in splits]
        if unseen:
            if not (np.sum([other.new for other in unseen], axis=0) == 1).all():
                raise ValueError("unseen: each text has to be new to one encoder")
            read = [
                (
                    np.concatenate([s[kept] for s, kept in zip(other.states, rows, strict=True)]),
                    np.flatnonzero(~other.new[where]),
                    np.flatnonzero(other.new[where]),
                )
                for other in unseen
            ]
        for values, train, test in read:
            model = self._fit_states(values[train], labels[train], weights[train])
            first[test, N_PATTERNS:] = _state_scores(model, values[test])
        self.word_coefficients_, self.word_intercepts_ = self._fit_words(weighted, labels, weights)
        self.state_model_ = self._fit_states(states, labels, weights)
        features = pair_features(X, rows, first)
        out_of_fold = np.zeros((len(words), N_PATTERNS))
        for train, test in splits:
            stage = fit_trees(features[train], labels[train], weights[train])
            out_of_fold[test] = tree_scores(stage, features[test])
        self.second_ = fit_trees(features, labels, weights)
        self.out_of_fold_ = _spread(X, rows, out_of_fold)
        chosen = np.ones(len(X), dtype=bool) if calibrate is None else np.asarray(calibrate)
        self.thresholds_ = choose_thresholds(X, y, self.out_of_fold_, chosen)
        self._fit_who(X, y)
        self.classes_ = np.arange(N_PATTERNS)
        return self

    def predict_proba(self, X: Sequence[ClauseRows]) -> list[Floats]:
        """Probabilities (n_clauses, n_patterns) of each text; 0 for what a therapist says."""
        rows = [np.flatnonzero(x.readable) for x in X]
        words = [x.words[i] for x, kept in zip(X, rows, strict=True) for i in kept]
        if not words:
            return [np.zeros((len(x), N_PATTERNS)) for x in X]
        states = np.concatenate([x.states[kept] for x, kept in zip(X, rows, strict=True)])
        weighted = self.frequencies_.transform(self._hasher().transform(words))
        by_words = _word_scores(self.word_coefficients_, self.word_intercepts_, weighted)
        first = np.hstack([by_words, _state_scores(self.state_model_, states)])
        features = pair_features(X, rows, first)
        return _spread(X, rows, tree_scores(self.second_, features))

    def threshold(self, rows: ClauseRows) -> float:
        """The probability from which a clause shows a pattern, by the kind of its text."""
        kind = rows.base[0, : len(KINDS)] if len(rows) else np.zeros(len(KINDS))
        return float(self.thresholds_[int(kind.argmax())])

    def predict_who(self, rows: ClauseRows, clause: int, pattern: str) -> Who:
        """Who shows a pattern that begins in a clause."""
        found = self.who_model_.predict(
            self._who_hasher().transform([_who_words(rows, clause, pattern)])
        )
        return WHO[int(found[0])]

    def _hasher(self) -> FeatureHasher:
        return FeatureHasher(self.n_features, input_type="string", alternate_sign=False)

    @staticmethod
    def _who_hasher() -> FeatureHasher:
        return FeatureHasher(2**11, input_type="string", alternate_sign=False)

    def _fit_words(
        self, words: Any, labels: Floats, weights: Floats
    ) -> tuple[NDArray[np.float16], Floats]:
        coefficients = np.zeros((words.shape[1], N_PATTERNS), dtype=np.float16)
        intercepts = np.zeros(N_PATTERNS)
        for column in range(N_PATTERNS):
            if not labels[:, column].any():
                raise ValueError(f"{PATTERNS[column]}: occurs in too few clients or writers")
            model = LogisticRegression(
                C=self.word_strength, solver="liblinear", max_iter=200, random_state=_SEED
            ).fit(words, labels[:, column], sample_weight=weights[:, column])
            # Half precision: the pickle is a quarter of the size and the scores are the same.
            coefficients[:, column] = model.coef_[0]
            intercepts[column] = model.intercept_[0]
        return coefficients, intercepts

    def _fit_states(self, states: NDArray[np.float32], labels: Floats, weights: Floats) -> Ridge:
        # One solve for all patterns: a clause on whose patterns the passes differ is left out.
        settled = (weights > 0).all(axis=1)
        return Ridge(alpha=self.state_penalty, solver="cholesky").fit(
            states[settled], labels[settled]
        )

    def _fit_who(self, X: Sequence[ClauseRows], y: Sequence[Sequence[LabelledSpan]]) -> None:
        words, labels = [], []
        for x, spans in zip(X, y, strict=True):
            for span in spans:
                clause = _first_clause(x, span)
                if clause is not None and span.agreed:
                    words.append(_who_words(x, clause, span.pattern))
                    labels.append(WHO.index(span.who))
        self.who_model_ = LogisticRegression(C=3.0, max_iter=500).fit(
            self._who_hasher().transform(words), labels
        )


def _word_scores(coefficients: NDArray[np.float16], intercepts: Floats, words: Any) -> Floats:
    found: Floats = np.clip(words @ coefficients.astype(np.float32) + intercepts, -8.0, 8.0)
    return found


def _state_scores(model: Ridge, states: NDArray[np.float32]) -> Floats:
    found: Floats = 10.0 * model.predict(states)
    return found


def _spread(
    X: Sequence[ClauseRows], rows: Sequence[NDArray[np.intp]], values: Floats
) -> list[Floats]:
    """Values of the readable clauses back to all clauses of each text."""
    found, at = [], 0
    for x, kept in zip(X, rows, strict=True):
        made = np.zeros((len(x), N_PATTERNS))
        made[kept] = values[at : at + len(kept)]
        at += len(kept)
        found.append(made)
    return found


def _who_words(rows: ClauseRows, clause: int, pattern: str) -> list[str]:
    words = [
        w
        for w in rows.words[clause]
        if w.startswith(("sj", "doer", "^", "kind", "role", "ps", "p1h"))
    ]
    doer, kind = rows.doers[clause], next(w for w in words if w.startswith("kind"))
    before = rows.doers[clause - 1] if clause else "none"
    return [
        *words,
        pattern,
        f"{doer}_{pattern}",
        f"{doer}_{kind}",
        f"before:{before}",
        f"{doer}_{before}_{kind}",
        *(
            w
            for w in rows.words[clause]
            if w in {"quoted", "u:YOU", "u:I", "u:WE", "u:KIN", "u:CLIENT"}
        ),
    ]


def _ends(span: LabelledSpan) -> tuple[int, int]:
    return span.start_char, span.end_char


def _first_clause(rows: ClauseRows, span: LabelledSpan) -> int | None:
    return next((i for i, clause in enumerate(rows.spans) if share_half(clause, _ends(span))), None)


def clause_targets(
    clauses: Sequence[tuple[int, int]], spans: Sequence[LabelledSpan]
) -> tuple[Floats, Floats]:
    """What each clause should be told to be, and how much that counts: (n_clauses, n_patterns).

    A clause shows a pattern when it shares half of the shorter with a labelled span. Spans that
    only one pass has count for nothing, unless both have another there.
    """
    labels = np.zeros((len(clauses), N_PATTERNS))
    weights = np.ones((len(clauses), N_PATTERNS))
    for span in spans:
        column = PATTERNS.index(span.pattern)
        for i, clause in enumerate(clauses):
            if share_half(clause, _ends(span)):
                if span.agreed:
                    labels[i, column] = 1.0
                else:
                    weights[i, column] = 0.0
    return labels, np.where(labels > 0, 1.0, weights)


def joined_spans(rows: ClauseRows, on: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Runs (first, last) of clauses that are on, each inside one sentence."""
    runs: list[tuple[int, int]] = []
    for i in np.flatnonzero(on).tolist():
        if runs and runs[-1][1] == i - 1 and rows.sentences[i] == rows.sentences[i - 1]:
            runs[-1] = (runs[-1][0], i)
        else:
            runs.append((i, i))
    return runs


def spans_above(rows: ClauseRows, probabilities: Floats, threshold: float) -> list[LabelledSpan]:
    """Spans of clauses at or above a threshold; who shows them is the clause's doer."""
    return [
        LabelledSpan(rows.spans[a][0], rows.spans[b][1], pattern, rows.doers[a])
        for column, pattern in enumerate(PATTERNS)
        for a, b in joined_spans(rows, (probabilities[:, column] >= threshold) & rows.readable)
    ]


def choose_thresholds(
    X: Sequence[ClauseRows],
    y: Sequence[Sequence[LabelledSpan]],
    probabilities: Sequence[Floats],
    chosen: NDArray[np.bool_],
) -> Floats:
    """For each kind of text one threshold for all patterns, (n_kinds,).

    The same for all: F1 over all spans is highest when every pattern is marked from the same
    probability. The lowest within a tolerance of the best is taken, as for the areas: text unlike
    the training text is scored lower than it should be.

    Args:
        X: Clauses of each text.
        y: Labelled spans of each text.
        probabilities: Out of fold.
        chosen: Texts to choose on; all texts of a kind of which none is among them.
    """
    kinds = np.array([int(x.base[0, : len(KINDS)].argmax()) if len(x) else -1 for x in X])
    found = np.full(len(KINDS), 0.25)
    for kind in range(len(KINDS)):
        places = np.flatnonzero((kinds == kind) & chosen)
        if not len(places):
            places = np.flatnonzero(kinds == kind)
        if not len(places):
            continue
        among = places.tolist()
        scores = np.array(
            [
                score_patterns(
                    [spans_above(X[i], probabilities[i], cut) for i in among],
                    [y[i] for i in among],
                ).micro.f1
                for cut in _GRID
            ]
        )
        smooth = np.convolve(np.pad(scores, 1, mode="edge"), np.ones(3) / 3, "valid")
        near = np.flatnonzero(smooth >= smooth.max() - F1_TOLERANCE)
        found[kind] = _GRID[int(near[0])]
    return found
