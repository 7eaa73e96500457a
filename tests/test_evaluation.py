from __future__ import annotations

import math

import numpy as np
import pytest

from ipt_nlp.evaluation import calibration_error, evaluate, f1_scores

THRESHOLDS = np.full(4, 0.5)


def made(n: int = 200) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    labels = rng.random((n, 4)) < 0.3
    probabilities = np.clip(labels * 0.6 + rng.random((n, 4)) * 0.45, 0, 1)
    return probabilities, labels, np.ones_like(labels)


def test_perfect_predictions_score_one() -> None:
    _, labels, scored = made()
    report = evaluate(labels.astype(float), labels, scored, THRESHOLDS, n_bootstrap=20)
    assert report.macro_f1.value == 1
    for area in report.areas:
        assert (area.precision, area.recall, area.average_precision) == (1, 1, 1)
        assert area.kappa == pytest.approx(1)
        assert area.brier_skill == pytest.approx(1)
        assert area.calibration_error == pytest.approx(0)


def test_f1_by_hand() -> None:
    predicted = np.array([[1, 0, 1, 0]] * 2 + [[1, 0, 0, 0]], dtype=bool)
    labels = np.array([[1, 0, 0, 1]] * 2 + [[0, 0, 1, 0]], dtype=bool)
    scores = f1_scores(predicted, labels, np.ones_like(labels))
    assert scores[0] == pytest.approx(4 / 5)
    assert math.isnan(scores[1])
    assert scores[2:].tolist() == [0, 0]


def test_masked_cells_count_neither_way() -> None:
    probabilities, labels, scored = made()
    wrong = probabilities.copy()
    wrong[:50] = 1 - labels[:50]
    scored[:50] = False
    report = evaluate(wrong, labels, scored, THRESHOLDS, n_bootstrap=10)
    clean = evaluate(probabilities[50:], labels[50:], scored[50:], THRESHOLDS, n_bootstrap=10)
    assert [a.f1.value for a in report.areas] == [a.f1.value for a in clean.areas]
    assert [a.kappa for a in report.areas] == [a.kappa for a in clean.areas]


def test_the_interval_holds_the_figure_and_repeats() -> None:
    probabilities, labels, scored = made()
    noisy = np.where(np.random.default_rng(1).random(labels.shape) < 0.2, 0.9, probabilities)
    first = evaluate(noisy, labels, scored, THRESHOLDS)
    again = evaluate(noisy, labels, scored, THRESHOLDS)
    assert first == again
    assert first.macro_f1.low < first.macro_f1.value < first.macro_f1.high


def test_each_source_has_its_figure() -> None:
    probabilities, labels, scored = made()
    sources = ["board"] * 120 + ["chat"] * 80
    report = evaluate(probabilities, labels, scored, THRESHOLDS, sources=sources, n_bootstrap=10)
    assert set(report.by_source) == {"board", "chat"}


def test_calibration_error_by_hand() -> None:
    probabilities = np.array([0.2] * 10 + [0.8] * 10)
    labels = np.array([True] * 2 + [False] * 8 + [True] * 10)
    assert calibration_error(probabilities, labels, n_bins=2) == pytest.approx(0.1)
