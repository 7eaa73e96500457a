"""The search over a grid: out of fold, by group, the same whatever the number of jobs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

from ipt_nlp.areas.search import build_estimator, search
from ipt_nlp.areas.views import Views
from ipt_nlp.errors import OptionError

N = 120


def made() -> tuple[np.ndarray, np.ndarray, list[str]]:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(N, 4)).astype(np.float32)
    y = (x[:, :2] + rng.normal(scale=0.3, size=(N, 2))) > 0.3
    views = np.empty(N, dtype=object)
    for i, row in enumerate(x):
        views[i] = Views(row, row[np.newaxis])
    return views, y, [f"w{i % 6}" for i in range(N)]


def build(chosen: Mapping[str, Any]) -> Any:
    return build_estimator("sklearn.tree.DecisionTreeClassifier", chosen)


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_the_better_one_comes_first(n_jobs: int) -> None:
    views, y, groups = made()
    tried = search(build, {"max_depth": [1, 4]}, views, y, groups, np.ones_like(y), n_jobs=n_jobs)
    assert [t.parameters for t in tried] == [{"max_depth": 4}, {"max_depth": 1}]
    assert 1 >= tried[0].average_precision > tried[1].average_precision > 0


def test_unsettled_cells_are_left_out() -> None:
    views, y, groups = made()
    scored = np.ones_like(y)
    scored[:50, 0] = False
    poisoned = y.copy()
    poisoned[:50, 0] = ~poisoned[:50, 0]
    grid = {"max_depth": [3]}
    clean = search(build, grid, views, y, groups, scored, n_jobs=1)
    assert search(build, grid, views, poisoned, groups, scored, n_jobs=1) == clean


def test_one_group_cannot_be_parted() -> None:
    views, y, _ = made()
    with pytest.raises(ValueError, match="two clients"):
        search(build, {"max_depth": [1]}, views, y, ["w"] * N, np.ones_like(y), n_jobs=1)


@pytest.mark.parametrize(
    "path",
    [
        "os.system",
        "system",
        "sklearn.model_selection.GridSearchCV",
        "sklearn.linear_model.Ridge",
        "sklearn.linear_model.nothing",
        "sklearn.svm.__doc__",
    ],
)
def test_only_classifiers_of_the_allowed_modules(path: str) -> None:
    with pytest.raises(OptionError, match="--config: estimator"):
        build_estimator(path, {})
