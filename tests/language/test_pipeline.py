from __future__ import annotations

import pytest
import spacy
from spacy.language import Language

from ipt_nlp.errors import OptionError
from ipt_nlp.language.patterns import found_patterns, pattern_rules
from ipt_nlp.language.pipeline import load_language, sentence_spans, sentence_starts

WRITTEN = "I left the house. She did not call me back. What should I do?"


@pytest.fixture(scope="module")
def nlp() -> Language:
    return load_language()


@pytest.mark.parametrize("name", pattern_rules())
def test_every_rule_marks_its_example_and_not_its_counter_example(nlp: Language, name: str) -> None:
    rule = pattern_rules()[name]
    marked = {f.source for f in found_patterns(nlp(rule.example))}
    assert f"rule:{name}" in marked
    assert f"rule:{name}" not in {f.source for f in found_patterns(nlp(rule.counter_example))}


def test_sentences_of_written_text(nlp: Language) -> None:
    spans = sentence_spans(nlp(WRITTEN))
    assert [WRITTEN[a:b] for a, b in spans] == [
        "I left the house.",
        "She did not call me back.",
        "What should I do?",
    ]
    assert sentence_starts(nlp)(WRITTEN) == [a for a, _ in spans]


def test_speech_without_marks_is_cut_somewhere(nlp: Language) -> None:
    spoken = (
        "so i went home and he was already there i said hello he said nothing then i went "
        "upstairs and i cried for an hour my sister called me later and we talked"
    )
    assert len(sentence_spans(nlp(spoken))) >= 2


def test_tagging_runs_only_what_it_reads(nlp: Language) -> None:
    assert set(nlp.pipe_names) == {"ipt_sentences", "ipt_patterns"}
    assert "ner" in load_language(everything=True).pipe_names


def test_components_join_any_pipeline() -> None:
    other = spacy.blank("en")
    other.add_pipe("sentencizer")
    other.add_pipe("ipt_patterns")
    assert found_patterns(other("He yelled at me."))


def test_another_pipeline_can_be_used(tmp_path: object) -> None:
    folder = f"{tmp_path}/plain"
    spacy.blank("en").to_disk(folder)
    loaded = load_language(folder)
    assert next(s.text for s in loaded(WRITTEN).sents) == "I left the house."


def test_an_unknown_pipeline_is_an_error() -> None:
    with pytest.raises(OptionError, match="--spacy-model"):
        load_language("no_such_pipeline")
