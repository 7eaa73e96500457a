"""Distil small static word vectors from the input embeddings of the base encoder (MiniLM).

The encoder's word-piece table knows words the treebank never shows, upper case and lower case
alike (it is uncased). Only that table is read: no text is encoded, so this needs no torch.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from pathlib import Path
from typing import cast

import numpy as np
import spacy
import typer
from numpy.typing import NDArray
from safetensors.numpy import load_file
from spacy.language import Language
from spacy.tokenizer import Tokenizer as SpacyTokenizer
from spacy.tokens import DocBin
from spacy.util import compile_prefix_regex, compile_suffix_regex
from spacy.vectors import Vectors
from tokenizers import Tokenizer

SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
TABLE = "embeddings.word_embeddings.weight"
TELEPHONE = re.compile(r"(\d{3}-)?\d{3}-\d{4}$")
LEADING_DIRECTIONS = 1
"""Principal directions left out: the first says little but how frequent a word piece is."""


class WeightsError(ValueError):
    """The encoder's weights are not the ones this recipe was measured with."""


def read_table(folder: Path) -> tuple[NDArray[np.float32], Tokenizer]:
    """The embedding table and tokenizer of an encoder folder, once its checksum agrees."""
    weights = folder / "model.safetensors"
    found = hashlib.sha256(weights.read_bytes()).hexdigest()
    if found != SHA256:
        raise WeightsError(f"{weights.name}: SHA-256 is {found}, expected {SHA256}")
    table = next(value for key, value in load_file(weights).items() if key.endswith(TABLE))
    return table.astype(np.float32), Tokenizer.from_file(str(folder / "tokenizer.json"))


def reduce(table: NDArray[np.float32], width: int) -> NDArray[np.float32]:
    """Project on the principal directions after the leading ones, each to unit variance."""
    centred = table - table.mean(axis=0)
    _, scales, directions = np.linalg.svd(centred, full_matrices=False)
    kept = slice(LEADING_DIRECTIONS, LEADING_DIRECTIONS + width)
    spread = scales[kept] / np.sqrt(len(table))
    reduced: NDArray[np.float32] = (centred @ directions[kept].T / spread).astype(np.float32)
    return reduced


def vocabulary(corpora: list[Path], tokenizer: Tokenizer, size: int) -> list[str]:
    """Lower-cased words that get a row: those of the corpora first, then the word pieces.

    Corpus words come by frequency, seen twice at least; pieces in the order of the encoder's own
    vocabulary, which is also by frequency. Only words of letters (and an apostrophe): addresses
    and numbers of the treebank must not end up in the string store.
    """
    counts: Counter[str] = Counter()
    blank = spacy.blank("en")
    for path in corpora:
        for doc in DocBin().from_disk(path).get_docs(blank.vocab):
            counts.update(token.lower_ for token in doc)
    pieces = sorted(tokenizer.get_vocab().items(), key=lambda item: item[1])
    wanted = [word for word, count in counts.most_common() if count > 1]
    wanted += [piece for piece, _ in pieces if piece.isascii() and len(piece) > 2]
    kept = dict.fromkeys(word for word in wanted if _is_word(word))
    marks = [mark for mark in counts if len(mark) <= 3 and not any(map(str.isalnum, mark))]
    return (sorted(marks) + list(kept))[:size]


def _is_word(text: str) -> bool:
    return text.replace("'", "").replace("’", "").isalpha()


def word_rows(
    words: list[str], reduced: NDArray[np.float32], tokenizer: Tokenizer
) -> NDArray[np.float32]:
    """One row a word: the mean of its word pieces, at unit length."""
    rows = np.zeros((len(words), reduced.shape[1]), dtype=np.float32)
    for index, word in enumerate(words):
        pieces = tokenizer.encode(word, add_special_tokens=False).ids
        if pieces:
            rows[index] = reduced[pieces].mean(axis=0)
    norms = np.linalg.norm(rows, axis=1, keepdims=True)
    unit: NDArray[np.float32] = (rows / np.maximum(norms, 1e-6)).astype(np.float32)
    return unit


def treebank_tokenizer(nlp: Language) -> None:
    """Keep runs of marks ("!!!", ".?", "====="), telephone numbers and "e-mail" whole.

    The treebank does. Anything else is spaCy's English tokenizer, so that texts are cut as its
    users expect.
    """
    runs = [r"[.!?:]+[!?]", r"([=*_~#<>$\-])\1+"]
    defaults = nlp.Defaults
    prefixes = compile_prefix_regex([*runs, *(defaults.prefixes or [])])
    suffixes = compile_suffix_regex([*runs, *(defaults.suffixes or [])])
    tokenizer = cast(SpacyTokenizer, nlp.tokenizer)
    tokenizer.prefix_search = prefixes.search
    tokenizer.suffix_search = suffixes.search
    tokenizer.token_match = TELEPHONE.match
    for whole in ("e-mail", "e-mails", "E-mail", "E-mails", "E-Mail", "etc.", "Etc."):
        tokenizer.add_special_case(whole, [{"ORTH": whole}])


def main(
    encoder: Path, output: Path, corpora: list[Path], width: int = 64, size: int = 20000
) -> None:
    """Write a blank English pipeline with vectors (looked up by lower-cased form) to OUTPUT.

    python -m training.language.vectors minilm/ vectors/ train.spacy --width 64 --size 20000
    """
    table, tokenizer = read_table(encoder)
    tokenizer.no_truncation()
    tokenizer.no_padding()
    words = vocabulary(corpora, tokenizer, size)
    rows = word_rows(words, reduce(table, width), tokenizer)
    nlp = spacy.blank("en")
    treebank_tokenizer(nlp)
    nlp.vocab.vectors = Vectors(
        data=rows,
        keys=[nlp.vocab.strings.add(word) for word in words],
        strings=nlp.vocab.strings,
        name="minilm_pieces",
        attr="LOWER",
    )
    nlp.to_disk(output)
    typer.echo(f"{len(words)} words of {width} dimensions", err=True)


if __name__ == "__main__":
    typer.run(main)
