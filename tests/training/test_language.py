"""The recipe of the language pipeline, on an invented treebank of three paragraphs."""

from __future__ import annotations

import json
import random
from pathlib import Path

import numpy as np
import pytest
import spacy
from spacy.tokens import Doc, DocBin
from spacy.vocab import Vocab
from weasel.util.config import load_project_config

from training.language import card, convert, ner, scrub, vectors
from training.language.augment import cut, strip_end_mark, strip_marks, vary
from training.language.convert import Sentence, TreebankError
from training.language.names import NameDrawer, Names, is_usable, load_names

TREEBANK = """\
# newdoc id = one
# sent_id = one-1
# newpar id = one-p1
# text = "I can't," said Mia.
1\t"\t"\tPUNCT\t``\t_\t3\tpunct\t_\tSpaceAfter=No
2\tI\tI\tPRON\tPRP\tCase=Nom\t3\tnsubj\t_\t_
3-4\tcan't\t_\t_\t_\t_\t_\t_\t_\tSpaceAfter=No
3\tca\tcan\tAUX\tMD\tVerbForm=Fin\t0\troot\t_\t_
4\tn't\tnot\tPART\tRB\tPolarity=Neg\t3\tadvmod\t_\t_
5\t,\t,\tPUNCT\t,\t_\t3\tpunct\t_\tSpaceAfter=No
6\t"\t"\tPUNCT\t''\t_\t3\tpunct\t_\t_
7\tsaid\tsay\tVERB\tVBD\tTense=Past\t3\tparataxis\t_\t_
8\tMia\tMia\tPROPN\tNNP\tNumber=Sing\t7\tnsubj\t_\tSpaceAfter=No
9\t.\t.\tPUNCT\t.\t_\t3\tpunct\t_\t_

# sent_id = one-2
# text = My brother left,he hates it
1\tMy\tmy\tPRON\tPRP$\t_\t2\tnmod:poss\t_\t_
2\tbrother\tbrother\tNOUN\tNN\tNumber=Sing\t3\tnsubj\t_\t_
3\tleft\tleave\tVERB\tVBD\tTense=Past\t0\troot\t_\tSpaceAfter=No
4\t,\t,\tPUNCT\t,\t_\t6\tpunct\t_\tSpaceAfter=No
5\the\the\tPRON\tPRP\tCase=Nom\t6\tnsubj\t_\t_
6\thates\thate\tVERB\tVBZ\tTense=Pres\t3\tparataxis\t_\t_
6.1\tnothing\tnothing\t_\t_\t_\t_\t_\t_\t_
7\tit\tit\tPRON\tPRP\tCase=Acc\t6\tobj\t_\t_

# sent_id = one-3
# newpar id = one-p2
# text = Thanks!
1\tThanks\tthanks\tNOUN\tNN\t_\t0\troot\t_\tSpaceAfter=No
2\t!\t!\tPUNCT\t.\t_\t1\tpunct\t_\t_

# newdoc id = two
# sent_id = two-1
# text = * Mia
1\t*\t*\tPUNCT\tNFP\t_\t0\troot\t_\t_
2\tMia\tMia\tPROPN\tNNP\t_\t1\tdep\t_\t_
"""
NAMES = """\
# sent_id = one-1
1\t"\tO\t-\tx
2\tI\tO\t-\tx
3\tcan't\tO\t-\tx
4\t,\tO\t-\tx
5\t"\tO\t-\tx
6\tsaid\tO\t-\tx
7\tMia\tB-PER\t-\tx
8\t.\tO\t-\tx

# sent_id = one-2
1\tMy\tO\t-\tx
2\tbrother\tO\t-\tx
3\tleft\tO\t-\tx
4\t,\tO\t-\tx
5\the\tO\t-\tx
6\thates\tO\t-\tx
7\tit\t_\t-\tx

# sent_id = two-1
1\t*\tO\t-\tx
2\tMiya\tB-PER\t-\tx
"""


@pytest.fixture
def treebank(tmp_path: Path) -> Path:
    path = tmp_path / "tiny.conllu"
    path.write_text(TREEBANK, encoding="utf-8")
    return path


@pytest.fixture
def names(tmp_path: Path) -> Path:
    path = tmp_path / "tiny.iob2"
    path.write_text(NAMES, encoding="utf-8")
    return path


