"""Errors by rule and the worst of them."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from ipt_nlp.evaluation.errors import RuleErrors, errors_by_rule, worst_errors

CUTS = np.full(4, 0.5)
P = np.array([[0.9, 0.1, 0.1, 0.1], [0.6, 0.4, 0.1, 0.1], [0.1, 0.1, 0.1, 0.1]])
LABELS = np.array([[False, False, False, False], [True, True, False, False], [True, 0, 0, 0]], bool)
SCORED = np.ones_like(LABELS)


def test_errors_are_counted_for_each_rule() -> None:
    rules = [["job_loss"], ["job_loss", "job_loss", "institutions"], []]
    found = errors_by_rule(P, LABELS, SCORED, CUTS, rules)
    assert found == [
        RuleErrors("job_loss", 2, 2, missed=1, invented=1),
        RuleErrors("institutions", 1, 1, missed=1, invented=0),
    ]


def test_the_surest_error_comes_first() -> None:
    found = worst_errors(P, LABELS, SCORED, CUTS, n=2)
    assert [(e.row, e.area, e.labelled) for e in found] == [(0, "grief", False), (2, "grief", True)]


def test_cells_that_are_not_settled_are_no_errors() -> None:
    assert worst_errors(P, LABELS, SCORED & False, CUTS) == []


@given(st.integers(0, 50), st.integers(1, 40))
def test_only_wrong_areas_one_of_a_text(seed: int, n: int) -> None:
    rng = np.random.default_rng(seed)
    p, labels = rng.random((30, 4)), rng.random((30, 4)) < 0.5
    scored = rng.random((30, 4)) < 0.8
    found = worst_errors(p, labels, scored, CUTS, n=n)
    assert len({e.row for e in found}) == len(found) <= n
    assert all((e.probability >= e.threshold) != e.labelled for e in found)
