"""Pattern rules: examples, cases, and what is never a pattern."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import spacy
from spacy.language import Language
from spacy.tokens import Doc

from ipt_nlp.codebook import PATTERNS
from ipt_nlp.language.pattern_phrases import matcher_patterns, rule_words, verb_forms
from ipt_nlp.language.patterns import SPANS_KEY, found_patterns, pattern_rules
from ipt_nlp.language.pipeline import load_language
from ipt_nlp.language.turns import mark_turns
from ipt_nlp.transcript import Transcript

CASES: list[dict[str, Any]] = [
    json.loads(line)
    for line in (Path(__file__).parents[1] / "cases" / "patterns" / "rules.jsonl")
    .read_text(encoding="utf-8")
    .splitlines()
]


@pytest.fixture(scope="module")
def nlp() -> Language:
    return load_language(everything=True)


def rules_in(doc: Doc) -> set[str]:
    return {span.id_ for span in doc.spans[SPANS_KEY]}


@pytest.mark.parametrize("name", pattern_rules())
def test_example_and_counter_example(nlp: Language, name: str) -> None:
    rule = pattern_rules()[name]
    example, counter = nlp(rule.example), nlp(rule.counter_example)
    assert name in rules_in(example)
    assert name not in rules_in(counter)


def test_every_pattern_has_rules() -> None:
    assert {rule.pattern for rule in pattern_rules().values()} == set(PATTERNS)


@pytest.mark.parametrize("case", CASES, ids=[c["id"] for c in CASES])
def test_cases(nlp: Language, case: dict[str, Any], request: pytest.FixtureRequest) -> None:
    if case.get("known_failure"):
        request.node.add_marker(pytest.mark.xfail(strict=True, reason="known failure"))
    doc = nlp(case["text"])
    found = found_patterns(doc)
    assert len(found) == len(case["spans"])
    for pattern, who, words in case["spans"]:
        assert any(f.pattern == pattern and f.who == who and words in f.span.text for f in found), [
            (f.pattern, f.who, f.span.text) for f in found
        ]


def test_what_a_therapist_says_is_no_pattern(nlp: Language) -> None:
    text = "Therapist: Some people use the silent treatment.\nClient: He ignored me all week.\n"
    transcript = Transcript.from_text(text + "Therapist: He ignores you.\nClient: Yes.")
    doc = nlp(mark_turns(nlp.make_doc(transcript.text), transcript.turns))
    assert [f.span.text for f in found_patterns(doc)] == ["He ignored me all week"]


def test_works_in_a_pipeline_without_a_parse() -> None:
    other = spacy.blank("en")
    other.add_pipe("sentencizer")
    other.add_pipe("ipt_patterns")
    doc = other("He yelled at me. I didn't say anything.")
    assert [(f.pattern, f.who) for f in found_patterns(doc)] == [
        ("hostility", "other"),
        ("self_silencing", "client"),
    ]


def test_one_pattern_marks_the_same_words_once(nlp: Language) -> None:
    found = found_patterns(nlp("My husband ignores me and won't talk to me about it."))
    for a in found:
        for b in found:
            if a is not b and a.pattern == b.pattern:
                assert a.end_char <= b.start_char or b.end_char <= a.start_char


def test_offsets_are_code_points(nlp: Language) -> None:
    text = "👍👍 My wife screamed at me."
    (found,) = found_patterns(nlp(text))
    assert text[found.start_char : found.end_char] == found.span.text
    assert "screamed at me" in found.span.text


def test_forms_of_verbs() -> None:
    assert verb_forms("yell") == ("yell", "yells", "yelled", "yelling")
    assert "swallowed" in verb_forms("swallow")
    assert verb_forms("ignore")[-1] == "ignoring"
    assert set(rule_words().irregular["say"]) == {"says", "said", "saying"}


def test_a_phrase_that_names_somebody_has_two_shapes() -> None:
    assert len(matcher_patterns("tell~ <them>")) == 2
    assert len(matcher_patterns("hang~ up")) == 1
