from __future__ import annotations

from pathlib import Path

import pytest
import spacy
from spacy.language import Language
from spacy.training import Example

from ipt_nlp.errors import OptionError
from ipt_nlp.language.patterns import found_patterns, pattern_rules
from ipt_nlp.language.pipeline import COMPONENTS, load_language, sentence_spans, sentence_starts

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


def test_sentences_and_rules_run_without_a_parse(nlp: Language) -> None:
    assert set(nlp.pipe_names) == {"ipt_sentences", *COMPONENTS}
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


@pytest.mark.parametrize(
    "config", ["", '[nlp]\nlang = "en"\npipeline = ["none"]\n[components.none]\nfactory = "none"\n']
)
def test_a_pipeline_that_cannot_be_loaded_is_an_error(tmp_path: Path, config: str) -> None:
    spacy.blank("en").to_disk(tmp_path)
    (tmp_path / "config.cfg").write_text(config)
    with pytest.raises(OptionError, match="--spacy-model"):
        load_language(tmp_path)


def test_a_package_that_is_no_pipeline_is_an_error() -> None:
    with pytest.raises(OptionError, match="--spacy-model"):
        load_language("numpy")


def test_the_longest_file_is_not_refused(nlp: Language) -> None:
    assert nlp.max_length >= 64 * 2**20


def test_what_a_sentence_setter_listens_to_stays_enabled(tmp_path: Path) -> None:
    made = spacy.blank("en")
    made.add_pipe("tok2vec", name="words")
    listener = {"@architectures": "spacy.Tok2VecListener.v1", "width": 96, "upstream": "words"}
    model = {"@architectures": "spacy.Tagger.v2", "tok2vec": listener}
    made.add_pipe("senter", config={"model": model})
    doc = made.make_doc(WRITTEN)
    starts = [0, *(t.i for t in doc if t.i and doc[t.i - 1].text in ".?")]
    example = Example.from_dict(doc, {"sent_starts": [int(t.i in starts) for t in doc]})
    made.initialize(lambda: [example])
    for _ in range(20):
        made.update([example])
    made.to_disk(tmp_path)
    expected = [doc[i].idx for i in starts]
    loaded = load_language(tmp_path)
    assert loaded.pipe_names == ["ipt_lines", "words", "senter", *COMPONENTS]
    assert [s.start_char for s in loaded(WRITTEN).sents] == expected
    assert sentence_starts(load_language(tmp_path, everything=True))(WRITTEN) == expected
