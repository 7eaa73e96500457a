"""Presidio around our recognisers, without a network; sockets are refused in all tests."""

from __future__ import annotations

import subprocess
import sys

import pytest

from ipt_nlp.identifiers import IdentifierFinder, has_identifiers
from ipt_nlp.identifiers.analyzer import OfflineEmailRecognizer, PresidioFinder, load_finder


@pytest.fixture(scope="module")
def finder() -> PresidioFinder:
    return load_finder()


def test_the_mail_recogniser_stays_offline() -> None:
    recognizer = OfflineEmailRecognizer()
    [found] = recognizer.analyze("Write to a.b@example.co.uk soon", ["EMAIL_ADDRESS"])
    assert found.score == 1.0


@pytest.mark.parametrize(
    "number", ["4012 8888 8888 1881", "DE89 3704 0044 0532 0130 00", "192.168.17.4"]
)
def test_numbers_that_prove_themselves_are_found(finder: PresidioFinder, number: str) -> None:
    text = f"She read {number} out to me."
    [found] = finder.find(text)
    assert text[found.start_char : found.end_char] == number
    assert found.kind == "id_number"


def test_both_finders_find_the_same_names(finder: PresidioFinder) -> None:
    text = "T: How is Gurdeep?\nC: He works at Copperdale Bakery, ring 07700 900341."
    assert finder.find(text) == IdentifierFinder().find(text)


def test_texts_with_names_are_told_without_their_words() -> None:
    texts = ["I sleep badly.", "My sister Siobhan rang.", "We lived in Harker's Bend."]
    assert has_identifiers(texts) == [(1, "person")]


def test_the_fast_finder_imports_neither_presidio_nor_spacy() -> None:
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            "import sys; from ipt_nlp.identifiers import IdentifierFinder; "
            "IdentifierFinder().find('My sister Siobhan rang.'); "
            "print(sorted({'spacy', 'presidio_analyzer', 'torch'} & set(sys.modules)))",
        ],
        check=True,
        capture_output=True,
        text=True,
    )
    assert done.stdout.strip() == "[]"
