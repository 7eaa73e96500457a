"""Make the assembled pipeline fit to ship: private strings out, licence and sources in.

Training leaves every string of the treebank in the vocabulary, among them e-mail addresses and
telephone numbers of real people. What the pipeline needs is kept: labels, lemmas that edit trees
spell out, the words that have a vector, and nothing else.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import spacy
import srsly
import typer
from spacy.language import Language

import ipt_nlp.language.sentences  # noqa: F401  registers the factory `ipt_sentences`

PRIVATE = re.compile(
    r"""@                       # addresses and handles
    | ://|www\\.|\\.(com|net|org)\\b
    | \\d{3}[-. )]*\\d{4}        # telephone numbers
    | \\d{5}                   # account numbers, postcodes
    """,
    re.VERBOSE | re.IGNORECASE,
)
NO_TREE = 2**32 - 1
"""How spaCy stores "no subtree"."""
LICENCE = "CC BY-SA 4.0"
SOURCES: list[dict[str, str]] = [
    {
        "name": "UD English EWT",
        "url": "https://github.com/UniversalDependencies/UD_English-EWT",
        "license": "CC BY-SA 4.0",
        "author": "Natalia Silveira, Timothy Dozat, Marie-Catherine de Marneffe, Samuel Bowman, "
        "Miriam Connor, John Bauer, Christopher D. Manning and contributors",
    },
    {
        "name": "UNER English EWT",
        "url": "https://github.com/UniversalNER/UNER_English-EWT",
        "license": "CC BY-SA 4.0",
        "author": "Stephen Mayhew, Terra Blevins, Shuheng Liu, Marek Šuppa, Hila Gonen and others",
    },
    {
        "name": "all-MiniLM-L6-v2 (word-piece embeddings, reduced)",
        "url": "https://huggingface.co/sentence-transformers/all-MiniLM-L6-v2",
        "license": "Apache-2.0",
        "author": "sentence-transformers",
    },
    {
        "name": "Faker (lists of first and last names)",
        "url": "https://github.com/joke2k/faker",
        "license": "MIT",
        "author": "Daniele Faraglia and contributors",
    },
]


def needed_strings(nlp: Language) -> Iterator[str]:
    """Everything the components look up by name, and the words that have a vector."""
    strings = nlp.vocab.strings
    yield from (strings[key] for key in nlp.vocab.vectors)
    for component in nlp.pipe_names:
        for label in nlp.pipe_labels.get(component, []):
            # Labels of the morphologizer are "Number=Sing|POS=NOUN": the whole, and its parts.
            yield str(label)
            yield from re.split(r"[|=]", str(label))
        # A parser's moves are "L-nsubj" or "R-obj||xcomp", where a tree was not projective.
        for move in getattr(nlp.get_pipe(component), "move_names", []):
            label = move.partition("-")[2]
            yield from (label, *label.split("||"))
    yield "ROOT"
    if nlp.has_pipe("trainable_lemmatizer"):
        yield from tree_strings(nlp)


def tree_strings(nlp: Language) -> Iterator[str]:
    """The substitutions that lemmas are spelt with, of the edit trees in use.

    Trees too rare to be a label are stored as well. Nothing can reach them, and their strings are
    often names, so theirs are left out.
    """
    lemmatizer: Any = nlp.get_pipe("trainable_lemmatizer")
    nodes = srsly.msgpack_loads(lemmatizer.trees.to_bytes())["trees"]
    waiting = [int(label) for label in lemmatizer.cfg["labels"]]
    while waiting:
        node = nodes[waiting.pop()]
        for key in ("orig", "subst"):
            if key in node:
                yield nlp.vocab.strings[node[key]]
        children = (node.get("prefix_tree", NO_TREE), node.get("suffix_tree", NO_TREE))
        waiting.extend(child for child in children if child != NO_TREE)


def is_private(text: str) -> bool:
    """Whether a string looks like an address, a handle or a long number."""
    return PRIVATE.search(text) is not None


def scrub(nlp: Language) -> int:
    """Keep the needed strings alone, none that is private; return how many were dropped."""
    strings = nlp.vocab.strings
    kept = {text for text in needed_strings(nlp) if text and not is_private(text)}
    dropped = len(strings) - len(kept)
    strings._reset_and_load(sorted(kept))
    return dropped


def describe(nlp: Language, version: str) -> None:
    """Write name, licence and sources into what becomes meta.json."""
    nlp.meta.update(
        name="ipt_core",
        version=version,
        description="English for interpersonal therapy sessions: tags, lemmas, trees, names, and "
        "sentences with or without punctuation.",
        author="ipt-nlp contributors",
        license=LICENCE,
        sources=SOURCES,
    )


def main(
    pipeline: Path,
    output: Path,
    version: str = "0.1.0",
) -> None:
    """Write PIPELINE without private strings to OUTPUT, with its licence and sources.

    python -m training.language.scrub build/ models/en_ipt_core
    """
    nlp = spacy.load(pipeline)
    dropped = scrub(nlp)
    describe(nlp, version)
    if output.exists():
        shutil.rmtree(output)
    nlp.to_disk(output)
    left = [path.name for path in private_files(output)]
    if left:
        raise ScrubError(f"private strings are left in {', '.join(left)}")
    typer.echo(f"{output.name}: {dropped} strings dropped", err=True)


class ScrubError(RuntimeError):
    """Something private is still in the pipeline that was to be shipped."""


def private_files(folder: Path) -> Iterator[Path]:
    """String stores below a pipeline's folder that still hold a private string."""
    for path in sorted(folder.rglob("strings.json")):
        if any(map(is_private, json.loads(path.read_text(encoding="utf-8")))):
            yield path


if __name__ == "__main__":
    typer.run(main)