@pytest.fixture
def sentences(treebank: Path, names: Path) -> list[Sentence]:
    return list(convert.read_conllu(treebank, convert.read_names(names)))


def doc_of(sentences: list[Sentence]) -> Doc:
    return convert.to_doc(Vocab(), sentences)


def is_tree(sentence: Sentence) -> bool:
    """One root, and every word reaches it."""
    heads = [word.head for word in sentence.words]
    roots = [index for index, head in enumerate(heads) if head == index]
    for start in range(len(heads)):
        place = start
        for _ in heads:
            place = heads[place]
        if place not in roots:
            return False
    return len(roots) == 1 and sentence.words[roots[0]].dep == "ROOT"


class TestConvert:
    def test_paragraphs_follow_the_comments(self, sentences: list[Sentence]) -> None:
        groups = list(convert.paragraphs(sentences))
        assert [[each.sent_id for each in group] for group in groups] == [
            ["one-1", "one-2"],
            ["one-3"],
            ["two-1"],
        ]

    def test_space_of_a_multiword_token_is_its_last_part_s(self, sentences: list[Sentence]) -> None:
        doc = doc_of(sentences[:2])
        assert doc.text == '"I can\'t," said Mia. My brother left,he hates it'
        assert [sent.text for sent in doc.sents] == [
            '"I can\'t," said Mia.',
            "My brother left,he hates it",
        ]

    def test_annotation_arrives(self, sentences: list[Sentence]) -> None:
        doc = doc_of(sentences[:2])
        left = doc[11]
        assert (left.text, left.lemma_, left.pos_, left.tag_) == ("left", "leave", "VERB", "VBD")
        assert (left.dep_, left.head.i, doc[10].head.text) == ("ROOT", 11, "left")
        assert str(doc[1].morph) == "Case=Nom"

    def test_names_are_carried_over_another_division_into_words(
        self, sentences: list[Sentence]
    ) -> None:
        doc = doc_of(sentences[:1])
        assert [(ent.text, ent.label_) for ent in doc.ents] == [("Mia", "PER")]
        assert doc[2].ent_iob_ == "O"

    def test_unknown_names_stay_unknown(self, sentences: list[Sentence]) -> None:
        guessed, unnamed, corrected = doc_of([sentences[1]]), doc_of([sentences[2]]), sentences[3]
        assert [token.ent_iob_ for token in guessed] == ["O"] * 6 + [""]
        assert {token.ent_iob_ for token in unnamed} == {""}
        assert [word.name for word in corrected.words] == [None, None]

    def test_neighbouring_names_are_two(self) -> None:
        doc = Doc(Vocab(), words=["Mia", "Ngozi", "Obi", "left"])
        convert.set_names(doc, ["B-PER", "B-PER", "I-PER", "O"])
        assert [ent.text for ent in doc.ents] == ["Mia", "Ngozi Obi"]

    def test_a_short_row_names_its_sentence(self, treebank: Path) -> None:
        treebank.write_text(TREEBANK.replace("\tdep\t_\t_", "\tdep"), encoding="utf-8")
        with pytest.raises(TreebankError, match="two-1: word 2 has 8 columns"):
            list(convert.read_conllu(treebank))

    def test_docbin_round_trip(self, treebank: Path, names: Path, tmp_path: Path) -> None:
        convert.main(treebank, tmp_path / "out" / "tiny.spacy", names)
        docs = list(DocBin().from_disk(tmp_path / "out" / "tiny.spacy").get_docs(Vocab()))
        assert [len(list(doc.sents)) for doc in docs] == [2, 1, 1]
        assert docs[0].ents[0].text == "Mia"


