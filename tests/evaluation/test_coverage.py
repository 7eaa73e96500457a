"""What abstaining buys."""

from __future__ import annotations

import json

import numpy as np
import pytest

from ipt_nlp.evaluation import margins, risk_coverage
from ipt_nlp.evaluation.coverage import COVERAGES

CUTS = np.full(4, 0.5)


def test_margins_by_hand() -> None:
    cuts = np.array([0.2, 0.5, 0.5, 0.5])
    p = np.array([[0.1, 0.0, 0.0, 1.0], [0.6, 0.5, 1.0, 0.0]])
    # 0.1 is half way down from 0.2 to 0, 0.6 half way up from it to 1.
    assert margins(p, cuts).tolist() == pytest.approx([(0.5 + 1) / 2, (0 + 0.5) / 2])


def test_dropping_what_is_unsure_drops_what_is_wrong() -> None:
    rng = np.random.default_rng(0)
    labels = rng.random((400, 4)) < 0.4
    sure = rng.random((400, 1)) < 0.7
    right = np.where(labels, 0.95, 0.05)
    p = np.where(sure, right, np.clip(0.5 + rng.normal(scale=0.05, size=(400, 4)), 0, 1))
    curve = risk_coverage(p, labels, np.ones_like(labels), CUTS, n_bootstrap=100)
    assert [point.coverage for point in curve.points] == list(COVERAGES)
    by_coverage = {point.coverage: point for point in curve.points}
    assert by_coverage[0.7].macro_f1 == 1
    assert by_coverage[1.0].macro_f1 < by_coverage[0.8].macro_f1 < 1
    assert [q.margin for q in curve.points] == sorted(q.margin for q in curve.points)
    assert curve.at_80.value == by_coverage[0.8].macro_f1
    assert curve.at_80.low < curve.at_80.value < curve.at_80.high
    assert json.loads(json.dumps(curve.to_dict(), allow_nan=False))


def test_cells_that_are_not_scored_count_neither_way() -> None:
    p = np.array([[0.9, 0.1, 0.1, 0.1]] * 10)
    labels = np.array([[True, True, False, False]] * 10)
    scored = np.array([[True, False, True, True]] * 10)
    curve = risk_coverage(p, labels, scored, CUTS, n_bootstrap=10)
    assert {point.macro_f1 for point in curve.points} == {1.0}
