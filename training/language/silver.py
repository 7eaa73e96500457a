"""Guess the names of EWT's training part, which nobody has annotated, from its gold tags.

A linear model over the base encoder's frozen states, the gold part of speech, the relation and
the shape of each word learns on the annotated dev part what tells a person from a place. It may
look at gold tags, which the shipped recogniser never sees, and so it is surer than that one can
be. Words it is not sure of stay unknown, and training passes over them.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
import typer
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, hstack
from sklearn.feature_extraction import DictVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import classification_report
from sklearn.model_selection import cross_val_predict
from transformers import AutoModel, AutoTokenizer

from training.language.convert import Sentence, Word, read_conllu, read_names
from training.language.names import load_names

LAYERS = (2, 4, 5)
SURE = {"PER": 0.5, "ORG": 0.7, "LOC": 0.7, "O": 0.9}
"""Least probability of a guess that training gets to see. A person is believed soonest: a name
that slips through costs a client more than a place taken for a person."""
Sentences = list[Sentence]


class Encoder:
    """States of the base encoder for words: the mean of a few layers, at a word's first piece."""

    def __init__(self, folder: Path) -> None:
        """Load the encoder; nothing is fetched."""
        self._tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
        self._model = AutoModel.from_pretrained(folder, local_files_only=True).eval()

    def states(self, sentences: Sentences, batch: int = 64) -> NDArray[np.float32]:
        """One row a word, in order. Words beyond 256 pieces get zeros."""
        order = sorted(range(len(sentences)), key=lambda index: len(sentences[index].words))
        rows: dict[int, NDArray[np.float32]] = {}
        for start in range(0, len(order), batch):
            chosen = order[start : start + batch]
            rows.update(zip(chosen, self._batch([sentences[i] for i in chosen]), strict=True))
        return np.concatenate([rows[index] for index in range(len(sentences))])

    @torch.inference_mode()
    def _batch(self, sentences: Sentences) -> Iterator[NDArray[np.float32]]:
        words = [[word.form for word in sentence.words] for sentence in sentences]
        pieces = self._tokenizer(
            words,
            is_split_into_words=True,
            truncation=True,
            max_length=256,
            padding=True,
            return_tensors="pt",
        )
        layers = self._model(**pieces, output_hidden_states=True).hidden_states
        mixed = torch.cat([layers[layer] for layer in LAYERS], dim=-1).numpy()
        for row, forms in enumerate(words):
            states = np.zeros((len(forms), mixed.shape[-1]), dtype=np.float32)
            seen: set[int] = set()
            for piece, word in enumerate(pieces.word_ids(row)):
                if word is not None and word not in seen:
                    states[word] = mixed[row, piece]
                    seen.add(word)
            yield states


def describe(words: tuple[Word, ...], index: int, known: frozenset[str]) -> dict[str, Any]:
    """What the gold tags and the spelling say of one word and its neighbours."""
    word, head = words[index], words[words[index].head]
    features: dict[str, Any] = {
        "pos": word.pos,
        "tag": word.tag,
        "dep": word.dep,
        "head": head.pos,
        "head lemma": head.lemma.lower(),
        "shape": _shape(word.form),
        "listed": word.form.lower() in known,
    }
    for offset in (-2, -1, 1, 2):
        place = index + offset
        inside = 0 <= place < len(words)
        features[f"pos {offset}"] = words[place].pos if inside else "-"
        if abs(offset) == 1:
            features[f"form {offset}"] = words[place].form.lower() if inside else "-"
            features[f"shape {offset}"] = _shape(words[place].form) if inside else "-"
            features[f"listed {offset}"] = inside and words[place].form.lower() in known
    return features


def _shape(form: str) -> str:
    if form.isupper():
        return "X" if len(form) == 1 else "XX"
    return "Xx" if form[:1].isupper() else "x"


def design(sentences: Sentences, states: NDArray[np.float32], vectors: DictVectorizer) -> Any:
    """The feature matrix: scaled states beside the described words."""
    described = vectors.transform(list(_described(sentences)))
    return hstack([csr_matrix(states / 4.0), described]).tocsr()


def _described(sentences: Sentences) -> Iterator[dict[str, Any]]:
    known = frozenset(name.lower() for names in load_names() for name in names.first)
    for sentence in sentences:
        for index in range(len(sentence.words)):
            yield describe(sentence.words, index, known)


def kinds(sentences: Sentences) -> NDArray[np.str_]:
    """The label of each word without its B- or I-."""
    return np.array([(word.name or "O")[2:] or "O" for each in sentences for word in each.words])


def write_guesses(sentences: Sentences, tags: list[str | None], path: Path) -> None:
    """Write an iob2 file in UNER's columns, `_` for a word of which nothing is known."""
    position = 0
    with path.open("w", encoding="utf-8") as file:
        for sentence in sentences:
            file.write(f"# sent_id = {sentence.sent_id}\n")
            for index, word in enumerate(sentence.words, start=1):
                file.write(f"{index}\t{word.form}\t{tags[position] or '_'}\t-\tguess\n")
                position += 1
            file.write("\n")


def guess(model: LogisticRegression, seen: Any, sentences: Sentences) -> list[str | None]:
    """Iob tags of all words in order, None where the model is not sure."""
    chances = model.predict_proba(seen)
    best = chances.argmax(axis=1)
    labels = [str(model.classes_[index]) for index in best]
    sure = [bool(row[i] >= SURE[la]) for row, i, la in zip(chances, best, labels, strict=True)]
    tags: list[str | None] = []
    for sentence in sentences:
        here = slice(len(tags), len(tags) + len(sentence.words))
        tags.extend(spans_of(labels[here], sure[here]))
    return tags


def spans_of(labels: list[str], sure: list[bool]) -> list[str | None]:
    """Runs of a label as iob tags, None throughout where any word of the run is unsure."""
    tags: list[str | None] = []
    while len(tags) < len(labels):
        start = len(tags)
        end = start + 1
        while end < len(labels) and labels[end] == labels[start] != "O":
            end += 1
        label = labels[start]
        named = ["O"] if label == "O" else [f"B-{label}", *[f"I-{label}"] * (end - start - 1)]
        tags.extend(named if all(sure[start:end]) else [None] * (end - start))
    return tags


def main(train: Path, dev: Path, dev_names: Path, encoder: Path, output: Path) -> None:
    """Learn names on DEV, guess those of TRAIN, and write them to OUTPUT (.iob2).

    python -m training.language.silver en_ewt-ud-train.conllu en_ewt-ud-dev.conllu \\
        uner/en_ewt-ud-dev.iob2 minilm/ silver.iob2
    """
    torch.set_num_threads(1)
    gold, raw = list(read_conllu(dev, read_names(dev_names))), list(read_conllu(train))
    states = Encoder(encoder)
    vectors = DictVectorizer().fit(_described(gold))
    model = LogisticRegression(C=0.3, max_iter=300)
    seen, labels = design(gold, states.states(gold), vectors), kinds(gold)
    found = cross_val_predict(model, seen, labels, cv=4)
    typer.echo(classification_report(labels, found), err=True)
    model.fit(seen, labels)
    tags: list[str | None] = []
    for start in range(0, len(raw), 1000):
        some = raw[start : start + 1000]
        tags.extend(guess(model, design(some, states.states(some), vectors), some))
    write_guesses(raw, tags, output)
    people, doubts = tags.count("B-PER"), tags.count(None)
    typer.echo(f"{output.name}: {people} people, {doubts} words unknown", err=True)


if __name__ == "__main__":
    typer.run(main)