class TestSpellings:
    def test_lower_case_keeps_lemmas(self, sentences: list[Sentence]) -> None:
        doc = doc_of(vary(sentences[:1], lowered=True, marks="all"))
        assert doc.text == '"i can\'t," said mia.'
        assert doc[7].lemma_ == "Mia"

    def test_stripped_text_keeps_words_apart(self, sentences: list[Sentence]) -> None:
        doc = doc_of(vary(sentences[:2], lowered=False, marks="none"))
        assert doc.text == "I can't said Mia My brother left he hates it"
        assert len(list(doc.sents)) == 2

    @pytest.mark.parametrize("index", range(4))
    def test_stripped_sentences_are_trees(self, sentences: list[Sentence], index: int) -> None:
        stripped = strip_marks(sentences[index])
        assert stripped is not None
        assert is_tree(stripped)

    def test_a_word_below_a_removed_root_becomes_root(self) -> None:
        words = doc_words([("*", "PUNCT", 0), ("a", "DET", 2), ("b", "NOUN", 0), ("c", "X", 0)])
        stripped = strip_marks(Sentence("s", words, opens_paragraph=True))
        assert stripped is not None
        assert [word.head for word in stripped.words] == [1, 1, 1]
        assert is_tree(stripped)

    def test_nothing_but_marks_is_nothing(self) -> None:
        sentence = Sentence("s", doc_words([("-----", "PUNCT", 0)]), opens_paragraph=True)
        assert strip_marks(sentence) is None
        assert vary([sentence], lowered=True, marks="none") == []

    def test_only_the_end_mark_goes(self, sentences: list[Sentence]) -> None:
        doc = doc_of([strip_end_mark(each) for each in sentences[:3]])
        assert doc.text == '"I can\'t," said Mia My brother left,he hates it Thanks'

    def test_cut_goes_between_sentences(self, sentences: list[Sentence]) -> None:
        parts = list(cut(sentences, longest=10))
        assert [len(part) for part in parts] == [1, 2, 1]


def doc_words(rows: list[tuple[str, str, int]]) -> tuple[convert.Word, ...]:
    return tuple(
        convert.Word(form, form, pos, pos, "", head, "ROOT" if head == i else "dep", True)
        for i, (form, pos, head) in enumerate(rows)
    )


class TestNames:
    def test_many_cultures_in_latin_letters(self) -> None:
        found = load_names()
        locales = {names.locale for names in found}
        assert {"yo_NG", "vi_VN", "tr_TR", "pl_PL", "zu_ZA", "ja_JP"} <= locales
        assert all(map(is_usable, (name for names in found for name in names.first)))

    @pytest.mark.parametrize("name", ["Dr.", "van", "Мария", "A", "Anna Maria"])
    def test_what_is_no_single_latin_name(self, name: str) -> None:
        assert not is_usable(name)

    def test_people_change_and_words_stay(self, sentences: list[Sentence]) -> None:
        named = renamer(ner.Shares(other_name=1, name_for_pronoun=0, name_after_kin=0)).rename(
            sentences[:2]
        )
        assert doc_of(named).text == '"I can\'t," said Ayo. My brother left,he hates it'

    def test_names_for_pronouns_and_after_kin(self, sentences: list[Sentence]) -> None:
        named = renamer(ner.Shares(other_name=0, name_for_pronoun=1, name_after_kin=1)).rename(
            sentences[1:2]
        )
        doc = doc_of(named)
        assert doc.text == "My brother Ayo left,Ayo hates it"
        assert [ent.start for ent in doc.ents] == [2, 5]
        assert (doc[0].head.i, doc[1].head.i, doc[2].head.i, doc[5].head.i) == (1, 3, 1, 6)

    @pytest.mark.parametrize(
        "row",
        [
            {"text": "Tom met Tom at Acme.", "spans": [["Tom", "person"], ["Tom", "person"]]},
            {
                "text": "Tom met Tom at Acme.",
                "writer": "i01",
                "flags": [
                    {"flag": "identifier", "kind": "person", "start_char": 0, "end_char": 3},
                    {"flag": "identifier", "kind": "person", "start_char": 8, "end_char": 11},
                    {"flag": "identifier", "kind": "handle", "start_char": 15, "end_char": 19},
                ],
            },
        ],
    )
    def test_identifiers_in_both_forms(self, row: dict[str, object], tmp_path: Path) -> None:
        path = tmp_path / "i01.jsonl"
        path.write_text(json.dumps(row) + "\n", encoding="utf-8")
        (doc,) = ner.read_identifiers([path], frozenset({"i01"}))
        assert [(ent.start_char, ent.label_) for ent in doc.ents] == [(0, "PER"), (8, "PER")]
        assert doc[4].ent_iob_ == ("" if "flags" in row else "O")
        assert list(ner.read_identifiers([path], frozenset({"i02"}))) == []


