"""Judgement cases are in ``tests/cases/doers.jsonl``: the clause with these words is done by whom.

Half of them are the contrary of what a rule is for.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import spacy
from spacy.language import Language
from spacy.tokens import Doc, Span

from ipt_nlp.language.clauses import clauses_of
from ipt_nlp.language.doers import doer_of
from ipt_nlp.language.pipeline import load_language

CASES: dict[str, dict[str, Any]] = {
    case["id"]: case
    for line in (Path(__file__).parents[1] / "cases" / "doers.jsonl")
    .read_text(encoding="utf-8")
    .splitlines()
    for case in [json.loads(line)]
}
KNOWN_FAILURES = frozenset("in_speech-22 in_speech-23 relative-21 seen-11 seen-27".split())


@pytest.fixture(scope="module")
def parsed() -> Language:
    return load_language(everything=True)


@pytest.fixture(scope="module")
def words() -> Language:
    nlp = spacy.blank("en")
    nlp.add_pipe("sentencizer")
    return nlp


def clause_with(doc: Doc, words: str) -> Span:
    place = doc.text.index(words)
    return next(c for c in clauses_of(doc) if c.start_char <= place < c.end_char)


def test_every_case_is_right_but_the_known_failures(parsed: Language) -> None:
    wrong = {
        key
        for key, case in CASES.items()
        if doer_of(clause_with(parsed(case["text"]), case["words"])) != case["who"]
    }
    assert wrong == KNOWN_FAILURES


@pytest.mark.parametrize(
    ("text", "part", "who"),
    [
        ("He went home, I cried.", "cried", "client"),
        ("She said hello, I ignored her.", "ignored", "client"),
        ("He said, I don't love you.", "love", "other"),
    ],
)
def test_speech_is_told_from_what_happened_without_a_parse(
    words: Language, text: str, part: str, who: str
) -> None:
    assert doer_of(clause_with(words(text), part)) == who


@pytest.mark.parametrize(("agent", "who"), [("him", "other"), ("me", "client")])
def test_the_agent_of_other_pipelines_is_known(words: Language, agent: str, who: str) -> None:
    doc = Doc(
        words.vocab,
        words=["She", "was", "insulted", "by", agent],
        heads=[2, 2, 2, 2, 3],
        deps=["nsubjpass", "auxpass", "ROOT", "agent", "pobj"],
        pos=["PRON", "AUX", "VERB", "ADP", "PRON"],
        tags=["PRP", "VBD", "VBN", "IN", "PRP"],
    )
    assert doer_of(doc[:]) == who
