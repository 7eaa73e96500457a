"""Two sentence recognisers in one component, and the pipeline put together from its parts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import spacy
from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Example
from thinc.api import fix_random_seed

from ipt_nlp.language.sentences import SentenceChooser, is_punctuated
from training.language.assemble import assemble, lean_towards
from training.language.evaluate import score, table

WRITTEN = "He left. She stayed. We talked."
SPOKEN = "he left she stayed we talked"


def trained_senter(text: str, first_words: set[str], model: dict[str, Any]) -> Language:
    """A recogniser that has learnt one text by heart."""
    fix_random_seed(0)
    nlp = spacy.blank("en")
    nlp.add_pipe("senter", config={"model": model})
    doc = nlp.make_doc(text)
    starts = [token.text in first_words for token in doc]
    example = Example.from_dict(doc, {"words": [t.text for t in doc], "sent_starts": starts})
    optimizer = nlp.initialize(lambda: [example])
    for _ in range(40):
        nlp.update([example], sgd=optimizer)
    return nlp


@pytest.fixture(scope="module")
def pipeline() -> Language:
    model = {
        "@architectures": "spacy.Tagger.v2",
        "normalize": True,
        "tok2vec": {
            "@architectures": "spacy.HashEmbedCNN.v2",
            "pretrained_vectors": None,
            "width": 16,
            "depth": 1,
            "embed_size": 100,
            "window_size": 1,
            "maxout_pieces": 2,
            "subword_features": False,
        },
    }
    syntax = spacy.blank("en")
    for name in ("tok2vec", "tagger", "morphologizer"):
        syntax.add_pipe(name)
    syntax.add_pipe("parser", config={"min_action_freq": 1})
    syntax.add_pipe("trainable_lemmatizer", config={"min_tree_freq": 1})
    names = spacy.blank("en")
    names.add_pipe("ner")
    return assemble(
        syntax=initialized(syntax),
        names=initialized(names),
        written=trained_senter(WRITTEN, {"He", "She", "We"}, model),
        spoken=trained_senter(SPOKEN, {"he", "she", "we"}, model),
        settings={"words_per_mark": 10, "written_threshold": 0.5, "spoken_threshold": 0.5},
    )


def initialized(nlp: Language) -> Language:
    """A pipeline that knows one text: an untrained parser leaves every word a root."""
    fix_random_seed(0)
    doc = Doc(
        nlp.vocab,
        words=SPOKEN.split(),
        tags=["PRP", "VBD"] * 3,
        pos=["PRON", "VERB"] * 3,
        lemmas=["he", "leave", "she", "stay", "we", "talk"],
        heads=[1, 1, 3, 3, 5, 5],
        deps=["nsubj", "ROOT"] * 3,
        ents=["B-PER", *["O"] * 5],
    )
    example = Example(nlp.make_doc(SPOKEN), doc)
    optimizer = nlp.initialize(lambda: [example])
    for _ in range(30):
        nlp.update([example], sgd=optimizer)
    return nlp


def sentences(nlp: Language, text: str) -> list[str]:
    only = nlp.select_pipes(enable="ipt_sentences")
    with only:
        return [sentence.text for sentence in nlp(text).sents]


def test_each_text_goes_to_its_recogniser(pipeline: Language) -> None:
    assert sentences(pipeline, WRITTEN) == ["He left.", "She stayed.", "We talked."]
    assert sentences(pipeline, SPOKEN) == ["he left", "she stayed", "we talked"]


def test_weights_survive_disk_and_bytes(pipeline: Language, tmp_path: Path) -> None:
    pipeline.to_disk(tmp_path / "nlp")
    loaded = spacy.load(tmp_path / "nlp")
    chooser = loaded.get_pipe("ipt_sentences")
    assert isinstance(chooser, SentenceChooser)
    assert chooser.words_per_mark == 10
    again = loaded.from_bytes(pipeline.to_bytes())
    for text in (WRITTEN, SPOKEN):
        assert sentences(again, text) == sentences(pipeline, text)


def test_a_mixed_batch_keeps_its_order(pipeline: Language) -> None:
    texts = [WRITTEN, SPOKEN, "", WRITTEN]
    with pipeline.select_pipes(enable="ipt_sentences"):
        counted = [len(list(doc.sents)) if len(doc) else 0 for doc in pipeline.pipe(texts)]
    assert counted == [3, 3, 0, 3]


def test_boundaries_already_set_are_kept(pipeline: Language) -> None:
    doc = pipeline.make_doc(SPOKEN)
    doc[3].is_sent_start = True
    doc[2].is_sent_start = False
    pipeline.get_pipe("ipt_sentences")(doc)
    assert [sentence.text for sentence in doc.sents] == ["he left she", "stayed", "we talked"]


def test_the_threshold_decides(pipeline: Language) -> None:
    chooser = pipeline.get_pipe("ipt_sentences")
    assert isinstance(chooser, SentenceChooser)
    chooser.spoken_threshold = 1.1
    try:
        assert sentences(pipeline, SPOKEN) == [SPOKEN]
    finally:
        chooser.spoken_threshold = 0.5


def test_the_parser_keeps_the_boundaries(pipeline: Language) -> None:
    assert [sentence.text for sentence in pipeline(SPOKEN).sents] == sentences(pipeline, SPOKEN)


def test_leaning_finds_more_people(pipeline: Language) -> None:
    assert not pipeline("we talked").ents
    lean_towards(pipeline, "PER", 50.0)
    try:
        assert {entity.label_ for entity in pipeline("we talked").ents} == {"PER"}
    finally:
        lean_towards(pipeline, "PER", -50.0)
    assert not pipeline("we talked").ents


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("He left.", True),
        ("he paid 3.50 for it", False),
        ("is it over?", True),
        ("we talked and talked " * 10 + "then he left.", False),
        ("", False),
    ],
)
def test_what_counts_as_punctuated(text: str, expected: bool) -> None:
    assert is_punctuated(spacy.blank("en")(text), words_per_mark=20) is expected


def test_scores_leave_out_what_the_pipeline_does_not_do() -> None:
    nlp = spacy.blank("en")
    nlp.add_pipe("sentencizer")
    gold = Doc(nlp.vocab, words=["He", "left", ".", "She"], sent_starts=[1, 0, 0, 1])
    scores = score(nlp, [gold])
    assert scores["sents_f"] == 100.0
    assert "dep_las" not in scores
    assert "| as written |" in table({"as written": scores})
