"""Clauses: inside sentences, in order, trimmed, with any labels and with none.

Judgement cases are in ``tests/cases/clauses.jsonl``: words that look like fillers and belong to the
clause (``kept``), and fillers (``dropped``).
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import spacy
from hypothesis import given, settings
from hypothesis import strategies as st
from spacy.language import Language
from spacy.tokens import Doc

from ipt_nlp.language.clauses import SPANS_KEY, clauses_of, find_clauses
from ipt_nlp.language.pipeline import load_language

WORDS = st.lists(
    st.sampled_from(
        "I he she my wife said that told yelled and but because , . ? \" ' walked out nothing um "
        "who left the room \n … didn't when it 你好 👍".split(" ")
    ),
    max_size=40,
).map(" ".join)
CASES: list[dict[str, Any]] = [
    json.loads(line)
    for line in (Path(__file__).parents[1] / "cases" / "clauses.jsonl")
    .read_text(encoding="utf-8")
    .splitlines()
]


@pytest.fixture(scope="module")
def nlp() -> Language:
    return load_language(everything=True)


def cut(doc: Doc) -> list[str]:
    return [c.text for c in find_clauses(doc)]


def test_a_sentence_is_cut_at_its_verbs(nlp: Language) -> None:
    doc = nlp("I told her that I was tired, and she slammed the door.")
    assert cut(doc) == ["I told her", "I was tired", "she slammed the door"]


def test_fillers_and_marks_are_left_out(nlp: Language) -> None:
    assert cut(nlp("Um, well, he ignored me.")) == ["he ignored me"]


@pytest.mark.parametrize("case", CASES, ids=[c["id"] for c in CASES])
def test_words_that_are_no_fillers_are_kept(nlp: Language, case: dict[str, Any]) -> None:
    assert cut(nlp(case["text"])) == case["clauses"]


@pytest.mark.parametrize(
    ("text", "clause"),
    [
        ("No one apologized to me.", "No one apologized to me"),
        ("So many people ignored me.", "So many people ignored me"),
        ("No he never calls.", "he never calls"),
        ("No, my mother never calls.", "my mother never calls"),
        ("So my mother left.", "my mother left"),
    ],
)
def test_without_a_parse_fillers_are_known_by_the_next_word(text: str, clause: str) -> None:
    plain = spacy.blank("en")
    plain.add_pipe("sentencizer")
    assert cut(plain(text)) == [clause]


def test_without_a_parse_sentences_are_clauses() -> None:
    plain = spacy.blank("en")
    plain.add_pipe("sentencizer")
    assert cut(plain("He yelled at me. I left the room.")) == ["He yelled at me", "I left the room"]


def test_labels_of_other_pipelines_are_known() -> None:
    words = ["I", "know", "she", "lied"]
    doc = Doc(
        spacy.blank("en").vocab,
        words=words,
        heads=[1, 1, 3, 1],
        deps=["nsubj", "ROOT", "nsubj", "ccomp"],
        pos=["PRON", "VERB", "PRON", "VERB"],
    )
    assert cut(doc) == ["I know", "she lied"]


def test_the_component_writes_what_the_function_finds(nlp: Language) -> None:
    plain = spacy.blank("en")
    plain.add_pipe("sentencizer")
    plain.add_pipe("ipt_clauses")
    doc = plain("He yelled at me. I left.")
    assert [s.text for s in doc.spans[SPANS_KEY]] == cut(doc) == [c.text for c in clauses_of(doc)]


@settings(max_examples=60, deadline=None)
@given(text=WORDS)
def test_clauses_are_in_order_and_inside_sentences(nlp: Language, text: str) -> None:
    doc = nlp(text)
    clauses = clauses_of(doc)
    ends = [0]
    for clause in clauses:
        assert ends[-1] <= clause.start < clause.end
        assert clause[0].sent == clause[-1].sent
        assert any(c.isalnum() for c in clause[0].text)
        assert any(c.isalnum() for c in clause[-1].text)
        assert doc.text[clause.start_char : clause.end_char] == clause.text
        ends.append(clause.end)
    covered = {t.i for c in clauses for t in c}
    assert all(
        i in covered or len(doc[i].sent) < 3 or not doc[i].is_alpha or doc[i].is_stop
        for i in range(len(doc))
        if doc[i].lower_ in {"yelled", "slammed"}
    )
