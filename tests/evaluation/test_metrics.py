from __future__ import annotations

import json
import math
import warnings
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import numpy as np
import pytest
from sklearn.metrics import brier_score_loss, cohen_kappa_score
from typer.testing import CliRunner

from ipt_nlp.areas.bundle import Bundle
from ipt_nlp.areas.scoring import ScoredTexts, score_texts
from ipt_nlp.cli import app
from ipt_nlp.corpus import LabelledTexts
from ipt_nlp.errors import CorpusError
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
        assert area.kappa.value == pytest.approx(1)
        assert area.brier_skill.value == pytest.approx(1)
        assert area.calibration_error.value == pytest.approx(0)
        assert area.brier.value == 0
    assert report.kappa.value == pytest.approx(1)


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
    assert [a.kappa.value for a in report.areas] == [a.kappa.value for a in clean.areas]


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


@pytest.mark.filterwarnings("error")
def test_an_area_that_is_scored_nowhere_has_no_figures() -> None:
    probabilities, labels, scored = made()
    scored[:, 0] = False
    report = evaluate(probabilities, labels, scored, THRESHOLDS, n_bootstrap=10)
    area = report.areas[0]
    assert (area.scored, area.positives) == (0, 0)
    assert all(map(math.isnan, [area.f1.value, area.f1.low, area.precision, area.kappa.value]))
    assert report.macro_f1.low <= report.macro_f1.value <= 1


@pytest.mark.filterwarnings("error")
def test_nothing_scored_at_all_has_no_figures() -> None:
    probabilities, labels, scored = made(20)
    sources = ["board"] * 10 + ["chat"] * 10
    scored[:10] = False
    report = evaluate(probabilities, labels, scored, THRESHOLDS, sources=sources, n_bootstrap=10)
    assert math.isnan(report.by_source["board"].macro_f1.value)
    assert report.by_source["chat"].macro_f1.value > 0
    none = evaluate(probabilities, labels, scored & False, THRESHOLDS, n_bootstrap=10)
    assert math.isnan(none.macro_f1.value)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("label", [False, True])
def test_a_one_sided_area_is_null_in_json(label: bool) -> None:
    probabilities, labels, scored = made()
    labels[:, 0] = label
    probabilities[:, 0] = 0.1
    report = evaluate(probabilities, labels, scored, THRESHOLDS, n_bootstrap=10)
    area = json.loads(json.dumps(report.to_dict(), allow_nan=False))["areas"][0]
    assert area["area"] == "grief"
    assert area["kappa"]["value"] is area["brier_skill"]["value"] is None
    assert area["average_precision"] is None
    assert area["f1"] == (dict.fromkeys(["value", "low", "high"], 0 if label else None))


def test_the_command_prints_null_and_warns_of_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    probabilities, labels, scored = made(30)
    scored[:, 0] = False
    labels[:, 1] = probabilities[:, 1] = 0
    found = ScoredTexts(
        probabilities, THRESHOLDS, labels, scored, ("board",) * 30, ("text",) * 30, tuple(range(30))
    )
    monkeypatch.setattr("ipt_nlp.areas.bundle.open_bundle", lambda _: None)
    monkeypatch.setattr("ipt_nlp.areas.scoring.score_texts", lambda *_: found)
    corpus = tmp_path / "c.jsonl"
    corpus.write_text('{"text": "My wife yells at me.", "areas": ["conflict"]}\n' * 30)
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always", RuntimeWarning)
        result = CliRunner().invoke(
            app, ["evaluate", "--corpus", str(corpus), "--json", "--no-baselines"]
        )
    assert result.exit_code == 0, result.output
    assert "NaN" not in result.stdout
    areas = json.loads(result.stdout)["areas"]
    assert areas[0]["f1"]["value"] is areas[1]["kappa"]["value"] is None
    assert [w for w in warned if w.category is RuntimeWarning] == []


def test_single_turns_alone_cannot_be_scored() -> None:
    empty: frozenset[str] = frozenset()
    texts = LabelledTexts(
        ids=("a",),
        texts=("I see.",),
        areas=(empty,),
        unscored=(empty,),
        groups=("c1",),
        sources=("session",),
        rules=((),),
        kinds=("transcript",),
        sessions=("1",),
        whole=(False,),
        splits=("",),
    )
    with pytest.raises(CorpusError, match="only single turns"):
        score_texts(cast(Bundle, SimpleNamespace(encoder=None)), texts)


def test_resampled_figures_agree_with_scikit_learns() -> None:
    """Counts over many resamples at once give what the plain functions give of the texts."""
    probabilities, labels, scored = made(150)
    noisy = np.where(np.random.default_rng(1).random(labels.shape) < 0.3, 0.7, probabilities)
    scored[:40, 2] = False
    report = evaluate(noisy, labels, scored, THRESHOLDS, n_bootstrap=5)
    for column, area in enumerate(report.areas):
        known = scored[:, column]
        p, y = noisy[known, column], labels[known, column]
        assert area.kappa.value == pytest.approx(cohen_kappa_score(y, p >= 0.5))
        assert area.brier.value == pytest.approx(brier_score_loss(y, p))
        rate = y.mean()
        assert area.brier_skill.value == pytest.approx(1 - area.brier.value / (rate * (1 - rate)))
        assert area.calibration_error.value == pytest.approx(calibration_error(p, y))
        assert sum(b.texts for b in area.bins) == known.sum()
    cells = scored.ravel()
    assert report.kappa.value == pytest.approx(
        cohen_kappa_score(labels.ravel()[cells], noisy.ravel()[cells] >= 0.5)
    )


def test_every_interval_holds_its_figure() -> None:
    probabilities, labels, scored = made()
    noisy = np.where(np.random.default_rng(1).random(labels.shape) < 0.2, 0.9, probabilities)
    report = evaluate(noisy, labels, scored, THRESHOLDS, n_bootstrap=300)
    for area in report.areas:
        for found in (area.f1, area.kappa, area.brier, area.brier_skill):
            assert found.low < found.value < found.high