def renamer(shares: ner.Shares) -> ner.Renamer:
    drawer = NameDrawer([Names("yo_NG", ("Ayo",), ("Ayo",))], seed=0, english=0.0)
    return ner.Renamer(drawer, random.Random(0), shares)


class TestScrub:
    def test_private_strings_go_and_predictions_stay(self, tmp_path: Path) -> None:
        nlp = spacy.blank("en")
        tagger = nlp.add_pipe("tagger")
        tagger.add_label("NN")  # type: ignore[attr-defined]
        nlp.initialize()
        for private in ("mia@example.org", "555-123-4567", "0171 5551234", "www.example.org"):
            nlp.vocab.strings.add(private)
        nlp.to_disk(tmp_path / "in")
        assert [path.name for path in scrub.private_files(tmp_path / "in")] == ["strings.json"]

        scrub.main(tmp_path / "in", tmp_path / "out")

        assert list(scrub.private_files(tmp_path / "out")) == []
        assert [token.tag_ for token in spacy.load(tmp_path / "out")("one two")] == ["NN", "NN"]
        meta = json.loads((tmp_path / "out" / "meta.json").read_text(encoding="utf-8"))
        assert meta["license"] == "CC BY-SA 4.0"
        assert "UD English EWT" in {source["name"] for source in meta["sources"]}

    @pytest.mark.parametrize("text", ["1999", "Mia", "s.", "9:30", "don't", "Number=Sing"])
    def test_ordinary_strings_are_not_private(self, text: str) -> None:
        assert not scrub.is_private(text)


class TestVectors:
    def test_other_weights_are_refused(self, tmp_path: Path) -> None:
        (tmp_path / "model.safetensors").write_bytes(b"something else")
        with pytest.raises(vectors.WeightsError, match="expected 53aa51"):
            vectors.read_table(tmp_path)

    def test_reduced_directions_vary_alike(self) -> None:
        table = np.random.default_rng(0).normal(size=(200, 12)).astype("float32")
        table[:, 0] *= 50
        reduced = vectors.reduce(table, 4)
        assert reduced.shape == (200, 4)
        assert np.allclose(reduced.std(axis=0), 1, atol=1e-3)
        assert abs(np.corrcoef(reduced[:, 0], table[:, 0])[0, 1]) < 0.2

    def test_runs_of_marks_and_telephone_numbers_are_words(self) -> None:
        nlp = spacy.blank("en")
        vectors.treebank_tokenizer(nlp)
        doc = nlp("Wow!!! Call 555-123-4567 or e-mail me. Ok?! =====")
        expected = "Wow !!! Call 555-123-4567 or e-mail me . Ok ?! ====="
        assert [token.text for token in doc] == expected.split()


class TestRecipe:
    RECIPE = Path(vectors.__file__).parent

    def test_every_step_names_a_script_and_configs_that_exist(self) -> None:
        project = load_project_config(self.RECIPE, interpolate=False)
        lines = [line for command in project["commands"] for line in command["script"]]
        assert len(lines) > 10
        for line in lines:
            module = line.split()[2].rpartition(".")[2]
            assert (self.RECIPE / f"{module}.py").is_file(), line
            for config in (word for word in line.split() if word.endswith(".cfg")):
                assert (self.RECIPE / config).is_file(), line

    def test_the_workflow_makes_what_it_needs_before_it_needs_it(self) -> None:
        project = load_project_config(self.RECIPE, interpolate=False)
        commands = {command["name"]: command for command in project["commands"]}
        made: set[str] = set()
        for name in project["workflows"]["all"]:
            needs = {
                dep for dep in commands[name]["deps"] if dep.startswith(("corpus", "training"))
            }
            assert needs <= made, name
            made |= set(commands[name].get("outputs", []))

    def test_the_card_shows_scores_and_sources(self) -> None:
        report = {
            "scores": {"as written": {"tag_acc": 93.7}},
            "words_per_second": 12345,
            "megabytes": 19.2,
        }
        template = (self.RECIPE / "card.md").read_text(encoding="utf-8")
        filled = card.fill(template, report, "0.1.0")
        assert "| as written |  | 93.7 |" in filled
        assert "12,345 words a second" in filled
        assert "CC BY-SA 4.0" in filled
        assert card.performance(report) == {"tag_acc": 0.937, "speed": 12345}
