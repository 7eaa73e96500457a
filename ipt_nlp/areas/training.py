"""Labelled texts -> a bundle: fit, calibrate, choose thresholds and bands, write the card."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ipt_nlp import codebook
from ipt_nlp.areas.bundle import (
    Bands,
    CorpusFingerprint,
    save_bundle,
    shipped_bundle,
    trust,
)
from ipt_nlp.areas.card import model_card
from ipt_nlp.areas.classifier import F1_TOLERANCE, area_pipeline, best_thresholds
from ipt_nlp.areas.encoder import ENCODER_FILES
from ipt_nlp.areas.kinds import KindClassifier
from ipt_nlp.areas.scoring import Progress, encode_views
from ipt_nlp.areas.views import ViewEncoder
from ipt_nlp.corpus import LabelledTexts, fingerprint
from ipt_nlp.errors import OptionError
from ipt_nlp.evaluation import Report, evaluate, label_arrays
from ipt_nlp.transcript import Kind

QUEUE_SHARE = 0.15
MIXED_BAND = 0.15
TOLERANCES: dict[Kind, float] = {"text": 0.03}
"""Loose texts differ most from whatever was learned from, so their thresholds are the lowest."""
_SEED = 0


@dataclass(frozen=True)
class TrainOptions:
    """What is trained. ``estimator`` is the dotted path of a scikit-learn classifier."""

    name: str = "ipt-areas"
    version: str = "0.1.0"
    estimator: str = "sklearn.linear_model.LogisticRegression"
    parameters: Mapping[str, Any] = field(
        default_factory=lambda: {"C": 1.0, "class_weight": "balanced", "max_iter": 1000}
    )
    calibration: str = "sigmoid"
    n_folds: int = 5

    @classmethod
    def from_toml(cls, path: Path) -> TrainOptions:
        """Options from a file such as ``training/areas.toml``.

        Raises:
            OptionError: Not TOML, or a key that is no option.
        """
        try:
            return cls(**tomllib.loads(path.read_text(encoding="utf-8")))
        except FileNotFoundError:
            raise OptionError(f"--config: no file {path.name!r}") from None
        except (tomllib.TOMLDecodeError, UnicodeDecodeError, TypeError) as error:
            raise OptionError(f"--config: {path.name}: {error}") from None

    def build(self) -> Any:
        """The estimator, not fitted.

        Raises:
            OptionError: Not a scikit-learn class, or parameters it does not take.
        """
        module, _, name = self.estimator.rpartition(".")
        if module.split(".")[0] != "sklearn":
            raise OptionError("--config: estimator must be a class of scikit-learn (sklearn.…)")
        try:
            estimator = getattr(import_module(module), name)(**self.parameters)
        except (ImportError, AttributeError, TypeError) as error:
            raise OptionError(f"--config: estimator: {error}") from None
        if "random_state" in estimator.get_params():
            estimator.set_params(random_state=_SEED)
        return estimator


@dataclass(frozen=True)
class Trained:
    """A bundle that was written: where, its digest, and its cross-validated figures by kind."""

    path: Path
    digest: str
    reports: Mapping[Kind, Report]


def train_bundle(
    texts: LabelledTexts,
    output: Path,
    *,
    corpus_names: Sequence[str],
    client_data: bool,
    options: TrainOptions | None = None,
    encoder: Path | None = None,
    progress: Progress | None = None,
    trusted: bool = True,
    notes: str = "",
    calibrate: NDArray[np.bool_] | None = None,
) -> Trained:
    """Fit a bundle and add it to the user's own trust file.

    Thresholds and bands are chosen on out-of-fold probabilities, with every client or writer on
    one side of each fold. The same input gives the same digest.

    Args:
        texts: What to learn from.
        output: Folder of the new bundle.
        corpus_names: For the manifest and the card.
        client_data: Whether any text comes from clients: the bundle is then client data too.
        options: Estimator and calibration; logistic regression by default.
        encoder: Folder of encoder weights; those of the shipped bundle by default.
        progress: Told how many texts are encoded.
        trusted: Whether to add the digest to the trust file.
        notes: Markdown that the card ends with.
        calibrate: Texts (n_texts,) that the encoder was not trained on, where it was trained;
            thresholds, bands and calibration come from these alone.

    Raises:
        BundleError: The output folder holds other files.
        OptionError: The estimator cannot be made, or the labels do not suffice for it.
    """
    options = options or TrainOptions()
    weights = encoder or shipped_bundle() / "encoder"
    view_encoder = ViewEncoder(path=str(weights))
    seen = encode_views(view_encoder, texts.texts, progress)
    labels, scored = label_arrays(texts)
    classifier = KindClassifier(options.build(), options.calibration, options.n_folds)
    try:
        classifier.fit(
            seen,
            labels,
            kinds=texts.kinds,
            groups=texts.groups,
            scored=scored,
            sessions=texts.sessions,
            whole=texts.whole,
            calibrate=calibrate,
        )
    except ValueError as error:
        raise OptionError(f"these labels do not suffice: {error}") from None
    thresholds: dict[Kind, dict[str, float]] = {}
    bands: dict[Kind, Bands] = {}
    reports: dict[Kind, Report] = {}
    for kind in classifier.classifiers_:
        rows = np.flatnonzero(
            (np.asarray(texts.kinds) == kind)
            & np.asarray(texts.whole)
            & (True if calibrate is None else calibrate)
        )
        probabilities = classifier.out_of_fold_[rows]
        cuts = best_thresholds(
            probabilities, labels[rows], scored[rows], TOLERANCES.get(kind, F1_TOLERANCE)
        )
        known = np.nan_to_num(probabilities)
        thresholds[kind] = {
            area: round(float(t), 4) for area, t in zip(codebook.AREAS, cuts, strict=True)
        }
        bands[kind] = choose_bands(known, cuts)
        reports[kind] = evaluate(known, labels[rows], scored[rows], cuts)
    del classifier.out_of_fold_
    fingerprints = (
        CorpusFingerprint(
            name=", ".join(Path(n).name for n in corpus_names),
            rows=len(texts),
            sha256=fingerprint(texts),
        ),
    )
    digest = save_bundle(
        output,
        area_pipeline(view_encoder, classifier),
        card=model_card(
            options.name, options.version, reports, thresholds, fingerprints, client_data
        )
        + notes,
        encoder_files={name: (weights / name).read_bytes() for name in ENCODER_FILES},
        name=options.name,
        version=options.version,
        thresholds=thresholds,
        bands=bands,
        calibration=options.calibration,
        client_data=client_data,
        corpora=fingerprints,
        metrics={f"cross-validated {kind}": asdict(report) for kind, report in reports.items()},
    )
    if trusted:
        trust(digest)
    return Trained(output, digest, reports)


def choose_bands(probabilities: NDArray[np.float64], thresholds: NDArray[np.float64]) -> Bands:
    """Bands that send at most ``QUEUE_SHARE`` of texts to a supervisor."""
    present = probabilities >= thresholds
    ranked = np.sort(probabilities, axis=1)[:, ::-1]
    mixed = (present.sum(axis=1) > 1) & (ranked[:, 0] - ranked[:, 1] < MIXED_BAND)
    margins = np.abs(probabilities - thresholds).min(axis=1)
    room = QUEUE_SHARE - float(mixed.mean())
    if room <= 0:
        return Bands(low_confidence=0.0, mixed=0.0)
    rest = np.sort(margins[~mixed])
    count = min(int(room * len(probabilities)), len(rest) - 1)
    return Bands(low_confidence=round(float(max(0.0, rest[max(0, count)])), 4), mixed=MIXED_BAND)
