"""Goals of the therapy: every rule by its example, phrases by case file, ten whole sessions."""

from __future__ import annotations

import json
import re
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import spacy
from hypothesis import given, settings
from hypothesis import strategies as st

from ipt_nlp.language.goals import SPANS_KEY, GoalMarker, GoalRule, goal_rules, session_goals
from ipt_nlp.language.turns import mark_turns
from ipt_nlp.transcript import Transcript, Utterance
from training.benchmarks.people import GoalScore, located, score_goals, session_turns

CASES = Path(__file__).parents[1] / "cases"
PHRASES: list[dict[str, Any]] = json.loads((CASES / "goals/phrases.json").read_text("utf-8"))
REVIEWED: list[dict[str, Any]] = json.loads((CASES / "people/reviewed.json").read_text("utf-8"))


def fires(rule: GoalRule, text: str) -> bool:
    plain = text.lower()
    if rule.kind == "quoted":  # It reads what stands before a wish.
        return any(rule.pattern.search(plain[: m.start()]) for m in re.finditer(r"\bi want", plain))
    if rule.kind == "elsewhere":
        at = [m.start() for m in re.finditer(r"\b(?:the|our) goal", plain)]
        return any(rule.pattern.search(plain[:i]) for i in at)
    return rule.pattern.search(plain) is not None


@pytest.mark.parametrize("rule", goal_rules(), ids=lambda rule: rule.name)
def test_every_rule_reads_its_example_and_not_its_counter_example(rule: GoalRule) -> None:
    assert fires(rule, rule.example)
    assert not fires(rule, rule.counter_example)


@pytest.mark.parametrize("case", PHRASES, ids=lambda case: str(case["id"]))
def test_goals_of_a_phrase(case: dict[str, Any]) -> None:
    doc = GoalMarker()(BLANK(case["text"]))
    assert [span.text for span in doc.spans[SPANS_KEY]] == case["goals"]


def test_goals_of_reviewed_sessions() -> None:
    blank = spacy.blank("en")
    turns = session_turns("test")
    score = GoalScore()
    for session in REVIEWED:
        transcript = Transcript.from_utterances(
            [Utterance(t.text, str(t.role).capitalize()) for t in turns[session["session"]]],
            source="session",
        )
        doc = mark_turns(blank(transcript.text), transcript.turns)
        found = [(g.start_char, g.end_char) for g in session_goals([doc])]
        score_goals(
            located(session["goals"], transcript.text, speech=False),
            located(session["optional_goals"], transcript.text, speech=False),
            found,
            score,
        )
    assert score.gold >= 12
    assert score.f1 >= 0.7


def test_the_question_may_stand_in_the_segment_before() -> None:
    blank = spacy.blank("en")
    asked = blank("What would you want to be different by the end?\n")
    answer = blank("I want one or two people I could ring up.")
    assert [(g.doc, g.text) for g in session_goals([asked, answer])] == [
        (1, "I want one or two people I could ring up")
    ]
    assert session_goals([answer]) == []
    assert session_goals([]) == []


def test_the_component_joins_any_pipeline() -> None:
    blank = spacy.blank("en")
    blank.add_pipe("ipt_goals")
    doc = blank("I want to be able to sleep again.")
    assert [(s.label_, s.id_) for s in doc.spans[SPANS_KEY]] == [("goal", "able-to")]


BLANK = spacy.blank("en")
PARTS = st.sampled_from(
    ["I want to be able to", "sleep", "my goal is", "İ", "😀", ".", "\n", ",", "what do you want",
     "I'd like to keep", "the garden", "because", "’", "said, ", "you"]
)  # fmt: skip


@given(st.lists(PARTS, max_size=25))
@settings(max_examples=200, deadline=None)
def test_a_goal_is_its_words_and_none_overlap(parts: list[str]) -> None:
    doc = BLANK(" ".join(parts))
    found = session_goals([doc])
    for goal in found:
        assert doc.text[goal.start_char : goal.end_char] == goal.text
        assert "\n" not in goal.text
    assert all(a.end_char <= b.start_char for a, b in pairwise(found))
