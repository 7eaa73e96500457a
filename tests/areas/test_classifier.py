from __future__ import annotations

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.ensemble import RandomForestClassifier

from ipt_nlp.areas.classifier import AreaClassifier, best_thresholds

N = 240


def made(seed: int = 0) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """Two areas, each the sign of one feature with noise; six writers."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(N, 5)).astype(np.float32)
    y = (x[:, :2] + rng.normal(scale=0.5, size=(N, 2))) > 0.4
    return x, y, [f"w{i % 6}" for i in range(N)]


def test_it_learns_and_is_calibrated() -> None:
    x, y, groups = made()
    fitted = AreaClassifier().fit(x, y, groups=groups)
    fresh, truth, _ = made(1)
    probabilities = fitted.predict_proba(fresh)
    assert ((probabilities > 0.5) == truth).mean() > 0.8
    assert abs(probabilities.mean() - truth.mean()) < 0.06


def test_a_group_is_never_on_both_sides_of_a_fold() -> None:
    x, y, groups = made()
    folds = AreaClassifier()._folds(x, y[:, 0], np.array(groups))
    for train, test in folds:
        assert not {groups[i] for i in train} & {groups[i] for i in test}


def test_unsettled_cells_are_left_out() -> None:
    x, y, groups = made()
    scored = np.ones_like(y)
    scored[:100, 0] = False
    poisoned = y.copy()
    poisoned[:100, 0] = ~poisoned[:100, 0]
    clean = AreaClassifier().fit(x, y, groups=groups, scored=scored).predict_proba(x)
    masked = AreaClassifier().fit(x, poisoned, groups=groups, scored=scored).predict_proba(x)
    np.testing.assert_allclose(clean, masked)


def test_any_estimator_can_stand_in() -> None:
    x, y, groups = made()
    forest = RandomForestClassifier(n_estimators=10, random_state=0)
    fitted = clone(AreaClassifier(forest, calibration="isotonic")).fit(x, y, groups=groups)
    assert fitted.predict(x).shape == y.shape


def test_an_area_that_never_occurs_is_an_error() -> None:
    x, y, groups = made()
    y[:, 1] = False
    with pytest.raises(ValueError, match="area 1"):
        AreaClassifier().fit(x, y, groups=groups)


def test_thresholds_part_what_can_be_parted() -> None:
    probabilities = np.array([[0.1], [0.2], [0.3], [0.6], [0.7], [0.9]])
    labels = probabilities > 0.5
    threshold = best_thresholds(probabilities, labels)[0]
    assert 0.3 < threshold <= 0.6


def test_thresholds_leave_unsettled_cells_out() -> None:
    probabilities = np.array([[0.1], [0.2], [0.8], [0.9], [0.95]])
    labels = np.array([[False], [False], [True], [True], [False]])
    scored = np.array([[True], [True], [True], [True], [False]])
    assert best_thresholds(probabilities, labels, scored)[0] <= 0.8
