"""What undoes a pattern whoever found it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from spacy.language import Language

from ipt_nlp.codebook import PATTERNS
from ipt_nlp.language.clauses import clauses_of
from ipt_nlp.language.pattern_vetoes import denied_acts, is_denied, resembles_only
from ipt_nlp.language.pipeline import load_language

FOLDER = Path(__file__).parents[1] / "cases" / "patterns"


def _cases(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (FOLDER / name).read_text("utf-8").splitlines()]


@pytest.fixture(scope="module")
def nlp() -> Language:
    return load_language(everything=True)


def test_acts_are_listed_under_patterns_of_the_codebook() -> None:
    assert denied_acts().keys() <= set(PATTERNS)


@pytest.mark.parametrize("case", _cases("denied.jsonl"), ids=lambda c: str(c["id"]))
def test_an_act_that_is_denied(nlp: Language, case: dict[str, Any]) -> None:
    clauses = clauses_of(nlp(case["text"]))
    (clause,) = (c for c in clauses if case["clause_with"] in [t.lower_ for t in c])
    assert is_denied(clause, case["pattern"]) is case["denied"]


@pytest.mark.parametrize("case", _cases("resembling.jsonl"), ids=lambda c: str(c["id"]))
def test_phrases_that_resemble_a_pattern_and_are_none(nlp: Language, case: dict[str, Any]) -> None:
    assert resembles_only(nlp(case["text"])[:], case["pattern"]) is case["only"]
