"""Decisions -> a new bundle, compared with the old one on decisions that were held back."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
import sqlalchemy as sa

from ipt_nlp.areas.bundle import Bundle, open_bundle
from ipt_nlp.areas.scoring import Progress, score_texts
from ipt_nlp.areas.training import Trained, TrainOptions, train_bundle
from ipt_nlp.corpus import LabelledTexts
from ipt_nlp.errors import ReviewError
from ipt_nlp.evaluation import Report, evaluate
from ipt_nlp.review import database
from ipt_nlp.review.exports import Reviewed, reviewed_segments
from ipt_nlp.review.schema import bundles
from ipt_nlp.review.store import Store

HELD_BACK = 0.25
MIN_DECISIONS = 40


@dataclass(frozen=True)
class Retrained:
    """A new bundle and the figures of the old and the new one on the same held-back decisions."""

    trained: Trained
    before: Report
    after: Report
    learned: int
    held_back: int


def decided_texts(found: Sequence[Reviewed]) -> LabelledTexts:
    """Decided segments as labelled texts, each of its own kind, grouped by client."""
    return LabelledTexts(
        ids=tuple(r.id for r in found),
        texts=tuple(r.segment.text for r in found),
        areas=tuple(frozenset(r.verdict.labels.areas) for r in found),
        unscored=tuple(frozenset(r.verdict.unscored_areas) for r in found),
        groups=tuple(_group(r) for r in found),
        sources=tuple("reviewed" for _ in found),
        rules=tuple(() for _ in found),
        kinds=tuple(r.session.kind for r in found),
        sessions=tuple(r.session.text_sha256[:16] for r in found),
        whole=tuple(True for _ in found),
        splits=tuple("" for _ in found),
    )


def _group(r: Reviewed) -> str:
    return r.client or f"session-{r.session.text_sha256[:16]}"


def split_groups(groups: Sequence[str], share: float = HELD_BACK, seed: int = 0) -> list[bool]:
    """Which texts are held back: whole groups, until at least ``share`` of the texts are."""
    names = sorted(set(groups))
    order = np.random.default_rng(seed).permutation(len(names))
    held: set[str] = set()
    for place in order:
        if sum(g in held for g in groups) >= share * len(groups):
            break
        held.add(names[int(place)])
    return [g in held for g in groups]


def retrain(
    store: Store,
    output: Path,
    old: Bundle,
    *,
    corpora: LabelledTexts | None = None,
    corpus_names: Sequence[str] = (),
    options: TrainOptions | None = None,
    progress: Progress | None = None,
    with_identifiers: bool = False,
) -> Retrained:
    """Fit a bundle from the decisions, and from corpora besides.

    Clients held back take no part in the fit. The sessions it learned from are recorded, so that
    ``forget`` can name the bundle.

    Raises:
        ReviewError: Too few decisions, or decisions of one client only.
        OptionError: The labels do not suffice.
        BundleError: The output folder holds other files.
    """
    found = [
        r
        for r in reviewed_segments(store)
        if with_identifiers or r.synthetic or not r.has_identifier
    ]
    if len(found) < MIN_DECISIONS:
        raise ReviewError(
            f"retraining needs at least {MIN_DECISIONS} decided segments, there are {len(found)}"
        )
    groups = [_group(r) for r in found]
    held = split_groups(groups)
    if all(held) or not any(held):
        raise ReviewError("retraining needs decisions of at least two clients or sessions")
    learn = [r for r, back in zip(found, held, strict=True) if not back]
    test = decided_texts([r for r, back in zip(found, held, strict=True) if back])
    texts = decided_texts(learn)
    if corpora is not None:
        texts = joined(corpora, texts)
    trained = train_bundle(
        texts,
        output,
        corpus_names=[*corpus_names, "decisions of the review room"],
        client_data=not all(r.synthetic for r in learn),
        options=options,
        progress=progress,
    )
    with store.writing() as c:
        c.execute(
            sa.insert(bundles).values(
                path=str(output.resolve()),
                digest=trained.digest,
                at=database.now(),
                sessions=json.dumps(sorted({r.session_id for r in learn})),
            )
        )
    return Retrained(
        trained=trained,
        before=_report(old, test),
        after=_report(open_bundle(output), test),
        learned=len(learn),
        held_back=len(test),
    )


def joined(first: LabelledTexts, second: LabelledTexts) -> LabelledTexts:
    """Two sets of texts one after the other."""
    return LabelledTexts(
        **{f.name: getattr(first, f.name) + getattr(second, f.name) for f in fields(LabelledTexts)}
    )


def _report(bundle: Bundle, texts: LabelledTexts) -> Report:
    scores = score_texts(bundle, texts)
    return evaluate(scores.probabilities, scores.labels, scores.scored, scores.thresholds)
