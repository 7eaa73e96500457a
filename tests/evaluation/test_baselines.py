"""Baselines learn, stay in their folds, and get thresholds of their own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from ipt_nlp.codebook import AREAS
from ipt_nlp.corpus import LabelledTexts
from ipt_nlp.errors import CorpusError
from ipt_nlp.evaluation import f1_scores, label_arrays
from ipt_nlp.evaluation.baselines import run_baselines
from ipt_nlp.transcript import Kind

WORDS = dict(zip(AREAS, ("funeral", "retirement", "quarrel", "alone"), strict=True))
KIND: Kind = "text"


def made(n: int, *, writers: int = 6) -> LabelledTexts:
    rng = np.random.default_rng(n)
    areas = [frozenset(a for a in AREAS if rng.random() < 0.4) for _ in range(n)]
    texts = [
        " ".join(["today", *(WORDS[a] for a in sorted(row)), f"n{i}"])
        for i, row in enumerate(areas)
    ]
    return LabelledTexts(
        ids=tuple(map(str, range(n))),
        texts=tuple(texts),
        areas=tuple(areas),
        unscored=(frozenset(),) * n,
        groups=tuple(f"w{i % writers}" for i in range(n)),
        sources=("made",) * n,
        rules=((),) * n,
        kinds=(KIND,) * n,
        sessions=tuple(map(str, range(n))),
        whole=(True,) * n,
        splits=("train",) * n,
    )  # fmt: skip


def counts(texts: Sequence[str]) -> Any:
    return np.array([[t.count(w) for w in WORDS.values()] for t in texts], dtype=float)


def test_every_baseline_is_run_and_the_learners_learn() -> None:
    test = made(60)
    named: list[str] = []
    found = list(
        run_baselines(
            made(240), test.texts, test.kinds, encoders={"counts": counts}, step=named.append
        )
    )
    assert [b.name for b in found] == named
    assert named == [
        "majority",
        "TF-IDF + logistic regression",
        "spaCy bag of words",
        "counts + logistic regression",
    ]
    labels, scored = label_arrays(test)
    for one in found:
        assert one.probabilities.shape == one.thresholds.shape == labels.shape
        if one.name == "majority":
            assert not (one.probabilities >= one.thresholds).any()
        else:
            assert roc_auc_score(labels, one.probabilities) > 0.95
            f1 = f1_scores(one.probabilities >= one.thresholds, labels, scored)
            # Of the bag of words a tenth of the texts has to do for the thresholds.
            assert f1.min() > (0.5 if one.name.startswith("spaCy") else 0.95)


def test_what_is_scored_is_not_learned_from() -> None:
    train = made(40)
    with pytest.raises(CorpusError, match="--no-baselines"):
        next(run_baselines(train, train.texts, train.kinds))


def test_one_writer_is_not_enough() -> None:
    with pytest.raises(CorpusError, match="two clients or writers"):
        next(run_baselines(made(40, writers=1), ["x"], [KIND]))
