"""Status and subject of a unit that was flagged: a linear classifier over cues, words and states.

The cues (``risk.toml``) carry most of it; the classifier weighs them, and fills in where none is.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression

from ipt_nlp.clauses.risk_model import FLAGS, KINDS, RiskInput
from ipt_nlp.clauses.risk_units import plain
from ipt_nlp.codebook import RISK_STATUSES, RISK_SUBJECTS, RiskStatus, RiskSubject
from ipt_nlp.language.risk import RuleRisk, cue, names_other
from ipt_nlp.transcript import Kind

Place = tuple[int, int]
"""(row of the unit, column of the flag) in a text."""

_HARM_BY_OTHER, _HARM_TO_OTHER = "risk_harm_by_other", "risk_harm_to_other"
_ANSWER_WORDS = 10
"""An answer that names nothing itself ("Not really.") is no longer than this."""
_WORDS_BEFORE = 2
"""Words before a match that may hold its verb: "I am", "he will"."""
_PRESSING: tuple[RiskStatus, ...] = ("current", "unwanted", "past", "denied")


class StatusModel:
    """Two classifiers of flagged units: status (four values) and subject (two).

    ``subject`` is the person at risk, so harm to someone else always has "other".

    Args:
        c: Inverse regularisation.
        seed: Of the solver.
    """

    def __init__(self, c: float = 1.0, seed: int = 0) -> None:
        self.c = c
        self.seed = seed

    def fit(
        self,
        inputs: Sequence[RiskInput],
        places: Sequence[Sequence[Place]],
        labels: Sequence[Sequence[tuple[RiskStatus, RiskSubject]]],
    ) -> StatusModel:
        """Fit on flagged units.

        Args:
            inputs: Texts.
            places: For each text its flagged units with their flags.
            labels: Status and subject of each place.
        """
        told = [(i, p) for i, ps in zip(inputs, places, strict=True) for p in ps]
        answers = [answer for found in labels for answer in found]
        self.words_ = TfidfVectorizer(
            token_pattern=r"[\w*@$]+",
            ngram_range=(1, 2),
            min_df=3,
            max_features=4000,
            sublinear_tf=True,
            dtype=np.float32,
        ).fit([_words(i, p) for i, p in told])
        features = self._features(told)
        self.status_ = self._linear().fit(features, [RISK_STATUSES.index(s) for s, _ in answers])
        own = [k for k, (_, p) in enumerate(told) if FLAGS[p[1]] != _HARM_TO_OTHER]
        self.subject_ = self._linear().fit(
            features[own], [RISK_SUBJECTS.index(answers[k][1]) for k in own]
        )
        return self

    def predict(
        self, item: RiskInput, places: Sequence[Place]
    ) -> list[tuple[RiskStatus, RiskSubject]]:
        """Status and subject of units of one text."""
        return self.judge([(item, p) for p in places])

    def judge(
        self, told: Sequence[tuple[RiskInput, Place]]
    ) -> list[tuple[RiskStatus, RiskSubject]]:
        """Status and subject of units of any texts."""
        if not told:
            return []
        features = self._features(told)
        statuses, subjects = self.status_.predict(features), self.subject_.predict(features)
        return [
            (
                RISK_STATUSES[int(status)],
                "other" if FLAGS[column] == _HARM_TO_OTHER else RISK_SUBJECTS[int(subject)],
            )
            for status, subject, (_, (_, column)) in zip(statuses, subjects, told, strict=True)
        ]

    def _features(self, told: Sequence[tuple[RiskInput, Place]]) -> sparse.csr_matrix:
        dense = sparse.vstack([_dense(i, p) for i, p in told])
        return sparse.hstack(
            [self.words_.transform([_words(i, p) for i, p in told]), dense], format="csr"
        )

    def _linear(self) -> LogisticRegression:
        return LogisticRegression(C=self.c, max_iter=1000, random_state=self.seed)


def rules_in(item: RiskInput, place: Place, found: Sequence[RuleRisk]) -> tuple[RuleRisk, ...]:
    """The sure rules of a flag that fired in a unit; none in a therapist's words."""
    unit = item.units[place[0]]
    if unit.role == "therapist":
        return ()
    return tuple(
        r
        for r in found
        if r.sure
        and r.flag == FLAGS[place[1]]
        and r.start_char < unit.end_char
        and unit.start_char < r.end_char
    )


def settle(
    item: RiskInput,
    place: Place,
    rules: Sequence[RuleRisk],
    judged: tuple[RiskStatus, RiskSubject],
) -> tuple[RiskStatus, RiskSubject]:
    """The classifier's status and subject, unless the very words speak for more risk.

    Args:
        item: A text.
        place: A flagged unit of it.
        rules: :func:`rules_in` that place.
        judged: By :class:`StatusModel`.
    """
    unit = item.units[place[0]]
    words = plain(item.text[unit.start_char : unit.end_char])
    status, subject = judged
    return _status(status, words, item.text, rules), _subject(subject, words, item.kind, rules)


def _status(status: RiskStatus, words: str, text: str, rules: Sequence[RuleRisk]) -> RiskStatus:
    """Asymmetric on purpose: a rule may make a status more pressing and never less.

    In the splits that rules and classifier learned from, 207 statements that a rule calls current
    and that hold a verb of the present are labelled so, and 2 as past.
    """
    if not rules:
        if status == "denied" and len(words.split()) <= _ANSWER_WORDS:
            if cue("hedged").search(words):
                return "current"
            if cue("lapsed").search(words):
                return "past"
        return status
    told = min((r.status for r in rules), key=_PRESSING.index)
    if status == "denied" and told in ("current", "past") and not words.endswith("?"):
        return told
    if status == "past" and any(_is_now(text, r) for r in rules):
        return "current"
    return status


def _subject(
    subject: RiskSubject, words: str, kind: Kind, rules: Sequence[RuleRisk]
) -> RiskSubject:
    """In notes "he" is as often the client, so there the classifier decides."""
    if kind == "note" or not rules or any(r.subject == "speaker" for r in rules):
        return subject
    if rules[0].flag == _HARM_BY_OTHER or names_other(words):
        return "other"
    return subject


def _is_now(text: str, rule: RuleRisk) -> bool:
    before = text[max(0, rule.start_char - 40) : rule.start_char].split()[-_WORDS_BEFORE:]
    words = plain(" ".join([*before, text[rule.start_char : rule.end_char]]))
    return (
        rule.status == "current"
        and cue("present").search(words) is not None
        and cue("did").search(words) is None
    )


def _words(item: RiskInput, place: Place) -> str:
    return item.unit_texts()[place[0]]


def _dense(item: RiskInput, place: Place) -> sparse.csr_matrix:
    row, column = place
    cues = item.rules.cues
    around: NDArray[Any] = np.zeros(cues.shape[1])
    near = [r for r in (row - 1, row + 1) if 0 <= r < len(item.units)]
    for r in near:
        around = np.maximum(around, cues[r])
    values = np.concatenate(
        [
            cues[row],
            around,
            item.rules.asked[row],
            [FLAGS[column] == f for f in FLAGS],
            [item.kind == k for k in KINDS],
            item.pooled[row],
        ]
    )
    return sparse.csr_matrix(values.astype(np.float32))
