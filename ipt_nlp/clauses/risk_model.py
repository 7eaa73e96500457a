"""The learned half of the risk reader: units of a text -> probability of each risk flag.

Two first-stage linear classifiers for each flag read a unit: one its pooled token states beside
those of the whole text, the other its words. A second stage reads what both
say of the unit, of its neighbours and of the text, what the rules say, who speaks and what kind of
text it is; it is fitted on first-stage scores out of fold, so its output is a probability.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from ipt_nlp import codebook
from ipt_nlp.areas.encoder import Array
from ipt_nlp.clauses.risk_units import RuleReading, Unit, plain
from ipt_nlp.transcript import Kind

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

FLAGS = codebook.RISK_FLAGS
STATUSES = codebook.RISK_STATUSES
SUBJECTS = codebook.RISK_SUBJECTS
KINDS: tuple[Kind, ...] = ("text", "transcript", "note")

WHOLE_WEIGHT = 0.5

QUIET_SHARE = 0.3
"""Share of the units of texts without any flag that the first stage learns from: there are about
forty such units to one with a flag, and they take most of the time."""


@dataclass(frozen=True)
class RiskInput:
    """A text as the classifier sees it.

    ``pooled`` (n_units, n_dimensions) and ``whole`` (n_dimensions,) come from the encoder,
    ``rules`` from the words.
    """

    text: str
    kind: Kind
    units: tuple[Unit, ...]
    pooled: Array
    whole: Array
    rules: RuleReading

    def unit_texts(self) -> list[str]:
        return [plain(self.text[u.start_char : u.end_char]) for u in self.units]


class RiskModel:
    """Classifiers of flags, status and subject.

    Args:
        n_folds: Folds, by group, of the stacking.
        embedding_c: Inverse regularisation of the classifier of embeddings.
        words_c: Of the classifier of words.
        n_words: Size of the vocabulary of words, pairs and triples.
        seed: Of the solver.
    """

    def __init__(
        self,
        n_folds: int = 5,
        embedding_c: float = 0.3,
        words_c: float = 3.0,
        n_words: int = 12000,
        seed: int = 0,
    ) -> None:
        self.n_folds = n_folds
        self.embedding_c = embedding_c
        self.words_c = words_c
        self.n_words = n_words
        self.seed = seed

    def fit(
        self,
        inputs: Sequence[RiskInput],
        labels: Bools,
        weights: Floats,
        groups: Sequence[str],
    ) -> RiskModel:
        """Fit both stages of the flags.

        Args:
            inputs: Texts; their units, one after the other, are the rows.
            labels: (n_units, n_flags).
            weights: (n_units, n_flags); 0 where a label is not settled.
            groups: Writer or client of each text.
        """
        names = np.repeat(np.asarray(groups, dtype=object), [len(i.units) for i in inputs])
        embedded, words = _embedded(inputs), [t for i in inputs for t in i.unit_texts()]
        folds = list(GroupKFold(self.n_folds).split(embedded, groups=names))
        learned = self._learned(inputs, labels)
        out = np.zeros((len(words), 2 * len(FLAGS)))
        for train, test in folds:
            rows = train[learned[train]]
            first = self._fit_first(
                embedded[rows], [words[i] for i in rows], labels[rows], weights[rows]
            )
            out[test] = first.scores(embedded[test], [words[i] for i in test])
        rows = np.flatnonzero(learned)
        self.first_ = self._fit_first(
            embedded[rows], [words[i] for i in rows], labels[rows], weights[rows]
        )
        features = _second_features(inputs, out)
        self.second_: list[Any] = []
        self.out_of_fold_ = np.zeros(labels.shape)
        for column in range(len(FLAGS)):
            weight = weights[:, column]
            self.second_.append(
                _combiner().fit(
                    features, labels[:, column], logisticregression__sample_weight=weight
                )
            )
            for train, test in folds:
                fitted = _combiner().fit(
                    features[train],
                    labels[train, column],
                    logisticregression__sample_weight=weight[train],
                )
                self.out_of_fold_[test, column] = fitted.predict_proba(features[test])[:, 1]
        return self

    def predict_proba(self, inputs: Sequence[RiskInput]) -> Floats:
        """Probabilities (n_units, n_flags) of the units of all texts, one after the other."""
        if not any(i.units for i in inputs):
            return np.zeros((0, len(FLAGS)))
        scores = self.first_.scores(_embedded(inputs), [t for i in inputs for t in i.unit_texts()])
        features = _second_features(inputs, scores)
        return np.column_stack([c.predict_proba(features)[:, 1] for c in self.second_])

    def _learned(self, inputs: Sequence[RiskInput], labels: Bools) -> Bools:
        """The units that the first stage learns from (n_units,)."""
        sizes = [len(i.units) for i in inputs]
        bounds = np.cumsum([0, *sizes])
        flagged = [bool(labels[a:b].any()) for a, b in pairwise(bounds)]
        drawn = np.random.default_rng(self.seed).random(len(labels)) < QUIET_SHARE
        found: Bools = np.repeat(flagged, sizes) | drawn
        return found

    def _fit_first(
        self, embedded: Array, words: list[str], labels: Bools, weights: Floats
    ) -> _First:
        vectorizer = TfidfVectorizer(
            token_pattern=r"[\w*@$]+",
            ngram_range=(1, 3),
            min_df=3,
            max_features=self.n_words,
            sublinear_tf=True,
            dtype=np.float32,
        )
        lexical = vectorizer.fit_transform(words)
        pairs = []
        for column in range(len(FLAGS)):
            keep = weights[:, column] > 0
            y, w = labels[keep, column], weights[keep, column]
            pairs.append(
                (
                    self._linear(self.embedding_c).fit(embedded[keep], y, w),
                    self._linear(self.words_c).fit(lexical[keep], y, w),
                )
            )
        return _First(vectorizer, pairs)

    def _linear(self, c: float) -> LogisticRegression:
        return LogisticRegression(
            C=c, class_weight="balanced", max_iter=400, random_state=self.seed
        )


@dataclass
class _First:
    vectorizer: TfidfVectorizer
    pairs: list[tuple[LogisticRegression, LogisticRegression]]

    def scores(self, embedded: Array, words: Sequence[str]) -> Floats:
        """(n_units, 2 * n_flags): for each flag by embedding, then for each flag by words."""
        lexical: sparse.csr_matrix = self.vectorizer.transform(words)
        by_embedding = [e.decision_function(embedded) for e, _ in self.pairs]
        by_words = [w.decision_function(lexical) for _, w in self.pairs]
        return np.column_stack(by_embedding + by_words)


def _combiner() -> Any:
    return make_pipeline(StandardScaler(), LogisticRegression(C=0.1, max_iter=1000))


def _embedded(inputs: Sequence[RiskInput]) -> Array:
    """(n_units, 2 * n_dimensions): the unit's own states beside those of the text."""
    rows = [
        np.hstack([i.pooled, WHOLE_WEIGHT * np.repeat(i.whole[np.newaxis], len(i.units), axis=0)])
        for i in inputs
        if i.units
    ]
    return np.concatenate(rows).astype(np.float32)


def _second_features(inputs: Sequence[RiskInput], scores: Floats) -> Floats:
    rows, at = [], 0
    for item in inputs:
        n = len(item.units)
        if not n:
            continue
        own = scores[at : at + n]
        at += n
        edge = np.full((1, own.shape[1]), -3.0)
        before, after = np.vstack([edge, own[:-1]]), np.vstack([own[1:], edge])
        highest = np.repeat(own.max(axis=0, keepdims=True), n, axis=0)
        fired = np.hstack(
            [item.rules.fired, np.repeat(item.rules.fired.max(axis=0, keepdims=True), n, axis=0)]
        )
        therapist = np.array([[u.role == "therapist"] for u in item.units], dtype=float)
        kinds = np.repeat([[item.kind == k for k in KINDS]], n, axis=0).astype(float)
        length = np.array([[np.log(u.end_char - u.start_char)] for u in item.units])
        rows.append(
            np.hstack(
                [own, before, after, highest, fired, item.rules.asked, therapist, kinds, length]
            )
        )
    return np.concatenate(rows)
