"""Fit the risk reader on IPT-Synth: thresholds from predictions out of fold, recall first.

    python -m training.risk --output FILE [--encoder DIR] [--cache FILE]

Reads the train and validation splits of ``corpora/ipt-synth`` (test stays unseen) and writes one
``joblib`` file for a bundle. The same corpus, encoder and libraries give the same predictions.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import pickle
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import GroupKFold

from ipt_nlp.areas.bundle import shipped_bundle
from ipt_nlp.areas.encoder import ENCODER_FILES, SentenceEncoder
from ipt_nlp.clauses.risk import RiskReader, risk_input
from ipt_nlp.clauses.risk_model import FLAGS, KINDS, Bools, Floats, RiskInput, RiskModel
from ipt_nlp.clauses.risk_status import Place, StatusModel
from ipt_nlp.clauses.risk_units import read_rules
from ipt_nlp.language.pipeline import load_language
from ipt_nlp.language.risk import find_rules
from ipt_nlp.transcript import Kind
from training.risk_texts import Answer, RiskText, as_speech, read_risk_texts, unit_labels

ROOT = Path(__file__).resolve().parent.parent
CORPUS = ROOT / "corpora" / "ipt-synth"
SPLITS = ("train", "validation")

LEAST_PRECISION: dict[Kind, tuple[float, float, float]] = {
    "text": (0.35, 0.45, 0.3),
    "transcript": (0.4, 0.25, 0.25),
    "note": (0.25, 0.25, 0.25),
}
"""For each of ``FLAGS``: thresholds go as low as this precision of texts allows, out of fold.
In the posts that they come from harm to self is three times as frequent as in what people post."""

ENOUGH_RECALL = 0.97
"""They go no lower than this needs: what is left to be found would cost too many false flags."""

MOST = 0.25
"""No threshold is above this: where rules find nearly all that a part holds, as in its notes, its
texts say nothing of what rules do not know."""

THRESHOLD_PARTS: dict[Kind, tuple[str, ...]] = {
    "text": ("posts_open",),
    "transcript": ("sessions", "sessions_open"),
    "note": ("notes",),
}
"""Where the thresholds of a kind come from: of loose texts the posts that were written before they
were labelled, for in the others risk is told too clearly and too often."""


def make_inputs(
    texts: Sequence[RiskText], encoder: Path, cache: Path | None = None
) -> list[RiskInput]:
    """Texts as the classifier sees them; ``cache`` keeps what the encoder said (a pickle)."""
    known: dict[str, RiskInput] = {}
    if cache is not None and cache.exists():
        known = pickle.loads(cache.read_bytes())
    nlp, reader = load_language(), SentenceEncoder(encoder, n_threads=1)
    weights = hashlib.sha256((encoder / ENCODER_FILES[0]).read_bytes()).hexdigest()
    made = []
    for item in texts:
        key = hashlib.sha256(
            f"{weights}\x1f{item.text}\x1f{item.roles}\x1f{item.kind}".encode()
        ).hexdigest()
        if key not in known:
            states = reader.encode([item.text])[0]
            known[key] = risk_input(nlp(item.text), states, item.kind, item.roles)
        # The rules may have changed since.
        rules = read_rules(item.text, known[key].units, find_rules(item.text))
        made.append(replace(known[key], rules=rules))
    if cache is not None:
        cache.write_bytes(pickle.dumps(known))
    return made


def labelled_units(
    texts: Sequence[RiskText], inputs: Sequence[RiskInput]
) -> tuple[Bools, Floats, list[list[Place]], list[list[Answer]]]:
    """``unit_labels`` of many texts: units one after the other, flagged places text by text."""
    found = [
        unit_labels(text, [(u.start_char, u.end_char) for u in item.units])
        for text, item in zip(texts, inputs, strict=True)
    ]
    return (
        np.concatenate([own for own, _, _ in found]),
        np.concatenate([weight for _, weight, _ in found]),
        [list(flagged) for _, _, flagged in found],
        [list(flagged.values()) for _, _, flagged in found],
    )


def text_scores(inputs: Sequence[RiskInput], probabilities: Floats) -> Floats:
    """(n_texts, n_flags): the highest probability of a unit, at least 0.9 where a rule is sure."""
    found = np.zeros((len(inputs), len(FLAGS)))
    at = 0
    for row, item in enumerate(inputs):
        n = len(item.units)
        if n:
            own = probabilities[at : at + n]
            client = np.array([[u.role != "therapist"] for u in item.units])
            sure = (item.rules.fired[:, : len(FLAGS)] > 0) & client
            found[row] = np.maximum(own, np.where(sure, 0.9, 0.0)).max(axis=0)
        at += n
    return found


def text_labels(texts: Sequence[RiskText]) -> Bools:
    """(n_texts, n_flags)."""
    return np.array([[any(s.flag == f for s in t.spans) for f in FLAGS] for t in texts], dtype=bool)


def recall_first(scores: Floats, labels: Bools, scored: Bools, least: Sequence[float]) -> Floats:
    """For each flag the lowest threshold of texts at which precision is still ``least``, or one
    above it that finds enough."""
    found = np.ones(len(FLAGS))
    for column in range(len(FLAGS)):
        settled = np.flatnonzero(scored[:, column])
        order = settled[np.argsort(-scores[settled, column], kind="stable")]
        hits = np.cumsum(labels[order, column])
        precision = hits / np.arange(1, len(order) + 1)
        enough = hits - labels[order, column] < ENOUGH_RECALL * max(1, hits[-1])
        good = np.flatnonzero((precision >= least[column]) & enough)
        found[column] = scores[order[good[-1]], column] if len(good) else 1.0
    return found


def fit(
    texts: Sequence[RiskText], inputs: Sequence[RiskInput], *, seed: int = 0
) -> tuple[RiskReader, Floats]:
    """A reader, and the unit probabilities out of fold from which its thresholds come.

    The thresholds of a kind come from all texts of that kind where its parts are missing, and from
    all texts where there are none.
    """
    labels, weights, places, answers = labelled_units(texts, inputs)
    groups = [t.group for t in texts]
    flags = RiskModel(seed=seed).fit(inputs, labels, weights, groups)
    scores, truth = text_scores(inputs, flags.out_of_fold_), text_labels(texts)
    scored = np.array([[f not in t.unscored for f in FLAGS] for t in texts])
    written = np.array([not t.id.endswith("-speech") for t in texts])
    thresholds = np.ones((len(KINDS), len(FLAGS)))
    metrics: dict[str, dict[str, dict[str, float]]] = {}
    for place, kind in enumerate(KINDS):
        of_part = written & np.array([t.part in THRESHOLD_PARTS[kind] for t in texts])
        of_kind = written & np.array([t.kind == kind for t in texts])
        rows = next(found for found in (of_part, of_kind, written) if found.any())
        thresholds[place] = np.minimum(
            MOST, recall_first(scores[rows], truth[rows], scored[rows], LEAST_PRECISION[kind])
        )
        metrics[kind] = _metrics(scores[rows], truth[rows], scored[rows], thresholds[place])
    statuses = StatusModel(seed=seed).fit(inputs, places, answers)
    out_of_fold: Floats = flags.out_of_fold_
    del flags.out_of_fold_
    return RiskReader(flags, statuses, thresholds, {"texts_out_of_fold": metrics}), out_of_fold


def _metrics(
    scores: Floats, truth: Bools, scored: Bools, thresholds: Floats
) -> dict[str, dict[str, float]]:
    reached = (scores >= thresholds) & scored
    hits = (reached & truth).sum(axis=0)
    positives = (truth & scored).sum(axis=0)
    return {
        flag: {
            "positives": int(positives[c]),
            "recall": float(hits[c] / max(1, positives[c])),
            "precision": float(hits[c] / max(1, reached[:, c].sum())),
            "threshold": float(thresholds[c]),
        }
        for c, flag in enumerate(FLAGS)
    }


def status_accuracy(
    inputs: Sequence[RiskInput],
    places: Sequence[Sequence[Place]],
    answers: Sequence[Sequence[Answer]],
    groups: Sequence[str],
) -> dict[str, float]:
    """Share of flagged units with the right status and, apart from it, subject, out of fold."""
    right: list[tuple[bool, bool]] = []
    rows = np.arange(len(inputs))
    for train, test in GroupKFold(5).split(rows, groups=np.asarray(groups, dtype=object)):
        model = StatusModel().fit(
            [inputs[i] for i in train], [places[i] for i in train], [answers[i] for i in train]
        )
        for i in test:
            told = model.predict(inputs[i], places[i])
            right += [
                (a[0] == b[0], a[1] == b[1] or FLAGS[p[1]] == "risk_harm_to_other")
                for a, b, p in zip(told, answers[i], places[i], strict=True)
            ]
    shares: NDArray[Any] = np.array(right, dtype=float).mean(axis=0)
    return {"status": float(shares[0]), "subject": float(shares[1])}


def training_texts() -> list[RiskText]:
    """Texts of the train and validation splits, and copies as speech of those that carry risk."""
    texts = read_risk_texts(CORPUS, SPLITS)
    spoken = [as_speech(t) for t in texts if t.spans and len(t.text) == len(t.text.lower())]
    return texts + spoken


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--encoder", type=Path, default=shipped_bundle() / "encoder")
    parser.add_argument("--cache", type=Path, help="keeps encoded texts between runs")
    options = parser.parse_args()
    texts = training_texts()
    inputs = make_inputs(texts, options.encoder, options.cache)
    reader, _ = fit(texts, inputs)
    _, _, places, answers = labelled_units(texts, inputs)
    reader.metrics["out_of_fold"] = status_accuracy(
        inputs, places, answers, [t.group for t in texts]
    )
    options.output.write_bytes(reader.to_bytes())
    print(json.dumps(reader.metrics, indent=1))
    print(f"{options.output.stat().st_size / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
