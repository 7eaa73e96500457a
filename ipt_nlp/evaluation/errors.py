"""Where labels go wrong: by the codebook rule a text turns on, and the worst one by one.

Texts are named by id, never quoted: what is listed here is safe to print.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ipt_nlp import codebook
from ipt_nlp.evaluation.metrics import Bools, Floats


@dataclass(frozen=True)
class RuleErrors:
    """Texts that turn on a rule of the codebook, and those of them with a wrong area.

    ``missed`` and ``invented`` count areas.
    """

    rule: str
    texts: int
    wrong: int
    missed: int
    invented: int


@dataclass(frozen=True)
class WrongArea:
    """An area that was missed or invented; ``row`` is the text's place among those scored."""

    row: int
    area: str
    probability: float
    threshold: float
    labelled: bool
    rules: tuple[str, ...]


def errors_by_rule(
    probabilities: Floats,
    labels: Bools,
    scored: Bools,
    thresholds: Floats,
    rules: Sequence[Sequence[str]],
) -> list[RuleErrors]:
    """Errors for each rule among the texts, the rule with the highest share of wrong ones first.

    Args:
        probabilities: (n_texts, 4).
        labels: (n_texts, 4).
        scored: (n_texts, 4).
        thresholds: (4,) or (n_texts, 4).
        rules: Of each text.
    """
    predicted = probabilities >= thresholds
    missed = (~predicted & labels & scored).sum(axis=1)
    invented = (predicted & ~labels & scored).sum(axis=1)
    rows: defaultdict[str, list[int]] = defaultdict(list)
    for i, named in enumerate(rules):
        for rule in dict.fromkeys(named):
            rows[rule].append(i)
    found = [
        RuleErrors(
            rule,
            len(members),
            int(((missed + invented)[members] > 0).sum()),
            int(missed[members].sum()),
            int(invented[members].sum()),
        )
        for rule, members in rows.items()
    ]
    return sorted(found, key=lambda e: (-e.wrong / e.texts, -e.texts, e.rule))


def worst_errors(
    probabilities: Floats,
    labels: Bools,
    scored: Bools,
    thresholds: Floats,
    rules: Sequence[Sequence[str]] = (),
    *,
    n: int = 30,
) -> list[WrongArea]:
    """The areas that were surest and wrong, at most one of each text.

    How sure: how far the probability lies from the threshold, below it as a share of the way down
    to 0, above it of the way up to 1.
    """
    cuts = np.broadcast_to(thresholds, probabilities.shape)
    predicted = probabilities >= cuts
    room = np.where(predicted, 1 - cuts, cuts)
    sure = np.abs(probabilities - cuts) / np.maximum(room, 1e-9)
    sure = np.where((predicted ^ labels) & scored, sure, -1.0)
    columns = sure.argmax(axis=1)
    highest = sure.max(axis=1)
    ranked = [int(i) for i in np.argsort(-highest, kind="stable")[:n] if highest[i] >= 0]
    return [
        WrongArea(
            row=i,
            area=codebook.AREAS[c],
            probability=round(float(probabilities[i, c]), 4),
            threshold=round(float(cuts[i, c]), 4),
            labelled=bool(labels[i, c]),
            rules=tuple(rules[i]) if rules else (),
        )
        for i in ranked
        for c in [int(columns[i])]
    ]
