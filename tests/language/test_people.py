"""Who is in a session: single sentences by case file, ten whole sessions against reviewed gold."""

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

from ipt_nlp.language.inventory import inventory
from ipt_nlp.language.people import SPANS_KEY, PeopleMarker, mentions
from ipt_nlp.language.persons import FoundPerson
from ipt_nlp.language.pipeline import load_language
from ipt_nlp.language.relations import compound, first_names, normal_relation, relation_data
from ipt_nlp.language.turns import transcript_doc
from ipt_nlp.transcript import Transcript
from training.benchmarks.people import (
    Score,
    as_speech,
    reviewed_people,
    score_session,
    session_docs,
    session_turns,
)

CASES = Path(__file__).parents[1] / "cases" / "people"
PHRASES: list[dict[str, Any]] = json.loads((CASES / "phrases.json").read_text(encoding="utf-8"))
TURNS: list[dict[str, Any]] = [
    case
    for name in ("notes.json", "spoken.json")
    for case in json.loads((CASES / name).read_text(encoding="utf-8"))
]
REVIEWED: list[dict[str, Any]] = json.loads((CASES / "reviewed.json").read_text(encoding="utf-8"))
KNOWN_FAILURES = {
    "list-no-join": "a name right after a relation in a list is taken for its name",
    "friend-of-mine": 'the name after "of mine," is not joined',
}
SPOKEN_SESSIONS = 3


@pytest.fixture(scope="module")
def nlp() -> Language:
    return load_language(everything=True)


def found_in(nlp: Language, *texts: str) -> list[FoundPerson]:
    return inventory([PeopleMarker()(nlp(text)) for text in texts])


def summary(people: list[FoundPerson]) -> list[tuple[str | None, list[str], bool]]:
    return sorted(
        [(p.relation, sorted(p.names), p.deceased is True) for p in people],
        key=str,
    )


def wanted(case: dict[str, Any]) -> list[tuple[str | None, list[str], bool]]:
    return sorted(
        [
            (p.get("relation"), sorted(p.get("names", [])), p.get("deceased", False))
            for p in case["people"]
        ],
        key=str,
    )


@pytest.mark.parametrize(
    "text",
    [
        "Anna's husband Tom left last year. Then Tom's wife Anna called me.",
        "Sarah's mum Linda rang. Linda's daughter Sarah was there too.",
        "Tom's dad is called Tom too. Tom's dad rang me, and Tom came.",
    ],
)
def test_whoever_is_whose_the_reading_ends(nlp: Language, text: str) -> None:
    people = found_in(nlp, text)
    assert all(name in text for person in people for name in person.names)
    assert len(people) >= 2


@pytest.mark.parametrize("case", PHRASES, ids=lambda case: str(case["id"]))
def test_people_of_a_phrase(nlp: Language, case: dict[str, Any]) -> None:
    got = summary(found_in(nlp, case["text"]))
    if case["id"] in KNOWN_FAILURES:
        assert got != wanted(case), "no longer fails: take it off the list"
    else:
        assert got == wanted(case)


@pytest.mark.parametrize("case", TURNS, ids=lambda case: str(case["id"]))
def test_people_of_a_note_or_of_turns(nlp: Language, case: dict[str, Any]) -> None:
    doc = transcript_doc(nlp, Transcript.from_text(case["text"]))
    got = summary(inventory([doc]))
    if case["id"] in KNOWN_FAILURES:
        assert got != wanted(case), "no longer fails: take it off the list"
    else:
        assert got == wanted(case)


@pytest.mark.parametrize("speech", [False, True], ids=["written", "spoken"])
def test_people_of_reviewed_sessions(nlp: Language, speech: bool) -> None:
    turns = session_turns("test")
    score = Score()
    sessions = REVIEWED[:SPOKEN_SESSIONS] if speech else REVIEWED
    for session in sessions:
        docs = session_docs(nlp, turns[session["session"]], speech=speech)
        score_session(reviewed_people(session), inventory(docs), score)
    assert score.f1 >= (0.75 if speech else 0.85)
    assert score.relation_accuracy >= (0.75 if speech else 0.85)
    assert score.deceased_accuracy >= 0.95


