from __future__ import annotations

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier

from ipt_nlp.areas.classifier import AreaClassifier, best_thresholds, read_views
from ipt_nlp.areas.kinds import KindClassifier
from ipt_nlp.areas.views import Views
from ipt_nlp.transcript import Kind

N = 240


def as_views(x: np.ndarray) -> np.ndarray:
    found = np.empty(len(x), dtype=object)
    for i, row in enumerate(x.astype(np.float32)):
        found[i] = Views(row, row[np.newaxis])
    return found


def made(seed: int = 0) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """Two areas, each the sign of one feature with noise; six writers."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(N, 5))
    y = (x[:, :2] + rng.normal(scale=0.5, size=(N, 2))) > 0.4
    return as_views(x), y, [f"w{i % 6}" for i in range(N)]


def test_it_learns_and_is_calibrated() -> None:
    x, y, groups = made()
    fitted = AreaClassifier().fit(x, y, groups=groups)
    fresh, truth, _ = made(1)
    probabilities = fitted.predict_proba(fresh)
    assert ((probabilities > 0.5) == truth).mean() > 0.8
    assert abs(probabilities.mean() - truth.mean()) < 0.06


def test_a_group_is_never_on_both_sides_of_a_fold() -> None:
    _, y, groups = made()
    folds = AreaClassifier()._folds(y[:, 0], np.array(groups), "area 0")
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


def test_unsettled_cells_are_scored_out_of_fold() -> None:
    x, truth, groups = made()
    scored = np.ones_like(truth)
    scored[::3, 0] = False
    scored[np.array(groups) == "w0", 0] = False  # a writer with no settled cell is in no fold
    unsettled = ~scored[:, 0]
    other = truth.copy()
    other[unsettled, 0] = ~other[unsettled, 0]
    fitted = AreaClassifier().fit(x, truth, groups=groups, scored=scored)
    found = fitted.out_of_fold_[unsettled, 0]
    assert ((found > 0.5) == truth[unsettled, 0]).mean() > 0.8
    again = AreaClassifier().fit(x, other, groups=groups, scored=scored)
    np.testing.assert_allclose(again.out_of_fold_, fitted.out_of_fold_)
    # The labels of its own writer's settled rows do not reach a cell.
    rows = np.flatnonzero(unsettled & (np.array(groups) == "w1"))
    own = np.flatnonzero(~unsettled & (np.array(groups) == "w1"))
    swayed = truth.copy()
    swayed[own, 0] = ~swayed[own, 0]
    calibrated_on = AreaClassifier().fit(x, swayed, groups=groups, scored=scored)
    order = np.argsort(calibrated_on.out_of_fold_[rows, 0])
    assert order.tolist() == np.argsort(fitted.out_of_fold_[rows, 0]).tolist()


def test_any_estimator_can_stand_in() -> None:
    x, y, groups = made()
    forest = RandomForestClassifier(n_estimators=10, random_state=0)
    fitted = clone(AreaClassifier(forest, calibration="isotonic")).fit(x, y, groups=groups)
    assert fitted.predict(x).shape == y.shape


def test_a_row_that_weighs_three_counts_as_three_rows() -> None:
    x, y, _ = made()
    weights = np.where(np.arange(N) % 2, 3.0, 1.0)
    plain = LogisticRegression(max_iter=1000)
    weighed = AreaClassifier(plain).fit(x, y, weights=weights)
    thrice = np.repeat(np.arange(N), weights.astype(int))
    repeated = AreaClassifier(plain).fit(x[thrice], y[thrice])
    for one, other in zip(weighed.first_, repeated.first_, strict=True):
        np.testing.assert_allclose(one.coef_, other.coef_, rtol=1e-3)


def test_estimators_without_weights_learn_from_every_kind_too() -> None:
    x, y, groups = made()
    kinds: list[Kind] = ["text" if i % 2 else "note" for i in range(N)]
    fitted = KindClassifier(KNeighborsClassifier()).fit(x, y, kinds=kinds, groups=groups)
    assert fitted.predict_proba(x, "note").shape == y.shape


def test_an_area_that_never_occurs_is_an_error() -> None:
    x, y, groups = made()
    y[:, 1] = False
    with pytest.raises(ValueError, match="area 1"):
        AreaClassifier().fit(x, y, groups=groups)


def test_a_theme_in_one_part_is_found() -> None:
    """The whole is the mean of ten parts, of which one speaks."""
    rng = np.random.default_rng(0)
    y = rng.random((N, 1)) < 0.5
    x = np.empty(N, dtype=object)
    for i in range(N):
        parts = rng.normal(scale=0.3, size=(10, 5)).astype(np.float32)
        parts[0, 0] += 2.0 if y[i, 0] else -0.2
        x[i] = Views(parts.mean(axis=0), parts)
    groups = [f"w{i % 6}" for i in range(N)]
    with_parts = AreaClassifier().fit(x, y, groups=groups).out_of_fold_
    alone = as_views(np.stack([v.whole for v in x]))
    without = AreaClassifier().fit(alone, y, groups=groups).out_of_fold_
    assert ((with_parts > 0.5) == y).mean() > ((without > 0.5) == y).mean() + 0.02


def test_neighbours_are_read_in_context() -> None:
    """Rows say little themselves; their session says more."""
    rng = np.random.default_rng(0)
    sessions = [f"s{i // 6}" for i in range(N)]
    theme = rng.random(N // 6) < 0.5
    y = np.repeat(theme, 6)[:, np.newaxis]
    x = rng.normal(scale=0.4, size=(N, 5))
    x[:, 0] += np.where(y[:, 0], 0.25, -0.25)
    seen, alone = as_views(x), AreaClassifier()
    context = AreaClassifier(in_context=True).fit(seen, y, groups=sessions, sessions=sessions)
    alone.fit(seen, y, groups=sessions)
    gain = ((context.out_of_fold_ > 0.5) == y).mean() - ((alone.out_of_fold_ > 0.5) == y).mean()
    assert gain > 0.1


def test_a_kind_has_its_own_classifier() -> None:
    """Notes in which the words mean the opposite do not disturb loose texts."""
    x, y, groups = made()
    half: tuple[list[Kind], list[Kind]] = (["text"], ["note"])
    kinds = half[0] * (N // 2) + half[1] * (N // 2)
    mixed = y.copy()
    mixed[N // 2 :] = ~mixed[N // 2 :]
    fitted = KindClassifier().fit(x, mixed, kinds=kinds, groups=groups)
    fresh, truth, _ = made(1)
    assert ((fitted.predict_proba(fresh) > 0.5) == truth).mean() > 0.8
    assert fitted.of_kind("transcript") is fitted.of_kind("text")


def test_readings_of_parts() -> None:
    x, y, groups = made()
    first = AreaClassifier().fit(x, y, groups=groups).first_[0]
    parts = np.stack([v.whole for v in x[:3]])
    one = np.empty(1, dtype=object)
    one[0] = Views(parts[0], parts)
    scores = sorted(first.decision_function(parts), reverse=True)
    np.testing.assert_allclose(
        read_views(first, one)[0],
        [first.decision_function(parts[:1])[0], scores[0], scores[1], np.mean(scores), np.log(3)],
    )


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
