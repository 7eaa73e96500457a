from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest
import spacy
from hypothesis import given
from hypothesis import strategies as st

from ipt_nlp.language.risk import (
    SPANS_KEY,
    Folded,
    RiskRule,
    find_rules,
    risk_rules,
    speaks_of_child,
)

CASES: list[dict[str, Any]] = tomllib.loads(
    (Path(__file__).parent.parent / "cases" / "risk" / "rules.toml").read_text(encoding="utf-8")
)["cases"]


def _rules_in(text: str) -> set[str]:
    return {f.rule for f in find_rules(text)}


def _agrees(case: dict[str, Any]) -> bool:
    found = {(f.flag, f.status, f.subject) for f in find_rules(case["text"]) if f.sure}
    if not case["flag"]:
        return not found
    return (case["flag"], case["status"], case["subject"]) in found


@pytest.mark.parametrize("name", risk_rules())
def test_every_rule_marks_its_example_and_not_its_counter_example(name: str) -> None:
    rule = risk_rules()[name]
    assert name in _rules_in(rule.example)
    assert name not in _rules_in(rule.counter_example)


@pytest.mark.parametrize("name", risk_rules())
def test_capitals_and_apostrophes_change_nothing(name: str) -> None:
    example = risk_rules()[name].example
    assert name in _rules_in(example.upper())
    assert name in _rules_in(example.lower().replace("'", ""))
    assert name in _rules_in(example.replace("'", "’"))


@pytest.mark.parametrize(
    "case",
    [
        pytest.param(
            c, id=c["id"], marks=[pytest.mark.xfail(strict=True)] if c.get("known_failure") else []
        )
        for c in CASES
    ],
)
def test_judgement_cases(case: dict[str, Any]) -> None:
    assert _agrees(case)


def test_a_match_stays_inside_its_sentence() -> None:
    assert "want_to_die" not in _rules_in("That is all I want. To die of thirst is rare.")


def test_offsets_are_code_points_of_the_text_as_it_is() -> None:
    text = "I don’t know 😀. I can’t say it: I’m suicidal."
    (found,) = [f for f in find_rules(text) if f.rule == "suicidal"]
    assert text[found.start_char : found.end_char] == "suicidal"


@given(st.text(alphabet=st.sampled_from("iI 'wantodeklmysf.’İ\n😀"), max_size=80))
def test_any_text_gives_spans_inside_it(text: str) -> None:
    for found in find_rules(f"{text} I want to die {text}"):
        assert 0 <= found.start_char < found.end_char <= len(text) * 2 + len(" I want to die ")


@given(st.text(max_size=60))
def test_folding_keeps_places(text: str) -> None:
    folded = Folded.of(text)
    assert len(folded.text) == len(folded.places)
    assert all(
        low == text[place].lower() or low == text[place]
        for low, place in zip(folded.text, folded.places, strict=True)
    )


def test_the_component_joins_any_pipeline() -> None:
    nlp = spacy.blank("en")
    nlp.add_pipe("ipt_risk")
    doc = nlp("She is fine. I want to kill myself.")
    found = {(s.text, s.label_, s.id_) for s in doc.spans[SPANS_KEY]}
    assert ("kill myself", "risk_self_harm", "kill_self") in found


def test_a_rule_with_an_unknown_flag_is_refused() -> None:
    with pytest.raises(ValueError, match="codebook"):
        RiskRule("x", "identifier", True, "a", "b", ("a",))


def test_a_child_is_seen_by_words() -> None:
    assert speaks_of_child("My little brother has bruises.")
    assert not speaks_of_child("My boss shouts.")
