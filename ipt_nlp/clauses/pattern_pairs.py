"""The second stage of the classifier of patterns: one set of boosted trees for all of them.

It reads pairs of a clause and a pattern, so that a rare pattern shares what the frequent ones
teach about rules, neighbours and rival patterns.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingClassifier

from ipt_nlp.clauses.features import ClauseRows, rule_places
from ipt_nlp.codebook import PATTERNS
from ipt_nlp.language.patterns import pattern_rules

Floats = NDArray[np.float64]

N_PATTERNS = len(PATTERNS)
_SEED = 0
_UNLIKELY = -4.5
_EASY_STEP = 11
"""Of clauses that the words' classifier scores below ``_UNLIKELY`` for a pattern whose rules are
silent, the trees learn from one in eleven, at eleven times its weight. It has no factor in common
with the number of patterns, so that every pattern keeps its share."""
_STATES_SHARE, _SILENT = 2.0, -5.0
"""Pairs whose words and states together score less, and whose rules are silent, are not shown to
the trees: four in five. Of 2,000 clauses that show a pattern two or three are among them."""


def fit_trees(features: Floats, labels: Floats, weights: Floats) -> Any:
    """Trees on the pairs of clause and pattern; features (n_clauses, n_patterns, n_features)."""
    pairs = features.reshape(-1, features.shape[-1])
    told, weight = labels.reshape(-1), weights.reshape(-1).copy()
    easy = (told == 0) & (pairs[:, 0] < _UNLIKELY) & (pairs[:, 3] == 0)
    weight[easy] *= _EASY_STEP
    kept = ~easy | (np.arange(len(told)) % _EASY_STEP == 0)
    return HistGradientBoostingClassifier(
        learning_rate=0.06,
        max_iter=150,
        max_leaf_nodes=15,
        min_samples_leaf=min(60, max(1, int(kept.sum()) // 60)),
        l2_regularization=5.0,
        categorical_features=[pairs.shape[1] - 1],
        early_stopping=False,
        random_state=_SEED,
    ).fit(pairs[kept], told[kept], sample_weight=weight[kept])


def tree_scores(model: Any, features: Floats) -> Floats:
    """Probabilities (n_clauses, n_patterns); 0 where nothing speaks for a pattern."""
    pairs = features.reshape(-1, features.shape[-1])
    read = (pairs[:, 0] + _STATES_SHARE * pairs[:, 1] >= _SILENT) | (pairs[:, 3] > 0)
    found = np.zeros(len(pairs))
    if read.any():
        found[read] = model.predict_proba(pairs[read])[:, 1]
    return found.reshape(features.shape[:2])


@cache
def rule_columns(pattern: str) -> list[int]:
    """Columns of ``ClauseRows.fired`` that belong to the rules of a pattern."""
    places = rule_places()
    return [
        places[name] for name, rule in sorted(pattern_rules().items()) if rule.pattern == pattern
    ]


def pair_features(
    X: Sequence[ClauseRows], rows: Sequence[NDArray[np.intp]], first: Floats
) -> Floats:
    """(n_clauses, n_patterns, n_features): what is said of each pattern in each readable clause.

    The first feature is the words' score, the fourth whether a rule fires, the last the pattern.
    """
    made = [np.zeros((0, N_PATTERNS, 0))]
    at = 0
    for x, kept in zip(X, rows, strict=True):
        own = first[at : at + len(kept)]
        at += len(kept)
        if len(kept):
            made.append(_pairs(x, kept, own[:, :N_PATTERNS], own[:, N_PATTERNS:]))
    return np.concatenate([m for m in made if m.shape[-1]] or made).astype(np.float32)


def _pairs(x: ClauseRows, kept: NDArray[np.intp], words: Floats, states: Floats) -> Floats:
    n = len(kept)
    same = np.diff(x.sentences[kept], prepend=-1, append=-2) == 0
    counts = np.column_stack([x.fired[kept][:, rule_columns(p)].sum(axis=1) for p in PATTERNS])
    fired = counts > 0
    highest_words, highest_states = words.max(axis=0), states.max(axis=0)
    rank = np.argsort(np.argsort(-(words + states), axis=0), axis=0)
    length = np.log1p([x.spans[i][1] - x.spans[i][0] for i in kept])

    def over_patterns(values: Any) -> Floats:
        return np.repeat(np.asarray(values, dtype=float).reshape(n, 1), N_PATTERNS, axis=1)

    def over_clauses(values: Any) -> Floats:
        return np.repeat(np.asarray(values, dtype=float).reshape(1, N_PATTERNS), n, axis=0)

    columns = [
        words,
        states,
        words + states,
        fired,
        counts,
        *_beside(words),
        *_beside(states),
        over_patterns(same[:-1]),
        over_patterns(same[1:]),
        _best_other(words),
        _best_other(states),
        over_clauses(highest_words),
        over_clauses(highest_states),
        highest_words - words,
        highest_states - states,
        np.minimum(rank, 5),
        over_clauses(fired.any(axis=0)),
        over_patterns(fired.sum(axis=1)),
        *(over_patterns(x.base[kept, j]) for j in range(x.base.shape[1])),
        over_patterns(length),
        over_patterns(np.full(n, np.log(n))),
        over_clauses(np.arange(N_PATTERNS)),
    ]
    return np.stack(columns, axis=2)


def _beside(values: Floats) -> tuple[Floats, Floats]:
    """The values of the clauses before and after each."""
    floor = np.full((1, values.shape[1]), -6.0)
    return np.vstack([floor, values[:-1]]), np.vstack([values[1:], floor])


def _best_other(values: Floats) -> Floats:
    """The highest value of any other pattern in each clause."""
    order = np.sort(values, axis=1)
    first, second = order[:, -1:], order[:, -2:-1]
    return np.where(values == first, second, first)
