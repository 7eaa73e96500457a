"""Labelled texts -> a bundle: fit, calibrate, choose thresholds and bands, write the card."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping, Sequence
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
    open_bundle,
    save_bundle,
    shipped_bundle,
    trust,
)
from ipt_nlp.areas.card import model_card
from ipt_nlp.areas.classifier import AreaClassifier, area_pipeline, best_thresholds
from ipt_nlp.areas.encoder import ENCODER_FILES, SentenceEncoder
from ipt_nlp.corpus import LabelledTexts, fingerprint
from ipt_nlp.errors import OptionError
from ipt_nlp.evaluation import Report, evaluate, label_arrays

Progress = Callable[[int, int], None]
"""Called with texts encoded so far and texts in all."""

QUEUE_SHARE = 0.15
MIXED_BAND = 0.15
_CHUNK = 64
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
    """A bundle that was written: where, its digest, and its cross-validated figures."""

    path: Path
    digest: str
    report: Report


def train_bundle(
    texts: LabelledTexts,
    output: Path,
    *,
    corpus_names: Sequence[str],
    client_data: bool,
    options: TrainOptions | None = None,
    encoder: Path | None = None,
    progress: Progress | None = None,
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

    Raises:
        BundleError: The output folder holds other files.
        OptionError: The estimator cannot be made, or the labels do not suffice for it.
    """
    options = options or TrainOptions()
    weights = encoder or shipped_bundle() / "encoder"
    sentence_encoder = SentenceEncoder(path=str(weights))
    embeddings = _encode(sentence_encoder, texts.texts, progress)
    labels, scored = label_arrays(texts)
    classifier = AreaClassifier(options.build(), options.calibration, options.n_folds)
    try:
        classifier.fit(embeddings, labels, groups=texts.groups, scored=scored)
    except ValueError as error:
        raise OptionError(f"these labels do not suffice: {error}") from None
    probabilities = classifier.out_of_fold_
    thresholds = best_thresholds(probabilities, labels, scored)
    report = evaluate(np.nan_to_num(probabilities), labels, scored, thresholds)
    bands = choose_bands(np.nan_to_num(probabilities), thresholds)
    del classifier.out_of_fold_
    fingerprints = (
        CorpusFingerprint(
            name=", ".join(Path(n).name for n in corpus_names),
            rows=len(texts),
            sha256=fingerprint(texts),
        ),
    )
    by_key = {k: round(float(t), 4) for k, t in zip(codebook.AREAS, thresholds, strict=True)}
    digest = save_bundle(
        output,
        area_pipeline(sentence_encoder, classifier),
        card=model_card(options.name, options.version, report, by_key, fingerprints, client_data),
        encoder_files={name: (weights / name).read_bytes() for name in ENCODER_FILES},
        name=options.name,
        version=options.version,
        thresholds=by_key,
        bands=bands,
        calibration=options.calibration,
        client_data=client_data,
        corpora=fingerprints,
        metrics={"cross_validated_on_training_corpora": asdict(report)},
    )
    trust(digest)
    open_bundle(output)
    return Trained(output, digest, report)


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


def _encode(
    encoder: SentenceEncoder, texts: Sequence[str], progress: Progress | None
) -> NDArray[np.float32]:
    parts = []
    for start in range(0, len(texts), _CHUNK):
        parts.append(encoder.transform(texts[start : start + _CHUNK]))
        if progress is not None:
            progress(min(start + _CHUNK, len(texts)), len(texts))
    return np.concatenate(parts)
