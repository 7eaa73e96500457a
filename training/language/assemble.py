"""Put the separately trained parts together as one pipeline, `en_ipt_core`.

Order matters: the sentence recognisers come before the parser, which keeps their boundaries.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, cast

import numpy as np
import spacy
import typer
from spacy.language import Language
from spacy.pipeline import EntityRecognizer, SentenceRecognizer

import ipt_nlp.language.sentences  # noqa: F401  registers the factory `ipt_sentences`
from training.language.vectors import treebank_tokenizer

SYNTAX = ("tok2vec", "tagger", "morphologizer", "trainable_lemmatizer")
Settings = dict[str, Any]


def add_sentences(nlp: Language, written: Language, spoken: Language, settings: Settings) -> None:
    """Move the weights of two trained `senter` pipelines into one `ipt_sentences`."""
    sources = {"written": written, "spoken": spoken}
    config = {
        name: source.config["components"]["senter"]["model"] for name, source in sources.items()
    }
    chooser = nlp.add_pipe("ipt_sentences", config={**config, **settings})
    for name, source in sources.items():
        trained = cast(SentenceRecognizer, source.get_pipe("senter"))
        getattr(chooser, name).from_bytes(trained.to_bytes(exclude=["vocab"]))


def lean_towards(nlp: Language, label: str, bias: float) -> None:
    """Add to the score of every move that begins a name with this label.

    Recall is bought with precision here: a person who is overlooked costs more than a place taken
    for a person. The amount is chosen on held-out names of the development part.
    """
    recognizer = cast(EntityRecognizer, nlp.get_pipe("ner"))
    scorer = recognizer.model.get_ref("upper")
    # `move_names` leaves out a move that has a score all the same.
    moves = recognizer.moves
    begins = [moves.get_class_name(i) in (f"B-{label}", f"U-{label}") for i in range(moves.n_moves)]
    scorer.set_param("b", scorer.get_param("b") + np.array(begins, dtype="float32") * bias)


def assemble(
    *, syntax: Language, names: Language, written: Language, spoken: Language, settings: Settings
) -> Language:
    """One pipeline from four. They must have been trained on the same vectors."""
    nlp = spacy.blank("en", vocab=syntax.vocab)
    treebank_tokenizer(nlp)
    for name in SYNTAX:
        nlp.add_pipe(name, source=syntax)
    add_sentences(nlp, written, spoken, settings)
    nlp.add_pipe("parser", source=syntax)
    nlp.add_pipe("ner", source=names)
    return nlp


def main(
    syntax: Path,
    names: Path,
    written: Path,
    spoken: Path,
    output: Path,
    words_per_mark: int = 40,
    written_threshold: float = 0.5,
    spoken_threshold: Annotated[float, typer.Option(help="probability of a sentence start")] = 0.5,
    person_bias: Annotated[float, typer.Option(help="leaning of the name recogniser")] = 0.0,
) -> None:
    """Write the pipeline put together from four trained ones to OUTPUT.

    python -m training.language.assemble syntax/model-best names/model-last \\
        written/model-best spoken/model-best build/
    """
    settings = {
        "words_per_mark": words_per_mark,
        "written_threshold": written_threshold,
        "spoken_threshold": spoken_threshold,
    }
    nlp = assemble(
        syntax=spacy.load(syntax),
        names=spacy.load(names),
        written=spacy.load(written),
        spoken=spacy.load(spoken),
        settings=settings,
    )
    lean_towards(nlp, "PER", person_bias)
    nlp.to_disk(output)
    typer.echo(f"{output.name}: put together", err=True)


if __name__ == "__main__":
    typer.run(main)
