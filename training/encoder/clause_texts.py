"""IPT-Synth's train split -> texts whose clauses and sentences are labelled, for the encoder."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ipt_nlp import codebook
from ipt_nlp.clauses.pattern_model import clause_targets
from ipt_nlp.clauses.risk_units import risk_units
from ipt_nlp.corpus import load_texts
from ipt_nlp.evaluation import label_arrays
from ipt_nlp.language.clauses import clauses_of
from ipt_nlp.language.pipeline import load_language
from ipt_nlp.language.turns import role_of
from training.halves import half_of
from training.pattern_texts import (
    CORPUS,
    PATTERN_PARTS,
    SESSION_PARTS,
    PatternText,
    part_texts,
    post_texts,
    read_corpus,
    read_docs,
)
from training.risk_texts import RiskText, read_risk_texts, unit_labels

Floats = NDArray[np.float64]

AREA_PARTS = ("posts", "posts_open", "posts_first", "notes", "risk")
RISK_WEIGHT = 2.0
"""Of a sentence's risk beside a clause's patterns: it has three cells and they fifteen."""


@dataclass(frozen=True)
class ClauseText:
    """A text with what its stretches show.

    Attributes:
        text: As the tagger would encode it.
        spans: (start, end) code points: clauses, then the sentences that are read for risk.
        n_clauses: Of ``spans``, those that are clauses.
        labels: (n_spans, n_patterns + n_flags), 0 or 1.
        weights: The same shape; 0 where nothing is known.
        areas: (n_areas,) of the whole text, and which of them are settled; None when unlabelled.
        session: Whether it is a segment of a session.
    """

    text: str
    spans: tuple[tuple[int, int], ...]
    n_clauses: int
    labels: Floats
    weights: Floats
    areas: tuple[Floats, Floats] | None
    session: bool = False


Labelled = tuple[PatternText, bool, RiskText | None]
"""A text, whether its patterns are labelled, and its risk where that is."""


def labelled_texts(half: int) -> list[Labelled]:
    """Texts of the train split of one half of the clients and writers."""
    patterns = {t.text: t for t in _pattern_texts() if half_of(t.group) == half}
    risks = {t.text: t for t in read_risk_texts(CORPUS, ["train"]) if half_of(t.group) == half}
    # A text without risk teaches most where it was written like others that have some.
    wanted = [t.text for t in risks.values() if t.spans or t.part in ("risk", "posts_open")]
    return [
        (patterns.get(text) or _without_patterns(risks[text]), text in patterns, risks.get(text))
        for text in dict.fromkeys([*patterns, *wanted])
    ]


def clause_texts(half: int, *, others: float = 1.0) -> list[ClauseText]:
    """The same, cut into clauses and sentences.

    Args:
        half: Of the clients and writers.
        others: Share of the texts that are no sessions; those of sessions are all there.
    """
    areas = _areas()
    taken = random.Random(half)
    chosen = [
        one
        for one in labelled_texts(half)
        if one[0].kind == "transcript" or taken.random() < others
    ]
    docs = read_docs([text for text, _, _ in chosen], load_language(everything=True))
    found = []
    for (text, told, risk), doc in zip(chosen, docs, strict=True):
        clauses = clauses_of(doc)
        spans = tuple((c.start_char, c.end_char) for c in clauses)
        labels, weights = clause_targets(spans, text.spans)
        known = np.array([told and role_of(c[0]) != "therapist" for c in clauses], dtype=bool)
        units = risk_units(doc, risk.roles if risk else ())
        unit_spans = tuple((u.start_char, u.end_char) for u in units)
        own, weight = _risk_labels(risk, unit_spans)
        found.append(
            ClauseText(
                text.text,
                (*spans, *unit_spans),
                len(spans),
                _blocks(labels, own),
                _blocks(weights * known[:, np.newaxis], RISK_WEIGHT * weight),
                areas.get(text.text),
                session=text.kind == "transcript",
            )
        )
    return found


def _pattern_texts() -> list[PatternText]:
    texts = [text for part in PATTERN_PARTS for text in part_texts(part, "train")]
    learned = {
        row.id
        for part in ("posts", "posts_open")
        for row in read_corpus(CORPUS / part / "train.jsonl")
    }
    return [*texts, *(t for t in post_texts() if t.id in learned)]


def _without_patterns(text: RiskText) -> PatternText:
    return PatternText(text.id, text.text, text.kind, (), (), text.group)


def _risk_labels(risk: RiskText | None, spans: Sequence[tuple[int, int]]) -> tuple[Floats, Floats]:
    empty = np.zeros((len(spans), len(codebook.RISK_FLAGS)))
    if risk is None or not spans:
        return empty, empty
    labels, weights, _ = unit_labels(risk, spans)
    return labels.astype(float), weights


def _blocks(patterns: Floats, risk: Floats) -> Floats:
    """Rows of clauses with their patterns, then rows of sentences with their flags."""
    found = np.zeros((len(patterns) + len(risk), patterns.shape[1] + risk.shape[1]))
    found[: len(patterns), : patterns.shape[1]] = patterns
    found[len(patterns) :, patterns.shape[1] :] = risk
    return found


def _areas() -> dict[str, tuple[Floats, Floats]]:
    texts = load_texts([f"{CORPUS}:{','.join((*AREA_PARTS, *SESSION_PARTS))}"], split="train")
    present, settled = label_arrays(texts)
    return {
        text: (own.astype(float), scored.astype(float))
        for text, own, scored, whole in zip(texts.texts, present, settled, texts.whole, strict=True)
        if whole
    }
