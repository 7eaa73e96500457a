"""What simple means reach on the same texts: every figure of a bundle is read beside these.

All learn from the same labelled texts, keep clients and writers on one side of each fold, and get
their thresholds for each kind of text as a bundle does: out of fold.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.base import clone
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold, cross_val_predict

from ipt_nlp import codebook
from ipt_nlp.areas.classifier import best_thresholds
from ipt_nlp.areas.kinds import stand_in
from ipt_nlp.corpus import LabelledTexts
from ipt_nlp.errors import CorpusError
from ipt_nlp.evaluation.metrics import Bools, Floats, label_arrays
from ipt_nlp.transcript import Kind

N_FOLDS = 3
SPACY_EPOCHS = 5
SPACY_UPDATES = 1000
"""At least so many, however few the texts."""
SPACY_BATCH = 16
_SEED = 0

Embed = Callable[[Sequence[str]], Any]
"""Texts -> embeddings (n_texts, n_dimensions)."""
Step = Callable[[str], None]
"""Told which baseline comes next."""


@dataclass(frozen=True)
class Baseline:
    """Probabilities of the scored texts and the thresholds for each, both (n_texts, 4)."""

    name: str
    probabilities: Floats
    thresholds: Floats


@dataclass(frozen=True)
class _Texts:
    """Texts to learn from, as a baseline sees them."""

    texts: tuple[str, ...]
    labels: Bools
    scored: Bools
    groups: tuple[str, ...]
    kinds: tuple[Kind, ...]


def run_baselines(
    train: LabelledTexts,
    texts: Sequence[str],
    kinds: Sequence[Kind],
    *,
    encoders: dict[str, Embed] | None = None,
    step: Step | None = None,
) -> Iterator[Baseline]:
    """Each baseline's probabilities for texts.

    Args:
        train: What to learn from; texts that are among ``texts`` are left out.
        texts: What is scored.
        kinds: Kind of each of ``texts``.
        encoders: Name -> embeddings, for a plain logistic regression on each.
        step: Told the name of each baseline before it is made.

    Raises:
        CorpusError: Too few texts or clients to learn from.
    """
    known = _learnable(train, frozenset(texts))
    linear = LogisticRegression(C=3.0, class_weight="balanced", max_iter=1000)
    makers: dict[str, Callable[[], tuple[Floats, Floats]]] = {
        "majority": lambda: _majority(known, len(texts)),
        "TF-IDF + logistic regression": lambda: _tfidf(linear, known, texts),
        "spaCy bag of words": lambda: _spacy(known, texts),
    }
    for name, embed in (encoders or {}).items():
        makers[f"{name} + logistic regression"] = _linear_on(embed, linear, known, texts)
    for name, make in makers.items():
        if step is not None:
            step(name)
        try:
            out_of_fold, probabilities = make()
        except ValueError as error:
            raise CorpusError(f"baseline {name!r}: these texts do not suffice: {error}") from None
        yield Baseline(name, probabilities, _thresholds(name, known, out_of_fold, kinds))


def _linear_on(
    embed: Embed, linear: Any, known: _Texts, texts: Sequence[str]
) -> Callable[[], tuple[Floats, Floats]]:
    return lambda: _fitted(linear, known, embed(known.texts), embed(texts))


def _tfidf(linear: Any, known: _Texts, texts: Sequence[str]) -> tuple[Floats, Floats]:
    words = TfidfVectorizer(ngram_range=(1, 2), min_df=2, sublinear_tf=True, dtype=np.float32)
    return _fitted(linear, known, words.fit_transform(known.texts), words.transform(texts))


def _learnable(train: LabelledTexts, scored_texts: frozenset[str]) -> _Texts:
    labels, scored = label_arrays(train)
    # Single turns are left out: the tagger never sees them alone, and they would triple the time.
    keep = [i for i, t in enumerate(train.texts) if train.whole[i] and t not in scored_texts]
    if len({train.groups[i] for i in keep}) < 2:
        raise CorpusError(
            "baselines need texts of two clients or writers that are not scored; "
            "name them with --train-corpus, or use --no-baselines"
        )
    return _Texts(
        tuple(train.texts[i] for i in keep),
        labels[keep],
        scored[keep],
        tuple(train.groups[i] for i in keep),
        tuple(train.kinds[i] for i in keep),
    )


def _folds(known: _Texts, rows: Any) -> list[Any]:
    groups = np.asarray(known.groups, dtype=object)[rows]
    n_folds = min(N_FOLDS, len(set(groups.tolist())))
    return list(GroupKFold(n_folds).split(rows, groups=groups))


def _majority(known: _Texts, n_texts: int) -> tuple[Floats, Floats]:
    rates = np.array(
        [known.labels[known.scored[:, c], c].mean() for c in range(known.labels.shape[1])]
    )
    return np.tile(rates, (len(known.texts), 1)), np.tile(rates, (n_texts, 1))


def _fitted(estimator: Any, known: _Texts, learned: Any, unseen: Any) -> tuple[Floats, Floats]:
    """Calibrated probabilities, out of fold for what it learned from, and of unseen texts."""
    out_of_fold = np.full(known.labels.shape, np.nan)
    found = np.empty((unseen.shape[0], known.labels.shape[1]))
    for column in range(known.labels.shape[1]):
        rows = np.flatnonzero(known.scored[:, column])
        labels = known.labels[rows, column]
        raw = cross_val_predict(
            clone(estimator),
            learned[rows],
            labels,
            cv=_folds(known, rows),
            method="decision_function",
        ).reshape(-1, 1)
        # Platt's calibration on out-of-fold scores, of the estimator that learned from all.
        platt = LogisticRegression(C=1e6, max_iter=1000).fit(raw, labels)
        out_of_fold[rows, column] = platt.predict_proba(raw)[:, 1]
        scores = (
            clone(estimator).fit(learned[rows], labels).decision_function(unseen).reshape(-1, 1)
        )
        found[:, column] = platt.predict_proba(scores)[:, 1]
    return out_of_fold, found


def _spacy(known: _Texts, texts: Sequence[str]) -> tuple[Floats, Floats]:
    rows = np.arange(len(known.texts))
    groups = np.asarray(known.groups, dtype=object)
    n_parts = min(10, len(set(known.groups)))
    # One part is enough for four thresholds, and training again on all would double the time.
    train, held_out = next(iter(GroupKFold(n_parts).split(rows, groups=groups)))
    out_of_fold = np.full(known.labels.shape, np.nan)
    held_texts = [known.texts[i] for i in held_out]
    found = _spacy_probabilities(known, train, [*held_texts, *texts])
    out_of_fold[held_out] = found[: len(held_texts)]
    return out_of_fold, found[len(held_texts) :]


def _spacy_probabilities(known: _Texts, rows: Any, texts: Sequence[str]) -> Floats:
    import spacy
    from spacy.training import Example
    from thinc.api import fix_random_seed

    fix_random_seed(_SEED)
    nlp = spacy.blank("en")
    model = {
        "@architectures": "spacy.TextCatBOW.v3",
        "exclusive_classes": False,
        "ngram_size": 1,
        "no_output_layer": False,
        "length": 65536,
    }
    textcat = nlp.add_pipe("textcat_multilabel", config={"model": model})
    for area in codebook.AREAS:
        textcat.add_label(area)  # type: ignore[attr-defined]
    examples = []
    for i in rows:
        # A cell without a settled label is a missing category, which spaCy leaves out of the loss.
        cats = {
            area: float(known.labels[i, c])
            for c, area in enumerate(codebook.AREAS)
            if known.scored[i, c]
        }
        examples.append(Example.from_dict(nlp.make_doc(known.texts[i]), {"cats": cats}))
    optimizer = nlp.initialize(lambda: examples[:500])
    shuffled = random.Random(_SEED)
    n_batches = -(-len(examples) // SPACY_BATCH)
    for _ in range(max(SPACY_EPOCHS, -(-SPACY_UPDATES // n_batches))):
        shuffled.shuffle(examples)
        for start in range(0, len(examples), SPACY_BATCH):
            nlp.update(examples[start : start + SPACY_BATCH], sgd=optimizer)
    return np.array([[doc.cats[a] for a in codebook.AREAS] for doc in nlp.pipe(texts)])


def _thresholds(name: str, known: _Texts, out_of_fold: Floats, kinds: Sequence[Kind]) -> Floats:
    found = np.full((len(kinds), known.labels.shape[1]), 0.5)
    if name == "majority":
        return found
    of_row = np.asarray(known.kinds, dtype=object)
    learned = list(dict.fromkeys(known.kinds))
    wanted = np.asarray(kinds, dtype=object)
    for kind in dict.fromkeys(kinds):
        rows = (of_row == stand_in(kind, learned)) & ~np.isnan(out_of_fold).all(axis=1)
        possible = (known.labels & known.scored)[rows].any(axis=0)
        if possible.all():
            found[wanted == kind] = best_thresholds(
                out_of_fold[rows], known.labels[rows], known.scored[rows]
            )
    return found