def test_a_person_of_several_segments_is_one(nlp: Language) -> None:
    people = found_in(nlp, "My brother Tom rang.", "It rained.", "I told Tom to stop it.")
    assert [(p.names, p.relation, p.count, p.docs) for p in people] == [
        (("Tom",), "brother", 3, (0, 2))
    ]
    assert people[0].mention == "My brother"


def test_names_that_are_given_are_left_out(nlp: Language) -> None:
    docs = [PeopleMarker()(nlp("I told Robin that Hannah was there. Robin said Hannah is kind."))]
    assert {p.names for p in inventory(docs)} == {("Robin",), ("Hannah",)}
    assert {p.names for p in inventory(docs, not_people=["ROBIN"])} == {("Hannah",)}


def test_tokens_alone_are_enough_for_relations() -> None:
    blank = spacy.blank("en")
    people = found_in(blank, "I rang my mum and then I saw Hannah with my boss.")
    assert {p.relation for p in people} >= {"mother", "boss"}
    assert ("Hannah",) in {p.names for p in people}


def test_the_component_joins_any_pipeline() -> None:
    blank = spacy.blank("en")
    blank.add_pipe("ipt_people")
    doc = blank("My landlady rang.")
    assert [(m.span.text, m.relation) for m in mentions(doc)] == [("My landlady", "landlord")]
    assert mentions(spacy.blank("en")("My landlady rang.")) == []


def test_nobody() -> None:
    assert inventory([]) == []
    assert found_in(spacy.blank("en"), "") == []


BLANK = spacy.blank("en")
WORDS = st.sampled_from(
    "my your his her the a late mum dad brother Tom tom , . ? \n 's died funeral kids and Ana is "
    "called friend this one girl at work mother - in - law doctor she he said İzmir É 😀".split(" ")
)


@given(st.lists(st.lists(WORDS, max_size=30), max_size=4))
@settings(max_examples=200, deadline=None)
def test_every_mention_is_its_words(parts: list[list[str]]) -> None:
    docs: list[Doc] = [PeopleMarker()(BLANK(" ".join(words))) for words in parts]
    for person in inventory(docs):
        assert person.count == len(person.mentions) > 0
        for m in person.mentions:
            assert docs[m.doc].text[m.start_char : m.end_char] == m.text != ""
        assert list(person.mentions) == sorted(person.mentions, key=lambda m: (m.doc, m.start_char))
    for doc in docs:
        assert all(span.label_ for span in doc.spans[SPANS_KEY])


def test_relation_words_name_one_relation_each() -> None:
    data = relation_data()
    words = [word for relation in data.relations.values() for word in relation.words]
    assert len(words) == len(set(words))
    assert set(data.compounds.values()) <= set(data.relations)
    for relation in data.relations.values():
        assert relation.address <= relation.words
    assert data.plural["wives"].name == "wife"
    assert first_names()["hannah"] == "f"


@pytest.mark.parametrize(
    ("words", "relation"),
    [
        ("former co-worker", "co-worker"),
        ("friend from choir", "friend"),
        ("wife, separated", "wife"),
        ("former girlfriend", "ex-girlfriend"),
        ("husband's mum", "mother-in-law"),
        ("wife of friend", "friend's wife"),
        ("engineer", None),
    ],
)
def test_free_words_for_relations(words: str, relation: str | None) -> None:
    assert normal_relation(words) == relation


def test_compounds() -> None:
    assert compound("brother", "girlfriend") == "brother's girlfriend"
    assert compound("mother", "sister") == "aunt"


def test_speech_has_no_marks() -> None:
    assert as_speech("Well, I -- don't know.") == "well i don't know"
