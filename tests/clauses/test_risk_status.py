"""What the rules may change of a status or subject that the classifier judged."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ipt_nlp.clauses.risk_model import FLAGS, RiskInput
from ipt_nlp.clauses.risk_status import rules_in, settle
from ipt_nlp.clauses.risk_units import Unit, read_rules
from ipt_nlp.language.risk import find_rules

CASES: list[dict[str, Any]] = [
    json.loads(line)
    for line in (Path(__file__).parent.parent / "cases" / "risk" / "status.jsonl")
    .read_text(encoding="utf-8")
    .splitlines()
]


def _input(text: str, kind: Any, role: str = "client") -> RiskInput:
    units = (Unit(0, len(text), role, 0),)
    nothing = np.zeros(4, dtype=np.float32)
    rules = read_rules(text, units, find_rules(text))
    return RiskInput(text, kind, units, nothing[None], nothing, rules)


@pytest.mark.parametrize("case", CASES, ids=lambda c: str(c["id"]))
def test_rules_make_a_status_more_pressing_and_name_who_is_at_risk(case: dict[str, Any]) -> None:
    item, place = _input(case["text"], case["kind"]), (0, FLAGS.index(case["flag"]))
    rules = rules_in(item, place, find_rules(item.text))
    status, subject = case["judged"]
    assert settle(item, place, rules, (status, subject)) == tuple(case["settled"])


def test_no_rule_fires_in_a_therapists_words() -> None:
    text = "I want to die."
    item, place = _input(text, "transcript", "therapist"), (0, FLAGS.index("risk_self_harm"))
    assert find_rules(text)
    assert rules_in(item, place, find_rules(text)) == ()


@pytest.mark.parametrize(
    ("text", "denied"),
    [
        ("I don't sleep and I want to die.", 0.0),
        ("I don't want to die.", 1.0),
        ("Not any more.", 1.0),
        ("I can't stop thinking about it.", 0.0),
    ],
)
def test_a_denial_counts_where_it_reaches_the_words_that_matter(text: str, denied: float) -> None:
    assert _input(text, "text").rules.cues[0, 0] == denied
