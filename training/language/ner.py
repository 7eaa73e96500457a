"""Build the material for the name recogniser: treebank sentences full of people.

There are few annotated sentences, and the people in them are mostly in the news. So every
sentence comes back with other names in the same places, with names where "he" or "she" stood, and
with a name after "my brother"; and all of it in the spellings of chats and transcripts as well.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any

import spacy
import typer
from spacy.tokens import Doc, DocBin

from training.language.augment import lower, strip_end_mark, strip_marks
from training.language.convert import (
    Sentence,
    Word,
    paragraphs,
    read_conllu,
    read_names,
    to_doc,
)
from training.language.names import NameDrawer, load_names

KIN = frozenset(
    [
        "mother",
        "father",
        "mum",
        "mom",
        "dad",
        "sister",
        "brother",
        "son",
        "daughter",
        "wife",
        "husband",
        "partner",
        "aunt",
        "uncle",
        "cousin",
        "nephew",
        "niece",
        "grandmother",
        "grandfather",
        "grandma",
        "grandpa",
        "boyfriend",
        "girlfriend",
        "friend",
        "boss",
        "neighbour",
        "neighbor",
        "colleague",
        "roommate",
        "fiance",
        "fiancee",
        "ex",
        "stepfather",
        "stepmother",
    ]
)
PERSON_PRONOUNS = frozenset(("he", "she"))
PERSON_RELATIONS = frozenset(("nsubj", "nsubj:pass", "obj", "iobj", "obl", "nmod", "conj"))
LONGEST_NAME = 3
KIND_LABELS = {"person": "PER", "employer": "ORG", "school": "ORG", "place": "LOC"}
"""Kinds of identifier that are names, and their label."""


@dataclass(frozen=True)
class Shares:
    """How often each change is made where it could be."""

    other_name: float = 0.85
    name_for_pronoun: float = 0.3
    name_after_kin: float = 0.4


class Renamer:
    """Puts invented people into annotated sentences."""

    def __init__(self, names: NameDrawer, draw: random.Random, shares: Shares) -> None:
        """`draw` decides where, `names` who."""
        self._names = names
        self._draw = draw
        self._shares = shares

    def rename(self, group: list[Sentence]) -> list[Sentence]:
        """A paragraph with other people in it."""
        return [self._with_kin(self._with_names(sentence)) for sentence in group]

    def _with_names(self, sentence: Sentence) -> Sentence:
        words = list(sentence.words)
        for start, end in person_spans(words):
            if self._can_change(words[start:end]) and self._happens(self._shares.other_name):
                drawn = self._names.draw(end - start)
                for index, name in zip(range(start, end), drawn, strict=True):
                    words[index] = renamed(words[index], name)
        for index, word in enumerate(words):
            if stands_for_person(word) and self._happens(self._shares.name_for_pronoun):
                words[index] = replace(
                    renamed(word, self._names.draw(1)[0]), pos="PROPN", tag="NNP", name="B-PER"
                )
        return replace(sentence, words=tuple(words))

    def _with_kin(self, sentence: Sentence) -> Sentence:
        for index, word in enumerate(sentence.words):
            if self._could_be_named(sentence.words, index) and self._happens(
                self._shares.name_after_kin
            ):
                name = self._names.draw(1)[0]
                return insert_name(sentence, index, renamed(word, name))
        return sentence

    @staticmethod
    def _can_change(words: list[Word]) -> bool:
        return len(words) <= LONGEST_NAME and all(word.form.isalpha() for word in words)

    @staticmethod
    def _could_be_named(words: tuple[Word, ...], index: int) -> bool:
        word = words[index]
        owned = any(each.head == index and each.dep == "nmod:poss" for each in words)
        following = words[index + 1] if index + 1 < len(words) else None
        named = following is not None and following.pos in ("PROPN", "NOUN", "PART")
        return word.lemma.lower() in KIN and owned and word.name == "O" and not named

    def _happens(self, share: float) -> bool:
        return self._draw.random() < share


def person_spans(words: list[Word]) -> Iterator[tuple[int, int]]:
    """First and last-but-one index of every name of a person."""
    for start, word in enumerate(words):
        if word.name == "B-PER":
            end = start + 1
            while end < len(words) and words[end].name == "I-PER":
                end += 1
            yield start, end


def stands_for_person(word: Word) -> bool:
    """Whether the word is a "he", "she", "him" or "her" that a name could replace."""
    return (
        word.lemma.lower() in PERSON_PRONOUNS
        and word.tag == "PRP"
        and word.dep in PERSON_RELATIONS
        and word.name == "O"
    )


def renamed(word: Word, name: str) -> Word:
    """The word with another form, in lower or upper case if the old one was a name in it."""
    if word.name not in (None, "O"):
        if word.form.islower():
            name = name.lower()
        elif word.form.isupper() and len(word.form) > 1:
            name = name.upper()
    return replace(word, form=name, lemma=name)


def insert_name(sentence: Sentence, after: int, like: Word) -> Sentence:
    """Insert a name as apposition after the word at `after`, which passes its space on."""
    shifted = [replace(word, head=word.head + (word.head > after)) for word in sentence.words]
    kin = shifted[after]
    name = replace(
        like, pos="PROPN", tag="NNP", morph="Number=Sing", head=after, dep="appos",
        space_after=kin.space_after, name="B-PER",
    )  # fmt: skip
    shifted[after] = replace(kin, space_after=True)
    return replace(sentence, words=(*shifted[: after + 1], name, *shifted[after + 1 :]))


def respell(group: list[Sentence], draw: random.Random, lowered: float) -> list[Sentence]:
    """The paragraph as it is typed: a `lowered` share in lower case, half of that without marks."""
    marks, letters = draw.random(), draw.random()
    if marks < lowered / 2:
        group = [stripped for each in group if (stripped := strip_marks(each))]
    elif marks < lowered:
        group = [strip_end_mark(each) for each in group]
    return [lower(each) for each in group] if letters < lowered else group


def read_identifiers(paths: Iterable[Path], writers: frozenset[str]) -> Iterator[Doc]:
    """Texts of IPT-Synth's `identifiers` rows with their names, in draft or in corpus form.

    Only rows of the given writers; a draft's writer is the name of its file.
    Kinds that are no names here (a handle, an address) are left unknown, and so is a name whose
    letters do not fall on word boundaries.
    """
    nlp = spacy.blank("en")
    for path in paths:
        for line in path.read_text(encoding="utf-8").splitlines():
            if line.strip():
                row = json.loads(line)
                if row.get("writer", path.stem) in writers:
                    yield _identified(nlp.make_doc(row["text"]), list(_marked(row)))


def _marked(row: dict[str, Any]) -> Iterator[tuple[int, int, str]]:
    """Start, end and kind of every span; a repeated quote of a draft means its next occurrence."""
    for flag in row.get("flags", []):
        if flag["flag"] == "identifier":
            yield flag["start_char"], flag["end_char"], flag["kind"]
    reached: dict[str, int] = {}
    for quote, kind in row.get("spans", []):
        start = row["text"].find(quote, reached.get(quote, 0))
        if start >= 0:
            reached[quote] = start + len(quote)
            yield start, start + len(quote), kind


def _identified(doc: Doc, marked: list[tuple[int, int, str]]) -> Doc:
    found, unknown = [], []
    for start, end, kind in marked:
        exact = doc.char_span(start, end, label=KIND_LABELS.get(kind, ""))
        if kind in KIND_LABELS and exact is not None:
            found.append(exact)
        elif (wider := doc.char_span(start, end, alignment_mode="expand")) is not None:
            unknown.append(wider)
    kept = spacy.util.filter_spans([*found, *unknown])
    doc.set_ents(
        [span for span in kept if span.label],
        missing=[span for span in kept if not span.label],
        default="outside",
    )
    return doc


def main(
    train: Path,
    train_guesses: Path,
    dev: Path,
    dev_names: Path,
    output: Path,
    monitor: Annotated[Path, typer.Option(help="held-out tenth of DEV, both spellings")],
    identifiers: Annotated[Path | None, typer.Option(help="folder of IPT-Synth .jsonl")] = None,
    writer: Annotated[list[str] | None, typer.Option(help="whose rows to take")] = None,
    gold_copies: int = 6,
    guess_copies: int = 2,
    lowered: float = 0.5,
    seed: int = 0,
) -> None:
    """Write the recogniser's training material to OUTPUT (.spacy).

    python -m training.language.ner train.conllu silver.iob2 dev.conllu dev.iob2 ner.spacy \\
        --monitor ner-dev.spacy --identifiers identifiers/ --writer i01
    """
    draw = random.Random(seed)
    renamer = Renamer(NameDrawer(load_names(), seed), draw, Shares())
    gold = list(paragraphs(read_conllu(dev, read_names(dev_names))))
    held, taught = gold[::10], [each for index, each in enumerate(gold) if index % 10]
    guessed = list(paragraphs(read_conllu(train, read_names(train_guesses))))
    vocab = spacy.blank("en").vocab
    docs = DocBin(store_user_data=False)
    for groups, copies in ((taught, gold_copies), (guessed, guess_copies)):
        for copy in range(copies):
            for group in groups:
                named = renamer.rename(group) if copy % 2 else group
                if varied := respell(named, draw, lowered):
                    docs.add(to_doc(vocab, varied))
    rows = sorted(identifiers.glob("*.jsonl")) if identifiers else []
    for doc in read_identifiers(rows, frozenset(writer or ())):
        docs.add(doc)
    docs.to_disk(output)
    both = [*held, *([lower(each) for each in group] for group in held)]
    DocBin(docs=[to_doc(vocab, group) for group in both]).to_disk(monitor)
    typer.echo(f"{output.name}: {len(docs)} paragraphs", err=True)


if __name__ == "__main__":
    typer.run(main)
