"""Reported exchanges: moves in order, and the shapes that have names."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from spacy.language import Language

from ipt_nlp.language.exchanges import SEQUENCES, FoundMove, find_exchanges, name_sequence
from ipt_nlp.language.patterns import FoundPattern, found_patterns
from ipt_nlp.language.pipeline import load_language

CASES: list[dict[str, Any]] = [
    json.loads(line)
    for line in (Path(__file__).parents[1] / "cases" / "patterns" / "exchanges.jsonl")
    .read_text(encoding="utf-8")
    .splitlines()
]


@pytest.fixture(scope="module")
def nlp() -> Language:
    return load_language(everything=True)


@pytest.mark.parametrize("case", CASES, ids=[c["id"] for c in CASES])
def test_cases(nlp: Language, case: dict[str, Any]) -> None:
    doc = nlp(case["text"])
    found = find_exchanges(doc, found_patterns(doc))
    if case["who"] is None:
        assert not found
        return
    (exchange,) = found
    assert [m.who for m in exchange.moves] == case["who"]
    assert exchange.sequence == case["sequence"]
    assert all(
        a.span.end <= b.span.start for a, b in zip(exchange.moves, exchange.moves[1:], strict=False)
    )


def test_an_accepted_repair_has_a_name(nlp: Language) -> None:
    span = nlp("anything")[:]
    moves = [FoundMove(span, "client", ("repair",)), FoundMove(span, "other", ("repair",))]
    assert name_sequence(moves) == "repair_accepted"


def test_a_step_by_the_same_person_is_no_answer(nlp: Language) -> None:
    span = nlp("anything")[:]
    moves = [FoundMove(span, "client", ("blame",)), FoundMove(span, "client", ("withdrawal",))]
    assert name_sequence(moves) is None
    assert len(set(SEQUENCES)) == len(SEQUENCES)


def test_a_move_shows_patterns_of_who_makes_it(nlp: Language) -> None:
    doc = nlp("I said okay. I didn't pick up when she called me a liar on Tuesday.")
    sentence = list(doc.sents)[1]
    found = FoundPattern(sentence[:], "withdrawal", "client", "model:0.50")
    (exchange,) = find_exchanges(doc, [found])
    assert [(m.who, m.patterns) for m in exchange.moves] == [
        ("client", ("withdrawal",)),
        ("other", ()),
    ]
