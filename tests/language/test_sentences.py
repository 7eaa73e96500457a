"""Where sentences begin in lists and under the headings of notes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import spacy
from spacy.language import Language
from spacy.tokens import Doc

from ipt_nlp.language.pipeline import load_language, sentence_spans, sentence_starts
from ipt_nlp.language.sentences import line_starts
from ipt_nlp.language.turns import mark_turns
from ipt_nlp.transcript import Transcript, Utterance

CASES: list[dict[str, Any]] = [
    json.loads(line)
    for line in (Path(__file__).parents[1] / "cases" / "sentences.jsonl")
    .read_text(encoding="utf-8")
    .splitlines()
]
BULLETS = "- he holds her down till she calms\n- denies SI"


@pytest.fixture(scope="module")
def nlp() -> Language:
    return load_language()


@pytest.mark.parametrize("case", CASES, ids=[c["id"] for c in CASES])
def test_cases(nlp: Language, case: dict[str, Any]) -> None:
    doc = nlp(case["text"])
    assert [case["text"][a:b] for a, b in sentence_spans(doc)] == case["sentences"]


@pytest.mark.parametrize("case", CASES, ids=[c["id"] for c in CASES])
def test_segments_are_cut_where_sentences_begin(nlp: Language, case: dict[str, Any]) -> None:
    text = case["text"]
    assert sentence_starts(nlp)(text) == [sent.start_char for sent in nlp(text).sents]


def test_turns_and_list_marks_begin_sentences_side_by_side(nlp: Language) -> None:
    spoken = [Utterance("what was on it", "T"), Utterance(f"my list\n{BULLETS}", "C")]
    transcript = Transcript.from_utterances(spoken, source="talk")
    doc: Doc = nlp(mark_turns(nlp.make_doc(transcript.text), transcript.turns))
    assert [doc.text[a:b] for a, b in sentence_spans(doc)] == [
        "what was on it",
        "my list",
        "he holds her down till she calms",
        "denies SI",
    ]


@pytest.mark.parametrize("setter", ["sentencizer", "senter", None])
def test_any_pipeline_reads_lists(tmp_path: Path, setter: str | None) -> None:
    made = spacy.blank("en")
    if setter is not None:
        made.add_pipe(setter)
    made.initialize()
    made.to_disk(tmp_path)
    loaded = load_language(tmp_path)
    assert [s.text.strip() for s in loaded(BULLETS).sents] == BULLETS.split("\n")
    assert sentence_starts(loaded)(BULLETS) == [0, BULLETS.index("\n") + 1]


def test_a_list_goes_on_only_with_the_next_number() -> None:
    assert [a for a, _ in line_starts("1. a\n2. b\n7. c\n3. d")] == [0, 5, 15]
    assert list(line_starts("- \n\n   \n")) == []


def test_an_endless_line_is_read_once() -> None:
    assert list(line_starts("- " + " " * 1_000_000)) == []
    assert list(line_starts("A" * 1_000_000)) == []
