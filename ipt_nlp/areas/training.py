"""Labelled texts -> a bundle: fit, calibrate, choose thresholds and bands, write the card."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, get_args

import numpy as np
from numpy.typing import NDArray

from ipt_nlp import codebook
from ipt_nlp.areas.bundle import (
    Bands,
    CorpusFingerprint,
    save_bundle,
    shipped_bundle,
    shipped_parts,
    trust,
)
from ipt_nlp.areas.card import card_figures, model_card
from ipt_nlp.areas.classifier import F1_TOLERANCE, area_pipeline, best_thresholds
from ipt_nlp.areas.encoder import ENCODER_FILES
from ipt_nlp.areas.kinds import KindClassifier
from ipt_nlp.areas.scoring import Progress, encode_views
from ipt_nlp.areas.search import Tried, build_estimator, search
from ipt_nlp.areas.view_cache import ViewCache
from ipt_nlp.areas.views import ViewEncoder
from ipt_nlp.corpus import LabelledTexts, fingerprint
from ipt_nlp.errors import OptionError
from ipt_nlp.evaluation import Report, RiskCoverage, evaluate, label_arrays, risk_coverage
from ipt_nlp.evaluation.errors import RuleErrors, errors_by_rule
from ipt_nlp.transcript import Kind

QUEUE_SHARE = 0.15
QUEUE_AIM = 0.13
"""Bands are chosen for a little less than ``QUEUE_SHARE``: new text is queued more often than the
text they were chosen on (15 to 16 % of the test split's segments and notes, aimed at 15 %)."""
MIXED_BANDS = (0.15, 0.12, 0.09, 0.06, 0.03, 0.0)
"""How close two present areas may be before they are called mixed: the widest that fits."""
TOLERANCES: dict[Kind, float] = {"text": 0.03}
"""Loose texts differ most from whatever was learned from, so their thresholds are the lowest."""


@dataclass(frozen=True)
class TrainOptions:
    """What is trained.

    ``estimator`` is the dotted path of a scikit-learn classifier, ``parameters`` what it is made
    with, ``grid`` values of parameters to choose from by cross-validation, and ``kinds`` what
    takes the place of parameters, chosen ones too, for single kinds of text.
    """

    name: str = "ipt-areas"
    version: str = "0.1.0"
    estimator: str = "sklearn.linear_model.LogisticRegression"
    parameters: Mapping[str, Any] = field(
        default_factory=lambda: {"C": 1.0, "class_weight": "balanced", "max_iter": 1000}
    )
    grid: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    kinds: Mapping[Kind, Mapping[str, Any]] = field(default_factory=dict)
    calibration: str = "sigmoid"
    n_folds: int = 5

    @classmethod
    def from_toml(cls, path: Path) -> TrainOptions:
        """Options from a file such as ``training/areas.toml``.

        Raises:
            OptionError: Not TOML, or a key that is no option.
        """
        try:
            options = cls(**tomllib.loads(path.read_text(encoding="utf-8")))
            if not isinstance(options.grid, dict) or not all(
                isinstance(v, list) and v for v in options.grid.values()
            ):
                raise TypeError("grid: a table, each parameter with a list of values")
            if not isinstance(options.kinds, dict) or not all(
                kind in get_args(Kind) and isinstance(v, dict) for kind, v in options.kinds.items()
            ):
                raise TypeError(
                    f"kinds: tables of parameters, each for one of {', '.join(get_args(Kind))}"
                )
        except FileNotFoundError:
            raise OptionError(f"--config: no file {path.name!r}") from None
        except (tomllib.TOMLDecodeError, UnicodeDecodeError, TypeError) as error:
            raise OptionError(f"--config: {path.name}: {error}") from None
        return options

    def build(self, chosen: Mapping[str, Any] | None = None) -> Any:
        """The estimator, not fitted, with ``chosen`` in place of parameters of the same name.

        Raises:
            OptionError: Not a scikit-learn classifier, or parameters it does not take.
        """
        return build_estimator(self.estimator, {**self.parameters, **(chosen or {})})

    def build_kinds(self, chosen: Mapping[str, Any] | None = None) -> dict[Kind, Any]:
        """The estimators of ``kinds``.

        Raises:
            OptionError: As :meth:`build`.
        """
        return {kind: self.build({**(chosen or {}), **own}) for kind, own in self.kinds.items()}


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
    typical: NDArray[np.bool_] | None = None,
    parts: Mapping[str, Any] | None = None,
    n_jobs: int | None = None,
    workers: Callable[[], AbstractContextManager[Any]] | None = None,
) -> Trained:
    """Fit a bundle and add it to the user's own trust file.

    Thresholds and bands are chosen on out-of-fold probabilities, with every client or writer on
    one side of each fold. The same input gives the same digest. What was encoded is kept for the
    owner alone until the bundle is written: a run that was stopped goes on from there.

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
        typical: Texts (n_texts,) most like those that will be read; the thresholds of a kind whose
            typical texts show every area come from these alone.
        n_jobs: Processes of the search over ``options.grid``; one for each core by default.
        workers: A context in which joblib finds other workers for that search (``search``).
        parts: Classifiers of clauses; by default the shipped ones, where the encoder is theirs.

    Raises:
        BundleError: The output folder holds other files.
        OptionError: The estimator cannot be made, or the labels do not suffice for it.
    """
    options = options or TrainOptions()
    weights = encoder or shipped_bundle() / "encoder"
    view_encoder = ViewEncoder(path=str(weights))
    options.build()  # a wrong configuration is told before anything is encoded
    options.build_kinds()
    cache = ViewCache(view_encoder)
    seen = encode_views(view_encoder, texts.texts, progress, cache)
    labels, scored = label_arrays(texts)
    tried: list[Tried] = []
    try:
        if options.grid:
            tried = search(
                options.build,
                options.grid,
                seen,
                labels,
                texts.groups,
                scored,
                n_folds=options.n_folds,
                n_jobs=n_jobs,
                workers=workers,
            )
        chosen = tried[0].parameters if tried else None
        classifier = KindClassifier(
            options.build(chosen),
            options.calibration,
            options.n_folds,
            options.build_kinds(chosen),
        )
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
        cache.clear()  # nothing to go on with: the same labels fail again
        raise OptionError(f"these labels do not suffice: {error}") from None
    thresholds: dict[Kind, dict[str, float]] = {}
    bands: dict[Kind, Bands] = {}
    reports: dict[Kind, Report] = {}
    curves: dict[Kind, RiskCoverage] = {}
    rules: dict[Kind, list[RuleErrors]] = {}
    for kind in classifier.classifiers_:
        rows = np.flatnonzero(
            (np.asarray(texts.kinds) == kind)
            & np.asarray(texts.whole)
            & (True if calibrate is None else calibrate)
        )
        likest = rows if typical is None else rows[typical[rows]]
        if not labels[likest].any(axis=0).all():
            likest = rows
        cuts = best_thresholds(
            classifier.out_of_fold_[likest],
            labels[likest],
            scored[likest],
            TOLERANCES.get(kind, F1_TOLERANCE),
        )
        found = classifier.out_of_fold_[rows]
        thresholds[kind] = {
            area: round(float(t), 4) for area, t in zip(codebook.AREAS, cuts, strict=True)
        }
        bands[kind] = choose_bands(found, cuts)
        judged = (found, labels[rows], scored[rows], cuts)
        reports[kind] = evaluate(*judged)
        curves[kind] = risk_coverage(*judged)
        rules[kind] = errors_by_rule(*judged, [texts.rules[i] for i in rows])
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
            options.name,
            options.version,
            reports,
            thresholds,
            fingerprints,
            client_data,
            curves=curves,
            rules=rules,
            tried=tried,
        )
        + notes,
        encoder_files={name: (weights / name).read_bytes() for name in ENCODER_FILES},
        parts=shipped_parts(weights) if parts is None else parts,
        figures=card_figures(reports, curves),
        name=options.name,
        version=options.version,
        thresholds=thresholds,
        bands=bands,
        calibration=options.calibration,
        client_data=client_data,
        corpora=fingerprints,
        metrics={
            f"cross-validated {kind}": {
                **report.to_dict(),
                "risk_coverage": curves[kind].to_dict(),
            }
            for kind, report in reports.items()
        },
    )
    if trusted:
        trust(digest)
    cache.clear()
    return Trained(output, digest, reports)


def choose_bands(probabilities: NDArray[np.float64], thresholds: NDArray[np.float64]) -> Bands:
    """Bands that send ``QUEUE_AIM`` of these texts to a supervisor, for their areas alone."""
    present = probabilities >= thresholds
    ranked = np.sort(probabilities, axis=1)[:, ::-1]
    leads = np.where(present.sum(axis=1) > 1, ranked[:, 0] - ranked[:, 1], np.inf)
    # At most two thirds of the queue for two areas at once, so that there is room for the unsure.
    band = next(b for b in MIXED_BANDS if float((leads < b).mean()) <= QUEUE_AIM * 2 / 3)
    mixed = leads < band
    margins = np.abs(probabilities - thresholds).min(axis=1)
    rest = np.sort(margins[~mixed])
    count = min(int((QUEUE_AIM - float(mixed.mean())) * len(probabilities)), len(rest) - 1)
    return Bands(low_confidence=round(float(max(0.0, rest[max(0, count)])), 4), mixed=band)
