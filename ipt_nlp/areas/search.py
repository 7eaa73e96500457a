"""Choosing an estimator's parameters: every combination of a grid, compared out of fold.

Only the first stage is searched, on the embeddings of whole texts: the second stage reads a few
scores and has nothing worth tuning. Clients and writers stay on one side of each fold.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import numpy as np
from joblib import Parallel, delayed
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.metrics import average_precision_score
from sklearn.model_selection import GroupKFold, ParameterGrid

from ipt_nlp.areas.classifier import Bools, ViewArray, embedding_scores
from ipt_nlp.errors import OptionError

ALLOWED = (
    "sklearn.discriminant_analysis",
    "sklearn.dummy",
    "sklearn.ensemble",
    "sklearn.gaussian_process",
    "sklearn.linear_model",
    "sklearn.naive_bayes",
    "sklearn.neighbors",
    "sklearn.neural_network",
    "sklearn.svm",
    "sklearn.tree",
)
"""Modules whose classifiers a configuration may name: it must not be able to call anything else."""

SEED = 0


@dataclass(frozen=True)
class Tried:
    """Parameters and the mean of their average precisions over areas, out of fold."""

    parameters: Mapping[str, Any]
    average_precision: float


def build_estimator(path: str, parameters: Mapping[str, Any]) -> Any:
    """The classifier with this dotted path, not fitted, seeded where it takes a seed.

    Raises:
        OptionError: Not a classifier of one of ``ALLOWED``, or parameters it does not take.
    """
    module, _, name = path.rpartition(".")
    if module not in ALLOWED:
        raise OptionError(
            "--config: estimator must be a class of scikit-learn, in one of " + ", ".join(ALLOWED)
        )
    made = getattr(import_module(module), name, None)
    if not (isinstance(made, type) and issubclass(made, ClassifierMixin)):
        raise OptionError(f"--config: estimator: no classifier {name!r} in {module}")
    try:
        estimator: BaseEstimator = made(**parameters)
    except TypeError as error:
        raise OptionError(f"--config: estimator: {error}") from None
    if "random_state" in estimator.get_params():
        estimator.set_params(random_state=SEED)
    return estimator


def search(
    build: Callable[[Mapping[str, Any]], Any],
    grid: Mapping[str, Sequence[Any]],
    X: ViewArray,
    y: Bools,
    groups: Sequence[str],
    scored: Bools,
    *,
    n_folds: int = 5,
    n_jobs: int | None = None,
    workers: Callable[[], AbstractContextManager[Any]] | None = None,
) -> list[Tried]:
    """Every combination of the grid, the best first; of equals the one named first.

    Args:
        build: Parameters -> estimator.
        grid: Parameter -> values to try.
        X: Views (n_texts,).
        y: (n_texts, n_areas).
        groups: Client or writer of each text.
        scored: (n_texts, n_areas), false where the label is not settled.
        n_folds: Of the grouped cross-validation, at most one for each group.
        n_jobs: Processes; one for each core by default. The result does not depend on it.
        workers: A context in which joblib finds other workers than this machine's; all of them
            get work, and ``n_jobs`` is not used.

    Raises:
        ValueError: An area has too few texts, clients or writers.
    """
    embeddings = np.stack([v.whole for v in X])
    names = np.asarray(groups, dtype=object)
    combinations = list(ParameterGrid(dict(grid)))
    # Packed: bytes travel with a task, where dask would leave an array on one worker, to be lost
    # with it.
    columns = [
        pickle.dumps(
            (embeddings[known], y[known, column], names[known]), protocol=pickle.HIGHEST_PROTOCOL
        )
        for column in range(y.shape[1])
        for known in [scored[:, column]]
    ]
    tasks = [(i, column) for i in range(len(combinations)) for column in range(y.shape[1])]
    with (workers or nullcontext)():
        scores = Parallel(n_jobs=-1 if workers or n_jobs is None else n_jobs, batch_size=1)(
            delayed(_average_precision)(build(combinations[i]), columns[column], n_folds)
            for i, column in tasks
        )
    means = np.asarray(scores).reshape(len(combinations), y.shape[1]).mean(axis=1)
    tried = [Tried(p, round(float(m), 6)) for p, m in zip(combinations, means, strict=True)]
    return sorted(tried, key=lambda t: -t.average_precision)


def _average_precision(estimator: Any, packed: bytes, n_folds: int) -> float:
    X, y, groups = pickle.loads(packed)
    n_folds = min(n_folds, len(set(groups.tolist())))
    if n_folds < 2:
        raise ValueError("a search needs texts of at least two clients or writers")
    found = np.empty(len(y))
    for train, test in GroupKFold(n_folds).split(X, y, groups):
        if y[train].all() or not y[train].any():
            raise ValueError("an area occurs in too few clients or writers for a search")
        found[test] = embedding_scores(estimator.fit(X[train], y[train]), X[test])
    return float(average_precision_score(y, found))
