from __future__ import annotations

import pytest
import spacy
from spacy.language import Language
from spacy.tokens import Doc

from ipt_nlp.language.noun_chunks import noun_chunks, use_noun_chunks
from ipt_nlp.language.pipeline import load_language

# words, part of speech, head, label: parses by hand, so that only these rules are tried.
UD = {
    "object and oblique": (
        [
            ("She", "PRON", 1, "nsubj"),
            ("told", "VERB", 1, "ROOT"),
            ("my", "PRON", 4, "nmod:poss"),
            ("older", "ADJ", 4, "amod"),
            ("brother", "NOUN", 1, "obj"),
            ("about", "ADP", 8, "case"),
            ("the", "DET", 8, "det"),
            ("long", "ADJ", 8, "amod"),
            ("divorce", "NOUN", 1, "obl"),
        ],
        ["She", "my older brother", "the long divorce"],
    ),
    "passive subject, agent": (
        [
            ("The", "DET", 1, "det"),
            ("kids", "NOUN", 3, "nsubj:pass"),
            ("were", "AUX", 3, "aux:pass"),
            ("seen", "VERB", 3, "ROOT"),
            ("by", "ADP", 5, "case"),
            ("Mary", "PROPN", 3, "obl:agent"),
            ("Smith", "PROPN", 5, "flat"),
        ],
        ["The kids", "Mary Smith"],
    ),
    "copula and conjunction": (
        [
            ("They", "PRON", 3, "nsubj"),
            ("are", "AUX", 3, "cop"),
            ("my", "PRON", 3, "nmod:poss"),
            ("friends", "NOUN", 3, "ROOT"),
            ("and", "CCONJ", 6, "cc"),
            ("my", "PRON", 6, "nmod:poss"),
            ("neighbours", "NOUN", 3, "conj"),
        ],
        ["They", "my friends", "my neighbours"],
    ),
    "possessor": (
        [
            ("my", "PRON", 1, "nmod:poss"),
            ("sister", "NOUN", 3, "nmod:poss"),
            ("'s", "PART", 1, "case"),
            ("house", "NOUN", 4, "nsubj"),
            ("burned", "VERB", 4, "ROOT"),
        ],
        ["my sister 's house"],
    ),
    "each other": (
        [
            ("We", "PRON", 1, "nsubj"),
            ("yell", "VERB", 1, "ROOT"),
            ("at", "ADP", 3, "case"),
            ("each", "PRON", 1, "obl"),
            ("other", "ADJ", 3, "fixed"),
        ],
        ["We", "each other"],
    ),
}
CLEAR = [
    ("She", "PRON", 1, "nsubj"),
    ("told", "VERB", 1, "ROOT"),
    ("my", "PRON", 3, "poss"),
    ("brother", "NOUN", 1, "dobj"),
    ("about", "ADP", 1, "prep"),
    ("the", "DET", 6, "det"),
    ("divorce", "NOUN", 4, "pobj"),
]


def parsed(nlp: Language, rows: list[tuple[str, str, int, str]]) -> Doc:
    words, pos, heads, deps = (list(column) for column in zip(*rows, strict=True))
    return Doc(nlp.vocab, words=words, pos=pos, heads=heads, deps=deps)


@pytest.mark.parametrize("name", UD)
def test_phrases_of_a_ud_parse(name: str) -> None:
    rows, expected = UD[name]
    assert [c.text for c in noun_chunks(parsed(spacy.blank("en"), rows))] == expected


def test_spacy_alone_misses_what_these_find() -> None:
    nlp = spacy.blank("en")
    rows, expected = UD["object and oblique"]
    assert [c.text for c in parsed(nlp, rows).noun_chunks] != expected
    assert [c.text for c in parsed(use_noun_chunks(nlp), rows).noun_chunks] == expected


def test_a_clear_parse_is_left_to_spacy() -> None:
    doc = parsed(spacy.blank("en"), CLEAR)
    assert [c.text for c in noun_chunks(doc)] == [c.text for c in doc.noun_chunks]
    assert [c.text for c in noun_chunks(doc)] == ["She", "my brother", "the divorce"]


def test_no_phrases_of_a_span_outside_it() -> None:
    doc = parsed(spacy.blank("en"), UD["object and oblique"][0])
    assert [c.text for c in noun_chunks(doc[5:])] == ["the long divorce"]


def test_an_unparsed_document_is_an_error() -> None:
    with pytest.raises(ValueError, match="parse"):
        noun_chunks(spacy.blank("en")("my brother"))


def test_the_shipped_pipeline() -> None:
    nlp = use_noun_chunks(load_language(everything=True))
    doc = nlp("My brother told his wife about the old house.")
    assert [c.text for c in doc.noun_chunks] == ["My brother", "his wife", "the old house"]
