"""Risk flags of a text: the rules that are sure, and a classifier that reads between the words.

Recall comes first: a flag costs a clinician a glance, a miss may cost a life. The absence of a flag
means nothing.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import joblib
import numpy as np
from spacy.tokens import Doc

from ipt_nlp.areas.encoder import EncodedText
from ipt_nlp.clauses.features import pool
from ipt_nlp.clauses.risk_model import FLAGS, KINDS, Floats, RiskInput, RiskModel
from ipt_nlp.clauses.risk_status import Place, StatusModel, rules_in, settle
from ipt_nlp.clauses.risk_units import RoleSpan, read_rules, risk_units
from ipt_nlp.codebook import RiskStatus, RiskSubject
from ipt_nlp.errors import BundleError
from ipt_nlp.language.risk import RuleRisk, find_rules, risk_rules, speaks_of_child
from ipt_nlp.transcript import Kind

RULE_SCORE = 0.9
"""Least score of what a sure rule found: nine in ten texts in which one fires are labelled so in
the splits that the rules were written from. On text unlike them it is less (0.73 to 0.85)."""

RIVAL = 0.25
"""Share of the highest score in a text that a unit must reach too: what stands beside the words
that matter ("We had soup.") is lifted by them and says nothing itself."""

FORMAT = "ipt-nlp-risk/2"


@dataclass(frozen=True)
class FoundRisk:
    """Words of a text that send it to a supervisor: code points into the text.

    ``subject`` is the person at risk; ``child`` says that the unit names a child. ``source`` is
    ``rule:NAME`` or ``model``.
    """

    start_char: int
    end_char: int
    flag: str
    status: RiskStatus
    subject: RiskSubject
    score: float
    source: str
    child: bool


def _rule_names() -> tuple[str, ...]:
    return tuple(risk_rules())


@dataclass
class RiskReader:
    """Reads texts for risk with one classifier; see :func:`RiskReader.from_bytes`.

    ``thresholds`` (n_kinds, n_flags), kinds as in ``KINDS``, were chosen on synthetic texts of that
    kind, recall first; ``metrics`` are what the classifier reached on them; ``rules`` are the names
    of the rules that it was fitted with.
    """

    flags: RiskModel
    statuses: StatusModel
    thresholds: Floats
    metrics: dict[str, Any] = field(default_factory=dict)
    rules: tuple[str, ...] = field(default_factory=_rule_names)

    def __setstate__(self, state: dict[str, Any]) -> None:
        # The classifier reads by place which rule fired: with others it would read nonsense.
        if state.get("rules") != _rule_names():
            raise BundleError("risk model: fitted with other rules of risk; train it again")
        self.__dict__.update(state)

    def find(
        self,
        docs: Sequence[Doc],
        encoded: Sequence[EncodedText],
        roles: Sequence[Sequence[RoleSpan]] | None = None,
        kind: Kind = "text",
    ) -> list[list[FoundRisk]]:
        """Risk in each text, in order of the words.

        Args:
            docs: Texts with sentences.
            encoded: The same texts, encoded once for areas, evidence and clauses alike.
            roles: For each text the turns in it as (start, end, role), code points of that text.
                A therapist's own words raise no flag: leave a role that was guessed out (give
                "client") rather than lose a client's words to a wrong guess.
            kind: Of all the texts.
        """
        if not docs:
            return []
        turns = roles if roles is not None else [()] * len(docs)
        found = [find_rules(doc.text) for doc in docs]
        inputs = [
            risk_input(doc, states, kind, spans, rules)
            for doc, states, spans, rules in zip(docs, encoded, turns, found, strict=True)
        ]
        probabilities = self.flags.predict_proba(inputs)
        bounds = np.cumsum([len(item.units) for item in inputs])[:-1]
        scored = list(zip(inputs, found, np.split(probabilities, bounds), strict=True))
        raised = [self._raised(item, of_text) for item, _, of_text in scored]
        # All at once: a call takes longer than a place.
        told = [(item, place) for item, at in zip(inputs, raised, strict=True) for place in at]
        judged = iter(self.statuses.judge(told))
        return [
            self._of_text(*one, [(place, next(judged)) for place in at])
            for one, at in zip(scored, raised, strict=True)
        ]

    def _raised(self, item: RiskInput, probabilities: Floats) -> list[Place]:
        """Units and flags that reach their threshold, or that a rule is sure of."""
        least = self.thresholds[KINDS.index(item.kind)]
        # A therapist's question is no rival of the answer.
        own = np.array([unit.role != "therapist" for unit in item.units], dtype=bool)
        if own.any():
            least = np.maximum(least, RIVAL * probabilities[own].max(axis=0))
        return [
            (row, column)
            for row, unit in enumerate(item.units)
            for column in range(len(FLAGS))
            if probabilities[row, column] >= least[column]
            or (item.rules.fired[row, column] and unit.role != "therapist")
        ]

    def _of_text(
        self,
        item: RiskInput,
        rules: Sequence[RuleRisk],
        probabilities: Floats,
        judged: Sequence[tuple[Place, tuple[RiskStatus, RiskSubject]]],
    ) -> list[FoundRisk]:
        answers = []
        for place, answer in judged:
            row, column = place
            unit = item.units[row]
            score = float(probabilities[row, column])
            start, end, source = unit.start_char, unit.end_char, "model"
            inside = rules_in(item, place, rules)
            status, subject = settle(item, place, inside, answer)
            if inside:
                start = max(start, min(r.start_char for r in inside))
                end = min(end, max(r.end_char for r in inside))
                source = f"rule:{inside[0].rule}"
                score = max(score, RULE_SCORE)
            answers.append(
                FoundRisk(
                    start,
                    end,
                    FLAGS[column],
                    status,
                    subject,
                    round(score, 6),
                    source,
                    speaks_of_child(item.text[unit.start_char : unit.end_char]),
                )
            )
        return answers

    def to_bytes(self) -> bytes:
        """The reader for a file of a bundle (``joblib``: to be verified before it is opened)."""
        buffer = io.BytesIO()
        joblib.dump({"format": FORMAT, "reader": self}, buffer, compress=("zlib", 6))
        return buffer.getvalue()

    @classmethod
    def from_bytes(cls, content: bytes) -> RiskReader:
        """Open what :meth:`to_bytes` wrote. Unpickling runs code: pass verified bytes only.

        Raises:
            BundleError: Another format.
        """
        loaded = joblib.load(io.BytesIO(content))
        if not isinstance(loaded, dict) or loaded.get("format") != FORMAT:
            raise BundleError("risk model: not of this version's format; train it again")
        reader: RiskReader = loaded["reader"]
        return reader


def risk_input(
    doc: Doc,
    encoded: EncodedText,
    kind: Kind,
    roles: Sequence[RoleSpan] = (),
    rules: Sequence[RuleRisk] | None = None,
) -> RiskInput:
    """A document as the classifier sees it."""
    units = risk_units(doc, roles)
    text = doc.text
    found = find_rules(text) if rules is None else rules
    return RiskInput(
        text=text,
        kind=kind,
        units=tuple(units),
        pooled=pool(encoded, [(u.start_char, u.end_char) for u in units]),
        whole=np.asarray(encoded.embedding, dtype=np.float32),
        rules=read_rules(text, units, found),
    )
