"""The pipeline that ships: small, without private strings, and able to do what its card says."""

from __future__ import annotations

from pathlib import Path

import pytest
import spacy
from spacy.language import Language

import ipt_nlp.language.sentences  # noqa: F401  registers the factory `ipt_sentences`
from training.language.evaluate import folder_megabytes
from training.language.scrub import private_files

FOLDER = Path(__file__).parents[2] / "models" / "en_ipt_core"


@pytest.fixture(scope="module")
def nlp() -> Language:
    return spacy.load(FOLDER)


def test_it_is_small_and_holds_no_private_strings() -> None:
    assert folder_megabytes(FOLDER) < 20
    assert list(private_files(FOLDER)) == []


def test_licence_and_sources_travel_with_it(nlp: Language) -> None:
    assert nlp.meta["license"] == "CC BY-SA 4.0"
    assert "UD English EWT" in (FOLDER / "README.md").read_text(encoding="utf-8")


def test_people_of_many_cultures(nlp: Language) -> None:
    doc = nlp("My brother Tunde doesn't call anymore. Since Dad died, Ngozi and Oksana argue.")
    people = {entity.text for entity in doc.ents if entity.label_ == "PER"}
    assert {"Tunde", "Ngozi", "Oksana"} <= people
    assert [token.lemma_ for token in doc if token.tag_ == "VBD"] == ["die"]


def test_sentences_without_marks_and_capitals(nlp: Language) -> None:
    doc = nlp("my brother tunde moved out in march we have not talked since")
    assert [sentence.text for sentence in doc.sents] == [
        "my brother tunde moved out in march",
        "we have not talked since",
    ]


def test_batches_change_nothing(nlp: Language) -> None:
    texts = ["I left. He stayed.", "we talk he listens", "Ngozi called me.", "so what"] * 8
    alone = [[(t.tag_, t.dep_, t.is_sent_start) for t in nlp(text)] for text in texts]
    batched = [[(t.tag_, t.dep_, t.is_sent_start) for t in doc] for doc in nlp.pipe(texts)]
    assert batched == alone
